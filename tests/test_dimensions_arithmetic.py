"""Shapes, parameters and multiplications: the course's numbers, Keras's own layers, and a slow loop that counts."""

import itertools
import subprocess
import sys

import keras
import numpy as np
import pytest
from oracles import convolution_counted

from keras_apps.dimensions import convolve, multiplications, output_shape, parameters

CONVOLUTIONS = {1: keras.layers.Conv1D, 2: keras.layers.Conv2D, 3: keras.layers.Conv3D}
POOLINGS = {1: keras.layers.MaxPooling1D, 2: keras.layers.MaxPooling2D, 3: keras.layers.MaxPooling3D}
PADS = {1: keras.layers.ZeroPadding1D, 2: keras.layers.ZeroPadding2D, 3: keras.layers.ZeroPadding3D}

COURSE = [  # input, filters, kernel, what the course says comes out
    ((14, 14, 1), 1, 5, (10, 10, 1)),
    ((14, 14, 3), 16, 5, (10, 10, 16)),
    ((10, 10, 16), 32, 5, (6, 6, 32)),
    ((14, 1), 16, 5, (10, 16)),
    ((10, 16), 32, 5, (6, 32)),
    ((14, 14, 14, 1), 16, 5, (10, 10, 10, 16)),
    ((10, 10, 10, 16), 32, 5, (6, 6, 6, 32)),
]


@pytest.mark.parametrize(("shape", "filters", "kernel", "expected"), COURSE)
def test_the_numbers_of_the_course_hold_here_and_in_keras(shape, filters, kernel, expected):
    """14 - 5 + 1 = 10 and 10 - 5 + 1 = 6, along each axis, whatever the rank."""
    layer = CONVOLUTIONS[len(shape) - 1](filters, kernel)
    assert output_shape(shape, filters, kernel) == expected
    assert layer(np.zeros((1, *shape), np.float32)).shape == (1, *expected)
    assert parameters(shape, filters, kernel) == layer.count_params()


def test_parameters_and_multiplications_of_the_second_layer_by_hand():
    """1-D: 5 x 16 weights a filter, 80 x 32 + 32 = 2592; 6 positions x 32 filters x 80 products = 15,360.

    3-D: 5^3 x 16 = 2000 weights a filter, 2000 x 32 + 32 = 64,032; 216 x 32 x 2000 = 13,824,000.
    """
    assert parameters((10, 16), 32, 5) == 2592
    assert multiplications((10, 16), 32, 5) == 15_360
    assert parameters((10, 10, 10, 16), 32, 5) == 64_032
    assert multiplications((10, 10, 10, 16), 32, 5) == 13_824_000
    assert parameters((10, 16), 32, 5, bias=False) == 2560


def grid():
    """Kernels, strides, dilations, paddings and groups; Keras admits no dilation together with a stride."""
    for rank in (1, 2, 3):
        sizes = {1: [(9,), (10,)], 2: [(9, 8), (6, 11)], 3: [(7, 6, 8)]}[rank]
        for size, kernel, (stride, dilation), padding, groups in itertools.product(
            sizes, (1, 2, 3), ((1, 1), (2, 1), (3, 1), (1, 2)), ("valid", "same", 1, 2), (1, 2)
        ):
            yield rank, (*size, 4), kernel, stride, dilation, padding, groups


def test_shapes_are_those_of_keras_over_a_grid():
    """`compute_output_shape` and `count_params` of Conv1D, 2D and 3D, integers of padding as a layer before."""
    cases = 0
    for rank, shape, kernel, stride, dilation, padding, groups in grid():
        layer = CONVOLUTIONS[rank](
            6,
            kernel,
            strides=stride,
            dilation_rate=dilation,
            groups=groups,
            padding=padding if isinstance(padding, str) else "valid",
        )
        batch = (None, *shape)
        if not isinstance(padding, str):
            batch = PADS[rank](padding).compute_output_shape(batch)
        options = {"stride": stride, "dilation": dilation, "padding": padding, "groups": groups}
        assert output_shape(shape, 6, kernel, **options) == layer.compute_output_shape(batch)[1:], (shape, options)
        if (stride, dilation, padding) == (1, 1, "same"):
            layer.build((None, *shape))
            assert parameters(shape, 6, kernel, groups=groups) == layer.count_params()
        cases += 1
    assert cases == 480


def test_pooling_keeps_the_channels_as_keras_does():
    for rank, padding, size, stride in itertools.product((1, 2, 3), ("valid", "same"), (2, 3), (1, 2, 3)):
        shape = (9, 8, 7)[:rank] + (5,)
        layer = POOLINGS[rank](size, strides=stride, padding=padding)
        expected = layer.compute_output_shape((None, *shape))[1:]
        assert output_shape(shape, None, size, stride=stride, padding=padding) == expected


@pytest.mark.parametrize(
    ("rank", "options"),
    [
        (1, {}),
        (1, {"stride": 2, "padding": "same"}),
        (1, {"dilation": 2, "padding": 2, "groups": 2}),
        (2, {"stride": (2, 1), "padding": (1, 0)}),
        (2, {"padding": "same", "groups": 4}),
        (2, {"dilation": (1, 2)}),
        (3, {"stride": 2, "padding": "same"}),
        (3, {"padding": 1, "groups": 2}),
    ],
)
def test_multiplications_are_counted_and_values_are_keras_s(rank, options, rng):
    """Three ways to one answer: the formula, scalar loops that count each product, and the Keras layer itself."""
    shape, kernel_size, filters = (7, 6, 5)[:rank] + (4,), (3, 2, 3)[:rank], 4
    groups = options.get("groups", 1)
    inputs = rng.standard_normal(shape).astype(np.float32)
    kernel = rng.standard_normal((*kernel_size, 4 // groups, filters)).astype(np.float32)
    slow, products = convolution_counted(inputs, kernel, **options)
    assert multiplications(shape, filters, kernel_size, **options) == products
    np.testing.assert_allclose(convolve(inputs, kernel, **options), slow, atol=1e-9)
    padding = options.get("padding", "valid")
    pads = [] if isinstance(padding, str) else [PADS[rank](padding)]
    layer = CONVOLUTIONS[rank](
        filters,
        kernel_size,
        strides=options.get("stride", 1),
        dilation_rate=options.get("dilation", 1),
        padding=padding if isinstance(padding, str) else "valid",
        groups=groups,
        use_bias=False,
    )
    model = keras.Sequential([keras.Input(shape), *pads, layer])
    layer.set_weights([kernel])
    np.testing.assert_allclose(model(inputs[None])[0], slow, atol=2e-5)


def test_a_filter_finds_its_pattern_where_it_lies(rng):
    """The inner product of a unit pattern with itself is 1, and less elsewhere: the course's "feature detector"."""
    for rank in (1, 2, 3):
        pattern = rng.standard_normal((3,) * rank + (1, 1))
        pattern /= np.linalg.norm(pattern)
        inputs = np.zeros((8,) * rank + (1,))
        inputs[(slice(2, 5),) * rank] = pattern[..., 0]
        found = convolve(inputs, pattern, bias=0.5)[..., 0]
        assert np.unravel_index(found.argmax(), found.shape) == (2,) * rank
        assert np.isclose(found.max(), 1.5)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"input_shape": (14,)}, ValueError, r"1, 2 or 3 spatial sizes and then the channels .*received \(14,\)"),
        ({"input_shape": (9, 9, 9, 9, 3)}, ValueError, "1, 2 or 3 spatial sizes"),
        ({"input_shape": 14}, TypeError, "an input shape"),
        ({"input_shape": (0, 14, 3)}, ValueError, "at least 1, received 0"),
        ({"input_shape": (-14, 14, 3)}, ValueError, "at least 1, received -14"),
        ({"input_shape": (14.0, 14, 3)}, TypeError, "whole number .* received 14.0"),
        ({"filters": 0}, ValueError, "expected filters of at least 1, received 0"),
        ({"filters": True}, TypeError, "whole number for filters, received True"),
        ({"kernel_size": 15}, ValueError, "received a kernel of 15 on an input of 14 along axis 0"),
        ({"kernel_size": 17, "padding": 1}, ValueError, "kernel of 17 on an input of 14, 16 with its padding,"),
        ({"kernel_size": (5, 8), "dilation": 2}, ValueError, "kernel of 8 that reaches over 15 .* along axis 1"),
        ({"kernel_size": (5, 5, 5)}, ValueError, r"one number or 2, one an axis, received \(5, 5, 5\)"),
        ({"kernel_size": -3}, ValueError, "kernel_size of at least 1, received -3"),
        ({"stride": 0}, ValueError, "stride of at least 1, received 0"),
        ({"dilation": 0}, ValueError, "dilation of at least 1"),
        ({"padding": -1}, ValueError, "padding of at least 0, received -1"),
        ({"padding": "sme"}, ValueError, "did you mean 'same'"),
        ({"groups": 2}, ValueError, "divide the 3 channels of the input, received 2"),
        ({"groups": 3}, ValueError, "divide the 16 filters, received 3"),
    ],
)
def test_bad_numbers_are_refused_by_name(arguments, error, message):
    for function in (output_shape, multiplications):
        with pytest.raises(error, match=message):
            function(**{"input_shape": (14, 14, 3), "filters": 16, "kernel_size": 5, **arguments})


@pytest.mark.parametrize(
    ("kernel", "message"),
    [((3, 3, 3, 2), "kernel of 1 sizes, channels and filters"), ((3, 2, 2), "for 3 channels, .*received shape")],
)
def test_kernels_that_do_not_fit_are_refused(kernel, message):
    with pytest.raises(ValueError, match=message):
        convolve(np.zeros((9, 3)), np.zeros(kernel))


def test_biases_and_inputs_that_do_not_fit_are_refused():
    """9 cells and 3 give 7 positions: 7 biases, one a position, would be added in silence."""
    for bias in (np.zeros((7, 1)), np.zeros(3)):
        with pytest.raises(ValueError, match="expected a bias of one number or 2, one a filter, received shape"):
            convolve(np.zeros((9, 3)), np.zeros((3, 3, 2)), bias)
    with pytest.raises(ValueError, match="expected 1, 2 or 3 spatial sizes and then the channels"):
        convolve(5.0, np.zeros((3, 3, 2)))


def test_arithmetic_needs_no_tensorflow():
    code = "import sys; from keras_apps import dimensions; dimensions.output_shape((9, 1), 1, 3)"
    code += "; print('tensorflow' in sys.modules or 'keras' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "False\n"
