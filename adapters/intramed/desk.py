"""The practice desk that Intramed offers: each contract is one statement and its row mapping."""

from datetime import timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from adapters.firebird.address import Address
from adapters.firebird.charset import codec_of
from adapters.firebird.faults import Contention, StatementRefused
from adapters.firebird.statements import Statement, StatementInvalid, load_statements
from adapters.firebird.transport import Account, Limits, Row, Transport
from adapters.intramed.agenda import free_slot, when_and_where, window
from adapters.intramed.journal import NoteDestination, compose_note
from adapters.intramed.keys import HoldKey, patient_key, slot_key
from adapters.intramed.options import IntramedOptions
from adapters.intramed.patients import display_name, identify, narrowing_digits
from contracts.delivery import Document
from contracts.desks import AdapterMisconfigured, Call, Ports
from contracts.errors import BackendUnavailable, HoldExpired, NotFound, SlotTaken
from contracts.practice import (
    ConfirmReply,
    ConfirmRequest,
    FindPatientReply,
    FindPatientRequest,
    HoldSlotReply,
    HoldSlotRequest,
    ListSlotsReply,
    ListSlotsRequest,
    PracticeNoteRequest,
)

_STATEMENTS = ("find_patient", "list_slots", "hold_slot", "confirm", "log_note", "find_note")


class IntramedDesk:
    """One Intramed installation. Safe to call from several threads at once; holds no open connection."""

    def __init__(self, options: IntramedOptions, ports: Ports) -> None:
        self._clock = ports.clock
        self._options = options
        self._zone = ZoneInfo(options.zone)
        self._transport = Transport(
            Address.parse(options.database),
            Account(options.read_user, options.read_password.get_secret_value()),
            Account(options.write_user, options.write_password.get_secret_value()),
            options.charset,
            Limits(options.connect_timeout_s, options.lock_timeout_s),
        )

    @cached_property
    def destination(self) -> NoteDestination:
        """Where notes are delivered."""
        return NoteDestination(self._transport, self._statements, self._zone, self._options.settle_s)

    def check(self) -> None:
        """Verify that every statement can be loaded.

        Raises:
            AdapterMisconfigured: naming the statement file.
        """
        try:
            _ = self._statements
        except StatementInvalid as error:
            raise AdapterMisconfigured(f"option statements: {error}") from error

    def close(self) -> None:
        """Release the transport. Idempotent."""
        self._transport.close()

    def find_patient(self, request: FindPatientRequest, call: Call) -> FindPatientReply:
        """Find the one patient for whom every given fact holds."""
        del call
        digits = narrowing_digits(request.telephone)
        return identify(request, self._transport.read(self._statements["find_patient"], {"digits": digits}))

    def list_slots(self, request: ListSlotsRequest, call: Call) -> ListSlotsReply:
        """List free slots, earliest first."""
        del call
        rows = self._transport.read(self._statements["list_slots"], window(request, self._zone))
        return ListSlotsReply(slots=[free_slot(row, self._zone) for row in rows])

    def hold_slot(self, request: HoldSlotRequest, call: Call) -> HoldSlotReply:
        """Hold a slot under the call's reference; repeating it returns the same hold.

        Raises:
            SlotTaken: somebody else holds or has booked it.
            BackendUnavailable: another transaction is busy with it.
            NotFound: the slot or the patient is unknown.
        """
        hold = HoldKey(slot_key(request.slot), call.reference)
        parameters = {
            "slot": hold.slot,
            "patient": patient_key(request.patient),
            "holder": hold.holder,
            "seconds": self._options.hold_s,
        }
        row = self._asked_twice("hold_slot", parameters)
        match row["outcome"]:
            case "HELD":
                # The seconds are counted by the database's clock, so the two clocks need not agree.
                expires_at = self._clock().replace(microsecond=0) + timedelta(seconds=max(0, row["seconds_left"]))
                times = when_and_where(row, self._zone)
                return HoldSlotReply(hold=str(hold), expires_at=expires_at.astimezone(self._zone), **times)
            case "TAKEN":
                raise SlotTaken("somebody else holds or has booked this slot")
            case _:
                raise NotFound("the slot or the patient is unknown")

    def confirm(self, request: ConfirmRequest, call: Call) -> ConfirmReply:
        """Book what is held; confirming again returns the same appointment.

        Raises:
            HoldExpired: the hold ran out.
            SlotTaken: the hold ran out and somebody else has the slot.
            NotFound: there is no such hold of this patient.
        """
        del call  # the hold's own reference makes it idempotent
        hold = HoldKey.parse(request.hold)
        parameters = {"slot": hold.slot, "patient": patient_key(request.patient), "holder": hold.holder}
        row = self._asked_twice("confirm", parameters)
        match row["outcome"]:
            case "BOOKED":
                return ConfirmReply(
                    appointment=str(row["appointment"]), name=display_name(row), **when_and_where(row, self._zone)
                )
            case "EXPIRED":
                raise HoldExpired("the hold has run out")
            case "TAKEN":
                raise SlotTaken("the hold has run out and the slot is somebody else's")
            case _:
                raise NotFound("there is no such hold of this patient")

    def log_note(self, request: PracticeNoteRequest, call: Call) -> Document:
        """Compose a note for the patient's journal. Asks nothing of the database.

        Raises:
            NotFound: no patient can have this key.
        """
        return compose_note(request, call.reference, self._zone, codec_of(self._options.charset))

    def _asked_twice(self, name: str, parameters: dict[str, Any]) -> Row:
        # Whoever was first is done when the conflict is reported, so asking once more gets its answer. A conflict that
        # stays may be with our own lost attempt: it must not end as "taken".
        try:
            return self._write(name, parameters)
        except Contention:
            try:
                return self._write(name, parameters)
            except Contention as error:
                raise BackendUnavailable("another transaction is busy with this slot") from error

    def _write(self, name: str, parameters: dict[str, Any]) -> Row:
        try:
            return self._transport.write(self._statements[name], parameters)[0]
        except StatementRefused as error:
            raise NotFound("the slot or the patient is unknown") from error

    @cached_property
    def _statements(self) -> dict[str, Statement]:
        return load_statements(self._options.statements, _STATEMENTS)
