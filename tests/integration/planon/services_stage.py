"""Planon's services without a desk: what delivers and reads, pointed at a simulator or at a server of a test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from lxml import etree
from pydantic import JsonValue, SecretStr

import schemas
from adapters.planon.mapping import load_mapping
from adapters.planon.options import PlanonOptions
from adapters.planon.outcomes import AppSuiteReplies
from adapters.planon.services import Services
from contracts.delivery import Delivered, Sending
from simulators.planon.simulator import PlanonSimulator
from simulators.planon.sla import SlaClock
from tests.incident import FIELDS, NAMESPACE

REPORTED_AT = datetime.fromisoformat("2026-11-19T22:14:03.900+01:00")
TENANT = "TNT-10001"
REFERENCE = "LS-TAP"
MAPPING = load_mapping(None)
REPLIES = AppSuiteReplies(etree.XMLSchema(file=str(schemas.path("xsd/appsuite/reply.xsd"))), "urn:appsuite:reply:1")


def document(**changes: str) -> bytes:
    """An incident document whose clock starts, unless something is changed."""
    fields = FIELDS | {"BO_EXTERNAL_REF": REFERENCE} | changes
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Incident xmlns="{NAMESPACE}">{inner}</Incident>'.encode()


def incident(reference: str = REFERENCE, **changes: str) -> Sending:
    """What the outbox hands over of an incident."""
    body = document(**({"BO_EXTERNAL_REF": reference} | changes))
    return Sending("incident", body, TENANT, REPORTED_AT, reference)


def note(number: str, reference: str = "LS-NOTE", parent: str | None = None) -> Sending:
    """What the outbox hands over of a note; with a parent, `number` is its slot."""
    texts = {
        "INCIDENT_NUMBER": number,
        "TENANT_ID": TENANT,
        "REPORTED_AT": "2026-11-19T22:14:03+01:00",
        "TEXT": "het lekt nog steeds",
        "EXTERNAL_REF": reference,
        "LOG_TYPE": "TENANT_MESSAGE",
    }
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in texts.items())
    body = f'<CommunicationLog xmlns="urn:planon:communicationlog:1">{inner}</CommunicationLog>'.encode()
    slot = number.encode() if parent else None
    return Sending("note", body, TENANT, REPORTED_AT, reference, parent, slot)


def stored(simulator: PlanonSimulator, clock: SlaClock | None, **fields: str | None) -> None:
    """Change what a simulator holds of its only incident; a field set to None is dropped."""
    (kept,) = simulator.ledger.incidents()
    changed = {name: value for name, value in ({**kept.fields} | fields).items() if value is not None}
    simulator.ledger._incidents.put(kept.syscode, replace(kept, fields=changed, clock=clock))


def clock_of(simulator: PlanonSimulator) -> SlaClock:
    """Return the clock of its only incident."""
    (kept,) = simulator.ledger.incidents()
    assert kept.clock is not None
    return kept.clock


def sla(delivered: Delivered) -> dict[str, JsonValue]:
    """What a delivery says of its clock."""
    shown = delivered.result["sla"]
    assert isinstance(shown, dict)
    return shown


@contextmanager
def services(
    soap_url: str, appsuite_url: str, clock: Callable[[], datetime] | None = None, **changes: object
) -> Iterator[Services]:
    """Services on these addresses, closed afterwards; patient, but for a test of time-outs."""
    options = PlanonOptions.model_validate(
        {
            "soap_url": soap_url,
            "appsuite_url": appsuite_url,
            "user": "shim",
            "password": SecretStr("planon-sandbox"),
            "replica_url": "sqlite:///nowhere.sqlite",
            "settle_s": 2,
            "timeout_s": 20,
            "connect_timeout_s": 5,
        }
        | changes
    )
    made = Services(options, MAPPING, REPLIES, clock or (lambda: datetime.now(UTC)), {})
    try:
        yield made
    finally:
        made.close()


@contextmanager
def services_on(simulator: PlanonSimulator, **changes: object) -> Iterator[Services]:
    """Services on a simulator."""
    with services(f"{simulator.url}/soap", f"{simulator.url}/appsuite/incident", **changes) as made:  # type: ignore[arg-type]
        yield made
