"""The SLA engine. It starts a clock when all fifteen fields are there and right; otherwise it says nothing at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from simulators.planon.reference import PRIORITY_CODES, Contract, Reference, Tenant

SLA_FIELDS: Final = (
    "BO_TENANT_ID",
    "BO_LOCATION",
    "BO_PROPERTY",
    "BO_PRIORITY",
    "BO_SLA",
    "BO_CONTRACT",
    "BO_REPORT_DATE",
    "BO_DESCRIPTION",
    "BO_MANDANT",
    "BO_SEVERITY",
    "BO_CATEGORY",
    "BO_ORDER_TYPE",
    "BO_STATUS",
    "BO_CHANNEL",
    "BO_COST_CENTRE",
)


@dataclass(frozen=True, slots=True)
class SlaClock:
    """Start and due time of a running clock; aware, in the offset of the report date."""

    start: datetime
    due: datetime


class SlaEngine:
    """Evaluates incidents against the contracts' own rows."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference

    def clock(self, fields: Mapping[str, str]) -> SlaClock | None:
        """Return the clock of an incident, or None, without a reason, when any of the fifteen is missing or wrong."""
        if any(not fields.get(name) for name in SLA_FIELDS):
            return None
        tenant = self._reference.tenant_by_id.get(fields["BO_TENANT_ID"])
        contract = self._reference.contract_by_id.get(fields["BO_CONTRACT"])
        if tenant is None or contract is None or not _right(fields, tenant, contract):
            return None
        minutes = self._reference.window_minutes[contract.sla_id, contract.mandant, int(fields["BO_PRIORITY"])]
        start = datetime.fromisoformat(fields["BO_REPORT_DATE"])
        return SlaClock(start, start + timedelta(minutes=minutes))


def _right(fields: Mapping[str, str], tenant: Tenant, contract: Contract) -> bool:
    priority = contract.priorities.get(fields["BO_SEVERITY"])
    if priority is None:
        return False
    expected = {
        "BO_CONTRACT": tenant.contract_id,
        "BO_MANDANT": contract.mandant,
        "BO_PROPERTY": tenant.property_id,
        "BO_LOCATION": tenant.location_id,
        "BO_SLA": contract.sla_id,
        "BO_COST_CENTRE": contract.cost_centre,
        "BO_CATEGORY": contract.category,
        "BO_ORDER_TYPE": "CORRECTIVE",  # planned work has no response time
        "BO_STATUS": "REPORTED",  # a clock starts with a new report only
    }
    code = PRIORITY_CODES[contract.mandant][priority]
    return int(fields["BO_PRIORITY"]) == code and all(fields[name] == value for name, value in expected.items())
