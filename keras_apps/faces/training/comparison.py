"""Two encodings -> their difference, number by number -> P(same person)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_apps._checks import check_choice

_TINY = 1e-12  # its square does not underflow in float32: compiled gradients divide by that


def absolute_difference(first: Any, second: Any) -> Any:
    """Compute |f(x1)_k - f(x2)_k|.

    Args:
        first: Floats `(..., d)`, arrays or tensors.
        second: Floats `(..., d)`.

    Returns:
        Floats >= 0, `(..., d)`, of the kind that was given.

    Example:
        >>> absolute_difference(np.array([1.0, -1.0]), np.array([3.0, 0.0])).tolist()
        [2.0, 1.0]
    """
    return abs(first - second)


def squared_difference(first: Any, second: Any) -> Any:
    """Compute (f(x1)_k - f(x2)_k)^2; arguments as for `absolute_difference`.

    Example:
        >>> squared_difference(np.array([1.0, -1.0]), np.array([3.0, 0.0])).tolist()
        [4.0, 1.0]
    """
    return (first - second) * (first - second)


def chi_square_difference(first: Any, second: Any) -> Any:
    """Compute (f(x1)_k - f(x2)_k)^2 / (|f(x1)_k| + |f(x2)_k|), and 0 where both are 0.

    The course divides by f(x1)_k + f(x2)_k and so needs encodings that are not negative; for such the two agree.
    Any encoding is made non-negative without loss by splitting each number into its positive and its negative part,
    f = max(f, 0) - max(-f, 0). The chi-square of the two parts, added up, is this formula: for equal signs one part is
    0 on both sides; for opposite signs it is |f(x1)_k| + |f(x2)_k| = |f(x1)_k - f(x2)_k|. Arguments as for
    `absolute_difference`.

    Example:
        >>> chi_square_difference(np.array([1.0, -1.0, 0.0]), np.array([3.0, 1.0, 0.0])).round(6).tolist()
        [1.0, 2.0, 0.0]

    Reference:
        Taigman et al., "DeepFace", CVPR 2014, section 4.1.
    """
    return (first - second) * ((first - second) / (abs(first) + abs(second) + _TINY))


COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "absolute": absolute_difference,
    "squared": squared_difference,
    "chi-square": chi_square_difference,
}


def checked_comparison(kind: str) -> str:
    """Return the comparison's name.

    Raises:
        ValueError: If there is no comparison of that name; the error suggests similar names.
    """
    check_choice("comparison", kind, COMPARISONS)
    return kind


@keras.saving.register_keras_serializable("keras_apps")
class LogisticComparison(keras.layers.Layer):
    """The course's logistic unit on two encodings: z = sum_k w_k c_k + b, where c_k is their difference at k.

    P(same) = sigmoid(z); the layer gives z. All weights start at 0, where P = 1/2 for every pair.

    The trained variable is w / sqrt(d), or w / d for `"squared"`: encodings of unit length differ by about 1 / sqrt(d)
    at each k, and so the weights that tell people apart are large, and an optimiser would take long to reach them.
    `weights_and_bias` gives the w_k and b of the formula.

    Args:
        kind: `"absolute"`, `"squared"` or `"chi-square"`.
        shared_weight: One weight w for all k, instead of one for each.

    Args (call):
        inputs: `[first, second]`, floats `(n, d)` each; half precision is computed in float32.

    Returns:
        Floats `(n,)`.

    Raises:
        ValueError: If there is no such comparison, or there are not two inputs of one length.

    Example:
        >>> unit = LogisticComparison("squared")
        >>> unit([np.ones((1, 2)), np.zeros((1, 2))]).numpy().tolist()
        [0.0]
        >>> unit.set_weights_and_bias([-1.0, -3.0], 2.0)
        >>> unit([np.ones((1, 2)), np.zeros((1, 2))]).numpy().tolist()  # -1 x 1 - 3 x 1 + 2
        [-2.0]

    Reference:
        Taigman et al., "DeepFace", CVPR 2014, sections 4.1 and 4.2.
    """

    def __init__(
        self, kind: str = "absolute", shared_weight: bool = False, dtype: Any = "float32", **kwargs: Any
    ) -> None:
        super().__init__(dtype=dtype, **kwargs)
        self.kind = checked_comparison(kind)
        self.shared_weight = bool(shared_weight)

    def build(self, input_shape: Any) -> None:
        if len(input_shape) != 2 or input_shape[0][-1] != input_shape[1][-1]:
            raise ValueError(f"expected two inputs of one length, received shapes {input_shape}")
        length = input_shape[0][-1]
        self.scale = float(length if self.kind == "squared" else length**0.5)
        self.kernel = self.add_weight(shape=(1 if self.shared_weight else length,), initializer="zeros", name="kernel")
        self.bias = self.add_weight(shape=(), initializer="zeros", name="bias")

    def call(self, inputs: Any) -> Any:
        first, second = inputs
        return ops.sum(COMPARISONS[self.kind](first, second) * (self.scale * self.kernel), axis=-1) + self.bias

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None]:
        return (input_shape[0][0],)

    def weights_and_bias(self) -> tuple[np.ndarray, float]:
        """Return w `(d,)`, or `(1,)` when it is shared, and b, as they stand in the formula."""
        return self.scale * ops.convert_to_numpy(self.kernel), float(ops.convert_to_numpy(self.bias))

    def set_weights_and_bias(self, weights: Any, bias: float) -> None:
        """Set w and b.

        Raises:
            ValueError: If w has another shape.
        """
        weights = np.asarray(weights, np.float32)
        if weights.shape != tuple(self.kernel.shape):
            raise ValueError(f"expected weights of shape {tuple(self.kernel.shape)}, received {weights.shape}")
        self.kernel.assign(weights / self.scale)
        self.bias.assign(bias)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "kind": self.kind, "shared_weight": self.shared_weight}
