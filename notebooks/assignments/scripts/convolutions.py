# %% [markdown]
# # Assignment 3: convolutions in 1-D, 2-D and 3-D
# A convolution slides a kernel over a signal, a picture, or a volume. You work out how many places it has, write the
# 1-D and the 3-D convolution in NumPy, and make a 3-D kernel of a 2-D one.
#
# Under each function stands a cell that checks it. It says how many points the **visible** checks give and what is
# wrong; further checks, with other numbers, are made when the notebook is handed in. On the command line,
# `keras-apps course check convolutions.ipynb` says the same.
#
# Write only where it says `YOUR CODE HERE`. Keep the functions' names and arguments. Do not use `keras_apps` inside
# them: they are to be yours.
#
# | Function | Points |
# |---|---|
# | `output_shape` | 25 |
# | `conv1d` | 25 |
# | `conv3d` | 30 |
# | `inflate` | 20 |

# %% course="locked:find_keras_apps"
# FIRST_CELL

# %% course="locked:setup"
import numpy as np

# %% [markdown]
# ## 1. The shape that comes out
# Along an axis of n cells, a kernel of f with stride s has
#
# $$\left\lfloor \frac{n - f}{s} \right\rfloor + 1 \ \text{ places with padding "valid" (none),} \qquad
# \left\lceil \frac{n}{s} \right\rceil \ \text{ with padding "same" (as Keras has it).}$$
#
# Shapes have no batch axis: `(length, channels)`, `(height, width, channels)` or `(depth, height, width, channels)`.
# The kernel has the size f along every axis but the last; each filter gives one channel. Return a tuple of integers.
# (`keras_apps.dimensions.output_shape` does more.)


# %% course="solution:output_shape"
def output_shape(input_shape, filters, kernel_size, stride=1, padding="valid"):
    """Return the shape that a convolution of any rank gives.

    Args:
        input_shape: (spatial sizes..., channels).
        filters: How many.
        kernel_size: f, the same along every spatial axis.
        stride: s, the same along every spatial axis.
        padding: "valid" or "same".
    """
    ### BEGIN SOLUTION
    if padding == "same":
        places = [-(-n // stride) for n in input_shape[:-1]]
    else:
        places = [(n - kernel_size) // stride + 1 for n in input_shape[:-1]]
    return (*places, filters)
    ### END SOLUTION


# %% course="tests:output_shape"
from keras_apps.course import grade

hidden = ()
### BEGIN HIDDEN TESTS
from keras_apps.course import Case

hidden = (
    Case(
        "valid",
        "output_shape((9, 8, 7, 2), 5, 3)",
        [7, 6, 5, 5],
        mistakes={"no_one": [6, 5, 4, 5], "channels": [7, 6, 5, 2], "kept": [9, 8, 7, 5], "batch": [9, 6, 5, 5]},
    ),
    # floor(9 / 4) + 1 = 3, floor(8 / 4) + 1 = 3 against 10 and 9
    Case(
        "stride",
        "[a - b for a, b in zip(output_shape((12, 11, 3), 6, 3), output_shape((12, 11, 3), 6, 3, stride=4))]",
        [7, 6, 0],
        mistakes={"ceil": [6, 6, 0], "no_stride": [0, 0, 0], "float": [6.75, 6.0, 0]},
    ),
    Case(
        "same",
        'output_shape((11, 5, 8, 1), 2, 2, stride=2, padding="same")',
        [6, 3, 4, 2],
        mistakes={"floor": [5, 2, 4, 2], "no_padding": [5, 2, 4, 2], "kept": [11, 5, 8, 2]},
    ),
)
### END HIDDEN TESTS
grade("output_shape", hidden)

# %% [markdown]
# ## 2. A convolution in 1-D
# `x` is (n, channels), `w` is (f, channels, filters), `b` is (filters,). Without padding, and with stride s,
#
# $$y_{ik} = b_k + \sum_{j=0}^{f-1} \sum_{c} x_{is + j,\, c}\ w_{jck}, \qquad y \text{ of shape } (\text{places}, \text{filters}).$$
#
# As in every network, the kernel is not flipped. Use NumPy.


# %% course="solution:conv1d"
def conv1d(x, w, b, stride=1):
    """Convolve a signal.

    Args:
        x: The signal, (n, channels).
        w: The kernel, (f, channels, filters).
        b: The biases, (filters,).
        stride: How far the kernel moves.
    """
    ### BEGIN SOLUTION
    places = (len(x) - len(w)) // stride + 1
    windows = [x[i * stride : i * stride + len(w)] for i in range(places)]
    return np.stack([np.tensordot(window, w, axes=2) for window in windows]) + b
    ### END SOLUTION


# %% course="tests:conv1d"
from keras_apps.course import grade

hidden = ()
### BEGIN HIDDEN TESTS
from keras_apps.course import Case

hidden = (
    # (3,1,2,5,4) with (1,0,2)
    Case(
        "slide",
        "conv1d(np.array([[3.], [1.], [2.], [5.], [4.]]), np.array([[[1.]], [[0.]], [[2.]]]), np.zeros(1))",
        [[7.0], [11.0], [10.0]],
        "import numpy as np",
        {"flipped": [[8.0], [7.0], [8.0]], "short": [[7.0], [11.0]]},
    ),
    Case(
        "channels",
        "conv1d(np.array([[1., 2., 3.]]), np.array([[[1., 2.], [10., 0.], [100., 3.]]]), np.zeros(2))",
        [[321.0, 11.0]],
        "import numpy as np",
        {"one_channel": [[1.0, 2.0]], "one_filter": [[321.0]], "summed_filters": [[332.0, 332.0]]},
    ),
    # 1 + 4 + 10 * (2 + 5) + 100 * (3 + 6); in another order (1,4,2,5,3,6) meets (1,10,100,1,10,100)
    Case(
        "channels",
        "conv1d(np.arange(1., 7.).reshape(2, 3), np.array([[[1.], [10.], [100.]]] * 2), np.zeros(1))",
        [[975.0]],
        "import numpy as np",
        {"one_channel": [[5.0]], "order": [[876.0]]},
    ),
    Case(
        "bias",
        "conv1d(x, w, np.array([1., -2.])) - conv1d(x, w, np.zeros(2))",
        [[1.0, -2.0]] * 3,
        "import numpy as np\nx, w = np.ones((3, 1)), np.ones((1, 1, 2))",
        {"no_bias": [[0.0, 0.0]] * 3, "first_bias": [[1.0, 1.0]] * 3},
    ),
    # six cells, places at 0 and 3
    Case(
        "stride",
        "conv1d(np.arange(6.).reshape(6, 1), np.ones((1, 1, 1)), np.zeros(1), stride=3)",
        [[0.0], [3.0]],
        "import numpy as np",
        {"no_stride": [[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]], "first": [[0.0], [1.0]]},
    ),
    # squares (0,1,4), (4,9,16), (16,25,36); with the stride inside 0 + 4 + 16, 4 + 16 + 36, and from the start again
    Case(
        "stride",
        "conv1d(np.arange(8.).reshape(8, 1) ** 2, np.ones((3, 1, 1)), np.zeros(1), stride=2)",
        [[5.0], [29.0], [77.0]],
        "import numpy as np",
        {
            "no_stride": [[5.0], [14.0], [29.0], [50.0], [77.0], [110.0]],
            "short_stride": [[5.0], [29.0]],
            "first": [[5.0], [14.0], [29.0]],
            "inside": [[20.0], [56.0], [52.0]],
        },
    ),
)
### END HIDDEN TESTS
grade("conv1d", hidden)

# %% [markdown]
# ## 3. A convolution in 3-D
# The same along three axes: `x` is (depth, height, width, channels), `w` is (f, f, f, channels, filters). The stride is
# the same along all three.


# %% course="solution:conv3d"
def conv3d(x, w, b, stride=1):
    """Convolve a volume.

    Args:
        x: The volume, (depth, height, width, channels).
        w: The kernel, (f, f, f, channels, filters).
        b: The biases, (filters,).
        stride: How far the kernel moves, along each axis.
    """
    ### BEGIN SOLUTION
    f = w.shape[0]
    places = [(n - f) // stride + 1 for n in x.shape[:3]]
    y = np.zeros((*places, w.shape[-1]))
    for i, j, k in np.ndindex(*places):
        z, r, c = i * stride, j * stride, k * stride
        y[i, j, k] = np.tensordot(x[z : z + f, r : r + f, c : c + f], w, axes=4) + b
    return y
    ### END SOLUTION


# %% course="tests:conv3d"
from keras_apps.course import grade

hidden = ()
### BEGIN HIDDEN TESTS
from keras_apps.course import Case

CUBE = """
import numpy as np
x = np.arange(27.).reshape(3, 3, 3, 1)
w = np.zeros((2, 2, 2, 1, 1))
w[0, 0, 0], w[1, 0, 1], w[1, 1, 0] = 1., 10., 100.  # cells 0, 10 and 12 further on
"""
hidden = (
    # 111 times the cell, and 10 * 10 + 100 * 12 = 1300; cells 0, 1, 3, 4, 9, 10, 12, 13
    Case(
        "slide",
        "conv3d(x, w, np.zeros(1)).reshape(-1) - 1300.0",
        [0.0, 111.0, 333.0, 444.0, 999.0, 1110.0, 1332.0, 1443.0],
        CUBE,
    ),
    Case(
        "channels",
        "conv3d(np.full((1, 1, 1, 3), 2.), np.arange(6.).reshape(1, 1, 1, 3, 2), np.zeros(2))",
        [[[[12.0, 18.0]]]],
        "import numpy as np",
        {"one_channel": [[[[0.0, 2.0]]]], "one_filter": [[[[12.0]]]], "summed_filters": [[[[30.0, 30.0]]]]},
    ),
    # 0 + 2 + 4 + 6 + 100 * (1 + 3 + 5 + 7). In another order (0,2,4,6,0,0,0,0,1,3,5,7,0,0,0,0) meets (1,100,1,100,...)
    Case(
        "channels",
        "conv3d(x, w, np.zeros(1)).reshape(-1)",
        [1612.0],
        "import numpy as np\nx = np.zeros((2, 2, 2, 2))\nx[0] = np.arange(8.).reshape(2, 2, 2)\n"
        "w = np.zeros((2, 2, 2, 2, 1)) + np.array([[1.], [100.]])",
        {"one_channel": [12.0], "order": [1810.0]},
    ),
    Case(
        "bias",
        "(conv3d(x, v, np.array([3., -2.])) - conv3d(x, v, np.zeros(2))).reshape(-1)",
        [3.0, -2.0] * 8,
        CUBE + "v = np.ones((2, 2, 2, 1, 2))",
        {"no_bias": [0.0] * 16, "first_bias": [3.0] * 16},
    ),
    Case(
        "stride",
        "conv3d(np.arange(64.).reshape(4, 4, 4, 1), np.ones((1, 1, 1, 1, 1)), np.zeros(1), stride=3).reshape(-1)",
        [0.0, 3.0, 12.0, 15.0, 48.0, 51.0, 60.0, 63.0],
        "import numpy as np",
    ),
    # windows at 0 and 3: 0 + 1 + 5 + 6, each cell 3 more to the right, 15 more below; of the fourth slice four ones
    Case(
        "stride",
        "conv3d(x, np.ones((2, 2, 2, 1, 1)), np.zeros(1), stride=3).reshape(-1)",
        [12.0, 24.0, 72.0, 84.0, 4.0, 4.0, 4.0, 4.0],
        "import numpy as np\nx = np.zeros((5, 5, 5, 1))\nx[0, :, :, 0], x[3] = np.arange(25.).reshape(5, 5), 1.",
        {"short": [12.0]},
    ),
)
### END HIDDEN TESTS
grade("conv3d", hidden)

# %% [markdown]
# ## 4. Inflation
# A trained 2-D kernel (height, width, channels, filters) becomes a 3-D one (depth, height, width, channels, filters) when
# it is repeated along the new axis **and divided by depth**. On a film that repeats one picture, the sum over the depth
# then gives what the 2-D kernel gives on the picture. That is how film networks begin with what photographs taught.


# %% course="solution:inflate"
def inflate(kernel, depth):
    """Make a 3-D kernel of a 2-D one.

    Args:
        kernel: (height, width, channels, filters).
        depth: Of the new kernel.
    """
    ### BEGIN SOLUTION
    return np.repeat(kernel[np.newaxis], depth, axis=0) / depth
    ### END SOLUTION


# %% course="tests:inflate"
from keras_apps.course import grade

hidden = ()
### BEGIN HIDDEN TESTS
from keras_apps.course import Case

hidden = (
    Case(
        "shape",
        "(lambda k: (k / k[0, 0, 0, 0, 0])[:, :, 0, 0, :])(inflate(np.array([[[[2., 4.]]], [[[6., 2.]]]]), 2))",
        [[[1.0, 2.0], [3.0, 1.0]]] * 2,
        "import numpy as np",
    ),
    # one more a filter, 2 a channel, 4 across, 12 down
    Case(
        "shape",
        "(lambda k: (k / k[0, 0, 0, 0, 0]).reshape(3, 24))(inflate(np.arange(1., 25.).reshape(2, 3, 2, 2), 3))",
        [[float(n) for n in range(1, 25)]] * 3,
        "import numpy as np",
        {
            "channels_filters": [[4.0 * n + m for n in range(6) for m in (1, 3, 2, 4)]] * 3,
            "height_width": [[12.0 * h + 4 * w + m for w in range(3) for h in range(2) for m in (1, 2, 3, 4)]] * 3,
        },
    ),
    Case(
        "sum",
        "np.sum(inflate(np.ones((1, 2, 1, 1)), 9), axis=0).reshape(-1)",
        [1.0, 1.0],
        "import numpy as np",
        {"not_divided": [9.0, 9.0], "root": [3.0, 3.0]},
    ),
)
### END HIDDEN TESTS
grade("inflate", hidden)

# %% [markdown]
# ## Try it on a heartbeat
# Nothing here is marked. A kernel that looks for a rise finds the beats of a synthetic heartbeat.

# %%
import matplotlib.pyplot as plt

time = np.arange(0, 4, 0.02)  # seconds
heartbeat = np.exp(-(((time % 1) - 0.5) ** 2) / 0.001)[:, None]
try:
    rise = conv1d(heartbeat, np.array([-1.0, 0.0, 1.0])[:, None, None], np.zeros(1))
    plt.plot(time, heartbeat[:, 0], label="heartbeat")
    plt.plot(time[1:-1], rise[:, 0], label="conv1d with (-1, 0, 1)")
    plt.xlabel("time in seconds")
    plt.ylabel("signal, no unit")
    plt.legend()
    plt.show()
except NotImplementedError:
    print("write conv1d first")
