# %% [markdown]
# # 8. From pictures to signals and volumes: 1-D and 3-D
#
# ## The question
# A heartbeat is a row of numbers. A scan is a block of numbers; so is a film. Nothing in them is a picture. Must we
# learn everything anew, or does what we know about convolutions carry over?

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
from IPython.display import Image

from keras_apps import backbones, dimensions, faces, images

QUICK = bool(os.environ.get("KERAS_APPS_QUICK"))  # CI takes fewer steps
BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#009e73"
plt.rcParams["figure.dpi"] = 80
tf.get_logger().setLevel("ERROR")  # or TensorFlow remarks that several networks are compiled
keras.utils.set_random_seed(0)

# %% [markdown]
# ## The idea in plain words
# A filter slides over its input, and at each position writes one number: how well what it sees there agrees with it.
# Over a signal it slides along **one** axis, over a picture along **two**, over a volume or film along **three**. That
# is all that changes. Sharing (the same filter everywhere), channels, strides, pooling, residual blocks, triplet loss:
# they never asked how many axes there are.
#
# ## The formula
# Along **each** axis, $n$ cells, a filter of $f$, padding $p$ and stride $s$ give
#
# $$ \left\lfloor \frac{n + 2p - f}{s} \right\rfloor + 1 $$
#
# positions; every filter gives one channel. With the course's numbers:

# %%
ROWS = [
    ("2-D, a picture", (14, 14, 3), 16, 5),
    ("2-D, next layer", (10, 10, 16), 32, 5),
    ("1-D, a heartbeat", (14, 1), 16, 5),
    ("1-D, next layer", (10, 16), 32, 5),
    ("3-D, a scan", (14, 14, 14, 1), 16, 5),
    ("3-D, next layer", (10, 10, 10, 16), 32, 5),
]


def by(numbers):
    return " x ".join(str(number) for number in numbers)


for what, shape, filters, f in ROWS:
    out = dimensions.output_shape(shape, filters, f)
    kernel = (f,) * (len(shape) - 1) + shape[-1:]
    print(f"{what:16} {by(shape):>17}  *  {by(kernel):>14}, {filters} filters  ->  {by(out)}")

# %% [markdown]
# Note the last number of each filter: a filter sees *all* channels of its input at once, it does not slide along them.
# A heartbeat of one lead has one channel, an RGB picture three; after the first layer there are as many as there were
# filters.

# %%
dimensions.plot_sliding((1, 2, 3)).savefig("sliding.png", dpi=75)
Image("sliding.png")

# %% [markdown]
# ## One piece of code, three ranks
# `dimensions.convolve` is the definition in NumPy, in one loop over positions, and it never says "2-D". Give it a
# difference filter of each rank: along time in a heartbeat, along columns in a picture, along *frames* in a film.

# %%
heartbeat, _ = dimensions.synthetic_heartbeats(1, 1, seconds=2.0)
grey = images.resize(images.load_image("bundled:cat"), 96).mean(axis=-1, keepdims=True)
film, way = dimensions.moving_shapes(1, frames=8, size=20, noise=0.02, seed=2)
inputs = [heartbeat[0], grey, film[0]]
filters = [np.array([1.0, -1]).reshape(2, 1, 1), np.array([1.0, -1]).reshape(1, 2, 1, 1)]
filters += [np.array([1.0, -1]).reshape(2, 1, 1, 1, 1)]
outputs = [dimensions.convolve(one, filter_) for one, filter_ in zip(inputs, filters, strict=True)]
for one, filter_, answer in zip(inputs, filters, outputs, strict=True):
    print(f"{by(one.shape):>16}  *  {by(filter_.shape[:-1]):>13}  ->  {by(answer.shape)}")

# %%
figure, axes = plt.subplots(3, 2, figsize=(8, 6.6))
times = np.arange(len(heartbeat[0])) / 128
axes[0, 0].plot(times, inputs[0], color=BLUE)
axes[0, 1].plot(times[1:], outputs[0], color=ORANGE)
for ax in axes[0]:
    ax.set(xlabel="time (s)", ylabel="mV")
axes[1, 0].imshow(inputs[1], cmap="gray")
axes[1, 1].imshow(outputs[1], cmap="gray", vmin=-0.3, vmax=0.3)
axes[2, 0].imshow(np.hstack(inputs[2][:4, ..., 0]), cmap="gray")
axes[2, 1].imshow(np.hstack(outputs[2][:4, ..., 0]), cmap="gray", vmin=-1, vmax=1)
for ax in axes[1:].flat:
    ax.set(xlabel="column (pixels)", ylabel="row (pixels)")
titles = ["1-D: a heartbeat", "where it rises and falls", "2-D: a picture", "upright edges"]
titles += ["3-D: a film, four frames of it", "what moved: white was left, black was entered"]
for ax, title in zip(axes.flat, titles, strict=True):
    ax.set_title(title, fontsize=9)
plt.tight_layout()
plt.show()

# %% [markdown]
# The filter of the first row is (1, -1): where the heartbeat rises, the answer is below 0.
#
# ### What does a third axis cost?
# A filter of 5 along each axis has $5$, $5^2$, $5^3$ numbers per channel, and there are more positions too.
# (The weights below include a bias for each of the 32 filters.)

# %%
print("rank   weights of 32 filters   multiplications (10 cells along each axis, 16 channels)")
for rank in (1, 2, 3):
    shape = (10,) * rank + (16,)
    print(f"{rank}-D {dimensions.parameters(shape, 32, 5):24,} {dimensions.multiplications(shape, 32, 5):20,}")

# %% [markdown]
# ## A network of pictures becomes one of films
# VGG16 has learnt to see from a million photographs. There are no million films. Can it be *converted*? Carreira and
# Zisserman's trick is to think of the **boring film**: one picture, shown again and again. The 3-D network should say
# about the boring film, at each step, what the 2-D network says about the picture. Repeat each kernel $T$ times along
# time, and divide it by $T$:
#
# $$ W^{3D}_{t,i,j} = \frac{1}{T}\, W^{2D}_{i,j} \qquad\Rightarrow\qquad
# \sum_{t=1}^{T} \sum_{i,j} \tfrac{1}{T} W_{i,j}\, x_{i,j} = \sum_{i,j} W_{i,j}\, x_{i,j} $$

# %%
LAYER = "block2_conv2"
network = backbones.load("vgg16", [LAYER])
inflated = dimensions.convert(network, 3)  # 3 x 3 becomes 3 x 3 x 3
print(network.get_layer("block1_conv2").kernel.shape, "->", inflated.get_layer("block1_conv2").kernel.shape)

STEPS, SIDE = 16, 40
picture = images.resize(images.load_image("bundled:cat"), (SIDE, SIDE))
boring = np.repeat(picture[None], STEPS, axis=0)
wide = images.resize(images.load_image("bundled:coffee"), (SIDE, SIDE + 3 * STEPS))
panning = np.stack([wide[:, 3 * t : 3 * t + SIDE] for t in range(STEPS)])  # the camera moves by 3 pixels a frame


def difference(video_network, video):
    """How far each step's answer is from the 2-D network's answer to that frame alone, relative."""
    answer = video_network.predict(video[None], verbose=0)[LAYER][0]
    alone = network.predict(video, verbose=0)[LAYER]
    return np.linalg.norm((answer - alone).reshape(STEPS, -1), axis=1) / np.linalg.norm(
        alone.reshape(STEPS, -1), axis=1
    )


# %%
networks = {
    "inflated": inflated,
    "inflated, border frames repeated": dimensions.convert(network, 3, borders="repeat"),
    "kernel in the middle slice, zeros around": dimensions.convert(network, 3, "center", time_stride="keep"),
}
figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
for ax, video, title in zip(axes, (boring, panning), ("the boring film", "the camera moves"), strict=True):
    for (name, one), color, mark in zip(networks.items(), (ORANGE, BLUE, GREEN), "osx", strict=True):
        ax.plot(range(1, STEPS + 1), 100 * difference(one, video), mark + "-", color=color, label=name, markersize=4)
    ax.set(xlabel="step of the film (frames)", title=title)
    ax.grid(True, color="#dddddd")
axes[0].set_ylabel("difference from the\n2-D network's answer (%)")
axes[0].legend(frameon=False, fontsize=8)
plt.tight_layout()
plt.show()

# %% [markdown]
# **The boring film** (left). The promise holds in the middle and fails at both ends. Each of the four convolutions
# looks one frame beyond the film, where there are zeros, and so the first four and the last four steps are off. Repeat
# the border frames in place of zeros, and *every* step is exact.
#
# **A film that is not boring** (right). The inflated network now answers something else than the 2-D network, and by a
# lot: it averages over neighbouring frames, and the camera moves. That is not a fault. The trick promises nothing for
# such films; it gives a network to *begin* with, and training on films then teaches each kernel what to do with time.
# The third one, with the picture's kernel in the middle slice, is exact for any film, because to begin with it does not
# look at other frames at all.
#
# ## 1-D: who is this heart?
# The Siamese network of lesson 2, the triplet loss of lesson 3, and a tower of `Conv1D`. A person is the shape of five
# waves (P, Q, R, S, T), drawn from numbers; each recording has its own heart rate, start, gain, drift and noise. These
# are **not patients**, and no figure below says anything about medicine.

# %%
PEOPLE, UNSEEN, RECORDINGS = (40, 20, 8) if QUICK else (200, 40, 8)
EPOCHS = 3 if QUICK else 6  # of 25 steps
signals, labels = dimensions.synthetic_heartbeats(PEOPLE, RECORDINGS)
figure, axes = plt.subplots(2, 2, figsize=(8, 3), sharex=True, sharey=True)
for row, color in enumerate((BLUE, ORANGE)):
    for ax, signal in zip(axes[row], signals[labels == row], strict=False):
        ax.plot(np.arange(len(signal)) / 128, signal, color=color, linewidth=0.9)
    axes[row, 0].set_ylabel(f"person {row + 1}\n(mV)")
axes[0, 0].set_title("one recording", fontsize=9)
axes[0, 1].set_title("another", fontsize=9)
for ax in axes[1]:
    ax.set_xlabel("time (s)")
plt.tight_layout()
plt.show()

# %%
tower = dimensions.build_tower(
    rank=1,
    input_shape=(512, 1),
    encoding=64,
    filters=16,
    stem=9,
    kernel=7,
    blocks=[(32, 2), (64, 2)],
    readout="average",
)
tower.output_shape, tower.count_params()

# %% [markdown]
# Nothing changes in how it is trained: batches of some people with several recordings of each, in which triplets are
# mined.

# %%
model = faces.TripletModel(tower, margin=0.2, mining="semi-hard")
model.compile(keras.optimizers.Adam(2e-3), jit_compile=False)


def batches(people=16, each=4):
    """Batches of some people, with several recordings of each."""
    random = np.random.default_rng(0)
    while True:
        who = random.choice(PEOPLE, people, replace=False)
        chosen = np.concatenate([k * RECORDINGS + random.choice(RECORDINGS, each, replace=False) for k in who])
        yield signals[chosen], labels[chosen]


# %% [markdown]
# Judged on people whom training never sees (their numbers go on where the others' end), before and after.

# %%
new_signals, new_labels = dimensions.synthetic_heartbeats(UNSEEN, RECORDINGS, first=PEOPLE)
first, second = np.triu_indices(len(new_labels), 1)
same = new_labels[first] == new_labels[second]


def distances_of(codes):
    return faces.squared_euclidean(codes[first], codes[second])


before = distances_of(faces.encode(tower, new_signals))
history = model.fit(batches(), epochs=EPOCHS, steps_per_epoch=5 if QUICK else 25, shuffle=False, verbose=0).history
after = distances_of(faces.encode(tower, new_signals))
plain = distances_of(new_signals[..., 0] / np.linalg.norm(new_signals[..., 0], axis=1, keepdims=True))
for name, d in (("the signals as they are", plain), ("an untrained tower", before), ("the trained tower", after)):
    print(f"{name:24} equal error rate {faces.equal_error_rate(faces.roc(d, same))[0]:6.1%}")

# %%
figure, axes = plt.subplots(1, 2, figsize=(8.6, 3), sharey=True)
for ax, d, title in zip(axes, (plain, after), ("signals as they are", "the trained tower"), strict=True):
    edges = np.linspace(0, np.quantile(d, 0.999), 50)
    for kind, color, name in ((True, BLUE, "one person"), (False, ORANGE, "two people")):
        ax.hist(
            d[same == kind],
            edges,
            weights=np.full((same == kind).sum(), 100 / (same == kind).sum()),
            color=color,
            alpha=0.6,
            label=name,
        )
    ax.set(xlabel="squared distance of two recordings (no unit)", title=title)
axes[0].set_ylabel("pairs (%)")
axes[1].legend(frameon=False)
plt.tight_layout()
plt.show()

# %% [markdown]
# One-shot identification, as in lesson 1: enrol each of the unseen people with **one** recording, and look up the
# others.

# %%
codes = faces.encode(tower, new_signals).reshape(UNSEEN, RECORDINGS, -1)


def found_from_one(codes):
    """Return the share of the other recordings whose nearest enrolled one is the same person's."""
    to_all = np.linalg.norm(codes[:, 1:, None] - codes[None, None, :, 0], axis=-1)
    return np.mean(to_all.argmin(axis=-1) == np.arange(len(codes))[:, None])


print(f"found among {UNSEEN} people: {found_from_one(codes):.0%}; by chance {1 / UNSEEN:.1%}")

# %% [markdown]
# The signals as they are tell nothing: two recordings do not begin at the same moment of a beat, so even the same heart
# is far from itself. An untrained tower is hardly better. The trained one tells hearts apart that it never saw,
# and nothing in its training knew that its input had one axis instead of two.
#
# ## 3-D: which way does it move?
# A film of eight frames shows a shape that moves right, left, down or up over a picture without borders. Single frames
# of the four classes have *the same distribution*: no frame tells. So a 2-D network that sees one frame at a time must
# fail, however well it is trained, and a 3-D network need not.

# %%
films, ways = dimensions.moving_shapes(120 if QUICK else 480, seed=1)
new_films, new_ways = dimensions.moving_shapes(100 if QUICK else 300, seed=2)
examples = [int(np.flatnonzero(ways == k)[1]) for k in (0, 3)]
_, axes = plt.subplots(2, 1, figsize=(8.6, 2.9))
for ax, k in zip(axes, examples, strict=True):
    ax.imshow(np.hstack(np.pad(films[k, ..., 0], ((0, 0), (0, 0), (0, 1)), constant_values=1.2)), cmap="gray")
    ax.set_title(f"moves {list(dimensions.DIRECTIONS)[ways[k]]}: frames 1 to 8", fontsize=9)
    ax.set_ylabel("row (pixels)", fontsize=8)
    ax.set_xticks([])
plt.tight_layout()
plt.show()


# %%
def classifier(shape):
    """Return the same small tower, of the rank that the shape has, with a softmax over the four ways."""
    options = {"encoding": 32, "filters": 8, "stem": 2, "blocks": [(16, 1), (32, 1)]}
    tower = dimensions.build_tower(len(shape) - 1, shape, readout="average", unit_length=False, **options)
    return keras.Sequential([tower, keras.layers.Dense(4, activation="softmax")])


def trained(samples, labels, batch_size):
    epochs = 1 if QUICK else 4
    keras.utils.set_random_seed(0)
    model = classifier(samples.shape[1:])
    steps = epochs * -(-len(samples) // batch_size)
    schedule = keras.optimizers.schedules.CosineDecay(5e-3, steps)
    model.compile(keras.optimizers.Adam(schedule), "sparse_categorical_crossentropy", jit_compile=False)
    model.fit(samples, labels, batch_size=batch_size, epochs=epochs, verbose=0)
    return model


def frames(films, labels):
    """Return each frame as a picture, with its film's label."""
    return films.reshape(-1, *films.shape[2:]), np.repeat(labels, films.shape[1])


in_3d = trained(films, ways, 32)
in_2d = trained(*frames(films, ways), 32 * 8)  # as many steps
right = {
    "3-D, whole films": np.mean(in_3d.predict(new_films, verbose=0).argmax(axis=1) == new_ways),
    "3-D, frames shuffled": np.mean(
        in_3d.predict(
            np.stack([film[np.random.default_rng(k).permutation(8)] for k, film in enumerate(new_films)]), verbose=0
        ).argmax(axis=1)
        == new_ways
    ),
    "2-D, frame by frame": np.mean(
        in_2d.predict(frames(new_films, new_ways)[0], batch_size=512, verbose=0).argmax(axis=1)
        == frames(new_films, new_ways)[1]
    ),
}
for name, share in right.items():
    print(f"{name:22} {share:6.1%} right")
print(f"{'always the commonest':22} {np.bincount(new_ways).max() / len(new_ways):6.1%}")

# %% [markdown]
# Seeing films, the network is right about every one. Seeing frames, the same tower of rank 2 does no better than always
# giving the same answer; more training would not help, since there is nothing to be found.
#
# The shuffled frames are the interesting row. All frames are there, but not their order. Then the network is right
# about half of the time, and not a quarter: it still sees *that* the shape was moved across or down, not which way.
# What only order can tell is gone, what a set of frames can tell is left.
#
# ## Change me
# The tower was trained on recordings of 0.03 mV of noise and 0.15 mV of drift. How bad may the electrode be? And how
# many channels or axes may *your* data have?

# %% tags=["change-me"]
noise, drift = 0.10, 0.15  # Change me: mV; the R wave is about 1 mV high
shape, filters, f, stride, padding = (500, 12), 32, 7, 2, "same"  # Change me: 12 leads; or (64, 64, 40, 1), a scan

worse, _ = dimensions.synthetic_heartbeats(UNSEEN, RECORDINGS, first=PEOPLE, noise=noise, drift=drift)
worse_codes = faces.encode(tower, worse)
rate = faces.equal_error_rate(faces.roc(distances_of(worse_codes), same))[0]
shares = found_from_one(worse_codes.reshape(UNSEEN, RECORDINGS, -1))
print(f"noise {noise:g} mV, drift {drift:g} mV: equal error rate {rate:.1%}, found from one recording {shares:.0%}")
out = dimensions.output_shape(shape, filters, f, stride=stride, padding=padding)
products = dimensions.multiplications(shape, filters, f, stride=stride, padding=padding)
print(f"{by(shape)}, {filters} filters of {f}, stride {stride} -> {by(out)}; {products:,} multiplications")

# %% [markdown]
# ## What to take away
# - A convolution slides along as many axes as there are; $\lfloor (n + 2p - f) / s \rfloor + 1$ positions along each. A
#   filter sees all channels, along which it does not slide.
# - 14 x 14 with 5 x 5 gives 10 x 10; 14 with 5 gives 10; 14 x 14 x 14 with 5 x 5 x 5 gives 10 x 10 x 10.
# - The third axis costs: each one multiplies weights by f, and products by f times the positions.
# - A network of pictures can be inflated to films, exact for films that stand still (mind the borders); what moves it
#   has to learn.
# - Towers, triplet loss, galleries do not care about the rank: the same classes recognise faces, hearts and films.
# - Use a rank where it carries information: what is only in the *order* of frames no 2-D network can find.
#
# ## Papers
# - Carreira, Zisserman: *Quo Vadis, Action Recognition? A New Model and the Kinetics Dataset*, CVPR 2017,
#   arXiv:1705.07750.
# - Tran et al.: *Learning Spatiotemporal Features with 3D Convolutional Networks*, ICCV 2015, arXiv:1412.0767.
# - Dumoulin, Visin: *A Guide to Convolution Arithmetic for Deep Learning*, 2016, arXiv:1603.07285.
# - Hannun et al.: *Cardiologist-Level Arrhythmia Detection and Classification in Ambulatory Electrocardiograms Using a
#   Deep Neural Network*, Nature Medicine 25, 2019; earlier version arXiv:1707.01836 (1-D convolutions on real
#   heartbeats).
# - McSharry et al.: *A Dynamical Model for Generating Synthetic Electrocardiogram Signals*, IEEE Transactions on
#   Biomedical Engineering 50(3), 2003 (the five waves).
# - Schroff, Kalenichenko, Philbin: *FaceNet*, CVPR 2015, arXiv:1503.03832.
