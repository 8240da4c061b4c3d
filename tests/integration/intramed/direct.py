"""Calls the shipped statements on a connection of a test's own, because a desk never keeps a transaction open."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from firebird.driver import DatabaseError, Isolation, connect, tpb

from adapters.firebird.faults import fault_of
from adapters.firebird.rehearsal import rehearsal
from adapters.sql.faults import Fault
from adapters.sql.statements import Statement, load_statement
from simulators.intramed.sandbox import CHARSET
from simulators.intramed.server import WRITER

STATEMENTS: Final = Path(str(files("adapters.intramed"))) / "statements"
MOMENT: Final = datetime(2031, 3, 1, 12, 0)  # noqa: DTZ001 - the practice's local time, before the first week
NOBODY: Final = "99999999"
_PARAMETER: Final = re.compile(r"(?<![:\w]):([a-z_]+)")


class Busy(Exception):
    """Raised when another transaction was first; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Direct:
    """One connection of one account; whoever calls it commits."""

    connection: Any

    def rows(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run a shipped statement; its rows by column name, texts as they are stored.

        Raises:
            Busy: a lock or a newer row was in the way; the transaction is rolled back.
        """
        statement = load_statement(STATEMENTS / f"{name}.sql")
        assert set(parameters) == statement.parameters
        cursor = self.connection.cursor()
        try:
            cursor.execute(positional(statement.sql), [parameters[key] for key in _PARAMETER.findall(statement.sql)])
            names = [column[0].lower() for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except DatabaseError as error:
            if fault_of(error) is not Fault.CONTENTION:
                raise
            self.rollback()
            raise Busy from error
        finally:
            cursor.close()

    def row(self, name: str, **parameters: Any) -> dict[str, Any]:
        """Run a shipped statement that gives one row."""
        (found,) = self.rows(name, **parameters)
        return found

    def outcome(self, name: str, **parameters: Any) -> str:
        """Run a procedure, commit, and return its outcome."""
        outcome: str = self.row(name, **parameters)["outcome"]
        self.connection.commit()
        return outcome

    def commit(self) -> None:
        """Commit what was called."""
        self.connection.commit()

    def rollback(self) -> None:
        """Undo what was called."""
        if self.connection.main_transaction.is_active():
            self.connection.rollback()

    def found(self, statement: Statement) -> dict[str, Any]:
        """Return the Python types of the columns that a statement gives, without opening a procedure."""
        cursor = self.connection.cursor()
        cursor.execute(positional(rehearsal(statement.sql)), [None] * len(_PARAMETER.findall(statement.sql)))
        types = {column[0].lower(): column[1] for column in cursor.description}
        cursor.close()
        return types


@contextmanager
def direct(
    database: str,
    user: str = WRITER,
    password: str | None = None,
    isolation: Isolation = Isolation.READ_COMMITTED_RECORD_VERSION,
    lock_s: int = 5,
) -> Iterator[Direct]:
    """Open a database as one account; what was not committed is undone."""
    connection = connect(database, user=user, password=password, charset=CHARSET)
    connection.main_transaction.default_tpb = tpb(isolation, lock_s)
    opened = Direct(connection)
    try:
        yield opened
    finally:
        opened.rollback()
        connection.close()


def positional(sql: str) -> str:
    """Return the statement with the driver's own parameter marks."""
    return _PARAMETER.sub("?", sql)


@dataclass(frozen=True, slots=True)
class Given:
    """The parameters of the shipped procedures, for one patient unless a test says otherwise."""

    patient: str

    def hold(self, slot: int, holder: str = "K1", patient: str = "", **changed: Any) -> dict[str, Any]:
        """Return the parameters of a hold."""
        given = {"slot": slot, "patient": patient or self.patient, "holder": holder}
        return given | {"seconds": 90, "conversation": "", "moment": MOMENT} | changed

    def of(self, slot: int, holder: str = "K1", patient: str = "", moment: datetime = MOMENT) -> dict[str, Any]:
        """Return the parameters of a confirmation or a booking."""
        return {"slot": slot, "patient": patient or self.patient, "holder": holder, "moment": moment}

    def booked(self, writer: Direct, slot: int, holder: str = "K1", patient: str = "") -> int:
        """Hold and confirm a slot; its appointment number."""
        assert writer.outcome("hold_slot", **self.hold(slot, holder, patient)) == "HELD"
        made = writer.row("confirm", **self.of(slot, holder, patient))
        writer.commit()
        assert made["outcome"] == "BOOKED"
        return int(made["appointment"])
