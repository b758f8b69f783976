"""A file is replaced by a whole one or not at all."""

import os
import stat
import tempfile

import pytest

from keras_apps import _files


def test_success_replaces_and_failure_keeps(tmp_path):
    path = tmp_path / "a.txt"
    with _files.written_aside(path) as aside:
        aside.write_text("first")
    with pytest.raises(RuntimeError), _files.written_aside(path) as aside:
        aside.write_text("half")
        raise RuntimeError
    assert path.read_text() == "first" and os.listdir(tmp_path) == ["a.txt"]


def test_permissions_are_those_of_any_new_file(tmp_path):
    with _files.written_aside(tmp_path / "a") as aside:
        aside.write_text("x")
    (tmp_path / "b").write_text("x")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == stat.S_IMODE((tmp_path / "b").stat().st_mode)


def refuse(**options):
    raise OSError(30, "Read-only file system")


def test_a_failure_names_the_file_and_not_the_one_aside(tmp_path):
    with pytest.raises(OSError, match="could not write '.*a.txt': No space"), _files.written_aside(tmp_path / "a.txt"):
        raise OSError(28, "No space left on device")
    assert os.listdir(tmp_path) == []


def test_destinations_that_cannot_be_written(tmp_path, monkeypatch):
    with pytest.raises(IsADirectoryError, match="expected a file"):
        _files.check_destination(tmp_path)
    with pytest.raises(FileNotFoundError, match="existing folder"):
        _files.check_destination(tmp_path / "none" / "a")
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)
    with pytest.raises(PermissionError, match="expected a writable folder"):
        _files.check_destination(tmp_path / "a")
