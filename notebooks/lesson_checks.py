"""A lesson's notebook and its source -> a list of faults, in words."""

from __future__ import annotations

import ast
import base64
import io
import re

from PIL import Image

LARGEST = 1_500_000  # bytes of a committed notebook
HEADINGS = ("The question", "The idea", "The formula", "Change me", "What to take away", "Papers")
DOWNLOADS = re.compile(
    r"https?://|urllib|requests\.|urlopen|urlretrieve|get_file|wget|curl |git clone|[!%]\s*(?:pip|conda)|\bpip\b"
    r"|weights=[\"']imagenet|weights\.download|tensorflow_datasets|keras\.datasets|\.datasets\.load|huggingface"
)
MACHINE = re.compile(
    r"(?<![\w./<:])/(?:home|root|tmp|var|work|usr|opt|mnt|private|Users|content|kaggle)/|\b[A-Z]:\\\\?\w|\b0x[0-9a-f]{6}"
)
WARNING = re.compile(r"WARNING|:\d+: \w*Warning: |^Traceback", re.MULTILINE)
TIMING = re.compile(r"\b\d+(?:\.\d+)?\s?(?:ms|us|µs)?/(?:step|epoch)\b|\bETA\b|\d+it/s")
REMOTE = re.compile(r"<\s*(?:script|iframe|object|embed)\b|\bjavascript:|(?:https?:)?//[\w.-]+\.\w+", re.IGNORECASE)
KINDS = ("text/plain", "text/html", "text/markdown", "text/latex", "image/png", "image/jpeg")  # what outputs may be
FIRST_CELL = """# Run this first: it finds keras_apps where it is installed, or in the clone around this notebook.
# On a hosted notebook service that lacks it, it is installed; nothing else is ever downloaded.
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # a quiet TensorFlow
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # a quick one
if importlib.util.find_spec("keras_apps") is None:
    clone = next((folder for folder in Path.cwd().parents if (folder / "keras_apps" / "__init__.py").is_file()), None)
    services = "COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE", "DEEPNOTE_PROJECT_ID", "BINDER_LAUNCH_HOST"
    if clone:
        sys.path.insert(0, str(clone))
    elif any(name in os.environ for name in services):
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "keras-apps"], check=True)
    else:
        raise ModuleNotFoundError("keras_apps is missing: install it, or open this notebook inside a clone")"""


def faults_of_source(source) -> list[str]:
    """Say what is wrong with a lesson's source, read as a notebook: parts that are missing, cells that download."""
    words = "\n".join(cell.source for cell in source.cells if cell.cell_type == "markdown")
    headings = re.findall(r"^#+ (.*)$", words, re.MULTILINE)
    found = [
        f"expected a heading with {wanted!r}, received {headings}"
        for wanted in HEADINGS
        if not any(wanted.lower() in heading.lower() for heading in headings)
    ]
    if "$" not in words:
        found.append("expected a formula, received none")
    code = [cell for cell in source.cells if cell.cell_type == "code"]
    if not code or code[0].source != FIRST_CELL:
        found.append("the first code cell differs from FIRST_CELL in lesson_checks.py: copy it from there")
    if not any("change-me" in cell.metadata.get("tags", ()) for cell in code):
        found.append("expected a code cell with the tag change-me, received none")
    for cell in code[1:]:
        if match := DOWNLOADS.search(cell.source):
            found.append(f"{cell.id}: expected no download, received {match.group()!r}")
    return found


def faults(notebook, source, text: str) -> list[str]:
    """Say what is wrong with an executed notebook.

    Args:
        notebook: With outputs.
        source: The notebook of its source, without.
        text: The notebook as it stands in its file.
    """
    found = faults_of_source(source)
    wanted, received = (
        [(cell.cell_type, cell.id, cell.source, cell.metadata) for cell in one.cells] for one in (source, notebook)
    )
    if wanted != received or source.metadata != notebook.metadata:
        found.append("the cells differ from those of the source: build it again")
    if len(text.encode()) > LARGEST:
        found.append(f"expected at most {LARGEST / 1e6} MB, received {len(text) / 1e6:.2f} MB")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        counts = [cell.execution_count for cell in code]
        found.append(f"expected every code cell executed once and in order, received execution counts {counts}")
    outputs = [(cell.id, output) for cell in code for output in cell.outputs]
    drawing = _drawing(code)
    if not drawing:
        found.append("expected at least one cell that draws, received none")
    found += [
        f"{cell.id}: this cell draws, but has no picture among its outputs"
        for cell in drawing
        if not any(kind.startswith("image/") for output in cell.outputs for kind in output.get("data", {}))
    ]
    for cell, output in outputs:
        found += [f"{cell}: {fault}" for fault in _faults_of_output(output)]
    return found


def _drawing(code) -> list:
    """Return the cells whose source draws: by `plt.show`, by a `plot_...`, by a function of the lesson that does so,
    or by a picture as their last line.
    """
    trees = []
    for cell in code:
        try:
            trees.append(ast.parse(cell.source))
        except SyntaxError:  # a cell with an IPython magic
            trees.append(ast.Module([], []))
    functions = [one for tree in trees for one in tree.body if isinstance(one, ast.FunctionDef)]
    shows, returns = {"plt.show"}, {"Image", "Image.fromarray", "Image.open"}
    for _ in functions:  # a function may draw by another one
        shows |= {one.name for one in functions if _calls(one, shows)}
        returns |= {
            one.name
            for one in functions
            if any(_calls(line, returns) for line in ast.walk(one) if isinstance(line, ast.Return))
        }
    found = []
    for cell, tree in zip(code, trees, strict=True):
        lines = [line for line in tree.body if not isinstance(line, ast.FunctionDef | ast.ClassDef)]
        last = bool(lines) and isinstance(lines[-1], ast.Expr) and _calls(lines[-1], returns, outermost=True)
        if last or any(_calls(line, shows) for line in lines):
            found.append(cell)
    return found


def _calls(tree: ast.AST, names: set[str], outermost: bool = False) -> bool:
    nodes = [getattr(tree, "value", None)] if outermost else ast.walk(tree)
    called = {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}
    return bool(called & names) or any(".plot_" in name for name in called)


def _faults_of_picture(kind: str, encoded: str) -> list[str]:
    try:
        with Image.open(io.BytesIO(base64.b64decode("".join(encoded.split()), validate=True))) as picture:
            picture.load()
            received = f"image/{picture.format.lower()}"
    except (ValueError, OSError, SyntaxError) as error:  # not base64; not a picture, or only part of one; a broken PNG
        received = f"a file that cannot be decoded ({error.__class__.__name__})"
    return [] if received == kind else [f"expected {kind}, received {received}"]


def _faults_of_output(output) -> list[str]:
    if output.output_type == "error":
        return [f"expected no error, received {output.ename}"]
    if output.output_type == "stream" and output.name == "stderr":
        return [f"expected nothing on standard error, received {output.text[:200]!r}"]
    texts = [output.get("text", ""), *(value for kind, value in output.get("data", {}).items() if "text/" in kind)]
    found = []
    for kind, value in output.get("data", {}).items():
        if kind not in KINDS:
            found.append(f"expected text or a picture, received {kind}")
        elif kind.startswith("image/"):
            found += _faults_of_picture(kind, value)
        elif kind != "text/plain" and (match := REMOTE.search(value)):
            found.append(f"expected no script and no address in {kind}, received {match.group()!r}")
    for name, pattern in (("path or address of a machine", MACHINE), ("timing", TIMING), ("warning", WARNING)):
        for match in pattern.finditer("\n".join(texts)):
            found.append(f"expected no {name} in an output, received {match.group()!r}")
    return found
