"""The networks that encode a face as 128 numbers: build, load, name."""
