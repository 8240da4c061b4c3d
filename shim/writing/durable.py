"""Durable writes: composed once, stored as bytes with their idempotency record in one commit, then acknowledged."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from pydantic import ValidationError

from contracts.catalogue import Contract
from contracts.delivery import Delivery, Document
from contracts.desks import Call
from contracts.errors import NotFound, Overloaded, ReportTimeRefused, StateDamaged
from contracts.fields import Model
from contracts.spans import Phase, span, traceparent
from outbox.database import ConstraintViolated, Transaction
from outbox.entry import Entry, NewEntry, dump_json
from outbox.store import Outbox
from shim.admission.caller import Caller
from shim.admission.clients import Client
from shim.admission.turns import Turns, state_is_late
from shim.audit.accesses import REPLAYED, Access, Accesses
from shim.audit.log import Append
from shim.drift.noticing import WRITABLE, Standing, require_writable
from shim.guarding import LeakCounter, guard_reply
from shim.opaque.tokens import Tokens
from shim.settings import ReportTime
from shim.systems import System
from shim.writing.idempotency import Idempotency, Write, external_reference
from shim.writing.landings import Landings
from shim.writing.order import Order, continuation, damage_is_a_problem, new_delivery

ACCEPTED: Final = "accepted"
_FIRST_LOOK_S: Final = 0.004
_LAST_LOOK_S: Final = 0.1
"""A waiting request that nobody wakes looks at its delivery after 4 ms, 16 ms, 64 ms, and then every 100 ms."""
_LOOK_EVERY_S: Final = 0.02
"""All who wait together look no more often than that once they have waited a while, or they would keep others waiting:
the worker of this process wakes them, and only another process's deliveries are noticed later."""
_CHECK_WAIT_S: Final = 2.0
"""How much longer a request waits for a look at the record that was delivered: long enough for a backend that starts
its clock within a second, and no longer, because the number is known already and somebody waits for it."""


@dataclass(frozen=True, slots=True)
class Durable:
    """Accepts durable writes and tells where they are."""

    deployment: str
    outbox: Outbox
    idempotency: Idempotency
    tokens: Tokens
    report_time: ReportTime
    order: Order
    clock: Callable[[], datetime]
    notify: Callable[[], None]
    landings: Landings
    look_ups: Turns
    accesses: Accesses
    leaks: LeakCounter
    standing: Standing = WRITABLE

    def accept(self, caller: Caller, system: System, contract: Contract, request: Model, write: Write) -> Entry:
        """Make the write durable, or find what an earlier request with this key made durable.

        Nothing is sent to a backend here: the entry, its idempotency record and its row of the audit are one commit.

        Raises:
            ContractError: it was refused, and nothing was stored.
        """
        client = caller.client
        with (
            self.accesses.of(caller, contract.operation, system, contract) as access,
            self.idempotency.exclusive(write) as record,
        ):
            if record is not None and record.delivery is not None:
                entry = self._entry(record.delivery)
                access.about_person_of(self.outbox, entry, contract)
                access.end(REPLAYED, delivery=record.delivery)
                return entry
            require_writable(self.standing, system.name)
            self._check_report_time(request.reported_at)  # type: ignore[attr-defined]  # every durable request has it
            reference = external_reference(self.deployment, client.name, system.name, write.key)
            opened, _ = self.tokens.open_request(request, client.name, system.name)
            access.about_person_in(opened)
            call = Call(reference, client.name, client.is_staff_of(system.name), within=client.within(system.name))
            with span("compose"):
                document: Document = system.method(contract)(opened, call)
                document = self.order.of(document, client, system.name)
            new = NewEntry(
                id=new_delivery(),
                destination=system.name,
                contract=contract.name,
                client=client.name,
                reference=reference,
                document=document,
                rank=contract.rank,
                request=_asked(opened, call),
                traceparent=traceparent() or f"00-{caller.correlation}-{secrets.token_hex(8)}-00",
            )
            with span("store", delivery=new.id):
                entry = self._store(new, write, access)
        self.notify()
        return entry

    async def wait(self, entry: Entry, wait_s: float) -> Entry:
        """Return the entry when it has ended, or as it is after `wait_s` seconds or at the end of the process.

        A delivered one is waited for a little longer when its record is about to be looked at again.
        """
        until = time.monotonic() + wait_s
        pause_s = _FIRST_LOOK_S
        delivered = False
        with self.landings.of(entry.id) as worked_on, span("wait", Phase.DELIVERY):
            while not self.landings.over and (not entry.state.ended or self._soon_checked(entry, until)):
                if entry.state.ended and not delivered:
                    delivered, until, pause_s = True, min(until, time.monotonic() + _CHECK_WAIT_S), _FIRST_LOOK_S
                left_s = until - time.monotonic()
                if left_s <= 0:
                    break
                with suppress(TimeoutError):
                    await asyncio.wait_for(worked_on.wait(), min(pause_s, left_s))
                worked_on.clear()
                pause_s = min(pause_s * 4, max(_LAST_LOOK_S, self.landings.waiting * _LOOK_EVERY_S))
                with suppress(Overloaded):  # no news then
                    entry = await self.look_ups.run(partial(self._entry, entry.id), state_is_late)
        return entry

    def _soon_checked(self, entry: Entry, until: float) -> bool:
        if entry.check_at is None:
            return False
        left_s = min(until - time.monotonic(), _CHECK_WAIT_S)
        return (entry.check_at - self.clock()).total_seconds() < left_s

    def of_client(self, client: Client, delivery: str) -> Entry:
        """Return a client's own entry; anybody else's does not exist."""
        entry = self.outbox.get(delivery)
        if entry is None or entry.client != client.name:
            raise NotFound("the delivery is not known")
        return self._entry(delivery)

    def reply(self, entry: Entry, contract: Contract) -> Delivery:
        """Tell where the delivery is, in the contract's own reply model.

        Raises:
            StateDamaged: what the backend answered cannot be read any more.
        """
        return self.told(entry, contract.reply)

    def told(self, entry: Entry, model: type[Model]) -> Delivery:
        """Tell where the delivery is, in a model that is a `Delivery`; errors as of `reply`."""
        with damage_is_a_problem():
            result = json.loads(self.outbox.result(entry))
        members = {
            **result,
            "delivery": entry.id,
            "system": entry.destination,
            "contract": entry.contract,
            "state": entry.state,
            "reported_at": entry.reported_at,
            "accepted_at": entry.accepted_at,
            "attempts": entry.sends,
            "reason": entry.reason,
            "attention": entry.attention,
            "continues": entry.continues,
            "replaces": self._accepted_as(entry),
        }
        try:
            reply = model.model_validate(members)
        except ValidationError as error:
            # It stands in the way of this delivery alone, and not of a list that has it in it.
            raise StateDamaged("what the backend answered does not fit the contract's reply") from error
        if not isinstance(reply, Delivery):
            raise TypeError(f"{entry.contract} is durable but does not reply with a Delivery")
        guarded = guard_reply(reply)
        self.leaks.count(entry.destination, entry.contract, guarded.counts)
        return guarded.reply  # type: ignore[no-any-return]  # a Delivery, as it was

    def _accepted_as(self, entry: Entry) -> str | None:
        """Return the identifier that the client was told, if it is another one by now."""
        first = entry
        while first.supersedes is not None and (earlier := self.outbox.get(first.supersedes)) is not None:
            first = earlier
        return None if first is entry else first.id

    def _entry(self, delivery: str) -> Entry:
        entry = self.outbox.current(delivery)  # what was composed anew answers for what it supersedes
        if entry is None:
            raise NotFound("the delivery is not known")
        return entry

    def _check_report_time(self, reported_at: datetime) -> None:
        now = self.clock()
        ahead = reported_at - now
        server_time = now.isoformat(timespec="seconds")
        if ahead > timedelta(seconds=self.report_time.max_ahead_s):
            raise ReportTimeRefused("reported_at lies in the future", field="reported_at", server_time=server_time)
        if -ahead > timedelta(seconds=self.report_time.max_age_s):
            raise ReportTimeRefused("reported_at is too old", field="reported_at", server_time=server_time)

    def _store(self, new: NewEntry, write: Write, access: Access) -> Entry:
        # Sealed before the commit, in which others wait.
        first = self.outbox.seal(new)
        rest = [self.outbox.seal(continuation(new, follow_on)) for follow_on in new.document.follow_ons]

        def store(tx: Transaction, append: Append) -> Entry:
            entry = self.outbox.enqueue(tx, first)
            for sealed in rest:
                self.outbox.enqueue(tx, sealed)
            self.idempotency.insert(tx, write, entry.id)
            append(access.outcome(ACCEPTED, delivery=entry.id))
            return entry

        try:
            entry = self.accesses.log.write_with(store)
        except ConstraintViolated:
            # A second shim on the same state was faster with the same request, or this is a defect.
            record = self.idempotency.find(write)
            if record is None or record.delivery is None:
                raise
            access.note(delivery=record.delivery)
            return self._entry(record.delivery)
        access.has_ended()
        return entry


def _asked(opened: Model, call: Call) -> bytes:
    """Return what is composed anew if another schema or mapping asks for it; it is stored sealed."""
    return dump_json({"request": opened.model_dump(mode="json"), "staff": call.staff})


def seconds_until(moment: datetime, now: datetime) -> int:
    """Whole seconds until a moment, at least 1: what Retry-After wants."""
    return max(1, -(-int((moment - now).total_seconds() * 1000) // 1000))
