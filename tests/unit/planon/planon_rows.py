"""Reference rows of one tenant per mandant, and the request that both send."""

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from adapters.planon.compose import compose_incident
from adapters.planon.elements import Composed
from adapters.planon.forms import Forms, load_forms
from adapters.planon.mapping import load_mapping
from adapters.planon.reference import AssetRow, Reference
from adapters.planon.replica import Row
from contracts.facility import CreateIncidentRequest

ZONE = ZoneInfo("Europe/Amsterdam")
READ_AT = datetime(2026, 11, 19, 21, 0, tzinfo=UTC)
REFERENCE = "LS-ABCDEFGHIJKLMNOPQRSTUVW"
COLUMNS: Final = {
    "tenant": frozenset({"tenant_id", "mandant_code", "property_id", "location_id", "contract_id"}),
    "contract": frozenset({"contract_id", "mandant_code", "sla_id", "cost_centre", "category"}),
}
FORMS: Final = load_forms(load_mapping(None), None, None, COLUMNS)


def rows_of(mandant: str, *, kept: bool = False, telephones: tuple[str, ...] = ()) -> Reference:
    """Rows of a tenant: WBV codes priority 2 as 2, SCH codes it as 1."""
    contract_id = f"CTR-{mandant}-01"
    tenant = {
        "tenant_id": f"TNT-{mandant}",
        "mandant_code": mandant,
        "property_id": "PRP-01",
        "location_id": "LOC-20001",
        "contract_id": contract_id,
    }
    contract = {
        "contract_id": contract_id,
        "mandant_code": mandant,
        "sla_id": f"SLA-{mandant}-STD",
        "cost_centre": "KP-4100",
        "category": "SCHOOL_REPAIR" if mandant == "SCH" else "DWELLING_REPAIR",
    }
    off = 1 if mandant == "SCH" else 0
    matrix: dict[str, Row] = {
        "high": {"priority": 2, "appsuite_code": 2 - off},
        "normal": {"priority": 3, "appsuite_code": None},
    }
    return Reference(tenant, contract, matrix, READ_AT, kept, telephones)


def request_of(mandant: str, **changes: object) -> CreateIncidentRequest:
    """The leaking tap, reported by this mandant's tenant."""
    request: dict[str, object] = {
        "tenant": f"TNT-{mandant}",
        "severity": "high",
        "summary": "Kraan in keuken lekt, water op de vloer",
        "message": "kraan in keuken lekt,\nwater staat al op de vloer & het stijgt 💧 ",
        "reported_at": "2026-11-19T21:14:03.9Z",
        "asset": {"code": "CV-0114", "confidence": 0.94},
        "images": ["IMG_2214.jpg", "IMG_2215.jpg"],
    }
    return CreateIncidentRequest.model_validate(request | changes)


def compose(
    request: CreateIncidentRequest, rows: Reference, asset_location: str | None = "LOC-20001", forms: Forms = FORMS
) -> Composed:
    """Compose with an asset that the replica has at this location."""
    asset = None
    if request.asset:
        asset = AssetRow({"asset_code": request.asset.code, "location_id": asset_location}, READ_AT)
    return compose_incident(request, REFERENCE, rows, asset, forms, ZONE)
