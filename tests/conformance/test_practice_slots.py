from datetime import UTC, timedelta

import pytest

from tests.conformance.scene import Scene


def test_slots_come_earliest_first_and_at_most_so_many(scene: Scene) -> None:
    """Whatever order they were made in."""
    late, early, middle = scene.offer("15:00"), scene.offer("08:00"), scene.offer("11:30")
    assert scene.free() == [early.slot, middle.slot, late.slot]
    assert scene.free(limit=2) == [early.slot, middle.slot]


def test_a_slot_says_when_and_where(scene: Scene) -> None:
    """Times are in the practice's zone with its offset, however the window was given."""
    place = scene.offer("09:00", 45)
    (slot,) = scene.agent.free(scene.at("09:00").astimezone(UTC), scene.at("10:00").astimezone(UTC))
    assert (slot.slot, slot.clinic, slot.therapist) == (place.slot, place.therapist.clinic, place.therapist.code)
    assert slot.starts_at.isoformat() == scene.at("09:00").isoformat()
    assert slot.ends_at.isoformat() == scene.at("09:45").isoformat()


@pytest.mark.parametrize(("edge_s", "found"), [(0, "first"), (0.5, "second"), (-0.5, "first"), (1800, "second")])
def test_the_window_begins_with_its_first_moment(scene: Scene, edge_s: float, found: str) -> None:
    """Inclusive, to the microsecond; what begins before it takes no place in the limit."""
    first, second = scene.offer("09:00"), scene.offer("09:30")
    starts_from = scene.at("09:00") + timedelta(seconds=edge_s)
    (slot,) = scene.agent.free(starts_from, scene.at("12:00"), limit=1)
    assert slot.slot == {"first": first.slot, "second": second.slot}[found]


@pytest.mark.parametrize(("edge_s", "found"), [(0, 1), (0.5, 2), (-0.5, 1), (1, 2)])
def test_the_window_ends_before_its_last_moment(scene: Scene, edge_s: float, found: int) -> None:
    """Exclusive, to the microsecond."""
    scene.offer("09:00")
    scene.offer("09:30")
    assert len(scene.agent.free(scene.at("08:00"), scene.at("09:30") + timedelta(seconds=edge_s))) == found


def test_slots_can_be_narrowed(scene: Scene) -> None:
    """Clinic, therapist and length each narrow; a code that nobody has finds nothing."""
    one, other = scene.stage.therapists
    short, long = scene.offer("09:00"), scene.offer("10:00", 60)
    elsewhere = scene.offer("09:00", 30, therapist=1)
    assert sorted(scene.free(clinic=one.clinic)) == sorted([short.slot, long.slot])
    assert scene.free(therapist=other.code) == [elsewhere.slot]
    assert scene.free(minutes=60) == [long.slot]
    assert scene.free(clinic=one.clinic, therapist=one.code, minutes=30) == [short.slot]
    assert scene.free(clinic=one.clinic, therapist=other.code) == scene.free(minutes=50) == []
    assert scene.free(clinic="NOBODYS") == scene.free(therapist="NOBODYS") == []


@pytest.mark.parametrize(("clock", "left"), [("08:59", 2), ("09:00", 1), ("09:29", 1), ("09:30", 0)])
def test_what_has_begun_is_left_out(scene: Scene, clock: str, left: int) -> None:
    """By the desk's clock, and at the very moment too."""
    scene.offer("09:00")
    scene.offer("09:30")
    scene.stage.now = scene.at(clock)
    assert len(scene.free()) == left


def test_held_and_booked_slots_are_left_out_until_they_are_free_again(scene: Scene) -> None:
    """By hold, by appointment, by the front desk; back when the hold has run out or the appointment is cancelled."""
    held, booked, phoned, free = (scene.offer(clock) for clock in ("09:00", "10:00", "11:00", "12:00"))
    scene.agent.hold(held.slot, scene.patient)
    appointment = scene.agent.book(booked.slot, scene.patient).appointment
    by_front_desk = scene.front_desk_books(phoned)
    assert scene.free() == [free.slot]
    scene.stage.run_out(held)
    scene.agent.cancel(appointment, scene.patient)
    scene.stage.front_desk_cancels(by_front_desk)
    assert scene.free() == [held.slot, booked.slot, phoned.slot, free.slot]


@pytest.mark.needs("overlapping_places")
@pytest.mark.parametrize("held", [False, True])
def test_slots_in_the_way_of_a_taken_one_are_left_out(scene: Scene, held: bool) -> None:
    """A therapist is not offered twice for one time; who treats elsewhere at that time, or right before it, is."""
    half, _ = scene.offer("09:30"), scene.offer("09:00", 60)
    before, elsewhere = scene.offer("08:30"), scene.offer("09:00", 60, therapist=1)
    if held:
        scene.agent.hold(half.slot, scene.patient)
    else:
        scene.agent.book(half.slot, scene.patient)
    assert scene.free() == [before.slot, elsewhere.slot]
    # What is in the way may begin after the window.
    assert [s.slot for s in scene.agent.free(scene.at("09:00"), scene.at("09:15"))] == [elsewhere.slot]


@pytest.mark.needs("overlapping_places")
def test_holds_take_no_place_in_the_limit(scene: Scene) -> None:
    """One long hold hides many short slots; the first free one behind them is still found."""
    long = scene.offer("08:00", 180)
    for minutes in range(0, 180, 15):
        scene.offer(f"{8 + minutes // 60:02}:{minutes % 60:02}", 15)
    last = scene.offer("15:00")
    scene.agent.hold(long.slot, scene.patient)
    assert scene.free(limit=1) == [last.slot]
