# %% [markdown]
# # 4. Verification as binary classification
#
# ## The question
# The triplet loss is one way to train a Siamese network. Another makes verification an ordinary yes-or-no question: two
# pictures in, the probability that they show one person out. Three things stay open where this is taught. Is the tower
# **trained along, or frozen**? Does the unit have **one weight or 128**? And does it matter whether it looks at
# $|f_k - g_k|$, at its **square**, or at **chi-square**?

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
from keras import layers

from keras_apps import faces

QUICK = bool(os.environ.get("KERAS_APPS_QUICK"))  # CI takes fewer steps
BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#009e73"
plt.rcParams["figure.dpi"] = 80
keras.utils.set_random_seed(0)

# %% [markdown]
# ## The idea in plain words
# Encode both pictures with one tower. For each of the 128 numbers see how much the two differ there, and let one
# logistic unit weigh these 128 differences: large differences say "two people". That is logistic regression on 128
# features. Where a number of the encoding tells people apart, the unit may give it much weight; where it is noise,
# none.
#
# ## The formula
#
# $$ \hat{y} = \sigma\left( \sum_{k=1}^{128} w_k\, c_k + b \right), \qquad c_k = |f(x^{(i)})_k - f(x^{(j)})_k|
# \;\text{ or }\; (f(x^{(i)})_k - f(x^{(j)})_k)^2 \;\text{ or }\; \chi^2_k $$
#
# $$ \chi^2_k = \frac{(f(x^{(i)})_k - f(x^{(j)})_k)^2}{|f(x^{(i)})_k| + |f(x^{(j)})_k|} $$
#
# (The course divides by $f(x^{(i)})_k + f(x^{(j)})_k$, which needs encodings that are not negative; for such the two
# agree.) Accept where $\hat{y} \ge 0.5$.

# %%
for kind in ("absolute", "squared", "chi-square"):
    unit = faces.LogisticComparison(kind)
    unit([np.ones((1, 2)), np.ones((1, 2))])  # builds it
    unit.set_weights_and_bias([-1.0, -1.0], 0.0)
    z = float(unit([np.array([[1.0, 0.5]]), np.array([[3.0, 0.5]])])[0])
    print(f"{kind:10}: encodings (1, 0.5) and (3, 0.5), w = (-1, -1), b = 0: z = {z:.2f}")

# %% [markdown]
# ## Pairs
# People who do not exist; half of the pairs are genuine. The unit learns on the pairs of some people and is judged on
# the pairs of others. The tower `synthetic64` was trained with triplets, on neither. Because it stays as it is for now,
# its encodings are computed once.

# %%
PEOPLE, PICTURES = (40, 6) if QUICK else (140, 8)
PAIRS, STEPS = (512, 60) if QUICK else (8192, 600)
tower = faces.load_tower("synthetic64")
crowd, _ = faces.synthetic_people(PEOPLE, PICTURES, size=64, seed=7)
codes = faces.encode(tower, crowd, aligned=True).reshape(PEOPLE, PICTURES, 128)
crowd = crowd.reshape(PEOPLE, PICTURES, 64, 64, 3)
cut = PEOPLE * 5 // 7  # people before it teach, the others judge


def draw_pairs(count, people, seed):
    """Return both sides' (people, pictures), and whether they show one person, as every other pair does."""
    random = np.random.default_rng(seed)
    same = np.arange(count) % 2 == 0
    one = random.choice(people, count)
    shift = random.integers(1, len(people), count)
    other = np.where(same, one, people[(one - people[0] + shift) % len(people)])
    picture = random.integers(0, PICTURES, count)
    another = (picture + random.integers(1, PICTURES, count)) % PICTURES
    return (one, picture), (other, another), same


teaching = draw_pairs(PAIRS, np.arange(cut), seed=1)
judging = draw_pairs(1000 if QUICK else 6000, np.arange(cut, PEOPLE), seed=2)

figure, axes = plt.subplots(2, 6, figsize=(8, 3))
for column, index in zip(axes.T, range(6), strict=True):
    for ax, side in zip(column, teaching[:2], strict=True):
        ax.imshow(crowd[side[0][index], side[1][index]])
        ax.axis("off")
    column[0].set_title("same: 1" if teaching[2][index] else "same: 0")
plt.show()

# %% [markdown]
# ## The unit, trained on a frozen tower
# `VerificationModel` is a tower and the unit. Given encodings, its "tower" just passes them on.


# %%
def train_unit(comparison, shared_weight=False, pairs=PAIRS, codes=codes):
    """Train a unit on the first so many teaching pairs, always for as many steps; the tower is frozen."""
    as_it_is = keras.Sequential([keras.Input((128,)), layers.Identity()])
    model = faces.VerificationModel(as_it_is, comparison, train_tower=False, shared_weight=shared_weight)
    model.compile(keras.optimizers.Adam(0.02), jit_compile=False)
    first, second, same = teaching
    drawn = np.random.default_rng(0).choice(pairs, STEPS * 128)  # again and again, in any order
    inputs = tuple(codes[who[drawn], which[drawn]] for who, which in (first, second))
    model.fit(inputs, same[drawn], batch_size=128, shuffle=False, verbose=0)
    return model


def judge(model, codes=codes):
    """Right decisions at P = 0.5 and the EER, both in %, on people that no unit was taught."""
    first, second, same = judging
    p = model.score(codes[first], codes[second])
    eer, _ = faces.equal_error_rate(faces.roc(1.0 - p.astype(float), same))
    return 100 * np.mean((p >= 0.5) == same), 100 * eer


unit = train_unit("absolute")
weights, bias = unit.head.weights_and_bias()
plt.figure(figsize=(6, 2.6))
plt.bar(range(128), np.sort(weights), color=BLUE)
plt.xlabel("the 128 numbers, in the order of their weight")
plt.ylabel("$w_k$ (no unit)")
plt.title(f"b = {bias:.1f}; right on unseen people: {judge(unit)[0]:.1f} %")
plt.show()

# %% [markdown]
# Most weights are negative, as one expects: a difference speaks against "the same person". But many are not, and a
# positive one says that two pictures are *more* alike because they differ there. That is no insight into faces. The
# 128 differences rise and fall together, so the unit can add some and take away others, and still be right on the pairs
# that it learnt from. Is this freedom worth anything? See below.
#
# ## $|f_k - g_k|$, its square, or chi-square?
# Beside the three, the plain distance of lesson 2, with the $\tau$ that is best on the teaching pairs.

# %%
results = {kind: judge(train_unit(kind)) for kind in ("absolute", "squared", "chi-square")}
distances = [faces.squared_euclidean(codes[first], codes[second]) for first, second, _ in (teaching, judging)]
taus = np.quantile(distances[0], np.linspace(0, 1, 401))
tau = taus[np.argmax([np.mean((distances[0] <= t) == teaching[2]) for t in taus])]
eer, _ = faces.equal_error_rate(faces.roc(distances[1], judging[2]))
results["distance\nand tau"] = 100 * np.mean((distances[1] <= tau) == judging[2]), 100 * eer


def bars(results, labels=("right at P = 0.5", "EER")):
    """Draw right decisions and EER beside each other."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3))
    columns = zip(*results.values(), strict=True)
    for ax, values, label, color in zip(axes, columns, labels, (BLUE, ORANGE), strict=True):
        ax.bar_label(ax.bar(list(results), values, color=color, width=0.6), fmt="%.1f", padding=2)
        ax.set_ylabel(f"{label}, %")
    axes[0].set_ylim(40, 108)
    axes[1].set_ylim(0, 1.25 * max(*(eer for _, eer in results.values()), 1))
    plt.tight_layout()
    plt.show()


bars(results)

# %% [markdown]
# The left axis begins at 40 %, not at 0: compare the numbers, not the lengths of the bars.
#
# - The three differ by less than a point: with encodings of length 1, whose numbers are all of one size, there is
#   little that a square or a division could add.
# - None beats the plain distance and one $\tau$. That is no law: this tower was *trained for* the distance, by
#   triplets. A tower that was trained as a classifier, as DeepFace's was, leaves the unit more to do.
#
# ## One w, or 128?
# With a single $w$ for all $k$ the unit is $\sigma(w \sum_k c_k + b)$: with squares, that is the distance of lesson 2
# and nothing else, and $\tau = -b / w$. With 128 it can say which numbers matter, but it must learn 128 things from the
# pairs. So the answer should depend on how many pairs there are. Does it?

# %%
counts = (32, 128, 512) if QUICK else (32, 64, 128, 512, 2048, 8192)
figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
for ax, comparison in zip(axes, ("absolute", "squared"), strict=True):
    for shared, color in ((True, GREEN), (False, BLUE)):
        right = [judge(train_unit(comparison, shared, pairs))[0] for pairs in counts]
        ax.semilogx(counts, right, "o-", base=2, color=color, label="one w" if shared else "128 weights")
    ax.set(xlabel="pairs to learn from", title=comparison)
axes[0].set_ylabel("right on unseen people, %")
axes[0].legend(frameon=False, loc="lower right")
plt.tight_layout()
plt.show()

# %% [markdown]
# It does, and the answer here is **one**. From a few dozen pairs a single $w$ is as good as it will ever be: two
# numbers are learnt from them. The 128 weights need thousands of pairs to come near it, for they first learn the
# accidents of the pairs they see (nothing holds them back here: no weight decay, no early stop). The textbook's reason
# for 128, that some numbers tell people apart better than others, is true in general and worth nothing where the
# triplet loss has already made them all pull alike. Learn 128 if you have many pairs *and* a tower that was not trained
# for the distance; then check on unseen people that they were worth it.
#
# ## Is the tower trained with the unit, or frozen?
# Both are done. We try it twice: on the good tower, trained with triplets before, and on one that knows nothing. First
# the unit alone on the frozen tower; then both together over further pairs, the tower at a small learning rate. (With
# one large rate from the start the tower would be spoilt before the unit has learnt what to ask of it.)


# %%
def together(tower, pictures, steps, rate):
    """Right decisions and EER with the tower frozen, and after training tower and unit together."""
    size = pictures.shape[2]

    def encoded():
        flat = pictures.reshape(-1, size, size, 3)
        return faces.encode(tower, flat, aligned=True).reshape(*pictures.shape[:2], -1)

    def batches(count):
        for step in range(count):
            first, second, same = draw_pairs(32, np.arange(cut), seed=100 + step)
            yield tuple(pictures[side].astype("float32") for side in (first, second)), same

    codes_before = encoded()
    model = faces.VerificationModel(tower, train_tower=True)
    model.head.set_weights_and_bias(*train_unit("absolute", codes=codes_before).head.weights_and_bias())
    frozen = judge(model, codes_before)
    model.compile(keras.optimizers.Adam(rate), jit_compile=False)
    for pair, same in batches(steps):
        model.train_on_batch(pair, same)
    return frozen, judge(model, encoded())


halved = crowd.reshape(PEOPLE, PICTURES, 32, 2, 32, 2, 3).mean((3, 5)).astype("uint8")
untrained = faces.build_tower("small", size=32)
nothing = together(untrained, halved, 4 if QUICK else 150, 1e-3)
good = together(tower, crowd, 2 if QUICK else 40, 1e-4)

# %%
bars(
    {
        "untrained,\nfrozen": nothing[0],
        "untrained,\ntogether": nothing[1],
        "good tower,\nfrozen": good[0],
        "good tower,\ntogether": good[1],
    }
)

# %% [markdown]
# Again the left axis begins at 40 %.
#
# - On a tower that **knows nothing**, freezing it costs most: the unit can only choose among random features. Training
#   both helps a great deal, though these few steps are far from enough.
# - On a **good** tower these steps change next to nothing, and each of them takes many times as long as one of the unit
#   alone, which learns from encodings that were computed once. (Longer runs gain a little more and do not pass the
#   plain distance: see the table in docs/training.md.)
#
# So: frozen where the tower is good, or the pairs are few; together where the tower must still learn, or your pictures
# are of another kind than those it knows. DeepFace stands between: frozen but for its last layers.
#
# Whatever changes the tower changes the encodings: a database that was encoded before must be encoded again.
#
# ## Precomputed encodings
# The unit needs the two encodings, not the two pictures. Those of the database are computed once; a probe takes one run
# of the tower, then 128 differences for each person. `score` does that in NumPy, and a `Gallery` can be told to decide
# so.

# %%
tower = faces.load_tower("synthetic64")
verifier = faces.VerificationModel(tower, "squared", train_tower=False)
verifier.head.set_weights_and_bias(*train_unit("squared").head.weights_and_bias())
Path("verified.db").unlink(missing_ok=True)  # of an earlier run
gallery = faces.Gallery("verified.db", decider=verifier)
for person in range(cut, cut + 8):
    gallery.enrol(f"person {person}", list(crowd[person, :2]), aligned=True)
for person in (cut, cut + 1, PEOPLE - 1):
    answer = gallery.identify(crowd[person, 4], aligned=True)[0]
    name = answer.name or "not recognised"
    print(f"person {person}: {name}; {answer.measure} = {answer.distance:.3f}, tau = {answer.tau:.2f}")

# %% [markdown]
# ## Change me
# The comparison, the weights, the number of pairs, and the probability from which a pair is accepted.

# %% tags=["change-me"]
comparison = "chi-square"  # Change me: "absolute", "squared", "chi-square"
shared_weight = True  # Change me: True is one w, False is 128
pairs = 256  # Change me: up to PAIRS
tau_probability = 0.9  # Change me: 0.5 to 0.99, accept only what is quite sure

mine = train_unit(comparison, shared_weight, pairs)
first, second, same = judging
p = mine.score(codes[first], codes[second])
far, frr = faces.far_frr(1.0 - p.astype(float), same, 1.0 - tau_probability)
print(f"EER {judge(mine)[1]:.1f} %; accepted from P = {tau_probability}: FAR {far:.2%}, FRR {frr:.2%}")
plt.figure(figsize=(5, 2.8))
for kind, color, name in ((same, BLUE, "genuine"), (~same, ORANGE, "impostor")):
    plt.hist(p[kind], np.linspace(0, 1, 41), color=color, alpha=0.6, label=name)
plt.axvline(tau_probability, color="black", linestyle="--")
plt.yscale("log")
plt.xlabel("P(same person)")
plt.ylabel("pairs")
plt.legend(frameon=False)
plt.show()

# %% [markdown]
# ## What to take away
# - Verification can be a yes-or-no question: a logistic unit on what two encodings differ in.
# - With squares and one shared weight the unit *is* the distance with a threshold, $\tau = -b / w$, and a probability.
# - On a tower that was trained with triplets, one weight is enough, and the kind of difference hardly matters.
# - Train the tower along where it knows too little; freeze it where it is good. Encode the database once, after that.
# - Textbook reasons are hypotheses, which minutes can test. The one for 128 weights did not hold for this tower.
#
# ## Papers
# - Taigman et al.: *DeepFace: Closing the Gap to Human-Level Performance in Face Verification*, CVPR 2014 (sections 4.1
#   and 4.2: chi-square, and the Siamese network with the tower frozen but for its last layers).
# - Koch, Zemel, Salakhutdinov: *Siamese Neural Networks for One-shot Image Recognition*, 2015 (the weighted $|f - g|$).
# - Sun et al.: *Deep Learning Face Representation by Joint Identification-Verification*, NIPS 2014, arXiv:1406.4773.
