"""Shared fixtures. Nothing here needs the network or photographs outside the package."""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import pytest

from keras_apps import faces, images


@pytest.fixture(scope="session")
def tower():
    return faces.load_tower()


@pytest.fixture(scope="session")
def chips():
    """Aligned chips of the bundled people, found once."""
    names = ("obama", "obama2", "obama3", "obama_partial", "biden", "astronaut", "hopper")
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
