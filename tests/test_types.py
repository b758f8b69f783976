"""Editors and type checkers see every public name, with a type."""

import ast
import importlib
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import keras_apps

ROOT = Path(__file__).parent.parent
PACKAGES = ("faces", "style", "visualize", "dimensions", "export", "course")


def stub_of(package: str) -> ast.Module:
    path = Path(keras_apps.__file__).parent / package / "__init__.pyi"
    return ast.parse(path.read_text("utf-8"))


def listed_in(stub: ast.Module) -> list[str]:
    """Return the names of a stub's `__all__`."""
    (value,) = (node.value for node in stub.body if isinstance(node, ast.Assign) and node.targets[0].id == "__all__")
    return ast.literal_eval(value)


@pytest.mark.parametrize("package", ["", *PACKAGES])
def test_a_stub_lists_what_it_imports_and_what_exists(package):
    """Each line has the form `from .module import Name as Name`: without `as`, a stub's import is private."""
    stub = stub_of(package)
    module = importlib.import_module(f"keras_apps.{package}".rstrip("."))
    imports = [node for node in stub.body if isinstance(node, ast.ImportFrom)]
    assert all(node.level == 1 and alias.name == alias.asname for node in imports for alias in node.names)
    imported = [alias.name for node in imports for alias in node.names]
    assert len(imported) == len(set(imported))
    defined = [node.name for node in stub.body if isinstance(node, ast.FunctionDef)]
    defined += [node.target.id for node in stub.body if isinstance(node, ast.AnnAssign)]
    assert sorted(listed_in(stub)) == sorted(imported + defined) == sorted(module.__all__)
    for node in imports:
        source = importlib.import_module(f"{module.__name__}.{node.module}" if node.module else module.__name__)
        for alias in node.names:
            assert getattr(module, alias.name) is getattr(source, alias.name)


def parameters_without_type(function) -> list[str]:
    signature = inspect.signature(function)
    names = [p.name for p in signature.parameters.values() if p.annotation is p.empty and p.name not in ("self", "cls")]
    needs_return = signature.return_annotation is signature.empty and function.__name__ != "__init__"
    return names + ["return"] * needs_return


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_function_and_method_is_annotated(package):
    module = importlib.import_module(f"keras_apps.{package}")
    without = {}
    for name in module.__all__:
        value = getattr(module, name)
        functions = {name: value} if inspect.isfunction(value) else {}
        if inspect.isclass(value):
            members = {key: inspect.unwrap(getattr(m, "__func__", m)) for key, m in vars(value).items()}
            public = {key: m for key, m in members.items() if inspect.isfunction(m) and not key.startswith("_")}
            functions = {f"{name}.{key}": m for key, m in {**public, "__init__": members.get("__init__")}.items() if m}
        for label, function in functions.items():
            if function.__module__.startswith("keras_apps") and (missing := parameters_without_type(function)):
                without[label] = missing
    assert without == {}


@pytest.fixture(scope="module")
def mypy_lines(tmp_path_factory):
    """Return what mypy prints for the package and for a user's file that reveals the type of every public name."""
    pytest.importorskip("mypy")
    folder = tmp_path_factory.mktemp("mypy")
    names = [f"{package}.{name}" for package in PACKAGES for name in listed_in(stub_of(package))]
    lines = [f"from keras_apps import {', '.join(PACKAGES)}", *(f"reveal_type({name})" for name in names)]
    (folder / "use.py").write_text("\n".join(lines) + "\n")
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), "--hide-error-context"]
    command += ["--cache-dir", str(folder / "cache"), "--no-error-summary", "--no-pretty"]
    command += [str(ROOT / "keras_apps"), str(folder / "use.py")]
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return names, done.stdout.splitlines()


@pytest.mark.slow
def test_every_public_name_has_a_type(mypy_lines):
    names, lines = mypy_lines
    of_user = [line for line in lines if re.search(r"\buse\.py:\d+:", line)]
    assert [line for line in of_user if ": error:" in line] == []
    revealed = {}
    for line in of_user:
        if match := re.search(r'use\.py:(\d+): note: Revealed type is "(.*)"$', line):
            revealed[names[int(match[1]) - 2]] = match[2]
    assert sorted(revealed) == sorted(names)
    assert {name: text for name, text in revealed.items() if text in ("Any", "builtins.object", "Unknown")} == {}
    assert revealed["faces.squared_euclidean"].startswith("def (first: ")


@pytest.mark.slow
def test_mypy_finds_no_error_in_the_package(mypy_lines):
    _, lines = mypy_lines
    errors = [line for line in lines if ": error:" in line and "use.py" not in line]
    assert errors == [], f"{len(errors)} errors:\n" + "\n".join(errors[:20])
