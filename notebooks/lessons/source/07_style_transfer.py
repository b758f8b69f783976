# %% [markdown]
# # 7. Style transfer
#
# ## The question
# Lesson 6 gave us a number, $J(G)$, that is small when a picture G has the content of C and the style of S. How do we
# find the picture that makes it small?

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

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from PIL import Image

from keras_apps import backbones, images, style

QUICK = bool(os.environ.get("KERAS_APPS_QUICK"))  # CI takes fewer steps
BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#009e73"
plt.rcParams["figure.dpi"] = 80
tf.get_logger().setLevel("ERROR")  # or TensorFlow remarks that each picture compiles a small function


def show(pictures, titles, height=2.6, columns=4):
    """Show pictures beside each other, in rows."""
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    wide = height * max(picture.shape[1] / picture.shape[0] for picture in pictures)
    _, axes = plt.subplots(rows, columns, figsize=(columns * (wide + 0.1), rows * (height + 0.4)), squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for ax, picture, title in zip(axes.flat, pictures, titles, strict=False):
        ax.imshow(np.clip(picture, 0, 1))
        ax.set_title(title, fontsize=9)
    plt.tight_layout()
    plt.show()


# %% [markdown]
# ## The idea in plain words
# In all other lessons the pictures stay and the **weights** learn. Here the weights stay and the **picture** learns.
# Its pixels are the parameters: 160 x 107 x 3 of them, say. Begin with some picture, ask VGG16 for the cost, ask for
# the gradient of the cost with respect to each pixel, and move each pixel a little downhill. Again, and again.
#
# ## The formula
# $$ G := G - \eta\, \frac{\partial J(G)}{\partial G}, \qquad
# J(G) = \alpha\, J_\text{content}(C, G) + \beta\, J_\text{style}(S, G) $$

# %%
SIZE, STEPS = (64, 4) if QUICK else (160, 60)
CONTENT_LAYER = "block4_conv2"
STYLE_LAYERS = {f"block{b}_conv1": 0.2 for b in range(1, 6)}  # {layer: lambda}
C = images.resize(images.load_image("bundled:coffee"), SIZE)
S = images.resize(images.load_image("bundled:vortices"), SIZE)
show([C, S], ["C, the content", "S, the style"])

# %% [markdown]
# ## By hand
# As in the course's exercise: a `tf.Variable` for G, a `tf.GradientTape` for the gradient, Adam for the step. The three
# costs come from the package; you know them from lesson 6.

# %%
vgg = backbones.load("vgg16", [CONTENT_LAYER, *STYLE_LAYERS])  # a dictionary {layer: activations}


def activations(picture):
    return {layer: a[0] for layer, a in vgg(picture[None]).items()}


a_C = activations(tf.constant(C))[CONTENT_LAYER]  # the targets: computed once
a_S = {layer: a for layer, a in activations(tf.constant(S)).items() if layer in STYLE_LAYERS}
ALPHA, BETA = 1.0, 1e6

# %%
G = tf.Variable(C)
optimizer = keras.optimizers.Adam(learning_rate=0.02)


@tf.function
def train_step():
    with tf.GradientTape() as tape:
        a_G = activations(G)
        J_content = style.content_cost(a_C, a_G[CONTENT_LAYER])
        J_style = style.style_cost(a_S, a_G, STYLE_LAYERS)
        J = style.total_cost(J_content, J_style, ALPHA, BETA)
    gradient = tape.gradient(J, G)  # one number for each pixel and colour
    optimizer.apply_gradients([(gradient, G)])
    G.assign(tf.clip_by_value(G, 0.0, 1.0))  # stay a picture
    return J, J_content, J_style


by_hand, snapshots = [], {0: C}
for step in range(1, STEPS + 1):
    by_hand.append([float(J) for J in train_step()])
    if step in (3, 15, STEPS):
        snapshots[step] = G.numpy()
by_hand = np.array(by_hand)
show(list(snapshots.values()), [f"after {step} steps" for step in snapshots])

# %%
plt.figure(figsize=(5.6, 3.2))
for column, weight, name, color in (
    (0, 1, "J", "black"),
    (1, ALPHA, "alpha J_content", BLUE),
    (2, BETA, "beta J_style", ORANGE),
):
    values = weight * by_hand[:, column]
    plt.plot(np.arange(1, STEPS + 1)[values > 0], values[values > 0], color=color, label=name)
plt.yscale("log")
plt.xlabel("step")
plt.ylabel("cost (no unit)")
plt.grid(True, color="#dddddd")
plt.legend(frameon=False)
plt.show()

# %% [markdown]
# Started from the photograph, $J_\text{content}$ is 0 and can only rise; $J_\text{style}$ falls by more. That is a
# trade: the sum falls.
#
# ## With the package
# `style.transfer` runs the same loop. A `Recipe` says everything: layers, weights, size, optimiser, start. With the
# same recipe it must give the same picture. Does it?

# %%
recipe = style.Recipe(
    backbone="vgg16",
    content_layers=CONTENT_LAYER,
    style_layers=STYLE_LAYERS,
    content_weight=ALPHA,
    style_weight=BETA,
    normalization="course",  # the lecture's formulas, as above
    optimizer="adam",
    size=SIZE,
    steps=STEPS,
)
with_adam = style.transfer(C, S, recipe, compiled=False)
with_lbfgs = style.transfer(C, S, replace(recipe, optimizer="lbfgs"), compiled=False)
print(f"by hand and by the package: {255 * np.abs(G.numpy() - with_adam.image).mean():.2f} of 255 apart, on average")
show([G.numpy(), with_adam.image, with_lbfgs.image], ["by hand", "the package, Adam", "the package, L-BFGS"])

# %%
plt.figure(figsize=(5.6, 3.2))
plt.plot(range(1, STEPS + 1), by_hand[:, 0], color="black", linewidth=3, alpha=0.3, label="by hand, Adam 0.02")
for result, name, color in ((with_adam, "the package, Adam 0.02", BLUE), (with_lbfgs, "the package, L-BFGS", ORANGE)):
    plt.plot([row["step"] for row in result.history], [row["cost"] for row in result.history], color=color, label=name)
plt.yscale("log")
plt.xlabel("step")
plt.ylabel("J (no unit)")
plt.grid(True, color="#dddddd")
plt.legend(frameon=False)
plt.show()

# %% [markdown]
# Nearly. J lies on one curve; the pictures differ by about as much as the printed number, because sums are taken in
# another order, rounding differs in the seventh digit, and sixty steps magnify that. **L-BFGS** looks at how the
# gradient changed over the last ten steps, guesses the curvature, and gets lower in as many steps. It is what Gatys et
# al. used, and what a `Recipe` has by default.
#
# One more thing to see: the saucer stays red in all three, although the painting is blue. With equal $\lambda$ the
# course's costs hardly count the first layer, which knows the colours (lesson 6 printed each layer's cost). Now watch
# it change.
#
# ## What does the ratio of alpha and beta do?
# From here on the package's default costs: each term is divided by the size of its target, so that a weight of 10 means
# the same for every picture and size (lesson 6 says why). Only $\beta$ changes below; $\alpha$ is 1.

# %%
default = style.Recipe(backbone="vgg16", size=SIZE, steps=3 if QUICK else 40)
BETAS = [0.1, 1.0, 10.0, 100.0]
swept = style.sweep(C, S, default, {"style_weight": BETAS}, cell=SIZE + 40, compiled=False)
Image.fromarray(images.to_uint8(swept.image))

# %%
ends = [result.history[-1] for result in swept.results]
plt.figure(figsize=(4.6, 3.2))
plt.plot([row["content"] for row in ends], [row["style"] for row in ends], "o-", color=ORANGE)
for beta, row in zip(BETAS, ends, strict=True):
    above = {"xytext": (0, 7), "textcoords": "offset points", "ha": "center", "fontsize": 8}
    plt.annotate(f"beta = {beta:g}", (row["content"], row["style"]), **above)
plt.xlabel("relative content cost at the end")
plt.ylabel("relative style cost at the end")
plt.margins(0.2)
plt.grid(True, color="#dddddd")
plt.show()

# %% [markdown]
# Each step to the right pays content for style. With $\beta = 0.1$ the photograph is left alone; with 10 it is a
# painting of a cup. From 10 to 100 the style cost hardly falls any more, and only content is lost. Do not conclude that
# the style cannot come nearer: forty steps are what limits it here, and the sixty below get further. There is no best
# value. It is a matter of taste, somewhere between 1 and 20 for this pair.
#
# ## Begin with noise or with the photograph?
# The course begins with noise, or with a blend of noise and C; most programs begin with C. Both go downhill on the same
# landscape, but not from the same place.

# %%
starts = {
    name: style.transfer(C, S, replace(default, start=name, steps=STEPS), compiled=False)
    for name in ("content", "blend", "noise")
}
show([result.image for result in starts.values()], [f"start: {name}" for name in starts])

# %%
plt.figure(figsize=(5.6, 3.2))
for (name, result), color in zip(starts.items(), (BLUE, GREEN, ORANGE), strict=True):
    plt.plot([row["step"] for row in result.history], [row["cost"] for row in result.history], color=color, label=name)
plt.yscale("log")
plt.xlabel("step")
plt.ylabel("J (no unit)")
plt.grid(True, color="#dddddd")
plt.legend(title="start", frameon=False)
plt.show()
for name, result in starts.items():
    last = result.history[-1]
    print(f"{name:8} J = {last['cost']:.3f}: content {last['content']:.3f}, style 10 x {last['style']:.4f}")

# %% [markdown]
# Look at the numbers and at the pictures, and be surprised. Noise ends with the *lowest* J, and it is the picture in
# which one cannot find the cup: its relative content cost is near 1, as far from the photograph as black is. It bought
# style instead, which is what this J asks for. The photograph ends with the highest J of the three and looks best to
# our eyes. So J is not the eye. A start is a choice too: it says which of the many pictures with a low J we would
# like. (The course begins with noise blended with C, which has both: a low J, and a cup. Another seed gives another
# picture.)
#
# ## Keep the photograph's colours
# The Gram matrix of the first layer knows colours, and so the painting's colours come along with its strokes. Two ways
# out: repaint only light and dark, and take the colours from the photograph (`"luminance"`); or give the painting the
# photograph's colours before it is used (`"matched"`).

# %%
colors = {
    name: style.transfer(C, S, replace(default, color=name), compiled=False).image
    for name in ("style", "luminance", "matched")
}
show([C, *colors.values()], ["C", *(f'color="{name}"' for name in colors)])

# %% [markdown]
# ## Change me
# Your own photograph and painting, if you like. Photographs of people are theirs: ask first, and say that the picture
# is altered.

# %% tags=["change-me"]
photo = "bundled:cat"  # Change me: a file, or bundled: cat, coffee, astronaut, rocket, hopper
painting = "bundled:stained-glass"  # Change me: bundled: mosaic, pointillism, stained-glass, vortices, woodcut-wave
alpha, beta = 1.0, 10.0  # Change me: beta = 1, 10, 100
start = "content"  # Change me: "noise", "blend", "style"
color = "style"  # Change me: "luminance", "matched"
size, steps = (64, 3) if QUICK else (256, 60)  # Change me: 384 pixels take twice as long

mine = style.Recipe(
    backbone="vgg16", size=size, steps=steps, content_weight=alpha, style_weight=beta, start=start, color=color
)
result = style.transfer(photo, painting, mine, compiled=not QUICK)
images.save_image(result.image, "painted.png")
Image.fromarray(images.to_uint8(result.image))

# %%
style.plot_history([{**row, "seconds": 0.0} for row in result.history], mine)

# %% [markdown]
# ## What to take away
# - The weights stay, the picture learns: `tf.Variable`, `GradientTape`, a step, a clip to 0..1. That is all of it.
# - J is a trade: content is paid for style, and $\beta / \alpha$ is the price.
# - Optimiser and start matter as much as weights, because J has many pictures that are about equally good; and the
#   lowest J is not always the best picture.
# - Colours come along with the style, unless you ask for the photograph's.
# - It is slow, since each picture is an optimisation of its own. Johnson et al. train a network that paints at once,
#   with the same costs.
#
# ## Papers
# - Gatys, Ecker, Bethge: *A Neural Algorithm of Artistic Style*, 2015, arXiv:1508.06576; as *Image Style Transfer Using
#   Convolutional Neural Networks*, CVPR 2016.
# - Gatys, Bethge, Hertzmann, Shechtman: *Preserving Color in Neural Artistic Style Transfer*, 2016, arXiv:1606.05897.
# - Gatys et al.: *Controlling Perceptual Factors in Neural Style Transfer*, CVPR 2017, arXiv:1611.07865.
# - Kingma, Ba: *Adam: A Method for Stochastic Optimization*, ICLR 2015, arXiv:1412.6980.
# - Byrd et al.: *A Limited Memory Algorithm for Bound Constrained Optimization*, SIAM J. Sci. Comput. 16, 1995.
# - Johnson, Alahi, Fei-Fei: *Perceptual Losses for Real-Time Style Transfer and Super-Resolution*, ECCV 2016,
#   arXiv:1603.08155 (a network that paints at once, trained with the same costs).
