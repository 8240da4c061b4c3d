from datetime import timedelta

import pytest

from contracts.errors import BackendUnavailable
from tests.conformance.agent import Agent
from tests.conformance.scene import Scene


def test_a_backend_that_is_down_is_said_to_be(scene: Scene) -> None:
    """Every read and every immediate write fails as unavailable, which says that nothing was done."""
    place = scene.offer()
    held = scene.agent.hold(place.slot, scene.patient)
    made = scene.agent.book(scene.offer("10:00").slot, scene.patient)
    agent = Agent(scene.stage.unreachable_desk())
    with pytest.raises(BackendUnavailable):
        agent.find(scene.people.alone.telephone)
    with pytest.raises(BackendUnavailable):
        agent.free(scene.stage.now, scene.stage.now + timedelta(days=30))
    with pytest.raises(BackendUnavailable):
        agent.upcoming(scene.patient)
    with pytest.raises(BackendUnavailable):
        agent.hold(scene.offer("11:00").slot, scene.patient)
    with pytest.raises(BackendUnavailable):
        agent.confirm(held.hold, scene.patient)
    with pytest.raises(BackendUnavailable):
        agent.confirm(held.hold, scene.patient, made.appointment)
    with pytest.raises(BackendUnavailable):
        agent.cancel(made.appointment, scene.patient)


def test_an_outage_loses_no_hold(scene: Scene) -> None:
    """What failed as unavailable succeeds when it is repeated."""
    place = scene.offer()
    held = scene.agent.hold(place.slot, scene.patient)
    with pytest.raises(BackendUnavailable):
        Agent(scene.stage.unreachable_desk()).confirm(held.hold, scene.patient)
    assert scene.agent.confirm(held.hold, scene.patient).starts_at == place.starts_at


def test_the_backend_is_what_the_adapter_expects(scene: Scene) -> None:
    """The desk under test finds nothing to complain of; without a backend it says so, and starts all the same."""
    scene.stage.desk.check()
    assert scene.stage.desk.check_backend() == []
    down = scene.stage.unreachable_desk()
    down.check()
    with pytest.raises(BackendUnavailable):
        down.check_backend()


def test_a_desk_is_closed_twice_without_harm(scene: Scene) -> None:
    """Also one that was never used."""
    desk = scene.stage.another_desk()
    Agent(desk).find(scene.people.alone.telephone)
    for closing in (desk, scene.stage.another_desk()):
        closing.close()
        closing.close()
    assert scene.agent.find(scene.people.alone.telephone).match == "certain"
