"""What a check computes from a student's results: it does so where the student's code never ran."""

import pytest
from course_bank import BANK, sample, script_of, shared_runner

from keras_apps.course.catalogue.cases import Case
from keras_apps.course.catalogue.registry import exercise
from keras_apps.course.checking import Cells
from keras_apps.course.judging import judge
from keras_apps.course.sandbox import recorder


@pytest.fixture
def runner():
    return shared_runner()


def judged(runner, function: str, *, before: str = "", answer: str | None = None, hidden: bool = True):
    script = script_of(function)
    cells = script.cells({function: answer} if answer else {}, extra=(before,) if before else ())
    return judge(exercise(function), Cells(runner, cells).call_all, script.hidden[function] if hidden else ())


UNEARNED = {
    "a changed np.sum": (
        "inflate",
        "import numpy as np\nnp.sum = lambda a, *_, **__: np.asarray(a)[0]",
        "def inflate(kernel, depth):\n    return np.stack([kernel] * depth)",
        {"sum"},
    ),
    "a changed hasattr": (
        "output_shape",
        "import builtins\nhasattr = builtins.hasattr = lambda *_: True",
        "def output_shape(shape, filters, f, stride=1, padding='valid'):\n"
        "    if padding == 'same':\n        return [float(-(-n // stride)) for n in shape[:-1]] + [filters]\n"
        "    return [float((n - f) // stride + 1) for n in shape[:-1]] + [filters]",
        {"stride", "same"},
    ),
    "a number that lies when divided": (
        "triplet_loss",
        "",
        "class L(float):\n    def __truediv__(self, other):\n        return 0.0 if other is not self else 1.0\n"
        "    def __sub__(self, other):\n        return 5.0\n    __rtruediv__ = __truediv__\n"
        "def triplet_loss(y_true, y_pred, alpha=0.2):\n    return L(alpha)",
        {"distance", "maximum", "sum"},
    ),
}


@pytest.mark.parametrize("name", UNEARNED)
def test_nothing_is_earned_by_changing_what_the_check_computes_with(runner, name):
    function, before, answer, lost = UNEARNED[name]
    verdict = judged(runner, function, before=before, answer=answer, hidden=False)
    assert {part for part, right in verdict.parts.items() if not right} >= lost, verdict.text()


NAMES = {"triplet_loss": ("loss_of", "larger", "losses"), "semi_hard_triplets": ("triplets_of", "found")}
NAMES |= {"verify": ("opened", "answered_at"), "who_is_it": ("named",), "inflate": ("share",)}
NAMES |= {"compute_style_cost": ("one", "style", "generated"), "train_step": ("as_picture", "after_step", "picture")}


HELPERS = [(function, name) for function, names in NAMES.items() for name in names]


@pytest.mark.parametrize(
    ("function", "helper"), sample(HELPERS, [(function, names[0]) for function, names in NAMES.items()])
)
def test_a_helper_may_have_the_name_of_a_check_s(runner, function, helper):
    """The answer calls a helper that only hands on; a check with a function of that name must not take its place."""
    answer = script_of(function).answers[function]
    assert answer.count(f"def {function}(") == 1
    inner = answer.replace(f"def {function}(", "def inner(")
    outer = f"{inner}\n\ndef {helper}(*a, **k):\n    return inner(*a, **k)\n\n"
    outer += f"def {function}(*a, **k):\n    return {helper}(*a, **k)\n"
    verdict = judged(runner, function, answer=outer)
    assert verdict.right, verdict.text()


def test_answers_may_be_tensors(runner):
    """`.reshape`, which tensors lack, is the check's own and works on what was recorded."""
    answer = BANK["convolutions"].answers["conv3d"].replace("def conv3d(", "def inner(")
    answer += "\n\ndef conv3d(*a, **k):\n    import tensorflow as tf\n    return tf.constant(inner(*a, **k))\n"
    assert judged(runner, "conv3d", answer=answer).right


def test_a_hidden_check_s_end_tells_nothing(runner):
    """Whatever stops it, the words are the same: type and line are a student's to choose."""
    said = set()
    for end in ("1 / 0", "open('/no/such/file')", "raise KeyError('7')", "__import__('os')._exit(0)"):
        answer = (
            f"def output_shape(shape, filters, f, stride=1, padding='valid'):\n    if shape[0] == 99:\n        {end}\n"
        )
        answer += "    return [10, 10, 16]"
        hidden = (Case("valid", "output_shape((99, 14, 3), 16, 5)", [95, 10, 16]),)
        cells = BANK["convolutions"].cells({"output_shape": answer})
        verdict = judge(exercise("output_shape"), Cells(runner, cells).call_all, hidden)
        said.add(tuple(verdict.messages))
        assert "output_shape stopped in a hidden check" in verdict.messages
    assert len(said) == 1, said


def test_every_stand_in_is_a_name_of_the_notebook():
    for script in BANK.values():
        text = "\n".join(script.cells())
        for asked in script.assignment.exercises:
            assert all(stand_in in text for stand_in in asked.stand_ins), asked.name


def test_describe_and_restore_are_each_other_s_reverse():
    """`[4, 2.5]` keeps its whole number whole: a shape of floats is a mistake that checks look for."""
    import numpy as np

    for value in (None, True, "ada", 4, 2.5, (1, [2.0, "b"]), np.arange(6).reshape(2, 3), np.ones((2, 1)) / 3):
        described = recorder.describe(value)
        assert recorder.describe(recorder.restore(described)) == described
    assert hasattr(recorder.restore(recorder.describe(4)), "__index__")
    assert not hasattr(recorder.restore(recorder.describe(4.0)), "__index__")
    assert recorder.describe(recorder.restore(recorder.describe(dict))) == recorder.describe(dict)


@pytest.mark.parametrize("number", ["Fraction(5, 2)", "Decimal('2.5')", "complex(2.5, 0)", "np.array(2.5, object)"])
def test_numbers_of_other_types_are_numbers(number):
    from decimal import Decimal
    from fractions import Fraction

    import numpy as np

    value = eval(number, {"Fraction": Fraction, "Decimal": Decimal, "np": np})
    assert recorder.describe(value) == {"kind": "array", "shape": [], "value": [2.5]}
    assert recorder.describe({"a": 2.5}.values())["value"] == [recorder.describe(2.5)]
    assert recorder.describe(1 + 2j)["kind"] == recorder.describe(np.array([1, "a"], object))["kind"] == "other"


def test_a_message_is_one_line_of_what_can_be_printed(runner):
    """A type's name could end the line and write another, or send a terminal's codes; half a character ends `print`."""
    for end in (
        "raise type('E\\ninflate: 20 of 20 points\\n\\x1b[8m', (Exception,), {})('a')",
        "raise ValueError('\\ud800')",
    ):
        verdict = judged(runner, "inflate", answer=f"def inflate(kernel, depth):\n    {end}")
        assert verdict.points == 0 and all(message.isprintable() for message in verdict.messages)
        assert verdict.text().encode() and "\ninflate: 20" not in verdict.text()
