"""A student's file -> the sources of its cells."""

from __future__ import annotations

import ast
import json
import os
import re
from pathlib import Path

MOST_BYTES = 50 << 20
HEADER = re.compile(r"^# %%(.*)$", re.MULTILINE)
"""What begins a cell of a Python file, with its title and kind; the rest of its line is no code."""


def cells_of(path: str | os.PathLike) -> list[str]:
    """Read the code cells of a notebook, or a Python file as one cell for each `# %%`, text cells left out.

    Args:
        path: `.ipynb`, `.py`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is neither a notebook nor Python.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise ValueError(f"expected a notebook or a Python file, received '{path}', which is no file")
    if not path.exists():
        raise FileNotFoundError(f"expected a notebook or a Python file, received '{path}', which does not exist")
    if path.suffix.lower() not in (".ipynb", ".py"):
        raise ValueError(f"expected a notebook (.ipynb) or a Python file (.py), received '{path}'")
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"expected a file of up to {MOST_BYTES >> 20} MB, received '{path}': clear its outputs first")
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows writes a mark before the first letter
    except UnicodeDecodeError:
        raise ValueError(f"expected text in UTF-8, received '{path}'") from None
    if path.suffix.lower() == ".py":
        first, *rest = HEADER.split(text)
        titled = zip(rest[::2], rest[1::2], strict=True)
        cells = [first, *(f"#{body}" for title, body in titled if not re.search(r"\[(markdown|raw)\]", title))]
        return [cell for cell in cells if cell.strip("# \n")]
    try:
        notebook = json.loads(text)
        sheets = notebook.get("worksheets", [notebook])  # format 3 had sheets
        code = [cell for sheet in sheets for cell in sheet["cells"] if cell["cell_type"] == "code"]
        return ["".join(cell["source"] if "source" in cell else cell["input"]) for cell in code]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError(
            f"expected a notebook in format 3 or 4, received '{path}', which cannot be read as one"
        ) from None


def functions_of(cells: list[str]) -> set[str]:
    """Return the names of the functions that cells define, without running them."""
    found = set()
    for cell in cells:
        try:
            tree = ast.parse(cell)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            found |= {line[4:].split("(")[0].strip() for line in cell.splitlines() if line.startswith("def ")}
            continue
        found |= {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
        named = [node.targets for node in ast.walk(tree) if isinstance(node, ast.Assign)]
        found |= {target.id for targets in named for target in targets if isinstance(target, ast.Name)}
    return found
