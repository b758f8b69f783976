"""Layer -> the region of the picture that one unit sees."""
