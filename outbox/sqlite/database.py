"""One SQLite file that survives power loss: one writer at a time, who commits for all that wait, and many readers."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

from contracts.errors import StateUnavailable
from outbox import schema
from outbox.database import ConstraintViolated, Cursor, Dialect, DurabilityError, Row, Transaction
from outbox.sqlite.commits import Job, SharedCommits
from outbox.sqlite.ownership import check_place
from outbox.statements import Statement

T = TypeVar("T")
BUSY_TIMEOUT_MS: Final = 10_000
"""How long a writer waits for another process's commit before it gives up."""

_PRIMARY: Final = 0xFF
"""The kind of an extended error code."""
_FULL: Final = "the disk is full; make room where it is kept"
_FAILING: Final = "the disk is read-only or failing; look at where it is kept"
_BESIDE: Final = 64 * 1024
"""Bytes that opening takes beside the file: an index of 32 KiB, and the beginning of a log."""
_REMEDIES: Final = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _FAILING,
    sqlite3.SQLITE_IOERR: _FAILING,
    sqlite3.SQLITE_CANTOPEN: _FAILING,
    sqlite3.SQLITE_BUSY: "another process holds it for too long",
}

_REFUSED: Final = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError, sqlite3.InterfaceError)
"""Errors of one statement, which leave the transaction as it was; others are the database's."""


class _Statements:
    """A transaction on a connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def execute(self, statement: Statement | str, parameters: Mapping[str, Any] | Sequence[Any] = (), /) -> Cursor:
        return self._execute(statement if isinstance(statement, str) else statement.sqlite, parameters)

    def lock(self, *name: str) -> None:
        """The only writer holds every lock."""


class SqliteDatabase:
    """An SQLite file in WAL mode with synchronous=FULL, as `outbox.database.Database` describes it."""

    dialect: Dialect = "sqlite"

    def __init__(self, path: Path, packages: Sequence[str]) -> None:
        """Open or create the file, readable by its owner only; errors as of `open_database`."""
        self.path = path
        self.where = str(path)
        self._writing = threading.Lock()
        self._commits = SharedCommits(self._writing, self._commit)
        self._idle: list[sqlite3.Connection] = []
        self._hasty: list[sqlite3.Connection] = []  # likewise idle, and without patience
        try:
            check_place(path)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise StateUnavailable(f"{path} cannot be opened: {error.strerror}") from error
        self._writer: sqlite3.Connection | None = self._open()
        self._statements = _Statements(self._writer)
        try:
            for package in packages:
                self._migrate(package)
        except BaseException:
            self.close()
            raise

    def write(self, job: Callable[[Transaction], T]) -> T:
        """Run a job in a commit that it may share with those of other threads."""
        mine = Job(job)
        self._commits.join(mine)
        if mine.error is not None:
            raise mine.error
        return mine.result  # type: ignore[no-any-return]  # what the job returned

    def _commit(self, batch: list[Job]) -> None:
        try:
            writer = self._begin()
            if not self._run_all(batch):
                writer.execute("ROLLBACK")
                if len(batch) == 1:
                    return
                self._begin()
                for job in batch:
                    self._run_apart(writer, job)
            writer.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - it is raised in every thread that waits for this commit
            for job in batch:
                job.error = self._told(error)
            self._undo()
        except BaseException:  # Ctrl-C is this thread's alone
            for job in batch:
                job.error = StateUnavailable("the state was not written: the process is being stopped")
            self._undo()
            raise

    def _run_all(self, batch: list[Job]) -> bool:
        """Run the jobs one after another; False as soon as one of them raises, which is seldom."""
        return all(self._run(job) for job in batch)

    def _run_apart(self, writer: sqlite3.Connection, job: Job) -> None:
        """Run a job so that only its own statements are undone by what it raises."""
        writer.execute("SAVEPOINT job")
        if not self._run(job):
            writer.execute("ROLLBACK TO job")
        writer.execute("RELEASE job")

    def _run(self, job: Job) -> bool:
        job.result = job.error = None
        try:
            job.result = job.run(self._statements)
        except Exception as error:
            if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, _REFUSED):
                raise  # the disk's, so it is everybody's
            job.error = self._told(error)
        return job.error is None

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Write in one commit of its own."""
        try:
            with self._writing:
                writer = self._begin()
                try:
                    yield self._statements
                    writer.execute("COMMIT")
                except BaseException:
                    self._undo()
                    raise
        except sqlite3.Error as error:
            raise self._told(error) from error

    def _begin(self) -> sqlite3.Connection:
        if self._writer is None:
            self._writer = self._open()
            self._statements = _Statements(self._writer)
        self._writer.execute("BEGIN IMMEDIATE")
        return self._writer

    def _undo(self) -> None:
        """Roll back; what cannot be rolled back is forgotten with its connection, and the next commit opens another."""
        if self._writer is None:
            return
        try:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        except sqlite3.Error:
            with suppress(sqlite3.Error):
                self._writer.close()
            self._writer = None

    def _told(self, error: BaseException) -> BaseException:
        if isinstance(error, sqlite3.IntegrityError):
            told: BaseException = ConstraintViolated(str(error))
        elif isinstance(error, sqlite3.DatabaseError) and not isinstance(error, _REFUSED):
            told = StateUnavailable(f"the state cannot be written: {_cause(error, self.path)}", retry_after_s=5)
        else:
            return error  # the caller's own, or a value that cannot be stored
        told.__cause__ = error
        return told

    def read(self, statement: Statement | str, **parameters: Any) -> list[Row]:
        """Return all rows of a statement that reads."""
        try:
            reader = self._idle.pop()  # atomic, as append is, so no second lock
        except IndexError:
            reader = self._open()
        try:
            text = statement if isinstance(statement, str) else statement.sqlite
            return reader.execute(text, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            raise StateUnavailable(f"the state cannot be read: {_cause(error, self.path)}", retry_after_s=5) from error
        finally:
            self._idle.append(reader)

    def read_now(self, statement: Statement | str, **parameters: Any) -> list[Row] | None:
        """Return the rows unless another connection is in the way: then, as after any error, None."""
        try:
            reader = self._hasty.pop()
        except IndexError:
            reader = None
        try:
            if reader is None:
                reader = self._connect(patience_ms=0)
            text = statement if isinstance(statement, str) else statement.sqlite
            rows: list[Row] = reader.execute(text, parameters).fetchall()
        except (sqlite3.DatabaseError, DurabilityError):
            if reader is not None:
                reader.close()
            return None
        self._hasty.append(reader)
        return rows

    def close(self) -> None:
        """Close every connection."""
        with self._writing:
            while self._hasty:
                self._hasty.pop().close()
            if self._writer is not None:
                self._writer.close()
            while self._idle:
                self._idle.pop().close()

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.DatabaseError as error:
            raise StateUnavailable(
                f"the state cannot be opened: {_cause(error, self.path)}", retry_after_s=5
            ) from error

    def _connect(self, patience_ms: int = BUSY_TIMEOUT_MS) -> sqlite3.Connection:
        # Connections cross threads, one at a time: the writer under its lock, a reader while it is not idle.
        # Without mode=rw a file that cannot be written now would be opened for reading, and stay so.
        address = f"file:{quote(str(self.path.absolute()))}?mode=rw"
        connection = sqlite3.connect(
            address, timeout=patience_ms / 1000, uri=True, isolation_level=None, check_same_thread=False
        )
        try:
            _set_up(connection, self.path, patience_ms)
        except BaseException:
            connection.close()
            raise
        return connection

    def _migrate(self, package: str) -> None:
        # A table that others refer to is rebuilt with the references unchecked, and they are checked before the commit;
        # SQLite ignores this switch within a transaction.
        writer = self._writer or self._open()
        writer.execute("PRAGMA foreign_keys = OFF")
        try:
            with self.transaction() as tx:
                tx.execute(schema.CREATE_RECORD)
                done = {int(row["number"]) for row in tx.execute(schema.RECORDED, {"package": package}).fetchall()}
                for change in schema.changes(package, self.dialect, done, self.where):
                    for statement in split_script(change.script):
                        tx.execute(statement)
                    for number in change.numbers:
                        tx.execute(schema.RECORD, {"package": package, "number": number})
                if (broken := tx.execute("PRAGMA foreign_key_check").fetchone()) is not None:
                    raise StateUnavailable(f"{self.path} is damaged: a row of {broken[0]} refers to none")
        finally:
            writer.execute("PRAGMA foreign_keys = ON")


def _set_up(connection: sqlite3.Connection, path: Path, patience_ms: int) -> None:
    connection.row_factory = sqlite3.Row
    connection.execute(f"PRAGMA busy_timeout = {patience_ms}")
    (journal,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("PRAGMA synchronous = FULL")
    (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
    connection.execute("PRAGMA foreign_keys = ON")
    full = 2
    if journal != "wal" or synchronous != full:
        raise DurabilityError(f"{path}: journal_mode={journal} synchronous={synchronous}, need wal and 2")


def _cause(error: sqlite3.Error, path: Path) -> str:
    """Say what to do about it; without the path, because an agent may read this."""
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    # SQLite says of a file beside it for which there is no room only that it cannot be opened.
    if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR} and _is_full(path.parent):
        return _FULL
    return _REMEDIES.get(code, str(error))


def _is_full(folder: Path) -> bool:
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < _BESIDE or (disk.f_files > 0 and disk.f_favail == 0)


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
