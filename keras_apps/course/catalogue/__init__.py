"""The three assignments: their exercises, cases and points."""
