"""Count what makes a package easy or hard to find one's way in: files, lines, import circles, types.

    python benchmarks/house.py [--root CHECKOUT] [--json]

Run it on two checkouts to compare them. Imports within functions count; imports under `if TYPE_CHECKING:` do not, as
they do not run. A circle is a group of modules that import one another; imports of a package's lazy public names are
followed to the module that defines the name. mypy and pyright run with one configuration for every checkout, the same
that `--strict` means less what Keras, which comes without types, makes impossible; a tool that is not installed is
left out.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

MYPY = """[mypy]
strict = true
ignore_missing_imports = true
disallow_subclassing_any = false
disallow_untyped_decorators = false
disallow_any_generics = false
warn_return_any = false
implicit_reexport = true
[mypy-keras.*,tensorflow.*]
follow_imports = skip
"""
NAMES = """
import importlib
for package in ("faces", "style", "visualize", "dimensions", "export", "course"):
    module = importlib.import_module(f"keras_apps.{package}")
    print("\\n".join(f"{package}.{name}" for name in module.__all__))
"""


def modules_of(root: Path) -> dict[str, Path]:
    """Return `{dotted name: file}` of all modules of `keras_apps` below a checkout."""
    paths = sorted((root / "keras_apps").rglob("*.py"))
    return {".".join(p.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): p for p in paths}


def imports_of(path: Path, modules: dict[str, Path]) -> set[str]:
    """Return the modules of the package that a module imports when it, or one of its functions, runs."""
    found = set()
    skipped = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            skipped |= {id(child) for part in node.body for child in ast.walk(part)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("keras_apps"):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in modules else node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in modules}
    return {name for name in found if name in modules}


def circles_of(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of two or more modules that import one another (Tarjan's strongly connected components)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    circles = []

    def visit(name: str) -> None:
        number[name] = lowest[name] = len(number)
        stack.append(name)
        for other in graph[name]:
            if other not in number:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in stack:
                lowest[name] = min(lowest[name], number[other])
        if lowest[name] == number[name]:
            group = [stack.pop()]
            while group[-1] != name:
                group.append(stack.pop())
            if len(group) > 1:
                circles.append(sorted(group))

    sys.setrecursionlimit(10_000)
    for name in graph:
        if name not in number:
            visit(name)
    return circles


def revealed_types(root: Path, folder: Path) -> tuple[int, int]:
    """Return how many public names there are, and how many mypy gives a type that is not just `Any`."""
    names = subprocess.run([sys.executable, "-c", NAMES], cwd=root, capture_output=True, text=True, check=True)
    public = names.stdout.split()
    code = "from keras_apps import course, dimensions, export, faces, style, visualize\n"
    (folder / "use.py").write_text(code + "".join(f"reveal_type({name})\n" for name in public))
    command = [sys.executable, "-m", "mypy", "--config-file", str(folder / "mypy.ini"), str(folder / "use.py")]
    out = subprocess.run(command, cwd=root, capture_output=True, text=True).stdout
    revealed = re.findall(r'use\.py:(\d+): note: Revealed type is "(.*)"', out)
    return len(public), sum(text not in ("Any", "builtins.object") for _, text in revealed)


def main() -> None:
    """Print the counts of one checkout."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[1])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    root = arguments.root.resolve()
    modules = modules_of(root)
    graph = {name: imports_of(path, modules) - {name} for name, path in modules.items()}
    files = Counter(str(path.parent.relative_to(root)) for path in modules.values())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "mypy.ini").write_text(MYPY)
        command = [sys.executable, "-m", "mypy", "--config-file", str(folder / "mypy.ini"), "keras_apps"]
        checked = subprocess.run(command, cwd=root, capture_output=True, text=True).stdout
        errors = re.search(r"Found (\d+) errors?", checked)
        public, typed = revealed_types(root, folder)
    result = {
        "modules": len(modules),
        "files per folder": dict(sorted(files.items())),
        "largest folder": max(files.values()),
        "circles of imports": circles_of(graph),
        "modules that import the command line": sorted(
            name
            for name, others in graph.items()
            if not name.startswith("keras_apps.cli") and any(other.startswith("keras_apps.cli") for other in others)
        ),
        "lines of product": lines_of(modules.values()),
        "lines of tests": lines_of((root / "tests").rglob("*.py")),
        "mypy errors": int(errors[1]) if errors else 0,
        "public names": public,
        "public names with a type": typed,
    }
    if shutil.which("pyright"):
        out = subprocess.run(["pyright", "keras_apps"], cwd=root, capture_output=True, text=True).stdout
        result["pyright errors"] = int(re.search(r"(\d+) errors?", out)[1])
    if arguments.json:
        print(json.dumps(result))
        return
    for key, value in result.items():
        print(f"{key:40} {value}")


def lines_of(paths) -> int:
    """Return the number of lines of some files together."""
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


if __name__ == "__main__":
    main()
