"""Notes in a patient's journal: composed once without the database, delivered and looked up by the outbox."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from adapters.firebird.faults import Contention, StatementRefused
from adapters.firebird.statements import Statement, StatementInvalid
from adapters.firebird.transport import Transport
from adapters.intramed.agenda import local_time
from adapters.intramed.keys import patient_key
from adapters.intramed.text import storable
from contracts.delivery import (
    Absent,
    Conflicting,
    Delivered,
    Document,
    Finding,
    NotSent,
    Outcome,
    OutcomeUnknown,
    Rejected,
    Sending,
    Source,
)
from contracts.errors import BackendOutcomeUnknown, BackendUnavailable
from contracts.practice import PracticeNoteRequest

KIND = "note"


def compose_note(request: PracticeNoteRequest, reference: str, zone: ZoneInfo, codec: str) -> Document:
    """Freeze a note as canonical JSON: what it is, when it was told in both notations, and its reference.

    Raises:
        NotFound: no patient can have this key.
    """
    patient = patient_key(request.patient)
    reported_at = request.reported_at.replace(microsecond=0)
    content = {
        "patient": patient,
        "reference": reference,
        "reported": local_time(reported_at, zone).isoformat(),
        "reported_at": reported_at.isoformat(),
        "text": storable(request.text, codec),
        "utc_minutes": _utc_minutes(reported_at, zone),
    }
    body = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return Document(
        kind=KIND,
        body=body,
        subject=patient,
        reported_at=reported_at,
        order_key=f"patient:{patient}",
        provenance=tuple(_sources(content, zone, codec)),
    )


class NoteDestination:
    """Delivers notes through the vendor's procedure; a repeated reference adds nothing."""

    def __init__(
        self, transport: Transport, statements: Mapping[str, Statement], zone: ZoneInfo, settle_s: float
    ) -> None:
        self._transport, self._statements, self._zone = transport, statements, zone
        self.settle_s = settle_s

    def send(self, sending: Sending) -> Outcome:
        """Send once. Lock conflicts and a refused connection prove that nothing was written."""
        try:
            row = self._transport.write(self._statements["log_note"], _parameters(sending.body))[0]
        except (BackendUnavailable, Contention, StatementInvalid) as error:
            return NotSent(str(error))
        except StatementRefused as error:
            return Rejected(error.reason)
        except BackendOutcomeUnknown as error:
            return OutcomeUnknown(error.detail)
        if row["outcome"] == "OTHER":
            return Rejected("the reference belongs to another note")
        return _delivered(row["note"])

    def find(self, sending: Sending) -> Finding:
        """Look the reference up; a match must be about the same patient and report time.

        Raises:
            BackendUnavailable: the database could not be asked.
        """
        rows = self._transport.read(self._statements["find_note"], {"reference": sending.reference})
        if not rows:
            return Absent()
        told = local_time(sending.reported_at, self._zone), _utc_minutes(sending.reported_at, self._zone)
        matching = [row for row in rows if _agrees(row, sending.subject, told)]
        if len(rows) > 1 or not matching:
            return Conflicting(f"{len(rows)} notes have this reference, {len(matching)} agree in patient and time")
        return _delivered(matching[0]["note"])


def _delivered(note: int) -> Delivered:
    return Delivered(backend_id=str(note), result={"note": str(note)})


def _agrees(row: Mapping[str, Any], subject: str, told: tuple[datetime, int]) -> bool:
    return row["patient"] == subject and (row["reported"], row["utc_minutes"]) == told


def _parameters(body: bytes) -> dict[str, Any]:
    content = json.loads(body)
    return {
        "patient": content["patient"],
        "reported": datetime.fromisoformat(content["reported"]),
        "utc_minutes": content["utc_minutes"],
        "note_text": content["text"],
        "reference": content["reference"],
    }


def _utc_minutes(instant: datetime, zone: ZoneInfo) -> int:
    offset = instant.astimezone(zone).utcoffset()
    return int(offset.total_seconds()) // 60 if offset is not None else 0


def _sources(content: Mapping[str, Any], zone: ZoneInfo, codec: str) -> list[Source]:
    told = "request.reported_at"
    return [
        Source("patient", content["patient"], "the patient's own number", "request.patient"),
        Source("reference", content["reference"], "from deployment, client, system and Idempotency-Key", "shim"),
        Source("reported", content["reported"], f"local time in {zone.key}, rounded down to the second", told),
        Source("reported_at", content["reported_at"], "rounded down to the second", told),
        # The text itself is in the body; provenance outlives it and holds no free text.
        Source("text", None, f"NFC, LF, what {codec} cannot store as [U+…]", "request.text"),
        Source("utc_minutes", str(content["utc_minutes"]), f"offset of {zone.key} at the report time", told),
    ]
