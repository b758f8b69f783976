"""Style pictures made by code."""
