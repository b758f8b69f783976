"""What keeps a student's code in: each layer by itself, and hostile answers against all of them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from course_bank import BANK, PACKAGE, script_of
from submissions.hostile import GUARDED, ORPHAN

from keras_apps.course.catalogue.registry import exercise
from keras_apps.course.checking import Cells, judge_cells
from keras_apps.course.judging import judge
from keras_apps.course.sandbox import seccomp
from keras_apps.course.sandbox.protocol import LAYERS, outcome_of
from keras_apps.course.sandbox.runner import Runner

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the layers of Linux")


@pytest.fixture(scope="module")
def runner():
    with Runner(seconds=8) as runner:
        yield runner


def judged(runner, function, source, seconds=40):
    script = script_of(function)
    cells = Cells(runner, script.cells({function: source}), seconds)
    return judge(exercise(function), cells.call_all, script.hidden[function])


def told(runner, lines):
    """Run lines in an `inflate` and return the text that it raises."""
    source = "def inflate(kernel, depth):\n" + "".join(f"    {line}\n" for line in lines.splitlines())
    outcome = runner.run(["import numpy as np", source], "inflate", [{"given": "", "call": "inflate(0, 0)"}])
    return outcome.stopped[0]["text"]


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
    found = {process}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {process}


def alone(lines):
    """Run lines in a Python of its own, with this package's modules as files beside it; return what it prints."""
    head = "import sys, os, socket, ctypes, threading, signal, time\nsys.path.insert(0, sys.argv[1])\n"
    command = [sys.executable, "-c", head + lines, str(PACKAGE / "course")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@linux
def test_all_layers_hold_here(runner):
    """Without one of them the tests below would show less than they say."""
    assert runner.run(["def f(): return 1"], "f", [{"given": "", "call": "f()"}]).layers == LAYERS


REFUSED = """
def refused(action):
    try:
        return action() is None
    except OSError as error:
        return error.errno == 1
    except ValueError as error:
        return "not allowed" in str(error)

libc = ctypes.CDLL(None, use_errno=True)
def call(*arguments):
    ctypes.set_errno(0)
    return libc.syscall(*map(ctypes.c_long, arguments)) == -1 and ctypes.get_errno()

parent = os.getppid()
import seccomp
assert seccomp.confine() == ("processes", "signals", "sockets")
"""


@linux
def test_the_kernel_refuses_processes_signals_and_sockets_by_itself():
    """No audit hook here: what is refused is refused to compiled code too. 1 is EPERM, 38 is ENOSYS."""
    lines = """
from _posixsubprocess import fork_exec
arguments = [b"/bin/true"], [b"/bin/true"], False, (), None, None, -1, -1, -1, -1, -1, -1, *os.pipe(), False, False
arguments += (-1, None, None, None, -1, None) + (() if sys.version_info < (3, 11) else (False,))
print(refused(os.fork), refused(lambda: fork_exec(*arguments)), refused(lambda: os.execv("/bin/true", ["true"])))
print(*(refused(lambda: socket.socket(*kind)) for kind in
        ((socket.AF_INET, socket.SOCK_DGRAM), (socket.AF_INET6,), (socket.AF_UNIX,), (socket.AF_NETLINK, 3))))
print(refused(lambda: os.kill(parent, 0)), refused(lambda: os.pidfd_open(parent)), refused(os.setsid))
print(call(seccomp.CLONE3[seccomp.MACHINES[os.uname().machine][1]], 0, 0) == 38)
print(libc.prctl(1, 0, 0, 0, 0) == -1, libc.ptrace(0, 0, 0, 0) == -1)
import resource
print(refused(lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0))), resource.getrlimit(0)[0] != 0)
thread = threading.Thread(target=lambda: print("True", refused(os.fork)))
thread.start(); thread.join()
"""
    assert set(alone(REFUSED + lines)) == {"True"}


@linux
def test_the_twins_numbers_are_refused():
    """On x86_64 a second table of calls begins at 2^30: 0x40000039 is its fork."""
    if os.uname().machine != "x86_64":
        pytest.skip("x86_64's")
    assert alone(REFUSED + "print(call(0x40000039), call(0x40000000 + 41, 2, 2, 0))") == ["1", "1"]


def test_the_filters_numbers():
    """4 lines for the machine, 2 for each refused number; jumps are forward, within the filter, and end in a return."""
    import struct

    for machine, column in (("x86_64", 0), ("aarch64", 1)):
        lines = list(struct.iter_unpack("HBBI", seccomp.program(machine)))
        numbers = {n for code, _, _, n in lines if code == seccomp.EQUAL}
        names = dict(zip(("fork", "execve", "socket", "kill"), ((57, 59, 41, 62), (None, 221, 198, 129))[column]))  # noqa: B905
        assert {number for number in names.values() if number} <= numbers
        assert lines[1][3] == {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[machine]
        assert lines[-1] == (seccomp.RETURN, 0, 0, seccomp.ALLOW)
        assert all(at + 1 + max(yes, no) < len(lines) for at, (_, yes, no, _) in enumerate(lines[:-1]))


@pytest.mark.parametrize("name", GUARDED)
def test_a_guarded_answer_spoils_only_itself(runner, name):
    script = BANK["convolutions"]
    report = judge_cells(script.cells({"inflate": GUARDED[name][0]}), script.assignment, runner, script.hidden)
    points = {v.name: v.points for v in report.verdicts}
    assert points == {"output_shape": 25, "conv1d": 25, "conv3d": 30, "inflate": 0}, report.text()
    assert GUARDED[name][1] in " / ".join(report.verdicts[-1].messages), report.text()


@linux
def test_nothing_outlives_an_answer(runner):
    """The answer would leave a sleeping process in a session of its own."""
    judged(runner, "inflate", ORPHAN)
    assert descendants(runner._process.pid) == set()


@linux
def test_what_an_answer_leaves_is_ended_without_seccomp_too():
    """A child starts two generations in sessions of their own and ends; they become ours, and are ended."""
    lines = """
import offspring, seccomp
seccomp.adopt()
child = os.fork()
if child == 0:
    for _ in range(2):
        if os.fork() == 0:
            os.setsid()
            os.fork()
            time.sleep(100)
    os._exit(0)
time.sleep(.5)
before = len(offspring.children())
print(before >= 3, offspring.end_all(child), offspring.children() == [])
"""
    assert alone(lines) == ["True", "True", "True"]


@linux
def test_a_runner_that_is_killed_leaves_nothing(tmp_path):
    """Its helper and the sleeping answer end within seconds, and the answer's folder goes."""
    lines = """
import sys
from keras_apps.course.sandbox.runner import Runner
runner = Runner(("numpy",))
runner._started()
print(runner._process.pid, flush=True)
runner.run(["import time", "def f(): time.sleep(1000)"], "f", [{"given": "", "call": "f()"}])
"""
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", lines]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as owner:
        helper = int(owner.stdout.readline())
        for _ in range(100):
            if descendants(helper):
                break
            time.sleep(0.05)
        started = {helper, *descendants(helper)}
        assert len(started) == 2
        owner.kill()
    for _ in range(100):
        left = {process for process in started if Path(f"/proc/{process}").exists()}
        if not left:
            break
        time.sleep(0.05)
    assert not left and not list(tmp_path.iterdir())


@linux
def test_a_helper_that_is_killed_leaves_no_answer_running(runner):
    """The kernel ends the child with its parent."""
    with Runner(("numpy",)) as own:
        helper = own._started()
        request = {"cells": ["import time", "time.sleep(1000)"], "name": "f", "calls": [], "skip": []}
        request |= {"scratch": os.getcwd(), "forbidden": [], "cell_seconds": 9, "call_seconds": 9}
        request |= {"processor_seconds": 9, "seconds": 60, "memory": 1 << 30}
        helper.stdin.write(json.dumps(request).encode() + b"\n")
        while not (children := descendants(helper.pid)):
            time.sleep(0.02)
        time.sleep(0.5)  # until it sleeps
        os.kill(helper.pid, signal.SIGKILL)
        for _ in range(100):
            if not any(Path(f"/proc/{child}").exists() for child in children):
                return
            time.sleep(0.05)
    raise AssertionError(f"expected no child of a killed helper, received {children}")


@linux
def test_no_packet_leaves(runner):
    """UDP, which Landlock does not know, by Python's two roads to a socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(0.5)
        source = f"""
import socket, _socket
def inflate(kernel, depth):
    for module in (socket, _socket):
        try:
            module.socket(2, 2).sendto(b"x", ("127.0.0.1", {listening.getsockname()[1]}))
        except PermissionError:
            pass
"""
        assert judged(runner, "inflate", source).points == 0
        with pytest.raises(TimeoutError):
            listening.recv(1)
        lines = f"""
print(refused(lambda: socket.socket(2, 2).sendto(b"x", ("127.0.0.1", {listening.getsockname()[1]}))))"""
        assert alone(REFUSED + lines) == ["True"]


READS = {
    "open": "raise ValueError(open({path!r}).read()[:20])",
    "bytes": "raise ValueError(open({path!r}.encode(), 'rb').read()[:20])",
    "np.fromfile": "raise ValueError(bytes(np.fromfile({path!r}, np.uint8)[:20]))",
    "tf.io": "import tensorflow as tf; raise ValueError(tf.io.read_file({path!r}).numpy()[:20])",
    "tf.io.gfile": "import tensorflow as tf; raise ValueError(tf.io.gfile.GFile({path!r}).read()[:20])",
}


@linux
@pytest.mark.parametrize("road", READS)
def test_the_systems_files_are_not_read(runner, road):
    """Each of the files is there and can be read by who runs the test."""
    for path in ("/etc/passwd", "/etc/hostname", "/usr/share/doc", sys.prefix + "/pyvenv.cfg", "/proc/1/environ"):
        if Path(path).is_file():
            text = told(runner, READS[road].format(path=path))
            assert "not to be opened" in text or "ermission denied" in text or "PERMISSION" in text, (path, text)
    assert "not to be opened" in told(runner, "import os; raise ValueError(os.listdir('/etc'))")
    assert "not to be opened" in told(runner, "import os; raise ValueError(os.listdir('/usr'))")


@linux
@pytest.mark.parametrize("road", READS)
def test_a_course_beneath_a_readable_folder_is_not_read(tmp_path, road):
    """It lies in Python's own `site-packages`; by its own path, by a link there, and by a link to a link."""
    import shutil
    import sysconfig
    import tempfile

    library = sysconfig.get_paths()["purelib"]
    if not os.access(library, os.W_OK):
        pytest.skip("cannot put a folder beside the installed libraries")
    folder = Path(tempfile.mkdtemp(prefix="course_of_a_test_", dir=library))
    try:
        course = folder / "course"
        course.mkdir()
        (course / "gradebook.db").write_text("the marks")
        (folder / "beside.txt").write_text("no secret")
        (folder / "link").symlink_to(course)
        (folder / "other").symlink_to(folder / "link")
        paths = [str(folder / way / "gradebook.db") for way in ("course", "link", "other", "course/../link")]
        with Runner(forbidden=[folder / "link"], seconds=20) as own:
            assert "no secret" in told(own, READS[road].format(path=str(folder / "beside.txt")))
            for path in paths:
                text = told(own, READS[road].format(path=path))
                assert "the marks" not in text and ("not to be" in text or "ermission" in text), (path, text)
    finally:
        shutil.rmtree(folder)


def test_the_hook_by_itself_lets_the_nearest_folder_decide(tmp_path):
    """As on macOS: no kernel's layer. library > course (forbidden) > environment (read), and links to each."""
    environment = tmp_path / "library" / "course" / "environment"
    (tmp_path / "scratch").mkdir()
    environment.mkdir(parents=True)
    for folder in (environment, environment.parent, environment.parents[1], tmp_path):
        (folder / "file").write_text("text")
    (tmp_path / "library" / "link").symlink_to(environment.parent)
    (tmp_path / "scratch" / "up").symlink_to(tmp_path)
    lines = f"""
import guard
root = os.path.realpath({str(tmp_path)!r})
library = root + "/library"
guard.forbid(root + "/scratch", [library, library + "/course/environment"], [library + "/course"], 2)
os.chdir(root + "/scratch")
def opens(path):
    try:
        return open(path).close() is None
    except PermissionError:
        return False
print(*map(opens, (library + "/file", library + "/course/environment/file", library + "/link/environment/file",
                   library + "/course/file", library + "/link/file", "up/file", library + "/link/../file")))
"""
    assert alone(lines) == ["True", "True", "True", "False", "False", "False", "True"]


@linux
def test_libraries_are_read_in_an_environment_within_the_course(runner):
    """A teacher may keep the environment in the course's folder: the nearer folder decides."""
    with Runner(forbidden=[sys.prefix, sys.base_prefix], seconds=20) as own:
        outcome = own.run(
            [
                "import tabnanny, pyclbr, fractions",
                "def f(): return fractions.Fraction(1, 2) * 2 == 1",
            ],
            "f",
            [{"given": "", "call": "f()"}],
        )
    assert outcome.values == {0: {"kind": "bool", "value": True}}, outcome


SLEEPING = ["import time", *["time.sleep(1e5)"] * 4]
SLEEPERS = "\n".join(f"def {e.name}(*_, **__): time.sleep(1e5)" for e in BANK["convolutions"].assignment.exercises)


def test_one_budget_of_time_for_a_submission():
    """Four sleeping cells, four sleeping functions: 4 s here in place of 35."""
    with Runner(("numpy",), seconds=2) as own:
        own._started()
        script, began = BANK["convolutions"], time.monotonic()
        cells = Cells(own, [*script.cells(), *SLEEPING, SLEEPERS], 4)
        verdicts = [judge(e, cells.call_all, script.hidden[e.name]) for e in script.assignment.exercises]
        assert time.monotonic() - began < 7
    assert [v.points for v in verdicts] == [0] * 4
    assert "the 4 s for a whole submission are over: " in verdicts[-1].text()
    assert "code cell" in verdicts[-1].text() and "took 2 s" in verdicts[-1].text()


def test_functions_judged_before_the_time_is_over_keep_their_points():
    """output_shape and conv1d are right; conv3d sleeps through what is left, and says so; inflate is not checked."""
    script = BANK["convolutions"]
    sleeps = "import time\ndef conv3d(*_, **__):\n    time.sleep(1e5)"
    with Runner(("numpy",)) as own:
        own._started()
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


def test_the_budget_lives_across_the_cells_that_grade(tmp_path, monkeypatch, capsys):
    """nbgrader calls `grade` once a cell, in one kernel."""
    from keras_apps.course.nbgrader import grading

    monkeypatch.setattr("keras_apps.course.checking.SUBMISSION_SECONDS", 3)
    monkeypatch.setattr(grading.Cells.__init__, "__defaults__", (3,))
    monkeypatch.setattr(grading, "_registered", [])
    (tmp_path / "cells.json").write_text(json.dumps(["import time\nimport numpy as np", SLEEPERS]), encoding="utf-8")
    grading.register(str(tmp_path / "cells.json"), [str(tmp_path)])
    with grading._registered[0]._runner as own:
        own._started()
        began = time.monotonic()
        for asked in BANK["convolutions"].assignment.exercises:
            assert grading.grade(asked.name) == 0
        assert time.monotonic() - began < 6
    assert capsys.readouterr().out.count("was not checked: the 3 s for a whole submission are over") == 3


def test_forged_lines_earn_nothing_and_break_nothing():
    """Values that are too deep to be looked at, endless texts, and numbers of calls that were never asked."""
    deep = '{"kind": "items", "value": [' * 300 + "1" + "]}" * 300
    lines = [
        '{"call": 0, "value": ' + deep + "}",
        json.dumps({"call": 7, "value": {"kind": "bool", "value": True}}),
        json.dumps({"call": 0, "stopped": {"type": ["x"] * 10**5, "text": "y" * 10**6, "line": 10**300}}),
        json.dumps({"layers": ["files"], "at": 1e300, "cell": 1}),
        json.dumps({"at": float("nan"), "call": 0}),
    ]
    outcome = outcome_of({"told": "\n".join(lines), "ended": "exited", "seconds": 2.0}, "f").within(1)
    assert outcome.values == {} and len(str(outcome.stopped)) < 1500 and outcome.layers == ()
    assert outcome.seconds == 2 and sum(outcome.took.values()) <= 2


def test_nbgrader_forbids_the_courses_folders_wherever_they_are(tmp_path):
    """The root, the folders in it, one that is named apart from it, and a gradebook elsewhere."""
    pytest.importorskip("nbgrader")
    from traitlets.config import Config

    from keras_apps.course.nbgrader.preprocessors import GradeApart, _forbidden

    places = {"root": str(tmp_path), "submitted_directory": "/apart/submitted", "db_url": "sqlite:////other/marks.db"}
    found = _forbidden(GradeApart(config=Config(CourseDirectory=places)))
    within = {str(tmp_path / name) for name in ("source", "release", "autograded", "feedback")}
    assert {str(tmp_path), "/apart/submitted", "/other/marks.db"} | within <= set(found)
    assert not {"/", "/other", "/apart"} & set(found)


def test_only_its_own_channel_is_open_in_the_child(runner):
    """Of numbers 3 and up; the helper's pipe of requests, inherited, would let an answer write its own requests."""
    lines = "import os\nopen_ = []\nfor number in range(3, 4096):\n    try:\n        os.fstat(number)\n"
    lines += "        open_.append(number)\n    except OSError:\n        pass\nraise ValueError(str(len(open_)))"
    assert told(runner, lines) == "1"


@linux
@pytest.mark.parametrize("process", ["self", "parent"])
def test_no_request_is_forged_through_the_helper_s_files(runner, process):
    """By TensorFlow, which the audit hook does not see: a line in the helper's pipe would be run as a request."""
    lines = "import os\nimport tensorflow as tf\nwritten = 0\n"
    lines += f"who = 'self' if {process == 'self'} else os.getppid()\n"
    lines += "for number in range(0, 10):\n    try:\n        tf.io.write_file(f'/proc/{who}/fd/{number}', '{}\\n')\n"
    lines += "        written += number not in (0, 1, 2)\n    except tf.errors.OpError:\n        pass\n"
    lines += "raise ValueError(str(written))"
    assert told(runner, lines) in (("0", "1") if process == "self" else ("0",))  # its own channel it may write to
    assert told(runner, "raise ValueError('served')") == "served"


def test_an_answer_to_another_request_is_not_taken(runner, monkeypatch):
    from keras_apps.course.sandbox import runner as module

    given = iter(["a", "b"])
    monkeypatch.setattr(module.secrets, "token_hex", lambda: next(given))
    monkeypatch.setattr(module.json, "loads", lambda text, _loads=json.loads: _loads(text) | {"id": "forged"})
    outcome = runner.run(["def f(): return 1"], "f", [{"given": "", "call": "f()"}])
    assert not outcome.values and not outcome.answers


@pytest.mark.parametrize("line", ["\n", "{\n", "9\n", '{"call": 0}\n'])
def test_a_flood_of_lines_costs_no_time(line):
    """4 MB of them took the grading process 26 s, a function each, which no limit of the child's counts."""
    answer = {"told": line * ((4 << 20) // len(line)), "ended": "large", "seconds": 1.0}
    began = time.perf_counter()
    outcome_of(answer, "inflate")
    assert time.perf_counter() - began < 3


def test_numbers_without_end_are_no_numbers_of_calls():
    """Python refuses to write an integer of more than 4300 digits: the report of all functions was lost."""
    nines = "9" * 4300
    told_ = f'{{"cell": {nines}}}\n{{"call": 0, "stopped": {{"type": "E", "text": "t", "line": {nines}}}}}\n'
    outcome = outcome_of({"told": told_, "ended": "exited", "seconds": 1.0}, "inflate")
    assert not outcome.cells and outcome.stopped[0]["line"] == "a number"


@linux
def test_no_signal_by_a_file_s_owner():
    """SIGIO goes to the owner of a file that is ready, without a `kill`; neither sockets nor owners are to be had."""
    lines = "import errno, fcntl, struct, seccomp\nread, write = os.pipe()\nprint(*seccomp.confine())\n"
    lines += (
        "for number in (0x8901, 0x8902, 0x5452):\n    try:\n        fcntl.ioctl(read, number, struct.pack('i', 1))\n"
    )
    lines += "        print('done')\n    except OSError as error:\n        print(errno.errorcode[error.errno])\n"
    lines += "try:\n    socket.socketpair()\nexcept OSError as error:\n    print(errno.errorcode[error.errno])\n"
    assert alone(lines) == ["processes", "signals", "sockets", *["EPERM"] * 4]
