"""Reads, and writes that need the backend's answer now and are idempotent by key."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final, cast

from contracts.catalogue import Contract
from contracts.desks import Call
from contracts.errors import (
    BackendOutcomeUnknown,
    BackendUnavailable,
    FixRequest,
    LeakBlocked,
    NotFound,
    RequestInFlight,
    StateUnavailable,
    SystemReadOnly,
)
from contracts.fields import Model
from contracts.identity import IdentityRequest
from outbox.database import ConstraintViolated, Transaction
from shim.admission.caller import Caller
from shim.admission.identity import IdentityLimits
from shim.audit.accesses import OK, REPLAYED, Access, Accesses
from shim.audit.log import Append
from shim.drift.noticing import WRITABLE, Standing, require_writable
from shim.guarding import LeakCounter, guard_reply, refuse
from shim.http.problems import problem_json
from shim.opaque.tokens import Opening, Tokens
from shim.systems import System
from shim.writing.idempotency import Idempotency, Record, Write, external_reference

_STILL_UNKNOWN: Final = "an earlier attempt may have been executed; repeat with the same key"
_EXPIRED: Final = (
    "an earlier attempt may have been executed, and a token of it is not valid any more; look at what is there"
)
_NOT_STORED: Final = "it was executed, but the answer could not be stored; repeat with the same key"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a JSON body, as they are stored and replayed; `outcome` is what the audit calls it."""

    status: int
    body: bytes
    outcome: str = OK


@dataclass(frozen=True, slots=True)
class Immediate:
    """Calls a desk on behalf of a client, tokens outside and backend keys inside."""

    deployment: str
    idempotency: Idempotency
    tokens: Tokens
    limits: IdentityLimits
    accesses: Accesses
    leaks: LeakCounter
    standing: Standing = WRITABLE

    def read(self, caller: Caller, system: System, contract: Contract, request: Model) -> Answer:
        """Call a contract that writes nothing."""
        client = caller.client
        with self.accesses.of(caller, contract.operation, system, contract) as access:
            opened, opening = self.tokens.open_request(request, client.name, system.name)
            access.about_person_in(opened)
            access.begin()
            call = Call("", client.name, client.is_staff_of(system.name), within=client.within(system.name))
            answer = self._call(caller, system, contract, opened, opening, call, access)
            if contract.identifies:
                access.end(answer.outcome, answer.status)  # only now it is known about whom it was
            else:
                access.end_soon(answer.outcome, answer.status)
            return answer

    def write(self, caller: Caller, system: System, contract: Contract, request: Model, write: Write) -> Answer:
        """Call a contract that writes, or replay the answer that it gave under this key.

        Without a stored answer the first attempt's outcome is not certain: the call is made again with the same
        reference, by which the backend's procedures recognise it.
        """
        with (
            self.accesses.of(caller, contract.operation, system, contract) as access,
            self.idempotency.exclusive(write) as record,
        ):
            if record is not None and record.status is not None and record.reply is not None:
                with suppress(NotFound):  # a token that was valid when it was answered
                    access.about_person_in(self.tokens.open_request(request, caller.client.name, system.name)[0])
                access.end(REPLAYED, record.status)
                return Answer(record.status, record.reply)
            uncertain = record is not None and not record.not_executed
            self._require_writable(system, uncertain=uncertain)
            opened, opening = self._open(caller, system, request, uncertain=uncertain)
            access.about_person_in(opened)
            attempt = self._begin(write, record, access)
            reference = external_reference(self.deployment, caller.client.name, system.name, write.key)
            call = Call(
                reference,
                caller.client.name,
                caller.client.is_staff_of(system.name),
                repeated=uncertain,
                within=caller.client.within(system.name),
            )
            try:
                answer = self._call(caller, system, contract, opened, opening, call, access)
            except FixRequest as error:
                refused = Answer(error.status, problem_json(error), error.slug)
                settled = self._finish(write, refused, access, only=attempt)
                if settled is not refused:
                    return settled
                raise
            except BackendUnavailable as error:
                if uncertain or not self.idempotency.not_executed(write, attempt):
                    # True of this attempt, and not of the write: another one may have been executed.
                    raise BackendOutcomeUnknown(_STILL_UNKNOWN, error.retry_after_s) from error
                raise
            try:
                return self._finish(write, answer, access)
            except StateUnavailable as error:
                raise BackendOutcomeUnknown(_NOT_STORED, error.retry_after_s) from error

    def _require_writable(self, system: System, *, uncertain: bool) -> None:
        try:
            require_writable(self.standing, system.name)
        except SystemReadOnly as error:
            if uncertain:  # true of this attempt; an earlier one may have been executed
                raise BackendOutcomeUnknown(_STILL_UNKNOWN, error.retry_after_s) from error
            raise

    def _open(self, caller: Caller, system: System, request: Model, *, uncertain: bool) -> tuple[Model, Opening]:
        try:
            return self.tokens.open_request(request, caller.client.name, system.name)
        except NotFound as error:
            if uncertain:  # the token has expired since; that says nothing of what was executed
                raise BackendOutcomeUnknown(_EXPIRED) from error
            raise

    def _begin(self, write: Write, record: Record | None, access: Access) -> int:
        """Write the intent, and with it that this attempt has begun; nothing is asked of the backend before.

        Returns the attempt's number.
        """

        def begin(tx: Transaction, append: Append) -> int:
            if record is None:
                self.idempotency.insert(tx, write, None)
            number = 1 if record is None else self.idempotency.begin_again(tx, write, record)
            append(access.intent())
            return number

        try:
            number = self.accesses.log.write_with(begin)
        except ConstraintViolated as error:
            raise RequestInFlight("repeat the request in a moment", retry_after_s=1) from error
        access.has_begun()
        return number

    def _finish(self, write: Write, answer: Answer, access: Access, *, only: int = 0) -> Answer:
        """Store the certain outcome with its row of the audit; return the answer that stands.

        A twin in another process may have been faster: then its answer is everybody's. If it has only begun, a refusal
        of this attempt says nothing of that one.

        Raises:
            BackendOutcomeUnknown: it has only begun.
        """

        def finish(tx: Transaction, append: Append) -> tuple[bool, bool]:
            stands = self.idempotency.finish(tx, write, answer.status, answer.body, only=only)
            answered = stands or self.idempotency.is_answered(tx, write)
            if answered:
                append(access.outcome(answer.outcome if stands else REPLAYED, answer.status))
            return stands, answered

        stands, answered = self.accesses.log.write_with(finish)
        if not answered:
            raise BackendOutcomeUnknown(_STILL_UNKNOWN, 1)
        access.has_ended()
        record = None if stands else self.idempotency.find(write)
        if record is not None and record.status is not None and record.reply is not None:
            return Answer(record.status, record.reply)
        return answer

    def _call(
        self,
        caller: Caller,
        system: System,
        contract: Contract,
        request: Model,
        opening: Opening,
        call: Call,
        access: Access,
    ) -> Answer:
        ask: Callable[[], Model] = partial(system.method(contract), request, call)
        if contract.identifies:
            who = cast("IdentityRequest", request)  # a test walks the catalogue for this
            reply = self.limits.ask(caller.client, system.name, who, ask)
            access.about_person_in(reply)
        else:
            reply = ask()
        guarded = guard_reply(self.tokens.seal_reply(reply, caller.client.name, system.name, opening))
        if guarded.leaks:
            access.note(masked=guarded.counts)
            self.leaks.count(system.name, contract.name, guarded.counts)
            if caller.client.limits.strict:
                return _blocked(refuse(guarded.leaks, executed=bool(call.reference)))
        return Answer(200, to_json(guarded.reply))


def _blocked(error: LeakBlocked) -> Answer:
    return Answer(error.status, problem_json(error), error.slug)


def to_json(reply: Model) -> bytes:
    """Serialise a reply; absent members are left out.

    Raises:
        ValueError: a member is not of its type, an adapter's defect; a number would have passed the guard.
    """
    return reply.model_dump_json(exclude_none=True, warnings="error").encode()
