"""What a run shows: sheets, plots, previews, GIFs."""
