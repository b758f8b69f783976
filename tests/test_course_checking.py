"""A student's file, however it was written, becomes the cells that are meant."""

import json

import pytest

from keras_apps.course.checking import cells_of, functions_of


def test_cells_of_a_python_file_have_titles_and_kinds(tmp_path):
    """A title is no code; text cells are left out; a cell's header is its line 1, as in an editor that folds cells."""
    file = tmp_path / "answers.py"
    file.write_text("a = 1\n# %% Exercise 1\nb = 2\n# %% [markdown]\n# words\n# %% [raw]\nno code\n# %%\nc = 3\n")
    assert cells_of(file) == ["a = 1\n", "#\nb = 2\n", "#\nc = 3\n"]
    for cell in cells_of(file):
        compile(cell, "cell", "exec")


def test_a_byte_order_mark_and_large_endings_are_taken(tmp_path):
    (tmp_path / "UP.PY").write_bytes(b"\xef\xbb\xbfa = 1\n")
    assert cells_of(tmp_path / "UP.PY") == ["a = 1\n"]
    notebook = {"cells": [{"cell_type": "code", "source": ["b = 2"]}, {"cell_type": "markdown", "source": "x"}]}
    (tmp_path / "UP.IPYNB").write_text("\ufeff" + json.dumps(notebook), encoding="utf-8")
    assert cells_of(tmp_path / "UP.IPYNB") == ["b = 2"]


def test_a_copy_is_graded_where_it_is_alone(tmp_path):
    """Browsers name a second download so; beside NAME.ipynb, or where there are two, nobody knows which counts."""
    from keras_apps.course.nbgrader.submissions import only_copy

    def among(*names):
        found = only_copy("convolutions", [tmp_path / f"{name}.ipynb" for name in names])
        return found and found.stem

    for name in ("convolutions (1)", "convolutions(2)", "convolutions - Copy", "convolutions-Copy1", "convolutions_1"):
        assert among(name) == name
        assert among(name, "convolutions") is None and among(name, "convolutions (7)") is None
    assert among("art_generation (1)") is None and among("my convolutions") is None and among() is None
    (tmp_path / "source").touch()
    (tmp_path / "convolutions (1).ipynb").symlink_to(tmp_path / "source")
    assert among("convolutions (1)") is None


def test_format_3_is_read(tmp_path):
    cells = [{"cell_type": "code", "input": ["a = 1\n", "b = 2"]}, {"cell_type": "markdown", "source": "x"}]
    (tmp_path / "old.ipynb").write_text(json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}), encoding="utf-8")
    assert cells_of(tmp_path / "old.ipynb") == ["a = 1\nb = 2"]


def test_the_error_says_what_is_wrong_with_a_path(tmp_path):
    with pytest.raises(ValueError, match="which is a folder"):
        cells_of(tmp_path)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        cells_of(tmp_path / "no.py")
    (tmp_path / "a.txt").touch()
    with pytest.raises(ValueError, match=r"notebook \(.ipynb\) or a Python file"):
        cells_of(tmp_path / "a.txt")


def test_functions_may_be_assigned():
    cells = ["inflate = lambda kernel, depth: kernel", "def conv1d(x): pass", "def broken(:"]
    assert functions_of(cells) == {"inflate", "conv1d", "broken"}


def test_links_are_no_submissions(tmp_path):
    """A link could lead to the solved source; a file in folders of its own is taken."""
    pytest.importorskip("nbgrader")
    from keras_apps.course.nbgrader.preprocessors import _check_no_link

    source = tmp_path / "source.ipynb"
    source.touch()
    for student in ("ann", "ben"):
        (tmp_path / "submitted" / student / "convolutions").mkdir(parents=True)
    own, linked = (tmp_path / "submitted" / name / "convolutions" / "convolutions.ipynb" for name in ("ann", "ben"))
    own.touch()
    _check_no_link(own)
    linked.symlink_to(source)
    (tmp_path / "submitted" / "eve").symlink_to(tmp_path / "submitted" / "ann")
    for path in (linked, tmp_path / "submitted" / "eve" / "convolutions" / "convolutions.ipynb"):
        with pytest.raises(ValueError, match="a symbolic link"):
            _check_no_link(path)


@pytest.mark.parametrize(
    "text", ["[1, 2]", "null", "5", '"x"', '{"cells": 5}', '{"cells": [5]}', '{"worksheets": [5]}']
)
def test_the_error_says_that_json_is_not_a_notebook(tmp_path, text):
    (tmp_path / "a.ipynb").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="cannot be read as one"):
        cells_of(tmp_path / "a.ipynb")


def test_marked_cells_are_kept_wherever_they_stand():
    """Four own cells, one of them with the mark of a later one, are one too many; the marked ones do not count."""
    pytest.importorskip("nbgrader")
    import nbformat

    from keras_apps.course.nbgrader import preprocessors

    def cell(source, name=None):
        marked = {} if name is None else {"nbgrader": {"grade_id": name}}
        return nbformat.v4.new_code_cell(source, metadata=marked)

    cells = [
        cell("a"),
        cell("copy", "f"),
        cell("other", "unknown"),
        cell("b"),
        cell("f", "f"),
        cell("tests", "tests_f"),
    ]
    kept = preprocessors._not_too_many(cells, {"f": 0, "tests_f": 0}, 4)
    assert kept == cells
    notice, *kept = preprocessors._not_too_many(cells, {"f": 0, "tests_f": 0}, 3)
    assert [c.source for c in kept] == ["a", "copy", "other", "f", "tests"]
    assert notice.cell_type == "markdown" and notice.source.startswith("**1 cell was left out**")
    assert [c.source for c in preprocessors._not_too_many(cells, {}, 0)][1:] == []
