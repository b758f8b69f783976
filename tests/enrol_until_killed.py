"""Enrol in forked processes, kill each at a random moment, and print what was reported saved.

    python tests/enrol_until_killed.py GALLERY KILLS SEED

Every round two processes enrol until both are killed. Each writes the number of an
encoding to its pipe after `add` has come back. Only NumPy and SQLite are loaded, so that a round takes milliseconds.
"""

import json
import os
import random
import select
import signal
import sys
import time
from pathlib import Path

import numpy as np

from keras_apps.faces.gallery.store import Store


def enrol(path: str, first: int, report: int) -> None:
    store = Store(path)
    for number in range(first, first + 1000):
        store.add(f"person {number % 7}", np.full((1, 8), number, np.float32), "tower")
        os.write(report, b"%d\n" % number)


def start(path: str, first: int) -> tuple[int, int]:
    out, report = os.pipe()
    child = os.fork()
    if not child:
        try:
            enrol(path, first, report)
        except BaseException as error:
            print(error, file=sys.stderr, flush=True)
        os._exit(1)
    os.close(report)
    return child, out


def main() -> None:
    path, kills, random_ = sys.argv[1], int(sys.argv[2]), random.Random(int(sys.argv[3]))
    saved, journals = [], 0
    for kill in range(kills):
        children = [start(path, 1000 * (2 * kill + i)) for i in (0, 1)]
        heard, wanted = b"", random_.randint(0, 3)
        while heard.count(b"\n") < wanted:  # however busy the machine is, something is saved
            for out in select.select([out for _, out in children], [], [])[0]:
                heard += os.read(out, 100) or sys.exit("a child stopped by itself")
        time.sleep(random_.uniform(0, 0.02))
        for child, _ in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        left = Path(f"{path}-journal")
        journals += left.exists() and left.stat().st_size > 0
        for _, out in children:
            with os.fdopen(out, "rb") as lines:
                heard += lines.read()
        saved += [int(line) for line in heard.splitlines()]
    print(json.dumps({"saved": saved, "journals": journals}))


if __name__ == "__main__":
    main()
