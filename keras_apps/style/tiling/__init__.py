"""Pictures larger than memory, in tiles whose gradient is exact."""
