"""A 2-D network made 3-D or 1-D answers as before: films that stand still, pictures constant along an axis."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers

from keras_apps import backbones, dimensions, faces
from keras_apps.dimensions import convert

L = layers


def randomized(model, seed=0):
    """Give every weight a random value, moving averages too, so that nothing is right by being 0 or 1."""
    draw = np.random.default_rng(seed)
    for variable in model.weights:
        value = draw.standard_normal(variable.shape) * (0.5 / max(1, np.prod(variable.shape[:-1])) ** 0.5)
        if "variance" in variable.path or "gamma" in variable.path:
            value = draw.uniform(0.5, 1.5, variable.shape)
        variable.assign(value.astype(np.float32) if variable.dtype == "float32" else value.astype(variable.dtype))
    return model


def picture(shape, seed=1):
    return np.random.default_rng(seed).uniform(0, 1, (2, *shape)).astype(np.float32)


def film(pictures, steps):
    return np.repeat(pictures[:, None], steps, axis=1)


def close(received, expected):
    """Equal within 1e-5 of the largest value."""
    received, expected = np.asarray(received), np.asarray(expected)
    assert received.shape == expected.shape
    assert np.abs(received - expected).max() <= 1e-5 * max(np.abs(expected).max(), 1e-3)


def functional(shape, build):
    x = keras.Input(shape)
    keras.utils.set_random_seed(0)
    return randomized(keras.Model(x, build(x)))


def branches(x):
    """Two branches, concatenated; a residual sum; a squeeze-and-excitation gate; an operation of keras.ops."""
    a = L.Conv2D(4, 3, padding="same", activation="relu")(x)
    b = L.MaxPooling2D(3, 1, padding="same")(L.Conv2D(3, 1)(x))
    c = L.Concatenate(axis=3)([a, b])
    d = L.Add()([L.BatchNormalization(axis=3)(L.Conv2D(7, (1, 3), padding="same")(c)), c])
    gate = L.Reshape((1, 1, 7))(L.GlobalAveragePooling2D()(d))
    return L.Multiply()([d, L.Conv2D(7, 1, activation="sigmoid")(gate)]) * 2.0 + d


def shared(x):
    """One nested model and one layer used twice."""
    inner = keras.Sequential([keras.Input((None, None, 3)), L.Conv2D(3, 3, padding="same"), L.ReLU()], name="inner")
    conv = L.Conv2D(3, 3, padding="same", dilation_rate=2)
    return L.Subtract()([conv(inner(x)), inner(conv(x), training=False)])


def down_and_up(x):
    """A U-Net: strides, skip, transposed convolution, upsampling, cropping."""
    a = L.Conv2D(4, 3, padding="same", activation="relu")(x)
    b = L.Conv2D(5, 3, strides=2, padding="same", activation="relu")(a)
    up = L.Conv2DTranspose(4, 3, strides=2, padding="same")(b)
    other = L.UpSampling2D(2)(L.AveragePooling2D(2)(a))
    return L.Concatenate()([a, up, other])


def depthwise(x):
    y = L.DepthwiseConv2D(3, depth_multiplier=2, padding="same", activation="relu")(x)
    y = L.SeparableConv2D(6, 3, padding="same", activation="relu", depth_multiplier=2)(y)
    return L.Conv2D(4, 3, padding="same", groups=2)(y)


def padded(x):
    """AlexNet's way: zeros by a layer, then a 'valid' window; and a PReLU, a spatial dropout, a rescaling."""
    y = L.Rescaling([1.0, 2.0, 3.0], [0.0, -1.0, 0.5])(x)
    y = L.PReLU(shared_axes=[1, 2])(L.Conv2D(4, 5)(L.ZeroPadding2D(2)(y)))
    y = L.SpatialDropout2D(0.5)(L.MaxPooling2D(3, 2)(L.ZeroPadding2D(((1, 0), (1, 0)))(y)))
    return L.LayerNormalization()(L.Cropping2D(((0, 1), (1, 0)))(L.LeakyReLU()(y)))


NETWORKS = {build.__name__: build for build in (branches, shared, down_and_up, depthwise, padded)}


@pytest.mark.parametrize("how", ["inflate", "center"])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_film_that_stands_still_is_answered_as_its_picture(name, how):
    """With repeated borders every step of the film, the first and the last too, is the 2-D network's answer."""
    model = functional((12, 10, 3), NETWORKS[name])
    pictures = picture((12, 10, 3))
    still = convert(model, 3, how, borders="repeat", length=8, time_stride="own")
    answers, expected = still(film(pictures, 8)), model(pictures)
    assert len(answers.shape) == 5
    for step in range(answers.shape[1]):
        close(answers[:, step], expected)


def test_with_zeros_around_it_the_interior_is():
    """Three 3x3 convolutions, 'same': zeros reach 3 steps from each end; of 9 steps 3, 4 and 5 see none of them."""
    model = functional((8, 8, 2), lambda x: L.Conv2D(3, 3, padding="same")(twice(x)))
    pictures = picture((8, 8, 2))
    answers = np.asarray(convert(model, 3)(film(pictures, 9)))
    for step in (3, 4, 5):
        close(answers[:, step], model(pictures))
    assert np.abs(answers[:, 2] - answers[:, 4]).max() > 1e-3  # and only these
    assert np.abs(answers[:, 6] - answers[:, 4]).max() > 1e-3


def twice(x):
    return L.Conv2D(3, 3, padding="same", activation="relu")(L.Conv2D(4, 3, padding="same", activation="relu")(x))


def test_valid_windows_are_exact_at_every_step():
    """9 steps, minus 2 for each of two valid 3x3x3, are 5: all of them exact, and a head behind them too."""
    build = lambda x: L.Conv2D(3, 3)(L.Conv2D(4, 3, activation="relu")(x))  # noqa: E731
    model = functional((8, 7, 2), build)
    pictures = picture((8, 7, 2))
    answers = convert(model, 3)(film(pictures, 9))
    assert answers.shape == (2, 5, 4, 3, 3)
    for step in range(5):
        close(answers[:, step], model(pictures))
    for head in (
        lambda x: L.Dense(6)(L.GlobalAveragePooling2D()(build(x))),
        lambda x: L.Dense(6)(L.GlobalMaxPooling2D()(build(x))),
        lambda x: L.Dense(6)(L.Dropout(0.3)(L.Flatten()(build(x)))),
        lambda x: L.Dense(6)(L.Reshape((-1,))(build(x))),
        lambda x: L.Dense(6)(
            L.Concatenate()([L.Flatten()(build(x)), L.GlobalMaxPooling2D()(x), L.Flatten()(build(x))])
        ),
        lambda x: keras.Sequential([keras.Input((36,)), L.Dense(6)])(L.Flatten()(build(x))),
    ):
        model = functional((8, 7, 2), head)
        for how in ("inflate", "center"):
            close(convert(model, 3, how, length=9)(film(pictures, 9)), model(pictures))


def test_kept_steps_of_the_centered_network_are_answered_one_by_one():
    """Any film: each of its steps as the 2-D network answers it, whatever stands before and after."""
    model = functional((12, 10, 3), down_and_up)
    moving = np.random.default_rng(2).uniform(0, 1, (2, 5, 12, 10, 3)).astype(np.float32)
    answers = convert(model, 3, "center", time_stride="keep")(moving)
    for step in range(5):
        close(answers[:, step], model(moving[:, step]))


def test_the_paper_spares_two_max_poolings():
    """16 steps; the first two max-poolings keep them, the third halves them, as does a convolution of stride 2."""
    build = lambda x: L.Conv2D(2, 3, strides=2, padding="same")(pools(x))  # noqa: E731
    model = functional((32, 32, 2), build)
    lengths = {choice: convert(model, 3, length=16, time_stride=choice).output_shape[1] for choice in ("own", "keep")}
    assert convert(model, 3, length=16).output_shape == (None, 4, 2, 2, 2)
    assert lengths == {"own": 1, "keep": 16}
    names = [layer.name for layer in model.layers if isinstance(layer, L.MaxPooling2D)]
    chosen = convert(model, 3, length=16, time_stride={names[0]: 1})
    assert chosen.output_shape[1] == 2
    assert chosen.get_layer(names[0]).pool_size == (1, 2, 2)


def test_a_pooling_that_a_branch_passes_by_is_not_spared():
    """Xception's blocks: a shortcut of stride 2 beside a pooling; both halve 16 steps. The pooling after is spared."""

    def build(x):
        pooled = L.MaxPooling2D(3, 2, padding="same", name="beside")(L.Conv2D(4, 3, padding="same")(x))
        y = L.Add()([pooled, L.Conv2D(4, 1, strides=2)(x)])
        inner = keras.Sequential([keras.Input((None, None, 4)), L.MaxPooling2D(2, name="after")], name="inner")
        return inner(y)

    model = functional((16, 16, 2), build)
    deep = convert(model, 3, borders="repeat")
    assert deep.get_layer("beside").strides == (2, 2, 2)
    assert deep.get_layer("inner").get_layer("after").strides == (1, 2, 2)
    pictures = picture((16, 16, 2))
    answers = deep(film(pictures, 16))
    assert answers.shape[1] == 8
    for step in range(8):
        close(answers[:, step], model(pictures))


def pools(x):
    for _ in range(3):
        x = L.MaxPooling2D(2)(x)
    return x


def test_depth_may_be_chosen():
    model = functional((8, 8, 2), lambda x: L.Conv2D(3, 1, name="one")(L.Conv2D(2, 3, name="three")(x)))
    assert convert(model, 3).get_layer("three").kernel_size == (3, 3, 3)
    assert convert(model, 3, depth=5).get_layer("three").kernel_size == (5, 3, 3)
    assert convert(model, 3, depth=5).get_layer("one").kernel_size == (1, 1, 1)
    assert convert(model, 3, depth={"one": 2}).get_layer("one").kernel_size == (2, 1, 1)


@pytest.mark.parametrize("depth", [None, 1, 2])
def test_padding_follows_the_depth(depth):
    """Zeros of 2 around a 5x5 keep the size; around a 1x5x5 or 2x5x5 there are 0 at the film's ends."""
    model = functional((8, 8, 3), lambda x: L.Conv2D(4, 5)(L.ZeroPadding2D(2)(x)))
    deep = convert(model, 3, depth=depth, length=7)
    assert deep.output_shape == (None, {None: 7, 1: 7, 2: 6}[depth], 8, 8, 4)
    close(deep(film(picture((8, 8, 3)), 7))[:, 3], model(picture((8, 8, 3))))


def constant(shape, over):
    """Pictures that do not change along an axis, and one line of them."""
    kept = shape[0] if over == "width" else shape[1]
    lines = np.random.default_rng(3).uniform(0, 1, (2, kept, shape[2])).astype(np.float32)
    axis = 2 if over == "width" else 1
    return np.repeat(np.expand_dims(lines, axis), shape[axis - 1], axis=axis), lines


@pytest.mark.parametrize("over", ["width", "height"])
def test_a_picture_constant_along_an_axis_is_answered_as_its_line(over):
    """Valid along the axis that goes: equal all along it, with strides, dilation, pooling and heads."""

    def build(x):
        y = L.BatchNormalization()(L.Conv2D(4, (3, 2), activation="relu", name="conv")(x))
        y = L.Conv2D(4, 3, strides=2)(y)
        z = L.DepthwiseConv2D(3)(L.Conv2D(4, 3, dilation_rate=2)(y))
        return L.Concatenate()([z, L.SeparableConv2D(3, (3, 3))(L.MaxPooling2D(5, 1)(y))])

    shape = (26, 30, 2)
    pictures, lines = constant(shape, over)
    for head in (lambda x: x, lambda x: L.Dense(3)(L.Flatten()(x)), lambda x: L.Dense(3)(L.GlobalMaxPooling2D()(x))):
        model = functional(shape, lambda x, head=head: head(build(x)))
        answers, expected = convert(model, 1, over=over)(lines), np.asarray(model(pictures))
        if expected.ndim == 2:
            close(answers, expected)
        else:
            for place in range(expected.shape[2 if over == "width" else 1]):
                close(answers, expected[:, :, place] if over == "width" else expected[:, place])


@pytest.mark.parametrize("name", ["branches", "shared", "depthwise"])
def test_with_zeros_beside_it_the_middle_of_the_picture_is(name):
    """'same' along the axis that goes: the 2-D network's own answer bends at most 6 pixels from the border."""
    build = NETWORKS[name] if name != "branches" else lambda x: L.Add()([twice(x), L.Conv2D(3, 3, padding="same")(x)])
    model = functional((9, 20, 3), build)
    pictures, lines = constant((9, 20, 3), "width")
    answers, expected = convert(model, 1)(lines), np.asarray(model(pictures))
    for place in range(6, 14):
        close(answers, expected[:, :, place])
    assert np.abs(expected[:, :, 0] - expected[:, :, 10]).max() > 1e-3


def test_paddings_and_croppings_of_a_line():
    """The pads of 2 and (1, 0) and the crop of (0, 1) along the line stay, those across go: 12 -> 12 -> 6 -> 5."""
    model = functional((12, 40, 3), padded)
    pictures, lines = constant((12, 40, 3), "width")
    answers, expected = convert(model, 1)(lines), np.asarray(model(pictures))
    assert answers.shape == (2, 5, 4)
    close(answers, expected[:, :, expected.shape[2] // 2])
    assert np.abs(expected[:, :, 0] - expected[:, :, expected.shape[2] // 2]).max() > 1e-3


def test_a_network_that_grows_again_becomes_1d():
    """Pooling, transposed convolution and upsampling halve and double the line: 12 -> 6 -> 12."""
    model = functional((12, 10, 3), down_and_up)
    assert convert(model, 1).output_shape == (None, 12, 12)
    assert np.isfinite(convert(model, 1)(picture((12, 3)))).all()


def test_pictures_one_pixel_wide_are_answered_by_the_centered_1d_network():
    model = functional((12, 1, 3), twice)
    lines = picture((12, 3))
    close(convert(model, 1, "center")(lines), np.asarray(model(lines[:, :, None]))[:, :, 0])


def test_transposed_convolutions_keep_their_mean_in_1d():
    """Stride 2 across writes an odd and an even column; the 1-D network has their mean."""
    model = functional((8, 8, 2), lambda x: L.Conv2DTranspose(3, 4, strides=2, padding="same")(x))
    pictures, lines = constant((8, 8, 2), "width")
    expected = np.asarray(model(pictures))[:, :, 4:12]
    close(convert(model, 1)(lines), expected.mean(axis=2))


@pytest.mark.parametrize("rank", [1, 3])
def test_the_face_tower_is_converted_and_saved(rank, tmp_path):
    tower = randomized(faces.build_tower("small", size=16, encoding=8))
    new = convert(tower, rank, **({"length": 16, "borders": "repeat", "time_stride": "own"} if rank == 3 else {}))
    new.save(tmp_path / "new.keras")
    again = keras.saving.load_model(tmp_path / "new.keras", safe_mode=True)
    if rank == 3:
        samples = film(picture((16, 16, 3)) * 255, 16)
        close(again(samples), tower(samples[:, 0]))
    else:
        samples = picture((16, 3)) * 255
    np.testing.assert_array_equal(again(samples), new(samples))
    assert new.name == f"small_{rank}d"


@pytest.mark.slow
def test_another_process_loads_what_was_saved(tmp_path):
    """Keras finds `RepeatBorder` by its module once the package is imported, be it none of its parts."""
    model = convert(functional((8, 8, 3), twice), 3, borders="repeat")
    model.save(tmp_path / "film.keras")
    code = f"import keras, keras_apps; print(keras.saving.load_model({str(tmp_path / 'film.keras')!r}).output_shape)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.splitlines()[-1:] == ["(None, None, 8, 8, 3)"], answer.stderr[-1500:]


def test_dlib_s_tower_answers_each_step_of_a_film():
    """dlib's ResNet: its shortcuts fill up with zeros where lengths differ, and with kept steps none does."""
    tower = faces.build_tower("resnet128", size=103, encoding=4)
    deep = convert(tower, 3, "center", length=2, time_stride="keep", depth=1)
    pictures = picture((103, 103, 3)) * 255
    close(deep(film(pictures, 2)), tower(pictures))


def test_inputs_by_name_vectors_and_outputs_by_name():
    a, b = keras.Input((8, 8, 1), name="a"), keras.Input((3,), name="b")
    y = L.Concatenate()([L.GlobalMaxPooling2D()(L.Conv2D(4, 3)(a)), L.Dense(2)(b)])
    model = randomized(keras.Model({"a": a, "b": b}, {"out": L.Dense(2)(y), "features": y}))
    deep = convert(model, 3, input_shape={"a": (5, 8, 8, 1)})
    pictures, vectors = picture((8, 8, 1)), picture((3,))
    answers = deep({"a": film(pictures, 5), "b": vectors})
    expected = model({"a": pictures, "b": vectors})
    assert sorted(answers) == ["features", "out"]
    close(answers["out"], expected["out"])


def test_frozen_layers_stay_frozen_and_shared_ones_shared():
    model = functional((8, 8, 3), shared)
    model.layers[1].trainable = False
    deep = convert(model, 3)
    assert len(deep.weights) == len(model.weights)
    assert len(deep.trainable_weights) == len(model.trainable_weights)
    model.trainable = False
    assert not convert(model, 1).trainable_weights


def test_the_converted_network_learns():
    model = functional((8, 8, 1), lambda x: L.Dense(1)(L.GlobalAveragePooling2D()(depthwise(x))))
    deep = convert(model, 3)
    deep.compile("sgd", "mse", jit_compile=False)
    films, targets = np.random.default_rng(0).standard_normal((4, 4, 8, 8, 1)), np.arange(4.0)[:, None]
    losses = [deep.train_on_batch(films, targets) for _ in range(8)]
    assert losses[-1] < losses[0]


def test_the_whole_of_vgg16_at_every_step():
    """The bundled weights, all layers: 13 convolutions of 3x3x3, whose borders repeat the first and last step."""
    model = backbones.load("vgg16")
    pictures = picture((32, 32, 3))[:1]
    answers, expected = convert(model, 3, length=8, borders="repeat")(film(pictures, 8)), model(pictures)
    assert answers["block2_pool"].shape[1] == 8  # the first two poolings keep the steps
    assert answers["block5_pool"].shape[1] == 1
    for layer in backbones.layer_names("vgg16"):
        for step in range(answers[layer].shape[1]):
            close(answers[layer][:, step], expected[layer])


def test_alexnet_s_interior():
    """67 steps, padded by 2: conv1 (11, stride 4) has 16, of which the first and the last see zeros.

    pool1 keeps the steps; conv2 (5, padded by 2) sees 2 to each side: steps 3 to 12 are clean.
    """
    model = backbones.load("alexnet", ["conv2"])
    pictures = picture((67, 67, 3))[:1]
    answers = convert(model, 3)(film(pictures, 67))["conv2"]
    assert answers.shape[1] == 16
    for step in range(3, 13):
        close(answers[:, step], model(pictures)["conv2"])


def test_alexnet_s_interior_in_1d():
    """131 columns, padded by 2: conv1 has 32, the outer two see zeros; pool1 (3, stride 2) 15, of which the first does.

    conv2 sees 2 to each side: columns 3 to 12 are clean. All columns are alike there, and as the line's answer.
    """
    model = backbones.load("alexnet", ["conv2"])
    pictures, lines = constant((67, 131, 3), "width")
    answers, expected = convert(model, 1)(lines)["conv2"], model(pictures)["conv2"]
    assert expected.shape[2] == 15
    for place in range(3, 13):
        close(answers, expected[:, :, place])


def refused(build, shape=(8, 8, 3)):
    return keras.Model(x := keras.Input(shape), build(x))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda x: L.Permute((2, 1, 3), name="turn")(x), "'turn' .Permute.: no rule is known"),
        (lambda x: L.Lambda(lambda y: y, name="own")(x), "'own' .Lambda.: a function"),
        (lambda x: L.UpSampling2D(interpolation="bilinear", name="up")(x), "'up' .UpSampling2D.: .*bilinear"),
        (lambda x: L.BatchNormalization(axis=1, name="norm")(x), "'norm' .BatchNormalization.: .*spatial axis"),
        (lambda x: L.Reshape((16, 12), name="shape")(x), r"'shape' .Reshape.: its target shape \(16, 12\) is fixed"),
        (lambda x: L.PReLU(name="slopes")(x), "'slopes' .PReLU.: it has a slope for each position"),
        (lambda x: keras.ops.transpose(x, (0, 2, 1, 3)), "'transpose.*' .Transpose.: an operation"),
        (lambda x: L.BatchNormalization(name="bn")(L.Flatten()(x)), "'bn' .BatchNormalization.: .*each position"),
        (lambda x: L.Add(name="sum")([f := L.Flatten()(x), L.Dense(192)(f)]), "'sum' .Add.: it joins a flattened map"),
        (lambda x: keras.Sequential([keras.Input((8, 8, 3)), L.Permute((2, 1, 3), name="in")])(x), "'in' .Permute."),
    ],
)
def test_layers_that_cannot_be_converted_are_named(build, message):
    with pytest.raises(ValueError, match=f"expected layers that have a 3-D counterpart, received .*{message}"):
        convert(refused(build), 3, length=4)


def test_places_need_a_length():
    with pytest.raises(ValueError, match="'flat' .Flatten.: it needs a size that is known: give length"):
        convert(refused(lambda x: L.Dense(2)(L.Flatten(name="flat")(x))), 3)


def test_all_of_them_are_named_at_once():
    model = refused(lambda x: L.Permute((2, 1, 3), name="second")(L.UpSampling2D(2, None, "bilinear", name="first")(x)))
    with pytest.raises(ValueError, match="'first' .*; 'second' "):
        convert(model, 1)


def test_an_axis_that_goes_cannot_be_joined_along():
    model = refused(lambda x: L.Concatenate(axis=2, name="beside")([x, x]))
    with pytest.raises(ValueError, match="'beside' .Concatenate.: it works along axis 2, which goes"):
        convert(model, 1)
    assert convert(model, 1, over="height").output_shape == (None, 16, 3)
    assert convert(model, 3).output_shape == (None, None, 8, 16, 3)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"rank": 2}, ValueError, "rank of 1 or 3, received 2"),
        ({"rank": 4}, ValueError, "rank of 1, 2 or 3, received 4"),
        ({"rank": 3, "how": "inflat"}, ValueError, "did you mean 'inflate'"),
        ({"rank": 1, "how": "inflate"}, ValueError, "way to rank 1 among sum, center, received 'inflate'"),
        ({"rank": 3, "length": 0}, ValueError, "length of at least 1, received 0"),
        ({"rank": 3, "length": 2}, ValueError, "'conv' .Conv2D.: its window spans 3 steps and its input has 2"),
        ({"rank": 3, "depth": 0}, ValueError, "depth of at least 1"),
        ({"rank": 3, "depth": {"cnv": 3}}, ValueError, "expected a layer among .*; did you mean 'conv'"),
        ({"rank": 3, "time_stride": {"conv": 0}}, ValueError, "time_stride of at least 1"),
        ({"rank": 3, "input_shape": 5}, TypeError, "expected input_shape .* received 5"),
        ({"rank": 3, "input_shape": {"nope": (4, 8, 8, 3)}}, ValueError, "expected an input among"),
        ({"rank": 3, "time_stride": "papr"}, ValueError, "did you mean 'paper'"),
        ({"rank": 3, "borders": "mirror"}, ValueError, "kind of borders among zeros, repeat"),
        ({"rank": 3, "over": "height"}, ValueError, "expected over for rank 1 alone, received it for 3"),
        ({"rank": 1, "depth": 3}, ValueError, "expected depth for rank 3 alone, received it for 1"),
        ({"rank": 1, "borders": "repeat"}, ValueError, "expected borders for rank 3 alone"),
        ({"rank": 1, "over": "depth"}, ValueError, "picture axis among height, width"),
        (
            {"rank": 3, "input_shape": (8, 8, 3)},
            ValueError,
            r"3 spatial sizes and then 3 channels .*received \(8, 8, 3\)",
        ),
        ({"rank": 1, "input_shape": (8, 4)}, ValueError, r"1 spatial sizes and then 3 channels .*received \(8, 4\)"),
    ],
)
def test_bad_wishes_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        convert(refused(lambda x: L.Conv2D(2, 3, name="conv")(x)), **arguments)


def test_what_is_no_picture_network_is_refused():
    with pytest.raises(TypeError, match="expected a Keras model, received str"):
        convert("vgg16", 3)
    with pytest.raises(ValueError, match=r"network of pictures .* received inputs \(None, 4\)"):
        convert(keras.Sequential([keras.Input((4,)), L.Dense(2)]), 3)
    films = keras.Sequential([keras.Input((4, 8, 8, 3)), L.Conv3D(2, 3)])
    with pytest.raises(ValueError, match=r"network of pictures .* received inputs \(None, 4, 8, 8, 3\)"):
        convert(films, 3)
    tower = refused(lambda x: L.Dense(2)(L.Flatten()(x)))
    with pytest.raises(ValueError, match="received a TripletModel, .*its .tower may be one"):
        convert(faces.TripletModel(tower), 3)
    with pytest.raises(ValueError, match="expected a built network"):
        convert(keras.Sequential([L.Conv2D(2, 3)]), 3)
    with pytest.raises(AttributeError, match="nonsense"):
        dimensions.nonsense  # noqa: B018
