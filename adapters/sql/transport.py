"""Calls to one database: read with one account, write with another, and say what an error proves."""

import logging
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.sql.ahead import Connections
from adapters.sql.child import NoAnswer
from adapters.sql.faults import Contention, Fault, StatementRefused
from adapters.sql.messages import Failed, Job, Row, Rows, Step
from contracts.errors import BackendOutcomeUnknown, BackendUnavailable, ContractError

_log = logging.getLogger(__name__)


class Transport:
    """Reads and writes through connections that serve one call each. Safe to call from several threads at once.

    Every call ends by the monotonic time `until`, whatever the driver does.
    """

    def __init__(self, reader: Connections, writer: Connections) -> None:
        self._reader, self._writer = reader, writer
        self._counting = threading.Lock()
        self.undecodable: Counter[str] = Counter()
        """Bytes that were no character of their column's set, by `statement.column`, since the start."""

    def read(self, statement: str, parameters: Mapping[str, Any], until: float) -> Sequence[Row]:
        """Run a query in a transaction that is never committed. Texts in the rows are tidy.

        Raises:
            BackendUnavailable: no answer in time, or none that can be used.
            StatementRefused: the database refused the parameters.
        """
        try:
            reply = self._reader.call(Job((Step(statement, parameters),), writes=False), until)
        except NoAnswer as error:
            raise BackendUnavailable(f"{statement}: {error.reason}") from error
        if isinstance(reply, Rows):
            return self._told(reply)[0]
        if reply.fault is Fault.REFUSED:
            raise StatementRefused(f"{statement}: {reply.reason}")
        raise BackendUnavailable(f"{statement}: {reply.reason}")

    def write(self, steps: Sequence[Step], until: float) -> Sequence[Sequence[Row]]:
        """Run statements in one transaction; commit if each ends in one of its `go_on` outcomes, else roll back.

        Not idempotent by itself.

        Returns:
            The rows of each step that ran: as many as `steps` when it was committed; the last one told otherwise.

        Raises:
            BackendUnavailable: it was not executed; no connection, or the account or statement is wrong.
            Contention: it was not executed; another transaction was first.
            StatementRefused: it was not executed; the database refused the data.
            BackendOutcomeUnknown: no answer, after it was sent.
        """
        what = ", ".join(step.statement for step in steps)
        try:
            reply = self._writer.call(Job(tuple(steps), writes=True), until)
        except NoAnswer as error:
            unknown = BackendOutcomeUnknown if error.sent else BackendUnavailable
            raise unknown(f"{what}: {error.reason}") from error
        if isinstance(reply, Rows):
            return self._told(reply)
        raise _write_error(reply, f"{what}: {reply.reason}")

    def rehearse(self, until: float) -> list[str]:
        """Prepare every statement on the database; return one line for each that is not what its head says.

        Raises:
            BackendUnavailable: the database could not be asked.
        """
        problems: list[str] = []
        for connections in (self._reader, self._writer):
            try:
                reply = connections.rehearse(until)
            except NoAnswer as error:
                raise BackendUnavailable(error.reason) from error
            if reply.reason is not None:
                raise BackendUnavailable(reply.reason)
            problems += reply.problems
        return problems

    def open_ahead(self) -> None:
        """Begin to open connections ahead; returns at once."""
        self._reader.open_ahead()
        self._writer.open_ahead()

    def close(self) -> None:
        """Close what was opened ahead. Idempotent."""
        self._reader.close()
        self._writer.close()

    def _told(self, reply: Rows) -> Sequence[Sequence[Row]]:
        for column, count in reply.replaced.items():
            with self._counting:
                self.undecodable[column] += count
            _log.warning("%s: %d bytes are no characters of its character set", column, count)
        return reply.steps


def _write_error(reply: Failed, reason: str) -> ContractError | Contention | StatementRefused:
    match reply.fault:
        case Fault.CONTENTION:
            return Contention(reason)
        case Fault.REFUSED:
            return StatementRefused(reason)
        case Fault.FORBIDDEN:
            return BackendUnavailable(reason)
        case _:
            return BackendOutcomeUnknown(reason) if reply.sent else BackendUnavailable(reason)
