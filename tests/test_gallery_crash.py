"""Enrolment through `kill -9`: whatever was reported saved is there afterwards, and the file is whole."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from keras_apps.faces.gallery import sqlite_file
from keras_apps.faces.gallery.store import Store

SCRIPT = Path(__file__).with_name("enrol_until_killed.py")
ROUNDS = 50


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the rounds are forked")
def test_a_hundred_kills_lose_nothing_that_was_reported_saved(tmp_path):
    """50 rounds of two processes each, killed at random moments: 100 kills, many of them within a transaction.

    Encoding i is eight times the number i, so that a torn one would show. At most one encoding per killed process may
    be saved without having been reported.
    """
    path = tmp_path / "people.db"
    command = [sys.executable, SCRIPT, path, str(ROUNDS), "7"]
    environment = os.environ | {"PYTHONPATH": str(Path(sqlite_file.__file__).parents[3])}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=True)
    assert done.stderr == "", "a child that fails is not a child that is killed"
    told = json.loads(done.stdout)
    assert told["journals"] > 0, "some kills must hit a transaction that is under way"
    assert len(told["saved"]) > ROUNDS
    names, rows = Store(path).contents()
    assert (rows.encodings == rows.encodings[:, :1]).all()
    kept = rows.encodings[:, 0].astype(int).tolist()
    assert len(set(kept)) == len(kept) and set(told["saved"]) <= set(kept)
    assert len(kept) - len(told["saved"]) <= 2 * ROUNDS
    assert {names[owner] for owner in rows.owners} == {f"person {number % 7}" for number in kept}
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert os.listdir(tmp_path) == ["people.db"], "opening clears away what a killed process left"
