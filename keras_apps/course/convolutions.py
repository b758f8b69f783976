"""The visible checks of the assignment "Convolutions in 1-D, 2-D, 3-D"."""

from keras_apps.course.cases import Assignment, Case, Exercise

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
            mistakes={"ceil": [3, 2, 0], "no_stride": [0, 0, 0], "float": [3.5, 2.0, 0]},
        ),
        # ceil(10 / 3) = 4, ceil(7 / 3) = 3
        Case(
            "same",
            'output_shape((10, 7, 4), 8, 3, stride=3, padding="same")',
            [4, 3, 8],
            mistakes={"floor": [3, 2, 8], "no_padding": [3, 2, 8], "kept": [10, 7, 8], "channels": [4, 3, 4]},
        ),
        Case(
            "same",
            'output_shape((9, 2), 8, 4, padding="same")',
            [9, 8],
            mistakes={"no_padding": [6, 8], "half": [10, 8], "channels": [9, 2]},
        ),
    ),
    {
        "no_one": "one position is missing: along an axis of n cells a kernel of f has n - f + 1 places",
        "channels": "the last number is how many filters there are: each filter gives one channel",
        "kept": "without padding the output is smaller than the input: n - f + 1 along each axis",
        "batch": "there is no batch axis: every axis but the last, the channels, is one the kernel slides along",
        "spatial": "the channels are missing: the last number of the shape is how many filters there are",
        "ceil": "a place that the kernel only partly fits in does not count: round down, floor((n - f) / s) + 1",
        "float": "there are only whole places: round down, floor((n - f) / s) + 1",
        "no_stride": "the stride is not used: floor((n - f) / s) + 1",
        "no_padding": "padding='same' is not used: then there are ceil(n / s) places",
        "floor": "with padding='same' there are ceil(n / s) places: round up",
        "half": "with padding='same' there are ceil(n / s) places, also where the kernel's size is even",
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
        Case(
            "bias",
            "conv1d(x, w, np.array([0.5])) - conv1d(x, w, np.array([0.0]))",
            [[0.5], [0.5]],
            "import numpy as np\nx, w = np.array([[1.], [2.]]), np.array([[[3.]]])",
            {"no_bias": [[0.0], [0.0]]},
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
    ),
    {
        "flipped": "the kernel is flipped: networks slide it as it stands (a cross-correlation)",
        "padded": "there is no padding: the kernel stays inside, n - f + 1 places",
        "short": "the last place is missing: n - f + 1 places",
        "flat": "the filters' axis is missing: the shape is (places, filters)",
        "blocks": "the kernel moves by its own length; it moves by stride",
        "one_channel": "only the first channel is used: sum over all of the input's channels",
        "summed_filters": "the filters are summed: each filter gives a channel of its own",
        "one_filter": "there is one filter only in yours: each filter gives a channel of its own",
        "filters_transposed": "the kernel is (f, channels, filters): the last axis counts the filters",
        "no_bias": "the bias is missing: add b, one number for each filter",
        "no_stride": "the stride is not used",
        "short_stride": "places are missing at the end: there are floor((n - f) / stride) + 1",
        "first": "the places are `stride` cells apart: the i-th begins at i * stride",
    },
    "an array (places, filters)",
)

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
            {"flipped": [[[[467.0]]]], "one_slice": [[[[32.0]]]], "exchanged": [[[[235.0]]]]},
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
        Case(
            "bias",
            "conv3d(x, w, np.array([0.5])) - conv3d(x, w, np.array([0.0]))",
            [[[[0.5]]]],
            VOLUME,
            {"no_bias": [[[[0.0]]]]},
        ),
        # a kernel of 1 takes the cells 0 and 2 along each axis
        Case(
            "stride",
            "conv3d(np.arange(27.).reshape(3, 3, 3, 1), np.ones((1, 1, 1, 1, 1)), np.zeros(1), stride=2)",
            [[[[0.0], [2.0]], [[6.0], [8.0]]], [[[18.0], [20.0]], [[24.0], [26.0]]]],
            "import numpy as np",
            {"no_stride": [[[[9.0 * i + 3 * j + k] for k in range(3)] for j in range(3)] for i in range(3)]},
        ),
    ),
    {
        "flipped": "the kernel is flipped: networks slide it as it stands (a cross-correlation)",
        "one_slice": "only one slice of the kernel's depth is used: sum along all three axes",
        "exchanged": "two of the kernel's axes are exchanged: they are (depth, height, width, channels, filters)",
        "short": "the last places are missing: n - f + 1 along each axis",
        "one_channel": "only the first channel is used: sum over all of the input's channels",
        "one_filter": "there is one filter only in yours: each filter gives a channel of its own",
        "summed_filters": "the filters are summed: each filter gives a channel of its own",
        "filters_transposed": "the kernel is (f, f, f, channels, filters): the last axis counts the filters",
        "no_bias": "the bias is missing: add b, one number for each filter",
        "no_stride": "the stride is not used",
    },
    "an array (places deep, places down, places across, filters)",
)

inflate = Exercise(
    "inflate",
    {"shape": 8, "sum": 12},
    (
        # what stands at each depth, as a share of the first
        Case(
            "shape",
            "inflate(kernel, 3) / inflate(kernel, 3)[0, 0, 0, 0, 0]",
            [[[[[1.0, 2.0]]], [[[3.0, 4.0]]]]] * 3,
            "import numpy as np\nkernel = np.arange(1., 5.).reshape(2, 1, 1, 2)",
        ),
        # on a film that repeats one picture it must answer as the kernel on the picture: the copies add up to it
        Case(
            "sum",
            "np.sum(inflate(kernel, 4), axis=0) / kernel",
            [[[[1.0]]], [[[1.0]]]],
            "import numpy as np\nkernel = np.array([[[[3.]]], [[[5.]]]])",
            {"not_divided": [[[[4.0]]], [[[4.0]]]], "root": [[[[2.0]]], [[[2.0]]]]},
        ),
    ),
    {
        "not_divided": "divide the copies by depth: on a film that repeats one picture they answer depth times as much",
        "root": "divide by depth itself, not by its root",
    },
    "an array (depth, height, width, channels, filters)",
)

ASSIGNMENT = Assignment("convolutions", (output_shape, conv1d, conv3d, inflate))
