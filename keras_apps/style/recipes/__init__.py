"""Everything a user can choose about a transfer, its presets and files."""
