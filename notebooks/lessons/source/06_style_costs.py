# %% [markdown]
# # 6. Cost functions of style transfer
#
# ## The question
# We want a picture with the **content** of a photograph C and the **style** of a painting S. A computer can only make a
# number small. So: what number says how far a picture G is from C in content, and from S in style?

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
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from keras_apps import backbones, images, style

QUICK = bool(os.environ.get("KERAS_APPS_QUICK"))  # CI takes fewer steps
BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#009e73"
plt.rcParams["figure.dpi"] = 80
tf.get_logger().setLevel("ERROR")  # or TensorFlow remarks that each picture compiles a small function


def show(pictures, titles, height=2.2, columns=5):
    """Show pictures beside each other, in rows."""
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    wide = height * max(picture.shape[1] / picture.shape[0] for picture in pictures)
    _, axes = plt.subplots(rows, columns, figsize=(columns * (wide + 0.1), rows * (height + 0.5)), squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for ax, picture, title in zip(axes.flat, pictures, titles, strict=False):
        ax.imshow(np.clip(picture, 0, 1))
        ax.set_title(title, fontsize=8)
    plt.tight_layout()
    plt.show()


# %% [markdown]
# ## The idea in plain words
# Do not compare pixels. Show both pictures to a network that has learnt to see (VGG16, trained on ImageNet), and
# compare what its units answer, the *activations* of a layer.
#
# - **Content**: do the *same places* answer alike? Compare the activations position by position.
# - **Style**: do the *same kinds of things* go together, wherever they are? Forget the positions, and count which
#   channels fire together.
#
# The network is never trained here. It is the ruler.

# %%
SIDE = 64 if QUICK else 160
LAYERS = ["block1_conv2", "block2_conv2", "block3_conv3", "block4_conv2", "block5_conv2"]
STYLE_LAYERS = [f"block{b}_conv1" for b in range(1, 6)]
vgg = backbones.load("vgg16", LAYERS + STYLE_LAYERS)

C = images.resize(images.load_image("bundled:cat"), SIDE)
S = images.resize(images.load_image("bundled:stained-glass"), SIDE)
show([C, S], ["C, the content", "S, the style"], height=2)


def activations(picture):
    """Return {layer: (h, w, c)} of a picture (h, w, 3) in 0..1."""
    return {layer: a[0] for layer, a in vgg(tf.constant(picture, tf.float32)[None]).items()}


for layer, a in activations(C).items():
    print(f"{layer}: {a.shape[0]:3} x {a.shape[1]:3} positions, {a.shape[2]:3} channels")

# %% [markdown]
# ## The formula, part 1: content
# With $a^{(C)}$ and $a^{(G)}$ the activations of **one** layer, $n_H \times n_W$ positions of $n_C$ channels,
#
# $$ J_\text{content}(C, G) = \tfrac{1}{2} \sum_{i,j,k} \left( a^{(C)}_{ijk} - a^{(G)}_{ijk} \right)^2 $$
#
# (The course's exercise divides by $4\, n_H n_W n_C$ in place of 2. We come to what that changes.)
#
# A sum that you can check: two positions, one channel, C answers 0 and 0, G answers 3 and 4.

# %%
float(style.content_cost(tf.zeros((1, 2, 1)), tf.constant([[[3.0], [4.0]]])))  # (3^2 + 4^2) / 2

# %% [markdown]
# What does it find alike? Below, seven pictures are compared with C. To have numbers that can be compared between
# layers, each cost is divided by that of a black layer, $\frac12 |a^{(C)}|^2$: 0 is the same, 1 is as far away as if
# the layer answered nothing at all.

# %%
rng = np.random.default_rng(0)
others = {
    "darker": 0.7 * C,
    "noise added": np.clip(C + rng.normal(0, 0.1, C.shape), 0, 1),
    "moved by 2 pixels": np.roll(C, 2, axis=1),
    "moved by 8 pixels": np.roll(C, 8, axis=1),
    "mirrored": C[:, ::-1],
    "coffee": images.resize(images.load_image("bundled:coffee"), C.shape[:2]),
    "pixels shuffled": rng.permutation(C.reshape(-1, 3)).reshape(C.shape),
}
a_C = activations(C)


def relative_content(a_G, layer):
    """Return J_content, divided by that of a layer which answers nothing."""
    return float(style.content_cost(a_C[layer], a_G[layer]) / style.content_cost(a_C[layer], 0 * a_C[layer]))


print(" " * 18, *(f"{layer:>13}" for layer in LAYERS))
for name, other in others.items():
    a_G = activations(other)
    print(f"{name:18}", *(f"{relative_content(a_G, layer):13.2f}" for layer in LAYERS))

# %% [markdown]
# Read the rows from left to right. A picture moved by two pixels is nearly as far away as black for the shallow layer,
# and nearly the same for the deepest: deep units see much of the picture, and two pixels are little of that. But
# *another* picture (coffee) stays far away in every layer. That is what we want of content: forgiving about pixels,
# strict about things. (Not all of it is as one would wish: a little noise, through which you would recognise the cat at
# once, is half as bad as black even in the deepest layer.)
#
# ## Shallow or deep content layer?
# The cleanest way to see what a layer knows about a picture: throw the picture away, keep the layer's activations, and
# look for a picture that has the same ones. Begin with noise; let gradient descent on the *pixels* make
# $J_\text{content}$ small (with `style_weight=0`, and a little weight on smoothness, because what a layer does not see
# would otherwise stay noise). What comes back is what the layer kept; what is wrong is what it forgot.

# %%
STEPS = 3 if QUICK else 60
plain = style.Recipe(backbone="vgg16", size=64 if QUICK else 128, steps=STEPS, start="noise", style_weight=0.0)
plain = replace(plain, variation_weight=2.0)  # among pictures that answer alike, the smoothest
rebuilt = {
    layer: style.transfer(
        C, S, replace(plain, content_layers=layer, style_layers={"block1_conv1": 1.0}), compiled=False
    )
    for layer in LAYERS
}
small = images.resize(C, plain.size)


def off(picture):
    """Return the root mean square difference to C, of 255."""
    return 255 * np.sqrt(np.mean((picture - small) ** 2))


show(
    [small, *(result.image for result in rebuilt.values())],
    ["C", *(f"{layer}\npixels are off by {off(result.image):.0f} of 255" for layer, result in rebuilt.items())],
    columns=3,
)

# %%
for layer, result in rebuilt.items():
    first, last = result.history[0]["content"], result.history[-1]["content"]
    print(f"{layer}: relative cost {first:6.2f} at the start, {last:.4f} after {len(result.history)} steps")

# %% [markdown]
# A shallow layer gives the photograph back. The third block still has every hair, and its colours have begun to fade.
# The fourth keeps eyes, nose and ears where they were, and invents the rest. In the fifth there are eyes, two of them,
# roughly there. The deeper the layer, the less of the *pixels* and the more of the *things* it holds on to, as the
# textbook has it. (Not all of the loss is the layer's: the costs above are not 0, so with more steps each picture would
# come a little nearer.)
#
# And in a whole style transfer? The same photograph and painting, the same weights; only the content layer differs.

# %%
recipe = style.Recipe(backbone="vgg16", size=64 if QUICK else 160, steps=2 if QUICK else 40)
CHOICES = ("block1_conv2", "block4_conv2", "block5_conv2")
painted = {layer: style.transfer(C, S, replace(recipe, content_layers=layer), compiled=False) for layer in CHOICES}
show(
    [result.image for result in painted.values()],
    [f"content layer {layer}" for layer in painted],
    height=2.6,
    columns=3,
)

# %% [markdown]
# With a shallow content layer the photograph resists: whiskers, fur and the pale background must stay as they are, and
# the painting only gets in between. With a deep one only the *arrangement* must stay (two eyes above a nose), and panes
# of glass may take the place of fur. Hence the usual answer: a layer **in the middle**, like `block4_conv2`.
# `block5_conv2` is hardly different here; the picture does not fall apart, because it *began* as the photograph.
#
# ## The formula, part 2: style
# Style is what is left when positions are forgotten. For each pair of channels $k, k'$ of a layer, the **Gram
# matrix** sums over all positions how strongly both answer *at the same place*:
#
# $$ G_{kk'} = \sum_{i=1}^{n_H} \sum_{j=1}^{n_W} a_{ijk}\, a_{ijk'} $$
#
# Say channel 1 finds vertical stripes and channel 2 finds orange. If the stripes are orange, both fire at the same
# positions and $G_{12}$ is large. If stripes and orange are in different places, $G_{12}$ is small. The diagonal
# $G_{kk}$ tells how much of each there is.

# %%
together = tf.constant([[[2.0, 2.0], [2.0, 2.0]], [[0.0, 0.0], [0.0, 0.0]]])  # 2 x 2 positions, 2 channels
apart = tf.constant([[[2.0, 0.0], [2.0, 0.0]], [[0.0, 2.0], [0.0, 2.0]]])
print("orange stripes:      ", style.gram_matrix(together).numpy().tolist())
print("stripes, and orange: ", style.gram_matrix(apart).numpy().tolist())

# %% [markdown]
# ### It forgets where things are
# Shuffle the *positions* of a layer's activations: the sum has the same terms in another order.

# %%
a = activations(S)["block3_conv1"]
rows = tf.reshape(a, (-1, a.shape[-1]))  # a row a position
mixed = tf.reshape(tf.gather(rows, rng.permutation(rows.shape[0])), a.shape)
change = tf.reduce_max(tf.abs(style.gram_matrix(mixed) - style.gram_matrix(a))) / tf.reduce_max(style.gram_matrix(a))
J_shuffled = float(style.content_cost(a, mixed) / style.content_cost(a, 0 * a))
print(f"largest change of the Gram matrix: {float(change):.0e} of its largest number (rounding)")
print(f"content cost of the shuffled layer: {J_shuffled:.2f}, relative")

# %% [markdown]
# But do not say that "style does not depend on positions": shuffle the *pixels* of the painting and its style is gone,
# because each unit looks at neighbours. Only at the scale of whole receptive fields is the place forgotten. Measure it:
# tiles of the painting, shuffled.


# %%
def mean_gram(a):
    """Return the Gram matrix divided by the number of positions."""
    return style.gram_matrix(a).numpy() / (a.shape[0] * a.shape[1])


def relative_style(G, target):
    """Return {layer: |G_S - G_G|^2 / |G_S|^2}."""
    a_G, a_S, costs = activations(G), activations(target), {}
    for layer in STYLE_LAYERS:
        G_S, G_G = mean_gram(a_S[layer]), mean_gram(a_G[layer])
        costs[layer] = np.sum((G_S - G_G) ** 2) / np.sum(G_S**2)
    return costs


def tiled(picture, tile):
    n = picture.shape[0] // tile
    tiles = picture[: n * tile, : n * tile].reshape(n, tile, n, tile, 3).swapaxes(1, 2).reshape(n * n, tile, tile, 3)
    return rng.permutation(tiles).reshape(n, n, tile, tile, 3).swapaxes(1, 2).reshape(n * tile, n * tile, 3)


TILES = [1, 4, 8, 16, 32]
shuffles = [tiled(S, tile) for tile in TILES]
show(shuffles, [f"tiles of {tile} pixels" for tile in TILES], height=1.7)

# %%
costs = [relative_style(one, S) for one in shuffles]
plt.figure(figsize=(5.6, 3.2))
for layer, color in zip(STYLE_LAYERS, ("#56b4e9", GREEN, "#c8b400", "#e69f00", ORANGE), strict=True):
    plt.plot(TILES, [cost[layer] for cost in costs], "o-", color=color, label=layer)
plt.xscale("log", base=2)
plt.xticks(TILES, TILES)
plt.yscale("log")
plt.xlabel("side of the shuffled tiles (pixels)")
plt.ylabel("relative style cost (no unit)")
plt.grid(True, color="#dddddd")
plt.legend(frameon=False, fontsize=8)
plt.show()

# %% [markdown]
# Large tiles leave the style of shallow layers nearly as it was, small tiles destroy it, and the deeper the layer, the
# larger the tiles must be: what a unit sees must stay together. For block 5, whose units see more than a hundred
# pixels, even the largest tiles here are far too small: at 32 pixels it still costs more than half of what it costs
# with single ones. Single pixels keep the colours only, and not even the first layer is content with that: it looks at
# 3 x 3 of them.
#
# ### Does it measure style at all?
# A test with a right answer. Cut each of the five paintings into four quarters: 20 pictures, whose contents differ and
# whose styles come in fives. For each quarter, find the nearest of the other 19. Is it of the same painting? By chance
# that happens in 3 of 19 cases, 16 %.

# %%
PAINTINGS = ["mosaic", "pointillism", "stained-glass", "vortices", "woodcut-wave"][: 2 if QUICK else 5]
quarters, owners = [], []
for number, name in enumerate(PAINTINGS):
    whole = images.resize(images.load_image(f"bundled:{name}"), 2 * SIDE)
    quarters += [half for rows in np.split(whole, 2) for half in np.split(rows, 2, axis=1)]
    owners += [number] * 4
owners, answers = np.array(owners), [activations(one) for one in quarters]


def nearest_is_same(cost):
    """Return the share of quarters whose nearest other quarter is of the same painting."""
    n = len(quarters)
    table = np.array([[np.inf if i == j else cost(answers[i], answers[j]) for j in range(n)] for i in range(n)])
    return np.mean(owners[table.argmin(axis=1)] == owners)


by_layer = {
    layer: (
        nearest_is_same(lambda one, two, layer=layer: float(style.layer_style_cost(one[layer], two[layer]))),
        nearest_is_same(lambda one, two, layer=layer: float(style.content_cost(one[layer], two[layer]))),
    )
    for layer in STYLE_LAYERS
}
for layer, (by_style, by_content) in by_layer.items():
    print(f"{layer}: the same painting by the style cost {by_style:4.0%}, by the content cost {by_content:4.0%}")

# %% [markdown]
# The style cost knows the painting, in every layer. The content cost of the same activations does not: it is above
# chance, since bright places meet dark ones, but it mostly compares what is where. One sum over positions makes the
# difference.
#
# ### The cost of one layer, and of several
# $$ J^{[\ell]}_\text{style}(S, G) =
# \frac{1}{4\, n_C^2\, (n_H n_W)^2} \sum_{k,k'} \left( G^{(S)}_{kk'} - G^{(G)}_{kk'} \right)^2, \qquad
# J_\text{style} = \sum_\ell \lambda^{[\ell]} J^{[\ell]}_\text{style} $$

# %%
a_S, a_G = activations(S), activations(C)
lambdas = dict.fromkeys(STYLE_LAYERS, 0.2)
for layer in STYLE_LAYERS:
    print(f"{layer}: J_style = {float(style.layer_style_cost(a_S[layer], a_G[layer])):10.3g}")
print(f"all, lambda = 0.2 each: {float(style.style_cost(a_S, a_G, lambdas)):.3g}")

# %% [markdown]
# Look at the sizes: with equal $\lambda$ the sum is mostly two layers', because activations of different layers have
# different sizes. (The package's default `normalization="scale-free"` divides each layer's cost by $|G^{(S)}|^2$ for
# that reason.)
#
# ## Why several style layers?
# Try fewer. No content at all (`content_weight=0`), from noise: whatever appears is style. One shallow layer, one deep
# layer, and all five.

# %%
SETS = {
    "block1_conv1 alone": {"block1_conv1": 1.0},
    "block3_conv1 alone": {"block3_conv1": 1.0},
    "block5_conv1 alone": {"block5_conv1": 1.0},
    "all five": dict.fromkeys(STYLE_LAYERS, 0.2),
}
texture = style.Recipe(
    backbone="vgg16", size=64 if QUICK else 128, steps=3 if QUICK else 80, start="noise", content_weight=0.0
)
square = images.resize(S, texture.size)
grown = {
    name: style.transfer(square, S, replace(texture, style_layers=chosen), compiled=False).image
    for name, chosen in SETS.items()
}
show([square, *grown.values()], ["S", *grown], height=2, columns=5)

# %%
print(" " * 20, *(f"{layer:>13}" for layer in STYLE_LAYERS))
for name, G in grown.items():
    print(f"{name:20}", *(f"{cost:13.4f}" for cost in relative_style(G, square).values()))

# %% [markdown]
# - **block1 alone** has every colour in the right amount, and blobs. Look at its row: its own cost is 0.0000, and the
#   deep layers' costs say that nothing else is right.
# - **block3 alone** has panes with lead between them, and the wrong colours.
# - **block5 alone** is no painting at all. It satisfies its own layer and spoils all others: many pictures, most of
#   them ugly, have the same deep statistics.
# - **all five**: colours *and* panes, and no layer far off. Each layer knows the style at one scale, and leaves the
#   others free; so we need several.
#
# ## The formula, part 3: both
# $$ J(G) = \alpha\, J_\text{content}(C, G) + \beta\, J_\text{style}(S, G) $$

# %%
style.total_cost(J_content=2.0, J_style=0.5, content_weight=10, style_weight=40)  # 10 * 2 + 40 * 0.5

# %% [markdown]
# ## Why a sum, and not a mean?
# Learners stumble here three times. Why is J a sum of two terms, not their mean? Why does $J_\text{content}$ sum over
# positions, where the exercise takes (nearly) a mean? And in triplet loss, why is J the *sum* over triplets?
#
# A mean of m terms is their sum divided by m. Where m is a constant, the smallest J is at the same picture: dividing a
# landscape's height by m does not move its valleys. What changes is the slope:

# %%
w = tf.Variable(3.0)
terms = tf.constant([1.0, 2.0, 5.0, 8.0])
candidates = np.linspace(0, 9, 91)
for name, reduce in (("sum", tf.reduce_sum), ("mean", tf.reduce_mean)):
    with tf.GradientTape() as tape:
        J = reduce(tf.square(w - terms))
    lowest = candidates[np.argmin([reduce(tf.square(one - terms)) for one in candidates.astype(np.float32)])]
    print(f"{name:4}: gradient {float(tape.gradient(J, w)):5.2f} at w = 3, smallest J at w = {lowest:.1f}")

# %% [markdown]
# So plain gradient descent needs another learning rate, and that is all. Does that hold for a whole picture? Multiply
# *both* $\alpha$ and $\beta$ by 100, for three optimisers, and compare the pictures.

# %%
tiny = style.Recipe(backbone="vgg16", size=64, steps=3 if QUICK else 20)
OPTIMIZERS = {
    "gradient descent, rate 0.05": {"optimizer": "gradient-descent", "learning_rate": 0.05},
    "Adam": {"optimizer": "adam"},
    "L-BFGS": {"optimizer": "lbfgs"},
}
for name, options in OPTIMIZERS.items():
    once = style.transfer(C, S, replace(tiny, **options), compiled=False)
    hundred = replace(tiny, content_weight=100.0, style_weight=1000.0, **options)
    times = style.transfer(C, S, hundred, compiled=False)
    costs = once.history[-1]["cost"], times.history[-1]["cost"] / 100
    difference = 255 * np.abs(once.image - times.image).mean()
    print(f"{name:28} J = {costs[0]:6.3f}, and 100 x {costs[1]:7.3f}; pictures differ by {difference:4.1f} of 255")

# %% [markdown]
# - **Gradient descent** takes steps a hundred times as long, leaps over the valley, and ends in noise. With a hundredth
#   of the rate it would be the same picture again.
# - **Adam** divides the gradient by its own size. A factor before J cancels, but for rounding.
# - **L-BFGS** reaches (nearly) the same J by *another* picture. Its very first step is as long as the gradient, and so
#   takes another direction through the landscape; afterwards it has measured the curvature, and the factor cancels.
#   That the two pictures differ so much at nearly the same J is worth remembering: J has many pictures that are about
#   equally good.
#
# ### Where it does matter: when the number of terms changes
# $J_\text{content}$ as the course writes it is a *sum* over positions, and a larger picture has more of them.
# $J^{[\ell]}_\text{style}$ is divided by $(n_H n_W)^2$, which makes it a *mean*. So the two grow differently, and one
# pair of $\alpha, \beta$ does not mean the same at another size. Here are both for the same photograph and painting, G
# being the photograph moved by a few whole pixels (so that neither cost is 0): 1 of 64, 3 of 128, 6 of 256. At 64 that
# is a little less of the picture than at the others, which makes the first step of $J_\text{content}$ look too large.

# %%
SIZES = (64, 96) if QUICK else (64, 128, 256)
print("size    J_content      J_style   J_content / J_style")
for size in SIZES:
    photo, painting = (images.resize(images.load_image(f"bundled:{n}"), size) for n in ("cat", "stained-glass"))
    a_P, a_M, a_S = (activations(one) for one in (photo, np.roll(photo, size // 40, axis=1), painting))
    both = style.content_cost(a_P["block4_conv2"], a_M["block4_conv2"]), style.style_cost(a_S, a_M, lambdas)
    print(f"{size:4} {float(both[0]):12.4g} {float(both[1]):12.4g} {float(both[0] / both[1]):12.3g}")

# %% [markdown]
# Does one see it? Twice the same weights at two sizes: above with the course's costs, below scale-free ones, where
# both terms are relative numbers.

# %%
PAIR = (64, 96) if QUICK else (80, 240)
course = {"normalization": "course", "content_weight": 1.0, "style_weight": 1e5}
rows = {}
for name, options in (("course", course), ("scale-free", {})):
    for size in PAIR:
        sized = style.Recipe(backbone="vgg16", size=size, steps=2 if QUICK else 40, **options)
        rows[name, size] = style.transfer("bundled:cat", "bundled:stained-glass", sized, compiled=False)
show([result.image for result in rows.values()], [f"{name}, {size} pixels" for name, size in rows], columns=2)

# %%
for (name, size), result in rows.items():
    photo, painting = (images.resize(images.load_image(f"bundled:{n}"), size) for n in ("cat", "stained-glass"))
    a_P, a_G = activations(photo)["block4_conv2"], activations(result.image)["block4_conv2"]
    off_content = float(style.content_cost(a_P, a_G) / style.content_cost(a_P, 0 * a_P))
    off_style = np.mean(list(relative_style(result.image, painting).values()))
    print(f"{name:10} {size:4} pixels: relative content cost {off_content:.2f}, relative style cost {off_style:.3f}")

# %% [markdown]
# With the course's costs the small cat is all glass and the large one almost a photograph, although $\alpha$ and
# $\beta$ are the same. $J_\text{content}$ grew with the number of positions (and more); $J_\text{style}$ did not grow;
# it fell, because a deep unit sees a smaller part of a larger picture. With the scale-free costs the two pictures are
# nearer to each other. To be honest, they are not equal either: in 80 pixels there is no room for whiskers, whatever
# the cost.
#
# **So, the three answers.**
#
# 1. $\alpha J_\text{content} + \beta J_\text{style}$ or half of it: the same picture. Only the **ratio** $\alpha /
#    \beta$ means anything.
# 2. Sum or mean over positions: a constant, which $\alpha$ can absorb, *as long as the size stays*. If it
#    changes, the ratio must change with it. A mean (the course's exercise) or a relative cost (this package's default)
#    spares you that.
# 3. Sum or mean over triplets: the same valley, a gradient m times as long. It matters where m changes from batch to
#    batch, as the number of active triplets does. FaceNet writes the sum; `faces.TripletModel` has `reduction="mean"`
#    or `"sum"`.
#
# ## Change me
# Which layers, which weights? Try a content layer of block 2, one style layer alone, a $\beta$ a hundred times larger.

# %% tags=["change-me"]
content_layer = "block4_conv2"  # Change me: "block1_conv2", "block2_conv2", "block5_conv2"
style_layers = {"block1_conv1": 0.2, "block2_conv1": 0.2, "block3_conv1": 0.6}  # Change me: other layers, other lambdas
alpha, beta = 1.0, 20.0  # Change me: their ratio counts, not their size
photo, painting = "bundled:coffee", "bundled:vortices"  # Change me: files of your own

mine = style.Recipe(
    backbone="vgg16",
    size=64 if QUICK else 192,
    steps=2 if QUICK else 40,
    content_layers=content_layer,
    style_layers=style_layers,
    content_weight=alpha,
    style_weight=beta,
)
result = style.transfer(photo, painting, mine, compiled=False)
show([result.image], [f"alpha = {alpha:g}, beta = {beta:g}"], height=3)

# %% [markdown]
# ## What to take away
# - Content: same answers at the same places. Style: the same channels together, wherever. Both are distances between
#   activations of a network that is not trained.
# - A shallow content layer holds on to pixels, a deep one to the arrangement; the middle is the usual choice.
# - A Gram matrix forgets positions, but not what lies within a unit's receptive field. It recognises a painting's
#   quarters nearly every time.
# - Each style layer knows one scale, from colours to shapes. One alone leaves the others free; take several.
# - Of $\alpha$ and $\beta$ only the ratio counts, and with sums over positions the ratio must change with the size.
#
# ## Papers
# - Gatys, Ecker, Bethge: *A Neural Algorithm of Artistic Style*, 2015, arXiv:1508.06576; as *Image Style Transfer Using
#   Convolutional Neural Networks*, CVPR 2016.
# - Gatys, Ecker, Bethge: *Texture Synthesis Using Convolutional Neural Networks*, NeurIPS 2015, arXiv:1505.07376.
# - Mahendran, Vedaldi: *Understanding Deep Image Representations by Inverting Them*, CVPR 2015, arXiv:1412.0035.
# - Simonyan, Zisserman: *Very Deep Convolutional Networks for Large-Scale Image Recognition*, ICLR 2015,
#   arXiv:1409.1556.
# - Li, Wang, Liu, Hou: *Demystifying Neural Style Transfer*, IJCAI 2017, arXiv:1701.01036 (matching Gram matrices is
#   matching distributions).
