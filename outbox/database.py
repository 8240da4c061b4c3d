"""One SQLite file that survives power loss, and the transactions on it.

An outbox entry and what its host stores beside it (idempotency, audit) are one commit, so the host shares this file and
these transactions, and adds migrations of its own.
"""

import os
import re
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from contracts.errors import StateUnavailable

BUSY_TIMEOUT_MS: Final = 10_000
"""How long a writer waits for another process's commit before it gives up."""

_MIGRATION = re.compile(r"^(\d{4})_\w+\.sql$")


class DurabilityError(Exception):
    """Raised when the file cannot give the durability that was asked for, such as on a network file system."""


class NewerSchemaError(Exception):
    """Raised when the file was written by a newer release."""


class Database:
    """An SQLite file in WAL mode with synchronous=FULL; one writer at a time, any number of readers."""

    def __init__(self, path: Path, migrations: Mapping[str, str]) -> None:
        """Open or create the file, and bring its schema up to date.

        Args:
            path: the file; created readable by its owner only.
            migrations: package to folder of numbered migrations, in the order in which they are applied.

        Raises:
            DurabilityError: WAL or synchronous=FULL could not be had.
            NewerSchemaError: a migration is recorded that this release does not know.
            StateUnavailable: the file cannot be opened or written.
        """
        self.path = path
        self._writing = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise StateUnavailable(f"{path} cannot be opened: {error.strerror}") from error
        self._writer = self._open()
        try:
            for package, folder in migrations.items():
                self._migrate(package, folder)
        except BaseException:
            self.close()
            raise

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.DatabaseError as error:
            raise StateUnavailable(f"the state cannot be opened: {error}", retry_after_s=5) from error

    def _connect(self) -> sqlite3.Connection:
        # Connections cross threads, one at a time: the writer under its lock, a reader while it is not idle.
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        (journal,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        connection.execute("PRAGMA synchronous = FULL")
        (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
        connection.execute("PRAGMA foreign_keys = ON")
        full = 2
        if journal != "wal" or synchronous != full:
            connection.close()
            raise DurabilityError(f"{self.path}: journal_mode={journal} synchronous={synchronous}, need wal and 2")
        return connection

    def _migrate(self, package: str, folder: str) -> None:
        with self.transaction() as tx:
            tx.execute(
                "CREATE TABLE IF NOT EXISTS migration (package TEXT, number INTEGER, PRIMARY KEY (package, number))"
            )
            done = {number for (number,) in tx.execute("SELECT number FROM migration WHERE package = ?", [package])}
            known = {
                int(match[1]): file
                for file in (files(package) / folder).iterdir()
                if (match := _MIGRATION.match(file.name))
            }
            if done - known.keys():
                raise NewerSchemaError(f"{self.path} was written by a newer release: migrations {done - known.keys()}")
            for number in sorted(known.keys() - done):
                for statement in split_script(known[number].read_text(encoding="utf-8")):
                    tx.execute(statement)
                tx.execute("INSERT INTO migration VALUES (?, ?)", [package, number])

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write in one commit: durable when the block has ended, undone if it raises.

        Raises:
            StateUnavailable: the disk is full, read-only or broken; nothing was written.
        """
        try:
            with self._writing:
                self._writer.execute("BEGIN IMMEDIATE")
                try:
                    yield self._writer
                    self._writer.execute("COMMIT")
                except BaseException:
                    if self._writer.in_transaction:
                        self._writer.execute("ROLLBACK")
                    raise
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError, sqlite3.InterfaceError):
            raise  # the caller's business: somebody was faster, or a value cannot be stored
        except sqlite3.DatabaseError as error:
            raise StateUnavailable(f"the state cannot be written: {error}", retry_after_s=5) from error

    def read(self, statement: str, **parameters: Any) -> list[sqlite3.Row]:
        """Return all rows of a statement that reads.

        Raises:
            StateUnavailable: the file cannot be read.
        """
        try:
            reader = self._idle.pop()  # atomic, as append is, so no second lock
        except IndexError:
            reader = self._open()
        try:
            return reader.execute(statement, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            raise StateUnavailable(f"the state cannot be read: {error}", retry_after_s=5) from error
        finally:
            self._idle.append(reader)

    def close(self) -> None:
        """Close every connection. Nothing may use the database any more."""
        with self._writing:
            self._writer.close()
            while self._idle:
                self._idle.pop().close()


def split_script(script: str) -> list[str]:
    """Split a script into statements as SQLite itself would, triggers included."""
    statements: list[str] = []
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            statements.append(pending)
            pending = ""
    return statements
