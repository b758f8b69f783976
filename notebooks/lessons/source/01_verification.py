# %% [markdown]
# # 1. Verification and recognition, and learning from one picture
#
# ## The question
# Somebody stands at the door. Two things may be asked:
#
# - **Verification** (1:1): she says that she is Grace. *Is she?*
# - **Recognition** (1:K): she says nothing. *Who of our K people is she, if any?*
#
# And on Monday a new colleague starts, of whom we have **one** picture. How can a network know a person from one
# picture, when networks want thousands?

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

from keras_apps import faces, images

QUICK = bool(os.environ.get("KERAS_APPS_QUICK"))  # CI takes fewer steps
BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#009e73"
plt.rcParams["figure.dpi"] = 80
keras.utils.set_random_seed(0)


def show(pictures, titles, height=2.2):
    """Show pictures beside each other."""
    shapes = [images.load_image(picture).shape for picture in pictures]
    widths = [shape[1] / shape[0] for shape in shapes]
    _, axes = plt.subplots(1, len(pictures), figsize=(height * sum(widths) + 1, height + 0.4), width_ratios=widths)
    for ax, picture, title in zip(np.ravel(axes), pictures, titles, strict=True):
        ax.imshow(images.load_image(picture))
        ax.set_title(title, fontsize=9)
        ax.axis("off")
    plt.tight_layout()
    plt.show()


# %% [markdown]
# ## The idea in plain words
# Do not teach the network *who* people are. Teach it once, on other people, *how alike* two pictures are. It turns each
# picture into 128 numbers, its **encoding**, such that pictures of one person lie near each other and pictures of two
# people lie apart. Everything else is measuring a distance:
#
# - verification: is the distance to Grace's picture small?
# - recognition: whose picture is nearest, and is even that one near enough? If not, the answer is **not recognised**.
# - a new colleague: encode the one picture and write it down. Nothing is trained. That is **one-shot learning**.
#
# ## The formula
# With $f(x)$ the encoding of picture $x$, the course's distance is
#
# $$ d(x^{(1)}, x^{(2)}) = \lVert f(x^{(1)}) - f(x^{(2)}) \rVert_2^2 $$
#
# and with a threshold $\tau$
#
# $$ \text{verification: accept if } d(x, x^{\text{claimed}}) \le \tau \qquad
# \text{recognition: } k^* = \arg\min_k d(x, x^{(k)}), \text{ not recognised if } d(x, x^{(k^*)}) > \tau $$

# %% [markdown]
# ## Verification
# Two people are enrolled: Barack Obama with two photographs, Grace Hopper with one. The gallery keeps 128 numbers a
# photograph, and no photograph.

# %%
Path("door.db").unlink(missing_ok=True)  # of an earlier run
gallery = faces.Gallery("door.db")
gallery.enrol("Barack", ["bundled:obama2", "bundled:obama3"])
gallery.enrol("Grace", "bundled:hopper")
show(["bundled:obama2", "bundled:obama3", "bundled:hopper"], ["Barack", "Barack", "Grace"])
print(gallery.names(), f"tau = {gallery.threshold.tau:.3f}, in squared distance")

# %%
claims = [("bundled:obama", "Barack"), ("bundled:biden", "Barack"), ("bundled:astronaut", "Grace")]
answers = [gallery.verify(picture, name) for picture, name in claims]
show(
    [picture for picture, _ in claims],
    [f'"I am {a.name}", d = {a.distance:.3f}\n{"" if a.accepted else "not "}accepted' for a in answers],
)

# %% [markdown]
# ## Recognition, and "not recognised"
# The same three at the door say nothing. Two of them are strangers. Recognition must be able to say so: the nearest
# person is always somebody.

# %%
for picture, _ in claims:
    answer = gallery.identify(picture)[0]
    nearest = answer.candidates[0]
    print(f"{picture:18} nearest: {nearest.name} at d = {nearest.distance:.3f}  ->  {answer.name or 'not recognised'}")

# %% [markdown]
# ## One picture is enough
# The astronaut Eileen Collins joins with one photograph. Nothing is trained. Then she comes in another light, in a
# mirror, and seen by a poor camera. (It is the same photograph, changed, for we have only one of her. How often one
# picture is enough is measured below.)

# %%
gallery.enrol("Eileen", "bundled:astronaut")
eileen = images.load_image("bundled:astronaut")
dark, mirrored, coarse = 0.35 * eileen, eileen[:, ::-1], images.resize(eileen, 128)
probes = [gallery.identify(picture)[0] for picture in (dark, mirrored, coarse)]
show(
    [dark, mirrored, coarse],
    [
        f"{what}\nd = {p.distance:.3f}: {p.name or 'not recognised'}"
        for what, p in zip(("dark", "mirrored", "128 pixels wide"), probes, strict=True)
    ],
)

# %% [markdown]
# **Liveness.** Nobody was at the door just now: a picture of a picture was. A print held before the camera passes in
# the same way. Telling a living face from a picture of one is another problem: `verify(..., liveness=True)` and
# `faces.Challenge` are answers, measured on simulated attacks only. Do not open a door with them alone.

# %% [markdown]
# ## How often is it right? People who do not exist
# Statistics need many people, and nobody's photographs should be needed for a lesson. `synthetic_people` draws them
# from numbers. The tower `synthetic64` was trained on others of their kind; these people it never saw.

# %%
K, PICTURES = (10, 6) if QUICK else (20, 8)
NEWCOMERS, KNOWN_PICTURES = 5, 4
tower = faces.load_tower("synthetic64")
tau = faces.Threshold.bundled("synthetic64").tau
crowd, _ = faces.synthetic_people(3 * K + NEWCOMERS, PICTURES, size=64, seed=7)
crowd = crowd.reshape(-1, PICTURES, 64, 64, 3)  # a row a person
codes = np.stack([faces.encode(tower, person, aligned=True) for person in crowd])
for number in (0, 1):
    show([np.hstack(crowd[number])], [f"person {number}, {PICTURES} pictures"], height=1.0)

# %%
first, second = np.triu_indices(codes.shape[0] * PICTURES, 1)
flat, person = codes.reshape(-1, 128), np.repeat(np.arange(len(codes)), PICTURES)
distances, same = faces.squared_euclidean(flat[first], flat[second]), person[first] == person[second]
faces.plot_distances(distances, same, tau)

# %% [markdown]
# Two hills, and $\tau$ between them, nearer to the left one: it was chosen (on other people) so that one impostor in a
# thousand is accepted, and the price is that some genuine pairs are refused. Lesson 2 moves $\tau$.
#
# ## Why is recognition harder than verification?
# If one comparison with a stranger goes wrong with probability $p$, then among $K$ people the stranger has $K$ chances:
#
# $$ P(\text{a stranger gets a name}) = 1 - (1 - p)^K \approx K p $$
#
# Measured: galleries of more and more people, one picture each, strangers at the door.

# %%
random = np.random.default_rng(0)
impostor = np.sort(distances[~same])
loose = float(impostor[int(0.01 * len(impostor))])  # 1 % of the impostor comparisons are accepted
sizes = np.unique(np.geomspace(1, len(codes) // 2, 6).astype(int))
named = []
for size in sizes:
    hits = []
    for _ in range(60):
        order = random.permutation(len(codes))
        inside, outside = order[:size], order[len(codes) // 2 :]
        near = ((codes[outside, 1][:, None] - codes[inside, 0][None]) ** 2).sum(-1).min(1)
        hits.append(np.mean(near <= loose))
    named.append(100 * np.mean(hits))
plt.figure(figsize=(5, 3.2))
plt.plot(sizes, named, "o-", color=ORANGE, label="measured")
plt.plot(sizes, 100 * (1 - 0.99**sizes), "--", color="black", label="$1 - (1 - p)^K$, p = 1 %")
plt.xlabel("people in the gallery, K")
plt.ylabel("strangers who get a name, %")
plt.legend(frameon=False)
plt.show()

# %% [markdown]
# So a gallery does not use one $\tau$ for every $K$. You say what share of strangers may get a name, the **false
# positive identification rate** (FPIR; `Gallery(path, fpir=0.01)` is the default), and $\tau$ follows from $K$. It
# comes from the smallest distances between strangers, which were measured on other people and continued by the law of
# extreme values.

# %%
threshold = faces.Threshold.bundled()
print(f"verification: tau = {threshold.tau:.3f}")
for people in (10, 100, 1000, 10_000, 100_000):
    print(f"recognition among {people:7,} people: tau = {threshold.tau_for(0.01, {1: people}):.3f}")
answer = gallery.identify("bundled:biden")[0]
print(f"our gallery: K = {answer.people}, tau = {answer.tau:.3f}, expected FPIR {answer.fpir:.2%}")

# %% [markdown]
# ## Why not a softmax?
# A network with K + 1 outputs, one for each person and one for "unknown", is what one would build first. We build it,
# three ways, on the same people:
#
# 1. **gallery**: the nearest encoding within $\tau$; nothing is trained;
# 2. **softmax on the encodings**: the tower stays, a softmax layer on it is trained;
# 3. **softmax, whole network**: an untrained tower and a softmax, trained on the pictures that we have (at half their
#    width, to save time).
#
# Each knows K people by four pictures each; K others serve the softmax as examples of "unknown". Then five newcomers
# join **with one picture each**, which the softmax can only do by another output and training again.

# %%
known, new = np.arange(K), K + np.arange(NEWCOMERS)
met, strangers = K + NEWCOMERS + np.arange(K), 2 * K + NEWCOMERS + np.arange(K)


def training_set(data, joined):
    """Pictures (or encodings) and labels: K people, those who joined, and "unknown" (the last label)."""
    parts = [data[known, :KNOWN_PICTURES], data[new[:joined], :1], data[met]]
    owners = [np.repeat(known, KNOWN_PICTURES), new[:joined], np.full(len(met) * PICTURES, K + joined)]
    together = np.concatenate([part.reshape(-1, *data.shape[2:]) for part in parts])
    return together.astype(np.float32), np.concatenate(owners)


def right_answers(answer, joined):
    """Right answers, in %, about the known, the newcomers and strangers, on pictures that no training saw."""
    kinds = {"known": known, "newcomers": new[:joined], "strangers": strangers}
    shares = {}
    for name, people in kinds.items():
        truth = np.repeat(people if name != "strangers" else -np.ones(len(people)), PICTURES - KNOWN_PICTURES)
        shares[name] = 100 * np.mean(answer(people, joined) == truth) if len(people) else np.nan
    return shares


# %% [markdown]
# The gallery first: rows of encodings and one `argmin`.


# %%
def by_gallery(people, joined):
    enrolled, owners = training_set(codes, joined)
    enrolled, owners = enrolled[owners < K + joined], owners[owners < K + joined]
    probes = codes[people, KNOWN_PICTURES:].reshape(-1, 128)
    d = ((probes[:, None] - enrolled[None]) ** 2).sum(-1)
    return np.where(d.min(1) <= tau, owners[d.argmin(1)], -1)


results = {"gallery": (right_answers(by_gallery, 0), right_answers(by_gallery, NEWCOMERS))}

# %% [markdown]
# Then the softmax, on encodings (a tower that passes them on as they are) and on pictures. `with_person` adds an
# output; the others keep their weights.


# %%
def softmax_answers(model, data):
    def answer(people, joined):
        probes = data[people, KNOWN_PICTURES:].reshape(-1, *data.shape[2:]).astype(np.float32)
        winners = np.argmax(model(probes, training=False), axis=1)
        return np.where(winners == K + joined, -1, winners)

    return answer


def softmax_before_and_after(tower, data, epochs, rate):
    """Train for the K people, then again for the newcomers; right answers before and after."""
    model = faces.SoftmaxIdentifier(tower, [f"person {k}" for k in known])
    shares = []
    for joined in (0, NEWCOMERS):
        for newcomer in new[:joined]:
            model = model.with_person(f"person {newcomer}")
        model.compile(keras.optimizers.Adam(rate), jit_compile=False)
        model.fit(*training_set(data, joined), batch_size=64, epochs=epochs, verbose=0)
        shares.append(right_answers(softmax_answers(model, data), joined))
    return shares


as_it_is = keras.Sequential([keras.Input((128,)), keras.layers.Identity()])
results["softmax on\nthe encodings"] = softmax_before_and_after(as_it_is, codes, 20 if QUICK else 300, 1e-2)
halved = crowd.reshape(len(crowd), PICTURES, 32, 2, 32, 2, 3).mean((3, 5))
untrained = faces.build_tower("small", size=32)
results["softmax,\nwhole network"] = softmax_before_and_after(untrained, halved, 2 if QUICK else 60, 1e-3)

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)
titles = f"{K} people known", f"after {NEWCOMERS} joined with one picture each"
colors = {"known": BLUE, "newcomers": GREEN, "strangers": ORANGE}
for when, (ax, title) in enumerate(zip(axes, titles, strict=True)):
    for place, (kind, color) in enumerate(colors.items()):
        heights = [both[when][kind] for both in results.values()]
        bars = ax.bar(np.arange(3) + 0.27 * (place - 1), np.nan_to_num(heights), 0.25, color=color, label=kind)
        ax.bar_label(bars, ["" if np.isnan(h) else f"{h:.0f}" for h in heights], fontsize=8)
    ax.set_xticks(range(3), results)
    ax.set_title(title)
axes[0].set(ylabel="right answers, %", ylim=(0, 140))
axes[1].legend(frameon=False, loc="upper right", ncols=3, fontsize=8, columnspacing=1.2)
plt.tight_layout()
plt.show()

# %% [markdown]
# What it shows, for the gallery and against it:
#
# - In the gallery, whoever was known before is answered as before when others join (unless a newcomer is nearer still).
#   Nothing was trained, so nothing can be spoilt.
# - The softmax on the encodings knows the K people as well as the gallery does: the encodings are good, and a softmax
#   reads them well. It is worse with **strangers**: it learnt what its "unknown" people look like, and another stranger
#   looks like somebody else. And it is worse with **one picture** of a newcomer, for which it was trained once more.
# - The whole network, from so few pictures, learns little, and nobody from a single one. Its high bar for strangers is
#   no merit: it calls most people "unknown".
# - One picture is not as good as four for the gallery either: the newcomers' bar is lower. One-shot means *possible
#   with one*, not *as good with one*.
#
# So the textbook's case holds, with a footnote: most of the gain comes from a tower that was trained on many other
# people. The distance instead of the softmax gives the rest: strangers, newcomers, and no training.

# %% [markdown]
# ## Change me
# Move $\tau$: accept more, and strangers get names; accept less, and colleagues stay outside. Take more pictures a
# person, too.

# %% tags=["change-me"]
tau_of_mine = 2.0 * tau  # Change me: 0.3 * tau, 1.0 * tau, 5.0 * tau
pictures_each = 1  # Change me: 1, 2, 3 or 4 enrolled pictures of each person

if pictures_each not in range(1, KNOWN_PICTURES + 1):  # the others are the probes, whom nobody may know before
    raise ValueError(f"expected 1 to {KNOWN_PICTURES} pictures of each person, received {pictures_each}")
enrolled, owners = codes[known, :pictures_each].reshape(-1, 128), np.repeat(known, pictures_each)
for kind, people in (("known", known), ("strangers", strangers)):
    probes = codes[people, KNOWN_PICTURES:].reshape(-1, 128)
    d = ((probes[:, None] - enrolled[None]) ** 2).sum(-1)
    answers = np.where(d.min(1) <= tau_of_mine, owners[d.argmin(1)], -1)
    truth = np.repeat(people if kind == "known" else -np.ones(K), PICTURES - KNOWN_PICTURES)
    wrong = (answers >= 0) & (answers != truth)
    print(f"{kind:9}: right {np.mean(answers == truth):6.1%}, wrong name {np.mean(wrong):6.1%}")

# %% [markdown]
# Your own pictures: `gallery.enrol("me", ["me1.jpg", "me2.jpg"])`, then `gallery.verify("me3.jpg", "me")`. Enrol people
# who agreed; `gallery.remove("me")` overwrites the encodings.
#
# ## What to take away
# - Verification compares with one person, recognition with K; the same small error is about K times as likely there.
# - A network that learned *how alike* two faces are needs one picture of a new person and no training.
# - "Not recognised" comes from $\tau$. A softmax must be taught what a stranger is, and is trained again for each
#   newcomer.
# - A picture of a face is a face to it: liveness is another problem.
#
# ## Papers
# - Taigman et al.: *DeepFace: Closing the Gap to Human-Level Performance in Face Verification*, CVPR 2014.
# - Koch et al.: *Siamese Neural Networks for One-shot Image Recognition*, ICML Deep Learning Workshop 2015.
# - Schroff, Kalenichenko, Philbin: *FaceNet*, CVPR 2015, arXiv:1503.03832.
# - Scheirer et al.: *Toward Open Set Recognition*, IEEE TPAMI 35, 2013.
