"""The practice desk that Intramed offers: each contract is its statements and their row mapping."""

import logging
import time
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from adapters.firebird.charset import codec_of
from adapters.intramed.agenda import LONGEST, local_time, when_and_where
from adapters.intramed.calls import Calls, step
from adapters.intramed.connecting import journal_fingerprint, open_transport, optional_looks
from adapters.intramed.holds import BackendHolds, HoldsOfPractice, ShimHolds, Wish, ends_in
from adapters.intramed.journal import NoteDestination, compose_note
from adapters.intramed.keys import HoldKey, appointment_key, patient_key, slot_key
from adapters.intramed.listing import Listing
from adapters.intramed.options import IntramedOptions
from adapters.intramed.patients import display_name, identify, narrowing_digits
from adapters.intramed.within import NO_APPOINTMENT, NO_SLOT, Clinics
from adapters.sql.faults import Contention
from adapters.sql.transport import Transport
from contracts.delivery import Document
from contracts.desks import Call, Ports
from contracts.errors import BackendUnavailable, NotFound, TooLate
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
    ListSlotsReply,
    ListSlotsRequest,
    ListUpcomingReply,
    ListUpcomingRequest,
    PracticeNoteRequest,
)

_log = logging.getLogger(__name__)


class IntramedDesk:
    """One Intramed installation. Safe to call from several threads at once; every contract ends by its deadline."""

    def __init__(self, options: IntramedOptions, ports: Ports) -> None:
        self._options, self._ports = options, ports
        self._zone = ZoneInfo(options.zone)

    @cached_property
    def destination(self) -> NoteDestination:
        """Where notes are delivered."""
        options = self._options
        return NoteDestination(self._calls, self._zone, options.notes, options.settle_s, self._fingerprint)

    @cached_property
    def _fingerprint(self) -> str:
        return journal_fingerprint(self._options)

    def check(self) -> None:
        """Verify that every statement can be loaded and every option can work.

        Raises:
            AdapterMisconfigured: naming the option or statement file.
        """
        _ = self.transport

    def check_backend(self) -> list[str]:
        """Prepare every statement on the database; return a line for each that is not what its head says.

        What only clients need that are limited to clinics is no reason not to start: a site may have no such client.

        Raises:
            BackendUnavailable: the database could not be asked.
        """
        problems = self.transport.rehearse(time.monotonic() + self._options.deadline_s)
        self.transport.open_ahead()
        unneeded = optional_looks(self._options)
        for problem in problems:
            if problem.startswith(unneeded):
                _log.warning("clients that are limited to clinics can hold, confirm and cancel nothing: %s", problem)
        return [problem for problem in problems if not problem.startswith(unneeded)]

    def close(self) -> None:
        """Close what was opened ahead. Idempotent."""
        if "transport" in self.__dict__:
            self.transport.close()

    def find_patient(self, request: FindPatientRequest, call: Call) -> FindPatientReply:
        """Find the one patient for whom every given fact holds."""
        rows = self._calls.begin().read("find_patient", digits=narrowing_digits(request.telephone))
        reply = identify(request, rows)
        if reply.patient is None or not call.staff or self._options.staff_link is None:
            return reply
        return reply.model_copy(update={"link": self._options.staff_link.replace("{patient}", reply.patient)})

    def list_upcoming(self, request: ListUpcomingRequest, call: Call) -> ListUpcomingReply:
        """List a patient's appointments that have not begun, earliest first."""
        clinics, deadline, max_rows = Clinics.of(call), self._calls.begin(), request.limit
        asked = {"patient": patient_key(request.patient), "moment": self._moment()}
        while True:
            rows = deadline.read("list_upcoming", max_rows=max_rows, **asked)
            shown = [row for row in rows if clinics.has(row)]
            if len(shown) >= request.limit or len(rows) < max_rows:
                break
            max_rows *= 4
        return ListUpcomingReply(
            appointments=[
                Appointment(appointment=str(row["appointment"]), **when_and_where(row, self._zone))
                for row in shown[: request.limit]
            ]
        )

    def list_slots(self, request: ListSlotsRequest, call: Call) -> ListSlotsReply:
        """List free slots that have not begun, earliest first."""
        # What begins at this very moment has begun.
        starts_from = max(request.starts_from, self._ports.clock() + timedelta.resolution)
        clinics = Clinics.of(call)
        asked = clinics.to_list(request.clinic, codec_of(self._options.charset))
        if starts_from >= request.starts_before or not asked:
            return ListSlotsReply(slots=[])
        held = self._holds.held(starts_from, request.starts_before + LONGEST)
        listing = Listing(request, clinics, starts_from, self._zone, held)
        return ListSlotsReply(slots=listing.read(asked, self._calls.begin()))

    def hold_slot(self, request: HoldSlotRequest, call: Call) -> HoldSlotReply:
        """Hold a slot under the call's reference; repeating it returns the same hold.

        Raises:
            SlotTaken: somebody else holds or has booked it, or an overlapping one of the same therapist.
            TooLate: it has begun.
            NotFound: the slot or the patient is unknown.
        """
        hold = HoldKey(slot_key(request.slot), call.reference)
        wish = Wish(hold, patient_key(request.patient), call, request.conversation)
        deadline = self._calls.begin()
        Clinics.of(call).check_slot(hold.slot, NO_SLOT, deadline)
        row, left = self._holds.hold(wish, self._options.hold_s, deadline)
        expires_at = ends_in(self._ports.clock, left, self._zone)
        return HoldSlotReply(hold=str(hold), expires_at=expires_at, **when_and_where(row, self._zone))

    def confirm(self, request: ConfirmRequest, call: Call) -> ConfirmReply:
        """Book what is held, and cancel what it replaces: both or neither. Confirming again returns the same.

        Raises:
            HoldExpired: the hold ran out.
            SlotTaken: the slot is somebody else's.
            TooLate: the slot, or the appointment to replace, has begun.
            NotFound: there is no such hold, or no such appointment to replace, of this patient.
        """
        wish = Wish(HoldKey.parse(request.hold), patient_key(request.patient), call)
        replaces = None if request.replaces is None else appointment_key(request.replaces)
        deadline = self._calls.begin()
        Clinics.of(call).check_confirm(wish.hold.slot, replaces, wish.patient, deadline)
        row = self._holds.confirm(wish, replaces, deadline)
        return ConfirmReply(
            appointment=str(row["appointment"]),
            name=display_name(row),
            replaced=request.replaces,
            **when_and_where(row, self._zone),
        )

    def cancel(self, request: CancelRequest, call: Call) -> CancelReply:
        """Cancel an appointment of this patient; cancelling again returns the same.

        Raises:
            TooLate: it has begun.
            NotFound: there is no such appointment of this patient.
        """
        # The appointment itself tells whether it was cancelled before.
        appointment, patient = appointment_key(request.appointment), patient_key(request.patient)
        deadline = self._calls.begin()
        Clinics.of(call).check_appointment(appointment, patient, deadline)
        parameters = {"appointment": appointment, "patient": patient, "moment": self._moment()}
        try:
            (row,) = deadline.write(step("cancel", "CANCELLED", parameters))
        except Contention as error:
            raise BackendUnavailable("others are busy with this appointment") from error
        match row["outcome"]:
            case "CANCELLED":
                return CancelReply(appointment=request.appointment)
            case "PAST":
                raise TooLate("the appointment has begun already")
            case _:
                raise NotFound(NO_APPOINTMENT)

    def log_note(self, request: PracticeNoteRequest, call: Call) -> Document:
        """Compose a note for the patient's journal. Asks nothing of the database.

        Raises:
            NotFound: no patient can have this key.
        """
        codec = codec_of(self._options.charset)
        note = compose_note(request, call.reference, self._zone, codec, self._options.notes)
        return replace(note, fingerprint=self._fingerprint)

    @cached_property
    def transport(self) -> Transport:
        """The connections to the database."""
        return open_transport(self._options)

    @cached_property
    def _calls(self) -> Calls:
        return Calls(self.transport, self._options.deadline_s)

    @cached_property
    def _holds(self) -> HoldsOfPractice:
        if self._options.holds == "backend":
            return BackendHolds(self._ports.clock, self._zone)
        return ShimHolds(self._ports.holds, self._ports.clock, self._zone, self._options.settle_s)

    def _moment(self) -> Any:
        return local_time(self._ports.clock(), self._zone)
