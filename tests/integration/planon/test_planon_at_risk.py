"""Incidents at risk, through the desk and a replica that lags."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from adapters.planon import adapter
from adapters.planon.desk import PlanonDesk
from contracts.delivery import Delivered
from contracts.desks import Call, Ports
from contracts.errors import BackendUnavailable
from contracts.facility import Incident, ListAtRiskRequest
from simulators.planon.control import SimulatorControl
from simulators.planon.simulator import PlanonSimulator
from tests.integration.planon.planon_site import NO_HOLDS, REPORTED_AT, RowsInMemory, Site, options_for, sending_of
from tests.integration.sql.places import await_that

WINDOW = timedelta(hours=8)  # of priority 2 of the housing association
STARTED_AT = REPORTED_AT.replace(microsecond=0)


@dataclass
class Clock:
    """What the desk takes for the present."""

    now: datetime = REPORTED_AT

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(simulator: PlanonSimulator, clock: Clock) -> Iterator[Site]:
    """A desk whose clock the test moves, on a replica without lag."""
    simulator.apply({"lag_s": 0})
    kept = RowsInMemory()
    desk = adapter.build(options_for(simulator), Ports("planon", clock, kept, NO_HOLDS))
    assert isinstance(desk, PlanonDesk)
    yield Site(simulator, desk, kept)
    desk.close()


def reported(site: Site, reference: str = "LS-TAP", **changes: object) -> str:
    """Deliver an incident; return its number."""
    outcome = site.desk.destination.send(sending_of(site.incident(reference, **changes), reference))
    assert isinstance(outcome, Delivered)
    return outcome.backend_id


def listed(site: Site, limit: int = 50) -> list[Incident]:
    return site.desk.list_at_risk(ListAtRiskRequest(limit=limit), Call()).incidents


def test_an_incident_is_at_risk_in_the_last_quarter_of_its_window(site: Site, clock: Clock) -> None:
    """By the backend's own start and due times; exactly a quarter is not less than one."""
    clock.now = STARTED_AT + WINDOW
    number = reported(site)
    await_that(lambda: bool(listed(site)))
    clock.now = STARTED_AT + WINDOW * 3 / 4
    assert listed(site) == []
    clock.now += timedelta(seconds=1)
    (incident,) = listed(site)
    assert (incident.incident, incident.status, incident.priority) == (number, "reported", 2)
    assert incident.reported_at == STARTED_AT
    assert (incident.sla.state, incident.sla.started_at, incident.sla.due_at) == (
        "running",
        STARTED_AT,
        STARTED_AT + WINDOW,
    )
    reply = site.desk.list_at_risk(ListAtRiskRequest(), Call())
    assert (reply.read_at, reply.read_at.tzinfo) == (clock.now, ZoneInfo("Europe/Amsterdam"))


def test_an_incident_that_somebody_has_begun_with_is_not_listed(site: Site, clock: Clock) -> None:
    """From when the replica knows it."""
    clock.now = STARTED_AT + WINDOW * 2
    first, second = reported(site, "LS-A"), reported(site, "LS-B", severity="emergency")
    await_that(lambda: [incident.incident for incident in listed(site)] == [second, first])
    assert [incident.incident for incident in listed(site, limit=1)] == [second]
    site.simulator.apply({"lag_s": 3600})
    SimulatorControl(site.simulator.control_url).set_status(second, "In progress")
    assert len(listed(site)) == 2
    site.simulator.apply({"lag_s": 0})
    await_that(lambda: [incident.incident for incident in listed(site)] == [first])


def test_an_incident_without_a_clock_is_not_listed(site: Site, clock: Clock) -> None:
    """Nothing here computes a due time of its own; `sla_missing` is another matter."""
    clock.now = STARTED_AT + WINDOW * 2
    site.simulator.apply({"sla_skipped": True})
    reported(site, "LS-A")
    site.simulator.apply({"sla_skipped": False})
    number = reported(site, "LS-B")
    await_that(lambda: [incident.incident for incident in listed(site)] == [number])


def test_a_replica_that_is_down_is_said_so(site: Site) -> None:
    """An empty list would say that all is well."""
    site.simulator.apply({"replica_down": True})
    with pytest.raises(BackendUnavailable) as caught:
        listed(site)
    assert caught.value.retry_after_s
