"""The visible checks of the assignment "Face recognition": here of the triplet loss, of mining and of choosing tau.

Triplets stand on squared distances 5 (anchor to positive) and 2 (anchor to negative).
"""

from keras_apps.course.cases import Assignment, Case, Exercise
from keras_apps.course.face_answers import verify, who_is_it

PAIR = """
import tensorflow as tf
y_true, y_pred = (None, None, None), [tf.constant([[0., 0.]]), tf.constant([[2., 2.]]), tf.constant([[1., 0.]])]
other = [tf.constant([[0., 0.]]), tf.constant([[1., 1.]]), tf.constant([[0., 0.]])]
"""
TRIPLETS = """
import tensorflow as tf
def loss_of(*triplets, alpha):  # rows (anchor, positive, negative)
    return triplet_loss((None, None, None), [tf.constant([t[k] for t in triplets]) for k in range(3)], alpha=alpha)
far, near = [[0., 0.], [1., 2.], [1., 1.]], [[0., 0.], [1., 1.], [1., 2.]]
larger = lambda alpha: max(loss_of(far, alpha=alpha), loss_of(near, alpha=alpha))
smaller = lambda alpha: min(loss_of(far, alpha=alpha), loss_of(near, alpha=alpha))
"""

triplet_loss = Exercise(
    "triplet_loss",
    {"distance": 10, "margin": 6, "maximum": 7, "sum": 7},
    (
        # (8 - 1 + alpha) - (2 - 0 + alpha), whatever alpha does
        Case(
            "distance",
            "triplet_loss(y_true, y_pred) - triplet_loss(y_true, other)",
            5.0,
            PAIR,
            {"swapped": 0.0, "constant": 0.0, "root": 0.4142136, "absolute": 1.0, "coordinates": 2.5, "added": 7.0},
        ),
        # both distances are 2: what is left is alpha's default
        Case(
            "margin",
            "triplet_loss(None, [tf.constant(e) for e in ([[0., 0.]], [[1., 1.]], [[1., -1.]])])",
            0.2,
            "import tensorflow as tf",
            {"no_alpha": 0.0, "minus_alpha": 0.0},
        ),
        # the larger of (far, near) grows by alpha: 3.5 - 3
        Case(
            "margin",
            "larger(alpha=0.5) - larger(alpha=0.0)",
            0.5,
            TRIPLETS,
            {"no_alpha": 0.0, "fixed_alpha": 0.0, "minus_alpha": -0.5},
        ),
        # 2 - 5 + 0.5 is below 0, so L = 0; the other is 5 - 2 + 0.5 = 3.5
        Case(
            "maximum",
            "smaller(alpha=0.5) / larger(alpha=0.5)",
            0.0,
            TRIPLETS,
            {"no_maximum": -0.7142857, "margin_outside": 0.1428571, "constant": 1.0},
        ),
        # L = 3 and 0, together 3
        Case(
            "sum",
            "loss_of(far, near, far, alpha=0.0) / (2 * loss_of(far, alpha=0.0) + loss_of(near, alpha=0.0))",
            1.0,
            TRIPLETS,
            {"mean": 0.3333333, "maximum_outside": 0.5, "vector": [0.5, 0.0, 0.5]},
        ),
    ),
    {
        "mean": "you took the mean over triplets; J is their sum",
        "vector": "you returned one number for each triplet; J is their sum",
        "constant": "the encodings change nothing in your answer: it is to grow with d(A, P) and shrink with d(A, N)",
        "swapped": "the two distances are swapped: it is d(A, P) - d(A, N), so that a near positive lowers the loss",
        "root": "d is the squared distance: there is no square root in it",
        "absolute": "d is the sum of squared differences, not of absolute ones",
        "coordinates": "you took the mean over the encoding's coordinates; d is the sum of their squares (axis -1)",
        "added": "you added the two distances; it is d(A, P) - d(A, N)",
        "no_alpha": "alpha is not used: add it to the difference of the distances",
        "fixed_alpha": "alpha is a fixed number in your function; use the argument",
        "minus_alpha": "you subtracted alpha; the margin is added",
        "no_maximum": "the maximum with 0 is missing: a solved triplet costs nothing and earns nothing",
        "margin_outside": "the margin is outside the maximum: a solved triplet must cost 0",
        "maximum_outside": "the maximum is for each triplet, then the sum: is there one distance a triplet (axis -1)?",
    },
    "one number",
)

# squared distances of four pictures, two people: pairs (0, 1) at 0.5 and (2, 3) at 0.3
MATRIX = """
import numpy as np
distances = np.array([[0., .5, .6, .45], [.5, 0., .45, .15], [.6, .45, 0., .3], [.45, .15, .3, 0.]])
labels = np.array([0, 0, 1, 1])
triplets_of = lambda *a, **k: sorted([int(i) for i in t] for t in semi_hard_triplets(*a, **k))
"""

semi_hard_triplets = Exercise(
    "semi_hard_triplets",
    {"rule": 14, "margin": 6},
    (
        # (0,1): 2 at 0.6 is in (0.5, 0.7), 3 at 0.45 is hard; (1,0): both hard; (2,3): 1 at 0.45 is in (0.3, 0.5), 0 at
        # 0.6 is easy; (3,2): 0 at 0.45 is in (0.3, 0.5), 1 at 0.15 is hard
        Case(
            "rule",
            "triplets_of(distances, labels)",
            [[0, 1, 2], [2, 3, 1], [3, 2, 0]],
            MATRIX,
            {
                "hard": [[0, 1, 2], [0, 1, 3], [1, 0, 2], [1, 0, 3], [2, 3, 1], [3, 2, 0], [3, 2, 1]],
                "only_hard": [[0, 1, 3], [1, 0, 2], [1, 0, 3], [3, 2, 1]],
                "easy": [[0, 1, 2], [2, 3, 0], [2, 3, 1], [3, 2, 0]],
                "itself": [[0, 1, 2], [1, 1, 3], [2, 3, 1], [3, 2, 0], [3, 3, 1]],
                "one_way": [[0, 1, 2], [2, 3, 1]],
            },
        ),
        # (0,1) at 0.5: 2 is as far, 3 at 0.75 is just alpha farther; (1,0): 2 at 0.625; (2,3), (3,2) at 4: all are hard
        Case(
            "rule",
            "triplets_of(ties, labels, alpha=0.25)",
            [[1, 0, 2]],
            MATRIX + "ties = np.array([[0., .5, .5, .75], [.5, 0., .625, 2.], [.5, .625, 0., 4.], [.75, 2., 4., 0.]])",
            {
                "ties": [[0, 1, 2], [0, 1, 3], [1, 0, 2]],
                "lower_tie": [[0, 1, 2], [1, 0, 2]],
                "upper_tie": [[0, 1, 3], [1, 0, 2]],
                "hard": [[0, 1, 2], [1, 0, 2], [2, 3, 0], [2, 3, 1], [3, 2, 0], [3, 2, 1]],
                "only_hard": [[0, 1, 2], [2, 3, 0], [2, 3, 1], [3, 2, 0], [3, 2, 1]],
                "easy": [[0, 1, 3], [1, 0, 2], [1, 0, 3]],
                "one_way": [],
            },
        ),
        # with alpha 0.35 the negative 0 of (2,3), at 0.6, comes within 0.65
        Case(
            "margin",
            "[t for t in triplets_of(distances, labels, alpha=0.35) if t not in triplets_of(distances, labels)]",
            [[2, 3, 0]],
            MATRIX,
            {"easy": [], "fixed_alpha": [], "only_hard": []},
        ),
    ),
    {
        "hard": "hard triplets are among yours: a semi-hard negative is farther than the positive, d(A, P) < d(A, N)",
        "only_hard": "these are the hard triplets; a semi-hard negative is beyond the positive, within the margin",
        "easy": "easy triplets are among yours: a semi-hard negative is within the margin, d(A, N) < d(A, P) + alpha",
        "ties": "both of the rule's signs are <, not <=: distances that are equal or just alpha apart are not it",
        "lower_tie": "the negative is farther than the positive, d(A, P) < d(A, N): not where both are equal",
        "upper_tie": "the negative is nearer than d(A, P) + alpha: not where both are equal",
        "itself": "a picture is its own positive in yours: anchor and positive are two pictures of one person",
        "one_way": "each pair of one person gives two anchors: (a, p) and (p, a)",
        "fixed_alpha": "alpha is a fixed number in your function; use the argument",
    },
    "a list of (anchor, positive, negative)",
)

choose_tau = Exercise(
    "choose_tau",
    {"errors": 11, "borders": 4},
    (
        # wrong decisions: 3, 3, 3, 2, 4
        Case(
            "errors",
            "choose_tau([.2, .4, .6, .93, .5, .9, .92, .935], [True] * 4 + [False] * 4, [.25, .3, .55, .7, .94])",
            0.7,
            mistakes={"only_far": 0.25, "only_frr": 0.94, "reversed": 0.94, "count": 2.0, "middle": 0.55},
        ),
        # wrong decisions: 4, 2, 1, 2
        Case(
            "errors",
            "choose_tau([.2, .4, .6, .8, .5, .9], [True] * 4 + [False] * 2, [.1, .45, .85, 1.0])",
            0.85,
            mistakes={"only_far": 0.1, "reversed": 0.1, "count": 1.0},
        ),
        # wrong decisions: 1, 2, 1
        Case(
            "borders",
            "choose_tau([.2, .6, .5, .9], [True, True, False, False], [.7, .1, .3])",
            0.3,
            mistakes={"ties": 0.7, "only_frr": 0.7, "reversed": 0.1, "only_far": 0.1},
        ),
        # with <= the first two candidates are right everywhere, with < the second rejects the distance 0.5
        Case(
            "borders",
            "choose_tau([.25, .5, .75], [True, True, False], [.625, .5, .125])",
            0.5,
            mistakes={"strict": 0.625, "ties": 0.625, "reversed": 0.125, "only_far": 0.125},
        ),
    ),
    {
        "reversed": "these are the most wrong decisions: a comparison is accepted when distance <= tau",
        "only_far": "only accepted strangers are counted; a rejected genuine comparison is a wrong decision too",
        "only_frr": "only rejected genuine comparisons are counted; an accepted stranger is a wrong decision too",
        "count": "you returned the number of wrong decisions; return the tau that has the fewest",
        "middle": "you take a candidate by its place among them; take the one with the fewest wrong decisions",
        "strict": "a comparison is accepted when distance <= tau, also where the two are equal",
        "ties": "of several equally good candidates the smallest is asked for",
    },
    "one of the candidates",
)

ASSIGNMENT = Assignment("face_recognition", (triplet_loss, semi_hard_triplets, choose_tau, verify, who_is_it))
