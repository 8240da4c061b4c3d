"""Calls to one database: read with one account, write with another, and say what an error proves."""

from collections.abc import Sequence

from adapters.sql.ahead import Connections
from adapters.sql.child import NoAnswer
from adapters.sql.faults import Contention, Fault, StatementRefused
from adapters.sql.messages import Failed, Job, Row, Rows, Step
from adapters.sql.reader import Reader
from contracts.errors import BackendOutcomeUnknown, BackendUnavailable, ContractError


class Transport(Reader):
    """A `Reader` that also writes, through connections of another account."""

    def __init__(self, reader: Connections, writer: Connections) -> None:
        super().__init__(reader)
        self._writer = writer

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
        """Prepare the statements of both accounts; as of `Reader`."""
        return [*super().rehearse(until), *self._rehearsed(self._writer, until)]

    def open_ahead(self) -> None:
        """Begin to open connections ahead; returns at once."""
        super().open_ahead()
        self._writer.open_ahead()

    def close(self) -> None:
        """Close what was opened ahead. Idempotent."""
        super().close()
        self._writer.close()


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
