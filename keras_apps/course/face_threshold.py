"""The visible checks of `choose_tau`."""

from keras_apps.course.cases import Case, Exercise

BY_PLACE = "you take a candidate by its place among them; take the one with the fewest wrong decisions"

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
        "place": "you returned the place of the best tau among the candidates; return the tau itself",
        "unsorted": "your numbers of wrong decisions and your candidates are in different orders: sort only once",
        "rates": "you compare the two kinds by their rates; count the wrong decisions, each once",
        "equal_rates": "you look where both kinds have equal rates; count the wrong decisions, each once",
        "largest_genuine": "you look at the largest genuine distance alone; count the wrong decisions of both kinds",
        "middle": BY_PLACE,
        "strict": "a comparison is accepted when distance <= tau, also where the two are equal",
        "ties": "of several equally good candidates the smallest is asked for",
    },
    "one of the candidates",
)
