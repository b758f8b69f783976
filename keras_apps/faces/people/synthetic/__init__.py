"""Seed -> a person's traits -> the scene of one picture -> relief, light and lens -> pixels. Nobody's photograph."""
