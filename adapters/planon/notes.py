"""Composes notes for the communication log, and the notes that carry on what one document could not hold.

Pure functions, as in `compose.py`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from adapters.planon.cells import local_time
from adapters.planon.elements import Composed, Element
from adapters.planon.forms import Field, Form
from adapters.planon.parts import parts_of
from adapters.planon.slot import placeholder
from adapters.planon.text import words_of
from adapters.planon.wording import replacements
from contracts.bsn import has_bsn
from contracts.facility import CreateIncidentRequest, FacilityNoteRequest

_WHEN_SENT: Final = "filled in when it is sent"


def needs_telephones(request: FacilityNoteRequest) -> bool:
    """Whether the tenant's own numbers must be known to write this note down."""
    return has_bsn(request.text)


def compose_note(
    request: FacilityNoteRequest, reference: str, telephones: Collection[str], form: Form, zone: ZoneInfo
) -> Composed:
    """Return a note's elements in the schema's order, and the notes that carry what it could not hold.

    Args:
        request: the note; `tenant` is the backend's key.
        reference: the external reference, which reconciliation searches for.
        telephones: the tenant's own numbers, E.164; see needs_telephones().
        form: of a note.
        zone: of the site.
    """
    words = words_of(request.text, telephones)
    rule = "the text word for word" + replacements({"text": words.replaced})
    limit = form.of("text").max_length
    if request.incident:
        number, number_from = request.incident, "request.incident"
    else:
        number, number_from = None, f"number of delivery {request.delivery}, {_WHEN_SENT}"
    note = _Note(request.tenant, request.reported_at, number, number_from, "request.text", "text", rule)
    first, *others = _series(note, reference, parts_of(words.text, limit, limit), 1, form, zone)
    return Composed(first.reference, first.elements, first.slot, tuple(others))


def rest_of_incident(
    request: CreateIncidentRequest, reference: str, parts: Sequence[str], form: Form, zone: ZoneInfo
) -> tuple[Composed, ...]:
    """Return the notes for what an incident's description could not hold; `parts` have their headings already."""
    note = _Note(
        request.tenant,
        request.reported_at,
        None,
        f"number of the incident that it continues, {_WHEN_SENT}",
        "request.summary, request.message, request.images",
        "message",
        "the incident's text, carried on",
    )
    return tuple(_series(note, reference, parts, 2, form, zone))


@dataclass(frozen=True, slots=True)
class _Note:
    """What the notes of one text have in common; the number is None when a placeholder must stand for it."""

    tenant: str
    reported_at: datetime
    number: str | None
    number_from: str
    text_from: str
    input: str
    rule: str


def _series(
    note: _Note, reference: str, parts: Sequence[str], first: int, form: Form, zone: ZoneInfo
) -> list[Composed]:
    """Return one note for each part; the first of a text has the reference itself, the others a number behind it."""
    last = first + len(parts) - 1
    series = []
    for number, text in enumerate(parts, start=first):
        own = reference if number == 1 else f"{reference}-{number}"
        slot = None if note.number else placeholder(reference, text)
        rule = note.rule if last == 1 else f"{note.rule}; part {number} of {last}"
        makers = _makers(note, own, slot or note.number or "", text, rule, zone)
        series.append(Composed(own, tuple(_element(field, makers) for field in form.fields), slot))
    return series


def _element(field: Field, makers: Mapping[str, Callable[[str], Element]]) -> Element:
    if field.source is None:
        return Element(field.name, field.constant, "the same for every note", field.section)
    return makers[field.source](field.name)


def _makers(
    note: _Note, reference: str, number: str, text: str, rule: str, zone: ZoneInfo
) -> Mapping[str, Callable[[str], Element]]:
    reported_at = local_time(note.reported_at, zone)
    return {
        "reference": lambda name: Element(name, reference, "external reference of this write", "Idempotency-Key"),
        "incident": lambda name: Element(
            name, number, "the incident that the note is about", note.number_from, {"incident": number}
        ),
        "tenant": lambda name: Element(
            name, note.tenant, "the tenant's own key", "request.tenant", {"tenant": note.tenant}
        ),
        "reported_at": lambda name: Element(
            name,
            reported_at,
            f"reported_at in {zone.key}, whole seconds",
            "request.reported_at",
            {"reported_at": reported_at},
        ),
        "text": lambda name: Element(name, text, rule, note.text_from, {note.input: text}, personal=True),
    }
