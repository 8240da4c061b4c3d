"""Where holds live: in the practice's own database, or in the shim for a site whose procedures have none."""

import hashlib
from base64 import b32encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from adapters.intramed.agenda import local_time, when_and_where
from adapters.intramed.calls import Deadline, step
from adapters.intramed.keys import HoldKey
from adapters.intramed.within import NO_HOLD, NO_SLOT, NOT_REPLACED
from adapters.sql.faults import Contention
from adapters.sql.messages import Row, Step
from contracts.desks import Call, Hold, Holds
from contracts.errors import BackendUnavailable, HoldExpired, NotFound, SlotTaken, StateUnavailable, TooLate

_DIGEST_CHARACTERS = 25
"""125 bits of base32: no two conversations or holders share a name."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants or has a hold."""

    hold: HoldKey
    patient: str
    call: Call
    conversation: str | None = None


class HoldsOfPractice(Protocol):
    """Hold and confirm; both implementations obey the same rules."""

    def hold(self, wish: Wish, seconds: int, deadline: Deadline) -> tuple[Row, float]:
        """Hold a slot; return when and where it is, and the seconds that the hold has left.

        Raises:
            SlotTaken, TooLate, NotFound, BackendUnavailable, BackendOutcomeUnknown.
        """
        ...

    def confirm(self, wish: Wish, replaces: int | None, deadline: Deadline) -> Row:
        """Book what is held, and cancel what it replaces, both or neither; return the appointment's row.

        Raises:
            HoldExpired, SlotTaken, TooLate, NotFound, BackendUnavailable, BackendOutcomeUnknown.
        """
        ...

    def held(self, starts_from: datetime, starts_before: datetime) -> Sequence[Hold]:
        """Return the holds that the practice's own statements do not know."""
        ...


@dataclass(frozen=True, slots=True)
class BackendHolds:
    """The practice's procedures hold, by the database's own clock."""

    clock: Callable[[], datetime]
    zone: ZoneInfo

    def hold(self, wish: Wish, seconds: int, deadline: Deadline) -> tuple[Row, float]:
        """Hold in one UPDATE of the database."""
        parameters = {
            **_whose(wish),
            "seconds": seconds,
            "conversation": conversation_key(wish.call.client, wish.conversation),
            "moment": local_time(self.clock(), self.zone),
        }
        try:
            (row,) = deadline.write(step("hold_slot", "HELD", parameters))
        except Contention as error:
            if wish.call.repeated:
                # The lock may be that of our own earlier attempt, which nobody has heard of yet.
                raise BackendUnavailable("others are busy with this slot") from error
            raise SlotTaken("others are busy with this slot") from error
        if row["outcome"] != "HELD":
            raise _refusal(row["outcome"])
        return row, row["seconds_left"]

    def confirm(self, wish: Wish, replaces: int | None, deadline: Deadline) -> Row:
        """Confirm in the database: hold, patient and expiry are checked by the statement that books."""
        moment = local_time(self.clock(), self.zone)
        book = step("confirm", "BOOKED", {**_whose(wish), "moment": moment})
        return _booked(deadline, _cancelling(replaces, wish.patient, moment), book)

    def held(self, starts_from: datetime, starts_before: datetime) -> Sequence[Hold]:
        """Return none: list_slots.sql leaves them out."""
        del starts_from, starts_before
        return ()


@dataclass(frozen=True, slots=True)
class ShimHolds:
    """The shim holds; the practice's procedure still decides when it books, because the front desk books too.

    Attributes:
        settle_s: seconds after which the database cannot commit an earlier booking any more; until then a hold that
            was confirmed without an answer stays.
    """

    kept: Holds
    clock: Callable[[], datetime]
    zone: ZoneInfo
    settle_s: float

    def hold(self, wish: Wish, seconds: int, deadline: Deadline) -> tuple[Row, float]:
        """Hold by one row of shim state, if the practice has the slot free now."""
        rows = deadline.read("slot", slot=wish.hold.slot)
        if not rows or not deadline.read("patient", patient=wish.patient):
            raise NotFound(NO_SLOT)
        when = when_and_where(rows[0], self.zone)
        if when["starts_at"] <= self.clock():
            raise _refusal("PAST")
        if rows[0]["status"] != "F":
            raise _refusal("TAKEN")
        hold = Hold(
            slot=str(wish.hold.slot),
            resource=when["therapist"],
            starts_at=when["starts_at"],
            ends_at=when["ends_at"],
            holder=wish.hold.holder,
            patient=wish.patient,
            client=wish.call.client,
            conversation=wish.conversation or "",
        )
        left = self.kept.hold(hold, seconds)
        if left is None:
            raise _refusal("TAKEN")
        return rows[0], left

    def confirm(self, wish: Wish, replaces: int | None, deadline: Deadline) -> Row:
        """Book in the practice what is held here. The same hold again gets the same appointment."""
        whose = (str(wish.hold.slot), wish.hold.holder, wish.patient, wish.call.client)
        claimed = self.kept.claim(*whose, self.settle_s + deadline.left_s)
        if not claimed and not deadline.read("find_booking", **_whose(wish)):
            raise _refusal(self._ended(wish, deadline) if self.kept.known(*whose) else "UNKNOWN")
        moment = local_time(self.clock(), self.zone)
        book = step("book", "BOOKED", {**_whose(wish), "moment": moment})
        try:
            row = _booked(deadline, _cancelling(replaces, wish.patient, moment), book)
        except SlotTaken:
            self._release(whose)
            raise
        except (NotFound, TooLate, BackendUnavailable):
            if not wish.call.repeated:  # else an earlier attempt may still book it
                self._unclaim(whose)
            raise
        self._release(whose)
        return row

    def held(self, starts_from: datetime, starts_before: datetime) -> Sequence[Hold]:
        """Return the live holds in shim state."""
        return self.kept.held(starts_from, starts_before)

    def _release(self, whose: tuple[str, str, str, str]) -> None:
        # A state that cannot be written undoes nothing in the practice, and the hold runs out by itself.
        with suppress(StateUnavailable):
            self.kept.release(*whose[:2])

    def _unclaim(self, whose: tuple[str, str, str, str]) -> None:
        with suppress(StateUnavailable):
            self.kept.unclaim(*whose[:2])

    def _ended(self, wish: Wish, deadline: Deadline) -> str:
        """Say what became of a slot whose hold has run out."""
        for row in deadline.read("slot", slot=wish.hold.slot):
            when = when_and_where(row, self.zone)
            held = self.kept.held(when["starts_at"], when["ends_at"])
            if row["status"] != "F" or any(hold.slot == str(wish.hold.slot) for hold in held):
                return "TAKEN"
        return "EXPIRED"


def conversation_key(client: str, conversation: str | None) -> str:
    """Return the name under which the database knows a client's conversation; empty for none."""
    return "C" + _digest(client, conversation) if conversation else ""


def holder_key(client: str, reference: str) -> str:
    """Return the name under which the database knows a holder: the call's reference, of this client and no other."""
    return "H" + _digest(client, reference)


def _digest(client: str, name: str) -> str:
    digest = hashlib.sha256(f"{len(client)}:{client}{name}".encode()).digest()
    return b32encode(digest).decode()[:_DIGEST_CHARACTERS]


def _whose(wish: Wish) -> dict[str, Any]:
    # A hold belongs to its client too; the database checks that with the holder's name, in the same statement.
    holder = holder_key(wish.call.client, wish.hold.holder)
    return {"slot": wish.hold.slot, "patient": wish.patient, "holder": holder}


def _cancelling(replaces: int | None, patient: str, moment: datetime) -> list[Step]:
    if replaces is None:
        return []
    return [step("cancel", "CANCELLED", {"appointment": replaces, "patient": patient, "moment": moment})]


def _booked(deadline: Deadline, cancel: list[Step], book: Step) -> Row:
    # The old appointment goes first: an appointment that is told to replace itself then fails instead of vanishing.
    try:
        rows = deadline.write(*cancel, book)
    except Contention as error:
        # Never "taken": the lock may be that of our own attempt whose answer was lost.
        raise BackendUnavailable("others are busy with this slot") from error
    if len(rows) <= len(cancel):
        if rows[-1]["outcome"] == "PAST":
            raise TooLate("the appointment to replace has begun already; nothing was changed")
        raise NotFound(NOT_REPLACED)
    if rows[-1]["outcome"] != "BOOKED":
        raise _refusal(rows[-1]["outcome"])
    return rows[-1]


def _refusal(outcome: str) -> Exception:
    match outcome:
        case "TAKEN":
            return SlotTaken("somebody else holds or has booked this slot")
        case "PAST":
            return TooLate("the slot has begun already")
        case "EXPIRED":
            return HoldExpired("the hold has run out")
        case "UNKNOWN":
            return NotFound(NO_HOLD)
        case _:
            return NotFound(NO_SLOT)


def ends_in(clock: Callable[[], datetime], seconds: float, zone: ZoneInfo) -> datetime:
    """Return the moment that lies `seconds` ahead; they were counted by the clock of who holds."""
    return (clock().replace(microsecond=0) + timedelta(seconds=max(0, int(seconds)))).astimezone(zone)
