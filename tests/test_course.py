"""The bank: what is right gets full marks, what is wrong loses just that and is told why, what is hostile nothing."""

import socket
import threading

import numpy as np
import pytest
from course_bank import BANK, PACKAGE, needs_isolation, sample, script_of, shared_runner
from submissions.hostile import CHEATS, NEED_ISOLATION, SPOILED
from submissions.right import RIGHT
from submissions.wrong import WRONG

from keras_apps import course
from keras_apps.course.catalogue.cases import Case, Exercise
from keras_apps.course.catalogue.registry import exercise
from keras_apps.course.checking import Cells, judge_cells
from keras_apps.course.judging import agrees, judge, shown
from keras_apps.course.sandbox import recorder, worker
from keras_apps.course.sandbox.runner import Outcome

pytestmark = pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs fork")


@pytest.fixture
def runner():
    return shared_runner()


@pytest.fixture
def numpy_runner():
    """For convolutions, which need no TensorFlow."""
    return shared_runner("numpy", seconds=8)


# The ordinary tier: an answer for each assignment, a fault for each function, an attack of each kind
RIGHT_SAMPLE = {
    script.assignment.name: next(row for row in RIGHT if row[0] in script.answers) for script in BANK.values()
}
WRONG_SAMPLE = {
    function: next(row[:2] for row in WRONG if row[0] == function) for function in {row[0] for row in WRONG}
}
SPOILED_SAMPLE = """sys.exit, os._exit, segmentation fault, recursion, memory, enormous answer, asks for input,
    deletes a file, runs the shell, kills its parent, network, syntax error, no function"""
CHEATS_SAMPLE = """sys.exit at the top, assert and comparisons overwritten, grade overwritten,
    answers that equal everything, the package's own answers, the package's text, the teacher's text, a path around,
    its parent's memory, expected values in the frames, forged lines, the visible answers by heart, constants, magics"""


def names_of(text):
    return {" ".join(name.split()) for name in text.split(",")}


@pytest.fixture(scope="module")
def victim(tmp_path_factory):
    """A file of the teacher's that would give all the answers to whoever reads it."""
    path = tmp_path_factory.mktemp("teacher") / "answers.py"
    path.write_text(BANK["convolutions"].cells()[0] + "".join(BANK["convolutions"].answers.values()), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def server():
    """A server on this machine, and the list of those who connected to it."""
    listening, connected = socket.create_server(("127.0.0.1", 0)), []

    def serve():
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            connected.append(connection)
            connection.close()

    threading.Thread(target=serve, daemon=True).start()
    yield listening.getsockname()[1], connected
    listening.close()


def judged(runner, function, source):
    """Judge one function whose source stands in place of the model answer's."""
    script = script_of(function)
    cells = Cells(runner, script.cells({function: source}))
    return judge(exercise(function), cells.call_all, script.hidden[function])


def test_the_bank_holds_sixty_and_more():
    assert len(RIGHT) >= 20 and len(WRONG) >= 60 and len(SPOILED) + len(CHEATS) >= 48
    assert {function for function, _ in RIGHT} == {function for script in BANK.values() for function in script.answers}
    assert {row[0] for row in WRONG} == {function for script in BANK.values() for function in script.answers}


@pytest.mark.parametrize(
    "name", [name if name == "convolutions" else pytest.param(name, marks=pytest.mark.slow) for name in BANK]
)
def test_the_model_answers_earn_all_and_an_empty_notebook_nothing(runner, name):
    script = BANK[name]
    report = judge_cells(script.cells(), script.assignment, runner, script.hidden)
    assert report.points == report.most == 100, report.text()
    report = judge_cells(script.cells(script.empty), script.assignment, runner, script.hidden)
    assert report.points == 0
    assert [v.messages for v in report.verdicts] == [[f"{v.name} is not written yet"] for v in report.verdicts]


@pytest.mark.parametrize(("function", "name"), sample(RIGHT, RIGHT_SAMPLE.values()))
def test_a_right_answer_earns_all(runner, function, name):
    verdict = judged(runner, function, RIGHT[function, name])
    assert verdict.right and verdict.points == verdict.most == sum(exercise(function).parts.values()), verdict.text()
    assert verdict.messages == []


@pytest.mark.parametrize(("function", "name", "old", "new", "points", "words"), sample(WRONG, WRONG_SAMPLE.values()))
def test_a_wrong_answer_loses_just_that_and_is_told_why(runner, function, name, old, new, points, words):
    verdict = judged(runner, function, script_of(function).edited(function, old, new))
    assert verdict.points == points, verdict.text()
    assert words in " / ".join(verdict.messages), verdict.text()


@pytest.mark.parametrize("name", sample(SPOILED, names_of(SPOILED_SAMPLE), NEED_ISOLATION))
def test_a_function_that_does_harm_spoils_only_itself(numpy_runner, victim, server, name):
    port, connected = server
    before = victim.read_text(encoding="utf-8")
    source = SPOILED[name].replace("{victim!r}", repr(str(victim))).replace("{port}", str(port))
    script = BANK["convolutions"]
    report = judge_cells(script.cells({"inflate": source}), script.assignment, numpy_runner, script.hidden)
    points = {v.name: v.points for v in report.verdicts}
    assert points == {"output_shape": 25, "conv1d": 25, "conv3d": 30, "inflate": 0}, report.text()
    assert report.verdicts[-1].messages
    assert victim.read_text(encoding="utf-8") == before and not connected


@pytest.mark.parametrize("name", sample(CHEATS, names_of(CHEATS_SAMPLE), NEED_ISOLATION))
def test_a_cheat_earns_nothing(numpy_runner, victim, name):
    """Nothing is written but the cheat; where it worked, the teacher's file or the package would give answers."""
    before = victim.read_text(encoding="utf-8")
    source = CHEATS[name].replace("{victim!r}", repr(str(victim))).replace("{package!r}", repr(str(PACKAGE)))
    source = source.replace("{victim}", str(victim)).replace("{{", "{").replace("}}", "}")
    script = BANK["convolutions"]
    report = judge_cells(script.cells(script.empty, (source,)), script.assignment, numpy_runner, script.hidden)
    assert report.points == 0, report.text()
    assert victim.read_text(encoding="utf-8") == before


def test_the_teachers_file_would_give_the_answers(numpy_runner, victim):
    """The cheats above fail because the file is out of reach, not because it is of no use."""
    script = BANK["convolutions"]
    report = judge_cells(
        script.cells(script.empty, (victim.read_text(encoding="utf-8"),)),
        script.assignment,
        numpy_runner,
        script.hidden,
    )
    assert report.points == 100


@needs_isolation
def test_compiled_code_reads_and_deletes_nothing(runner, victim):
    """TensorFlow opens files without asking Python; in the sandbox they do not exist."""
    lines = f"""
def total_cost(J_content, J_style, alpha=10, beta=40):
    try:
        tf.io.read_file({str(victim)!r})
    except tf.errors.NotFoundError:
        try:
            tf.io.gfile.remove({str(victim)!r})
        except tf.errors.NotFoundError:
            return alpha * J_content + beta * J_style
"""
    assert judged(runner, "total_cost", lines).points == 10
    assert victim.exists()


@pytest.mark.slow
def test_earlier_mistakes_do_not_spoil_later_functions(runner):
    """gram_matrix, compute_layer_style_cost and the costs are wrong; what calls them is judged for itself."""
    script = BANK["art_generation"]
    wrong = {
        "gram_matrix": "def gram_matrix(A):\n    return A",
        "compute_content_cost": "def compute_content_cost(content_output, generated_output):\n    return 0.0",
        "total_cost": "def total_cost(J_content, J_style, alpha=10, beta=40):\n    return 0.0",
    }
    report = judge_cells(script.cells(wrong), script.assignment, runner, script.hidden)
    assert {v.name: v.points for v in report.verdicts} == {
        "compute_content_cost": 0,
        "gram_matrix": 0,
        "compute_layer_style_cost": 20,
        "compute_style_cost": 15,
        "total_cost": 0,
        "train_step": 25,
    }


def test_messages_tell_no_number_of_a_hidden_check(runner):
    """An error's text could carry the arguments of a hidden check out; of those nothing is told."""
    source = """
def inflate(kernel, depth):
    if depth in (3, 4):
        return np.repeat(kernel[None], depth, axis=0) / depth
    raise ValueError(f"secret {depth}")
"""
    verdict = judged(runner, "inflate", source)
    assert verdict.points == 0
    assert verdict.messages == ["inflate stopped in a hidden check"]


def test_a_visible_call_cannot_tell_the_hidden_ones(runner):
    """The frames above an answer hold all calls that its process was sent; the hidden ones go to another."""
    source = """
import sys
def inflate(kernel, depth):
    frame = sys._getframe()
    while "request" not in frame.f_locals:
        frame = frame.f_back
    calls = "".join(str(call) for call in frame.f_locals["request"]["calls"])
    raise type(calls[-60:], (ValueError,), {})(f"{len(frame.f_locals['request']['calls'])} calls " + calls)
"""
    verdict = judged(runner, "inflate", source)
    assert f"{len(exercise('inflate').cases)} calls" in verdict.text()
    source = source.replace(
        "    frame =", "    if depth in (3, 4): return np.repeat(kernel[None], depth, axis=0) / depth\n    frame =", 1
    )
    verdict = judged(runner, "inflate", source)
    assert verdict.messages == ["inflate stopped in a hidden check"]


def test_hidden_cases_differ_from_the_visible_ones_and_show_every_part():
    for script in BANK.values():
        for asked in script.assignment.exercises:
            visible = {(case.given, case.call) for case in asked.cases}
            hidden = script.hidden[asked.name]
            assert hidden and not visible & {(case.given, case.call) for case in hidden}, asked.name
            assert {case.part for case in hidden} == {case.part for case in asked.cases} == set(asked.parts), asked.name
            for case in (*asked.cases, *hidden):
                assert set(case.mistakes) <= set(asked.mistakes), (asked.name, set(case.mistakes) - set(asked.mistakes))


def test_no_mistake_is_right():
    """A mistake whose answer is the right one would be refuted by whoever makes it."""
    for script in BANK.values():
        for asked in script.assignment.exercises:
            for case in (*asked.cases, *script.hidden[asked.name]):
                for mistake, value in case.mistakes.items():
                    assert not agrees(recorder.describe(value), case.expected, case.tolerance), (
                        asked.name,
                        case,
                        mistake,
                    )


def test_agrees():
    number = {"kind": "array", "shape": [1, 1], "value": [2.0]}
    assert agrees(number, 2.0001, 1e-4) and not agrees(number, 2.01, 1e-4)
    assert not agrees({"kind": "bool", "value": True}, 1.0, 1e-4) and not agrees(number, True, 1e-4)
    pair = {"kind": "items", "value": [number, {"kind": "text", "value": "ada"}]}
    assert agrees(pair, [2.0, "ada"], 1e-4) and not agrees(pair, [2.0, "kian"], 1e-4)
    assert not agrees({"kind": "array", "shape": [], "value": [float("nan")]}, 0.0, 1e9)
    assert not agrees({"kind": "array", "shape": [2], "value": [1, 1]}, [[1.0, 1.0]], 1e-4)
    assert shown({"kind": ["x"], "value": 1}) and not agrees({"kind": ["x"]}, 1.0, 1e-4)


def test_describe_keeps_numbers_texts_and_lists_only():
    assert recorder.describe((1, "a", None)) == {
        "kind": "items",
        "value": [
            {"kind": "array", "shape": [], "value": [1.0], "whole": True},
            {"kind": "text", "value": "a"},
            {"kind": "none"},
        ],
    }
    assert recorder.describe(np.bool_(True)) == {"kind": "bool", "value": True}
    assert recorder.describe({"a": 1})["kind"] == "other" and recorder.describe(np.ones(10**6))["kind"] == "other"


def test_as_python_leaves_magics_out():
    assert worker.as_python("%matplotlib inline\nx = (5\n% 3)") == "pass\nx = (5\npass"
    assert worker.as_python("x = (5\n% 3)") == "x = (5\n% 3)"
    assert worker.as_python("%%bash\nrm x") == "" and worker.as_python("%%time\nx = 1") == "pass\nx = 1"


def test_one_mistake_that_explains_all_is_told_alone():
    """2 and 6 are both half; 2 alone could also be "less two", which would have shown in the third case as 10."""
    cases = (
        Case("a", "f(1)", 4.0, mistakes={"less": 2.0, "half": 2.0}),
        Case("a", "f(2)", 12.0, mistakes={"half": 6.0, "less": 10.0}),
    )
    asked = Exercise("f", {"a": 1}, cases, {"less": "less two", "half": "half of it"}, "a number")

    def gives(*numbers):
        values = {n: {"kind": "array", "shape": [], "value": [number]} for n, number in enumerate(numbers)}
        return judge(asked, lambda name, calls: Outcome(values, ended="exited"))

    assert gives(2.0, 6.0).messages == ["half of it"] and gives(2.0, 10.0).messages == ["less two"]
    assert gives(4.0, 12.0).right and gives(4.0, 7.0).messages == ["f(2): expected 12.0, received 7"]


def test_grade_in_a_students_own_notebook(monkeypatch, capsys):
    """There it calls the function in the notebook, and puts back what a check replaces."""
    import sys
    import types

    notebook = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", notebook)
    exec("import numpy as np\nkernel = 'mine'\n" + BANK["convolutions"].answers["inflate"], vars(notebook))
    assert course.grade("inflate") == 20
    assert notebook.kernel == "mine"
    assert capsys.readouterr().out == "inflate: 20 of 20 points by the visible checks\n"
    assert course.grade("conv1d") == 0
    assert "conv1d is not defined" in capsys.readouterr().out


def test_the_package_is_answered_for_by_a_stand_in(runner):
    """A teacher's solved cell may make cases; whoever wants more of the package is told why it is not there."""
    cells = ["from keras_apps.course import Case, grade\nhidden = (Case('a', 'f()', 1),)\ndef f():\n    return 1"]
    cells += ["from keras_apps import faces", "import inspect\ninspect.getmodule(f)"]
    outcome = runner.run(cells, "f", [{"given": "", "call": "f()"}])
    assert outcome.cells[1]["text"] == worker.NOT_AVAILABLE and set(outcome.cells) == {1}
    assert [value["value"] for value in outcome.values.values()] == [[1.0]]


def test_check_reads_notebooks_and_python(run, fails, tmp_path):
    script = BANK["convolutions"]
    (tmp_path / "mine.py").write_text("\n".join(script.cells()), encoding="utf-8")
    code, out, _ = run("course", "check", "mine.py")
    assert code == 0 and out.endswith("convolutions: 100 of 100 points\n")
    wrong = {"inflate": script.edited("inflate", " / depth", "")}
    (tmp_path / "wrong.py").write_text("\n# %%\n".join(script.cells(wrong)), encoding="utf-8")
    code, out, _ = run("course", "check", "wrong.py")
    assert code == 1 and "inflate: 8 of 20 points" in out and "divide the copies by depth" in out
    code, out, _ = run("course", "list")
    assert code == 0 and "train_step 25" in out
    (tmp_path / "none.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "broken.ipynb").write_text("{", encoding="utf-8")
    assert "'none.py' defines no function of face_recognition" in fails("course", "check", "none.py")
    assert "cannot be read as one" in fails("course", "check", "broken.ipynb")
    assert "does not exist" in fails("course", "check", "nowhere.ipynb")
    assert "did you mean 'convolutions'" in fails("course", "check", "mine.py", "--assignment", "convolution")
