# %% [markdown]
# # 5. What deep ConvNets learn
#
# ## The question
# A network has been shown a million photographs and has learnt a few million numbers. What do the units in its layers
# look for? Nobody told layer 1 to find edges, or layer 5 to find faces. Does it?
#
# ## The idea in plain words
# Pick a unit. Show the network many pictures, and keep the nine patches that excite the unit most. Lay them side by
# side: what they have in common is what the unit looks for. Repeat for other units, and for deeper layers. You need no
# new training and no new mathematics, only patience, and the computer has that.
#
# The network here is **AlexNet**, with weights learnt on ImageNet. It travels with the package.

# %%
# Run this first: it finds keras_apps where it is installed, or in the clone around this notebook.
# On a hosted notebook service that lacks it, it is installed; nothing else is ever downloaded.
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # a quiet TensorFlow
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # a quick one
if importlib.util.find_spec("keras_apps") is None:
    clone = next((folder for folder in Path.cwd().parents if (folder / "keras_apps" / "__init__.py").is_file()), None)
    services = "COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE", "DEEPNOTE_PROJECT_ID", "BINDER_LAUNCH_HOST"
    if clone:
        sys.path.insert(0, str(clone))
    elif any(name in os.environ for name in services):
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "keras-apps"], check=True)
    else:
        raise ModuleNotFoundError("keras_apps is missing: install it, or open this notebook inside a clone")

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from matplotlib.patches import Rectangle
from PIL import Image

from keras_apps import backbones, faces, images, visualize

QUICK = bool(os.environ.get("KERAS_APPS_QUICK"))  # CI takes fewer steps
LAYERS = ["conv1", "conv2", "conv3", "conv4", "conv5"]
COLORS = ["#56b4e9", "#009e73", "#c8b400", "#e69f00", "#d55e00"]
plt.rcParams["figure.dpi"] = 80
tf.get_logger().setLevel("ERROR")  # or TensorFlow remarks that each lesson compiles many small functions
alexnet = backbones.load("alexnet", LAYERS)


def shown(sheet):
    """Turn floats in 0..1 into a picture that the notebook displays."""
    return Image.fromarray(images.to_uint8(sheet))


# %% [markdown]
# ## The formula: how much of the picture does a unit see?
# A unit of layer 1 sees 11 x 11 pixels, because that is the size of its filter. A unit of layer 2 sees a few units of
# layer 1, and through them more of the picture. Call $r_\ell$ the side of what a unit of layer $\ell$ sees (its
# *receptive field*), $j_\ell$ the distance in pixels between two neighbouring units, $f_\ell$ the side of the filter
# and $s_\ell$ its stride. From $r_0 = j_0 = 1$,
#
# $$ r_\ell = r_{\ell-1} + (f_\ell - 1)\, j_{\ell-1}, \qquad j_\ell = s_\ell\, j_{\ell-1}. $$
#
# By hand first, then with the package, which follows each unit back through the graph and needs no formula.

# %%
by_hand, r, j = {}, 1, 1
for name, f, s in [("conv1", 11, 4), ("pool1", 3, 2), ("conv2", 5, 1), ("pool2", 3, 2)] + [
    (name, 3, 1) for name in ("conv3", "conv4", "conv5")
]:
    r, j = r + (f - 1) * j, s * j
    by_hand[name] = r

fields = {layer: visualize.receptive_field(alexnet, layer, input_size=224) for layer in LAYERS}
for layer, field in fields.items():
    print(f"{layer}: sees {field.size[0]:3} x {field.size[1]:3} pixels, neighbours {field.stride[0]:2g} pixels apart")
    assert field.size[0] == by_hand[layer]

# %%
cat = images.load_image("bundled:cat")
cat = images.resize(cat, (224, round(224 * cat.shape[1] / cat.shape[0])))[:, 30:254]
figure, ax = plt.subplots(figsize=(3.6, 3.6))
ax.imshow(cat)
for layer, color in zip(LAYERS, COLORS, strict=True):
    middle = fields[layer].units[0] // 2
    (top, bottom), (left, right) = fields[layer].box(middle, middle)
    ax.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=color, linewidth=2))
    words = {"color": "white", "backgroundcolor": color, "fontsize": 7, "va": "bottom"}
    ax.text(*((left + 4, bottom - 3) if layer != "conv1" else (left - 14, top - 5)), layer, **words)  # beside, if small
ax.set(xlabel="column (pixels)", ylabel="row (pixels)", title="What the middle unit of each layer sees")
plt.show()

# %% [markdown]
# ## Layer 1, read directly
# The filters of layer 1 have three input channels, red, green and blue. So they *are* pictures, and we can just look.
# In deeper layers a filter has 64 channels or more, none of which is a colour; that is why we need the patches.

# %%
shown(visualize.draw_filters(alexnet, "conv1", units=range(0, 64, 2), cell=40, columns=16))

# %% [markdown]
# Edges in several directions, fine and coarse, and blobs of colour. Nobody designed them. They resemble Gabor filters,
# which describe the first cells of the visual cortex well.
#
# ## Nine patches for a unit
# We need many pictures, and the package has few: five photographs, five paintings (drawn by code) and people who do not
# exist (drawn by code too). So each is cut into squares, at several scales. Keep in mind what this means: the patches
# below answer "what among *these* pictures excites the unit most". If there is no dog among them, no unit can show us
# that it likes dogs.

# %%
SIDE = 224
NAMES = ["cat", "coffee", "astronaut", "rocket", "hopper"]
NAMES += ["mosaic", "pointillism", "stained-glass", "vortices", "woodcut-wave"]


def squares(picture, scales):
    """Cut a picture into squares of 224 pixels that do not overlap, at several scales."""
    for scale in scales:
        factor = scale * SIDE / min(picture.shape[:2])
        resized = images.resize(picture, tuple(round(factor * side) for side in picture.shape[:2]))
        for top in range(0, resized.shape[0] - SIDE + 1, SIDE):
            for left in range(0, resized.shape[1] - SIDE + 1, SIDE):
                yield images.to_uint8(resized[top : top + SIDE, left : left + SIDE])


scales = (1, 2) if QUICK else (1, 1.5, 2, 3)
pictures = [square for name in NAMES for square in squares(images.load_image(f"bundled:{name}"), scales)]
pictures += list(faces.synthetic_people(10 if QUICK else 60, 1, size=SIDE, seed=3, processes=1)[0])
pictures = np.stack(pictures)
print(len(pictures), "squares of", SIDE, "x", SIDE, "pixels")

# %% [markdown]
# One pass over the pictures finds the best patches of all these units. From each picture a unit may take one patch
# only, and `inside=True` leaves out units that look beyond the border.
#
# To the right of each pair stand the nine patches, best first. To the left stands what *in* the patch drives the unit:
# the gradient of its activation with respect to the pixels, keeping at each layer what raises it (guided
# backpropagation). Grey means that the unit does not care.

# %%
UNITS = {
    "conv1": (47, 18, 45, 63, 35, 19),
    "conv2": (1, 41, 31, 76, 68, 0),
    "conv3": (90, 59, 76, 62, 88, 79),
    "conv4": (55, 34, 17, 33, 91, 20),
    "conv5": (118, 26, 44, 7, 121, 93),
}
found = visualize.top_patches(alexnet, UNITS, pictures, k=9, inside=True)
drives = visualize.driving(alexnet, found)


def sheet_of(layer):
    """Draw the patches of one layer's units."""
    one = visualize.TopPatches({layer: found[layer]}, found.fields, found.count, {})
    return shown(visualize.draw_patches(one, {layer: drives[layer]}, cell=36))


sheet_of("conv1")

# %% [markdown]
# **Layer 1**: an edge of one direction, a spot, stripes of one width, a colour. Each unit sees 11 x 11 pixels, so there
# is not room for more.

# %%
sheet_of("conv2")

# %% [markdown]
# **Layer 2**: bars with a colour beside them, circles, grids, wavy lines: combinations of what layer 1 found. Unit 0
# likes a dark disc in a bright surround. Among our pictures those are eyes; among others they would be buttons or
# wheels.

# %%
sheet_of("conv3")

# %% [markdown]
# **Layer 3**: textures and patterns: crossings, waves, dots, tiles with fine stripes. Unit 88 is excited by an eye and
# by a painted whirl alike: rings within rings.

# %%
sheet_of("conv4")

# %%
sheet_of("conv5")

# %% [markdown]
# **Layers 4 and 5**: things, and whole arrangements: flowers, waves, panes of glass, cups, faces. For unit 93 of layer
# 5, the pictures on the left show eyes, nose and mouth; hair and background stay grey.
#
# ## The picture that a unit would like best
# Patches are limited to the pictures we had. The other way round has no such limit: begin with grey and let *gradient
# ascent* on the pixels raise the activation. It is the trick of neural style transfer too (lesson 7): the weights stay,
# the picture learns.
#
# $$ \text{picture} := \text{picture} + \eta\, \frac{\partial\, a_\text{unit}}{\partial\, \text{picture}} $$

# %%
steps = 8 if QUICK else 96
blocks = {}
for layer, units in UNITS.items():
    made = visualize.maximize(alexnet, layer, units, size=112, steps=steps)
    rows = zip(units, made.before, made.after, made.images, strict=True)
    blocks[layer] = [(f"unit {unit}: {before:.1f} to {after:.1f}", image) for unit, before, after, image in rows]
shown(visualize.labelled_sheet(blocks, cell=112, columns=6))

# %% [markdown]
# The numbers are the mean activation of the unit's channel over the whole picture, before and after. Compare a unit's
# picture with its patches above. They often agree: meshes, waves, petals, eyes. Where they do not, the patches may have
# had nothing better to offer.
#
# ## Experiment: how large a piece must stay whole?
# "Deep units look for larger things" is what the patches suggest, and what a large receptive field *permits*. Let us
# measure it. Take the square that excites a unit most, cut it into tiles, shuffle the tiles, and see how much of the
# activation is left. A unit that looks for something small does not mind; one that looks for a face does.

# %%
rng = np.random.default_rng(0)


def shuffled(picture, tile):
    """Cut a picture into tiles of some pixels and put them back anywhere."""
    n = SIDE // tile
    tiles = picture.reshape(n, tile, n, tile, 3).swapaxes(1, 2).reshape(n * n, tile, tile, 3)
    return rng.permutation(tiles).reshape(n, n, tile, tile, 3).swapaxes(1, 2).reshape(SIDE, SIDE, 3)


def peaks(model, batch):
    """Return each unit's largest activation in each picture, {layer: (pictures, units)}."""
    return {
        layer: a.max(axis=(1, 2))
        for layer, a in model.predict(batch / np.float32(255), batch_size=32, verbose=0).items()
    }


TILES = (8, 16, 28, 56, 112)
cut = {tile: np.stack([shuffled(one, tile) for one in pictures]) for tile in TILES}


def left_over(model):
    """Return for each layer the share of the largest activations that is left, a number for each size of tile."""
    whole, shares = peaks(model, pictures), {layer: [] for layer in LAYERS}
    for tile in TILES:
        found_now = peaks(model, cut[tile])
        for layer in LAYERS:
            best, units = whole[layer].argmax(axis=0), np.flatnonzero(whole[layer].max(axis=0) > 0)
            shares[layer].append(np.mean(found_now[layer][best[units], units] / whole[layer][best[units], units]))
    return shares


trained = left_over(alexnet)
for layer, shares in trained.items():
    print(
        f"{layer}:", ", ".join(f"{100 * s:3.0f} % at {tile}" for s, tile in zip(shares, TILES, strict=True)), "pixels"
    )

# %% [markdown]
# There is a second question behind it: is it the *learning* that makes deep units need whole things, or only the
# *wiring*? A network with random weights has the same receptive fields. So we measure one of those too (dashed).

# %%
keras.utils.set_random_seed(0)
untrained = backbones.build("alexnet", LAYERS)  # the same layers, weights drawn at random
at_random = left_over(untrained)

figure, ax = plt.subplots(figsize=(6, 3.6))
for layer, color in zip(LAYERS, COLORS, strict=True):
    ax.plot(
        TILES, 100 * np.array(trained[layer]), "o-", color=color, label=f"{layer}, sees {fields[layer].size[0]} pixels"
    )
    ax.plot(TILES, 100 * np.array(at_random[layer]), "--", color=color, linewidth=1)
ax.plot([], [], "--", color="#555555", linewidth=1, label="random weights")
ax.set(xlabel="side of a tile (pixels)", ylabel="activation that is left (%)", xscale="log", ylim=(0, 125))
ax.set_xticks(TILES, [str(tile) for tile in TILES])
ax.minorticks_off()
ax.grid(True, color="#dddddd")
ax.legend(frameon=False, fontsize=8, ncols=2)
plt.show()

# %% [markdown]
# **What it shows.** With learnt weights, layer 1 does not mind at all, layer 2 loses half of its activation when only 8
# x 8 pixels stay together, and layer 5 three quarters. So the textbook is right: the deeper, the more must be in its
# place. Three remarks, to be honest about it:
#
# - Layers 3, 4 and 5 lie close together. The receptive field goes on growing (99, 131, 163 pixels), but what the units
#   need hardly does.
# - Any change of a picture that was chosen *because* it excites a unit most must lower the activation. That is why the
#   control is needed. Random weights of layer 1 lose a tenth at most; those of layer 2 a quarter with small tiles and a
#   tenth with large ones; those of layers 3 to 5 between a sixth and a third, with little regard to the tile.
# - From layer 2 on, what a solid line lies below the dashed one of its colour is what *learning* has added. That is
#   much where the tiles are small, and nothing at 112 pixels, where solid and dashed lines meet (those of layers 2 and
#   3 do so at 56 already): what is lost there, random weights lose too. The wiring permits a unit to look at 163
#   pixels; only learning makes it need more than small pieces of them.
#
# ## Do random units have favourite patches too?
# Of course: some nine are always the best. Here are the three random units of layer 5 that are excited most.

# %%
loudest = np.argsort(-peaks(untrained, pictures)["conv5"].max(axis=0))[:3].tolist()
random_found = visualize.top_patches(untrained, {"conv5": loudest}, pictures, k=9, inside=True)
shown(visualize.draw_patches(random_found, visualize.driving(untrained, random_found), cell=36))

# %% [markdown]
# Caps, ties, cups, stars: whatever has bold dark and bright areas. One picture is liked by several units, for no other
# reason than contrast. And look at the pictures on the left: they show clean outlines of spectacles and stars, although
# these weights know nothing. Guided backpropagation draws the edges that *are* in a patch; that alone is no evidence
# that a unit looks for them. The common theme of the nine patches is.
#
# ## Change me
# Choose a layer (`conv1` to `conv5`) and any of its units (conv1 has 64, conv2 192, conv3 384, conv4 and conv5 256),
# and run the two cells. Guess what a unit looks for from its nine patches *before* you look at the picture that it
# would like best. Give `PICTURES` a folder of your own photographs, as a string, and see how the patches change and the
# second row does not.

# %% tags=["change-me"]
LAYER = "conv5"  # Change me: "conv1" to "conv5"
CHOSEN = (3, 37, 89)  # Change me: three other units
PICTURES = pictures  # Change me: a folder of your own photographs

# %%
mine = visualize.top_patches(alexnet, {LAYER: CHOSEN}, PICTURES, k=9, inside=True)
shown(visualize.draw_patches(mine, visualize.driving(alexnet, mine), cell=36))

# %%
made = visualize.maximize(alexnet, LAYER, CHOSEN, size=128, steps=8 if QUICK else 96)
liked = [
    (f"unit {unit}: {after:.1f}", image) for unit, after, image in zip(CHOSEN, made.after, made.images, strict=True)
]
shown(visualize.labelled_sheet({f"what {LAYER} would like best": liked}, cell=160, columns=3))

# %% [markdown]
# ## What to take away
# - A unit sees a piece of the picture whose size follows from filters and strides alone: 11 pixels in AlexNet's layer
#   1, 163 in layer 5.
# - Nine patches tell what a unit looks for: edges and colours, then textures, then parts, then things. Each layer
#   combines what the one before it found.
# - The learning matters, not only the wiring: a deep unit with random weights loses some of its activation whether the
#   shuffled tiles are small or large; a trained one loses most of it with small tiles and little with large ones.
# - Be careful with conclusions. Patches depend on the pictures there are; gradient pictures look sharper and more
#   convincing than the evidence is, as the random network has just shown (and Adebayo et al. before us); and one unit
#   may like several things.
# - Style transfer uses exactly this: what shallow layers measure is texture and colour, what deep layers measure is
#   arrangement. Lesson 6 turns both into costs.
#
# ## Papers
# - Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", NeurIPS 2012; the
#   layers here are those of Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014,
#   arXiv:1404.5997.
# - Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, arXiv:1311.2901.
# - Springenberg et al., "Striving for Simplicity: The All Convolutional Net", 2014, arXiv:1412.6806.
# - Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018, arXiv:1810.03292.
# - Olah et al., "Feature Visualization", Distill 2017 (no arXiv number).
# - Araujo, Norris, Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019 (no arXiv number).
