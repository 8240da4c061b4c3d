from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

import schemas
from adapters.planon.mapping import PACKAGED, load_mapping
from adapters.planon.options import PlanonOptions
from adapters.planon.services import Services
from contracts.delivery import Delivered
from contracts.desks import AdapterMisconfigured
from contracts.errors import BackendUnavailable, NotFound
from contracts.facility import GetIncidentRequest, Incident
from simulators.planon.simulator import PlanonSimulator
from tests.integration.planon.answering import NUMBER, answering, finding, xml
from tests.integration.planon.services_stage import (
    REPLIES,
    REPORTED_AT,
    TENANT,
    clock_of,
    incident,
    services,
    services_on,
    stored,
)

DUE_AT = "2026-11-20T06:14:03+01:00"


@pytest.fixture
def planon(simulator: PlanonSimulator) -> Iterator[Services]:
    with services_on(simulator, clock=lambda: REPORTED_AT + timedelta(hours=1)) as made:
        yield made


@pytest.fixture
def number(planon: Services) -> str:
    outcome = planon.destination.send(incident())
    assert isinstance(outcome, Delivered)
    return outcome.backend_id


def shown(planon: Services, number: str, tenant: str = TENANT) -> Incident:
    return planon.incidents.get(GetIncidentRequest(tenant=tenant, incident=number))


def test_an_incident_is_shown_as_the_backend_has_it(planon: Services, number: str) -> None:
    """State, report time, priority and both ends of the clock, with their offsets."""
    assert shown(planon, number).model_dump(mode="json") == {
        "incident": number,
        "status": "reported",
        "reported_at": "2026-11-19T22:14:03+01:00",
        "priority": 2,
        "sla": {"state": "running", "started_at": "2026-11-19T22:14:03+01:00", "due_at": DUE_AT},
    }


@pytest.mark.parametrize(
    ("word", "status"),
    [("In progress", "in_progress"), ("Completed", "completed"), ("Canceled", "cancelled")],
)
def test_a_state_is_told_in_the_contracts_word(
    planon: Services, simulator: PlanonSimulator, number: str, word: str, status: str
) -> None:
    """The backend's words stay behind the adapter."""
    simulator.ledger.set_status(number, word)
    assert shown(planon, number).status == status


@pytest.mark.parametrize(
    ("incident_number", "tenant"), [("INC-999999", TENANT), ("INC-000001", "TNT-10002"), ("INC-000001", "TNT-")]
)
def test_an_unknown_incident_and_anothers_have_the_same_answer(
    planon: Services, number: str, incident_number: str, tenant: str
) -> None:
    """Nobody learns that a number exists."""
    assert number == "INC-000001"
    with pytest.raises(NotFound) as caught:
        shown(planon, incident_number, tenant)
    assert caught.value.detail == "no such incident of this tenant"
    assert caught.value.members == {}


def test_an_incident_without_a_tenant_is_nobodys(planon: Services, simulator: PlanonSimulator, number: str) -> None:
    """What the backend lost by a look-up miss is not shown to whoever asks first."""
    stored(simulator, clock_of(simulator), BO_TENANT_ID=None)
    with pytest.raises(NotFound):
        shown(planon, number)


@pytest.mark.parametrize(("seconds", "state"), [(59, "pending"), (61, "missing"), (86_400, "missing")])
def test_without_a_due_time_the_age_of_the_report_decides(simulator: PlanonSimulator, seconds: int, state: str) -> None:
    """Within the settling time the clock may still come; the desk's clock measures only that."""
    now = REPORTED_AT.replace(microsecond=0) + timedelta(seconds=seconds)
    with services_on(simulator, clock=lambda: now, sla_settle_s=60) as planon:
        outcome = planon.destination.send(incident())
        assert isinstance(outcome, Delivered)
        stored(simulator, None)
        sla = shown(planon, outcome.backend_id).sla
    assert (sla.state, sla.started_at, sla.due_at) == (state, None, None)


@pytest.mark.parametrize("fields", [{"BO_PRIORITY": None}, {"BO_REPORT_DATE": None}])
def test_an_incident_that_lost_a_field_cannot_be_shown(
    planon: Services, simulator: PlanonSimulator, number: str, fields: dict[str, str | None]
) -> None:
    """A priority is never made up."""
    stored(simulator, None, **fields)
    with pytest.raises(BackendUnavailable, match="no priority or no report time"):
        shown(planon, number)


def test_a_state_that_nobody_knows_is_not_guessed(planon: Services, simulator: PlanonSimulator, number: str) -> None:
    """A user state of the site is no reason to say something else."""
    (kept,) = simulator.ledger.incidents()
    simulator.ledger._incidents.put(kept.syscode, replace(kept, status="On hold for parts"))
    with pytest.raises(BackendUnavailable, match="no word for") as caught:
        shown(planon, number)
    assert "parts" not in caught.value.detail


def test_two_records_under_one_number_are_not_chosen_from(
    planon: Services, simulator: PlanonSimulator, number: str
) -> None:
    """A number that is not unique is the backend's matter."""
    (kept,) = simulator.ledger.incidents()
    simulator.ledger._incidents.add(9999, replace(kept, syscode=9999), number, None)
    with pytest.raises(BackendUnavailable, match="2 records"):
        shown(planon, number)


def test_a_backend_that_is_down_is_unavailable(planon: Services, simulator: PlanonSimulator, number: str) -> None:
    """It is not 404: the incident may well be there."""
    simulator.apply({"down": True})
    with pytest.raises(BackendUnavailable, match="no connection"):
        shown(planon, number)


def test_an_incident_costs_a_find_and_a_read() -> None:
    """The replica lags, so its answer would be old; two calls are the fewest that the services have for it."""
    with answering() as planon:
        shown(planon.services, NUMBER)
        shown(planon.services, NUMBER)
        assert planon.asked() == ["login", "find", "read", "find", "read"]


@pytest.mark.parametrize("syscodes", [11, 5_000])
def test_a_find_that_ignores_its_filter_is_no_answer(syscodes: int) -> None:
    """A server that names thousands of records is not read thousands of times, and nothing counts as found."""
    with answering({"find": xml(finding(*range(1, syscodes + 1)))}) as planon:
        with pytest.raises(BackendUnavailable, match=f"find named {syscodes} records"):
            shown(planon.services, NUMBER)
        assert planon.asked() == ["login", "find"]


def site_wsdl(folder: Path, *changes: tuple[str, str]) -> Path:
    """A site's own WSDL with its import beside it."""
    text = schemas.path("wsdl/planon.wsdl").read_text(encoding="utf-8")
    for old, new in (("../xsd/planon/communication-log.xsd", "log.xsd"), *changes):
        assert old in text
        text = text.replace(old, new)
    folder.mkdir()
    (folder / "log.xsd").write_bytes(schemas.path("xsd/planon/communication-log.xsd").read_bytes())
    (folder / "site.wsdl").write_text(text, encoding="utf-8")
    return folder / "site.wsdl"


def test_an_element_that_no_document_has_cannot_be_compared(tmp_path: Path) -> None:
    """A typing error in the mapping would otherwise say of every incident that it differs."""
    copy = tmp_path / "mapping.toml"
    text = PACKAGED.read_text(encoding="utf-8")
    assert 'description = "BO_DESCRIPTION"' in text
    copy.write_text(text.replace('description = "BO_DESCRIPTION"', 'description = "BO_DESCRIPTON"'), encoding="utf-8")
    options = PlanonOptions(
        soap_url="http://planon.invalid/soap",
        appsuite_url="http://planon.invalid/",
        user="shim",
        password=SecretStr("x"),
        replica_url=SecretStr("sqlite://"),
    )
    made = Services(options, load_mapping(copy), REPLIES, lambda: REPORTED_AT, {})
    with pytest.raises(AdapterMisconfigured, match=r"records\.same\.description: BO_DESCRIPTON"):
        made.check()


def test_a_site_brings_its_own_wsdl(simulator: PlanonSimulator, tmp_path: Path) -> None:
    """By path, with what it imports in its folder."""
    with services_on(simulator, wsdl=site_wsdl(tmp_path / "site")) as planon:
        planon.check()
        assert isinstance(planon.destination.send(incident()), Delivered)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (('name="slaDue"', 'name="slaFinish"'), "slaDue"),
        (('<wsdl:service name="CommunicationLog">', '<wsdl:service name="Log">'), "CommunicationLog"),
        (("log.xsd", "gone.xsd"), "gone.xsd"),
        (("log.xsd", "/etc/hostname"), "/etc/hostname"),
        (("log.xsd", "http://planon.invalid/log.xsd"), "planon.invalid"),
    ],
)
def test_a_wsdl_that_does_not_fit_is_misconfigured(tmp_path: Path, change: tuple[str, str], named: str) -> None:
    """At start-up, naming what is missing; nothing outside its folder is read, and nothing is fetched."""
    with pytest.raises(AdapterMisconfigured, match=named):  # noqa: SIM117 - the first is what is tested
        with services(
            "http://planon.invalid/soap", "http://planon.invalid/", wsdl=site_wsdl(tmp_path / "site", change)
        ) as made:
            made.check()
