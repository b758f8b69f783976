"""Folders of people -> batches of pictures, pairs and triplets."""
