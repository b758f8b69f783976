"""Importing is light, names are where DESIGN says, and the files agree with each other."""

import importlib
import subprocess
import sys

import pytest

import keras_apps

PACKAGES = ["keras_apps"] + [
    f"keras_apps.{n}" for n in ("faces", "style", "visualize", "dimensions", "export", "course")
]


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("module", ["keras_apps.cli.main", *PACKAGES])
def test_imports_are_light(module):
    """Keras and TensorFlow take seconds to import, SciPy and matplotlib tenths of seconds."""
    heavy = ("tensorflow", "keras", "scipy", "matplotlib")
    assert run(f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])") == "[]\n"


def test_help_imports_no_heavy_library():
    code = """import sys
sys.argv = ["keras-apps", "faces", "enrol", "--help"]
from keras_apps.cli.main import main
try:
    main()
finally:
    print([name for name in ("tensorflow", "keras", "scipy", "matplotlib") if name in sys.modules])"""
    assert run(code).endswith("[]\n")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_exists_and_is_documented(package):
    module = importlib.import_module(package)
    assert module.__doc__ and "->" in module.__doc__
    for name in module.__all__:
        value = getattr(module, name)
        assert name in dir(module)
        assert getattr(value, "__doc__", None) or name.isupper() or name.startswith("__"), name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        keras_apps.nonsense  # noqa: B018
