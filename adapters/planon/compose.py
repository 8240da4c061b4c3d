"""Composes documents from a request and the backend's rows: pure functions, so equal inputs always give equal bytes."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from adapters.planon.elements import Element
from adapters.planon.mapping import IncidentNames, NoteNames
from adapters.planon.reference import AssetRow, Reference, origin
from adapters.planon.text import description, visible
from contracts.errors import RuleMissing, Violation
from contracts.facility import CreateIncidentRequest, FacilityNoteRequest

ASSET_CONFIDENCE: Final = 0.9
"""An asset hint is used above this confidence, as its contract says."""
_REQUEST: Final = "request"
_CONSTANT: Final = "mapping"


def local_time(moment: datetime, zone: ZoneInfo) -> str:
    """Return a time in the site's zone with its numeric offset, whole seconds, rounded down."""
    return moment.astimezone(zone).replace(microsecond=0).isoformat()


def wanted_asset(request: CreateIncidentRequest) -> str | None:
    """Return the code of the asset to look up: none if the caller is not sure enough."""
    hint = request.asset
    return hint.code if hint and hint.confidence > ASSET_CONFIDENCE else None


def incident_elements(
    request: CreateIncidentRequest,
    external_reference: str,
    rows: Reference,
    asset: AssetRow | None,
    names: IncidentNames,
    zone: ZoneInfo,
) -> list[Element]:
    """Return an incident's elements in the schema's order.

    Args:
        request: the report; `tenant` is the backend's key.
        external_reference: what reconciliation searches for.
        rows: the tenant's rows.
        asset: what is known of the asset that wanted_asset() named.
        names: this installation's names.
        zone: of the site.

    Raises:
        RuleMissing: the rows contradict each other, or have no priority for the severity.
    """
    tenant, contract = rows.tenant, rows.contract
    from_tenant = rows.origin("tenant", tenant["tenant_id"])
    from_contract = rows.origin("contract", contract["contract_id"])
    if tenant["mandant_code"] != contract["mandant_code"]:
        raise RuleMissing(
            "the tenant's contract belongs to another mandant",
            [Violation("tenant", "mandant of tenant and contract differ")],
        )
    channel: str = getattr(names.channel, request.channel)
    return [
        Element("BO_EXTERNAL_REF", external_reference, "external reference of this write", "Idempotency-Key"),
        Element("BO_TENANT_ID", str(tenant["tenant_id"]), "the tenant's own key", from_tenant),
        Element("BO_MANDANT", str(tenant["mandant_code"]), "tenant.mandant_code", from_tenant),
        Element("BO_CONTRACT", str(contract["contract_id"]), "tenant.contract_id", from_tenant),
        Element("BO_SLA", str(contract["sla_id"]), "contract.sla_id", from_contract),
        Element("BO_PROPERTY", str(tenant["property_id"]), "tenant.property_id", from_tenant),
        Element("BO_LOCATION", str(tenant["location_id"]), "tenant.location_id", from_tenant),
        *_asset(request, rows, asset),
        Element("BO_ORDER_TYPE", names.order_type, "the same for every report", _CONSTANT),
        Element("BO_CATEGORY", str(contract["category"]), "contract.category", from_contract),
        Element("BO_SEVERITY", request.severity, "severity as the caller named it", _REQUEST),
        _priority(request.severity, rows),
        Element("BO_STATUS", names.status, "the same for every report", _CONSTANT),
        Element("BO_CHANNEL", channel, f"channel {request.channel}", _CONSTANT),
        _time("BO_REPORT_DATE", request.reported_at, zone),
        Element(
            "BO_DESCRIPTION",
            description(request.summary, request.message, request.images),
            "summary, then the message word for word, then image names",
            _REQUEST,
            personal=True,
        ),
        *_attachments(request),
        Element("BO_COST_CENTRE", str(contract["cost_centre"]), "contract.cost_centre", from_contract),
    ]


def note_elements(
    request: FacilityNoteRequest, external_reference: str, incident: str, names: NoteNames, zone: ZoneInfo
) -> list[Element]:
    """Return a note's elements in the schema's order; `incident` is a number, or the placeholder for one."""
    number_from = "request" if request.incident else f"number of delivery {request.delivery}, filled in when it is sent"
    return [
        Element("INCIDENT_NUMBER", incident, "the incident that the note is about", number_from),
        Element("TENANT_ID", request.tenant, "the tenant's own key", _REQUEST),
        _time("REPORTED_AT", request.reported_at, zone),
        Element("TEXT", visible(request.text), "the text word for word", _REQUEST, personal=True),
        Element("EXTERNAL_REF", external_reference, "external reference of this write", "Idempotency-Key"),
        Element("LOG_TYPE", names.log_type, "the same for every note", _CONSTANT),
    ]


def placeholder(external_reference: str, text: str) -> str:
    """Return a word that stands for an incident's number until it is known, and that does not occur in `text`."""
    number = 0
    while (word := f"PARENT-{external_reference}-{number}") in text:
        number += 1
    return word


def _priority(severity: str, rows: Reference) -> Element:
    contract_id, mandant = rows.contract["contract_id"], rows.contract["mandant_code"]
    cell = rows.matrix.get(severity)
    if cell is None:
        raise _no_priority(f"is not in the priority matrix of contract {contract_id}", severity)
    if cell["appsuite_code"] is None:
        raise _no_priority(f"priority {cell['priority']} has no code for mandant {mandant}", severity)
    return Element(
        "BO_PRIORITY",
        str(cell["appsuite_code"]),
        f"severity {severity} is priority {cell['priority']}, which mandant {mandant} codes {cell['appsuite_code']}",
        rows.origin("priority_matrix", contract_id),
    )


def _no_priority(rule: str, severity: str) -> RuleMissing:
    return RuleMissing("no priority is laid down for this severity", [Violation("severity", rule, severity)])


def _time(name: str, reported_at: datetime, zone: ZoneInfo) -> Element:
    return Element(name, local_time(reported_at, zone), f"reported_at in {zone.key}, whole seconds", _REQUEST)


def _asset(request: CreateIncidentRequest, rows: Reference, asset: AssetRow | None) -> list[Element]:
    if request.asset is None:
        return []
    if asset is None:
        reason = f"left out: confidence {request.asset.confidence:g} is not above {ASSET_CONFIDENCE:g}"
        return [Element("BO_ASSET", None, reason, _REQUEST)]
    if not asset.known:
        return [Element("BO_ASSET", None, "left out: the replica is down and no row of it was kept", "replica asset")]
    if asset.row is None or asset.row["location_id"] != rows.tenant["location_id"]:
        return [Element("BO_ASSET", None, "left out: there is no such asset at the tenant's location", "replica asset")]
    code = str(asset.row["asset_code"])
    rule = f"hint with confidence {request.asset.confidence:g}; the asset is at the tenant's location"
    return [Element("BO_ASSET", code, rule, origin("asset", code, asset.read_at, kept=asset.kept))]


def _attachments(request: CreateIncidentRequest) -> list[Element]:
    if not request.images:
        return []
    names = "\n".join(map(visible, request.images))
    return [Element("BO_ATTACHMENTS", names, "image file names, one per line", _REQUEST, personal=True)]
