"""The one font of labels on sheets."""

from __future__ import annotations

from pathlib import Path


def font_file() -> Path:
    """Return DejaVu Sans, which travels with matplotlib."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
