from datetime import UTC, datetime, timedelta

import pytest

from tests.conformance.agent import Agent
from tests.conformance.practice_stage import PracticeStage

MINUTES = 60


def next_change(stage: PracticeStage, *, forward: bool) -> datetime:
    """Return when the practice's clock next goes forward, or back, in UTC."""
    moment = stage.now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    for _ in range(366 * 24):
        before, after = (t.astimezone(stage.zone).utcoffset() for t in (moment, moment + timedelta(hours=1)))
        assert before is not None
        assert after is not None
        if (after > before) if forward else (after < before):
            return moment + timedelta(hours=1)
        moment += timedelta(hours=1)
    pytest.skip("the clock of this practice does not change")


@pytest.mark.parametrize("forward", [True, False], ids=["spring", "autumn"])
def test_a_treatment_through_a_change_of_the_clock_keeps_its_length(stage: PracticeStage, forward: bool) -> None:
    """An hour that begins half an hour before the change ends an hour later, under the other offset, in every reply."""
    change = next_change(stage, forward=forward)
    starts_at = (change - timedelta(minutes=MINUTES / 2)).astimezone(stage.zone)
    ends_at = (change + timedelta(minutes=MINUTES / 2)).astimezone(stage.zone)
    assert starts_at.utcoffset() != ends_at.utcoffset()
    stage.now = change - timedelta(days=1)
    place = stage.offer(starts_at.replace(tzinfo=None), MINUTES)
    agent, patient = Agent(stage.desk), stage.people.alone.patient
    (listed,) = agent.free(starts_at - timedelta(minutes=5), change)
    held = agent.hold(place.slot, patient)
    confirmed = agent.confirm(held.hold, patient)
    (upcoming,) = [a for a in agent.upcoming(patient) if a.appointment == confirmed.appointment]
    for when in (listed, held, confirmed, upcoming):
        assert when.starts_at.isoformat() == starts_at.isoformat()
        assert when.ends_at.isoformat() == ends_at.isoformat()


@pytest.mark.parametrize("forward", [True, False], ids=["spring", "autumn"])
def test_each_side_of_a_change_has_its_own_offset(stage: PracticeStage, forward: bool) -> None:
    """The night before and the morning after, on one day; a window that ends at the change has the night's only."""
    change = next_change(stage, forward=forward)
    day = change.astimezone(stage.zone).replace(hour=0, minute=0, tzinfo=None)
    night, morning = (stage.offer(day.replace(hour=hour, minute=45), 15, therapist=1) for hour in (0, 9))
    free = Agent(stage.desk).free
    begin, end = night.starts_at, morning.starts_at + timedelta(minutes=1)
    found = free(begin, end, therapist=stage.therapists[1].code)
    assert [slot.starts_at.isoformat() for slot in found] == [
        day.replace(hour=hour, minute=45, tzinfo=stage.zone).isoformat() for hour in (0, 9)
    ]
    assert found[0].starts_at.utcoffset() != found[1].starts_at.utcoffset()
    assert [slot.slot for slot in free(begin, change, minutes=15)] == [night.slot]
    assert [slot.slot for slot in free(change, end, minutes=15)] == [morning.slot]


def test_the_second_of_two_equal_hours_does_not_offer_the_first(stage: PracticeStage) -> None:
    """In autumn a place at 02:45 is the first 02:45: a window in the hour after the change has none."""
    change = next_change(stage, forward=False)
    starts_at = (change - timedelta(minutes=15)).astimezone(stage.zone)
    place = stage.offer(starts_at.replace(tzinfo=None), 10, therapist=1)
    free = Agent(stage.desk).free
    assert [slot.slot for slot in free(change - timedelta(hours=1), change, minutes=10)] == [place.slot]
    assert free(change, change + timedelta(hours=1), minutes=10) == []
    # From the first such hour into the second one, the local times of the window run backwards.
    assert len(free(change - timedelta(minutes=20), change + timedelta(minutes=5), minutes=10)) == 1
