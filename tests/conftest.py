"""Shared fixtures. Nothing here needs the network or photographs outside the package."""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import pytest

from keras_apps import faces, images
from keras_apps.cli import main


@pytest.fixture(scope="session")
def tower():
    return faces.load_tower()


@pytest.fixture(scope="session")
def chips():
    """Aligned chips of the bundled people, found once."""
    names = ("obama", "obama2", "obama3", "biden", "astronaut", "hopper")
    return {name: faces.find_faces(f"bundled:{name}")[0].image for name in names}


@pytest.fixture(scope="session")
def two_faces():
    """A picture of two people, side by side; the second face is larger."""
    left, right = (images.resize(images.load_image(f"bundled:{n}"), 400) for n in ("astronaut", "hopper"))
    height = max(left.shape[0], right.shape[0])
    return np.concatenate([np.pad(p, ((0, height - p.shape[0]), (0, 0), (0, 0))) for p in (left, right)], axis=1)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def run(monkeypatch, capfd, tmp_path):
    """Run the command in a clean folder; gives exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["keras-apps", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main.main()
        captured = capfd.readouterr()
        return stopped.value.code, captured.out, captured.err

    return run


@pytest.fixture
def fails(run):
    """Run a command that must fail with exit code 2, one line on standard error, nothing on standard output."""

    def fails(*arguments):
        code, out, err = run(*arguments)
        lines = [line for line in err.splitlines() if line.startswith("keras-apps: ")]
        assert code == 2 and out == "" and len(lines) == 1 and "Traceback" not in err, (code, out, err)
        return lines[0]

    return fails
