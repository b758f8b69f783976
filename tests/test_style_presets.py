"""Presets take the step of the programs they are named after, and recipes come back from the files they are kept in."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_apps import backbones, images, weights
from keras_apps.style.recipes import files
from keras_apps.style.recipes.presets import PRESETS, preset
from keras_apps.style.recipes.recipe import Recipe
from keras_apps.style.run import first_picture, transfer

FIVE = [f"block{b}_conv1" for b in range(1, 6)]
SIDE = 48


@pytest.fixture(scope="module")
def pictures():
    return [images.resize(images.load_image(f"bundled:{name}"), (SIDE, SIDE)) for name in ("rocket", "mosaic")]


@pytest.fixture(autouse=True)
def without_vgg19(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))


def flat(a):
    """Activations as the programs unroll them, positions by channels."""
    return tf.reshape(a, (-1, a.shape[-1]))


def course(C, S, G, pixels):
    """compute_content_cost, compute_layer_style_cost and total_cost of the exercise; content at the block's last."""
    size = tf.cast(tf.size(C["block5_conv3"]), tf.float32)  # n_H n_W n_C
    J_content = tf.reduce_sum((C["block5_conv3"] - G["block5_conv3"]) ** 2) / (4 * size)
    J_style = 0
    for layer in FIVE:
        a_S, a_G = flat(S[layer]), flat(G[layer])
        n, c = a_S.shape
        grams = [tf.transpose(a) @ a for a in (a_S, a_G)]
        J_style += 0.2 * tf.reduce_sum((grams[0] - grams[1]) ** 2) / (4.0 * c**2 * n**2)
    return 10 * J_content + 40 * J_style


def gatys2016(C, S, G, pixels):
    """The authors' PyTorch program: means of squares, Gram matrices over h w, weights 1000 / n^2 and 1."""
    loss = tf.reduce_mean((G["block4_conv2"] - C["block4_conv2"]) ** 2)
    for layer, n in zip(FIVE, (64, 128, 256, 512, 512), strict=True):
        A, F = (tf.einsum("ki,kj->ij", flat(P[layer]), flat(P[layer])) / len(flat(P[layer])) for P in (S, G))
        loss += 1e3 / n**2 * tf.reduce_mean((F - A) ** 2)
    return loss


def keras_io(C, S, G, pixels):
    """compute_loss of the example, on pixels in 0..255."""
    loss = 2.5e-8 * tf.reduce_sum(tf.square(G["block5_conv2"] - C["block5_conv2"]))
    for layer in FIVE:
        a_S, a_G = (tf.transpose(flat(P[layer])) for P in (S, G))
        difference = tf.matmul(a_S, a_S, transpose_b=True) - tf.matmul(a_G, a_G, transpose_b=True)
        loss += 1e-6 / 5 * tf.reduce_sum(tf.square(difference)) / (4.0 * 3**2 * (SIDE * SIDE) ** 2)
    x = 255 * pixels[None]
    a = tf.square(x[:, :-1, :-1] - x[:, 1:, :-1])
    b = tf.square(x[:, :-1, :-1] - x[:, :-1, 1:])
    return loss + 1e-6 * tf.reduce_sum(tf.pow(a + b, 1.25))


def tensorflow(C, S, G, pixels):
    """style_content_loss of the tutorial and its total variation."""

    def gram(a):
        return tf.einsum("bijc,bijd->bcd", a, a) / tf.cast(a.shape[1] * a.shape[2], tf.float32)

    style = tf.add_n([tf.reduce_mean((gram(G[k]) - gram(S[k])) ** 2) for k in FIVE]) * 1e-2 / 5
    content = tf.reduce_mean((G["block5_conv2"] - C["block5_conv2"]) ** 2) * 1e4
    return style + content + 30 * tf.image.total_variation(pixels)


def one_step(program, recipe, content, style):
    """The programs' loops, once: cost and changed picture; keras.io's on its own scale of 0..255."""
    network = backbones.load("vgg16", recipe.layers, pooling=recipe.pooling)
    if program is not course:  # VGG16's activations as they would be of pictures in 0..255
        in_deviations, unit = network, 255 * (0.229 + 0.224 + 0.225) / 3
        network = lambda pictures: {k: unit * a for k, a in in_deviations(pictures).items()}  # noqa: E731
    C, S = network(content[None]), network(style[None])
    scale = 255.0 if program is keras_io else 1.0
    image = tf.Variable(scale * first_picture(content, style, None, recipe))
    with tf.GradientTape() as tape:
        cost = program(C, S, network(image[None] / scale), image / scale)
    optimizer = {
        course: lambda: keras.optimizers.Adam(learning_rate=0.01),
        keras_io: lambda: keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(100.0, 100, 0.96)),
        tensorflow: lambda: keras.optimizers.Adam(learning_rate=0.02, beta_1=0.99, epsilon=1e-1),
        gatys2016: lambda: None,
    }[program]()
    if optimizer:
        optimizer.apply_gradients([(tape.gradient(cost, image), image)])
    return float(cost), np.clip(image.numpy() / scale, 0, 1)


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("course", course),
        pytest.param("gatys2016", gatys2016, marks=pytest.mark.slow),
        pytest.param("keras.io", keras_io, marks=pytest.mark.slow),
        pytest.param("tensorflow", tensorflow, marks=pytest.mark.slow),
    ],
)
def test_a_preset_takes_the_programs_step(name, program, pictures):
    recipe = preset(name, size=SIDE, steps=1)
    cost, picture = one_step(program, recipe, *pictures)
    result = transfer(*pictures, recipe, compiled=False)
    np.testing.assert_allclose(result.history[0]["cost"], cost, rtol=1e-4)
    assert result.backbone == "vgg16" and cost > 0
    if program is gatys2016:
        return
    start = first_picture(*pictures, None, recipe)
    moved = np.abs(picture - start)
    assert moved.mean() > 1e-3
    assert np.abs(result.image - picture).mean() < 1e-3 * moved.mean()


def test_where_vgg19_is_missing_the_recipe_says_what_stands_in():
    recipe = preset("course")
    assert recipe.backbone == "vgg16" and recipe.resolved_content_layers == {"block5_conv3": 1.0}
    assert preset("course", backbone="auto").resolved_content_layers == {"block5_conv3": 1.0}
    assert preset("keras.io").resolved_content_layers == {"block5_conv2": 1.0}


def test_where_vgg19_is_there_it_is_used(monkeypatch):
    monkeypatch.setattr(weights, "vgg19_available", lambda: True)
    recipe = preset("course")
    assert recipe.backbone == "vgg19" and recipe.resolved_content_layers == {"block5_conv4": 1.0}
    assert preset("course", backbone="vgg16").resolved_content_layers == {"block5_conv3": 1.0}


@pytest.mark.parametrize("name", PRESETS)
def test_presets_paint_one_size_with_five_layers(name):
    recipe = preset(name)
    assert recipe.stages == [(PRESETS[name]["size"], PRESETS[name]["steps"])]
    lambdas = [1000 / n**2 for n in (64, 128, 256, 512, 512)] if name == "gatys2016" else [0.2] * 5
    assert recipe.resolved_style_layers == dict(zip(FIVE, lambdas, strict=True))


def test_the_units_of_the_network_are_made_up_for():
    """With VGG19 keras.io's own weights; VGG16's unit is 255 x 0.226 = 57.63, squared 3321.2, to the 4th 11,030,482."""
    with_vgg19, with_vgg16 = preset("keras.io", backbone="vgg19"), preset("keras.io", backbone="vgg16")
    assert (with_vgg19.content_weight, with_vgg19.style_weight) == (2.5e-8, 1e-6)
    np.testing.assert_allclose(with_vgg16.content_weight, 2.5e-8 * 3321.2, rtol=1e-4)
    np.testing.assert_allclose(with_vgg16.style_weight, 1e-6 * 11_030_482, rtol=1e-4)
    assert preset("keras.io", backbone="vgg16", style_weight=3).style_weight == 3
    assert (preset("course").content_weight, preset("course").style_weight) == (10, 40)


def test_changes_override():
    recipe = preset("tensorflow", steps=3, content_layers="block4_conv1", backbone="vgg16", coarse_to_fine=True)
    assert (recipe.steps, recipe.resolved_content_layers) == (3, {"block4_conv1": 1.0})
    assert recipe.coarse_to_fine and recipe.variation_weight == 30


def test_unknown_presets_and_entries_are_answered_with_the_near_ones():
    with pytest.raises(ValueError, match="received 'gatys'; did you mean 'gatys2016'"):
        preset("gatys")
    with pytest.raises(ValueError, match="received 'step'; did you mean 'steps'"):
        preset("course", step=3)


def test_presets_and_recipe_files_load_no_tensorflow(tmp_path):
    path = tmp_path / "r.json"
    code = "import sys; from keras_apps.style.recipes import presets, files as r; p = presets.preset('course'); "
    code += f"r.save_recipe(p, {str(path)!r}); assert r.load_recipe({str(path)!r}).as_dict() == p.as_dict(); "
    code += "print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False False\n"


def described(pictures):
    return {
        "content": [files.describe_picture(pictures[0], "c.png")],
        "style": [files.describe_picture(pictures[1], "s.png")],
    }


@pytest.mark.parametrize("name", PRESETS)
def test_a_recipe_comes_back_from_json(tmp_path, name, pictures):
    recipe = preset(name, style_shares=(0.25, 0.75), seed=np.int64(3), content_weight=np.float32(0.5))
    files.save_recipe(recipe, tmp_path / "r.json", described(pictures))
    found = files.read_recipe_file(tmp_path / "r.json")
    assert found.recipe.as_dict() == recipe.as_dict()
    assert found.pictures == described(pictures) and found.package


@pytest.mark.parametrize("bits", [8, 16])
def test_a_recipe_comes_back_from_the_picture(tmp_path, bits, pictures):
    recipe = preset("gatys2016")
    text = {files.KEYWORD: files.recipe_text(recipe, described(pictures))}
    images.save_image(pictures[0], tmp_path / "x.png", bits=bits, text=text)
    assert files.load_recipe(tmp_path / "x.png").as_dict() == recipe.as_dict()
    assert files.read_recipe_file(tmp_path / "x.png").pictures == described(pictures)


def test_the_picture_can_be_made_again_from_its_file(tmp_path, pictures):
    """Painted, saved with 16 bits and its recipe, read, painted again: the same pixels."""
    layers = {"content_layers": "block1_conv2", "style_layers": {"block1_conv1": 1}}
    recipe = Recipe(backbone="vgg16", size=32, steps=2, start="noise", seed=5, **layers)
    first = transfer(*pictures, recipe, compiled=False).image
    text = {files.KEYWORD: files.recipe_text(recipe)}
    images.save_image(first, tmp_path / "x.png", bits=16, text=text)
    again = transfer(*pictures, files.load_recipe(tmp_path / "x.png"), compiled=False).image
    np.testing.assert_allclose(images.load_image(tmp_path / "x.png"), again, atol=1e-5)


def test_a_digest_is_of_the_pixels(tmp_path, pictures):
    """The same pixels as BMP, PNG and array have one digest; one level more at one pixel, or a turn, another."""
    picture = images.to_uint8(pictures[0])
    names = ("a.bmp", "a.png")
    for name in names:
        Image.fromarray(picture).save(tmp_path / name)
    found = [files.describe_picture(tmp_path / name) for name in names]
    assert [f["name"] for f in found] == list(names) and (found[0]["width"], found[0]["height"]) == (SIDE, SIDE)
    digest = files.describe_picture(picture)["sha256"]
    assert {f["sha256"] for f in found} == {digest} and len(digest) == 64
    changed = picture.copy()
    changed[3, 4, 1] ^= 1
    assert files.describe_picture(changed)["sha256"] != digest
    long = images.load_image(picture.reshape(SIDE // 2, SIDE * 2, 3))
    assert files.picture_digest(long) != digest
    assert files.describe_picture("bundled:rocket")["name"] == "bundled:rocket"


def test_other_pictures_than_the_recorded_are_told(pictures):
    recorded = described(pictures)
    assert files.differing_pictures(recorded, recorded) == []
    swapped = {"content": recorded["style"], "style": recorded["style"] * 2, "mask": recorded["style"]}
    assert files.differing_pictures(recorded, swapped) == ["content 1, 's.png'", "style 2, 's.png'"]
    assert files.differing_pictures(swapped, recorded) == ["content 1, 'c.png'", "style 2, missing"]


def record(**changes):
    return json.loads(files.recipe_text(Recipe(backbone="vgg16"))) | changes


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "as JSON, received .*r.json', which is not"),
        ("[" * 100_000, "as JSON, received .*r.json', which is not"),
        (b"\xff\xfe\x00", "which is not UTF-8 text"),
        ("[1, 2]", '"format": "keras_apps.recipe", received .*without it'),
        ('{"steps": 3}', '"format": "keras_apps.recipe", received .*without it'),
        (record(version=2, package="9.1"), "version 1, received 2 in .*, which keras_apps 9.1 wrote"),
        (record(recipe={"step": 3}), "received 'step'; did you mean 'steps'.*r.json"),
        (record(recipe={"steps": 0}), "expected steps of at least 1, received 0.*r.json"),
        (record(pictures=[1]), "expected pictures as {role: list}, received"),
        (record(pictures={"style": [{"name": "x"}]}), "expected a picture's name and sha256"),
    ],
)
def test_files_that_hold_no_recipe(tmp_path, content, message):
    content = json.dumps(content) if isinstance(content, dict) else content
    (tmp_path / "r.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=message):
        files.load_recipe(tmp_path / "r.json")


def test_wrong_types_paths_and_roles(tmp_path, pictures):
    for wrong in ({"recipe": None}, {"recipe": {"steps": "many"}}):
        (tmp_path / "r.json").write_text(json.dumps(record(**wrong)))
        with pytest.raises(TypeError, match="expected"):
            files.load_recipe(tmp_path / "r.json")
    with pytest.raises(FileNotFoundError, match="none.json"):
        files.load_recipe(tmp_path / "none.json")
    images.save_image(pictures[0], tmp_path / "plain.png")
    with pytest.raises(ValueError, match="saved with its recipe, received .*plain.png' without one"):
        files.load_recipe(tmp_path / "plain.png")
    with pytest.raises(ValueError, match="ending in .json, received"):
        files.save_recipe(Recipe(backbone="vgg16"), tmp_path / "r.txt")
    with pytest.raises(ValueError, match="received 'stile'; did you mean 'style'"):
        files.recipe_text(Recipe(backbone="vgg16"), {"stile": []})
