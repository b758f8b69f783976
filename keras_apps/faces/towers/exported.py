"""A tower in a .onnx or .tflite file, for `encode` and galleries without Keras."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from keras_apps._runtimes import RUNTIMES
from keras_apps.faces.alignment import STANDARD, ChipLayout
from keras_apps.faces.judging.calibration import Threshold

CARD = ".card.json"
"""The model card's name is the file's name followed by this."""


class ExportedTower:
    """A tower that `export.export` wrote, run by LiteRT or ONNX Runtime, without Keras (.onnx: without TensorFlow).

    The model card next to the file (`x.onnx.card.json`) says which tower's encodings it makes. If they were measured to
    be equal to its source's (within 1e-5 of the largest number), the fingerprint is the source's: a gallery of one
    opens with the other, and the source's threshold is valid. Otherwise, as a rule for int8, the file has a fingerprint
    of its own, and a threshold of its own if one was calibrated. Without a card the fingerprint is the file's own, and
    there is no threshold. The value of white in the input, 1 or 255, is stored in the file; a file that `export.export`
    did not write gets pictures in 0..255, with a warning.

    Args:
        path: The file; its name ends in .onnx or .tflite.

    Attributes:
        fingerprint: 16 hexadecimal digits.
        threshold: The `Threshold` for this tower, or `None`.
        card: The model card; `{}` without one.
        layout: How its chips are aligned, as the file says.
        input_shape: `(None, h, w, 3)`; a height or width that may vary is `None`.
        output_shape: `(None, d)`.

    Raises:
        FileNotFoundError: If the file does not exist, or has another ending.
        ImportError: If ONNX Runtime is not installed and the file needs it.
        ValueError: If the file is not a tower (one input, one encoding as output), or the card is damaged or belongs to
            another file. A `SoftmaxIdentifier` is not a tower: its outputs are probabilities.

    Example:
        >>> ExportedTower("nowhere.onnx")
        Traceback (most recent call last):
        FileNotFoundError: expected a .onnx or .tflite file, received 'nowhere.onnx', which does not exist
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path)
        if self.path.suffix not in RUNTIMES or not self.path.is_file():
            what = "which does not exist" if not self.path.exists() else "which is a folder or has another ending"
            raise FileNotFoundError(f"expected a .onnx or .tflite file, received '{self.path}', {what}")
        digest = hashlib.sha256(self.path.read_bytes()).hexdigest()
        self.card = _card(self.path, digest)
        self._runtime = RUNTIMES[self.path.suffix](self.path)
        inputs, outputs = self._runtime.inputs, self._runtime.outputs
        if len(inputs) != 1 or len(outputs) != 1 or len(next(iter(outputs.values()))[0]) != 2:
            raise ValueError(
                f"expected a tower, with one input and one encoding (n, d) as output, received '{self.path}' with "
                f"{len(inputs)} inputs and outputs of shapes {[shape for shape, _ in outputs.values()]}"
            )
        kind = self.card.get("kind") or self._runtime.metadata.get("kind", "tower")
        if kind != "tower":
            raise ValueError(f"expected a tower, received '{self.path}', a {kind}, whose outputs are not encodings")
        ((self._input, (shape, self._dtype)),) = inputs.items()
        ((self._output, (out, _)),) = outputs.items()
        self.input_shape, self.output_shape = (None, *shape[1:]), (None, *out[1:])
        self.name = self.path.name
        self.fingerprint = self.card.get("fingerprint") or digest[:16]
        layout = self._runtime.metadata.get("layout")
        self.layout = ChipLayout.from_json(layout) if layout else STANDARD
        stored = self.card.get("threshold")
        self.threshold = Threshold(**stored) if stored else None
        self._white = self._white_value(len(shape) == 4 and shape[-1] == 3 and self._dtype != np.uint8)

    def _white_value(self, takes_pictures: bool) -> float:
        """Return the value of white in the file's input: from the file itself, else from its card, else 255."""
        white = self._runtime.metadata.get("white", self.card.get("white"))
        if white in (1, 255):
            return float(white)
        if takes_pictures:
            warnings.warn(
                f"'{self.path}' does not say whether white is 1 or 255 in its input; pictures in 0..255 are passed",
                stacklevel=3,
            )
        return 255.0

    def predict_on_batch(self, chips: np.ndarray) -> np.ndarray:
        """Encode a batch.

        Args:
            chips: `(n, h, w, 3)`, RGB in 0..255, for every file, as they are rescaled here; or samples of its input's
                shape.

        Returns:
            float32 `(n, d)`.
        """
        chips = np.asarray(chips, np.float32)
        if self._white != 255:
            chips = chips * np.float32(self._white / 255)
        if self._dtype == np.uint8:
            chips = np.rint(np.clip(chips, 0, 255))
        return np.asarray(self._runtime({self._input: chips.astype(self._dtype)})[self._output], np.float32)


def _card(path: Path, digest: str) -> dict[str, Any]:
    file = path.with_name(path.name + CARD)
    if not file.is_file():
        return {}
    try:
        card: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        threshold, is_tower = card["threshold"], card["kind"] == "tower"
        is_valid = isinstance(card["fingerprint"], str) and (threshold is None or Threshold(**threshold).model)
        if is_tower and (not is_valid or threshold and threshold["model"] != card["fingerprint"]):
            raise ValueError("its threshold belongs to another tower")
        if is_tower and threshold and not (0 < threshold["far"] < 1 and threshold["tau"] > 0):
            received = f"{threshold['tau']} and {threshold['far']}"
            raise ValueError(f"expected tau above 0 and far in (0, 1), received {received}")
        if card.get("white", 255) not in (1, 255):
            raise ValueError(f"expected 1 or 255 for white, received {card['white']!r}")
        sha256 = card["sha256"]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"expected a model card, received '{file}': {error}") from None
    if sha256 != digest:
        raise ValueError(
            f"expected the card of '{path}', received '{file}', whose checksum is another file's; export again"
        )
    return card
