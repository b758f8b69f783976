"""The detector and the towers' own chips: converted networks, decoding, turned pictures, layouts."""

from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from keras_apps import faces, images, weights
from keras_apps.faces import alignment, detection
from keras_apps.faces.towers import joined, registry, sface
from keras_apps.faces.yunet import DecodeFaces, yunet

REFERENCE = Path(__file__).parent / "data" / "onnx_reference.npz"


@pytest.fixture(scope="module")
def reference():
    """Outputs of the two ONNX files themselves (benchmarks/make_onnx_reference.py)."""
    return dict(np.load(REFERENCE))


@pytest.fixture(scope="module")
def hopper():
    return images.load_image("bundled:hopper")


def test_sface_equals_its_source(reference, hopper, tower):
    """The bundled file is float16, which moves an encoding of unit length by at most 1e-3."""
    chips = np.stack([hopper[150:262, 210:322], hopper[220:332, 180:292]]) * 255
    encodings = tower.predict_on_batch(chips)
    assert np.abs(encodings - reference["encodings"]).max() < 1e-3
    np.testing.assert_allclose(np.linalg.norm(encodings, axis=1), 1, atol=1e-5)


def test_yunet_equals_its_source(reference, hopper):
    """Boxes and landmarks to a hundredth of a pixel, scores to 1e-5: the bundled file is float32."""
    padded = np.zeros((1, 640, 640, 3), np.float32)
    padded[0, :384, :320] = hopper[50:434, 100:420] * 255
    network = yunet()
    weights.assign(network, weights.load("yunet"))
    found = network.predict_on_batch(padded)[0]
    best = found[np.argsort(-found[:, 14])[:8]]
    np.testing.assert_allclose(best[:, :14], reference["faces"][:, :14], atol=1e-2)
    np.testing.assert_allclose(best[:, 14], reference["faces"][:, 14], atol=1e-5)


def test_one_position_is_decoded_by_hand():
    """Row 2, column 1 of the map of stride 16, with dx = 0.5, dy = 0.25, dw = ln 4, dh = ln 2.

    centre = ((1 + 0.5) 16, (2 + 0.25) 16) = (24, 36); width 64, height 32: the box is (-8, 20, 56, 52). The first
    landmark, (0.5, 0), is at ((1 + 0.5) 16, 2 x 16) = (24, 32). The logits ln 3 and ln 4 are 0.75 and 0.8, so that the
    score is sqrt(0.6).
    """
    maps = [np.zeros((1, 3, 2, d), np.float32) for d in (1, 1, 4, 10)]
    maps[0][0, 2, 1], maps[1][0, 2, 1] = np.log(3), np.log(4)
    maps[2][0, 2, 1] = 0.5, 0.25, np.log(4), np.log(2)
    maps[3][0, 2, 1, 0] = 0.5
    row = DecodeFaces(16)(maps).numpy()[0, 2 * 2 + 1]
    np.testing.assert_allclose(row[:4], (-8, 20, 56, 52), rtol=1e-5)
    np.testing.assert_allclose(row[4:8], (24, 32, 16, 32), rtol=1e-5)
    assert row[14] == pytest.approx(0.6**0.5, abs=1e-6)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_picture_gives_the_same_chip(degrees):
    """`turned` undoes the turn: a picture turned counterclockwise by 90 degrees needs 270 more."""
    picture = images.load_image("bundled:hopper")
    (upright,) = faces.find_faces(picture)
    (face,) = faces.find_faces(np.rot90(picture, degrees // 90))
    assert face.turned == 360 - degrees
    assert np.abs(face.image.astype(float) - upright.image).mean() < 6
    height, width = picture.shape[:2]
    x, y = upright.landmarks["nose"]
    expected = {90: (y, width - x), 180: (width - x, height - y), 270: (height - y, x)}[degrees]
    np.testing.assert_allclose(face.landmarks["nose"], expected, atol=4)
    left, top, right, bottom = face.box
    assert all(left <= x <= right and top <= y <= bottom for x, y in face.landmarks.values())


def test_a_cat_upside_down_is_nobody():
    assert faces.find_faces("bundled:cat") == []


def test_a_face_turned_by_45_degrees_is_found():
    picture = images.to_uint8(images.load_image("bundled:hopper"))
    for angle in (45, -45):
        (face,) = faces.find_faces(Image.fromarray(picture).rotate(angle, expand=True))
        assert face.confidence >= detection.MIN_CONFIDENCE


@pytest.mark.parametrize("size", [18, 40, 112, 500, 1500])
def test_faces_of_every_size_are_found_once(size, hopper):
    """The face of the portrait is 212 of its 600 pixels high; `size` is the face's height in the picture."""
    (face,) = faces.find_faces(images.resize(hopper, round(size * 600 / 212)))
    assert face.box[3] - face.box[1] == pytest.approx(size, rel=0.15)


def test_a_face_that_fills_the_picture_is_found(hopper):
    for size in (100, 700, 1600):
        (face,) = faces.find_faces(images.resize(hopper[121:333, 183:353], size))
        assert face.box[3] - face.box[1] > 0.8 * size


@pytest.mark.slow
def test_five_hundred_faces(hopper):
    tile = images.resize(hopper[60:400, 90:430], 64)
    crowd = np.tile(tile, (20, 25, 1))
    found = faces.find_faces(crowd)
    assert len(found) == 500
    cells = {(int(f.landmarks["nose"][0] // 64), int(f.landmarks["nose"][1] // 64)) for f in found}
    assert len(cells) == 500


def test_shrink_takes_means_of_blocks():
    """300 x 100 to at least 100: blocks of 3 x 3, whose means of a ramp of columns are 1, 4, 7, ..."""
    columns = np.tile(np.arange(300, dtype=np.float32)[None, None, :, None], (1, 99, 1, 3))
    smaller, scale = detection.shrink(columns, 100)
    assert scale == 3 and smaller.shape == (1, 33, 100, 3)
    np.testing.assert_allclose(smaller[0, 0, :3, 0], (1, 4, 7))


def test_a_tower_says_how_its_chips_are_aligned(tower, tmp_path):
    assert registry.layout_of(tower) == alignment.SFACE
    assert registry.layout_of(faces.build_tower("small", size=16)) is alignment.STANDARD
    tuned = keras.Sequential([tower, keras.layers.Dense(4)])
    assert registry.layout_of(tuned) == alignment.SFACE
    tuned.save(tmp_path / "tuned.keras")
    assert registry.layout_of(faces.load_tower(tmp_path / "tuned.keras")) == alignment.SFACE
    half = faces.build_tower("sface128", size=56)
    assert registry.layout_of(half).landmarks["left_eye"][0] == pytest.approx(
        alignment.SFACE.landmarks["left_eye"][0] / 2
    )


def test_the_layout_is_part_of_the_fingerprint():
    def of(shift):
        chips = keras.Input((8, 8, 3))
        landmarks = {name: (x + shift, y) for name, (x, y) in alignment.SFACE.landmarks.items()}
        return keras.Model(chips, keras.layers.Flatten()(sface.AlignedInput(8, landmarks)(chips)))

    assert faces.fingerprint(of(0)) == faces.fingerprint(of(0)) != faces.fingerprint(of(1))


def test_chips_for_a_tower_have_its_size():
    assert faces.find_faces("bundled:astronaut")[0].image.shape == (112, 112, 3)
    wide = keras.Sequential([keras.Input((192, 192, 3)), sface.AlignedInput(192, joined.LAYOUT.landmarks)])
    assert faces.find_faces("bundled:astronaut", tower=wide)[0].image.shape == (192, 192, 3)


@pytest.mark.slow
def test_joined_towers_add_their_distances():
    """d = d_sface + w d_resnet, each of the mean encoding of the chip and its mirror image."""
    both = faces.load_tower("sface128+resnet128")
    names = ["bundled:obama", "bundled:obama2", "bundled:biden"]
    chips = [faces.find_faces(name, tower=both)[0].image for name in names]
    first, second, third = faces.encode(both, chips, aligned=True)
    assert first.shape == (256,)
    crop = np.stack(chips)[:, 38:188, 21:171].astype(np.float32)
    resnet = faces.load_tower("resnet128")
    mean = (resnet.predict_on_batch(crop) + resnet.predict_on_batch(crop[:, :, ::-1])) / 2
    expected = joined.RESNET_WEIGHT * faces.squared_euclidean(mean[0], mean[1])
    assert faces.squared_euclidean(first[128:], second[128:]) == pytest.approx(expected, rel=1e-3)
    np.testing.assert_allclose(np.linalg.norm(first[:128]), 1, atol=1e-5)
    tau = faces.Threshold.bundled("sface128+resnet128").tau
    assert faces.squared_euclidean(first, second) < tau < faces.squared_euclidean(first, third)


def test_resampling_keeps_a_plane_and_refuses_unknown_sizes():
    """A ramp stays a ramp: pixel i of the result shows the input at 2 i + 1 + 4, in pixels' corners, less one half."""
    ramp = np.tile(np.arange(40, dtype=np.float32)[None, None, :, None], (1, 40, 1, 1))
    out = joined.Resample(8, left=4, top=4, scale=2.0)(ramp).numpy()[0, 3, :, 0]
    np.testing.assert_allclose(out[2:], 2 * np.arange(2, 8) + 4.5, atol=0.05)
    with pytest.raises(ValueError, match="known height"):
        joined.Resample(8, 0, 0, 2.0)(keras.Input((None, None, 1)))


def test_a_gallery_opens_with_the_tower_that_made_it(tmp_path):
    from keras_apps.faces.gallery.gallery import bundled_tower_of

    threshold = faces.Threshold.bundled("resnet128")
    with faces.Matcher(tmp_path / "old.db", threshold.model) as old:
        old.enrol_encodings(["lea"], np.ones((1, 128)))
    assert bundled_tower_of(tmp_path / "old.db") == "resnet128"
    with faces.Gallery(tmp_path / "old.db") as again:
        assert again.threshold == threshold and again.names() == ["lea"]
    assert bundled_tower_of(tmp_path / "new.db") == "sface128"
    (tmp_path / "text.db").write_text("no gallery at all, though long enough to look like a file")
    with pytest.raises(faces.GalleryError, match="gallery"):
        faces.Gallery(tmp_path / "text.db")


@pytest.mark.slow
def test_an_exported_tower_keeps_its_layout(tmp_path, rng):
    """The layout stands in the file itself, so that a lost model card does not move the face."""
    from keras_apps import export

    small = faces.build_tower("sface128", size=16, encoding=4)
    export.export(small, tmp_path, ["litert"], pictures=rng.integers(0, 256, (2, 16, 16, 3), np.uint8), aligned=True)
    (file,) = tmp_path.glob("*.tflite")
    assert faces.ExportedTower(file).layout == registry.layout_of(small)
    (tmp_path / f"{file.name}.card.json").unlink()
    assert faces.ExportedTower(file).layout == registry.layout_of(small)
