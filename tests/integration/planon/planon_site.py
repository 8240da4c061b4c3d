"""A desk on a running simulator, and what its tests send through it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import JsonValue

from adapters.planon.desk import PlanonDesk
from adapters.planon.options import PlanonOptions
from contracts.delivery import Document, Sending
from contracts.desks import Call, KeptRow
from contracts.facility import CreateIncidentRequest
from simulators.planon.simulator import PlanonSimulator

REPORTED_AT = datetime.fromisoformat("2026-11-19T22:14:03.900+01:00")
TENANT = "TNT-10001"
NO_HOLDS: Any = None
"""A facility desk holds nothing."""


@dataclass
class RowsInMemory:
    """Kept rows whose age a test decides."""

    rows: dict[str, KeptRow] = field(default_factory=dict)
    max_age: timedelta = timedelta(days=1)

    def keep(self, name: str, row: Mapping[str, JsonValue], read_at: datetime) -> None:
        self.rows[name] = KeptRow(row, read_at)

    def recall(self, name: str) -> KeptRow | None:
        return self.rows.get(name)


@dataclass
class Site:
    """A running simulator, the desk that talks to it, and what the desk kept."""

    simulator: PlanonSimulator
    desk: PlanonDesk
    kept: RowsInMemory

    def incident(self, reference: str = "LS-TAP", **changes: object) -> Document:
        """Compose the leaking tap of the story, or a variation of it."""
        request = {
            "tenant": TENANT,
            "severity": "high",
            "summary": "Kraan in keuken lekt",
            "message": "kraan in keuken lekt, water staat al op de vloer",
            "reported_at": REPORTED_AT,
        }
        return self.desk.create_incident(CreateIncidentRequest.model_validate(request | changes), Call(reference))


def sending_of(document: Document, reference: str = "LS-TAP", parent: str | None = None) -> Sending:
    """What the outbox makes of a document for one attempt."""
    return Sending(
        kind=document.kind,
        body=document.body,
        subject=document.subject,
        reported_at=document.reported_at,
        reference=reference,
        parent_backend_id=parent,
        slot=document.slot,
    )


def options_for(simulator: PlanonSimulator, **changes: object) -> PlanonOptions:
    """Options of a desk on this simulator, patient with a busy machine."""
    options = {
        "soap_url": f"{simulator.url}/soap",
        "appsuite_url": f"{simulator.url}/appsuite/incident",
        "user": simulator.account.user,
        "password": simulator.account.password,
        "replica_url": f"sqlite:///{simulator.replica.path}",
        "settle_s": 2,
        "timeout_s": 20,
    }
    return PlanonOptions.model_validate(options | changes)
