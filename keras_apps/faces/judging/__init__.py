"""Distances and truth -> error rates with their intervals, thresholds, figures."""
