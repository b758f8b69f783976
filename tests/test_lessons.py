"""Are the committed lessons those of their sources, whole, small and clean? None of them is executed here."""

import base64
import copy
import importlib.util
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("jupytext", reason="lessons are built with the `course` extra")
pytest.importorskip("nbclient", reason="lessons are built with the `course` extra")
nbformat = pytest.importorskip("nbformat")

ROOT = Path(__file__).parent.parent
NOTEBOOKS = ROOT / "notebooks"


def _module(name):
    spec = importlib.util.spec_from_file_location(name, NOTEBOOKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


checks, outputs, build = map(_module, ("lesson_checks", "lesson_outputs", "build"))
NAMES = build.names_of_lessons()


def _committed(name):
    path = build.LESSONS / f"{name}.ipynb"
    return nbformat.read(path, as_version=4), path.read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_committed_lesson_is_what_its_source_says(name):
    """Cells, headings, the first cell, sizes, outputs without errors, warnings and paths; no cell downloads."""
    notebook, text = _committed(name)
    assert checks.faults(notebook, build.notebook_of(name), text) == []


def test_no_notebook_is_without_a_source():
    assert {path.stem for path in build.LESSONS.glob("*.ipynb")} == set(NAMES)
    assert build.unpaired() == []


@pytest.fixture
def lesson():
    notebook, _ = _committed(NAMES[0])
    return notebook, build.notebook_of(NAMES[0])


def _faults(notebook, source):
    return " / ".join(checks.faults(notebook, source, nbformat.writes(notebook)))


def _first_output(notebook, kind):
    return next(o for cell in notebook.cells for o in cell.get("outputs", ()) if o.output_type == kind)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("saved in /home/ada/team.db\n", "path or address"),
        ("C:\\Users\\ada\\team.db\n", "path or address"),
        ("<function f at 0x7f5bfeef1f80>\n", "path or address"),
        ("12/12 - 1s - 80ms/step\n", "timing"),
        ("WARNING:tensorflow:5 out of the last 5 calls\n", "warning"),
        ("FAR and FRR, 1/2, d(A,P)/d(A,N), 0.5 %\n", ""),
    ],
)
def test_what_an_output_may_not_say(lesson, text, fault):
    notebook, source = lesson
    _first_output(notebook, "stream").text = text
    found = _faults(notebook, source)
    assert (fault in found) if fault else found == ""


@pytest.mark.parametrize(
    ("code", "downloads"),
    [
        ("import urllib.request", True),
        ("!pip install something", True),
        ("keras.utils.get_file('x')", True),
        ("keras.applications.VGG19(weights='imagenet')", True),
        ("requests.get(address)", True),
        ("tower = faces.load_tower('synthetic64')", False),
    ],
)
def test_cells_that_download_are_found(lesson, code, downloads):
    source = lesson[1]
    source.cells[-1] = nbformat.v4.new_code_cell(code)
    found = checks.faults_of_source(source)
    assert any("download" in fault for fault in found) == downloads


def test_a_changed_cell_a_missing_heading_and_another_first_cell_are_found(lesson):
    notebook, source = lesson
    changed = copy.deepcopy(notebook)
    changed.cells[0].source += "\nOne more line."
    assert "build it again" in _faults(changed, source)
    for cell in source.cells:
        cell.source = cell.source.replace("## Change me", "## Play")
    first = next(cell for cell in source.cells if cell.cell_type == "code")
    first.source = first.source.replace("import os", "import os as system")
    found = " / ".join(checks.faults_of_source(source))
    assert "'Change me'" in found and "FIRST_CELL" in found


def test_errors_pictures_order_and_size_are_looked_at(lesson):
    notebook, source = lesson
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    cells[0].outputs = [nbformat.v4.new_output("stream", name="stderr", text="UserWarning: beware")]
    assert "standard error" in _faults(notebook, source)
    cells[0].outputs = [nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[])]
    assert "received ValueError" in _faults(notebook, source)
    cells[0].outputs = [nbformat.v4.new_output("stream", name="stdout", text="x" * 1_500_000)]
    assert "expected at most 1.5 MB" in _faults(notebook, source)
    cells[0].execution_count = 7
    assert "in order" in _faults(notebook, source)
    for cell in cells:
        cell.outputs = [nbformat.v4.new_output("display_data", {"text/plain": "no picture"})]
    assert "has no picture" in _faults(notebook, source)


@pytest.mark.parametrize("name", NAMES)
def test_a_cell_that_lost_its_picture_is_found(name):
    """Dropping the outputs of any cell with pictures is a fault that names the cell."""
    notebook, source = build.committed(build.LESSONS / f"{name}.ipynb"), build.notebook_of(name)
    drawn = [
        n for n, cell in enumerate(notebook.cells) if "image/" in str([o.get("data") for o in cell.get("outputs", ())])
    ]
    assert len(drawn) >= 5
    for number in drawn:
        lost = copy.deepcopy(notebook)
        lost.cells[number].outputs = []
        found = checks.faults(lost, source, "")
        assert found == [f"{lost.cells[number].id}: this cell draws, but has no picture among its outputs"]


@pytest.mark.parametrize(
    ("code", "draws"),
    [
        ("plt.plot(x)\nplt.show()", True),
        ("for one in range(2):\n    show(one)", True),
        ("def show(one):\n    plt.show()", False),
        ("shown(sheet)", True),
        ("sheet_of('conv1')", True),
        ("picture = shown(sheet)", False),
        ("Image.fromarray(array)", True),
        ("Image.fromarray(array).size", False),
        ("faces.plot_distances(d, same)", True),
        ("print(1)", False),
        ("%matplotlib inline", False),
    ],
)
def test_which_cells_draw(code, draws):
    """`shown` returns a picture, which is only seen as a cell's last line; `sheet_of` returns what `shown` does."""
    before = (
        "def show(one):\n    plt.show()\ndef sheet_of(layer):\n    return shown(draw(layer))\n"
        "def shown(sheet):\n    if sheet:\n        return Image.fromarray(sheet)"
    )
    cells = [nbformat.v4.new_code_cell(text) for text in (before, code)]
    assert checks._drawing(cells) == cells[1:] * draws


def _picture(format, side=40):
    page = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)).save(page, format)
    return base64.b64encode(page.getvalue()).decode()


@pytest.mark.parametrize(
    ("kind", "value", "fault"),
    [
        ("image/jpeg", _picture("JPEG"), ""),
        ("image/png", _picture("PNG") + "\n", ""),
        ("image/jpeg", "AAAA", "received a file that cannot be decoded"),
        ("image/png", "no base64!", "received a file that cannot be decoded"),
        ("image/png", _picture("PNG")[:2000], "received a file that cannot be decoded"),
        ("image/jpeg", _picture("JPEG")[:1200], "received a file that cannot be decoded"),
        ("image/jpeg", _picture("PNG"), "expected image/jpeg, received image/png"),
        ("image/svg+xml", "<svg/>", "expected text or a picture"),
        ("application/javascript", "alert(1)", "expected text or a picture"),
        ("text/html", "<b>2 < 3</b> // a comment", ""),
        ("text/html", "<SCRIPT>alert(1)</SCRIPT>", "'<SCRIPT'"),
        (
            "text/html",
            "<script src='https://x.example/z.js'></script>",
            "expected no script and no address in text/html",
        ),
        ("text/html", "<img src=//x.example/z.png>", "'//x.example'"),
        ("text/markdown", "![](http://x.example/z.png)", "expected no script and no address in text/markdown"),
        ("text/plain", "arXiv, https://arxiv.org", ""),
    ],
)
def test_what_a_picture_and_a_page_in_an_output_may_be(lesson, kind, value, fault):
    notebook, source = lesson
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
    cell.outputs.append(nbformat.v4.new_output("display_data", {kind: value}))
    found = _faults(notebook, source)
    assert (fault in found) if fault else found == ""


def test_lessons_are_named_by_number_or_name_and_near_names_are_proposed(capsys):
    assert build.chosen(["1"]) == build.chosen(["01"]) == build.chosen(["01_verification.py"]) == ["01_verification"]
    assert build.chosen([]) == NAMES
    assert build.main(["--check", "01_verificatoin"]) == 2
    assert "did you mean '01_verification'" in capsys.readouterr().err


@pytest.fixture
def own_lesson(tmp_path, monkeypatch):
    """Return a function that makes a lesson `01_small` of some code in a folder of its own, executed by hand."""
    monkeypatch.setattr(build, "LESSONS", tmp_path)
    (tmp_path / "source").mkdir()

    def make(code, words="Small"):
        (tmp_path / "source" / "01_small.py").write_text(f"# %% [markdown]\n# # {words}\n\n# %%\n{code}\n")
        return tmp_path / "01_small.ipynb"

    return make


def test_changed_words_reach_the_notebook_without_executing_it_and_changed_code_does_not(own_lesson, capsys):
    path = own_lesson("print(1)")
    notebook = build.notebook_of("01_small")
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", name="stdout", text="1 of old\n")]
    nbformat.write(notebook, path)
    own_lesson("print(1)", words="Smaller")
    build.main(["--words", "1"])
    assert "# Smaller" in path.read_text() and "1 of old" in path.read_text()
    own_lesson("print(2)", words="Smallest")
    assert build.main(["--words", "1"]) == 1
    assert "changed code" in capsys.readouterr().err and "Smallest" not in path.read_text()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "received 0 bytes that do not hold one (JSONDecodeError: Expecting value"),
        ("{}", "received 2 bytes that do not hold one (ValueError: nbformat None)"),
        ("[]", "received 2 bytes that do not hold one (ValueError: nbformat list)"),
        ('{"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": []}', "(ValueError: nbformat 3)"),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "(KeyError: 'cells')"),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [1]}', "(TypeError: "),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": 1, "cells": []}', "(NotebookValidationError: 1 is not"),
        ('{"nbformat": 4, "nbformat_minor": 5, "cells": [{"cell_ty', "(JSONDecodeError: Unterminated string"),
        ("\udcff", "can't decode byte 0xff"),
    ],
)
def test_a_damaged_notebook_is_reported_in_one_sentence(own_lesson, capsys, content, why):
    """Empty, of another kind, of an old format, without its cells, cut off, not UTF-8: by checks and by new words."""
    path = own_lesson("print(1)")
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    for work in ("--check", "--words"):
        assert build.main([work]) == 1
        told = capsys.readouterr().err
        assert "01_small: expected a notebook of format 4" in told and why in told and told.count("\n") == 1


def test_names_of_notebooks_are_those_of_sources(own_lesson, capsys):
    """A source without a notebook, a notebook without a source, a source that is no lesson; one alone is not asked."""
    path = own_lesson("print(1)")
    (path.parent / "02_left.ipynb").write_text("{}")
    (path.parent / "source" / "intro.py").write_text("")
    assert build.main(["--check"]) == 1
    told = capsys.readouterr()
    assert "01_small: expected a heading" in told.err and "expected a notebook, received none: build it" in told.err
    assert "02_left.ipynb: expected a source of this name, received none" in told.err
    assert "source/intro.py: expected a file name such as 09_more.py" in told.err and "3 with faults" in told.out
    build.main(["--check", "1"])
    assert "02_left" not in capsys.readouterr().err


def test_a_failing_cell_is_shown_and_nothing_is_written(own_lesson, capsys):
    """It takes the kernel that every lesson has: clean, told to be quick, in a folder that is gone afterwards."""
    path = own_lesson("import os\nassert os.environ['KERAS_APPS_QUICK'] == '1'\nopen('left', 'w')\nbroken = 1 / 0")
    assert build.main(["--quick"]) == 1
    told = capsys.readouterr().err
    assert "broken = 1 / 0" in told and "ZeroDivisionError" in told
    assert [one.name for one in path.parent.iterdir()] == ["source"]


def test_log_lines_go_warnings_stay_and_large_pictures_become_small():
    """Noise of 300 x 300 is a PNG of some 270 kB; a flat picture of one colour is tiny and stays as it is."""
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    pictures = {}
    for name, array in {"noise": noise, "flat": np.full((300, 300, 3), 9, np.uint8)}.items():
        page = io.BytesIO()
        Image.fromarray(array).save(page, "PNG")
        pictures[name] = base64.b64encode(page.getvalue()).decode()
    log = "I0000 00:00:17 port.cc:153] oneDNN\n2026-01-01 10:00:00.5: W tensorflow\nUserWarning: beware\n"
    streams = [nbformat.v4.new_output("stream", name="stderr", text=log), *(
        nbformat.v4.new_output("stream", name="stdout", text=text) for text in ("one ", "two\n")
    )]  # fmt: skip
    shown = [
        nbformat.v4.new_output("display_data", {"image/png": png, "text/plain": "<Figure>"})
        for png in pictures.values()
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x", outputs=streams + shown)])
    outputs.clean(notebook)
    errors, joined, large, small = notebook.cells[0].outputs
    assert errors.text == "UserWarning: beware\n" and joined.text == "one two\n"
    assert list(large.data) == ["image/jpeg"] and len(large.data["image/jpeg"]) < len(pictures["noise"])
    assert small.data == {"image/png": pictures["flat"]}


@pytest.mark.parametrize("hosted", [False, True])
def test_the_first_cell_installs_nothing_but_on_a_hosted_service(tmp_path, hosted):
    """In a folder without a clone around it, by a Python that knows no keras_apps and whose pip is replaced."""
    (tmp_path / "pip.py").write_text("import sys; open('asked', 'w').write(' '.join(sys.argv[1:]))")
    (tmp_path / "cell.py").write_text(checks.FIRST_CELL)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tmp_path),
        "SYSTEMROOT": os.environ.get("SYSTEMROOT", ""),
    }
    environment |= {"COLAB_RELEASE_TAG": "1"} if hosted else {}
    hide = "import sys; sys.path = [p for p in sys.path if 'site-packages' not in p and p != ''];"
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"{hide} exec(open('cell.py').read())"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    if hosted:
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "asked").read_text() == "install --quiet keras-apps"
    else:
        assert "keras_apps is missing" in done.stderr and not (tmp_path / "asked").exists()


def test_the_first_cell_finds_the_clone_around_the_notebook(tmp_path):
    """A clone is a folder with keras_apps/__init__.py; the notebook lies two folders below."""
    package, folder = tmp_path / "keras_apps", tmp_path / "notebooks" / "lessons"
    package.mkdir()
    folder.mkdir(parents=True)
    (package / "__init__.py").write_text("where = 'the clone'")
    code = checks.FIRST_CELL + "\nimport keras_apps; print(keras_apps.where)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=folder, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True
    )
    assert done.stdout == "the clone\n", done.stderr
