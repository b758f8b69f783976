"""A tower in a .onnx or .tflite file, with what `encode` and a gallery need of one. Without Keras."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from pathlib import Path

import numpy as np

from keras_apps._runtimes import RUNTIMES
from keras_apps.faces.judging.calibration import Threshold

CARD = ".card.json"
"""What the model card's name has after the file's own."""


class ExportedTower:
    """A tower that `export.export` wrote, run by LiteRT or ONNX Runtime. Neither needs Keras; ONNX no TensorFlow.

    The model card beside it (`x.onnx.card.json`) tells whose encodings it makes. Where they were measured to be its
    source's (within 1e-5 of the largest number), the fingerprint is the source's: a gallery of the one opens with
    the other, and the source's tau holds. Where they are not, as a rule for int8, the fingerprint is the file's own,
    and so is tau, where one was calibrated. Without a card it is the file's own too, and there is no tau. What white is
    in its input, 1 or 255, the file says itself; one that `export.export` did not write gets 0..255, with a warning.

    Args:
        path: Ends in .onnx or .tflite.

    Attributes:
        fingerprint: 16 hexadecimal digits.
        threshold: tau for this tower, a `Threshold`, or `None`.
        card: The model card, `{}` where there is none.
        input_shape: `(None, h, w, 3)`; heights and widths that may vary are `None`.
        output_shape: `(None, d)`.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If ONNX Runtime is not installed and the file needs it.
        ValueError: If the file is no tower (one input, one encoding out; not a `SoftmaxIdentifier`, whose probabilities
            have that shape), or the card is damaged or another file's.

    Example:
        >>> ExportedTower("nowhere.onnx")
        Traceback (most recent call last):
        FileNotFoundError: expected a .onnx or .tflite file, received 'nowhere.onnx', which does not exist
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        if self.path.suffix not in RUNTIMES or not self.path.is_file():
            what = "which does not exist" if not self.path.exists() else "another file or a folder"
            raise FileNotFoundError(f"expected a .onnx or .tflite file, received '{self.path}', {what}")
        digest = hashlib.sha256(self.path.read_bytes()).hexdigest()
        self.card = _card(self.path, digest)
        self._runtime = RUNTIMES[self.path.suffix](self.path)
        inputs, outputs = self._runtime.inputs, self._runtime.outputs
        if len(inputs) != 1 or len(outputs) != 1 or len(next(iter(outputs.values()))[0]) != 2:
            raise ValueError(
                f"expected a tower, one input and one encoding (n, d) out, received '{self.path}' with "
                f"{len(inputs)} inputs and {len(outputs)} outputs"
            )
        kind = self.card.get("kind") or self._runtime.metadata.get("kind", "tower")
        if kind != "tower":
            raise ValueError(f"expected a tower, received '{self.path}', a {kind}, whose output is not an encoding")
        ((self._input, (shape, self._dtype)),) = inputs.items()
        ((self._output, (out, _)),) = outputs.items()
        self.input_shape, self.output_shape = (None, *shape[1:]), (None, *out[1:])
        self.name = self.path.name
        self.fingerprint = self.card.get("fingerprint") or digest[:16]
        known = self.card.get("threshold")
        self.threshold = Threshold(**known) if known else None
        self._white = self._white_of(len(shape) == 4 and shape[-1] == 3 and self._dtype != np.uint8)

    def _white_of(self, matters: bool) -> float:
        """Return what white is in the file's input: as the file says itself, else its card, else 255."""
        told = self._runtime.metadata.get("white", self.card.get("white"))
        if told in (1, 255):
            return float(told)
        if matters:
            warnings.warn(f"'{self.path}' does not say what white is in its input; it gets 0..255", stacklevel=3)
        return 255.0

    def predict_on_batch(self, chips: np.ndarray) -> np.ndarray:
        """Encode.

        Args:
            chips: `(n, h, w, 3)`, RGB in 0..255, whatever the file's own input is; or samples of its input's shape.

        Returns:
            float32 `(n, d)`.
        """
        chips = np.asarray(chips, np.float32)
        if self._white != 255:
            chips = chips * np.float32(self._white / 255)
        if self._dtype == np.uint8:
            chips = np.rint(np.clip(chips, 0, 255))
        return np.asarray(self._runtime({self._input: chips.astype(self._dtype)})[self._output], np.float32)


def _card(path: Path, digest: str) -> dict:
    file = path.with_name(path.name + CARD)
    if not file.is_file():
        return {}
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
        known, encodes = card["threshold"], card["kind"] == "tower"
        fits = isinstance(card["fingerprint"], str) and (known is None or Threshold(**known).model)
        if encodes and (not fits or known and known["model"] != card["fingerprint"]):
            raise ValueError("its threshold is of another tower")
        if encodes and known and not (0 < known["far"] < 1 and known["tau"] > 0):
            raise ValueError(f"expected tau above 0 for far in (0, 1), received {known['tau']} for {known['far']}")
        if card.get("white", 255) not in (1, 255):
            raise ValueError(f"expected 1 or 255 for white, received {card['white']!r}")
        written = card["sha256"]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"expected a model card, received '{file}': {error}") from None
    if written != digest:
        raise ValueError(f"expected the card of '{path}', received '{file}', another file's; export again")
    return card
