# ruff: noqa: E501
"""Hostile submissions, or harmless ones that look hostile. `{victim}` is a teacher's file, `{port}` a server's port.

SPOILED: an `inflate` in a notebook whose other functions are right: `inflate` earns nothing, the others keep their 80.
CHEATS: a cell in a notebook where nothing is written: it earns nothing at all.
GUARDED: as SPOILED, with words that must be in the report. ORPHAN: an `inflate` that leaves a process behind.
NEED_ISOLATION: the names of those that would do real harm, or succeed, without bubblewrap.
"""

SPOILED = {
    "infinite loop": "def inflate(kernel, depth):\n    while True:\n        pass",
    "infinite loop that catches all": """
def inflate(kernel, depth):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
""",
    "sleeps": "import time\ndef inflate(kernel, depth):\n    time.sleep(1e6)",
    "waits for itself": "import threading\ndef inflate(kernel, depth):\n    l = threading.Lock(); l.acquire(); l.acquire()",
    "sys.exit": "import sys\ndef inflate(kernel, depth):\n    sys.exit(0)",
    "os._exit": "import os\ndef inflate(kernel, depth):\n    os._exit(0)",
    "segmentation fault": "import faulthandler\ndef inflate(kernel, depth):\n    faulthandler._sigsegv()",
    "abort": "import os\ndef inflate(kernel, depth):\n    os.abort()",
    "recursion": "def inflate(kernel, depth):\n    return inflate(kernel, depth)",
    "memory": "def inflate(kernel, depth):\n    return np.ones(10**12)",
    "memory bit by bit": "def inflate(kernel, depth):\n    kept = []\n    while True:\n        kept.append(np.ones(10**7))",
    "enormous answer": "def inflate(kernel, depth):\n    return np.ones((3000, 3000))",
    "endless answer": "def inflate(kernel, depth):\n    return iter(int, 1)",
    "deep answer": "def inflate(kernel, depth):\n    x = []\n    for _ in range(10**5):\n        x = [x]\n    return x",
    "endless printing": "def inflate(kernel, depth):\n    while True:\n        print('x' * 10**6)",
    "full disk": "def inflate(kernel, depth):\n    with open('big', 'wb') as f:\n        while True:\n            f.write(bytes(10**7))",
    "asks for input": "def inflate(kernel, depth):\n    return input()",
    "deletes a file": "import os\ndef inflate(kernel, depth):\n    os.remove({victim!r})",
    "overwrites a file": "def inflate(kernel, depth):\n    open({victim!r}, 'w').write('gone')",
    "deletes a folder": "import shutil, os\ndef inflate(kernel, depth):\n    shutil.rmtree(os.path.dirname({victim!r}))",
    "runs a program": "import subprocess\ndef inflate(kernel, depth):\n    subprocess.run(['rm', {victim!r}])",
    "runs the shell": "import os\ndef inflate(kernel, depth):\n    os.system('rm ' + {victim!r})",
    "forks": "import os\ndef inflate(kernel, depth):\n    while True:\n        os.fork()",
    "kills its parent": "import os, signal\ndef inflate(kernel, depth):\n    os.kill(os.getppid(), signal.SIGKILL)",
    "network": "import urllib.request\ndef inflate(kernel, depth):\n    return urllib.request.urlopen('http://127.0.0.1:{port}')",
    "socket": "import socket\ndef inflate(kernel, depth):\n    socket.create_connection(('127.0.0.1', {port}))",
    "syntax error": "def inflate(kernel, depth)\n    return kernel",
    "no text that Python reads": "def inflate(kernel, depth):\n    return '\\x00\0'",
    "wrong arguments": "def inflate(kernel):\n    return kernel",
    "no function": "inflate = 42",
}

CHEATS = {
    "sys.exit at the top": "import sys\nsys.exit(0)",
    "os._exit at the top": "import os\nos._exit(0)",
    "loop at the top": "while True:\n    pass",
    "assert and comparisons overwritten": """
import builtins
import numpy.testing
np.allclose = np.array_equal = np.isclose = np.all = lambda *a, **k: True
numpy.testing.assert_allclose = lambda *a, **k: None
builtins.AssertionError = type("AssertionError", (BaseException,), {})
builtins.all = builtins.any = builtins.isinstance = builtins.abs = lambda *a, **k: True
""",
    "grade overwritten": """
import sys
import keras_apps.course
keras_apps.course.grade = lambda *a, **k: 100.0
def grade(*a, **k):
    return 100.0
sys.modules["keras_apps.course"].grade = grade
""",
    "answers that equal everything": """
class Equal(float):
    __eq__ = __le__ = __lt__ = __ge__ = __gt__ = lambda self, other: True
    __sub__ = __rsub__ = __truediv__ = __rtruediv__ = __getitem__ = __call__ = lambda self, *other: self
    __array__ = lambda self, *a, **k: self
    __iter__ = lambda self: iter([self, self])
    reshape = lambda self, *a: self
    __hash__ = float.__hash__
output_shape = conv1d = conv3d = inflate = lambda *a, **k: Equal(1)
""",
    "the package's own answers": """
from keras_apps.dimensions import output_shape, convolve, inflate_kernel
inflate = inflate_kernel
conv1d = conv3d = lambda x, w, b, stride=1: convolve(x, w, stride=stride) + b
""",
    "the package's own answers by importlib": """
import importlib, sys
for name in [n for n in sys.modules if n.startswith("keras_apps")]:
    del sys.modules[name]
sys.path.insert(0, {package!r} + "/..")
inflate = importlib.import_module("keras_apps.dimensions").inflate_kernel
""",
    "the package's text": """
with open({package!r} + "/dimensions/conversion/kernels.py") as file:
    exec(file.read().replace("from __future__ import annotations", ""))
inflate = inflate_kernel
""",
    "the teacher's text": """
import glob, re
for name in [{victim!r}, *glob.glob({package!r} + "/../notebooks/**/*.ipynb", recursive=True)]:
    exec(open(name).read())
""",
    "a link to the teacher's text": """
import os
os.symlink({victim!r}, "here")
exec(open("here").read())
""",
    "a path around": """
import os
exec(open("../../../../../../../.." + {victim!r}).read())
""",
    "a path that changes its mind": """
class Path(str):
    split = lambda self, *a: ["usr"]
    replace = startswith = lambda self, *a: Path("/usr")
    __getitem__ = lambda self, *a: "/"
exec(open(Path({victim!r})).read())
""",
    "its parent's memory": """
import os
text = open(f"/proc/{{os.getppid()}}/environ").read() + open(f"/proc/{{os.getppid()}}/maps").read()
exec(open(f"/proc/self/root" + {victim!r}).read())
""",
    "compiled functions": """
import ctypes
libc = ctypes.CDLL(None)
libc.unlink({victim!r}.encode())
""",
    "expected values in the frames": """
import sys
def search(*a, **k):
    frame = sys._getframe()
    while frame:
        for value in [*frame.f_locals.values(), *frame.f_globals.values()]:
            if isinstance(value, dict) and "expected" in value:
                return value["expected"]
        frame = frame.f_back
output_shape = conv1d = conv3d = inflate = search
""",
    "forged lines": """
import json, os
for fd in range(3, 64):
    for n in range(-1, 9):
        for text in ['{{"call": %d, "value": {{"kind": ["x"], "value": null}}}}' % n,
                     '{{"call": %d, "value": {{"kind": "array", "shape": [-1], "value": "1"}}}}' % n,
                     '[' * 5000, '{{"refused": ["x"]}}', '{{"points": 100}}', '{{"missing": false}}']:
            try:
                os.write(fd, (text + chr(10)).encode())
            except OSError:
                pass
output_shape = conv1d = conv3d = inflate = lambda *a, **k: None
""",
    "the visible answers by heart": """
def output_shape(input_shape, filters, kernel_size, stride=1, padding="valid"):
    return {{((14, 14, 3), 1): (10, 10, 16), ((14, 1), 1): (10, 16), ((10, 7, 1), 1): (8, 5, 8), ((10, 7, 1), 2): (4, 3, 8),
             ((10, 7, 4), 3): (4, 3, 8), ((9, 2), 1): (9, 8)}}[input_shape, stride]
def conv1d(x, w, b, stride=1):
    if stride == 2:
        return np.array([[1.], [3.], [5.]])
    if x.shape == (2, 2):
        return np.array([[21., 200.], [43., 400.]])
    return np.array([[5.], [10.], [20.]]) if len(x) == 4 else np.full((2, 1), b[0])
def conv3d(x, w, b, stride=1):
    return {{8: np.full((1, 1, 1, 1), 532. + b[0]), 60: np.full((2, 3, 4, 1), 8.), 2: np.array([[[[32., 200.]]]]),
            27: np.array([0., 2, 6, 8, 18, 20, 24, 26]).reshape(2, 2, 2, 1)}}[x.size]
def inflate(kernel, depth):
    return {{3: np.array([[[[[1., 2.]]], [[[3., 4.]]]]] * 3), 4: np.array([[[[[.75]]], [[[1.25]]]]] * 4)}}[depth]
""",
    "constants": "output_shape = lambda *a, **k: (1, 1)\nconv1d = conv3d = inflate = lambda *a, **k: 1.0",
    "zeros": "output_shape = lambda *a, **k: (0, 0)\nconv1d = conv3d = inflate = lambda *a, **k: 0.0",
    "not a number": "output_shape = conv1d = conv3d = inflate = lambda *a, **k: np.full((2, 1), np.nan)",
    "magics": "%%bash\nrm {victim}",
    "a line of the shell": "!rm {victim}\n%run {victim}",
}

ORPHAN = """
import os, sys, time
def stay():
    os.setsid()
    time.sleep(150)
def inflate(kernel, depth):
    import _imp
    from importlib.machinery import PathFinder
    found = PathFinder.find_spec("_posixsubprocess")
    try:
        module = _imp.create_dynamic(found) if found else _imp.create_builtin("_posixsubprocess")
    except PermissionError:
        import _posixsubprocess as module
    r, w = os.pipe()
    last = (False,) if (3, 11) <= sys.version_info < (3, 14) else ()
    module.fork_exec([b"/bin/true"], [b"/bin/true"], False, (), None, None, -1, -1, -1, -1, -1, -1, r, w, False, False,
                     -1, None, None, None, -1, stay, *last)
"""

GUARDED = {
    "a process by the module beneath": (ORPHAN, ""),
    "a process by what subprocess imported": (
        "import subprocess\ndef inflate(kernel, depth):\n    return subprocess._fork_exec()",
        "stopped in",
    ),
    "a process by multiprocessing": (
        "import multiprocessing.util as m\ndef inflate(kernel, depth):\n    return m.spawnv_passfds(b'/bin/true', [], [])",
        "expected",
    ),
    "another interpreter": (
        """
def inflate(kernel, depth):
    try:
        import _interpreters as i
    except ImportError:
        import _xxsubinterpreters as i
    i.run_string(i.create(), "import os; os.fork()")
""",
        "",
    ),
    "threads without end": (
        """
import threading
threading.stack_size(32768)
def inflate(kernel, depth):
    event = threading.Event()
    while True:
        threading.Thread(target=event.wait, daemon=True).start()
""",
        "thread",
    ),
    "files without end": (
        """
def inflate(kernel, depth):
    number = 0
    while True:
        number += 1
        with open(str(number), "wb") as file:
            file.write(bytes(10**7))
""",
        "wrote too many files",
    ),
    "threads with large stacks": (
        """
import threading
threading.stack_size(1 << 28)
def inflate(kernel, depth):
    event = threading.Event()
    while True:
        threading.Thread(target=event.wait, daemon=True).start()
""",
        "can't start new thread",
    ),
    "reads the accounts": (
        "def inflate(kernel, depth):\n    raise ValueError(open('/etc/passwd').read())",
        "FileNotFoundError",
    ),
    "kills its parent by a descriptor": (
        "import os, signal\ndef inflate(kernel, depth):\n    signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 9)",
        "",
    ),
    "deletes its own folder": (
        "import os, shutil\ndef inflate(kernel, depth):\n    here = os.getcwd()\n    shutil.rmtree(here)\n    os.rmdir(here)",
        "stopped in",
    ),
    "takes its own folder's rights": (
        "import os\ndef inflate(kernel, depth):\n    os.makedirs('x', exist_ok=True)\n    os.chmod('x', 0)\n    os.chmod('.', 0)",
        "",
    ),
    "writes without end": (
        """
import os
def inflate(kernel, depth):
    while True:
        for channel in range(3, 32):
            try:
                os.write(channel, b"x" * 60000)
            except OSError:
                pass
""",
        "wrote too much",
    ),
    "closes the line": (
        "import os\ndef inflate(kernel, depth):\n    os.closerange(3, 64)\n    return kernel",
        "ended the whole",
    ),
    "writes the answers itself": (
        """
import json, os
def inflate(kernel, depth):
    for number in range(20):
        for value in (0.0, 1.0, [1.0, 2.0]):
            line = {"call": number, "value": {"kind": "array", "shape": [1], "value": [value]}, "points": 20}
            for channel in range(3, 32):
                try:
                    os.write(channel, (json.dumps(line) + chr(10)).encode())
                except OSError:
                    pass
""",
        "",
    ),
    "a nest too deep to look into": (
        """
import os
def inflate(kernel, depth):
    line = '{"call": 0, "value": ' + '{"kind": "items", "value": [' * 220 + "1" + "]}" * 220 + "}"
    for channel in range(3, 32):
        try:
            os.write(channel, (line + chr(10)).encode())
        except OSError:
            pass
""",
        "",
    ),
}

NEED_ISOLATION = frozenset(
    {
        *("deletes a file", "overwrites a file", "deletes a folder", "runs a program", "runs the shell", "forks"),
        *("kills its parent", "kills its parent by a descriptor", "network", "socket", "compiled functions"),
        *("the package's own answers by importlib", "the package's text", "the teacher's text", "its parent's memory"),
        *("a link to the teacher's text", "a path around", "a path that changes its mind", "reads the accounts"),
        *("a process by multiprocessing", "deletes its own folder"),
    }
)
