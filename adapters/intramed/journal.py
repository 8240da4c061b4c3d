"""Notes in a patient's journal: composed once without the database, delivered and looked up by the outbox."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from adapters.intramed.agenda import local_time
from adapters.intramed.calls import Calls
from adapters.intramed.keys import patient_key
from adapters.intramed.text import storable
from adapters.sql.faults import Contention
from adapters.sql.messages import Step
from contracts.delivery import (
    Absent,
    Checked,
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
    Unknown,
)
from contracts.errors import BackendOutcomeUnknown, BackendUnavailable, NotFound
from contracts.practice import PracticeNoteRequest

KIND = "note"
_LOGGED = frozenset({"LOGGED", "KNOWN"})


NotesMode = Literal["column", "text", "park"]
"""How a note is found again: by a reference column, by a reference at the end of its text, or not at all."""


def compose_note(request: PracticeNoteRequest, reference: str, zone: ZoneInfo, codec: str, mode: NotesMode) -> Document:
    """Freeze a note as canonical JSON: what it is, when it was told in both notations, and its reference.

    Args:
        request: the note.
        reference: external reference of the call.
        zone: the practice's zone.
        codec: what the database can store.
        mode: how this journal finds a note again; frozen with it.

    Raises:
        NotFound: no patient can have this key.
    """
    patient = patient_key(request.patient)
    reported_at = request.reported_at.replace(microsecond=0)
    content = {
        "mode": mode,
        "patient": patient,
        "reference": reference,
        "reported": local_time(reported_at, zone).isoformat(),
        "reported_at": reported_at.isoformat(),
        "text": storable(request.text, codec) + (f"\n{_mark(reference)}" if mode == "text" else ""),
        "utc_minutes": _utc_minutes(reported_at, zone),
    }
    body = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return Document(
        kind=KIND,
        body=body,
        subject=patient,
        reported_at=reported_at,
        order_key=f"patient:{patient}",
        provenance=tuple(_sources(content, zone, codec, mode)),
    )


class NoteDestination:
    """Delivers notes through the vendor's procedure, and finds them again by their reference where the site has one."""

    def __init__(self, calls: Calls, zone: ZoneInfo, mode: NotesMode, settle_s: float, fingerprint: str) -> None:
        self._calls, self._zone, self._mode = calls, zone, mode
        self._fingerprint = fingerprint
        self.settle_s = settle_s
        self.unknown: Unknown = "park" if mode == "park" else "verify"

    def fingerprint(self, kind: str) -> str | None:
        """Return what a note is written with now; see `Destination`."""
        return self._fingerprint if kind == KIND else None

    def send(self, sending: Sending) -> Outcome:
        """Send once. Lock conflicts and a refused connection prove that nothing was written."""
        if otherwise := self._otherwise(sending.body):
            return NotSent(otherwise, about_entry=True)
        try:
            (row,) = self._calls.begin().write(_step(sending.body))
        except (BackendUnavailable, Contention) as error:
            # A lock on one patient says nothing of the database.
            return NotSent(str(error), about_entry=isinstance(error, Contention))
        except NotFound as error:
            return Rejected(str(error.__cause__ or error))
        except BackendOutcomeUnknown as error:
            return OutcomeUnknown(error.detail)
        return _answered(row)

    def find(self, sending: Sending) -> Finding:
        """Look the reference up; a match must be about the same patient and report time.

        Raises:
            BackendUnavailable: the database could not be asked.
        """
        if otherwise := self._otherwise(sending.body):
            return Conflicting(f"{otherwise}, and retry it")  # nothing was asked: it says nothing of the database
        if self._mode == "park":
            return Conflicting(
                "this journal keeps no reference: look whether the note is there; then discard it, or retry --not-there"
            )
        deadline = self._calls.begin()
        if self._mode == "column":
            rows = deadline.read("find_note", reference=sending.reference)
        else:
            rows = deadline.read("find_note_text", patient=sending.subject, reference=_mark(sending.reference))
        if not rows:
            return Absent()
        told = local_time(sending.reported_at, self._zone), _utc_minutes(sending.reported_at, self._zone)
        matching = [row for row in rows if _agrees(row, sending.subject, told)]
        if len(rows) > 1 or not matching:
            return Conflicting(f"{len(rows)} notes have this reference, {len(matching)} agree in patient and time")
        return _delivered(matching[0]["note"])

    def check(self, sending: Sending, backend_id: str, age_s: float) -> Checked:
        """Answer that all is well: a note has no clock that must be seen to run, so none asks to be looked at again."""
        del sending, backend_id, age_s
        return Checked(None, None, "a note is not looked at again")

    def _otherwise(self, body: bytes) -> str | None:
        """Return why a note is neither sent nor looked for: done in two ways, it would be missed and written twice."""
        frozen = json.loads(body).get("mode", "column")
        if frozen == self._mode:
            return None
        return f"composed while notes was {frozen}: set it back until this note has ended"


def _mark(reference: str) -> str:
    return f"[{reference}]"


def _delivered(note: int) -> Delivered:
    return Delivered(backend_id=str(note), result={"note": str(note)})


def _answered(row: Mapping[str, Any]) -> Delivered | Rejected:
    if row["outcome"] == "OTHER":
        return Rejected("the reference belongs to another note")
    if row["outcome"] not in _LOGGED or row["note"] is None:
        return Rejected(f"the procedure says {row['outcome']}; nothing was written")
    return _delivered(row["note"])


def _agrees(row: Mapping[str, Any], subject: str, told: tuple[datetime, int]) -> bool:
    return row["patient"] == subject and (row["reported"], row["utc_minutes"]) == told


def _step(body: bytes) -> Step:
    content = json.loads(body)
    parameters = {
        "patient": content["patient"],
        "reported": datetime.fromisoformat(content["reported"]),
        "utc_minutes": content["utc_minutes"],
        "note_text": content["text"],
    }
    if content.get("mode", "column") != "column":
        return Step("log_note_text", parameters, _LOGGED)
    return Step("log_note", {**parameters, "reference": content["reference"]}, _LOGGED)


def _utc_minutes(instant: datetime, zone: ZoneInfo) -> int:
    offset = instant.astimezone(zone).utcoffset()
    return int(offset.total_seconds()) // 60 if offset is not None else 0


def _sources(content: Mapping[str, Any], zone: ZoneInfo, codec: str, mode: NotesMode) -> list[Source]:
    told = "request.reported_at"
    place = {"column": "in a column", "text": "at the end of the text, in brackets", "park": "not written"}[mode]
    made = f"from deployment, client, system and Idempotency-Key; {place}"
    return [
        Source("mode", mode, "how this journal finds a note again", "options.notes"),
        Source("patient", content["patient"], "the patient's own number", "request.patient"),
        Source("reference", content["reference"], made, "shim"),
        Source("reported", content["reported"], f"local time in {zone.key}, rounded down to the second", told),
        Source("reported_at", content["reported_at"], "rounded down to the second", told),
        # The text itself is in the body; provenance outlives it and holds no free text.
        Source("text", None, f"NFC, LF, what {codec} cannot store as [U+…]", "request.text"),
        Source("utc_minutes", str(content["utc_minutes"]), f"offset of {zone.key} at the report time", told),
    ]
