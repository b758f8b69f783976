"""A 2-D network -> the same network in 1-D or 3-D."""
