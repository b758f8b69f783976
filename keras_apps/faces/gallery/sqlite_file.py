"""One SQLite file: a lock for threads, transactions for processes, and a journal that keeps nothing."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from keras_apps.faces.gallery.names import GalleryError

SECONDS_TO_WAIT = 5.0
_ZEROS = bytes(1 << 20)


class Database:
    """Open an SQLite file, and create it if it does not exist. What is removed is overwritten in both file and journal.

    SQLite keeps the old content of changed pages in a journal beside the file until a change is finished, and then
    deletes the journal, which leaves that content on the disk. Here the journal is overwritten with zeros first,
    while the lock is still held, and a journal that a killed process left is overwritten at the next opening.

    Args:
        path: The file. Its folder must exist.

    Raises:
        GalleryError: If the file is not an SQLite file, is locked by another process, or cannot be written.
        FileNotFoundError: If the folder does not exist.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self._journal = Path(f"{self.path.absolute()}-journal")
        self._lock = threading.RLock()  # one thread at a time: a transaction belongs to the connection
        if not self.path.parent.is_dir():
            raise FileNotFoundError(f"expected an existing folder for the gallery, received '{self.path.parent}'")
        if self.path.is_dir():
            raise GalleryError(f"expected a gallery file, received the folder '{self.path}'")
        is_new = self._create()
        with self._errors():
            self._connection = sqlite3.connect(
                self.path.absolute(), timeout=SECONDS_TO_WAIT, isolation_level=None, check_same_thread=False
            )
            try:
                self._inode = self.path.stat().st_ino
                self._open()
            except BaseException:
                self._connection.close()
                if is_new and self.path.stat().st_size == 0:
                    self.path.unlink()
                raise

    def _create(self) -> bool:
        """Create the file and return true, or return false if it exists; of several processes one creates it."""
        try:
            self.path.open("x").close()
        except FileExistsError:
            return False
        except OSError as error:
            raise GalleryError(f"gallery '{self.path}' cannot be created: {error.strerror}") from None
        return True

    def _open(self) -> None:
        """Set the connection's options; a subclass checks the content first."""
        for option in (
            "foreign_keys = ON",
            "secure_delete = ON",
            "synchronous = FULL",  # what was reported as saved survives a power cut too
            "temp_store = MEMORY",
            "journal_mode = PERSIST",  # SQLite leaves the journal for us to overwrite
        ):
            self._connection.execute(f"PRAGMA {option}")
        if self._journal.exists():
            with contextlib.suppress(sqlite3.OperationalError), self._transaction():
                pass

    def close(self) -> None:
        """Close the file; nothing is pending between calls."""
        self._connection.close()

    def version(self) -> tuple[int, int]:
        """Return a value that changes whenever the file does, through this object or another process."""
        with self._errors():
            return self._connection.execute("PRAGMA data_version").fetchone()[0], self._connection.total_changes

    def _in_place(self) -> bool:
        try:
            return self.path.stat().st_ino == self._inode
        except OSError:
            return False

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[None]:
        """Let several queries see the file as it is at one moment."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("COMMIT")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """Change all or nothing, and overwrite the journal before others may write."""
        run = self._connection.execute
        self._begin()
        run("PRAGMA locking_mode = EXCLUSIVE")  # the lock is kept beyond the commit
        try:
            yield
            run("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                run("ROLLBACK")
            raise
        finally:
            try:
                has_journal = self._wiped()
            finally:
                run("PRAGMA locking_mode = NORMAL")
                run("SELECT count(*) FROM sqlite_master").fetchone()  # the next access gives the lock back
            if has_journal:
                with contextlib.suppress(sqlite3.OperationalError):
                    run("PRAGMA journal_mode = DELETE")  # deletes it, under a lock, unless another process uses it
                    run("PRAGMA journal_mode = PERSIST")

    def _begin(self) -> None:
        """Take the lock. SQLite's own retries come ever less often, and starve beside a busy process."""
        run, end = self._connection.execute, time.monotonic() + SECONDS_TO_WAIT
        run("PRAGMA busy_timeout = 30")
        try:
            while True:
                try:
                    run("BEGIN EXCLUSIVE")
                    return
                except sqlite3.OperationalError as error:
                    if "locked" not in str(error) or time.monotonic() > end:
                        raise
        finally:
            run(f"PRAGMA busy_timeout = {1000 * SECONDS_TO_WAIT:.0f}")

    def _wiped(self) -> bool:
        """Overwrite the journal with zeros and return true, where there is one."""
        try:
            with open(self._journal, "r+b", buffering=0) as journal:
                left = os.fstat(journal.fileno()).st_size
                while left:
                    left -= journal.write(_ZEROS[:left])
                os.fsync(journal.fileno())
        except FileNotFoundError:
            return False
        except OSError as error:
            reason = f"'{self._journal}' could not be overwritten: {error.strerror}"
            raise GalleryError(f"the change of '{self.path}' is finished, but {reason}") from None
        return True

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Hold the lock, and turn SQLite's errors into a `GalleryError` of one line."""
        try:
            with self._lock:
                yield
        except UnicodeDecodeError:
            raise GalleryError(f"gallery '{self.path}' is damaged: it holds a name that is not text") from None
        except (TypeError, OverflowError):
            raise GalleryError(
                f"gallery '{self.path}' is damaged: it holds a value that is missing or has a wrong type"
            ) from None
        except sqlite3.Error as error:
            raise GalleryError(f"gallery '{self.path}' {_reason(str(error))}") from None


def _reason(text: str) -> str:
    if "locked" in text or "busy" in text:
        return f"is in use by another process, for longer than {SECONDS_TO_WAIT:g} seconds; nothing was changed"
    if "not a database" in text or "malformed" in text:
        return "is not a gallery: it is damaged, or not an SQLite file"
    if "readonly" in text:
        return "is read-only; nothing was changed"
    if "full" in text:
        return "cannot grow: the disk is full; nothing was changed"
    if "unable to open" in text:
        return "cannot be opened: permission denied, or its folder cannot be written to"
    return f"cannot be used: {text}"
