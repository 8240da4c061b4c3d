"""Composes an incident from a request and the backend's rows.

Pure functions, without clock, chance or I/O: equal inputs always give equal bytes, on every supported Python.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final
from zoneinfo import ZoneInfo

from adapters.planon.cells import cell_text, local_time
from adapters.planon.elements import Composed, Element
from adapters.planon.forms import Field, Forms, IncidentForm
from adapters.planon.notes import rest_of_incident
from adapters.planon.reference import AssetRow, Reference
from adapters.planon.wording import Wording
from contracts.bsn import replace_bsn
from contracts.errors import RuleMissing, Violation
from contracts.facility import CreateIncidentRequest

ASSET_CONFIDENCE: Final = 0.9
"""An asset hint is used above this confidence, as its contract says."""


def wanted_asset(request: CreateIncidentRequest) -> str | None:
    """Return the code of the asset to look up: none if the caller is not sure enough."""
    hint = request.asset
    return hint.code if hint and hint.confidence > ASSET_CONFIDENCE else None


def compose_incident(
    request: CreateIncidentRequest,
    reference: str,
    rows: Reference,
    asset: AssetRow | None,
    forms: Forms,
    zone: ZoneInfo,
) -> Composed:
    """Return an incident's elements in the schema's order, and the notes that carry what it could not hold.

    Args:
        request: the report; `tenant` is the backend's key.
        reference: the external reference, which reconciliation searches for.
        rows: the tenant's rows.
        asset: what is known of the asset that wanted_asset() named.
        forms: of this installation.
        zone: of the site.

    Raises:
        RuleMissing: the rows contradict each other, or have no rule for the request.
    """
    return _Incident(request, reference, rows, asset, forms, zone).composed()


def mandant_of(rows: Reference) -> str:
    """Return the mandant, as the tenant's row says.

    Raises:
        RuleMissing: the contract's row says another one.
    """
    tenant, contract = rows.tenant["mandant_code"], rows.contract["mandant_code"]
    if tenant is None or tenant != contract:
        rule = f"mandant of tenant and contract differ: {tenant} and {contract}"
        raise RuleMissing("the tenant's contract belongs to another mandant", [Violation("tenant", rule)])
    return str(tenant)


class _Incident:
    """One incident while it is composed."""

    def __init__(
        self,
        request: CreateIncidentRequest,
        reference: str,
        rows: Reference,
        asset: AssetRow | None,
        forms: Forms,
        zone: ZoneInfo,
    ) -> None:
        self._request = request
        self._reference = reference
        self._rows = rows
        self._asset = asset
        self._forms = forms
        self._zone = zone
        self._form = _form_of(mandant_of(rows), forms)
        limits = self._form.of("description").max_length, forms.note.of("text").max_length
        self._wording = Wording(request, rows.telephones, *limits)
        self._sources: Mapping[str, Callable[[Field], Element | None]] = {
            "reference": self._reference_element,
            "reported_at": self._report_time,
            "channel": self._channel,
            "severity": self._severity,
            "priority": self._priority,
            "description": self._wording.description,
            "attachments": self._wording.attachments,
            "asset": self._asset_element,
        }

    def composed(self) -> Composed:
        elements = tuple(self._elements())
        rest = rest_of_incident(self._request, self._reference, self._wording.parts[1:], self._forms.note, self._zone)
        return Composed(self._reference, elements, rest=rest)

    def _elements(self) -> Iterator[Element]:
        for field in self._form.fields:
            if field.source is None:
                yield Element(field.name, field.constant, "the same for every report", field.section)
            elif field.source in self._sources:
                element = self._sources[field.source](field)
                if element is not None:
                    yield element
            else:
                yield self._cell(field, *field.source.split("."))

    def _reference_element(self, field: Field) -> Element:
        return Element(field.name, self._reference, "external reference of this write", "Idempotency-Key")

    def _report_time(self, field: Field) -> Element:
        value = local_time(self._request.reported_at, self._zone)
        return Element(
            field.name,
            value,
            f"reported_at in {self._zone.key}, whole seconds",
            "request.reported_at",
            {"reported_at": value},
        )

    def _channel(self, field: Field) -> Element:
        channel = self._request.channel
        value = self._form.channels[channel]
        return Element(
            field.name, value, f"channel {channel} as this site calls it", "request.channel", {"channel": value}
        )

    def _site_severity(self) -> str:
        severity = self._request.severity
        if severity not in self._form.severities:
            raise _no_priority("is no severity of this site", severity)
        return self._form.severities[severity]

    def _severity(self, field: Field) -> Element:
        value = self._site_severity()
        rule = f"severity {self._request.severity} as this site calls it"
        return Element(field.name, value, rule, "request.severity", {"severity": value})

    def _priority(self, field: Field) -> Element:
        rows, severity = self._rows, self._site_severity()
        contract, mandant = rows.contract["contract_id"], rows.contract["mandant_code"]
        cell = rows.matrix.get(severity)
        if cell is None or cell["priority"] is None:
            raise _no_priority(f"is not in the priority matrix of contract {contract}", self._request.severity)
        if cell["appsuite_code"] is None:
            raise _no_priority(f"priority {cell['priority']} has no code for mandant {mandant}", self._request.severity)
        value = str(cell["appsuite_code"])
        rule = f"severity {severity} is priority {cell['priority']}, which mandant {mandant} codes {value}"
        origin = f"{rows.priority_origin(severity)}; {rows.code_origin(severity)}"
        return Element(field.name, value, rule, origin, {"severity": value}, "priority_code.appsuite_code")

    def _cell(self, field: Field, table: str, column: str) -> Element:
        row, origin = (
            (self._rows.tenant, self._rows.tenant_origin(column))
            if table == "tenant"
            else (self._rows.contract, self._rows.contract_origin(column))
        )
        value = cell_text(f"{table}.{column}", row[column], field)
        rule = f"{table}.{column}" if value is not None else f"left out: {table}.{column} is empty"
        return Element(field.name, value, rule, origin, {"tenant": value or ""}, f"{table}.{column}")

    def _asset_element(self, field: Field) -> Element | None:
        hint, asset = self._request.asset, self._asset
        if hint is None:
            return None
        if asset is None or hint.confidence <= ASSET_CONFIDENCE:
            rule = f"left out: confidence {hint.confidence!r} is not above {ASSET_CONFIDENCE!r}"
            return Element(field.name, None, rule, "request.asset")
        if not asset.known:
            rule = "left out: the replica is down and no row of it was kept"
            return Element(field.name, None, rule, "request.asset")
        location = self._rows.tenant["location_id"]
        if asset.row is None or location is None or asset.row["location_id"] != location:
            rule = "left out: there is no such asset at the tenant's location"
            # What is no asset may be any number that the caller took for one.
            named = replace_bsn(hint.code, ())[0] if asset.row is None else hint.code
            return Element(field.name, None, rule, asset.origin(named, "location_id"))
        code = cell_text("asset.asset_code", asset.row["asset_code"], field)
        rule = f"hint with confidence {hint.confidence!r}; the asset is at the tenant's location"
        return Element(
            field.name, code, rule, asset.origin(hint.code, "asset_code"), {"asset.code": hint.code}, "asset.asset_code"
        )


def _form_of(mandant: str, forms: Forms) -> IncidentForm:
    form = forms.incidents.get(mandant)
    if form is None:
        rule = f"its mandant {mandant} is not in the mapping of this installation"
        raise RuleMissing("no rules are laid down for the tenant's mandant", [Violation("tenant", rule, mandant)])
    return form


def _no_priority(rule: str, severity: str) -> RuleMissing:
    return RuleMissing("no priority is laid down for this severity", [Violation("severity", rule, severity)])
