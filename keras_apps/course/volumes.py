"""The visible checks of `conv3d` and `inflate`.

A check of channels or stride has a kernel that is the same when it is flipped, and zeros where a kernel of one slice
would not look, so that those mistakes cost once.
"""

from keras_apps.course.cases import Case, Exercise

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
        "one_filter": "there is one filter only in yours: each filter gives a channel of its own",
        "summed_filters": "the filters are summed: each filter gives a channel of its own",
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


def _counted(*steps: int) -> list:
    """Return an array (2, 2, 2, 2) as lists, from 1 on in these steps along its axes."""
    p, q, r, s = steps
    return [[[[1.0 + p * h + q * w + r * c + s * f for f in (0, 1)] for c in (0, 1)] for w in (0, 1)] for h in (0, 1)]


def _each(change) -> list:
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
        "not_divided": "divide the copies by depth: on a film that repeats one picture they answer depth times as much",
        "middle": "the kernel is at one depth only: it is repeated at every depth, and divided by depth",
        "whole": "// rounds to whole numbers; divide with /",
        "root": "divide by depth itself, not by its root",
        "height_width": "height and width are exchanged: the kernel's axes stay as they are, after the new one",
        "channels_filters": "channels and filters are exchanged: the kernel's axes stay as they are, after the new one",
    },
    "an array (depth, height, width, channels, filters)",
)
