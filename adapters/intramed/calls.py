"""Statements of one practice, each call within its deadline; whoever meets another's lock comes again."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from adapters.sql.faults import Contention, StatementRefused
from adapters.sql.messages import Row, Step
from adapters.sql.transport import Transport
from contracts.errors import NotFound

_FIRST_WAIT_S = 0.02
_LONGEST_WAIT_S = 0.25
_LAST_ATTEMPT_S = 0.25
"""An attempt with less time than this would be cut off, and nobody could say what it did."""


@dataclass(frozen=True, slots=True)
class Calls:
    """The database of one practice; `deadline_s` bounds each contract, waiting and retries included."""

    transport: Transport
    deadline_s: float

    def begin(self) -> "Deadline":
        """Return the time that one contract has, from now on."""
        return Deadline(self.transport, time.monotonic() + self.deadline_s)


@dataclass(frozen=True, slots=True)
class Deadline:
    """What one contract may still do, until a moment of the monotonic clock."""

    transport: Transport
    until: float

    @property
    def left_s(self) -> float:
        """Seconds that are left."""
        return max(0.0, self.until - time.monotonic())

    def read(self, statement: str, **parameters: Any) -> Sequence[Row]:
        """Run a query; raises as `read_all`."""
        return self.read_all(Step(statement, parameters))[0]

    def read_all(self, *steps: Step) -> Sequence[Sequence[Row]]:
        """Run queries on one connection and return the rows of each.

        Raises:
            NotFound: the database refuses the parameters: nothing can have such a key.
            BackendUnavailable: no answer in time.
        """
        try:
            return self.transport.read_all(steps, self.until)
        except StatementRefused as error:
            raise NotFound("what was asked for is unknown") from error

    def write(self, *steps: Step) -> Sequence[Row]:
        """Run steps in one transaction and return the first row of each that ran.

        Raises:
            Contention: other transactions were first until the deadline; nothing was written.
            NotFound: the database refuses the parameters; nothing was written.
            BackendUnavailable: nothing was written.
            BackendOutcomeUnknown: no answer, after it was sent.
        """
        attempts = Retrying(
            retry=retry_if_exception_type(Contention),
            wait=wait_random_exponential(multiplier=_FIRST_WAIT_S, max=_LONGEST_WAIT_S),
            stop=self._passed,
            reraise=True,
        )
        try:
            return [rows[0] for rows in attempts(self.transport.write, steps, self.until)]
        except StatementRefused as error:
            raise NotFound("what was asked for is unknown") from error

    def _passed(self, state: RetryCallState) -> bool:
        return time.monotonic() + state.upcoming_sleep + _LAST_ATTEMPT_S >= self.until


def step(statement: str, go_on: str, parameters: Mapping[str, Any]) -> Step:
    """Return a step after which the transaction goes on only with one outcome."""
    return Step(statement, parameters, frozenset({go_on}))
