"""One report, composed and judged as the desk does it, from rows in memory: no replica, no service, no state."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from adapters.planon.compose import compose_incident
from adapters.planon.elements import as_bytes, provenance
from adapters.planon.forms import load_forms
from adapters.planon.mapping import load_mapping
from adapters.planon.reference import TELEPHONE, Reference
from benchmarks.incidents import REQUEST
from contracts.errors import Violation
from contracts.facility import CreateIncidentRequest
from schemas.dry_run import DryRun
from simulators.planon.reference import PRIORITY_CODES, reference

READ_AT = datetime(2026, 11, 19, 21, 0, tzinfo=UTC)


class Composing:
    """Everything that is there before the report comes in: its request, rows, mapping and compiled schemas."""

    def __init__(self) -> None:
        self._rows = _rows()
        self._request = CreateIncidentRequest.model_validate(
            {**REQUEST, "tenant": self._rows.tenant["tenant_id"], "reported_at": "2026-11-19T22:14:03+01:00"}
        )
        columns = {"tenant": frozenset(self._rows.tenant), "contract": frozenset(self._rows.contract)}
        self._forms = load_forms(load_mapping(None), None, None, columns)
        self._form = self._forms.incidents[str(self._rows.tenant["mandant_code"])]
        self._dry_run = DryRun(*self._form.schemas)
        self._zone = ZoneInfo("Europe/Amsterdam")

    @property
    def steps(self) -> tuple[Path, ...]:
        """The schemas of the dry run: the vendor's, and the profile of the mandant."""
        return self._form.schemas

    def document(self) -> bytes:
        """Compose the report to bytes, with its provenance."""
        composed = compose_incident(self._request, "BENCH", self._rows, None, self._forms, self._zone)
        provenance(composed.elements)
        return as_bytes(self._form.root, self._form.namespace, composed.elements)

    def dry_run(self, document: bytes) -> list[Violation]:
        """Parse strictly and judge by both steps; no violation means that it may be sent."""
        return self._dry_run.check(document)


def _rows() -> Reference:
    planon = reference()
    tenant = planon.tenants[0]
    contract = planon.contract_by_id[tenant.contract_id]
    codes = PRIORITY_CODES[contract.mandant]
    columns: dict[str, Any] = asdict(tenant)
    return Reference(
        tenant={name: value for name, value in columns.items() if not name.startswith(TELEPHONE)},
        contract={**asdict(contract), "mandant_code": contract.mandant},
        matrix={name: {"priority": p, "appsuite_code": codes[p]} for name, p in contract.priorities.items()},
        read_at=READ_AT,
    )
