"""Draw docs/dimensions_sliding.png: `python docs/make_dimensions_pictures.py`."""

from __future__ import annotations

from pathlib import Path

from keras_apps import dimensions
from keras_apps._files import written_aside

if __name__ == "__main__":
    with written_aside(Path(__file__).resolve().parent / "dimensions_sliding.png") as aside:
        dimensions.plot_sliding((1, 2, 3)).savefig(aside, dpi=90, format="png")
