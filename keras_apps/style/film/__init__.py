"""Frames -> painted frames that do not flicker."""
