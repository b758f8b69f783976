"""The visible checks of the assignment "Convolutions in 1-D, 2-D, 3-D": here of the shape and of one dimension.

A check of channels or stride has a kernel that is the same when it is flipped, so that flipping costs once.
"""

from keras_apps.course.cases import Assignment, Case, Exercise
from keras_apps.course.volumes import conv3d, inflate

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
        "batch": "there is no batch axis: every axis but the last, the channels, is one the kernel slides along",
        "spatial": "the channels are missing: the last number of the shape is how many filters there are",
        "ceil": "a place that the kernel only partly fits in does not count: round down, floor((n - f) / s) + 1",
        "float": "there are only whole places: round down, floor((n - f) / s) + 1",
        "nearest": "there are only whole places: round down, not to the nearest number, floor((n - f) / s) + 1",
        "floats": "the places are not integers: a shape has 4, not 4.0; use // or int()",
        "same_floats": "with padding='same' the places are not integers: a shape has 4, not 4.0; use // or int()",
        "no_stride": "the stride is not used: floor((n - f) / s) + 1",
        "one_inside": "the 1 is added after the division: floor((n - f) / s) + 1",
        "same_kept": "with padding='same' the stride still counts: there are ceil(n / s) places",
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
        "summed_filters": "the filters are summed: each filter gives a channel of its own",
        "one_filter": "there is one filter only in yours: each filter gives a channel of its own",
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
