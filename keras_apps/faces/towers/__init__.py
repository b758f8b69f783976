"""The networks that encode a face as a vector of 128 numbers: build, load, identify."""
