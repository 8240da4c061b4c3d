"""Reads from one database with one account: every call has a connection of its own, and ends by its deadline."""

import logging
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.sql.ahead import Connections
from adapters.sql.child import NoAnswer
from adapters.sql.faults import Fault, StatementRefused
from adapters.sql.messages import Job, Row, Rows, Step
from contracts.errors import BackendUnavailable

_log = logging.getLogger(__name__)


class Reader:
    """Runs queries on connections that serve one call each. Safe to call from several threads at once.

    Every call ends by the monotonic time `until`, whatever the driver does.
    """

    def __init__(self, reader: Connections) -> None:
        self._reader = reader
        self._counting = threading.Lock()
        self.undecodable: Counter[str] = Counter()
        """Bytes that were no character of their column's set, by `statement.column`, since the start."""

    def read(self, statement: str, parameters: Mapping[str, Any], until: float) -> Sequence[Row]:
        """Run one query and return its rows; otherwise as `read_all`."""
        return self.read_all((Step(statement, parameters),), until)[0]

    def read_all(self, steps: Sequence[Step], until: float) -> Sequence[Sequence[Row]]:
        """Run queries in one transaction that is never committed, and return the rows of each. Texts are tidy.

        Raises:
            BackendUnavailable: no answer in time, or none that can be used.
            StatementRefused: the database refused the parameters.
        """
        what = ", ".join(step.statement for step in steps)
        try:
            reply = self._reader.call(Job(tuple(steps), writes=False), until)
        except NoAnswer as error:
            raise BackendUnavailable(f"{what}: {error.reason}") from error
        if isinstance(reply, Rows):
            return self._told(reply)
        if reply.fault is Fault.REFUSED:
            raise StatementRefused(f"{what}: {reply.reason}")
        raise BackendUnavailable(f"{what}: {reply.reason}")

    def rehearse(self, until: float) -> list[str]:
        """Prepare every statement on the database; return one line for each that is not what its head says.

        Raises:
            BackendUnavailable: the database could not be asked.
        """
        return self._rehearsed(self._reader, until)

    def open_ahead(self) -> None:
        """Begin to open connections ahead; returns at once."""
        self._reader.open_ahead()

    def close(self) -> None:
        """Close what was opened ahead. Idempotent."""
        self._reader.close()

    @staticmethod
    def _rehearsed(connections: Connections, until: float) -> list[str]:
        try:
            reply = connections.rehearse(until)
        except NoAnswer as error:
            raise BackendUnavailable(error.reason) from error
        if reply.reason is not None:
            raise BackendUnavailable(reply.reason)
        return list(reply.problems)

    def _told(self, reply: Rows) -> Sequence[Sequence[Row]]:
        for column, count in reply.replaced.items():
            with self._counting:
                self.undecodable[column] += count
            _log.warning("%s: %d bytes are no characters of its character set", column, count)
        return reply.steps
