import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from adapters.planon import adapter
from adapters.planon.desk import PlanonDesk
from contracts.delivery import Delivered, NotSent
from contracts.desks import AdapterMisconfigured, Call, Ports
from contracts.errors import BackendUnavailable, DryRunRefused, NotFound, RuleMissing
from contracts.facility import FindTenantReply, FindTenantRequest
from simulators.planon.simulator import PlanonSimulator
from tests.integration.planon.planon_site import (
    NO_HOLDS,
    REPORTED_AT,
    TENANT,
    RowsInMemory,
    Site,
    options_for,
    sending_of,
)

HOLE = "TNT-10010"  # 't Heike: the contract in which nobody agreed on what "low" means
SHARED = "06-18054066"  # tenants 21 and 22: one family, two homes


def find(site: Site, **facts: str) -> FindTenantReply:
    return site.desk.find_tenant(FindTenantRequest.model_validate(facts), Call())


def test_every_tenant_with_a_number_of_its_own_is_found_by_it(site: Site) -> None:
    """However a number was typed into the backend, the tenant is found by it, and nobody else is."""
    tenants = site.simulator.reference.tenants
    owners: dict[str, list[str]] = {}
    for tenant in tenants:
        if tenant.telephone:
            request = FindTenantRequest(telephone=tenant.telephone)
            owners.setdefault(str(request.telephone), []).append(tenant.tenant_id)
    assert len(owners) > 100
    for telephone, ids in owners.items():
        expected = ("certain", ids[0]) if len(ids) == 1 else ("confirm", None)
        reply = find(site, telephone=telephone)
        assert (reply.match, reply.tenant) == expected


@pytest.mark.parametrize(
    ("facts", "match", "ask_for"),
    [
        ({"telephone": "0612345678"}, "certain", []),
        ({"telephone": "0687654321"}, "none", []),
        ({"tenant_code": "4711"}, "certain", []),
        ({"tenant_code": "0001"}, "none", []),
        ({"telephone": "0612345678", "tenant_code": "4748"}, "none", []),
        ({"telephone": SHARED}, "confirm", ["address", "tenant_code"]),
        ({"address": "Wilgenlaan 14, 5017 AB Tilburg"}, "certain", []),
        ({"address": "wilgenlaan 14"}, "certain", []),
        ({"address": "Wilgenlaan 38, 5017 AB"}, "confirm", ["tenant_code"]),
        ({"address": "Wilgenlaan 38a, 5017 AB"}, "certain", []),
        ({"address": "huis nummer 14 het lekt weer"}, "confirm", ["address", "tenant_code"]),
        ({"address": "Nergensstraat 14"}, "none", []),
        ({"address": "bij de kerk"}, "confirm", ["address", "tenant_code"]),
        ({"telephone": "0612345678", "address": "bij de kerk"}, "confirm", ["address", "tenant_code"]),
        ({"telephone": "0612345678", "address": "Wilgenlaan 20, 5017 AB"}, "none", []),
        ({"address": "Wilgelaan 14"}, "confirm", ["address", "tenant_code"]),
        ({"telephone": "0612345678", "address": "Wilgelaan 14"}, "confirm", ["address", "tenant_code"]),
        ({"tenant_code": "4711", "address": "Wilgelaan 14"}, "none", []),
        ({"address": "5017AB14"}, "certain", []),
        ({"address": "Wilgenlaan38 a"}, "certain", []),
        ({"address": "professor verbernelaan huisnr. 56-2"}, "certain", []),
    ],
)
def test_facts_decide(site: Site, facts: dict[str, str], match: str, ask_for: list[str]) -> None:
    """One certain match, or a question, or none."""
    reply = find(site, **facts)
    assert (reply.match, reply.ask_for) == (match, ask_for)
    assert (reply.tenant is not None) == (match == "certain")


def test_a_shared_number_is_decided_by_the_address(site: Site) -> None:
    """The second fact that the reply asked for leaves one tenant."""
    tenant = site.simulator.reference.tenants[22]
    address = f"{tenant.street} {tenant.house_number}, {tenant.postcode}"
    reply = find(site, telephone=SHARED, address=address)
    assert (reply.match, reply.tenant) == ("certain", tenant.tenant_id)


def test_a_replica_that_is_down_is_said_so(site: Site) -> None:
    """A look-up has nothing else to go by."""
    site.simulator.apply({"replica_down": True})
    with pytest.raises(BackendUnavailable) as caught:
        find(site, telephone="0612345678")
    assert caught.value.retry_after_s


def test_a_report_is_composed_from_kept_rows(site: Site) -> None:
    """With the replica down too, rows kept by the look-up are used, and every one of them says since when."""
    find(site, telephone="0612345678")
    site.simulator.apply({"replica_down": True, "down": True})
    document = site.incident(severity="emergency")
    origins = {source.element: source.origin for source in document.provenance}
    since = site.kept.rows[f"tenant/{TENANT}"].read_at.isoformat(timespec="seconds")
    assert origins["BO_SLA"] == f"contract[contract_id=CTR-WBV-01].sla_id, kept since {since}"
    assert origins["BO_PRIORITY"].endswith(f"kept since {since}")
    assert isinstance(site.desk.destination.send(sending_of(document)), NotSent)
    site.simulator.apply({"down": False})
    outcome = site.desk.destination.send(sending_of(document))
    assert isinstance(outcome, Delivered)
    assert outcome.result["sla"]["state"] == "running"  # type: ignore[index,call-overload]


def test_a_report_keeps_what_the_next_one_needs(site: Site) -> None:
    """Composing keeps the tenant's rows, whole matrix included, and does not write them again each time."""
    site.incident(severity="high")
    (first,) = site.kept.rows.values()
    site.incident(severity="high")
    (second,) = site.kept.rows.values()
    assert second is first
    site.simulator.apply({"replica_down": True})
    assert b"<BO_PRIORITY>4</BO_PRIORITY>" in site.incident(severity="low").body


def test_kept_rows_hold_no_address(site: Site) -> None:
    """What is kept decides an incident, and which numbers in its text are the tenant's own; nothing else is."""
    find(site, telephone="0612345678")
    (kept,) = site.kept.rows.values()
    assert kept.row.keys() == {"tenant", "contract", "matrix", "telephones"}
    assert kept.row["telephones"] == ["+31612345678"]
    assert "Wilgenlaan" not in str(kept.row)
    assert "06" not in str(kept.row["tenant"])


def test_without_kept_rows_the_report_waits(site: Site) -> None:
    """Nothing is composed from nothing."""
    site.simulator.apply({"replica_down": True})
    with pytest.raises(BackendUnavailable):
        site.incident()


def test_an_unknown_tenant_is_not_found(site: Site) -> None:
    """A key that the backend does not have."""
    with pytest.raises(NotFound):
        site.incident(tenant="TNT-99999")


def test_a_hole_in_the_matrix_is_named(site: Site) -> None:
    """No priority is invented where the contract has none."""
    with pytest.raises(RuleMissing) as caught:
        site.incident(tenant=HOLE, severity="low")
    assert [violation.field for violation in caught.value.violations] == ["severity"]


def test_an_asset_at_the_tenants_location_is_written(site: Site) -> None:
    """The hint is used when it is sure and the backend has that asset there."""
    site.desk.destination.send(sending_of(site.incident(asset={"code": "CV-0114", "confidence": 0.94})))
    (incident,) = site.simulator.ledger.incidents()
    assert incident.fields["BO_ASSET"] == "CV-0114"
    assert incident.clock is not None


@pytest.mark.parametrize(
    ("hint", "reason"),
    [
        ({"code": "CV-0114", "confidence": 0.9}, "confidence 0.9 is not above 0.9"),
        ({"code": "CV-0115", "confidence": 0.99}, "no such asset at the tenant's location"),
        ({"code": "CV-9999", "confidence": 0.99}, "no such asset at the tenant's location"),
    ],
)
def test_an_asset_that_is_not_certain_is_left_out_and_explained(
    site: Site, hint: dict[str, object], reason: str
) -> None:
    """The provenance says why, without the hint itself: it came from a model and may be anything."""
    document = site.incident(asset=hint)
    assert b"BO_ASSET" not in document.body
    (source,) = [source for source in document.provenance if source.element == "BO_ASSET"]
    assert reason in source.rule
    assert source.value is None


def test_an_asset_is_left_out_when_nobody_can_be_asked(site: Site) -> None:
    """An asset is no reason to refuse a report; one that was kept is used."""
    hint = {"code": "CV-0114", "confidence": 0.94}
    find(site, telephone="0612345678")
    site.simulator.apply({"replica_down": True})
    assert b"BO_ASSET" not in site.incident(asset=hint).body
    site.simulator.apply({"replica_down": False})
    site.incident(asset=hint)
    site.simulator.apply({"replica_down": True})
    (source,) = [it for it in site.incident(asset=hint).provenance if it.element == "BO_ASSET"]
    assert source.value == "CV-0114"
    assert "kept since" in source.origin


def test_a_document_that_breaks_the_schema_is_refused(site: Site) -> None:
    """A value of the backend's own rows that its interface does not take is not mended, and not sent."""
    with closing(sqlite3.connect(site.simulator.replica.path)) as database:
        database.execute("UPDATE contract SET cost_centre = 'KP 4100'")
        database.commit()
    with pytest.raises(DryRunRefused):
        site.incident()


def test_composition_calls_no_service(site: Site) -> None:
    """With SOAP and AppSuite down, reports and look-ups work as always."""
    site.simulator.apply({"down": True})
    assert find(site, telephone="0612345678").match == "certain"
    assert site.incident().body.startswith(b"<?xml")


def test_a_desk_is_checked_without_its_backend(simulator: PlanonSimulator) -> None:
    """Start-up needs no running Planon and no replica."""
    ports = Ports("planon", lambda: REPORTED_AT, RowsInMemory(), NO_HOLDS)
    desk = adapter.build(options_for(simulator), ports)
    simulator.stop()
    desk.check()
    desk.close()


def test_a_desk_logs_out(site: Site, simulator: PlanonSimulator) -> None:
    """The session that a desk opened ends with it."""
    site.desk.destination.send(sending_of(site.incident()))
    sessions = simulator._sessions._used_at
    assert len(sessions) == 1
    site.desk.close()
    assert sessions == {}


def test_a_wrong_password_is_not_sent(simulator: PlanonSimulator) -> None:
    """A refused log-in proves that nothing was executed, for AppSuite and for SOAP."""
    kept = RowsInMemory()
    options = options_for(simulator, password="wrong")
    desk = adapter.build(options, Ports("planon", lambda: REPORTED_AT, kept, NO_HOLDS))
    assert isinstance(desk, PlanonDesk)
    sending = sending_of(Site(simulator, desk, kept).incident())
    assert isinstance(desk.destination.send(sending), NotSent)
    with pytest.raises(BackendUnavailable):
        desk.destination.find(sending)


def test_a_session_that_always_ends_at_once_gives_up(tmp_path: Path) -> None:
    """One renewal per call, not a log-in storm against a twelve-year-old server."""
    with PlanonSimulator(tmp_path / "replica.sqlite", session_idle_s=-1) as simulator:
        kept = RowsInMemory()
        desk = adapter.build(options_for(simulator), Ports("planon", lambda: REPORTED_AT, kept, NO_HOLDS))
        assert isinstance(desk, PlanonDesk)
        with pytest.raises(BackendUnavailable, match="session ended"):
            desk.destination.find(sending_of(Site(simulator, desk, kept).incident()))
        assert len(simulator._sessions._used_at) == 0


def test_a_mapping_that_the_schema_does_not_know_is_misconfigured(simulator: PlanonSimulator) -> None:
    """A typing error in a site's own names shows at start-up, not at 22:14."""
    from adapters.planon.mapping import PACKAGED  # noqa: PLC0415 - only this test copies the file

    copy = simulator.replica.path.with_name("mapping.toml")
    copy.write_text(PACKAGED.read_text(encoding="utf-8").replace('"CORRECTIVE"', '"CORECTIVE"'), encoding="utf-8")
    with pytest.raises(AdapterMisconfigured, match="BO_ORDER_TYPE"):
        adapter.build(
            options_for(simulator, mapping=copy), Ports("planon", lambda: REPORTED_AT, RowsInMemory(), NO_HOLDS)
        )
