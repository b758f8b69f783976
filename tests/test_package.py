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
def test_imports_without_tensorflow(module):
    assert run(f"import sys, {module}; print('tensorflow' in sys.modules or 'keras' in sys.modules)") == "False\n"


def test_import_and_help_take_under_half_a_second():
    code = "import subprocess, sys, time; t = time.perf_counter(); subprocess.run([sys.executable, *sys.argv[1:]], "
    code += "check=True, stdout=subprocess.DEVNULL); print(time.perf_counter() - t)"
    for arguments in (["-c", "import keras_apps"], ["-m", "keras_apps.cli.main", "--help"]):
        command = [sys.executable, "-c", code, *arguments]
        seconds = [float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(5)]
        assert min(seconds) < 0.5, (arguments, seconds)


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
