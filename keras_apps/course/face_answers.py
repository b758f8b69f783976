"""The visible checks of `verify` and `who_is_it`: encodings differ by multiples of (3, 4), whose length is 5."""

from keras_apps.course.cases import Case, Exercise

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
        "nearest": "verify compares with the claimed identity only; looking for the nearest person is who_is_it's work",
        "reversed": "the comparison is reversed: the door opens when dist is less than 0.7",
        "always": "the door opens for everybody: it may only where dist is less than 0.7",
        "never": "the door opens for nobody: it does where dist is less than 0.7",
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
        "stranger": "you answered for a stranger: where min_dist is above 0.7, identity is None",
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
        "low": "identity is None where min_dist is above 0.7; you have a smaller number",
        "high": "identity is None where min_dist is above 0.7; you have a larger number",
        "never": "nobody is recognised: identity is the nearest person's name where min_dist is at most 0.7",
    },
    "(min_dist, identity)",
    stand_ins=("img_to_encoding",),
)
