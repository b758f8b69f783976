# %% [markdown]
# # 2. The Siamese network
#
# ## The question
# Lesson 1 measured how alike two faces are by a distance between two rows of 128 numbers. Where do the numbers come
# from, why must *one* network make both rows, where does the threshold $\tau$ come from, and does the network know
# people whom it never saw as well as those it was trained on?

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
from keras import ops

from keras_apps import faces

QUICK = bool(os.environ.get("KERAS_APPS_QUICK"))  # CI takes fewer steps
BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#009e73"
plt.rcParams["figure.dpi"] = 80
keras.utils.set_random_seed(0)

# %% [markdown]
# ## The idea in plain words
# A network that classifies ends in as many outputs as there are classes. Cut that end off, and the layer before it is
# what the network has to say about a picture: here 128 numbers, the **encoding**. Now apply this one network, the
# **tower**, to two pictures. The two copies are twins (hence *Siamese*): the same layers, the same weights. Then
# measure how far their encodings are apart. Training moves the weights so that the distance is small for two pictures
# of one person and large for pictures of two people. (Lessons 3 and 4: two ways to train it. Here it is trained
# already.)
#
# ## The formula
#
# $$ f(x) \in \mathbb{R}^{128}, \qquad d(x^{(1)}, x^{(2)}) = \lVert f(x^{(1)}) - f(x^{(2)}) \rVert_2^2 =
# \sum_{k=1}^{128} \left( f(x^{(1)})_k - f(x^{(2)})_k \right)^2 $$
#
# The tower `synthetic64` was trained on people who do not exist, so that nobody's photographs are needed here.

# %%
PEOPLE, PICTURES = (24, 6) if QUICK else (60, 8)
tower = faces.load_tower("synthetic64")
pictures, labels = faces.synthetic_people(PEOPLE, PICTURES, size=64, seed=7)  # the tower never saw them
encodings = faces.encode(tower, pictures, aligned=True)
print("pictures", pictures.shape, "-> encodings", encodings.shape)

# %%
chosen = [(0, "person 0"), (3, "person 0 again"), (PICTURES, "person 1")]
figure, axes = plt.subplots(3, 2, figsize=(8, 4.2), width_ratios=(1, 4))
for (left, right), (index, name) in zip(axes, chosen, strict=True):
    left.imshow(pictures[index])
    left.axis("off")
    right.bar(range(128), encodings[index], color=BLUE)
    right.set(ylim=(-0.32, 0.32), ylabel="$f(x)_k$")
    right.set_title(
        f"{name}: d to the first = {faces.squared_euclidean(encodings[0], encodings[index]):.3f}", fontsize=9
    )
axes[-1, 1].set_xlabel("k, which of the 128 numbers (no unit; the row has length 1)")
plt.tight_layout()
plt.show()

# %% [markdown]
# No single number means "long nose"; the person is in the pattern of all of them.
#
# ## Twins, and what they share
# The Siamese network written out: two inputs, one tower called twice, one distance. It has not one parameter more than
# the tower alone.

# %%
first, second = keras.Input((64, 64, 3)), keras.Input((64, 64, 3))
distance = ops.sum(ops.square(tower(first) - tower(second)), axis=-1)
siamese = keras.Model([first, second], distance)
same_person = siamese([pictures[:1].astype("float32"), pictures[3:4].astype("float32")])
two_people = siamese([pictures[:1].astype("float32"), pictures[PICTURES : PICTURES + 1].astype("float32")])
print(f"d = {same_person[0]:.3f} (one person), {two_people[0]:.3f} (two people)")
print(f"parameters: tower {tower.count_params():,}, Siamese network {siamese.count_params():,}")

# %% [markdown]
# ## Why must the weights be shared?
# An experiment: for the right-hand picture take another tower, which is *just as good*. We make one by putting the 128
# outputs in another order: all distances between two of its encodings stay what they were. But across the two towers
# nothing fits.

# %%
left, right = np.triu_indices(len(labels), 1)
same = labels[left] == labels[right]
other_tower = encodings[:, np.random.default_rng(0).permutation(128)]
curves = {
    "one tower": faces.roc(faces.squared_euclidean(encodings[left], encodings[right]), same),
    "the other tower": faces.roc(faces.squared_euclidean(other_tower[left], other_tower[right]), same),
    "one on the left,\nthe other on the right": faces.roc(
        faces.squared_euclidean(encodings[left], other_tower[right]), same
    ),
}
plt.figure(figsize=(8, 3.2))
for (name, curve), style, color in zip(curves.items(), ("-", "--", "-"), (BLUE, ORANGE, GREEN), strict=True):
    eer, _ = faces.equal_error_rate(curve)
    label = f"{name}: EER {100 * eer:.1f} %"
    plt.plot(100 * curve.far, 100 * (1 - curve.frr), style, color=color, label=label)
plt.xlabel("impostors accepted (FAR), %")
plt.ylabel("genuine pairs accepted, %")
plt.legend(frameon=False, loc="center left", bbox_to_anchor=(1.02, 0.5))
plt.tight_layout()
plt.show()

# %% [markdown]
# Across two towers the distance is worthless: half of the pairs wrong, or more, as it happens. (The 128 numbers mean
# nothing to each other in another order; which side of 50 % the EER falls on is an accident of the order.) That is why
# a gallery keeps the fingerprint of its tower, and refuses encodings of another one.
#
# ## Choosing $\tau$: two kinds of error
# Every threshold makes some of each: **FAR**, the share of impostor pairs that it accepts, and **FRR**, the share of
# genuine pairs that it refuses. Move it to the right, and one falls while the other rises.

# %%
distances = faces.squared_euclidean(encodings[left], encodings[right])
taus = np.linspace(0, 2, 81)
rates = 100 * np.array([faces.far_frr(distances, same, tau) for tau in taus])
eer, eer_tau = faces.equal_error_rate(faces.roc(distances, same))
threshold = faces.calibrate(distances, same, far=1e-2, model=faces.fingerprint(tower))
plt.figure(figsize=(6, 3.4))
plt.plot(taus, rates[:, 0], color=ORANGE, label="FAR: impostors accepted")
plt.plot(taus, rates[:, 1], color=BLUE, label="FRR: genuine pairs refused")
plt.axvline(eer_tau, color="gray", linestyle=":", label=f"equal at tau = {eer_tau:.2f}: EER {100 * eer:.1f} %")
plt.axvline(threshold.tau, color="black", linestyle="--", label=f"FAR = 1 % at tau = {threshold.tau:.2f}")
plt.xlabel(r"$\tau$, squared distance (no unit)")
plt.ylabel("share of the pairs, %")
plt.legend(frameon=False)
plt.show()

# %% [markdown]
# Which one is right? It depends on what an error costs. For a door, choose the FAR that you can bear and read off
# $\tau$ (`faces.calibrate`); the EER only serves to compare towers. The course's $\tau$ is not learnt: it is
# chosen, on people who were *not* trained on.
#
# ## Precomputed encodings
# Comparing one probe with K people seems to take K runs of the Siamese network, each with two runs of the tower: 2K.
# But $f(x^{(k)})$ does not depend on the probe. Encode the K once, keep the numbers, and a probe takes **one** run of
# the tower and K distances, which are a few additions each.

# %%
probe = pictures[3]
pairs = [np.repeat(probe[None], PEOPLE, axis=0).astype("float32"), pictures[::PICTURES].astype("float32")]
by_network = np.asarray(siamese(pairs))  # 2K runs of the tower
by_table = faces.squared_euclidean(faces.encode(tower, [probe], aligned=True), encodings[::PICTURES])  # 1 run
print(f"K = {PEOPLE}: {2 * PEOPLE} runs of the tower, or 1; nearest is person {by_table.argmin()} both ways: ", end="")
print(by_network.argmin() == by_table.argmin() and np.allclose(by_network, by_table, atol=1e-4))

# %% [markdown]
# ## New people, without training again
# Is the tower better with those it was trained on? The 1,000 people of its training can be drawn again (they are
# `seed=2026`, people 0 to 999), and so can others of the same seed whom it never saw.


# %%
def equal_error(first_person):
    drawn, who = faces.synthetic_people(PEOPLE, PICTURES, size=64, seed=2026, first_person=first_person)
    codes = faces.encode(tower, drawn, aligned=True)
    d = faces.squared_euclidean(codes[left], codes[right])
    return 100 * faces.equal_error_rate(faces.roc(d, who[left] == who[right]))[0]


shares = {"trained on": equal_error(0), "never seen": equal_error(500_000)}
plt.figure(figsize=(4, 2.6))
bars = plt.bar(list(shares), list(shares.values()), color=[BLUE, ORANGE], width=0.5)
plt.bar_label(bars, fmt="%.1f %%")
plt.ylabel("EER, %")
plt.ylim(0, 1.3 * max(*shares.values(), 1))
plt.show()

# %% [markdown]
# Yes, and clearly: its errors with people it never saw are more than twice as many, though still few. It knows its own
# people better, as every trained thing does, and it knows strangers well enough to be useful without being trained
# again. That is also why $\tau$ and every figure of quality must come from people who were not trained on. The others
# flatter.
#
# ## Change me
# Why 128 numbers? Leave some out. The first `numbers` of them are kept, and the row made as long as before; the rest is
# forgotten. (A tower *trained* for few numbers would use them better; this asks what the numbers of this one are
# worth.)

# %% tags=["change-me"]
kept = (1, 2, 4, 8, 16, 32, 64, 128)  # Change me: other counts
first_kept = 0  # Change me: 64 takes them from the middle; are all numbers worth the same?

errors = []
for numbers in kept:
    part = encodings[:, (first_kept + np.arange(numbers)) % 128]
    part = part / np.linalg.norm(part, axis=1, keepdims=True) if numbers > 1 else part
    d = faces.squared_euclidean(part[left], part[right])
    errors.append(100 * faces.equal_error_rate(faces.roc(d, same))[0])
plt.figure(figsize=(5, 3))
plt.semilogx(kept, errors, "o-", base=2, color=BLUE)
plt.xlabel("numbers kept of 128")
plt.ylabel("EER, %")
plt.ylim(0, None)
plt.show()
print(", ".join(f"{n}: {e:.1f} %" for n, e in zip(kept, errors, strict=True)))

# %% [markdown]
# ## What to take away
# - A Siamese network is one tower applied twice, and a distance. It has the tower's parameters and no more.
# - Encodings of two different towers cannot be compared, however good each is.
# - $\tau$ is chosen for the error that you can bear, on people who were not trained on.
# - Encodings are computed once. A new person is another row, and nothing is trained again.
#
# ## Papers
# - Bromley et al.: *Signature Verification using a "Siamese" Time Delay Neural Network*, NIPS 1993.
# - Chopra, Hadsell, LeCun: *Learning a Similarity Metric Discriminatively, with Application to Face Verification*,
#   CVPR 2005.
# - Taigman et al.: *DeepFace*, CVPR 2014.
# - Schroff, Kalenichenko, Philbin: *FaceNet*, CVPR 2015, arXiv:1503.03832 (its table 5: how many numbers).
