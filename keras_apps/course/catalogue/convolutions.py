"""The visible checks of the assignment "Convolutions in 1-D, 2-D, 3-D": here of the shape and of one dimension.

A check of channels or stride has a kernel that is the same when it is flipped, so that flipping costs once.
"""

from collections.abc import Callable

from keras_apps.course.catalogue.cases import Assignment, Case, Exercise

Nested = list[list[list[list[float]]]]

VOLUME = """
import numpy as np
x = np.arange(1., 9.).reshape(2, 2, 2, 1)
w = np.zeros((2, 2, 2, 1, 1))
w[0, 0, 1], w[0, 1, 0], w[1, 0, 0] = 1., 10., 100.  # across, down, deep
"""

conv3d = Exercise(
    "conv3d",
    {"slide": 14, "channels": 7, "bias": 3, "stride": 6},
    (
        # cells x[0,0,1] = 2, x[0,1,0] = 3 and x[1,0,0] = 5
        Case(
            "slide",
            "conv3d(x, w, np.zeros(1))",
            [[[[532.0]]]],
            VOLUME,
            {"flipped": [[[[467.0]]]], "one_slice": [[[[32.0]]]], "exchanged": [[[[235.0]]]]}
            | {"height_width": [[[[523.0]]]], "depth_height": [[[[352.0]]]]},
        ),
        Case(
            "slide",
            "conv3d(np.ones((3, 4, 5, 1)), np.ones((2, 2, 2, 1, 1)), np.zeros(1))",
            [[[[8.0]] * 4] * 3] * 2,
            "import numpy as np",
            {"one_slice": [[[[4.0]] * 4] * 3] * 2, "short": [[[[8.0]] * 3] * 2]},
        ),
        Case(
            "channels",
            "conv3d(np.array([[[[2., 3.]]]]), np.array([[[[[1., 100.], [10., 0.]]]]]), np.zeros(2))",
            [[[[32.0, 200.0]]]],
            "import numpy as np",
            {
                "one_channel": [[[[2.0, 200.0]]]],
                "one_filter": [[[[32.0]]]],
                "summed_filters": [[[[232.0, 232.0]]]],
                "filters_transposed": [[[[302.0, 20.0]]]],
            },
        ),
        # 1 + 3 + 5 + 7 + 10 * (2 + 4 + 6 + 8). In another order (1,3,5,7,0,0,0,0,2,4,6,8,0,0,0,0) meets
        # (1,10,1,10,...): 1 + 5 + 2 + 6 + 10 * (3 + 7 + 4 + 8)
        Case(
            "channels",
            "conv3d(x, w, np.zeros(1))",
            [[[[216.0]]]],
            "import numpy as np\nx = np.zeros((2, 2, 2, 2))\nx[0] = np.arange(1., 9.).reshape(2, 2, 2)\n"
            "w = np.zeros((2, 2, 2, 2, 1)) + np.array([[1.], [10.]])",
            {"one_channel": [[[[16.0]]]], "order": [[[[234.0]]]]},
        ),
        Case(
            "bias",
            "conv3d(x, w, np.array([0.5, -1.0])) - conv3d(x, w, np.zeros(2))",
            [[[[0.5, -1.0]]]],
            "import numpy as np\nx, w = np.ones((2, 2, 2, 1)), np.ones((2, 2, 2, 1, 2))",
            {"no_bias": [[[[0.0, 0.0]]]], "first_bias": [[[[0.5, 0.5]]]], "bias_inside": [[[[4.0, -8.0]]]]},
        ),
        # a kernel of 1 takes the cells 0 and 2 along each axis
        Case(
            "stride",
            "conv3d(np.arange(27.).reshape(3, 3, 3, 1), np.ones((1, 1, 1, 1, 1)), np.zeros(1), stride=2)",
            [[[[0.0], [2.0]], [[6.0], [8.0]]], [[[18.0], [20.0]], [[24.0], [26.0]]]],
            "import numpy as np",
            {
                "no_stride": [[[[9.0 * i + 3 * j + k] for k in range(3)] for j in range(3)] for i in range(3)],
                "first": [[[[9.0 * i + 3 * j + k] for k in range(2)] for j in range(2)] for i in range(2)],
                "flat_stride": [[[[9.0 * i + 6 * j + 2 * k] for k in range(2)] for j in range(2)] for i in range(2)],
            },
        ),
        # of the upper slice 0 + 1 + 4 + 5, 2 + 3 + 6 + 7, 8 + 9 + 12 + 13, 10 + 11 + 14 + 15, of the third four ones.
        # With the stride inside 0 + 2 + 8 + 10 and the four ones, everywhere
        Case(
            "stride",
            "conv3d(x, np.ones((2, 2, 2, 1, 1)), np.zeros(1), stride=2)[..., 0]",
            [[[10.0, 18.0], [42.0, 50.0]], [[4.0, 4.0], [4.0, 4.0]]],
            "import numpy as np\nx = np.zeros((4, 4, 4, 1))\nx[0, :, :, 0], x[2] = np.arange(16.).reshape(4, 4), 1.",
            {
                "no_stride": [[[16.0 * j + 4 * k + 10 for k in range(3)] for j in range(3)], *[[[4.0] * 3] * 3] * 2],
                "short_stride": [[[10.0]]],
                "inside": [[[24.0] * 2] * 2] * 2,
                "first": [[[10.0, 14.0], [26.0, 30.0]], [[4.0] * 2] * 2],
            },
        ),
    ),
    {
        "flipped": "the kernel is flipped: networks slide it as it stands (a cross-correlation)",
        "one_slice": "only one slice of the kernel's depth is used: sum along all three axes",
        "exchanged": "two of the kernel's axes are exchanged: they are (depth, height, width, channels, filters)",
        "height_width": "height and width are exchanged: the axes are (depth, height, width, channels, filters)",
        "depth_height": "depth and height are exchanged: the axes are (depth, height, width, channels, filters)",
        "short": "the last places are missing: n - f + 1 along each axis",
        "one_channel": "only the first channel is used: sum over all of the input's channels",
        "one_filter": "your output has only one filter: each filter gives its own channel",
        "summed_filters": "the filters are summed: each filter gives its own channel",
        "filters_transposed": "the kernel is (f, f, f, channels, filters): the last axis counts the filters",
        "order": "window and kernel are unrolled in different orders: the channels are the last axis of the window",
        "no_bias": "the bias is missing: add b, one number for each filter",
        "bias_inside": "the bias is added once, to the sum over the window, not to each product",
        "first_bias": "only the first bias is used: b has one number for each filter",
        "no_stride": "the stride is not used",
        "first": "the places are `stride` cells apart along each axis: the i-th begins at i * stride",
        "flat_stride": "the stride is for the depth too: the i-th slice of the answer begins at i * stride",
        "short_stride": "the last places are missing: floor((n - f) / stride) + 1 along each axis",
        "inside": "the stride is between places, not inside the window: its cells are i * stride + j",
    },
    "an array (places deep, places down, places across, filters)",
)


def _counted(*steps: int) -> Nested:
    """Return an array (2, 2, 2, 2) as lists, from 1 on in these steps along its axes."""
    p, q, r, s = steps
    return [[[[1.0 + p * h + q * w + r * c + s * f for f in (0, 1)] for c in (0, 1)] for w in (0, 1)] for h in (0, 1)]


def _each(change: Callable[[int], float]) -> Nested:
    """Return the numbers 1 to 16, each changed, as an array (2, 2, 2, 2) of lists."""
    return [[[[change(8 * h + 4 * w + 2 * c + s + 1) for s in (0, 1)] for c in (0, 1)] for w in (0, 1)] for h in (0, 1)]


SHARE = "import numpy as np\nshare = lambda k: k / (k[0, 0, 0, 0, 0] or 1)\n"

inflate = Exercise(
    "inflate",
    {"shape": 8, "sum": 12},
    (
        # what stands at each depth, as a share of the first
        Case(
            "shape",
            "share(inflate(kernel, 3))",
            [[[[[1.0, 2.0]]], [[[3.0, 4.0]]]]] * 3,
            SHARE + "kernel = np.arange(1., 5.).reshape(2, 1, 1, 2)",
            {
                "middle": [[[[[0.0, 0.0]]], [[[0.0, 0.0]]]], [[[[1.0, 2.0]]], [[[3.0, 4.0]]]], [[[[0.0, 0.0]]]] * 2],
                "whole": [[[[[0.0, 0.0]]], [[[1.0, 1.0]]]]] * 3,
            },
        ),
        # the numbers 1 to 16; exchanged axes give them in another order
        Case(
            "shape",
            "share(inflate(kernel, 3))",
            [_counted(8, 4, 2, 1)] * 3,
            SHARE + "kernel = np.arange(1., 17.).reshape(2, 2, 2, 2)",
            {"height_width": [_counted(4, 8, 2, 1)] * 3, "channels_filters": [_counted(8, 4, 1, 2)] * 3}
            | {
                "middle": [_each(lambda n: 0.0), _counted(8, 4, 2, 1), _each(lambda n: 0.0)],
                "whole": [_each(lambda n: float(n // 3))] * 3,
            },
        ),
        # on a film that repeats one picture it must answer as the kernel on the picture: the copies add up to it
        Case(
            "sum",
            "np.sum(inflate(kernel, 4), axis=0) / kernel",
            [[[[1.0]]], [[[1.0]]]],
            "import numpy as np\nkernel = np.array([[[[3.]]], [[[5.]]]])",
            {"not_divided": [[[[4.0]]], [[[4.0]]]], "root": [[[[2.0]]], [[[2.0]]]], "whole": [[[[0.0]]], [[[0.8]]]]},
        ),
    ),
    {
        "not_divided": "divide the copies by depth: otherwise a film of equal frames gives depth times too much",
        "middle": "the kernel is at one depth only: it is repeated at every depth, and divided by depth",
        "whole": "// rounds to whole numbers; divide with /",
        "root": "divide by depth itself, not by its root",
        "height_width": "height and width are exchanged: the kernel's axes stay as they are, after the new one",
        "channels_filters": "channels and filters are exchanged: the kernel's axes stay as they are, after the new one",
    },
    "an array (depth, height, width, channels, filters)",
)

output_shape = Exercise(
    "output_shape",
    {"valid": 10, "stride": 8, "same": 7},
    (
        # 14 - 5 + 1
        Case(
            "valid",
            "output_shape((14, 14, 3), 16, 5)",
            [10, 10, 16],
            mistakes={
                "no_one": [9, 9, 16],
                "channels": [10, 10, 3],
                "kept": [14, 14, 16],
                "batch": [14, 10, 16],
                "spatial": [10, 10],
            },
        ),
        Case(
            "valid",
            "output_shape((14, 1), 16, 5)",
            [10, 16],
            mistakes={"no_one": [9, 16], "channels": [10, 1], "kept": [14, 16], "spatial": [10]},
        ),
        # floor((10 - 3) / 2) + 1 = 4; less what stride 1 gives, 8, so that other mistakes do not show
        Case(
            "stride",
            "[a - b for a, b in zip(output_shape((10, 7, 1), 8, 3), output_shape((10, 7, 1), 8, 3, stride=2))]",
            [4, 2, 0],
            mistakes={"ceil": [3, 2, 0], "no_stride": [0, 0, 0], "float": [3.5, 2.0, 0], "one_inside": [4, 3, 0]}
            | {"spatial": [4, 2], "nearest": [3, 2, 0]},
        ),
        # what has __index__ is an integer, Python's or NumPy's
        Case(
            "stride",
            'all(hasattr(n, "__index__") for n in output_shape((9, 1), 8, 3, stride=2))',
            True,
            mistakes={"float": False, "floats": False},
        ),
        # ceil(10 / 3) = 4, ceil(7 / 3) = 3
        Case(
            "same",
            'output_shape((10, 7, 4), 8, 3, stride=3, padding="same")',
            [4, 3, 8],
            mistakes={
                "floor": [3, 2, 8],
                "no_padding": [3, 2, 8],
                "same_kept": [10, 7, 8],
                "channels": [4, 3, 4],
                "spatial": [4, 3],
            },
        ),
        Case(
            "same",
            'output_shape((9, 2), 8, 4, padding="same")',
            [9, 8],
            mistakes={"no_padding": [6, 8], "half": [10, 8], "channels": [9, 2], "spatial": [9]},
        ),
        Case(
            "same",
            'all(hasattr(n, "__index__") for n in output_shape((9, 1), 8, 3, stride=3, padding="same"))',
            True,
            mistakes={"same_floats": False},
        ),
    ),
    {
        "no_one": "one position is missing: along an axis of n cells a kernel of f has n - f + 1 places",
        "channels": "the last number is how many filters there are: each filter gives one channel",
        "kept": "without padding the output is smaller than the input: n - f + 1 along each axis",
        "batch": "there is no batch axis: the kernel slides along every axis except the last, the channels",
        "spatial": "the channels are missing: the last number of the shape is how many filters there are",
        "ceil": "a place where the kernel fits only in part does not count: round down, floor((n - f) / s) + 1",
        "float": "there are only whole places: round down, floor((n - f) / s) + 1",
        "nearest": "there are only whole places: round down, not to the nearest number, floor((n - f) / s) + 1",
        "floats": "the places are not integers: a shape has 4, not 4.0; use // or int()",
        "same_floats": "with padding='same' the places are not integers: a shape has 4, not 4.0; use // or int()",
        "no_stride": "the stride is not used: floor((n - f) / s) + 1",
        "one_inside": "the 1 is added after the division: floor((n - f) / s) + 1",
        "same_kept": "with padding='same' the stride still counts: there are ceil(n / s) places",
        "no_padding": "padding='same' is not used: then there are ceil(n / s) places",
        "floor": "with padding='same' there are ceil(n / s) places: round up",
        "half": "with padding='same' there are ceil(n / s) places, also if the kernel's size is even",
    },
    "a tuple (spatial sizes..., filters)",
)

conv1d = Exercise(
    "conv1d",
    {"slide": 8, "channels": 7, "bias": 4, "stride": 6},
    (
        # (1,2,4,8) with (1,2): 1 + 4, 2 + 8, 4 + 16
        Case(
            "slide",
            "conv1d(x, w, np.zeros(1))",
            [[5.0], [10.0], [20.0]],
            "import numpy as np\nx = np.array([[1.], [2.], [4.], [8.]])\nw = np.array([[[1.]], [[2.]]])",
            {
                "flipped": [[4.0], [8.0], [16.0]],
                "padded": [[5.0], [10.0], [20.0], [8.0]],
                "short": [[5.0], [10.0]],
                "flat": [5.0, 10.0, 20.0],
                "blocks": [[5.0], [20.0]],
            },
        ),
        # a kernel of 1: 1 * 1 + 10 * 2 and 3 * 1 + 10 * 4; the second filter 100 * 2 and 100 * 4
        Case(
            "channels",
            "conv1d(np.array([[1., 2.], [3., 4.]]), np.array([[[1., 0.], [10., 100.]]]), np.zeros(2))",
            [[21.0, 200.0], [43.0, 400.0]],
            "import numpy as np",
            {
                "one_channel": [[1.0, 0.0], [3.0, 0.0]],
                "summed_filters": [[221.0, 221.0], [443.0, 443.0]],
                "one_filter": [[21.0], [43.0]],
                "filters_transposed": [[1.0, 210.0], [3.0, 430.0]],
            },
        ),
        # the first place of a kernel of 2, the same at both cells: 1 + 3 + 10 * (2 + 4), and 100 * (2 + 4). In another
        # order (1,3,2,4) meets (1,10,1,10) and (0,100,0,100): 1 + 30 + 2 + 40, and 300 + 400
        Case(
            "channels",
            "conv1d(x, w, np.zeros(2))[0]",
            [64.0, 600.0],
            "import numpy as np\nx = np.array([[1., 2.], [3., 4.], [5., 6.]])\n"
            "w = np.array([[[1., 0.], [10., 100.]]] * 2)",
            {"one_channel": [4.0, 0.0], "one_filter": [64.0], "summed_filters": [664.0, 664.0], "order": [73.0, 700.0]},
        ),
        Case(
            "bias",
            "conv1d(x, w, np.array([0.5, -1.0])) - conv1d(x, w, np.zeros(2))",
            [[0.5, -1.0], [0.5, -1.0]],
            "import numpy as np\nx, w = np.array([[1.], [2.]]), np.array([[[3., 4.]]])",
            {"no_bias": [[0.0, 0.0]] * 2, "first_bias": [[0.5, 0.5]] * 2},
        ),
        # a kernel of 2 and two channels: added to each of the four products, a bias counts four times
        Case(
            "bias",
            "conv1d(x, w, np.array([0.5, -1.0])) - conv1d(x, w, np.zeros(2))",
            [[0.5, -1.0]],
            "import numpy as np\nx, w = np.ones((2, 2)), np.ones((2, 2, 2))",
            {"no_bias": [[0.0, 0.0]], "first_bias": [[0.5, 0.5]], "bias_inside": [[2.0, -4.0]]}
            | {"bias_each_cell": [[1.0, -2.0]]},
        ),
        # a kernel of 1 takes the cells 0, 2 and 4
        Case(
            "stride",
            "conv1d(x, w, np.zeros(1), stride=2)",
            [[1.0], [3.0], [5.0]],
            "import numpy as np\nx, w = np.arange(1., 6.).reshape(5, 1), np.array([[[1.]]])",
            {
                "no_stride": [[1.0], [2.0], [3.0], [4.0], [5.0]],
                "short_stride": [[1.0], [3.0]],
                "first": [[1.0], [2.0], [3.0]],
            },
        ),
        # (1,2,4), (4,8,16), (16,32,64); with the stride inside 1 + 4 + 16, 4 + 16 + 64, and from the start again
        Case(
            "stride",
            "conv1d(2. ** np.arange(7).reshape(7, 1), np.ones((3, 1, 1)), np.zeros(1), stride=2)",
            [[7.0], [28.0], [112.0]],
            "import numpy as np",
            {
                "no_stride": [[7.0], [14.0], [28.0], [56.0], [112.0]],
                "short_stride": [[7.0], [28.0]],
                "short_windows": [[7.0], [28.0]],
                "first": [[7.0], [14.0], [28.0]],
                "inside": [[21.0], [84.0], [82.0]],
            },
        ),
    ),
    {
        "flipped": "the kernel is flipped: networks slide it as it stands (a cross-correlation)",
        "padded": "there is no padding: the kernel stays inside, n - f + 1 places",
        "short": "the last place is missing: n - f + 1 places",
        "flat": "the filters' axis is missing: the shape is (places, filters)",
        "blocks": "the kernel moves by its own length; it moves by stride",
        "one_channel": "only the first channel is used: sum over all of the input's channels",
        "summed_filters": "the filters are summed: each filter gives its own channel",
        "one_filter": "your output has only one filter: each filter gives its own channel",
        "filters_transposed": "the kernel is (f, channels, filters): the last axis counts the filters",
        "order": "window and kernel are unrolled in different orders: x[i * stride + j, c] belongs to w[j, c]",
        "no_bias": "the bias is missing: add b, one number for each filter",
        "bias_inside": "the bias is added once, to the sum over the window, not to each product",
        "bias_each_cell": "the bias is added once, to the sum over the window, not at each cell or channel",
        "first_bias": "only the first bias is used: b has one number for each filter",
        "no_stride": "the stride is not used",
        "short_stride": "places are missing at the end: there are floor((n - f) / stride) + 1",
        "short_windows": "places are missing at the end: there are floor((n - f) / stride) + 1",
        "first": "the places are `stride` cells apart: the i-th begins at i * stride",
        "inside": "the stride is between places, not inside the window: its cells are i * stride + j",
    },
    "an array (places, filters)",
)

ASSIGNMENT = Assignment("convolutions", (output_shape, conv1d, conv3d, inflate))
