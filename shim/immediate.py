"""Reads, and writes that need the backend's answer now and are idempotent by key."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, cast

from contracts.catalogue import Contract
from contracts.desks import Call
from contracts.errors import (
    BackendOutcomeUnknown,
    BackendUnavailable,
    FixRequest,
    RequestInFlight,
    StateUnavailable,
)
from contracts.fields import Model
from contracts.identity import IdentityRequest
from outbox.database import ConstraintViolated
from shim.clients import Client
from shim.idempotency import Idempotency, Write, external_reference
from shim.identity import IdentityLimits
from shim.problems import problem_json
from shim.systems import System
from shim.tokens import Tokens

_STILL_UNKNOWN: Final = "an earlier attempt may have been executed; repeat with the same key"
_NOT_STORED: Final = "it was executed, but the answer could not be stored; repeat with the same key"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a JSON body, as they are stored and replayed."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Immediate:
    """Calls a desk on behalf of a client, tokens outside and backend keys inside."""

    deployment: str
    idempotency: Idempotency
    tokens: Tokens
    limits: IdentityLimits

    def read(self, client: Client, system: System, contract: Contract, request: Model) -> Answer:
        """Call a contract that writes nothing."""
        opened = self.tokens.open_request(request, client.name, system.name)
        return self._call(client, system, contract, opened, Call("", client.name, client.is_staff_of(system.name)))

    def write(self, client: Client, system: System, contract: Contract, request: Model, write: Write) -> Answer:
        """Call a contract that writes, or replay the answer that it gave under this key.

        Without a stored answer the first attempt's outcome is not certain: the call is made again with the same
        reference, by which the backend's procedures recognise it.
        """
        with self.idempotency.exclusive(write) as record:
            if record is not None and record.status is not None and record.reply is not None:
                return Answer(record.status, record.reply)
            opened = self.tokens.open_request(request, client.name, system.name)
            uncertain = record is not None and not record.not_executed
            if record is None:
                self._begin(write)
            elif not uncertain:
                self.idempotency.set_executed(write, maybe=True)
            reference = external_reference(self.deployment, client.name, system.name, write.key)
            call = Call(reference, client.name, client.is_staff_of(system.name), repeated=uncertain)
            try:
                answer = self._call(client, system, contract, opened, call)
            except FixRequest as error:
                self.idempotency.finish(write, error.status, problem_json(error))
                raise
            except BackendUnavailable as error:
                if uncertain:
                    # True of this attempt, and not of the write: an earlier one may have been executed.
                    raise BackendOutcomeUnknown(_STILL_UNKNOWN, error.retry_after_s) from error
                self.idempotency.set_executed(write, maybe=False)
                raise
            try:
                self.idempotency.finish(write, answer.status, answer.body)
            except StateUnavailable as error:
                raise BackendOutcomeUnknown(_NOT_STORED, error.retry_after_s) from error
            return answer

    def _begin(self, write: Write) -> None:
        try:
            with self.idempotency.database.transaction() as tx:
                self.idempotency.insert(tx, write, None)
        except ConstraintViolated as error:
            raise RequestInFlight("repeat the request in a moment", retry_after_s=1) from error

    def _call(self, client: Client, system: System, contract: Contract, request: Model, call: Call) -> Answer:
        ask: Callable[[], Model] = partial(system.method(contract), request, call)
        if contract.identifies:
            who = cast("IdentityRequest", request)  # a test walks the catalogue for this
            reply = self.limits.ask(client.name, system.name, who, ask)
        else:
            reply = ask()
        sealed = self.tokens.seal_reply(reply, client.name, system.name)
        return Answer(200, to_json(sealed))


def to_json(reply: Model) -> bytes:
    """Serialise a reply; absent members are left out."""
    return reply.model_dump_json(exclude_none=True).encode()
