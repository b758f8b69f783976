"""A filter that slides over a signal, a picture or a volume -> a figure, or the frames of a film."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_apps._checks import check_whole
from keras_apps.dimensions.arithmetic import (
    Sizes,
    check_rank,
    check_shape,
    convolution,
    multiplications,
    output_shape,
    parameters,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BACK = (0.42, 0.3)
"""How far right and up one step of depth goes, in cells."""


def project(points: np.ndarray) -> np.ndarray:
    """Lay points of space on the paper: width to the right, height down, depth to the back.

    Args:
        points: Floats `(..., 3)`: depth, height, width.

    Returns:
        Floats `(..., 2)`: x, y.

    Example:
        >>> project(np.array([[0.0, 2.0, 5.0], [10.0, 0.0, 0.0]])).tolist()
        [[5.0, -2.0], [4.2, 3.0]]
    """
    depth, height, width = np.moveaxis(np.asarray(points, float), -1, 0)
    return np.stack([width + BACK[0] * depth, -height + BACK[1] * depth], axis=-1)


def as_box(values: np.ndarray) -> np.ndarray:
    """Give numbers along 1, 2 or 3 axes all three: a signal is a row, a picture a sheet."""
    return values.reshape((1,) * (3 - values.ndim) + values.shape)


def draw_box(
    ax: Axes,
    colors: np.ndarray,
    at: Sequence[float] = (0, 0, 0),
    *,
    through: bool = False,
    alpha: float = 1.0,
    edge: str = "#ffffff",
    outline: str = "#555555",
    order: int = 1,
) -> None:
    """Draw the front, the top and the right side of a box of cells.

    Args:
        ax: Where.
        colors: RGB or RGBA in 0..1, `(depth, height, width, 3 or 4)`, of the cells.
        at: Depth, height and width of its first corner.
        through: Whether the box is of glass: each face shows the darkest cell behind it.
        alpha: Of the cells' faces, in 0..1.
        edge: Colour of the lines between cells.
        outline: Colour of the box's own edges.
        order: matplotlib's zorder.
    """
    from matplotlib.collections import PolyCollection

    depth, height, width = colors.shape[:3]
    front, top, side = (colors.min(axis=a) if through else colors.take(i, axis=a) for a, i in ((0, 0), (1, 0), (2, -1)))
    faces, painted = [], []
    for h in range(height):
        for w in range(width):
            faces.append([(0, h, w), (0, h, w + 1), (0, h + 1, w + 1), (0, h + 1, w)])
            painted.append(front[h, w])
    for d in range(depth):
        for w in range(width):
            faces.append([(d, 0, w), (d, 0, w + 1), (d + 1, 0, w + 1), (d + 1, 0, w)])
            painted.append(top[d, w] * 0.7 + 0.3)  # lighter, as if lit from above
        for h in range(height):
            faces.append([(d, h, width), (d + 1, h, width), (d + 1, h + 1, width), (d, h + 1, width)])
            painted.append(side[d, h] * 0.85)
    flat = project(np.array(faces) + np.asarray(at))
    ax.add_collection(
        PolyCollection(
            list(flat), facecolors=np.clip(painted, 0, 1), edgecolors=edge, linewidths=0.35, alpha=alpha, zorder=order
        )
    )
    sides = [
        [(0, 0, 0), (0, 0, width), (0, height, width), (0, height, 0)],
        [(0, 0, 0), (0, 0, width), (depth, 0, width), (depth, 0, 0)],
        [(0, 0, width), (depth, 0, width), (depth, height, width), (0, height, width)],
    ]
    outlines = project(np.array(sides) + np.asarray(at))
    ax.add_collection(
        PolyCollection(list(outlines), facecolors="none", edgecolors=outline, linewidths=0.9, zorder=order + 0.1)
    )


def convolve(
    inputs: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | float = 0.0,
    *,
    stride: Sizes = 1,
    padding: str | Sizes = "valid",
    dilation: Sizes = 1,
    groups: int = 1,
) -> np.ndarray:
    """Slide filters over one input, position by position: slow, to be read and to be checked against.

    As everywhere in deep learning the filter is not turned round first (mathematicians call that cross-correlation).

    Args:
        inputs: Floats `(spatial sizes..., channels)`, with 1, 2 or 3 spatial axes.
        kernel: Floats `(kernel sizes..., channels / groups, filters)`, as Keras's layers have them.
        bias: A number, or one for each filter, `(filters,)`.
        stride, padding, dilation, groups: As for `output_shape`.

    Returns:
        float64 `(positions..., filters)`.

    Raises:
        TypeError, ValueError: As `output_shape`, or if the kernel's shape or the bias's does not fit.

    Example:
        >>> heartbeat = np.array([0.0, 0, 1, 4, 1, 0, 0])[:, None]  # 7 steps, 1 channel
        >>> edge = np.array([1.0, 0, -1]).reshape(3, 1, 1)  # 1 filter
        >>> convolve(heartbeat, edge)[:, 0].tolist()
        [-1.0, -4.0, 0.0, 4.0, 1.0]
    """
    inputs, kernel, bias = (np.asarray(given, np.float64) for given in (inputs, kernel, bias))
    rank = len(check_shape(inputs.shape)[0])
    if kernel.ndim != inputs.ndim + 1:
        raise ValueError(
            f"expected a kernel of {rank} sizes, channels and filters for an input of shape {inputs.shape}, "
            f"received shape {kernel.shape}"
        )
    checked = convolution(inputs.shape, kernel.shape[:rank], stride, padding, dilation, groups)
    seen, filters = checked.channels // checked.groups, kernel.shape[-1]
    if kernel.shape[-2] != seen or filters % checked.groups:
        raise ValueError(
            f"expected a kernel for {seen} channels, with filters for each of {checked.groups} groups, "
            f"received shape {kernel.shape}"
        )
    if bias.shape not in ((), (filters,)):
        raise ValueError(f"expected a bias of one number or {filters}, one a filter, received shape {bias.shape}")
    padded = np.pad(inputs, [*((window.before, window.after) for window in checked.windows), (0, 0)])
    output = np.zeros((*checked.positions, filters))
    for position in np.ndindex(checked.positions):
        under = tuple(
            slice(p * window.stride, p * window.stride + window.reach, window.dilation)
            for p, window in zip(position, checked.windows, strict=True)
        )
        patch = padded[under]  # (kernel sizes..., channels)
        for filter_ in range(filters):
            group = filter_ // (filters // checked.groups)
            output[(*position, filter_)] = np.sum(patch[..., group * seen : (group + 1) * seen] * kernel[..., filter_])
    return output + bias


INPUT, FILTER, OUTPUT = "Greys", "#d55e00", "Blues"
NAMES = {1: "1-D: a signal", 2: "2-D: a picture", 3: "3-D: a volume"}
GAP = 5  # cells between input and output
LARGEST = 24
WIDTH = 11.0  # of the figure, in inches


def plot_sliding(
    rank: int | Sequence[int] = (1, 2, 3),
    size: int = 14,
    kernel: int = 5,
    *,
    stride: int = 1,
    position: Sequence[int] | None = None,
) -> Figure:
    """Draw a filter on its way over an input, and the cell of the output that it is writing.

    The numbers are real: the input holds a soft blob, the filter is such a blob, and the output is their convolution,
    darkest where the filter lies on what it looks for.

    Args:
        rank: 1, 2 or 3, or several, each a row of the figure.
        size: Cells along each axis of the input, up to 24; the course's 14.
        kernel: Cells along each axis of the filter; the course's 5.
        stride: Steps between two positions.
        position: Which cell of the output is being written, one index for each axis; by default one near the middle.
            For several ranks it is cut to each.

    Returns:
        A `matplotlib.figure.Figure`; no window is opened.

    Raises:
        TypeError: If a size is no whole number.
        ValueError: If a rank is not 1, 2 or 3, the filter is larger than the input, the input is too large to be
            drawn, or the output has no such position.

    Example:
        >>> figure = plot_sliding((1, 2, 3))
        >>> [ax.texts[-1].get_text().split(":")[0] for ax in figure.axes]
        ['14 * 5 -> 10', '14 x 14 * 5 x 5 -> 10 x 10', '14 x 14 x 14 * 5 x 5 x 5 -> 10 x 10 x 10']
    """
    from matplotlib.figure import Figure

    given_ranks = rank if isinstance(rank, Sequence) and not isinstance(rank, str) else [rank]
    ranks = [check_rank(one) for one in given_ranks]
    if not ranks:
        raise ValueError("expected a rank of 1, 2 or 3, received none")
    if check_whole("size", size) > LARGEST:
        raise ValueError(f"expected a size of at most {LARGEST} to be drawn, received {size}")
    indices: tuple[int, ...] | None = None
    if position is not None:
        given = position if isinstance(position, Sequence) else (position,)
        indices = tuple(check_whole("each index of the position", index, least=0) for index in given)
    tall = {1: 5.0, 2: size + 4.0, 3: size * (1 + BACK[1]) + 3.7}
    wide = 2 * size * (1 + BACK[0]) + GAP + 1.2
    figure = Figure(figsize=(WIDTH, WIDTH / wide * sum(tall[r] for r in ranks)))
    axes = figure.subplots(len(ranks), 1, squeeze=False, height_ratios=[tall[r] for r in ranks])[:, 0]
    figure.subplots_adjust(0, 0, 1, 1, hspace=0)
    for ax, one in zip(axes, ranks, strict=True):
        _draw(ax, one, size, kernel, stride, None if indices is None else indices[-one:])
    return figure


def sliding_frames(
    rank: int, size: int = 14, kernel: int = 5, *, stride: int = 1, every: int = 1, dpi: int = 80
) -> Iterator[np.ndarray]:
    """Yield `plot_sliding` for one position after the other, as the frames of a film.

    Args:
        rank, size, kernel, stride: As for `plot_sliding`, one rank.
        every: Of the positions, which are drawn: every first, second ...
        dpi: Dots per inch; the figure is 11 inches wide.

    Yields:
        uint8 `(h, w, 3)`.

    Raises:
        TypeError, ValueError: As `plot_sliding`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    check_whole("every", every)
    check_whole("dpi", dpi)
    positions = output_shape((check_whole("size", size),) * check_rank(rank) + (1,), 1, kernel, stride=stride)[:-1]
    for position in list(np.ndindex(positions))[::every]:
        figure = plot_sliding(rank, size, kernel, stride=stride, position=position)
        figure.set_dpi(dpi)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()  # type: ignore[no-untyped-call]  # matplotlib has no types here
        yield np.asarray(canvas.buffer_rgba())[..., :3].copy()  # type: ignore[no-untyped-call]


def blob(rank: int, size: int, center: Sequence[float], width: float) -> np.ndarray:
    """Return a soft blob, `exp(-|x - center|^2 / (2 width^2))`, floats `(size,) * rank`."""
    places = np.stack(np.meshgrid(*[np.arange(size)] * rank, indexing="ij"), axis=-1)
    return np.exp(-((places - np.asarray(center)) ** 2).sum(axis=-1) / (2 * width**2))


def _draw(ax: Axes, rank: int, size: int, kernel: int, stride: int, position: Any) -> None:
    from matplotlib import colormaps
    from matplotlib.colors import to_rgb

    shape = (size,) * rank + (1,)
    positions = output_shape(shape, 1, kernel, stride=stride)[:-1]
    if position is None:
        position = tuple(max(0, n // 2 - 1) for n in positions)
    if len(position) != rank or any(not 0 <= p < n for p, n in zip(position, positions, strict=True)):
        raise ValueError(f"expected a position among {' x '.join(map(str, positions))}, received {tuple(position)}")
    pattern = blob(rank, size, [0.35 * size] + [0.6 * size] * (rank - 1), 0.22 * size)
    filter_ = blob(rank, kernel, [(kernel - 1) / 2] * rank, 0.3 * kernel)
    answer = convolve(pattern[..., None], filter_[..., None, None], stride=stride)[..., 0]
    cells = as_box(colormaps[INPUT](0.08 + 0.72 * pattern)[..., :3].mean(axis=-1))[..., None].repeat(3, axis=-1)
    written = colormaps[OUTPUT](0.12 + 0.83 * answer / answer.max())[..., :3]
    written = written.reshape(as_box(answer).shape + (3,))
    start = np.array([0] * (3 - rank) + [p * stride for p in position], float)
    spot = np.array([0] * (3 - rank) + list(position), float)
    right = size * (1 + BACK[0]) + GAP
    down = (cells.shape[1] - written.shape[1]) / 2
    away = np.array([0, down, right])
    glass: dict[str, Any] = {} if rank < 3 else {"through": True, "alpha": 0.6, "edge": "#dddddd"}
    draw_box(ax, cells, **glass)
    orange = np.array(to_rgb(FILTER))
    window = as_box(filter_)[..., None]
    draw_box(ax, 1 - window * (1 - orange) * 0.9, tuple(start), through=True, alpha=0.94, outline=FILTER, order=2)
    draw_box(ax, written, tuple(away), **glass)
    cell = np.broadcast_to(orange, (1, 1, 1, 3))
    _lines(ax, start, np.array([1] * (3 - rank) + [kernel] * rank), away + spot)
    draw_box(ax, cell, tuple(away + spot), outline="#7a3600", order=4)
    _words(ax, rank, size, kernel, stride, positions, right, cells.shape[1])


def _lines(ax: Axes, start: np.ndarray, reach: np.ndarray, cell: np.ndarray) -> None:
    """Join the filter's outer corners to those of the cell that it writes."""
    for corner in ((0, 0, 1), (0, 1, 1), (1, 0, 1)):
        ends = project(np.array([start + reach * corner, cell + np.array(corner) * (1, 1, 0)]))
        ax.plot(*ends.T, color=FILTER, linewidth=0.9, alpha=0.8, zorder=3)


def _words(ax: Axes, rank: int, size: int, kernel: int, stride: int, positions: Any, right: float, rows: int) -> None:
    shape = (size,) * rank + (1,)

    def by(sizes: Sequence[int]) -> str:
        return " x ".join(map(str, sizes))

    weights = parameters(shape, 1, kernel, bias=False)
    products = multiplications(shape, 1, kernel, stride=stride)
    step = f", stride {stride}" if stride > 1 else ""
    top = project(np.array([size if rank == 3 else 1, 0, 0]))[1]
    grey: dict[str, Any] = {"color": "#555555", "fontsize": 9}
    ax.text(0, top + 0.7, NAMES[rank], fontsize=12, fontweight="bold", color="#222222", va="bottom")
    ax.text(0, -rows - 0.5, f"input, {by((size,) * rank)} cells", va="top", **grey)
    ax.text(
        right, -rows - 0.5 + (size - positions[0]) / 2 * (rank > 1), f"output, {by(positions)} cells", va="top", **grey
    )
    sizes = f"{by((size,) * rank)} * {by((kernel,) * rank)} -> {by(positions)}: {weights} weights a filter"
    line: dict[str, Any] = {"va": "bottom", "fontsize": 10, "color": FILTER}
    ax.text(0.55 * size, top + 0.7, f"{sizes}{step}, {products:,} multiplications", **line)
    ax.set_xlim(-0.6, 2 * size * (1 + BACK[0]) + GAP + 0.6)
    ax.set_ylim(-rows - 1.8, top + 1.9)
    ax.set_aspect("equal")
    ax.set_axis_off()
