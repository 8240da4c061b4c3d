from datetime import timedelta

import pytest

from contracts.errors import NotFound, SlotTaken, TooLate
from tests.conformance.agent import Agent, new_reference
from tests.conformance.scene import Scene

STRANGE_KEYS = ["999999999", "99999999999999999999", "", "0", "-1", "x' or 1=1 --", "\u0661", "1\n", "é" * 400]


def test_a_hold_lasts_as_long_as_declared(scene: Scene) -> None:
    """It says when and where, and when it ends; by whose clock is the backend's affair."""
    place = scene.offer("09:00")
    held = scene.agent.hold(place.slot, scene.patient)
    left = held.expires_at - scene.stage.now
    assert timedelta(seconds=scene.features.hold_s - 2) <= left <= timedelta(seconds=scene.features.hold_s)
    assert held.expires_at.utcoffset() == scene.stage.now.astimezone(scene.stage.zone).utcoffset()
    assert held.starts_at.isoformat() == scene.at("09:00").isoformat()
    assert held.ends_at.isoformat() == scene.at("09:30").isoformat()
    assert (held.clinic, held.therapist) == (place.therapist.clinic, place.therapist.code)


def test_the_same_call_again_is_the_same_hold(scene: Scene) -> None:
    """A repeat gets the hold that it has, and not a moment more."""
    place, reference = scene.offer(), new_reference()
    first, again = (scene.agent.hold(place.slot, scene.patient, reference=reference) for _ in range(2))
    assert first.hold == again.hold
    assert again.expires_at <= first.expires_at
    assert scene.agent.confirm(again.hold, scene.patient).starts_at == place.starts_at


def test_a_held_slot_is_taken_for_everybody_else(scene: Scene) -> None:
    """Another call, another patient and another client all hear that; the first hold stays."""
    place, reference = scene.offer(), new_reference()
    held = scene.agent.hold(place.slot, scene.patient, reference=reference)
    with pytest.raises(SlotTaken):
        scene.agent.hold(place.slot, scene.patient)
    with pytest.raises(SlotTaken):
        scene.agent.hold(place.slot, scene.stranger, reference=reference)
    with pytest.raises(SlotTaken):
        scene.other.hold(place.slot, scene.patient, reference=reference)
    assert scene.agent.confirm(held.hold, scene.patient).starts_at == place.starts_at


@pytest.mark.needs("overlapping_places")
@pytest.mark.parametrize("first", ["half", "hour"])
def test_a_therapist_is_not_held_twice_for_one_time(scene: Scene, first: str) -> None:
    """Places that overlap exclude each other; those that touch, or are somebody else's, do not."""
    half, hour = scene.offer("09:30"), scene.offer("09:00", 60)
    wanted, refused = (half, hour) if first == "half" else (hour, half)
    scene.agent.hold(wanted.slot, scene.patient)
    with pytest.raises(SlotTaken):
        scene.agent.hold(refused.slot, scene.stranger)
    scene.agent.hold(scene.offer("08:30").slot, scene.stranger)
    scene.agent.hold(scene.offer("10:00").slot, scene.stranger)
    scene.agent.hold(scene.offer("09:00", 60, therapist=1).slot, scene.stranger)


def test_a_booked_slot_cannot_be_held(scene: Scene) -> None:
    """Neither what a client booked nor what the front desk did."""
    ours, theirs = scene.offer("09:00"), scene.offer("10:00")
    scene.agent.book(ours.slot, scene.patient)
    scene.front_desk_books(theirs)
    for place in (ours, theirs):
        with pytest.raises(SlotTaken):
            scene.agent.hold(place.slot, scene.stranger)


def test_a_slot_that_has_begun_cannot_be_held(scene: Scene) -> None:
    """Not at its first moment either; a minute before it can."""
    place, later = scene.offer("09:00"), scene.offer("09:30")
    scene.stage.now = scene.at("09:00")
    with pytest.raises(TooLate):
        scene.agent.hold(place.slot, scene.patient)
    scene.stage.now = scene.at("09:29")
    scene.agent.hold(later.slot, scene.patient)


@pytest.mark.parametrize("key", STRANGE_KEYS)
def test_keys_that_name_nothing_are_not_found(scene: Scene, key: str) -> None:
    """Unknown or misshapen, slot or patient: one answer, nothing of a driver, and nothing is held."""
    place = scene.offer()
    with pytest.raises(NotFound):
        scene.agent.hold(key, scene.patient)
    with pytest.raises(NotFound):
        scene.agent.hold(place.slot, key)
    assert scene.free() == [place.slot]


def test_a_hold_that_has_run_out_frees_its_slot(scene: Scene) -> None:
    """It is listed again, and somebody else gets it."""
    place = scene.offer()
    scene.agent.hold(place.slot, scene.patient)
    assert scene.free() == []
    scene.stage.run_out(place)
    assert scene.free() == [place.slot]
    assert scene.other.book(place.slot, scene.stranger).starts_at == place.starts_at


def test_the_same_call_after_its_hold_ran_out_holds_anew(scene: Scene) -> None:
    """While nobody else wants it, the whole time again."""
    place, reference = scene.offer(), new_reference()
    first = scene.agent.hold(place.slot, scene.patient, reference=reference)
    scene.stage.run_out(place)
    again = scene.agent.hold(place.slot, scene.patient, reference=reference)
    assert again.expires_at >= first.expires_at
    assert scene.agent.confirm(again.hold, scene.patient).starts_at == place.starts_at


@pytest.mark.needs("conversations")
def test_a_new_hold_of_a_conversation_releases_its_earlier_one(scene: Scene) -> None:
    """The person decided otherwise: the earlier slot is free at once, and its hold confirms nothing."""
    first, second = scene.offer("09:00"), scene.offer("10:00")
    earlier = scene.agent.hold(first.slot, scene.patient, "chat")
    held = scene.agent.hold(second.slot, scene.patient, "chat")
    assert scene.free() == [first.slot]
    with pytest.raises(NotFound):
        scene.agent.confirm(earlier.hold, scene.patient)
    assert scene.agent.confirm(held.hold, scene.patient).starts_at == second.starts_at


@pytest.mark.needs("conversations", "overlapping_places")
def test_a_conversation_is_not_in_its_own_way(scene: Scene) -> None:
    """From half an hour to the hour around it: what it releases does not count as taken."""
    half, hour = scene.offer("09:30"), scene.offer("09:00", 60)
    scene.agent.hold(half.slot, scene.patient, "chat")
    held = scene.agent.hold(hour.slot, scene.patient, "chat")
    assert scene.agent.confirm(held.hold, scene.patient).starts_at == hour.starts_at


@pytest.mark.needs("conversations")
def test_a_refused_hold_releases_nothing(scene: Scene) -> None:
    """Taken, begun or unknown: the person keeps what there was."""
    kept, taken, begun = scene.offer("10:00"), scene.offer("11:00"), scene.offer("08:00")
    held = scene.agent.hold(kept.slot, scene.patient, "chat")
    scene.other.hold(taken.slot, scene.stranger)
    scene.stage.now = scene.at("09:00")
    for slot, error in ((taken.slot, SlotTaken), (begun.slot, TooLate), ("999999999", NotFound)):
        with pytest.raises(error):
            scene.agent.hold(slot, scene.patient, "chat")
    assert scene.agent.confirm(held.hold, scene.patient).starts_at == kept.starts_at


@pytest.mark.needs("conversations")
def test_only_the_same_conversation_of_the_same_client_releases(scene: Scene) -> None:
    """Another name, no name, and another client's equal name leave it alone."""
    places = [scene.offer(f"{hour:02}:00") for hour in range(9, 14)]
    held = scene.agent.hold(places[0].slot, scene.patient, "chat")
    plain = scene.agent.hold(places[1].slot, scene.patient)
    scene.agent.hold(places[2].slot, scene.patient, "chat 2")
    scene.agent.hold(places[3].slot, scene.patient)
    scene.other.hold(places[4].slot, scene.patient, "chat")
    assert scene.free() == []
    assert scene.agent.confirm(held.hold, scene.patient).starts_at == places[0].starts_at
    assert scene.agent.confirm(plain.hold, scene.patient).starts_at == places[1].starts_at


@pytest.mark.needs("holds_survive_restart")
def test_another_process_sees_and_confirms_a_hold(scene: Scene) -> None:
    """A service that was started again, or a second one beside it, has the same holds."""
    place = scene.offer()
    held = scene.agent.hold(place.slot, scene.patient)
    elsewhere = Agent(scene.stage.another_desk())
    with pytest.raises(SlotTaken):
        elsewhere.hold(place.slot, scene.stranger)
    assert elsewhere.confirm(held.hold, scene.patient) == scene.agent.confirm(held.hold, scene.patient)
