# %% [markdown]
# # 3. Triplet loss, the margin, and choosing triplets
#
# ## The question
# How is a tower trained so that one person's pictures lie together and two people's apart? The triplet loss says it in
# a line. Two things about that line are easily believed and seldom tried: **why the margin?** and **why must triplets
# be chosen?** We try both.

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
import textwrap
import warnings

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers

from keras_apps import faces

QUICK = bool(os.environ.get("KERAS_APPS_QUICK"))  # CI takes fewer steps
BLUE, ORANGE, GREEN, PINK = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
plt.rcParams["figure.dpi"] = 80

# %% [markdown]
# ## The idea in plain words
# Take three pictures: an **anchor** A, a **positive** P (the same person) and a **negative** N (somebody else). The
# loss asks that A be nearer to P than to N, *by a margin*. If it is so already, the loss is 0 and the triplet teaches
# nothing. If not, P is pulled and N is pushed.
#
# ## The formula
#
# $$ \mathcal{L}(A, P, N) = \max\left( \lVert f(A) - f(P) \rVert_2^2 - \lVert f(A) - f(N) \rVert_2^2 + \alpha,\; 0
# \right), \qquad J = \sum_{i=1}^{m} \mathcal{L}(A^{(i)}, P^{(i)}, N^{(i)}) $$
#
# $\alpha$ is the margin, in units of the squared distance. (The package reports the mean over the chosen triplets; the
# sum is a matter of the learning rate: `reduction="sum"`.)

# %%
A, P = np.array([[0.0, 0.0]]), np.array([[0.6, 0.0]])  # d(A, P) = 0.36
for n in (0.5, 0.65, 0.9):
    N = np.array([[0.0, n]])
    kind = "hard" if n**2 <= 0.36 else "semi-hard" if n**2 < 0.36 + 0.2 else "easy"
    print(f"d(A, N) = {n**2:.2f}: loss {float(faces.triplet_loss(A, P, N, margin=0.2)[0]):.2f}, {kind}")

# %% [markdown]
# ## People to train on
# They do not exist. Seven in ten are trained on; the others only judge, and nobody is in both.

# %%
PEOPLE, STEPS = (60, 40) if QUICK else (140, 300)
everybody = faces.People.from_arrays(*faces.synthetic_people(PEOPLE, pictures=8, size=32, seed=7))
known, unseen = everybody.split(held_out=0.3, seed=0)
judges = np.stack(unseen.pictures).astype("float32")
left, right = np.triu_indices(len(judges), 1)
same = unseen.labels[left] == unseen.labels[right]
print("trained on:", known.summary())
print("judged on: ", unseen.summary())

figure, axes = plt.subplots(1, 3, figsize=(5, 2.1))
anchor, positive, negative = unseen.pictures[0], unseen.pictures[2], unseen.pictures[8]
for ax, picture, name in zip(axes, (anchor, positive, negative), ("anchor", "positive", "negative"), strict=True):
    ax.imshow(picture)
    ax.set_title(name)
    ax.axis("off")
plt.show()

# %% [markdown]
# A small tower, whose encodings may have any length, and a training that looks at the unseen people now and then.


# %%
def small_tower():
    """Three convolutions and 32 numbers; the same weights at every start."""
    keras.utils.set_random_seed(0)
    x = pictures = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 64, -2.0)(x)
    for filters in (16, 32, 64):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
    return keras.Model(pictures, layers.Dense(32, use_bias=False)(layers.Flatten()(x)))


class Judge(keras.callbacks.Callback):
    """Note after each epoch how far pictures of unseen people are apart, and the EER on all their pairs."""

    def __init__(self):
        super().__init__()
        self.genuine, self.impostor, self.eer = [], [], []

    def on_epoch_end(self, epoch, logs=None):
        encodings = np.asarray(self.model.tower(judges, training=False))
        d = faces.squared_euclidean(encodings[left], encodings[right])
        self.genuine.append(d[same].mean())
        self.impostor.append(d[~same].mean())
        self.eer.append(100 * faces.equal_error_rate(faces.roc(d, same))[0])


EPOCH = 10  # steps between two looks


def train(margin=0.2, mining="all", tower=None, rate=1e-3, steps=STEPS):
    """Train a tower on 16 people x 4 pictures a step; returns the judge, with the history and the warnings."""
    model = faces.TripletModel(tower or small_tower(), margin=margin, mining=mining)
    model.compile(keras.optimizers.Adam(rate), jit_compile=False)
    batches = faces.labelled_batches(known, 32, people_per_batch=16, pictures_per_person=4, seed=0)
    judge = Judge()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = model.fit(
            batches, epochs=steps // EPOCH, steps_per_epoch=EPOCH, callbacks=[judge], shuffle=False, verbose=0
        )
    judge.history, judge.tower = fitted.history, model.tower
    judge.warnings = [w for w in caught if issubclass(w.category, faces.CollapseWarning)]
    return judge


# %% [markdown]
# ## Why the margin?
# Without it ($\alpha = 0$) a network has a lazy way out: encode every face as the same point. Then every distance is 0,
# $0 - 0 + 0 = 0$, and the loss is perfect. Does training really go there? The same tower from the same start, on the
# same batches, with three margins:

# %%
margins = {margin: train(margin) for margin in (0.0, 0.2, 1.0)}
looks = EPOCH * np.arange(1, STEPS // EPOCH + 1)
untrained = np.asarray(small_tower()(judges))
d = faces.squared_euclidean(untrained[left], untrained[right])
before, apart = 100 * faces.equal_error_rate(faces.roc(d, same))[0], d[~same].mean()
print(f"the same tower before any training: EER {before:.1f} % on the unseen people (guessing: 50 %)")
print(f"mean d(A,N) of unseen people: {apart:.3f} before any training", end="")
print("".join(f", {judge.impostor[-1]:.3f} with margin {margin:g}" for margin, judge in margins.items()))

figure, (a, b, c) = plt.subplots(1, 3, figsize=(12, 3.4))
for (margin, judge), color in zip(margins.items(), (ORANGE, BLUE, GREEN), strict=True):
    a.semilogy(looks, np.maximum(judge.history["loss"], 1e-6), color=color, label=f"margin {margin:g}")
    b.semilogy(looks, judge.impostor, color=color)
    b.semilogy(looks, judge.genuine, "--", color=color)
    c.plot(looks, judge.eer, color=color, label=f"margin {margin:g}: {judge.eer[-1]:.1f} %")
b.axhline(apart, color="grey", linestyle=":")
b.text(looks[-1], 0.85 * apart, "untrained, d(A,N)", ha="right", va="top")
c.axhline(before, color="grey", linestyle=":", label=f"untrained: {before:.1f} %")
a.set(xlabel="steps", ylabel="loss, squared distance", title="the loss looks best without a margin")
b.set(xlabel="steps", ylabel="squared distance", title="unseen people: d(A,N) solid, d(A,P) dashed")
c.set(xlabel="steps", ylabel="EER on unseen people, %", title="how well it tells them apart", ylim=(0, 70))
a.legend(frameon=False)
c.legend(frameon=False)
plt.tight_layout()
plt.show()

# %% [markdown]
# - **Without a margin** the loss is the best of all, and worthless. Distances between unseen people shrink by more than
#   an order of magnitude (the solid line against the dotted one, the same tower before any training): the tower does go
#   the lazy way. It does not arrive: the nearer it comes to one point, the weaker the gradient. And it has learnt
#   *something*, for a triplet in the wrong order still costs: compare its EER with the dotted line. Collapse is where
#   margin 0 leads, not where it stands after some steps.
# - **With a margin**, standing on one point costs $\alpha$ for every triplet. The lazy way is closed; people move
#   apart.
# - **0.2 or 1** matters little here. This tower may make its encodings as long as it likes, and simply stretches them.
#   The margin means something definite when encodings have length 1, as FaceNet's have; then no distance exceeds 4.
#
# The package watches for the collapse (`collapse` in the history, a `CollapseWarning`), but measures it against the
# margin: with margin 0 it cannot see it.
#
# ## The margin does not save everybody
# Take for each anchor only its farthest positive and its nearest negative of the batch (`"batch-hard"`), from the first
# step. For a triplet in the wrong order $\alpha$ is a constant that is added: the gradient does not know it.

# %%
hardest = train(margin=0.2, mining="batch-hard")
figure, (a, b) = plt.subplots(1, 2, figsize=(8, 3))
a.plot(looks, hardest.history["loss"], color=ORANGE, label="batch-hard")
a.axhline(0.2, color="black", linestyle=":", label="the margin")
a.set(xlabel="steps", ylabel="loss, squared distance", ylim=(0, 0.4))
a.legend(frameon=False)
b.semilogy(looks, hardest.impostor, color=ORANGE, label="batch-hard")
b.semilogy(looks, margins[0.2].impostor, color=BLUE, label="all triplets")
b.set(xlabel="steps", ylabel="mean d(A,N), squared distance")
b.legend(frameon=False)
plt.tight_layout()
plt.show()
for warning in hardest.warnings:
    print(textwrap.fill(f"{warning.category.__name__}: {warning.message}", 100))

# %% [markdown]
# All encodings are alike, the loss stands at the margin, and it stays there. So hard triplets alone are too hard for a
# tower that knows nothing yet; FaceNet saw the same, and took **semi-hard** ones: N farther than P, but within the
# margin.
#
# ## Why do random triplets teach little?
# The course first draws a triplet at random: A and P of one person, N anybody else. 64 pictures make 21 such triplets.
# But the same 64 pictures, 16 people by 4, hold $64 \cdot 3 \cdot 60 = 11\,520$ triplets, if one forms them *within the
# batch* from one table of distances. Same tower, as many pictures a
# step (but one):


# %%
def train_on_random(steps=STEPS):
    """Train on triplets drawn without looking at the tower: 21 a step, of 63 pictures."""
    model = faces.TripletModel(small_tower(), margin=0.2)
    model.compile(keras.optimizers.Adam(1e-3), jit_compile=False)
    batches = faces.triplet_batches(known, 32, batch_size=21, seed=0)
    judge = Judge()
    fitted = model.fit(
        batches, epochs=steps // EPOCH, steps_per_epoch=EPOCH, callbacks=[judge], shuffle=False, verbose=0
    )
    judge.history = fitted.history
    return judge


ways = {
    "random, drawn beforehand": (train_on_random(), 21, ORANGE),
    "random, in the batch": (train(mining="random"), 64 * 3, PINK),
    "semi-hard, in the batch": (train(mining="semi-hard"), None, GREEN),
    "all, in the batch": (margins[0.2], 64 * 3 * 60, BLUE),
}

# %%
figure, (a, b, c) = plt.subplots(1, 3, figsize=(12, 3.4))
for name, (judge, triplets, color) in ways.items():
    active = np.array(judge.history["active"])
    a.plot(looks, 100 * active, color=color, label=name)
    if triplets:
        b.semilogy(looks, np.maximum(triplets * active, 0.1), color=color)
    c.plot(looks, judge.eer, color=color, label=f"{name}: {judge.eer[-1]:.1f} %")
a.set(xlabel="steps", ylabel="valid triplets with a loss above 0, %", title="share of active triplets")
b.set(xlabel="steps", ylabel="active triplets a step", title="what is left to learn from")
c.set(xlabel="steps", ylabel="EER on unseen people, %", title="what it learnt", ylim=(0, 40))
a.legend(frameon=False, fontsize=8)
c.legend(frameon=False, fontsize=8)
plt.tight_layout()
plt.show()

# %% [markdown]
# What it shows, for the textbook and against it:
#
# - The share of triplets that still teach falls fast, whichever way they are chosen (left). It is the share of *all*
#   valid triplets of the batch, also for semi-hard ones, whichever of them are trained on; only where they were drawn
#   beforehand are there no others than the 21. It falls because the tower gets better: most people are easily told
#   apart, and a random stranger is seldom the one who is confused with you.
# - Of 21 triplets drawn beforehand one or two are left, or none; of all those in the batch, dozens (middle). Both cost
#   the same pictures through the same tower. So drawing beforehand learns slowest, and unsteadily (right).
# - *Which* triplets of the batch one takes mattered much less here. Random ones, one negative for each pair, semi-hard
#   ones and all of them end close together. The gain came from making many triplets of few pictures, not from picking
#   the hardest. With a hundred people that is no wonder; with millions of pictures the useful triplets are rarer still,
#   and choosing them is what FaceNet could not do without.
#
# Look at some. Distances are those of the tower that was trained on all triplets; each line has three triplets A, P, N.

# %%
codes = np.asarray(margins[0.2].tower(judges[:160], training=False))
rows = [
    ("random", faces.mine_triplets(codes, unseen.labels[:160], "random", seed=1)),
    ("semi-hard", faces.mine_triplets(codes, unseen.labels[:160], "semi-hard", margin=0.2)),
    ("hard", faces.mine_triplets(codes, unseen.labels[:160], "hard")),
]
figure, axes = plt.subplots(3, 9, figsize=(10, 4.2))
for line, (name, triplets) in zip(axes, rows, strict=True):
    some = np.random.default_rng(0).choice(len(triplets[0]), 3, replace=len(triplets[0]) < 3)
    for group, index in enumerate(some):
        a, p, n = (int(column[index]) for column in triplets)
        for ax, picture in zip(line[3 * group : 3 * group + 3], (a, p, n), strict=True):
            ax.imshow(unseen.pictures[picture])
            ax.axis("off")
        d_ap, d_an = (float(faces.squared_euclidean(codes[a], codes[other])) for other in (p, n))
        line[3 * group + 1].set_title(f"{name}: d(A,P) = {d_ap:.2f}, d(A,N) = {d_an:.2f}", fontsize=7)
plt.tight_layout()
plt.show()

# %% [markdown]
# ## Change me
# Another margin, another choice of triplets, another learning rate. As it stands it collapses, though all encodings
# have length 1. Can you make `"batch-hard"` work? The warning above says what may help. With a rate that is far too
# large (1e9, say) training diverges: the encodings are no numbers any more, and the first look at the unseen people
# stops with "expected finite distances ... received ... nan".

# %% tags=["change-me"]
margin = 0.2  # Change me: 0, 0.05, 0.2, 1
mining = "batch-hard"  # Change me: "all", "semi-hard", "hard", "random", "batch-hard", "semi-hard-nearest"
rate = 1e-3  # Change me: 1e-4, 1e-3, 1e-2
unit_length = True  # Change me: True makes every encoding 1 long

tower = small_tower()
if unit_length:
    tower = keras.Sequential([tower, layers.UnitNormalization()])
mine = train(margin, mining, tower, rate)
print(f"EER on unseen people: {mine.eer[-1]:.1f} %;", "collapsed" if mine.warnings else "no collapse")
faces.plot_training(mine.history | {"EER on unseen people, %": mine.eer}, looks, "steps")

# %% [markdown]
# ## What to take away
# - The margin closes the lazy way out, the same encoding for everybody, in which the loss without margin ends.
# - It does not help where only the hardest triplets count: begin with all or semi-hard ones.
# - Random triplets are soon nearly all satisfied. Make many triplets of the same pictures, within the batch, before
#   being choosy about which.
# - A low loss says little. Judge on people who were not trained on.
#
# ## Papers
# - Schroff, Kalenichenko, Philbin: *FaceNet*, CVPR 2015, arXiv:1503.03832 (section 3.2: semi-hard, and the collapse).
# - Hermans, Beyer, Leibe: *In Defense of the Triplet Loss for Person Re-Identification*, 2017, arXiv:1703.07737.
# - Weinberger, Saul: *Distance Metric Learning for Large Margin Nearest Neighbor Classification*, JMLR 10, 2009.
# - Wu et al.: *Sampling Matters in Deep Embedding Learning*, ICCV 2017, arXiv:1706.07567.
