"""What keeps a submission in: bubblewrap, limits, the end of all its processes, and hostile answers against them."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from course_bank import BANK, PACKAGE, needs_isolation, sample, script_of, shared_runner
from submissions.hostile import GUARDED, NEED_ISOLATION, ORPHAN

from keras_apps.course.catalogue.registry import exercise
from keras_apps.course.checking import Cells, check, judge_cells
from keras_apps.course.judging import judge
from keras_apps.course.sandbox import bubblewrap
from keras_apps.course.sandbox.protocol import outcome_of
from keras_apps.course.sandbox.runner import Runner

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux")


@pytest.fixture
def runner():
    return shared_runner("numpy", seconds=8)


@pytest.fixture
def tensorflow_runner():
    return shared_runner()


def judged(runner, function, source, seconds=40):
    script = script_of(function)
    cells = Cells(runner, script.cells({function: source}), seconds)
    return judge(exercise(function), cells.call_all, script.hidden[function])


def raised(runner, lines):
    """Run lines in an `inflate` and return the text that it raises."""
    source = "def inflate(kernel, depth):\n" + "".join(f"    {line}\n" for line in lines.splitlines())
    outcome = runner.run(["import numpy as np", source], "inflate", [{"given": "", "call": "inflate(0, 0)"}])
    return outcome.stopped[0]["text"]


def returned(runner, body, hidden=False):
    """Run lines in a function and return what it returns, a text or a number."""
    source = "def f():\n" + "".join(f"    {line}\n" for line in body.splitlines())
    outcome = runner.run([source], "f", [{"given": "", "call": "f()"}], hidden=hidden)
    assert outcome.values, outcome
    return outcome.values[0]["value"]


def descendants(process):
    """Return the numbers of the processes beneath one."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            parents[int(stat.parent.name)] = int(parent)
    tree = {process}
    while children := {child for child, parent in parents.items() if parent in tree} - tree:
        tree |= children
    return tree - {process}


def alone(lines):
    """Run lines in a Python of its own, with the sandbox's modules as files beside it; return what it prints."""
    head = "import sys, os, time\nsys.path.insert(0, sys.argv[1])\n"
    command = [sys.executable, "-c", head + lines, str(PACKAGE / "course" / "sandbox")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@needs_isolation
def test_only_pythons_files_are_visible(runner):
    """Not a home, a course, the accounts or programs; the worker is process 1, so that nothing can end it."""
    names = returned(runner, "import os\nreturn ' '.join(sorted(os.listdir('/etc') + os.listdir('/usr')))").split()
    assert not {"passwd", "shadow", "hostname", "bin", "share/doc"} & set(names) and "lib" in names
    for path in (Path.home(), PACKAGE, PACKAGE.parent / "notebooks", "/etc/passwd", "/bin/sh", "/var", "/srv"):
        body = f"import os\npath = {str(path)!r}\n"
        body += "return ' '.join(os.listdir(path)) if os.path.isdir(path) else str(os.path.exists(path))"
        inside = [
            Path(each).relative_to(path) for each in bubblewrap.python_paths() if Path(path) in Path(each).parents
        ]
        on_the_way = {each.parts[0] for each in inside}  # Python itself may lie in a home
        visible = set(returned(runner, body).split())
        assert visible == {"False"} or visible <= on_the_way, (path, visible)
    assert returned(runner, "import os\nreturn os.getppid()") == [1.0]


@needs_isolation
def test_nothing_but_the_answers_folder_is_writable(runner):
    body = """
import os
from pathlib import Path
import numpy
places = ["/", "/etc", "/usr/lib", "/dev", "/dev/shm", "/checker", "/proc", os.path.dirname(numpy.__file__), "/tmp"]
written = []
for place in places:
    try:
        Path(place, "x").write_text("x")
        written.append(place)
    except OSError:
        pass
Path("x").write_text("x")
return " ".join(written) + "|" + os.getcwd()
"""
    assert returned(runner, body) == f"|{bubblewrap.SCRATCH}"


@needs_isolation
def test_a_hidden_check_leaves_nothing_for_a_visible_one(runner):
    """Neither a file nor shared memory: they have sandboxes of their own, and every child finds an empty folder."""
    leave = "import os\nopen('note', 'w').write('x')\nos.makedirs('a/b')\nos.chmod('a', 0)\nreturn len(os.listdir('.'))"
    assert returned(runner, leave, hidden=True) == [2.0] and returned(runner, leave) == [2.0]
    assert returned(runner, "import os\nreturn len(os.listdir('.'))") == [0.0]
    share = "import ctypes\nlibc = ctypes.CDLL(None)\nreturn libc.shmget(77, 4096, {})"
    assert returned(runner, share.format("0o1666"), hidden=True)[0] >= 0
    assert returned(runner, share.format("0o666")) == [-1.0]


def test_no_bubblewrap_is_reported_once_in_report_and_on_standard_error(monkeypatch, tmp_path):
    """The limits stay; the warning names the package, the container and the reason."""
    (tmp_path / "mine.py").write_text("\n".join(BANK["convolutions"].cells()), encoding="utf-8")
    monkeypatch.delenv(bubblewrap.SWITCH, raising=False)
    monkeypatch.setattr(shutil, "which", lambda name, *_, **__: None)
    bubblewrap.problem.cache_clear()
    bubblewrap.warn_once.cache_clear()
    try:
        warns = pytest.warns(bubblewrap.NotIsolatedWarning, match="WITHOUT isolation")
        with warns as warned, Runner(("numpy",)) as own:
            reports = [check(tmp_path / "mine.py", runner=own) for _ in range(2)]
    finally:
        monkeypatch.undo()
        bubblewrap.problem.cache_clear()
        bubblewrap.warn_once.cache_clear()
    assert [warning.category for warning in warned].count(bubblewrap.NotIsolatedWarning) == 1
    for report in reports:
        assert report.points == 100 and report.text().count("warning: ") == 1
        if sys.platform.startswith("linux"):
            assert "(bubblewrap (the program `bwrap`) is not installed)" in report.text()
        assert "install the package `bubblewrap`" in report.text() and "container" in report.text()


@linux
def test_a_bubblewrap_that_does_not_work_is_not_used(monkeypatch, tmp_path):
    """As where a system has it and forbids the namespaces: the reason is bubblewrap's own last line."""
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.delenv(bubblewrap.SWITCH, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    bubblewrap.problem.cache_clear()
    try:
        assert bubblewrap.problem() == "bubblewrap does not work here: bwrap: No permissions to create a new namespace"
    finally:
        monkeypatch.undo()
        bubblewrap.problem.cache_clear()


GUARDED_SAMPLE = ("a process by the module beneath", "threads without end", "reads the accounts", "closes the line")
GUARDED_SAMPLE += ("kills its parent by a descriptor", "writes the answers itself", "files without end")


@pytest.mark.parametrize("name", sample(GUARDED, GUARDED_SAMPLE, NEED_ISOLATION))
def test_a_guarded_answer_spoils_only_itself(runner, name):
    script = BANK["convolutions"]
    report = judge_cells(script.cells({"inflate": GUARDED[name][0]}), script.assignment, runner, script.hidden)
    points = {v.name: v.points for v in report.verdicts}
    assert points == {"output_shape": 25, "conv1d": 25, "conv3d": 30, "inflate": 0}, report.text()
    assert GUARDED[name][1] in " / ".join(report.verdicts[-1].messages), report.text()


@linux
def test_nothing_outlives_an_answer(runner):
    """The answer would leave a sleeping process in a session of its own."""
    before = descendants(runner.worker().process.pid)
    judged(runner, "inflate", ORPHAN)
    assert descendants(runner.worker().process.pid) == before


@linux
def test_what_an_answer_leaves_is_ended_without_bubblewrap_too():
    """A child starts two generations in sessions of their own and ends; they become ours, and are ended."""
    lines = """
import processes
processes.adopt_orphans()
child = os.fork()
if child == 0:
    for _ in range(2):
        if os.fork() == 0:
            os.setsid()
            os.fork()
            time.sleep(100)
    os._exit(0)
time.sleep(.5)
before = len(processes.descendants())
print(before >= 3, processes.end_all(child), processes.descendants() == set())
"""
    assert alone(lines) == ["True", "True", "True"]


@linux
def test_a_runner_that_is_killed_leaves_nothing(tmp_path):
    """Its helper and the sleeping answer end within seconds, and the answer's folder goes."""
    lines = """
import sys
from keras_apps.course.sandbox.runner import Runner
runner = Runner(("numpy",))
print(runner.worker().process.pid, flush=True)
runner.run(["import time", "def f(): time.sleep(1000)"], "f", [{"given": "", "call": "f()"}])
"""
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", lines]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as owner:
        helper = int(owner.stdout.readline())
        waiting = descendants(helper)
        started = {helper, *waiting}
        for _ in range(1200):
            now = descendants(helper)
            waiting &= now  # what was only there while the helper started does not count
            started |= now
            if now - waiting:
                break
            time.sleep(0.05)
        assert now - waiting, "the answer runs in a process of its own"
        owner.kill()
    for _ in range(1200):
        left = {process for process in started if Path(f"/proc/{process}").exists()}
        if not left:
            break
        time.sleep(0.05)
    assert not left and not list(tmp_path.iterdir())


@linux
def test_a_helper_that_is_killed_leaves_no_answer_running(tmp_path):
    """The kernel ends the child with its parent."""
    with Runner(("numpy",)) as own:
        worker = own.worker()
        waiting = descendants(worker.process.pid)
        request = {"cells": ["import time", "time.sleep(1000)"], "name": "f", "calls": [], "skip": []}
        scratch = bubblewrap.SCRATCH if bubblewrap.problem() is None else str(tmp_path)
        request |= {"scratch": scratch, "cell_seconds": 9, "call_seconds": 9, "threads": 1 << 15}
        request |= {"processor_seconds": 9, "seconds": 60, "memory": 1 << 30}
        worker.send(request)
        while not (children := descendants(worker.process.pid) - waiting):
            time.sleep(0.02)
        time.sleep(0.5)  # until it sleeps
        os.kill(worker.process.pid, signal.SIGKILL)
        for _ in range(100):
            if not any(Path(f"/proc/{child}").exists() for child in children):
                return
            time.sleep(0.05)
    raise AssertionError(f"expected no child of a killed helper, received {children}")


@needs_isolation
def test_no_packet_leaves(runner):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(0.5)
        source = f"""
import socket, _socket
def inflate(kernel, depth):
    for module in (socket, _socket):
        try:
            module.socket(2, 2).sendto(b"x", ("127.0.0.1", {listening.getsockname()[1]}))
        except OSError:
            pass
"""
        assert judged(runner, "inflate", source).points == 0
        with pytest.raises(TimeoutError):
            listening.recv(1)


READS = {
    "open": "raise ValueError(open({path!r}).read()[:20])",
    "np.fromfile": "raise ValueError(bytes(np.fromfile({path!r}, np.uint8)[:20]))",
    "tf.io": "import tensorflow as tf; raise ValueError(tf.io.read_file({path!r}).numpy()[:20])",
    "tf.io.gfile": "import tensorflow as tf; raise ValueError(tf.io.gfile.GFile({path!r}).read()[:20])",
}
NOT_THERE = ("No such file", "ermission denied", "PERMISSION", "Not a directory")


@needs_isolation
@pytest.mark.parametrize("function", sample(READS, ("open", "np.fromfile", "tf.io")))
def test_the_systems_files_are_not_read(runner, tensorflow_runner, function):
    """Each of the files exists and can be read by who runs the test."""
    for path in ("/etc/passwd", "/etc/hostname", sys.prefix + "/pyvenv.cfg/../bin/activate", "/proc/1/environ"):
        text = raised(tensorflow_runner if "tf" in function else runner, READS[function].format(path=path))
        assert any(words in text for words in NOT_THERE), (path, text)


@needs_isolation
@pytest.mark.parametrize("function", ["open", pytest.param("tf.io", marks=pytest.mark.slow)])
def test_a_course_inside_a_visible_folder_is_hidden(tmp_path, function):
    """It lies in Python's own `site-packages`; by its own path, by a link there, and by a link to a link."""
    import sysconfig
    import tempfile

    library = sysconfig.get_paths()["purelib"]
    if not os.access(library, os.W_OK):
        pytest.skip("cannot put a folder beside the installed libraries")
    folder = Path(tempfile.mkdtemp(prefix="course_of_a_test_", dir=library))
    try:
        course = folder / "course"
        course.mkdir()
        for file in (course / "gradebook.db", folder / "elsewhere.db"):
            file.write_text("the marks")
        (folder / "beside.txt").write_text("no secret")
        (folder / "link").symlink_to(course)
        (folder / "other").symlink_to(folder / "link")
        paths = [str(folder / way / "gradebook.db") for way in ("course", "link", "other", "course/../link")]
        modules = ("numpy", "tensorflow") if function == "tf.io" else ("numpy",)
        with Runner(modules, hidden=[folder / "link", folder / "elsewhere.db"], seconds=20) as own:
            assert "no secret" in raised(own, READS[function].format(path=str(folder / "beside.txt")))
            for path in (*paths, str(folder / "elsewhere.db")):
                text = raised(own, READS[function].format(path=path))
                assert "the marks" not in text and any(words in text for words in NOT_THERE), (path, text)
    finally:
        shutil.rmtree(folder)


@linux
def test_libraries_are_read_in_an_environment_within_the_course():
    """A teacher may keep the environment in the course's folder: the innermost folder decides."""
    with Runner(("numpy",), hidden=[sys.prefix, sys.base_prefix], seconds=20) as own:
        outcome = own.run(
            ["import tabnanny, pyclbr, fractions", "def f(): return fractions.Fraction(1, 2) * 2 == 1"],
            "f",
            [{"given": "", "call": "f()"}],
        )
    assert outcome.values == {0: {"kind": "bool", "value": True}}, outcome


def test_plots_are_drawn():
    """matplotlib keeps its fonts in a folder that every child finds empty."""
    lines = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('a')\nplt.savefig('a.png')\n"
    with Runner(("numpy", "matplotlib.pyplot")) as own:
        for _ in range(2):
            assert returned(own, lines + "import os\nreturn os.path.getsize('a.png') > 1000") is True


SLEEPING = ["import time", *["time.sleep(1e5)"] * 4]
SLEEPERS = "\n".join(f"def {e.name}(*_, **__): time.sleep(1e5)" for e in BANK["convolutions"].assignment.exercises)


@pytest.mark.slow
def test_one_budget_of_time_for_a_submission():
    """Four sleeping cells, four sleeping functions: 4 s here in place of 35."""
    with Runner(("numpy",), seconds=2) as own:
        own.worker(), own.worker(hidden=True)
        script = BANK["convolutions"]
        cells = Cells(own, [*script.cells(), *SLEEPING, SLEEPERS], 4)
        verdicts = [judge(e, cells.call_all, script.hidden[e.name]) for e in script.assignment.exercises]
    assert [v.points for v in verdicts] == [0] * 4
    assert "the 4 s for a whole submission are over: " in verdicts[-1].text()
    assert "code cell" in verdicts[-1].text() and "took 2 s" in verdicts[-1].text()


@pytest.mark.slow
def test_functions_judged_before_the_time_is_over_keep_their_points():
    """output_shape and conv1d are right; conv3d sleeps through what is left, and says so; inflate is not checked."""
    script = BANK["convolutions"]
    sleeps = "import time\ndef conv3d(*_, **__):\n    time.sleep(1e5)"
    with Runner(("numpy",)) as own:
        own.worker(), own.worker(hidden=True)
        cells = Cells(own, script.cells({"conv3d": sleeps}), 3)
        verdicts = {e.name: judge(e, cells.call_all, script.hidden[e.name]) for e in script.assignment.exercises}
    assert {name: v.points for name, v in verdicts.items()} == {
        "output_shape": 25,
        "conv1d": 25,
        "conv3d": 0,
        "inflate": 0,
    }
    assert "conv3d took" in verdicts["conv3d"].text() and "still running" in verdicts["conv3d"].text()
    assert "inflate was not checked: the 3 s for a whole submission are over: conv3d took" in verdicts["inflate"].text()


@pytest.mark.slow
def test_the_budget_lives_across_the_cells_that_grade(tmp_path, monkeypatch, capsys):
    """nbgrader calls `grade` once a cell, in one kernel."""
    from keras_apps.course.nbgrader import grading

    monkeypatch.setattr("keras_apps.course.checking.SUBMISSION_SECONDS", 3)
    monkeypatch.setattr(grading.Cells.__init__, "__defaults__", (3,))
    monkeypatch.setattr(grading, "_registered", [])
    (tmp_path / "cells.json").write_text(json.dumps(["import time\nimport numpy as np", SLEEPERS]), encoding="utf-8")
    grading.register(str(tmp_path / "cells.json"), [str(tmp_path)])
    with grading._registered[0]._runner as own:
        own.worker(), own.worker(hidden=True)
        for asked in BANK["convolutions"].assignment.exercises:
            assert grading.grade(asked.name) == 0
    assert capsys.readouterr().out.count("was not checked: the 3 s for a whole submission are over") == 3


def test_forged_lines_earn_nothing_and_break_nothing():
    """Values that are too deep to be looked at, endless texts, and numbers of calls that were never asked."""
    deep = '{"kind": "items", "value": [' * 300 + "1" + "]}" * 300
    lines = [
        '{"call": 0, "value": ' + deep + "}",
        json.dumps({"call": 7, "value": {"kind": "bool", "value": True}}),
        json.dumps({"call": 0, "stopped": {"type": ["x"] * 10**5, "text": "y" * 10**6, "line": 10**300}}),
        json.dumps({"at": 1e300, "cell": 1}),
        json.dumps({"at": float("nan"), "call": 0}),
    ]
    outcome = outcome_of({"written": "\n".join(lines), "ended": "exited", "seconds": 2.0}, "f").within(1)
    assert outcome.values == {} and len(str(outcome.stopped)) < 1500
    assert outcome.seconds == 2 and sum(outcome.took.values()) <= 2


def test_nbgrader_hides_the_courses_folders_wherever_they_are(tmp_path):
    """The root, the folders in it, one that is named apart from it, and a gradebook elsewhere."""
    pytest.importorskip("nbgrader")
    from traitlets.config import Config

    from keras_apps.course.nbgrader.preprocessors import GradeApart, course_paths

    places = {"root": str(tmp_path), "submitted_directory": "/apart/submitted", "db_url": "sqlite:////other/marks.db"}
    paths = course_paths(GradeApart(config=Config(CourseDirectory=places)))
    within = {str(tmp_path / name) for name in ("source", "release", "autograded", "feedback")}
    assert {str(tmp_path), "/apart/submitted", "/other/marks.db"} | within <= set(paths)
    assert not {"/", "/other", "/apart"} & set(paths)


def test_only_its_own_channel_is_open_in_the_child(runner):
    """Of numbers 3 and up; the helper's pipe of requests, inherited, would let an answer write its own requests."""
    lines = "import os\nopen_ = []\nfor number in range(3, 4096):\n    try:\n        os.fstat(number)\n"
    lines += "        open_.append(number)\n    except OSError:\n        pass\nraise ValueError(str(len(open_)))"
    assert raised(runner, lines) == "1"


@linux
@pytest.mark.parametrize("process", ["self", pytest.param("parent", marks=needs_isolation)])
def test_no_request_is_forged_through_the_helper_s_files(tensorflow_runner, process):
    """By TensorFlow: a line in the helper's pipe would be run as a request."""
    lines = "import os\nimport tensorflow as tf\nwritten = 0\n"
    lines += f"who = 'self' if {process == 'self'} else os.getppid()\n"
    lines += "for number in range(0, 10):\n    try:\n        tf.io.write_file(f'/proc/{who}/fd/{number}', '{}\\n')\n"
    lines += "        written += number not in (0, 1, 2)\n    except tf.errors.OpError:\n        pass\n"
    lines += "raise ValueError(str(written))"
    own_channel = ("1",) if process == "self" else ()
    assert raised(tensorflow_runner, lines) in ("0", *own_channel)
    assert raised(tensorflow_runner, "raise ValueError('served')") == "served"


def test_an_answer_to_another_request_is_not_taken(runner, monkeypatch):
    from keras_apps.course.sandbox import runner as module

    monkeypatch.setattr(module.json, "loads", lambda text, _loads=json.loads: _loads(text) | {"id": "forged"})
    outcome = runner.run(["def f(): return 1"], "f", [{"given": "", "call": "f()"}])
    assert not outcome.values and not outcome.answers


@pytest.mark.parametrize("line", ["\n", "{\n", "9\n", '{"call": 0}\n'])
def test_a_flood_of_lines_is_read_to_a_limit(line, monkeypatch):
    """4 MB of them took the grading process 26 s for each function, which no limit of the child's counts."""
    from keras_apps.course.sandbox import protocol

    read = []
    monkeypatch.setattr(protocol, "_event", lambda line, _event=protocol._event: read.append(line) or _event(line))
    outcome_of({"written": line * ((4 << 20) // len(line)), "ended": "large", "seconds": 1.0}, "inflate")
    assert len(read) <= protocol.MOST_LINES


def test_numbers_without_end_are_no_numbers_of_calls():
    """Python refuses to write an integer of more than 4300 digits: the report of all functions was lost."""
    nines = "9" * 4300
    lines = f'{{"cell": {nines}}}\n{{"call": 0, "stopped": {{"type": "E", "text": "t", "line": {nines}}}}}\n'
    outcome = outcome_of({"written": lines, "ended": "exited", "seconds": 1.0}, "inflate")
    assert not outcome.cells and outcome.stopped[0]["line"] == "a number"
