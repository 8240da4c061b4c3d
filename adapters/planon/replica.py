"""The read replica: a few statements asked in one go, by a deadline, with one error when it cannot be asked."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import JsonValue

from adapters.sql.faults import StatementRefused
from adapters.sql.messages import Step
from adapters.sql.reader import Reader
from adapters.sql.statements import KINDS, Statement
from contracts.errors import BackendUnavailable

Row = Mapping[str, JsonValue]

RETRY_S: Final = 30.0
"""Seconds after which a caller may try again."""


class Replica:
    """Asks the replica. Safe to call from several threads at once.

    Args:
        reader: runs the statements, each call on a connection of its own.
        statements: what it runs, by name.
        deadline_s: seconds that one contract may take in it.
    """

    def __init__(self, reader: Reader, statements: Mapping[str, Statement], deadline_s: float) -> None:
        self._reader = reader
        self._statements = statements
        self._deadline_s = deadline_s

    def until(self) -> float:
        """Return when a contract that begins now must have its answers, by the monotonic clock."""
        return time.monotonic() + self._deadline_s

    def statement(self, name: str) -> Statement:
        """Return what a statement takes and gives."""
        return self._statements[name]

    def ask(self, steps: Sequence[Step], until: float) -> list[list[Row]]:
        """Run statements one after the other on one connection, and return the rows of each; times become ISO texts.

        Raises:
            BackendUnavailable: no answer in time, or none that can be used. What the replica did not say is not known.
        """
        try:
            found = self._reader.read_all(steps, until)
            return [list(self._rows(step.statement, rows)) for step, rows in zip(steps, found, strict=True)]
        except (BackendUnavailable, StatementRefused) as error:
            raise BackendUnavailable(f"the replica cannot be read: {error}", RETRY_S) from error

    def rehearse(self) -> list[str]:
        """Compare every statement with the database; one line for each that is not what its head says.

        Raises:
            BackendUnavailable: the replica could not be asked.
        """
        try:
            return self._reader.rehearse(self.until())
        except BackendUnavailable as error:
            raise BackendUnavailable(f"the replica cannot be read: {error}", RETRY_S) from error

    def open_ahead(self) -> None:
        """Begin to open connections; returns at once."""
        self._reader.open_ahead()

    def close(self) -> None:
        """Close what was opened ahead. Idempotent."""
        self._reader.close()

    def _rows(self, statement: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
        columns = self._statements[statement].columns
        for row in rows:
            yield {name: _checked(f"{statement}.{name}", columns[name], value) for name, value in row.items()}


def only(rows: Sequence[Row]) -> Row | None:
    """Return the row of a statement by key, if there is one.

    Raises:
        BackendUnavailable: there are several, so that none can be relied on.
    """
    if len(rows) > 1:
        raise BackendUnavailable("the replica gives several rows for one key", RETRY_S)
    return rows[0] if rows else None


def _checked(column: str, kind: str, value: Any) -> JsonValue:
    """Return a value as JSON has it. Not every driver tells its types before there is a row, so each value is seen."""
    if value is not None and not issubclass(type(value), KINDS[kind]):
        raise BackendUnavailable(f"{column} must be {kind}, not {type(value).__name__}")
    return value.isoformat() if isinstance(value, datetime) else value
