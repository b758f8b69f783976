"""The converted layers of a network and what is known of their tensors: made once each, then given their weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from keras_apps._residual import RepeatBorder, of_rank
from keras_apps.dimensions.conversion.plan import Plan


class LayerConverter:
    """For each 2-D layer its 1-D or 3-D counterpart; the rules call its methods.

    Args:
        plan: What the conversion does.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.options: dict = {}  # with which the layer was called beside its input: training
        self.models: dict[int, keras.Model] = {}  # nested ones
        self._made: dict = {}
        self._known: dict[int, tuple] = {}  # id of a tensor: the tensor itself, {what is known of it}

    def is_map(self, x: keras.KerasTensor) -> bool:
        """Tell a map `(n, spatial..., channels)` from a vector `(n, features)`."""
        return len(x.shape) == self.plan.rank + 2

    def remember(self, x: keras.KerasTensor, **facts: Any) -> None:
        """Keep facts about a tensor."""
        self._known[id(x)] = (x, facts)

    def recall(self, x: keras.KerasTensor, fact: str) -> Any:
        """Return a fact about a tensor, or None."""
        return self._known.get(id(x), (None, {}))[1].get(fact)

    def carry(self, source: keras.KerasTensor, target: keras.KerasTensor) -> None:
        """Let tensors be flattened maps as others are, into and out of a nested model."""
        for old, new in zip(keras.tree.flatten(source), keras.tree.flatten(target), strict=True):
            if self.parts(old) is not None:
                self.remember(new, parts=self.parts(old))

    def parts(self, x: keras.KerasTensor) -> Any:
        """Return the `(old shape, new shape)` of the maps that a vector is flattened from, or None."""
        return self.recall(x, "parts")

    def add(
        self,
        layer: keras.Layer,
        x: keras.KerasTensor,
        kind: type[keras.Layer] | None = None,
        changes: dict[str, Any] | None = None,
        weights: Callable[[list[np.ndarray]], list[np.ndarray]] | None = None,
        *,
        only: dict[str, Any] | None = None,
        keep_parts: bool = False,
        part: int = 0,
    ) -> Any:
        """Call a layer's counterpart on its converted input. It is made at the first call.

        Args:
            layer: The 2-D layer.
            x: A tensor, or a list of them.
            kind: The counterpart's class; by default the layer's own.
            changes: Settings that differ from the layer's.
            weights: Function from the layer's weights to the counterpart's; by default they are the same.
            only: The counterpart's settings beside the changes, where they are not the layer's.
            keep_parts: Whether vectors stay flattened maps.
            part: Which of several counterparts of the layer it is.
        """
        fresh = (id(layer), part) not in self._made
        if fresh:
            config = {**(layer.get_config() if only is None else only), **(changes or {})}
            self._made[id(layer), part] = (kind or type(layer)).from_config(config)
        counterpart = self._made[id(layer), part]
        output = counterpart(x, **self.options)
        old = layer.get_weights() if fresh else []
        if old:
            counterpart.set_weights(weights(old) if weights else old)
        if keep_parts:
            self._keep_parts(x, output)
        return output

    def slide(
        self,
        layer: keras.Layer,
        x: keras.KerasTensor,
        kind: type[keras.Layer] | None,
        changes: dict[str, Any],
        weights: Callable[[list[np.ndarray]], list[np.ndarray]] | None,
        only: dict[str, Any] | None = None,
        grows: bool = False,
    ) -> Any:
        """Call the counterpart of a convolution; with repeated borders the film is made longer first, and cut after."""
        plan = self.plan
        size, step = changes["kernel_size"][0], changes["strides"][0]
        if not grows:
            x = self.repadded(x, layer.kernel_size[0], size)
        reach = (size - 1) * changes["dilation_rate"][0]
        if not grows:
            self.check_fits(layer, x, reach + 1)
        repeats = plan.rank == 3 and plan.borders == "repeat" and reach > 0 and (grows or layer.padding == "same")
        if not repeats:
            return self.add(layer, x, kind, changes, weights, only=only)
        before = math.ceil((reach + 1) / step) if grows else step * math.ceil(reach / step)
        after = before * step if grows else before // step
        x = self._once(layer, "repeated", RepeatBorder, before, before)(x)
        x = self.add(layer, x, kind, changes, weights, only=only)
        return self._once(layer, "cropped", keras.layers.Cropping3D, ((after, after), (0, 0), (0, 0)))(x)

    def check_fits(self, layer: keras.Layer, x: keras.KerasTensor, reach: int) -> None:
        """Raise where a 'valid' window is longer than what it slides over.

        Raises:
            ValueError: With both lengths.
        """
        if layer.padding == "valid" and x.shape[1] is not None and reach > x.shape[1]:
            raise ValueError(
                f"its window spans {reach} steps and its input has {x.shape[1]}: give a larger length, or keep the "
                "steps with time_stride"
            )

    def padded(self, layer: keras.Layer, x: keras.KerasTensor, padding: Any, steps: tuple[int, int]) -> Any:
        """Pad a map with zeros; a film by `steps` at its ends, or with repeated borders by its first and last step."""
        plan = self.plan
        output = self._padded(layer, x, padding, steps)
        if plan.rank == 3:
            self.remember(output, padding=(layer, x, padding, steps))
        return output

    def repadded(self, x: keras.KerasTensor, own: int, depth: int) -> Any:
        """Return a padded film with its ends padded for a window of `depth` steps in place of `own`."""
        if own == depth or self.recall(x, "padding") is None:
            return x
        layer, source, padding, steps = self.recall(x, "padding")
        scaled = tuple(n * (depth - 1) // max(own - 1, 1) for n in steps)
        return self._padded(layer, source, padding, scaled, f"{scaled[0]}_{scaled[1]}")

    def _padded(
        self, layer: keras.Layer, x: keras.KerasTensor, padding: Any, steps: tuple[int, int], ending: str = ""
    ) -> Any:
        pads = self.plan.axes(padding, steps)
        if self.plan.rank == 1:
            return self._once(layer, "", of_rank("ZeroPadding2D", 1), pads[0])(x)
        if self.plan.borders == "repeat" and any(steps):
            x = self._once(layer, f"repeated{ending}", RepeatBorder, *steps)(x)
            pads = ((0, 0), *pads[1:])
        return self._once(layer, ending, keras.layers.ZeroPadding3D, pads)(x)

    def _once(self, layer: keras.Layer, part: str, kind: type[keras.Layer], *arguments: Any) -> Any:
        if (id(layer), part) not in self._made:
            name = f"{layer.name}_{part}" if part else layer.name
            self._made[id(layer), part] = kind(*arguments, name=name, dtype=layer.dtype_policy)
        return self._made[id(layer), part]

    def check_parts(self, x: keras.KerasTensor) -> None:
        """Raise unless several vectors are flattened from maps of the same sizes, or none is.

        Raises:
            ValueError: If they differ.
        """
        parts = [self.parts(tensor) for tensor in keras.tree.flatten(x)]
        if any(p != parts[0] for p in parts):
            raise ValueError("it joins a flattened map with another vector")

    def _keep_parts(self, x: keras.KerasTensor, output: keras.KerasTensor) -> None:
        self.check_parts(x)
        self.carry(keras.tree.flatten(x)[0], output)
