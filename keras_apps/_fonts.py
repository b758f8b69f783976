"""The font of labels in pictures."""

from __future__ import annotations

from pathlib import Path


def font_file() -> Path:
    """Return the file of DejaVu Sans, which is part of matplotlib."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
