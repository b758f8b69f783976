"""Receptive fields by hand, and against where the gradient of a unit is not zero.

The slow oracle: every kernel is made positive and its inputs are positive, so that no ReLU cuts a path and nothing
cancels, and max pooling, which hands its gradient to one position alone, becomes average pooling with the same windows.
Then a unit's gradient is above zero exactly at the pixels that it sees.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_apps import backbones, faces, visualize
from keras_apps.visualize.graph import layer_output


def positive_copy(model):
    """Copy a model with average for max pooling and positive weights of mean 1 / inputs, so that values stay near 1."""
    rng = np.random.default_rng(3)

    def cloned(layer):
        name = type(layer).__name__
        if name.startswith("MaxPooling"):
            return getattr(layers, name.replace("Max", "Average")).from_config(layer.get_config())
        return layer.__class__.from_config(layer.get_config())

    copy = keras.models.clone_model(model, clone_function=cloned)
    for variable in copy.weights:
        kind = variable.name.split("_")[-1]
        shape = variable.shape
        if kind == "kernel":
            inputs = np.prod(shape[:-1])
            variable.assign(rng.uniform(0.5, 1.5, shape) / inputs)
        elif kind in ("bias", "beta", "mean"):
            variable.assign(np.zeros(shape))
        elif kind in ("gamma", "variance"):
            variable.assign(np.ones(shape))
    return copy


def seen_by_gradient(model, layer, unit, size):
    """Return `(start, stop)` of the pixels where the gradient of a unit, all its channels together, is not zero."""
    network = keras.Model(model.inputs[0], layer_output(model, layer))
    shape = (1, *size, model.inputs[0].shape[-1])
    pictures = tf.constant(np.random.default_rng(4).uniform(1000, 2000, shape).astype(np.float32))
    with tf.GradientTape() as tape:
        tape.watch(pictures)
        value = tf.reduce_sum(network(pictures, training=False)[(0, *unit)])
    gradient = np.abs(tape.gradient(value, pictures).numpy()[0].astype(np.float64))
    found = []
    for axis in range(len(size)):
        others = tuple(a for a in range(gradient.ndim) if a != axis)
        places = np.flatnonzero(gradient.sum(axis=others))
        if not places.size:
            return None
        found.append((int(places[0]), int(places[-1]) + 1))
    return tuple(found)


def check(model, layer, size, units):
    """Compare with the oracle at some units; return the field, and how many units were away from the border."""
    copy = positive_copy(model)
    found = visualize.receptive_field(model, layer, input_size=size)
    assert found.input_size == tuple(size)
    inside = 0
    for unit in units:
        box, whole = found.box(*unit, clipped=True), found.box(*unit)
        exact = visualize.seen_box(model, layer, unit, input_size=size)
        assert seen_by_gradient(copy, layer, unit, size) == exact, (unit, whole)
        if box == whole:
            inside += 1
            assert exact == box or (exact is None and any(start == stop for start, stop in box))
        else:
            assert exact is None or all(a <= b and d <= c for (a, c), (b, d) in zip(box, exact, strict=True)), unit
    return found, inside


def graph(shape, build):
    pictures = keras.Input(shape)
    return keras.Model(pictures, build(pictures))


def test_two_convolutions_of_three_see_five():
    """The second sees 3 positions of the first, which see 3 each and overlap: 3 + 2 = 5, from -2 with zeros around."""
    model = keras.Sequential([keras.Input((16, 16, 3))])
    for _ in range(3):
        model.add(layers.Conv2D(2, 3, padding="same"))
    names = [layer.name for layer in model.layers]
    fields = [visualize.receptive_field(model, name) for name in names]
    assert [f.size for f in fields] == [(3, 3), (5, 5), (7, 7)]
    assert [f.offset for f in fields] == [(-1, -1), (-2, -2), (-3, -3)]
    assert fields[1].stride == (1, 1) and fields[1].units == (16, 16)
    assert fields[1].box(0, 8) == ((-2, 3), (6, 11)) and fields[1].box(0, 8, clipped=True) == ((0, 3), (6, 11))


def test_alexnet_by_hand():
    """size += (kernel - 1) jump; jump *= stride; the offset falls by padding x jump.

    conv1 11/4, padding 2: 11, jump 4, offset -2. pool1 3/2: 11 + 2 x 4 = 19, jump 8. conv2 5, padding 2:
    19 + 4 x 8 = 51, offset -2 - 16 = -18. pool2 3/2: 51 + 16 = 67, jump 16. conv3, 4, 5: 3, padding 1: 67 + 32 = 99,
    131, 163; offsets -34, -50, -66. pool5: 163 + 32 = 195.
    """
    model = backbones.build("alexnet", backbones.layer_names("alexnet"))
    fields = [visualize.receptive_field(model, layer) for layer in backbones.layer_names("alexnet")]
    assert [f.size[0] for f in fields] == [11, 19, 51, 67, 99, 131, 163, 195]
    assert [f.stride[0] for f in fields] == [4, 8, 8, 16, 16, 16, 16, 32]
    assert [f.offset[0] for f in fields] == [-2, -2, -18, -18, -34, -50, -66, -66]
    assert all(f.size[0] == f.size[1] and f.units == (None, None) for f in fields)


def test_vgg16_by_hand():
    """Each 3x3 adds 2 x jump, each 2x2 pooling 1 x jump and doubles it.

    Block 1: 3, 5, pool 6; block 2 (jump 2): 10, 14, pool 16; block 3 (4): 24, 32, 40, pool 44; block 4 (8): 60, 76,
    92, pool 100; block 5 (16): 132, 164, 196, pool 212.
    """
    model = backbones.build("vgg16", backbones.layer_names("vgg16"))
    sizes = [visualize.receptive_field(model, layer).size[0] for layer in backbones.layer_names("vgg16")]
    assert sizes == [3, 5, 6, 10, 14, 16, 24, 32, 40, 44, 60, 76, 92, 100, 132, 164, 196, 212]


def test_same_padding_with_strides_depends_on_the_inputs_size():
    """3/2 'same': 8 pixels give 4 units; 3 x 2 + 3 - 8 = 1 zero, put after: offset 0. Of 9: 5 units, 2 zeros: -1."""
    model = graph((None, None, 1), lambda x: layers.Conv2D(1, 3, 2, padding="same", name="conv")(x))
    assert visualize.receptive_field(model, "conv", input_size=(8, 9)).offset == (0, -1)
    with pytest.raises(ValueError, match="expected input_size, since the padding of 'conv' .'same' with stride 2.*any"):
        visualize.receptive_field(model, "conv")


def test_upsampling_alternates():
    """Doubled positions, then 3 of them: unit 0 sees doubled -1, 0, 1, that is -1 and 0; unit 1 sees 0, 1, 2: 0, 1.

    Two units move by one position, so that unit 2 sees what unit 0 does, one further.
    """
    model = graph((8, 1), lambda x: layers.Conv1D(1, 3, padding="same", name="conv")(layers.UpSampling1D(2)(x)))
    found = visualize.receptive_field(model, "conv")
    assert [found.box(i) for i in range(4)] == [((-1, 1),), ((0, 2),), ((0, 2),), ((1, 3),)]
    assert found.size == (2,) and found.stride == (0.5,) and found.units == (16,)


def test_layers_without_axes_see_the_whole_input():
    """A valid 3/2 convolution of 10 pixels has units 0..3, the last of which ends with pixel 8: pixel 9 is not seen."""
    x = keras.Input((10, 11, 1))
    y = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3, 2)(x))
    model = keras.Model(x, layers.Dense(3, name="answer")(y))
    found = visualize.receptive_field(model, "answer")
    assert found.box() == ((0, 9), (0, 11)) and found.units == () and found.stride == (0, 0)
    assert seen_by_gradient(positive_copy(model), "answer", (), (10, 11)) == found.box()


def residual(x):
    y = layers.Conv2D(2, 3, padding="same", use_bias=False)(layers.Conv2D(2, 3, 2, padding="same")(x))
    shortcut = layers.Conv2D(2, 1, 2)(x)
    return layers.ReLU(name="last")(layers.Add()([layers.BatchNormalization()(y), shortcut]) * 2.0 + 1.0)


def several_kernels(x):
    x = layers.Conv2D(2, 3, 2)(x)
    branches = [layers.Conv2D(2, k, padding="same")(x) for k in (1, 3, 5)]
    pooled = layers.MaxPooling2D(4, 1, padding="same")(x)
    return layers.Concatenate(name="last")([*branches, pooled])


def padded_and_cropped(x):
    x = layers.ZeroPadding2D(((3, 1), (0, 2)))(x)
    x = layers.SeparableConv2D(2, (3, 2), padding="valid")(layers.DepthwiseConv2D((2, 5), 2)(x))
    return layers.Cropping2D(((1, 0), (0, 1)), name="last")(x)


def hourglass(x):
    down = layers.Conv2D(2, 3, 2, padding="same")(x)
    up = layers.Conv2DTranspose(2, 3, 2, padding="same")(layers.Conv2D(2, 3, padding="same")(down))
    return layers.Conv2D(2, 3, padding="same", name="last")(layers.Concatenate()([x, up]))


def interpolated(x):
    x = layers.UpSampling2D((2, 3), interpolation="bilinear")(layers.AveragePooling2D(2)(x))
    return layers.Conv2D(1, 2, name="last")(x)


def transposed(x):
    x = layers.Conv2DTranspose(2, (5, 3), (3, 2), padding="same", output_padding=(1, 0))(x)
    return layers.Conv2DTranspose(1, (2, 3), (3, 1), name="last")(x)


def dilated(x):
    x = layers.Conv2D(2, 3, dilation_rate=2, padding="same")(x)
    return layers.Conv2D(2, 3, dilation_rate=(4, 3), padding="same", name="last")(x)


def even_kernels(x):
    x = layers.Conv2D(2, (4, 2), padding="same")(x)
    return layers.AveragePooling2D((1, 4), 1, padding="same", name="last")(x)


def signal(x):
    x = layers.Conv1D(2, 5, 3, padding="same", activation="relu")(x)
    return layers.MaxPooling1D(3, 2, name="last")(layers.Conv1D(2, 3, padding="causal")(x))


def signal_transposed(x):
    return layers.Conv1DTranspose(2, 4, 2, name="last")(layers.ZeroPadding1D((0, 3))(layers.Conv1D(1, 3, 2)(x)))


def volume(x):
    x = layers.MaxPooling3D((1, 2, 2))(layers.Conv3D(2, (3, 3, 1), padding="same")(x))
    return layers.UpSampling3D((1, 2, 1), name="last")(layers.Conv3D(2, 2, (2, 1, 1))(x))


@pytest.mark.parametrize(
    "build, size",
    [
        (residual, (13, 16)),
        (several_kernels, (19, 18)),
        (padded_and_cropped, (16, 19)),
        (hourglass, (16, 12)),
        (interpolated, (10, 12)),
        (transposed, (7, 8)),
        (dilated, (25, 21)),
        (even_kernels, (12, 13)),
        (signal, (40,)),
        (signal_transposed, (21,)),
        (volume, (7, 8, 6)),
    ],
)
def test_every_unit_sees_where_its_gradient_is_not_zero(build, size):
    model = graph((*size, 2), build)
    found = visualize.receptive_field(model, "last")
    rng = np.random.default_rng(0)
    units = [tuple(int(rng.integers(n)) for n in found.units) for _ in range(14)]
    corners = [tuple(0 for _ in found.units), tuple(n - 1 for n in found.units), tuple(n // 2 for n in found.units)]
    _, inside = check(model, "last", size, corners + units)
    assert inside, "no unit was away from the border"


@pytest.mark.parametrize(
    "name, layer, size, units",
    [
        ("alexnet", "conv5", (230, 200), [(0, 0), (6, 5), (12, 10)]),
        ("vgg16", "block3_pool", (64, 56), [(0, 0), (3, 3), (7, 6)]),
        ("vgg16", "block5_conv1", (176, 32), [(10, 1), (5, 0)]),
    ],
)
def test_backbones(name, layer, size, units):
    found, _ = check(backbones.build(name, [layer]), layer, size, units)
    middle = found.box(*units[1])[0]
    assert middle[0] >= 0 and middle[1] <= size[0]


@pytest.mark.parametrize(
    "name, size, deepest, layers_and_units",
    [
        ("resnet128", 150, "stage5_block1_relu", [("stage2_block1_relu", (9, 9)), ("stage5_block1_relu", (1, 0))]),
        ("small", 64, "block5_relu2", [("block2_relu2", (8, 8)), ("block5_relu2", (3, 0))]),
        ("inception", 96, "inception4e", [("inception3b", (6, 6)), ("inception4e", (0, 2))]),
    ],
)
def test_face_towers(name, size, deepest, layers_and_units):
    """The unit of the first layer lies inside, or nearly; that of the deep one sees all of the picture."""
    tower = faces.build_tower(name, size=size)
    cut = keras.Model(tower.inputs[0], layer_output(tower, deepest))
    for layer, unit in layers_and_units:
        check(cut, layer, (size, size), [unit])


def test_the_face_towers_encoding_sees_147_of_150_pixels():
    """150 -> conv1 7/2 valid 72 -> pool 3/2 35 -> 17, 8, 4, 2 by halving blocks.

    conv1's last unit, 71, begins at 142 and ends with pixel 148, so that pixel 149 is never seen; the pooling's last
    window ends with 2 x 34 + 2 = 70, which ends with pixel 146: 147 pixels.
    """
    tower = faces.build_tower()
    found = visualize.receptive_field(tower, "encoding")
    assert found.box() == ((0, 147), (0, 147))
    assert seen_by_gradient(positive_copy(tower), "encoding", (), (150, 150)) == found.box()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, size, cases",
    [
        ("ResNet50", (544, 48), [("conv3_block1_out", (10, 3), 51), ("conv5_block3_out", (8, 1), 483)]),
        ("InceptionV3", (1363, 75), [("mixed2", (13, 4), 127), ("mixed10", (20, 0), 1311)]),
    ],
)
def test_keras_applications(name, size, cases):
    """The axis that is long enough shows the whole box; 483 and 1311 are also what Araujo et al. state.

    conv3_block1 of ResNet50: 7/2 sees 7, pooling 3/2 7 + 2 x 2 = 11; three 3x3 at jump 4 add 8 each: 35; its own 1x1/2
    adds nothing and its 3x3 at jump 8 16: 51. mixed2 of InceptionV3: 3/2, 3, 3: 3 + 4 + 4 = 11; pooling 3/2: 15;
    3x3 at jump 4: 23; pooling 3/2: 31; three modules of two 3x3 at jump 8, 32 each: 127.
    """
    network = getattr(keras.applications, name)(weights=None, include_top=False, input_shape=(*size, 3))
    for layer, unit, expected in cases:
        found, _ = check(keras.Model(network.inputs[0], layer_output(network, layer)), layer, size, [unit])
        assert found.size == (expected, expected)
        assert found.box(*unit)[0][0] >= 0 and found.box(*unit)[0][1] <= size[0]


def test_squeeze_and_excitation_sees_everything():
    """A factor for each channel, taken from the mean over all places, lets every unit see every pixel."""

    def build(x):
        x = layers.Conv2D(4, 3, padding="same")(x)
        gate = layers.Reshape((1, 1, 4))(layers.GlobalAveragePooling2D()(x))
        return layers.Multiply(name="last")([x, layers.Dense(4)(gate)])

    model = graph((9, 12, 2), build)
    found = visualize.receptive_field(model, "last")
    assert found.box(4, 5) == ((0, 9), (0, 12)) == seen_by_gradient(positive_copy(model), "last", (4, 5), (9, 12))


def test_models_within_models():
    """An inner 3x3 of a 2x2 pooling of an outer 3x3: 3 + 1 + 2 x 2 = 8 pixels."""
    inner = graph((None, None, 2), lambda x: layers.Conv2D(2, 3, padding="same", name="conv")(x))
    inner.name = "inner"
    outer = graph(
        (16, 16, 3), lambda x: layers.ReLU(name="last")(inner(layers.MaxPooling2D(2)(layers.Conv2D(2, 3)(x))))
    )
    for layer in ("inner/conv", "inner", "last"):
        found = visualize.receptive_field(outer, layer)
        assert found.size == (8, 8) and found.offset == (-2, -2) and found.stride == (2, 2)
        assert seen_by_gradient(positive_copy(outer), layer, (3, 3), (16, 16)) == found.box(3, 3)


def test_wrong_names_of_layers_in_models_within_models_and_in_large_ones():
    inner = keras.Sequential([keras.Input((8, 1)), layers.Conv1D(1, 3, name="conv")], name="inner")
    outer = graph((8, 1), lambda x: layers.ReLU(name="last")(inner(x)))
    for wrong in ("conv", "inner/cov"):
        with pytest.raises(ValueError, match=f"received '{wrong}'; did you mean 'inner/conv'|received 'cov'.*'conv'"):
            visualize.receptive_field(outer, wrong)
    with pytest.raises(ValueError, match="expected a model before '/', received 'last/conv', where 'last' is a layer"):
        visualize.receptive_field(outer, "last/conv")
    large = keras.Sequential([keras.Input((8, 1)), *(layers.ReLU(name=f"relu{n}") for n in range(50))], name="large")
    with pytest.raises(ValueError, match="one of the 51 layers of 'large', received 'relu71'; did you mean 'relu7' or"):
        visualize.receptive_field(large, "relu71")


@keras.saving.register_keras_serializable("tests")
class Shifted(layers.Layer):
    def call(self, inputs):
        return tf.pad(inputs, [[0, 0], [2, 0], [0, 0], [0, 0]])[:, :-2]


def test_layers_of_ones_own_are_named_and_may_have_rules():
    model = graph((16, 16, 1), lambda x: layers.Conv2D(1, 3, name="last")(Shifted(name="mine")(x)))
    with pytest.raises(ValueError, match="received 'mine' of class Shifted; say what it sees by rules={'mine'"):
        visualize.receptive_field(model, "last")
    windows = [visualize.Window(before=2), visualize.Window()]
    for key in ("mine", "Shifted", Shifted):
        found = visualize.receptive_field(model, "last", rules={key: windows})
        assert found.box(6, 6) == ((4, 7), (6, 9)) == seen_by_gradient(model, "last", (6, 6), (16, 16))
    whole = visualize.receptive_field(model, "last", rules={"mine": visualize.WHOLE})
    assert whole.box(6, 6) == ((0, 16), (0, 16))
    with pytest.raises(ValueError, match="expected WHOLE, a Window or 2 of them as rule for 'mine', received"):
        visualize.receptive_field(model, "last", rules={"mine": windows[:1]})


def test_paths_of_different_strides_have_no_receptive_field():
    def build(x):
        return layers.Add(name="last")([layers.MaxPooling2D(2)(x), layers.Cropping2D(4)(x)])

    with pytest.raises(ValueError, match="expected paths that move together.*by [12] and [12] positions"):
        visualize.receptive_field(graph((16, 16, 1), build), "last")


def test_wrong_models_layers_and_units():
    model = keras.Sequential([keras.Input((16, 16, 3)), layers.Conv2D(1, 3, name="conv1"), layers.Flatten(name="flat")])
    find = visualize.receptive_field
    with pytest.raises(
        ValueError, match="expected a layer among .*conv1, flat, received 'conv2'; did you mean 'conv1'"
    ):
        find(model, "conv2")
    with pytest.raises(TypeError, match="expected a keras.Model, received str"):
        find("vgg16", "conv1")
    with pytest.raises(ValueError, match="received a Sequential that is not built"):
        find(keras.Sequential([layers.Conv2D(1, 3)]), "conv2d")
    with pytest.raises(ValueError, match="1 to 3 spatial axes, received one for inputs of shape .None, 4."):
        find(keras.Sequential([keras.Input((4,)), layers.Dense(2, name="dense")]), "dense")
    with pytest.raises(ValueError, match="expected the input_size .16, 16. that the model has, received .8, 8."):
        find(model, "conv1", input_size=8)
    with pytest.raises(ValueError, match="expected an input_size of 2 whole numbers of at least 1, received .0, 3."):
        find(model, "conv1", input_size=(0, 3))
    found = find(model, "conv1")
    with pytest.raises(ValueError, match="expected a unit below 14 along each axis of 'conv1', received .14, 0."):
        found.box(14, 0)
    with pytest.raises(ValueError, match="expected 2 indices for a unit of 'conv1', received .3,."):
        found.box(3)
    with pytest.raises(ValueError, match="expected 2 indices for a unit of 'conv1', received .3,."):
        visualize.seen_box(model, "conv1", 3)
    with pytest.raises(ValueError, match="expected a unit below 14 .* received .1.5, 0."):
        found.box(1.5, 0)
    with pytest.raises(ValueError, match="expected an input_size of 2 whole numbers of at least 1, received 16.0"):
        find(model, "conv1", input_size=16.0)
    a, b = keras.Input((4, 1)), keras.Input((4, 1))
    two = keras.Model([a, b], layers.Add()([a, b]))
    with pytest.raises(ValueError, match="expected a model with one input, received one with 2"):
        find(two, "conv1")
    unsized = find(graph((None, None, 1), lambda x: layers.Conv2D(1, 3, name="conv")(x)), "conv")
    with pytest.raises(ValueError, match="compute the receptive field with input_size"):
        unsized.box(0, 0, clipped=True)
    with pytest.raises(ValueError, match="expected input_size, since 'mean' sees all of its input"):
        find(graph((None, None, 1), lambda x: layers.GlobalMaxPooling2D(name="mean")(x)), "mean")
    assert find(model, model.layers[0]) == find(model, "conv1")
    named = keras.Input((4, 1), name="signal")
    assert find(keras.Model(named, layers.ReLU()(named)), "signal").size == (1,)
