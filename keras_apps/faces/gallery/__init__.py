"""Enrolled encodings -> verification and identification: the gallery, its decisions and its file."""
