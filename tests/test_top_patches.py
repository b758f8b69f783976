"""The patches that excite units most: against a slow loop, from every source of pictures, and with everything wrong."""

import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from PIL import Image

from keras_apps import backbones, images, visualize
from keras_apps.visualize.patches import streams
from keras_apps.visualize.patches.patches import GREY


@pytest.fixture(scope="module")
def model():
    """Two convolutions with a pooling between, whose deeper units see 3 + 1 + 2 x 2 = 8 pixels."""
    keras.utils.set_random_seed(2)
    pictures = keras.Input((24, 20, 3))
    x = layers.Conv2D(6, 3, padding="same", activation="relu", name="first")(pictures)
    x = layers.Conv2D(8, 3, padding="same", name="second")(layers.MaxPooling2D(2)(x))
    return keras.Model(pictures, layers.Dense(4, name="answer")(layers.GlobalAveragePooling2D()(x)))


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(5).integers(0, 256, (23, 24, 20, 3), dtype=np.uint8)


def slow_top(model, layer, unit, pictures, k):
    """The same by loops: `(value, picture, position)`, best first; of equal ones the earlier."""
    network = keras.Model(model.inputs[0], model.get_layer(layer).output)
    rows = []
    for number, picture in enumerate(pictures):
        activations = network(picture[None] / np.float32(255)).numpy()[0, ..., unit]
        best = (-np.inf, None)
        for i in range(activations.shape[0]):
            for j in range(activations.shape[1]):
                if activations[i, j] > best[0]:
                    best = (activations[i, j], (i, j))
        rows.append((best[0], number, best[1]))
    return sorted(rows, key=lambda row: -row[0])[:k]


def told(patches):
    return [(patch.picture, patch.unit, patch.box) for patch in patches]


def test_the_best_patches_are_those_of_a_slow_loop(model, pictures):
    found = visualize.top_patches(model, {"first": [0, 5], "second": [7]}, pictures, k=4, batch_size=5)
    assert found.count == 23 and found.skipped == {}
    for layer, units in found.patches.items():
        for unit, patches in units.items():
            expected = slow_top(model, layer, unit, pictures, 4)
            assert [(p.picture, p.unit) for p in patches] == [row[1:] for row in expected], (layer, unit)
            np.testing.assert_allclose([p.value for p in patches], [row[0] for row in expected], rtol=1e-4)


def test_crops_are_the_units_boxes_with_grey_beyond_the_border(model, pictures):
    found = visualize.top_patches(model, "second", pictures, k=9, units=range(8))
    padded = np.pad(pictures, ((0, 0), (8, 8), (8, 8), (0, 0)), constant_values=GREY)
    beyond = 0
    for patches in found["second"].values():
        for patch in patches:
            (y0, y1), (x0, x1) = patch.box
            assert patch.box == tuple((2 * i - 3, 2 * i + 5) for i in patch.unit)  # 2 (i - 1) - 1, and 8 of them
            np.testing.assert_array_equal(patch.image, padded[patch.picture, y0 + 8 : y1 + 8, x0 + 8 : x1 + 8])
            beyond += y0 < 0 or x0 < 0 or y1 > 24 or x1 > 20
    assert beyond, "no patch at the border"


def test_a_patch_alone_excites_its_unit_as_much(model, pictures):
    """What a unit sees is all in its patch: on a grey picture with nothing else it has the same activation."""
    found = visualize.top_patches(model, "second", pictures, k=3)
    network = keras.Model(model.inputs[0], model.get_layer("second").output)
    for channel, patches in found["second"].items():
        for patch in patches:
            (y0, y1), (x0, x1) = patch.box
            alone = np.full((40, 36, 3), GREY, np.uint8)
            alone[y0 + 8 : y1 + 8, x0 + 8 : x1 + 8] = patch.image
            value = network(alone[None, 8:32, 8:28] / np.float32(255)).numpy()[(0, *patch.unit, channel)]
            assert value == pytest.approx(patch.value, rel=1e-4)


def test_equal_activations_stand_in_the_order_of_the_pictures(model, pictures):
    same = np.stack([pictures[0]] * 7)
    found = visualize.top_patches(model, "first", same, k=3, units=[2], batch_size=2)
    assert [patch.picture for patch in found["first"][2]] == [0, 1, 2]


def test_every_source_gives_the_same(model, pictures, tmp_path):
    (tmp_path / "below").mkdir()
    for number, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / ("below" if number > 11 else ".") / f"{number:02}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    in_order = [tmp_path / f"{n:02}.png" for n in range(12)] + [
        tmp_path / "below" / f"{n:02}.png" for n in range(12, 23)
    ]
    dataset = tf.data.Dataset.from_tensor_slices((pictures, np.zeros(23)))
    sources = {
        "paths": in_order,
        "floats": pictures / 255.0,
        "generator": (Image.fromarray(picture) for picture in pictures),
        "batches": [pictures[:10], pictures[10:]],
        "dataset": dataset,
        "batched dataset": dataset.batch(4),
        "dataset of files": tf.data.Dataset.from_tensor_slices([str(path) for path in in_order]),
    }
    expected = visualize.top_patches(model, "second", pictures, k=3)["second"]
    for name, source in sources.items():
        found = visualize.top_patches(model, "second", source, k=3, batch_size=4)
        assert found.count == 23, name
        for unit, patches in expected.items():
            assert told(found["second"][unit]) == told(patches), name
    folder = visualize.top_patches(model, "second", tmp_path, k=3)["second"]
    for unit, patches in expected.items():  # those below come first in order of name
        assert [images.load_image(p.name).mean() for p in folder[unit]] == pytest.approx(
            [pictures[p.picture].mean() / 255 for p in patches]
        )


@pytest.fixture
def quick_collection():
    """Leave what other tests made out of garbage collection, which takes seconds a time otherwise."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def test_pictures_are_read_a_few_at_a_time(model, quick_collection):
    """At no moment are more alive than those read ahead, two batches, and nothing that was seen long before."""
    alive, most = weakref.WeakSet(), []

    class Tracked(np.ndarray):
        pass

    def stream():
        for n in range(120):
            picture = np.full((24, 20, 3), n, np.uint8).view(Tracked)
            alive.add(Alive(picture))
            yield picture

    class Alive:
        def __init__(self, picture):
            picture.owner = self

    def look(done, total):
        gc.collect()
        most.append(len(alive))

    found = visualize.top_patches(model, "second", stream(), k=9, batch_size=8, progress=look)
    assert found.count == 120 and len(most) == 15
    assert max(most) <= streams.AHEAD + 3 * 8, most


def test_progress_and_unknown_lengths(model, pictures):
    seen = []
    visualize.top_patches(model, "first", pictures, batch_size=10, progress=lambda *told: seen.append(told))
    assert seen == [(10, 23), (20, 23), (23, 23)]
    visualize.top_patches(model, "first", iter(pictures), batch_size=20, progress=lambda *told: seen.append(told))
    assert seen[3:] == [(20, None), (23, None)]


def test_larger_pictures_are_resized_and_their_centre_taken(model):
    """40 x 60 to 24 x 20: times 0.6, 24 x 36, of whose columns 8..28 stay: a white band over them alone fills it."""
    wide = np.zeros((40, 60, 3), np.uint8)
    wide[:, 13:47] = 255
    assert streams.fitted(wide, (24, 20))[:, 1:-1].min() > 250
    assert visualize.top_patches(model, "first", [wide], units=[0]).fields["first"].input_size == (24, 20)


def test_alexnet_and_its_fields_at_the_usual_size():
    network = backbones.load("alexnet", ["conv2"])
    found = visualize.top_patches(network, ["conv1", "conv2"], ["bundled:cat", "bundled:coffee"], k=9)
    assert found.fields["conv1"].input_size == (224, 224) and found.fields["conv2"].size == (51, 51)
    assert list(found["conv1"]) == list(range(9)) and {p.name for p in found["conv1"][0]} == {
        "bundled:cat",
        "bundled:coffee",
    }
    assert all(p.image.shape == (11, 11, 3) for patches in found["conv1"].values() for p in patches)
    values = [patch.value for patch in found["conv2"][3]]
    assert values == sorted(values, reverse=True) and len(values) == 2


def test_preprocessing_runs_before_the_network(pictures):
    model = keras.Sequential([keras.Input((24, 20, 3)), layers.Conv2D(1, 1, kernel_initializer="ones", name="sum")])
    once, often = (
        visualize.top_patches(model, "sum", pictures[:2], k=1, preprocess=p)["sum"][0][0].value
        for p in (None, lambda x: 255 * x)
    )
    assert often == pytest.approx(255 * once, rel=1e-5)


def test_layers_without_axes_have_whole_pictures(model, pictures):
    found = visualize.top_patches(model, "answer", pictures, k=2)
    best = found["answer"][1][0]
    assert best.unit == () and best.box == ((0, 24), (0, 20)) and best.image.shape == (24, 20, 3)
    values = model(pictures / np.float32(255)).numpy()[:, 1]
    assert best.picture == values.argmax() and best.value == pytest.approx(values.max(), rel=1e-4)


def test_signals():
    """A 1-D unit of three ones is excited most where the signal is 1, 2, 3: at its end, which is not its border."""
    ones = layers.Conv1D(1, 3, kernel_initializer="ones", padding="same", name="sum")
    model = keras.Sequential([keras.Input((6, 1)), ones])
    signals = np.array([[0, 0, 0, 1, 2, 3], [1, 0, 0, 0, 0, 0]], np.float32)[..., None]
    best, second = visualize.top_patches(model, "sum", signals, k=2)["sum"][0]
    assert (best.value, best.unit, best.box, best.image[:, 0].tolist()) == (6.0, (4,), ((3, 6),), [1, 2, 3])
    assert (second.value, second.unit, second.box, second.image[:, 0].tolist()) == (1.0, (0,), ((-1, 2),), [0, 1, 0])
    with pytest.raises(ValueError, match="expected arrays of shape .6, 1., as the model takes them, received .7, 1."):
        visualize.top_patches(model, "sum", [np.zeros((7, 1))])


def test_networks_of_grey_pictures_take_arrays_alone():
    grey = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(1, 3, name="conv")])
    with pytest.raises(TypeError, match="expected arrays of shape .8, 8, 1., as the model takes them, received str"):
        visualize.top_patches(grey, "conv", ["bundled:cat"], on_error="skip")


def test_pictures_that_cannot_be_read(model, pictures, tmp_path):
    Image.fromarray(pictures[0]).save(tmp_path / "a.png")
    (tmp_path / "b.jpg").write_bytes(images.resolve("bundled:cat").read_bytes()[:3000])
    (tmp_path / "c.png").write_text("no picture")
    with pytest.raises(ValueError, match="b.jpg', which is damaged"):
        visualize.top_patches(model, "first", tmp_path)
    found = visualize.top_patches(model, "first", tmp_path, on_error="skip")
    assert found.count == 1 and [name[-5:] for name in found.skipped] == ["b.jpg", "c.png"]
    assert "damaged" in found.skipped[str(tmp_path / "b.jpg")]
    with pytest.raises(
        ValueError, match="at least one picture that can be read, received none; .*c.png': expected a pict"
    ):
        visualize.top_patches(model, "first", tmp_path / "c.png", on_error="skip")


def test_wrong_arguments(model, pictures, tmp_path):
    find = visualize.top_patches
    for arguments, error, words in (
        ((model, "frist", pictures), ValueError, "expected a layer among .*received 'frist'; did you mean 'first'"),
        ((model, {"first": [6]}, pictures), ValueError, "expected units of 'first' from 0 to 5, received 6"),
        ((model, {"first": [1, 1]}, pictures), ValueError, "each once, received .1, 1."),
        ((model, [], pictures), ValueError, "expected at least one layer, received none"),
        ((model, "first", pictures, 0), ValueError, "at least 1 for k, received 0"),
        ((model, "first", tmp_path), ValueError, "expected pictures in the folder .*, received none"),
        ((model, "first", tmp_path / "no"), FileNotFoundError, "which does not exist"),
        ((model, "first", []), ValueError, "at least one picture that can be read, received none"),
        ((model, "first", 7), TypeError, "expected a folder, a list, an array or a dataset of pictures, received int"),
        ((model, "first", [7]), TypeError, "expected a path, bytes, .* or an array as picture, received int"),
        ((model, "first", pictures[0]), ValueError, r"an array .n, height, width, 3., received shape .24, 20, 3."),
        ((model, "first", pictures.astype(float)), ValueError, "expected floats in 0..1"),
        (("alexnet", "conv1", pictures), TypeError, "expected a keras.Model, received str"),
    ):
        with pytest.raises(error, match=words):
            find(*arguments)
    for options, words in (
        ({"size": 30}, "expected the size .24, 20. that the model has, received .30, 30."),
        ({"units": [-1]}, "from 0 to 5, received -1"),
        ({"on_error": "skipp"}, "did you mean 'skip'"),
        ({"batch_size": 0}, "at least 1 for batch_size, received 0"),
        ({"size": 24.0}, "expected a size of 2 whole numbers of at least 1, received 24.0"),
        ({"size": True}, "expected a size of 2 whole numbers of at least 1, received True"),
    ):
        with pytest.raises(ValueError, match=words):
            find(model, "first", pictures, **options)
    with pytest.raises(ValueError, match="in the mapping of layers or as units, not both"):
        find(model, {"first": [0]}, pictures, units=[0])
    with pytest.raises(TypeError, match="expected a function of a batch as preprocess, received 255"):
        find(model, "first", pictures, preprocess=255)
    tabular = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="dense")])
    with pytest.raises(ValueError, match="1 to 3 spatial axes"):
        find(tabular, "dense", np.zeros((2, 4)))


def test_sizes_larger_than_any_picture_are_refused_before_memory_is_asked_for():
    anything = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(1, 3, name="conv")])
    with pytest.raises(ValueError, match="expected a size of at most 64,000,000 pixels, received .200000, 200000."):
        visualize.top_patches(anything, "conv", ["bundled:cat"], size=200_000)


def test_activations_that_are_no_numbers_are_named():
    """Unit 1's weights are NaN: of unit 0 there are patches, with unit 1 the first picture is named."""
    network = keras.Sequential([keras.Input((4, 4, 3)), layers.Conv2D(2, 3, name="conv")])
    kernel, bias = network.get_weights()
    kernel[..., 1] = np.nan
    network.set_weights([kernel, bias])
    black = np.zeros((2, 4, 4, 3), np.uint8)
    assert len(visualize.top_patches(network, "conv", black, units=[0])["conv"][0]) == 2
    with pytest.raises(ValueError, match="numbers, received NaN from unit 1 of 'conv' for the picture '0'"):
        visualize.top_patches(network, "conv", black)


def test_many_searches_do_not_warn_of_retracing(pictures, caplog):
    network = keras.Sequential([keras.Input((24, 20, 3)), layers.Conv2D(1, 3, name="conv")])
    for _ in range(7):
        visualize.driving(network, visualize.top_patches(network, "conv", pictures[:1]))
    assert not [line for line in caplog.messages if "retracing" in line]


def test_pictures_smaller_than_the_network_needs():
    """conv5 needs 1 unit of pool2, that needs 3 of pool1, they 7 of conv1, and they 6 x 4 + 11 - 2 x 2 = 31 pixels."""
    network = backbones.build("alexnet", ["conv5"])
    least = 31
    with pytest.raises(
        ValueError, match=f"pictures of at least {least} pixels, large enough for 'conv5', received .16, 16."
    ):
        visualize.top_patches(network, "conv5", ["bundled:cat"], size=16)
    assert visualize.top_patches(network, "conv5", ["bundled:cat"], size=least).fields["conv5"].units == (1, 1)
