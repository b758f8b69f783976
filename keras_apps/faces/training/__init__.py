"""Batches -> losses and mined triplets -> a trained tower."""
