"""What a delivered incident turned out to be: whether its clock runs, and whether the backend kept what was sent.

Planon answers with a number and says nothing when it skips the SLA, ignores a look-up or cuts a text short. The
delivery stays delivered; what was seen goes into its result, and what somebody must look at becomes its attention.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from lxml import etree
from pydantic import JsonValue

from adapters.planon.records import IncidentRecord, NoteRecord, Records
from adapters.planon.verdicts import row_of
from adapters.soap import ExchangeFailed
from contracts.delivery import Checked, Delivered, Sending
from contracts.spans import span
from schemas.xml import parse

RECORD_DIFFERS: Final = "record_differs"
SLA_MISSING: Final = "sla_missing"
SLA_UNVERIFIED: Final = "sla_unverified"
_READ_BACK_S: Final = 5.0
"""Limit of one look, all its calls together: the number is known, only what the record says is not."""
_FIRST_LOOK_S: Final = 1.0
_SOONEST_S: Final = 0.1

ClockState = Literal["running", "pending", "missing", "unverified"]


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a delivered incident.

    Attributes:
        record: as it was read; None when it could not be, and then `unread` says why.
        differs: what of it is not as it was sent, by name.
        unread: why there is no record.
    """

    record: IncidentRecord | None
    differs: tuple[str, ...] = ()
    unread: str = ""

    @property
    def runs(self) -> bool:
        """Whether the backend has a due time."""
        return self.record is not None and self.record.sla_due is not None

    @property
    def read(self) -> bool:
        """Whether a record was read, if only to find that it is another one."""
        return self.record is not None or bool(self.differs)

    @property
    def evidence(self) -> str:
        """What was seen, on one line: names of fields, never what a person wrote."""
        if self.record is None:
            clock = f"not read back: {self.unread}"
        else:
            clock = "no due time" if self.record.sla_due is None else f"due {self.record.sla_due.isoformat()}"
        return f"{clock}; differs in {', '.join(self.differs)}" if self.differs else clock


class ReadBack:
    """Looks at delivered incidents. May be used by several threads at once."""

    def __init__(self, records: Records, same: Mapping[str, str], settle_s: float) -> None:
        """Prepare.

        Args:
            records: where they are read.
            same: attribute of a record, and the element of the document whose text it must hold.
            settle_s: seconds after which the backend has computed a clock if it ever will.
        """
        self._records = records
        self._same = same
        self._settle_s = settle_s

    def of(self, sending: Sending, number: str) -> Look:
        """Look at an incident by its number; a look that fails is told in it."""
        try:
            with span("read-back"):
                found = self._records.incidents(number=number, within_s=_READ_BACK_S)
        except ExchangeFailed as error:
            return Look(None, unread=f"{row_of(error).name}: {error}")
        if len(found) != 1:
            return Look(None, unread=f"{len(found)} records have this number")
        return self.of_record(sending, found[0])

    def of_record(self, sending: Sending, record: IncidentRecord) -> Look:
        """Compare a record that was read with what was sent."""
        differs = (*differences(record, sending), *self._changed(record, sending.body))
        if record.reference != sending.reference:
            return Look(None, ("external reference", *differs), "the record with this number has another reference")
        return Look(record, differs)

    def delivered(self, number: str, look: Look) -> Delivered:
        """Return the delivery; it is looked at again until its clock runs, and once if the record differs.

        That one look is for its evidence: a delivery itself has none that names what differs.
        """
        state: ClockState = "running" if look.runs else "unverified" if look.record is None else "pending"
        attention = RECORD_DIFFERS if look.differs else None
        settled = look.runs and attention is None
        again_s = None if settled else min(_FIRST_LOOK_S, self._settle_s)
        return Delivered(number, _result(number, look, state), attention, again_s)

    def checked(self, number: str, look: Look, age_s: float) -> Checked:
        """Return what a later look says, `age_s` seconds after the delivery. The pause doubles each time.

        Where the record differs and its clock never came, the attention is that it differs; the state is `missing` all
        the same, and the evidence names both.
        """
        differs = RECORD_DIFFERS if look.differs else None
        if look.runs:
            return Checked(_result(number, look, "running"), differs, look.evidence)
        left_s = self._settle_s - age_s
        if left_s > 0:
            pending = None if look.record is None else _result(number, look, "pending")
            again_s = max(_SOONEST_S, min(age_s + _FIRST_LOOK_S, left_s))
            return Checked(pending, differs, look.evidence, again_s, read=look.read)
        state: ClockState = "unverified" if look.record is None else "missing"
        attention = differs or (SLA_UNVERIFIED if look.record is None else SLA_MISSING)
        evidence = f"{look.evidence}; looked at for {age_s:.0f} s"
        return Checked(_result(number, look, state), attention, evidence, read=look.read)

    def _changed(self, record: IncidentRecord, frozen: bytes) -> list[str]:
        sent = {etree.QName(element).localname: element.text for element in parse(frozen)}
        return [name for name, element in self._same.items() if (record.same[name] or "") != (sent.get(element) or "")]


def differences(record: NoteRecord, sending: Sending) -> list[str]:
    """Return which of tenant and report time, to the second, are not those that were sent."""
    differs = []
    if record.tenant != sending.subject:
        differs.append("tenant" if record.tenant else "tenant (it has none)")
    if record.reported_at != sending.reported_at.replace(microsecond=0):
        differs.append("report time" if record.reported_at else "report time (it has none)")
    return differs


def sla_of(record: IncidentRecord, state: ClockState) -> dict[str, JsonValue]:
    """Return what the backend itself says of the clock, as the reply model takes it."""
    times: dict[str, datetime | None] = {"started_at": record.sla_start, "due_at": record.sla_due}
    return {"state": state, **{name: time.isoformat() for name, time in times.items() if time is not None}}


def _result(number: str, look: Look, state: ClockState) -> dict[str, JsonValue]:
    return {"incident": number, "sla": sla_of(look.record, state) if look.record else {"state": state}}
