"""The visible checks of the assignment "Face recognition": here of the triplet loss and of mining.

Triplets stand on squared distances 5 (anchor to positive) and 2 (anchor to negative).
"""

from keras_apps.course.catalogue.cases import Assignment, Case, Exercise

DOOR = """
import numpy as np
img_to_encoding = lambda image_path, model: model[image_path]
model = {"door.jpg": np.array([[0.3, 0.4, 0.0]]), "gate.jpg": np.array([[0.0, 0.0, 1.0]])}
database = {"ada": np.array([[0.0, 0.0, 0.0]]), "kian": np.array([[0.3, 0.4, 0.1]]),
    "lin": np.array([[0.3, 0.4, 0.25]]), "mei": np.array([[0.0, 0.0, 0.9]])}
"""

# Of several answers those whose own dist is the given one: the roots stand there for who returns the squared distance.
ANSWERED = """
import numpy as np
def answered_at(dist, *answers):
    pairs = [a for a in answers if isinstance(a, (tuple, list)) and len(a) == 2]
    found = [a[1] for a in pairs if is_number(a[0]) and abs(a[0] - dist) < 0.001]
    return found or "no answer at this distance"
is_number = lambda a: not isinstance(a, (str, type(None))) and np.size(a) == 1
img_to_encoding = lambda image_path, model: model[image_path]
model = {"door.jpg": np.array([[0.0, 0.0]])}
"""
AT_THE_DOOR = (
    ANSWERED
    + """
opened = lambda dist: answered_at(
    dist, *(verify("door.jpg", "ada", {"ada": np.array([[n, 0.0]])}, model) for n in (dist, dist**0.5)))
"""
)
IN_THE_STREET = (
    ANSWERED
    + """
at = lambda dist: who_is_it("door.jpg", {"ada": np.array([[0.0, dist]])}, model)
named = lambda dist: answered_at(dist, at(dist), at(dist**0.5))
def min_dist_of_a_stranger_at(dist):
    found = [a[0] if isinstance(a, (tuple, list)) and a else None for a in (at(dist), at(dist**0.5))]
    found = [float(np.reshape(a, ())) for a in found if is_number(a)]
    return ([a for a in found if abs(a - dist) < 0.001] + found or ["no number"])[0]
"""
)

NOT_THERE = "no answer at this distance"

verify = Exercise(
    "verify",
    {"distance": 7, "door": 8},
    (
        Case(
            "distance",
            'verify("door.jpg", "ada", database, model)',
            0.5,
            DOOR,
            {"squared": 0.25, "absolute": 0.7, "nearest": 0.1, "order": True, "mean": 0.0833333},
            pick=0,
        ),
        Case(
            "door",
            'verify("door.jpg", "lin", database, model)',
            True,
            DOOR,
            {"reversed": False, "order": 0.25, "text": "True", "never": False},
            pick=1,
        ),
        Case(
            "door",
            'verify("gate.jpg", "ada", database, model)',
            False,
            DOOR,
            {"reversed": True, "always": True, "nearest": True, "order": 1.0, "mean": True},
            pick=1,
        ),
        Case(
            "door",
            "opened(0.69)",
            [True],
            AT_THE_DOOR,
            {"reversed": [False], "low": [False], "text": ["True"], "never": [False], "order": NOT_THERE}
            | {"mean": NOT_THERE},
        ),
        Case(
            "door",
            "opened(0.71)",
            [False],
            AT_THE_DOOR,
            {"reversed": [True], "always": [True], "high": [True], "order": NOT_THERE, "mean": NOT_THERE},
        ),
    ),
    {
        "order": "verify returns (dist, door_open), in this order",
        "squared": "dist is the square root of the sum of squares (np.linalg.norm), not the sum itself",
        "absolute": "dist is the Euclidean distance (np.linalg.norm), not the sum of absolute differences",
        "mean": "dist is the square root of the sum of squares (np.linalg.norm), not their mean",
        "nearest": "verify compares with the claimed identity only; who_is_it looks for the nearest person",
        "reversed": "the comparison is reversed: the door opens when dist is less than 0.7",
        "always": "the door opens for everybody: it must open only if dist is less than 0.7",
        "never": "the door opens for nobody: it must open if dist is less than 0.7",
        "low": "the door opens when dist is less than 0.7; you have a smaller number",
        "high": "the door opens when dist is less than 0.7; you have a larger number",
        "text": "door_open is True or False, not a text",
    },
    "(dist, door_open)",
    stand_ins=("img_to_encoding",),
)

START = "your min_dist begins too low, so that a stranger's distance is lost: begin at 100 or at infinity"
PEOPLE = """
import numpy as np
img_to_encoding = lambda image_path, model: model[image_path]
model = {"camera.jpg": np.array([[0.0, 0.0]]), "street.jpg": np.array([[3.0, 4.0]])}
database = {"mei": np.array([[0.0, 0.85]]), "ada": np.array([[0.9, 0.0]]),
    "kian": np.array([[0.3, 0.4]]), "lin": np.array([[0.0, 0.8]])}
"""

who_is_it = Exercise(
    "who_is_it",
    {"distance": 6, "name": 8, "stranger": 6},
    (
        Case(
            "distance",
            'who_is_it("camera.jpg", database, model)',
            0.5,
            PEOPLE,
            {"squared": 0.25, "absolute": 0.7, "last": 0.8, "farthest": 0.9, "start": 100.0, "order": "kian"}
            | {"first": 0.85},
            pick=0,
        ),
        Case(
            "name",
            'who_is_it("camera.jpg", database, model)',
            "kian",
            PEOPLE,
            {"last": None, "start": None, "farthest": None, "order": 0.5, "never": None} | {"first": None},
            pick=1,
        ),
        # both are near enough, at 0.6 and 0.5
        Case(
            "name",
            'who_is_it("camera.jpg", {"mei": np.array([[0.0, 0.6]]), "kian": database["kian"]}, model)',
            "kian",
            PEOPLE,
            {"farthest": "mei", "order": 0.5, "never": None, "first": "mei", "near_enough": "mei"} | {"start": None},
            pick=1,
        ),
        Case(
            "stranger",
            'who_is_it("camera.jpg", {"kian": database["kian"]}, model)',
            "kian",
            PEOPLE,
            {"order": 0.5, "never": None, "start": None},
            pick=1,
        ),
        # |(3,4) - (0.3,0.4)| = 4.5
        Case(
            "stranger",
            'who_is_it("street.jpg", {"kian": database["kian"]}, model)',
            None,
            PEOPLE,
            {"stranger": "kian", "order": 4.5},
            pick=1,
        ),
        Case(
            "stranger",
            "named(0.69)",
            ["ada"],
            IN_THE_STREET,
            {"low": [None], "never": [None], "start": NOT_THERE, "order": NOT_THERE},
        ),
        Case(
            "stranger",
            "named(0.71)",
            [None],
            IN_THE_STREET,
            {"stranger": ["ada"], "high": ["ada"], "start": NOT_THERE, "order": NOT_THERE}
            | {"no_distance": NOT_THERE, "start_tau": NOT_THERE},
        ),
        Case(
            "stranger",
            "min_dist_of_a_stranger_at(4.5)",
            4.5,
            IN_THE_STREET,
            {"start": 100.0, "order": "no number", "no_distance": "no number", "start_low": 1.0, "start_tau": 0.7},
        ),
    ),
    {
        "order": "who_is_it returns (min_dist, identity), in this order",
        "stranger": "you named a stranger: if min_dist is above 0.7, identity is None",
        "start": "min_dist is never updated, so that the last person wins: set it along with identity",
        "no_distance": "min_dist is a number for a stranger too: return (min_dist, None), not (None, None)",
        "start_tau": START,
        "start_low": START,
        "last": "the last person wins: change identity only where dist is below the smallest so far",
        "first": "only the first person is looked at: is `return` inside the loop?",
        "near_enough": "you take the first person who is near enough; look at all, and take the nearest",
        "farthest": "you kept the largest distance; the nearest person is the answer",
        "squared": "dist is the square root of the sum of squares (np.linalg.norm), not the sum itself",
        "absolute": "dist is the Euclidean distance (np.linalg.norm), not the sum of absolute differences",
        "low": "identity is None if min_dist is above 0.7; you have a smaller number",
        "high": "identity is None if min_dist is above 0.7; you have a larger number",
        "never": "nobody is recognised: identity is the nearest person's name where min_dist is at most 0.7",
    },
    "(min_dist, identity)",
    stand_ins=("img_to_encoding",),
)

BY_PLACE = "you take a candidate by its position in the list; take the one with the fewest wrong decisions"

choose_tau = Exercise(
    "choose_tau",
    {"errors": 11, "borders": 4},
    (
        # wrong decisions: 3, 3, 3, 2, 4
        Case(
            "errors",
            "choose_tau([.2, .4, .6, .93, .5, .9, .92, .935], [True] * 4 + [False] * 4, [.25, .3, .55, .7, .94])",
            0.7,
            mistakes={"only_far": 0.25, "only_frr": 0.94, "reversed": 0.94, "count": 2.0, "middle": 0.55}
            | {"middle_low": 0.55, "median": 0.55, "middle_unsorted": 0.55, "first": 0.25, "place": 3.0},
        ),
        # wrong decisions: 3, 3, 3, 2; shares of the four and of the two: 3/4 and 0, 2/4 and 1/2, 1/4 and 2/2, 0 and 2/2
        Case(
            "errors",
            "choose_tau([.2, .4, .6, .8, .3, .5], [True] * 4 + [False] * 2, [.25, .45, .65, .85])",
            0.85,
            mistakes={"only_far": 0.25, "reversed": 0.25, "count": 2.0, "first": 0.25, "middle_low": 0.45}
            | {"median": 0.55, "place": 3.0, "middle": 0.65, "middle_unsorted": 0.65}
            | {"rates": 0.25, "equal_rates": 0.45, "largest_genuine": 0.65},
        ),
        # wrong decisions: 1, 2, 1
        Case(
            "borders",
            "choose_tau([.2, .6, .5, .9], [True, True, False, False], [.7, .1, .3])",
            0.3,
            mistakes={"ties": 0.7, "only_frr": 0.7, "reversed": 0.1, "only_far": 0.1, "first": 0.7, "count": 1.0}
            | {"middle_unsorted": 0.1, "place": 1.0, "unsorted": 0.1},
        ),
        # with <= the first two candidates are right everywhere, with < the second rejects the distance 0.5
        Case(
            "borders",
            "choose_tau([.25, .5, .75], [True, True, False], [.625, .5, .125])",
            0.5,
            mistakes={
                "strict": 0.625,
                "ties": 0.625,
                "reversed": 0.125,
                "only_far": 0.125,
                "first": 0.625,
                "place": 1.0,
            }
            | {"count": 0.0},
        ),
    ),
    {
        "reversed": "these are the most wrong decisions: a comparison is accepted when distance <= tau",
        "only_far": "this accepts the fewest strangers; a rejected genuine comparison is a wrong decision too",
        "only_frr": "only rejected genuine comparisons are counted; an accepted stranger is a wrong decision too",
        "count": "you returned the number of wrong decisions; return the tau that has the fewest",
        "middle_unsorted": BY_PLACE,
        "middle_low": BY_PLACE,
        "median": BY_PLACE,
        "first": "you take the first candidate; take the one with the fewest wrong decisions",
        "place": "you returned the index of the best tau; return the tau itself",
        "unsorted": "your numbers of wrong decisions and your candidates are in different orders: sort only once",
        "rates": "you compare the two kinds by their rates; count the wrong decisions, each once",
        "equal_rates": "you take the tau with equal rates of both kinds; count the wrong decisions, each once",
        "largest_genuine": "you use only the largest genuine distance; count the wrong decisions of both kinds",
        "middle": BY_PLACE,
        "strict": "a comparison is accepted when distance <= tau, also where the two are equal",
        "ties": "if several candidates are equally good, return the smallest",
    },
    "one of the candidates",
)

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
last = [[0., 0.], [1., 1.], [0., 1.]]
larger = lambda alpha: max(loss_of(far, alpha=alpha), loss_of(near, alpha=alpha))
smaller = lambda alpha: min(loss_of(far, alpha=alpha), loss_of(near, alpha=alpha))
"""

CONSTANT = "your result does not depend on the encodings: it must grow with d(A, P) and shrink with d(A, N)"

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
            {"swapped": 0.0, "constant": 0.0, "root": 0.4142136, "absolute": 1.0, "coordinates": 2.5, "added": 7.0}
            | {"from_positive": 3.0, "count": 0.0},
        ),
        # both distances are 2: what is left is alpha's default
        Case(
            "margin",
            "triplet_loss(None, [tf.constant(e) for e in ([[0., 0.]], [[1., 1.]], [[1., -1.]])])",
            0.2,
            "import tensorflow as tf",
            {"no_alpha": 0.0, "minus_alpha": 0.0, "from_positive": 0.0, "axis": 0.4, "count": 1.0},
        ),
        # the larger of (far, near) grows by alpha: 3.25 - 3, with one decimal 3.2 - 3
        Case(
            "margin",
            "larger(alpha=0.25) - larger(alpha=0.0)",
            0.25,
            TRIPLETS,
            {"no_alpha": 0.0, "fixed_alpha": 0.0, "minus_alpha": -0.25, "axis": 0.5, "count": 0.0, "rounded": 0.2},
        ),
        # 2 - 5 + 0.5 is below 0, so L = 0; the other is 5 - 2 + 0.5 = 3.5
        Case(
            "maximum",
            "smaller(alpha=0.5) / larger(alpha=0.5)",
            0.0,
            TRIPLETS,
            {"no_maximum": -0.7142857, "margin_outside": 0.1428571, "constant": 1.0}
            | {"from_positive": 0.3333333, "axis": 0.125, "count": 1.0},
        ),
        # L = 3, 0, 3 and 2 - 1, together 7; without the maximum 3 - 3 + 3 + 1 = 4
        Case(
            "sum",
            "loss_of(far, near, far, last, alpha=0.0) / "
            "(2 * loss_of(far, alpha=0.0) + loss_of(near, alpha=0.0) + loss_of(last, alpha=0.0) or 1)",
            1.0,
            TRIPLETS,
            {"mean": 0.25, "maximum_outside": 0.5714286, "vector": [0.4285714, 0.0, 0.4285714, 0.1428571]}
            | {"axis": 0.5714286, "only_first": 0.4285714, "only_last": 0.1428571, "constant": 0.0},
        ),
    ),
    {
        "mean": "you took the mean over triplets; J is their sum",
        "vector": "you returned one number for each triplet; J is their sum",
        "only_first": "you returned only the loss of the first triplet; J is the sum over all of them",
        "only_last": "you returned only the loss of the last triplet; J is the sum over all of them",
        "rounded": "your answer is rounded; return J as it is",
        "constant": CONSTANT,
        "count": CONSTANT,
        "swapped": "the two distances are swapped: it is d(A, P) - d(A, N), so that a near positive lowers the loss",
        "from_positive": "both distances are the anchor's: yours has d(P, N) in place of d(A, N)",
        "axis": "d is one number for each triplet: sum over the coordinates (axis -1), not over the triplets",
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

AS_FAR = [[0, 1, 3], [0, 1, 4], [0, 2, 3], [0, 2, 4], [1, 0, 3], [1, 2, 4], [2, 1, 3], [2, 1, 4]]

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
                "around": [[0, 1, 2], [0, 1, 3], [1, 0, 2], [2, 3, 1], [3, 2, 0], [3, 2, 1]],
                "order": [[0, 2, 1], [2, 1, 3], [3, 0, 2]],
                "early_end": [[0, 1, 2]],
                "hardest": [[2, 3, 1]],
            },
        ),
        # three pictures of one person: (0,1) at 0.25 has 3 at 0.375 and 4 at 0.4375 in (0.25, 0.45), and its own 2 at
        # 0.375; (0,2) at 0.375 has 4; (1,0) has 3 at 0.3125; those of (3,4) are all easy, of (1,2) at 2 hard or as far
        Case(
            "rule",
            "triplets_of(five, people)",
            [[0, 1, 3], [0, 1, 4], [0, 2, 4], [1, 0, 3]],
            MATRIX
            + "people = np.array([0, 0, 0, 1, 1])\n"
            + "five = np.full((5, 5), 2.) - 2 * np.eye(5)\n"
            + "for i, j, d in ((0, 1, .25), (0, 2, .375), (0, 3, .375), (0, 4, .4375), (1, 3, .3125), (3, 4, .0625)):\n"
            + "    five[i, j] = five[j, i] = d",
            {
                "same_person": [[0, 1, 2], [0, 1, 3], [0, 1, 4], [0, 2, 4], [1, 0, 3]],
                "one_negative": [[0, 1, 3], [0, 2, 4], [1, 0, 3]],
                "order": [[0, 3, 1], [0, 4, 1], [0, 4, 2], [1, 3, 0]],
                "early_end": [[0, 1, 3], [0, 1, 4], [0, 2, 4]],
                "hardest": [[0, 1, 3], [1, 0, 3]],
                "hard": [
                    [0, 1, 3],
                    [0, 1, 4],
                    [0, 2, 3],
                    [0, 2, 4],
                    [1, 0, 3],
                    [1, 2, 3],
                    [1, 2, 4],
                    [2, 1, 3],
                    [2, 1, 4],
                ],
                "only_hard": [[0, 2, 3], [1, 2, 3], [1, 2, 4], [2, 1, 3], [2, 1, 4]],
                "easy": [[0, 1, 3], [0, 1, 4], [0, 2, 4], [1, 0, 3], [1, 0, 4], [2, 0, 3], [2, 0, 4]]
                + [[a, p, n] for a, p in ((3, 4), (4, 3)) for n in (0, 1, 2)],
                "one_way": [[0, 1, 3], [0, 1, 4], [0, 2, 4]],
                "ties": AS_FAR,
                "lower_tie": AS_FAR,
                "around": AS_FAR,
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
                "around": [[0, 1, 2], [1, 0, 2]],
                "order": [[1, 2, 0]],
                "early_end": [],
            },
        ),
        # with alpha 0.35 the negative 0 of (2,3), at 0.6, comes within 0.65
        Case(
            "margin",
            "[t for t in triplets_of(distances, labels, alpha=0.35) if t not in triplets_of(distances, labels)]",
            [[2, 3, 0]],
            MATRIX,
            {"easy": [], "fixed_alpha": [], "only_hard": [], "order": [[2, 0, 3]], "early_end": [], "hardest": []},
        ),
    ),
    {
        "hard": "your list has hard triplets: a semi-hard negative is farther than the positive, d(A, P) < d(A, N)",
        "same_person": "some of your negatives show the anchor's own person: the negative shows another person",
        "one_negative": "a pair may have several semi-hard negatives, and each gives a triplet: does the loop go on?",
        "hardest": "you use only the nearest negative; every negative within the margin gives a triplet",
        "early_end": "only triplets of the first anchor are returned: is `return` inside the loop?",
        "order": "a triplet is (anchor, positive, negative), in this order",
        "around": "your negatives are within alpha on both sides; a semi-hard one is farther than the positive",
        "only_hard": "these are the hard triplets; a semi-hard negative is beyond the positive, within the margin",
        "easy": "your list has easy triplets: a semi-hard negative is within the margin, d(A, N) < d(A, P) + alpha",
        "ties": "both comparisons are <, not <=: equal distances, or distances exactly alpha apart, do not count",
        "lower_tie": "the negative is farther than the positive, d(A, P) < d(A, N): not where both are equal",
        "upper_tie": "the negative is nearer than d(A, P) + alpha: not where both are equal",
        "itself": "you use a picture as its own positive: anchor and positive are two pictures of one person",
        "one_way": "each pair of one person gives two anchors: (a, p) and (p, a)",
        "fixed_alpha": "alpha is a fixed number in your function; use the argument",
    },
    "a list of (anchor, positive, negative)",
)

ASSIGNMENT = Assignment("face_recognition", (triplet_loss, semi_hard_triplets, choose_tau, verify, who_is_it))
