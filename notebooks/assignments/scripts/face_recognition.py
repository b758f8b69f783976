# %% [markdown]
# # Assignment 1: face recognition
# You write five functions: the triplet loss that trains a network to tell faces apart, the mining of triplets worth
# learning from, the choice of a threshold, and the two questions that a trained network answers, *is this the claimed
# person?* and *who is this?*
#
# Under each function stands a cell that checks it. It says how many points the **visible** checks give and what is
# wrong; further checks, with other numbers, are made when the notebook is handed in. On the command line,
# `keras-apps course check face_recognition.ipynb` says the same.
#
# Write only where it says `YOUR CODE HERE`. Keep the functions' names and arguments. Do not use `keras_apps` inside
# them: they are to be yours.
#
# | Function | Points |
# |---|---|
# | `triplet_loss` | 30 |
# | `semi_hard_triplets` | 20 |
# | `choose_tau` | 15 |
# | `verify` | 15 |
# | `who_is_it` | 20 |

# %% course="locked:find_keras_apps"
# FIRST_CELL

# %% course="locked:setup"
import numpy as np
import tensorflow as tf

# %% [markdown]
# ## 1. The triplet loss
# A network $f$ turns a picture into an encoding. For an **anchor** picture A, a **positive** P of the same person and a
# **negative** N of another person, we want A nearer to P than to N, and by a margin $\alpha$:
#
# $$d(A, P) + \alpha \le d(A, N), \qquad d(A, B) = \lVert f(A) - f(B) \rVert_2^2 .$$
#
# What is missing to that is the triplet's loss; the cost is the **sum** over the triplets:
#
# $$J = \sum_{i=1}^{m} \max\left( d(A^{(i)}, P^{(i)}) - d(A^{(i)}, N^{(i)}) + \alpha,\ 0 \right).$$
#
# - `y_pred` is a list of three arrays of shape (m, coordinates): the encodings of anchors, positives and negatives.
#   `y_true` is there because Keras passes it; it is not used.
# - Take the squared distances along the last axis, one a triplet; then the difference and $\alpha$; then the maximum
#   with 0, for each triplet; then the sum.
# - `keras_apps.faces.triplet_loss` differs: it returns one number for each triplet and leaves the sum to the training.


# %% course="solution:triplet_loss"
def triplet_loss(y_true, y_pred, alpha=0.2):
    """Compute the triplet cost J, one number.

    Args:
        y_true: Not used.
        y_pred: A list of the encodings of anchors, positives and negatives, each (m, coordinates).
        alpha: The margin.
    """
    anchor, positive, negative = y_pred[0], y_pred[1], y_pred[2]
    ### BEGIN SOLUTION
    d_ap = tf.reduce_sum(tf.square(tf.subtract(anchor, positive)), axis=-1)
    d_an = tf.reduce_sum(tf.square(tf.subtract(anchor, negative)), axis=-1)
    return tf.reduce_sum(tf.maximum(d_ap - d_an + alpha, 0.0))
    ### END SOLUTION


# %% course="tests:triplet_loss"
from keras_apps.course import grade

hidden = ()
### BEGIN HIDDEN TESTS
from keras_apps.course import Case

LOSSES = """
import tensorflow as tf
def losses(*triplets, alpha):
    return triplet_loss(None, [tf.constant([t[k] for t in triplets]) for k in range(3)], alpha=alpha)
far, near = [[1., 0., 2.], [3., 1., 4.], [1., 2., 3.]], [[1., 0., 2.], [1., 2., 3.], [3., 1., 4.]]
other = [[1., 0., 2.], [2., 0., 2.], [1., 0., 2.]]
"""
hidden = (
    # |(2,1,2)|^2 - |(0,2,1)|^2 = 9 - 5, less 1 - 0
    Case(
        "distance",
        "losses(far, alpha=0.3) - losses(other, alpha=0.3)",
        3.0,
        LOSSES,
        {"swapped": 0.0, "constant": 0.0, "root": -0.2360680, "absolute": 1.0, "coordinates": 1.0, "added": 13.0},
    ),
    Case(
        "margin",
        "triplet_loss(None, [tf.constant(e) for e in ([[0., 3.]], [[1., 3.]], [[0., 4.]])], alpha=1.25)",
        1.25,
        "import tensorflow as tf",
        {"no_alpha": 0.0, "fixed_alpha": 0.2, "minus_alpha": 0.0},
    ),
    Case(
        "margin",
        "triplet_loss(None, [tf.constant(e) for e in ([[5., 3.]], [[5., 2.]], [[6., 3.]])])",
        0.2,
        "import tensorflow as tf",
        {"no_alpha": 0.0, "minus_alpha": 0.0},
    ),
    # 9 - 5 + 0.25 = 4.25, and 5 - 9 + 0.25 below 0
    Case(
        "maximum",
        "min(losses(t, alpha=0.25) for t in (far, near)) / max(losses(t, alpha=0.25) for t in (far, near))",
        0.0,
        LOSSES,
        {"no_maximum": -0.8823529, "margin_outside": 0.0588235, "constant": 1.0},
    ),
    # 4 + 4 + 0 + 0 + 4
    Case(
        "sum",
        "losses(far, far, near, near, far, alpha=0.0) / (3 * losses(far, alpha=0.0) + 2 * losses(near, alpha=0.0))",
        1.0,
        LOSSES,
        {"mean": 0.2, "maximum_outside": 0.3333333, "vector": [0.3333333, 0.3333333, 0.0, 0.0, 0.3333333]},
    ),
)
### END HIDDEN TESTS
grade("triplet_loss", hidden)

# %% [markdown]
# ## 2. Triplets worth learning from
# Most triplets already cost nothing, and the hardest ones are often wrong labels. FaceNet learns from **semi-hard**
# triplets: the negative is farther than the positive, but not yet by the margin,
#
# $$d(A, P) < d(A, N) < d(A, P) + \alpha .$$
#
# `distances[i][j]` is $d$ between the pictures i and j of a batch, `labels[i]` says who picture i shows. Return a list of
# `(anchor, positive, negative)`, in any order: every triplet of the batch for which the rule holds, where anchor and
# positive are two **different** pictures of one person and the negative shows another person.
# (`keras_apps.faces.mine_triplets` does this for large batches, and returns three arrays.)


# %% course="solution:semi_hard_triplets"
def semi_hard_triplets(distances, labels, alpha=0.2):
    """List the semi-hard triplets of a batch.

    Args:
        distances: Squared distances, an array (n, n).
        labels: Who is on each picture, an array of n numbers or names.
        alpha: The margin.
    """
    ### BEGIN SOLUTION
    triplets = []
    n = len(labels)
    for a in range(n):
        for p in range(n):
            if a == p or labels[a] != labels[p]:
                continue
            for k in range(n):
                if labels[k] != labels[a] and distances[a][p] < distances[a][k] < distances[a][p] + alpha:
                    triplets.append((a, p, k))
    return triplets
    ### END SOLUTION


# %% course="tests:semi_hard_triplets"
from keras_apps.course import grade

hidden = ()
### BEGIN HIDDEN TESTS
from keras_apps.course import Case

BATCH = """
import numpy as np
distances = np.array([[0., 1.1, 1., .8], [1.1, 0., 1.15, .4], [1., 1.15, 0., .5], [.8, .4, .5, 0.]])
labels = np.array(["ada", "kian", "ada", "kian"])
found = lambda *a, **k: sorted([int(i) for i in t] for t in semi_hard_triplets(*a, **k))
"""
hidden = (
    # (0,2) at 1.0: 1 at 1.1; (2,0): 1 at 1.15; (1,3) at 0.4: both easy; (3,1): 2 at 0.5
    Case(
        "rule",
        "found(distances, labels)",
        [[0, 2, 1], [2, 0, 1], [3, 1, 2]],
        BATCH,
        {
            "hard": [[0, 2, 1], [0, 2, 3], [2, 0, 1], [2, 0, 3], [3, 1, 2]],
            "only_hard": [[0, 2, 3], [2, 0, 3]],
            "easy": [[0, 2, 1], [1, 3, 0], [1, 3, 2], [2, 0, 1], [3, 1, 0], [3, 1, 2]],
            "one_way": [[0, 2, 1]],
        },
    ),
    # (0,2) at 1.0: 3 is as far, 1 at 1.5 is just alpha farther; (2,0): 1 at 1.125; (1,3) and (3,1) at 4: all are hard
    Case(
        "rule",
        "found(ties, labels, alpha=0.5)",
        [[2, 0, 1]],
        BATCH + "ties = np.array([[0., 1.5, 1., 1.], [1.5, 0., 1.125, 4.], [1., 1.125, 0., 3.], [1., 4., 3., 0.]])",
        {
            "ties": [[0, 2, 1], [0, 2, 3], [2, 0, 1]],
            "lower_tie": [[0, 2, 3], [2, 0, 1]],
            "upper_tie": [[0, 2, 1], [2, 0, 1]],
        },
    ),
    # with alpha 0.45 the negative 0 of (3,1), at 0.8, comes within 0.85
    Case(
        "margin",
        "[t for t in found(distances, labels, alpha=0.45) if t not in found(distances, labels)]",
        [[3, 1, 0]],
        BATCH,
        {"easy": [], "fixed_alpha": []},
    ),
)
### END HIDDEN TESTS
grade("semi_hard_triplets", hidden)

# %% [markdown]
# ## 3. The threshold
# A comparison is **accepted** when its distance is at most $\tau$. Two kinds of decision are wrong: a genuine comparison
# that is rejected, and one of two people that is accepted. Return the candidate with the fewest wrong decisions; of
# several equally good ones the **smallest**.


# %% course="solution:choose_tau"
def choose_tau(distances, same, candidates):
    """Choose the threshold with the fewest wrong decisions.

    Args:
        distances: A list of n numbers.
        same: A list of n booleans, True where both pictures of the comparison show one person.
        candidates: A list of the thresholds to choose from, in no order.
    """
    ### BEGIN SOLUTION
    distances, same = np.asarray(distances), np.asarray(same, bool)
    return min(sorted(candidates), key=lambda tau: np.count_nonzero((distances <= tau) != same))
    ### END SOLUTION


# %% course="tests:choose_tau"
from keras_apps.course import grade

hidden = ()
### BEGIN HIDDEN TESTS
from keras_apps.course import Case

hidden = (
    # wrong decisions: 3, 1, 2, 3
    Case(
        "errors",
        "choose_tau([.1, .3, .5, .9, .6, .8, .85], [True] * 4 + [False] * 3, [.2, .55, .65, .82])",
        0.55,
        mistakes={"only_far": 0.2, "reversed": 0.2, "count": 1.0, "middle": 0.65},
    ),
    # wrong decisions: 3, 1, 2
    Case(
        "errors",
        "choose_tau([.3, .4, .5, 1.2, .7, 1.1], [True] * 4 + [False] * 2, [.35, .6, 1.5])",
        0.6,
        mistakes={"only_far": 0.35, "only_frr": 1.5, "reversed": 0.35, "count": 1.0},
    ),
    Case(
        "borders",
        "choose_tau([.5, 1.], [True, False], [.9, .8, .5, .6, .3])",
        0.5,
        mistakes={"ties": 0.9, "strict": 0.6, "middle": 0.6},
    ),
)
### END HIDDEN TESTS
grade("choose_tau", hidden)

# %% [markdown]
# ## 4. Verification: is it the claimed person?
# From here on a trained network makes the encodings. This helper turns a picture into one:


# %% course="locked:img_to_encoding"
def img_to_encoding(image_path, model):
    """Return the encoding (1, coordinates) of the largest face on a picture."""
    from keras_apps import faces

    return np.asarray(faces.encode(model, [image_path]))


# %% [markdown]
# `verify` compares the picture's encoding with the one that `database` holds for `identity`.
# - Get the encoding with `img_to_encoding(image_path, model)`.
# - `dist` is the Euclidean distance, `np.linalg.norm` of the difference: here **with** the square root.
# - The door opens when `dist` is **less than 0.7**.
# - Return `(dist, door_open)`, a number and `True` or `False`. You may print a greeting.


# %% course="solution:verify"
def verify(image_path, identity, database, model):
    """Say how far a picture is from the claimed person, and whether the door opens.

    Args:
        image_path: The picture.
        identity: The claimed name.
        database: {name: encoding (1, coordinates)}.
        model: For img_to_encoding.
    """
    ### BEGIN SOLUTION
    encoding = img_to_encoding(image_path, model)
    dist = np.linalg.norm(encoding - database[identity])
    return dist, bool(dist < 0.7)
    ### END SOLUTION


# %% course="tests:verify"
from keras_apps.course import grade

hidden = ()
### BEGIN HIDDEN TESTS
from keras_apps.course import Case
from keras_apps.course.catalogue.face_recognition import AT_THE_DOOR, NOT_THERE

PICTURES = """
import numpy as np
img_to_encoding = lambda image_path, model: np.asarray(model[image_path])
model = {"a.jpg": [[1., 2., 2.]], "b.jpg": [[0., .65, 0.]], "c.jpg": [[0., 0., .85]]}
database = {"mei": np.array([[1., 0., 0.5]]), "tom": np.zeros((1, 3)), "eva": np.array([[1., 2., 1.4]])}
"""
hidden = (
    # |(0, 2, 1.5)|
    Case(
        "distance",
        'verify("a.jpg", "mei", database, model)',
        2.5,
        PICTURES,
        {"squared": 6.25, "absolute": 3.5, "nearest": 0.6, "order": False},
        pick=0,
    ),
    Case(
        "door",
        'verify("b.jpg", "tom", database, model)',
        True,
        PICTURES,
        {"reversed": False},
        pick=1,
    ),
    Case(
        "door",
        'verify("c.jpg", "tom", database, model)',
        False,
        PICTURES,
        {"reversed": True, "always": True},
        pick=1,
    ),
    Case("door", "opened(0.694)", [True], AT_THE_DOOR, {"reversed": [False], "low": [False], "order": NOT_THERE}),
    Case(
        "door",
        "opened(0.706)",
        [False],
        AT_THE_DOOR,
        {"reversed": [True], "always": [True], "high": [True], "order": NOT_THERE},
    ),
)
### END HIDDEN TESTS
grade("verify", hidden)

# %% [markdown]
# ## 5. Recognition: who is it?
# `who_is_it` looks for the nearest person of the database.
# - `min_dist` is the smallest distance (Euclidean, as above), `identity` the name that has it.
# - Where `min_dist` is **above 0.7** the picture shows nobody of the database: `identity` is then `None`. (The course's
#   own function prints "Not in the database." there; here the answer says it.)
# - Return `(min_dist, identity)`.


# %% course="solution:who_is_it"
def who_is_it(image_path, database, model):
    """Say who of the database is on a picture.

    Args:
        image_path: The picture.
        database: {name: encoding (1, coordinates)}.
        model: For img_to_encoding.
    """
    ### BEGIN SOLUTION
    encoding = img_to_encoding(image_path, model)
    min_dist, identity = 100.0, None
    for name, stored in database.items():
        dist = np.linalg.norm(encoding - stored)
        if dist < min_dist:
            min_dist, identity = dist, name
    return min_dist, (None if min_dist > 0.7 else identity)
    ### END SOLUTION


# %% course="tests:who_is_it"
from keras_apps.course import grade

hidden = ()
### BEGIN HIDDEN TESTS
from keras_apps.course import Case
from keras_apps.course.catalogue.face_recognition import IN_THE_STREET, NOT_THERE

PICTURES = """
import numpy as np
img_to_encoding = lambda image_path, model: np.asarray(model[image_path])
model = {"a.jpg": [[0., 0., 0.]], "b.jpg": [[0., 1., 0.]]}
database = {"tom": np.array([[.1, 0., 0.]]), "mei": np.array([[0., 0., .6]]), "eva": np.array([[.3, 0., 0.]])}
"""
hidden = (
    Case(
        "distance",
        'who_is_it("a.jpg", database, model)',
        0.1,
        PICTURES,
        {"squared": 0.01, "last": 0.3, "start": 100.0, "farthest": 0.6, "order": "tom"},
        pick=0,
    ),
    Case(
        "name",
        'who_is_it("a.jpg", database, model)',
        "tom",
        PICTURES,
        {"last": "eva", "start": "eva", "farthest": "mei", "order": 0.1, "never": None},
        pick=1,
    ),
    # one person alone, 1 / 0.6 away
    Case(
        "stranger",
        'who_is_it("a.jpg", {"mei": database["mei"]}, model)',
        "mei",
        PICTURES,
        {"order": 0.6, "never": None},
        pick=1,
    ),
    Case(
        "stranger",
        'who_is_it("b.jpg", {"zoe": np.zeros((1, 3))}, model)',
        None,
        PICTURES,
        {"stranger": "zoe", "order": 1.0},
        pick=1,
    ),
    Case(
        "stranger",
        "named(0.694)",
        ["ada"],
        IN_THE_STREET,
        {"low": [None], "never": [None], "start": NOT_THERE, "order": NOT_THERE},
    ),
    Case(
        "stranger",
        "named(0.706)",
        [None],
        IN_THE_STREET,
        {"stranger": ["ada"], "high": ["ada"], "start": NOT_THERE, "order": NOT_THERE, "no_distance": NOT_THERE},
    ),
    Case(
        "stranger",
        "min_dist_of_a_stranger_at(8.25)",
        8.25,
        IN_THE_STREET,
        {"start": 100.0, "order": "no number", "no_distance": "no number", "start_low": 1.0, "start_tau": 0.7},
    ),
)
### END HIDDEN TESTS
grade("who_is_it", hidden)

# %% [markdown]
# ## Try it on faces
# Nothing here is marked. The pictures and the network travel with the package; any picture of your own does as well.

# %%
from keras_apps import faces

model = faces.load_tower("resnet128")
database = {
    name: img_to_encoding(f"bundled:{picture}", model) for name, picture in [("Grace", "hopper"), ("Barack", "obama2")]
}

# %%
try:
    print("obama as Barack:", verify("bundled:obama", "Barack", database, model))
    print("biden as Barack:", verify("bundled:biden", "Barack", database, model))
    print("who is obama3?  ", who_is_it("bundled:obama3", database, model))
    print("who is biden?   ", who_is_it("bundled:biden", database, model))
except NotImplementedError:
    print("write verify and who_is_it first")
