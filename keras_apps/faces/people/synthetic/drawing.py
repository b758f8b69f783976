"""Draw synthetic pictures, in this process or in several at the same time.

The pictures are small and the drawing is Python's, so threads would wait for one another. The processes are this
interpreter started anew, not forks (TensorFlow's threads do not survive a fork) and not `multiprocessing` (which would
run the user's script again). Whatever a process fails to deliver is drawn here.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys

import numpy as np

from keras_apps.faces.people.synthetic.person import meet
from keras_apps.faces.people.synthetic.photo import take
from keras_apps.faces.people.synthetic.render import render

CHILD = "import json, sys; sys.path[:] = json.loads(sys.stdin.readline()); "
CHILD += "from keras_apps.faces.people.synthetic.drawing import deliver; deliver()"


def draw(images: np.ndarray, seed: int, first_person: int) -> None:
    """Draw the pictures of people in a row, in place.

    Args:
        images: uint8 `(people, pictures, size, size, 3)`, to be filled.
        seed: Seed of the people.
        first_person: Number of the first of them.
    """
    for number, shots in enumerate(images, first_person):
        person = meet(seed, number)
        for index, shot in enumerate(shots):
            shot[:] = render(person, take(seed, number, index, person.glasses), len(shot))


def draw_with(processes: int, images: np.ndarray, seed: int, first_person: int) -> None:
    """Draw as `draw` does, the people divided between this process and others.

    Args:
        processes: How many draw at once, this one counted.
        images: uint8 `(people, pictures, size, size, 3)`, C order, to be filled.
        seed: Seed of the people.
        first_person: Number of the first of them.
    """
    ends = np.linspace(0, len(images), processes + 1).astype(int).tolist()
    parts = [(images[start:end], first_person + start) for start, end in zip(ends, ends[1:], strict=False)]
    children = [_start(part, seed, first) for part, first in parts[1:]]
    try:
        draw(*_arguments(parts[0], seed))
        for child, part in zip(children, parts[1:], strict=True):
            if child is None or not _receive(child, part[0]):
                draw(*_arguments(part, seed))
    finally:
        for child in children:
            if child is not None:
                child.kill()
                child.communicate()


def _arguments(part: tuple[np.ndarray, int], seed: int) -> tuple[np.ndarray, int, int]:
    return part[0], seed, part[1]


def _start(images: np.ndarray, seed: int, first: int) -> subprocess.Popen[bytes] | None:
    try:
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        order = [json.dumps(sys.path), json.dumps([images.shape, seed, first])]
        if child.stdin is not None:
            child.stdin.write("".join(f"{line}\n" for line in order).encode())
            child.stdin.flush()
    except OSError:
        return None
    return child


def _receive(child: subprocess.Popen[bytes], images: np.ndarray) -> bool:
    """Read a process's pictures into their place; false if they did not come whole."""
    rest = images.reshape(-1).data
    while rest and isinstance(child.stdout, io.BufferedReader):
        count = child.stdout.readinto(rest)
        if not count:
            return False
        rest = rest[count:]
    return not rest


def deliver() -> None:
    """In the other process: draw the pictures that standard input asks for, and write them to standard output."""
    shape, seed, first_person = json.loads(sys.stdin.readline())
    images = np.empty(shape, np.uint8)
    draw(images, seed, first_person)
    sys.stdout.buffer.write(images.reshape(-1).data)
    sys.stdout.buffer.flush()
