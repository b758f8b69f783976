"""Unit -> the picture that excites it most."""
