"""The audit as JSON lines for another system: each field has one place in FHIR's AuditEvent (R4), and only one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from outbox.database import Transaction
from outbox.entry import from_ms
from outbox.statements import Statements
from shim.audit.rows import COLUMNS

SQL: Final = Statements("shim.audit", "reading")
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a line.

    Attributes:
        name: in the line.
        fhir: its place in an AuditEvent; `[x]` names the entity, agent or detail that is meant.
        answers: which question it answers.
    """

    name: str
    fhir: str
    answers: str


FIELDS: Final = (
    Field("id", "AuditEvent.id", "which row: the chain and the place in it"),
    Field("recorded", "AuditEvent.recorded", "when"),
    Field("action", "AuditEvent.subtype[operation].code", "what was done: an operation, or a command"),
    Field("phase", "AuditEvent.subtype[phase].code", "before or after it was done"),
    Field(
        "access", "AuditEvent.entity[access].what.identifier.value", "which intent and which outcome belong together"
    ),
    Field("outcome", "AuditEvent.outcomeDesc", "how it ended"),
    Field("status", "AuditEvent.entity[access].detail[status].valueString", "how it ended, as a number"),
    Field("client", "AuditEvent.agent[client].who.identifier.value", "which client"),
    Field("actor", "AuditEvent.agent[actor].who.identifier.value", "which administrator, of a command"),
    Field("on_behalf_of", "AuditEvent.agent[on_behalf_of].who.identifier.value", "on whose behalf"),
    Field("system", "AuditEvent.entity[system].what.identifier.value", "which system"),
    Field("contract", "AuditEvent.entity[contract].what.identifier.value", "which contract of it"),
    Field("subject", "AuditEvent.entity[subject].what.identifier.value", "about whom, as a name nobody can read"),
    Field("subject_key", "AuditEvent.entity[subject].what.identifier.system", "with which key that name was made"),
    Field("purpose", "AuditEvent.purposeOfEvent[purpose].text", "why"),
    Field(
        "correlation", "AuditEvent.entity[correlation].what.identifier.value", "what ties it to the caller's own log"
    ),
    Field("detail", "AuditEvent.entity[access].detail[detail].valueString", "what else is known, without contents"),
    Field("hash", "AuditEvent.entity[access].detail[hash].valueString", "that it was not changed"),
)
"""All fields of a line, in its order."""


def exported(tx: Transaction, since: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the lines of all rows since a moment, in milliseconds since 1970, in the order of time."""
    last: tuple[Any, ...] = ("", 0, -1)
    while True:
        values = {"since": since, "chain": last[0], "n": last[1], "at": last[2], "limit": _PAGE}
        page = tx.execute(SQL["by_time"], values).fetchall()
        if not page:
            return
        yield from map(_line, page)
        last = tuple(page[-1])


def _line(row: Any) -> dict[str, Any]:
    values = dict(zip((*COLUMNS, "hash"), row, strict=True))
    recorded = from_ms(values["at"]).isoformat(timespec="milliseconds")
    values |= {"id": f"{values['chain']}-{values['n']}", "recorded": recorded}
    return {field.name: values[field.name] for field in FIELDS}
