"""A client of a practice desk, as the suite speaks: each contract with its facts, under a reference of its own."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from contracts.delivery import Document
from contracts.desks import Call, PracticeDesk
from contracts.practice import (
    Appointment,
    CancelReply,
    CancelRequest,
    ConfirmReply,
    ConfirmRequest,
    FindPatientReply,
    FindPatientRequest,
    HoldSlotReply,
    HoldSlotRequest,
    ListSlotsRequest,
    ListUpcomingRequest,
    PracticeNoteRequest,
    Slot,
)

_SERIAL: Final[Iterator[int]] = itertools.count()
_LETTERS: Final = str.maketrans("0123456789", "ABCDEFGHIJ")


def new_reference() -> str:
    """Return an external reference that no call has had yet."""
    return "LS-" + str(next(_SERIAL)).translate(_LETTERS)


@dataclass(frozen=True, slots=True)
class Agent:
    """One client, perhaps limited to clinics; every write is a new call unless a reference is given."""

    desk: PracticeDesk
    name: str = "agent"
    within: frozenset[str] | None = None

    def find(self, telephone: str, *, staff: bool = False, **facts: Any) -> FindPatientReply:
        """Ask who has this number."""
        request = FindPatientRequest.model_validate({"telephone": telephone, **facts})
        return self.desk.find_patient(request, self._call(staff=staff))

    def free(self, starts_from: datetime, starts_before: datetime, **narrowed: Any) -> list[Slot]:
        """List free slots of a window, up to 50 unless `limit` says otherwise."""
        given = {"starts_from": starts_from, "starts_before": starts_before, "limit": 50, **narrowed}
        return self.desk.list_slots(ListSlotsRequest.model_validate(given), self._call()).slots

    def hold(
        self, slot: str, patient: str, conversation: str | None = None, reference: str | None = None
    ) -> HoldSlotReply:
        """Hold a slot."""
        request = HoldSlotRequest(slot=slot, patient=patient, conversation=conversation)
        return self.desk.hold_slot(request, self._call(reference or new_reference()))

    def confirm(self, hold: str, patient: str, replaces: str | None = None, *, repeated: bool = False) -> ConfirmReply:
        """Confirm a hold; `repeated` when an earlier attempt may have been executed."""
        request = ConfirmRequest(hold=hold, patient=patient, replaces=replaces)
        return self.desk.confirm(request, self._call(new_reference(), repeated=repeated))

    def book(self, slot: str, patient: str) -> ConfirmReply:
        """Hold and confirm."""
        return self.confirm(self.hold(slot, patient).hold, patient)

    def cancel(self, appointment: str, patient: str, *, repeated: bool = False) -> CancelReply:
        """Cancel an appointment."""
        request = CancelRequest(appointment=appointment, patient=patient)
        return self.desk.cancel(request, self._call(new_reference(), repeated=repeated))

    def upcoming(self, patient: str, limit: int = 50) -> list[Appointment]:
        """List a patient's appointments."""
        request = ListUpcomingRequest(patient=patient, limit=limit)
        return self.desk.list_upcoming(request, self._call()).appointments

    def note(self, patient: str, text: str, reported_at: str, reference: str) -> Document:
        """Compose a note."""
        request = PracticeNoteRequest.model_validate({"patient": patient, "text": text, "reported_at": reported_at})
        return self.desk.log_note(request, self._call(reference))

    def _call(self, reference: str = "", *, staff: bool = False, repeated: bool = False) -> Call:
        return Call(reference, self.name, staff, repeated, self.within)
