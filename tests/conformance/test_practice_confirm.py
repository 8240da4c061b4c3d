import pytest

from contracts.errors import HoldExpired, NotFound, SlotTaken, TooLate
from tests.conformance.scene import Scene

STRANGE_KEYS = ["999999999", "", "999999999:LS-A", "1:", ":", "rubbish", "1:'; drop table", "\x00", "é" * 400]


def test_confirming_books_what_was_held(scene: Scene) -> None:
    """One appointment, for this patient, with the bare family name; the slot is offered no more."""
    place, person = scene.offer("09:00"), scene.third
    held = scene.agent.hold(place.slot, person.patient)
    reply = scene.agent.confirm(held.hold, person.patient)
    assert scene.booked(place) == [(reply.appointment, person.patient)]
    assert (reply.name, reply.replaced) == (person.name, None)
    assert reply.starts_at.isoformat() == scene.at("09:00").isoformat()
    assert reply.ends_at.isoformat() == scene.at("09:30").isoformat()
    assert (reply.clinic, reply.therapist) == (place.therapist.clinic, place.therapist.code)
    assert scene.free() == []


def test_confirming_again_is_the_same_appointment(scene: Scene) -> None:
    """However often, and after it has begun too: the first answer may have been lost."""
    place = scene.offer("09:00")
    held = scene.agent.hold(place.slot, scene.patient)
    first = scene.agent.confirm(held.hold, scene.patient)
    assert scene.agent.confirm(held.hold, scene.patient) == first
    scene.stage.now = scene.at("09:10")
    assert scene.agent.confirm(held.hold, scene.patient) == first
    assert scene.booked(place) == [(first.appointment, scene.patient)]


def test_a_hold_belongs_to_its_patient_and_its_client(scene: Scene) -> None:
    """Nobody else confirms it, before it is confirmed and after; its own client still does."""
    place = scene.offer()
    held = scene.agent.hold(place.slot, scene.patient)
    for agent, patient in ((scene.agent, scene.stranger), (scene.other, scene.patient), (scene.other, scene.stranger)):
        with pytest.raises((NotFound, SlotTaken)):
            agent.confirm(held.hold, patient)
    assert scene.booked(place) == []
    booked = scene.agent.confirm(held.hold, scene.patient)
    for agent, patient in ((scene.agent, scene.stranger), (scene.other, scene.patient)):
        with pytest.raises((NotFound, SlotTaken)):
            agent.confirm(held.hold, patient)
    assert scene.booked(place) == [(booked.appointment, scene.patient)]


def test_another_patient_is_not_found(scene: Scene) -> None:
    """There is no such hold of that patient, and nothing is told of whose it is."""
    held = scene.agent.hold(scene.offer().slot, scene.patient)
    with pytest.raises(NotFound):
        scene.agent.confirm(held.hold, scene.stranger)


@pytest.mark.parametrize("key", STRANGE_KEYS)
def test_a_hold_that_never_was_is_not_found(scene: Scene, key: str) -> None:
    """Unknown or misshapen, hold or patient: one answer, nothing of a driver."""
    place = scene.offer()
    held = scene.agent.hold(place.slot, scene.patient)
    with pytest.raises(NotFound):
        scene.agent.confirm(key, scene.patient)
    with pytest.raises(NotFound):
        scene.agent.confirm(held.hold, key)
    assert scene.booked(place) == []


def test_a_hold_that_has_run_out_confirms_nothing(scene: Scene) -> None:
    """It says so while the slot is free, each time."""
    place = scene.offer()
    held = scene.agent.hold(place.slot, scene.patient)
    scene.stage.run_out(place)
    for _ in range(2):
        with pytest.raises(HoldExpired):
            scene.agent.confirm(held.hold, scene.patient)
    assert scene.booked(place) == []
    assert scene.free() == [place.slot]


@pytest.mark.parametrize("booked", [False, True], ids=["held", "booked"])
def test_a_hold_that_has_run_out_is_taken_when_somebody_else_has_the_slot(scene: Scene, booked: bool) -> None:
    """Then asking again is no use, and the answer says that."""
    place = scene.offer()
    late = scene.agent.hold(place.slot, scene.patient)
    scene.stage.run_out(place)
    quick = scene.other.hold(place.slot, scene.stranger)
    if booked:
        scene.other.confirm(quick.hold, scene.stranger)
    with pytest.raises(SlotTaken):
        scene.agent.confirm(late.hold, scene.patient)
    won = scene.other.confirm(quick.hold, scene.stranger)
    assert scene.booked(place) == [(won.appointment, scene.stranger)]


def test_a_slot_that_has_begun_is_not_booked(scene: Scene) -> None:
    """The hold may outlast the moment; the treatment has begun."""
    place = scene.offer("09:00")
    held = scene.agent.hold(place.slot, scene.patient)
    scene.stage.now = scene.at("09:00")
    with pytest.raises(TooLate):
        scene.agent.confirm(held.hold, scene.patient)
    assert scene.booked(place) == []


def test_what_the_front_desk_booked_meanwhile_is_taken(scene: Scene) -> None:
    """Reception does not wait for a chat: its appointment is the only one."""
    place = scene.offer()
    held = scene.agent.hold(place.slot, scene.patient)
    theirs = scene.front_desk_books(place)
    with pytest.raises(SlotTaken):
        scene.agent.confirm(held.hold, scene.patient)
    assert scene.booked(place) == [(theirs.appointment, theirs.patient)]


@pytest.mark.needs("overlapping_places")
@pytest.mark.parametrize("held_first", ["half", "hour"])
def test_what_the_front_desk_booked_over_it_is_taken(scene: Scene, held_first: str) -> None:
    """An overlapping place of the same therapist is the same therapist's time."""
    half, hour = scene.offer("09:30"), scene.offer("09:00", 60)
    wanted, phoned = (half, hour) if held_first == "half" else (hour, half)
    held = scene.agent.hold(wanted.slot, scene.patient)
    scene.front_desk_books(phoned)
    with pytest.raises(SlotTaken):
        scene.agent.confirm(held.hold, scene.patient)
    assert scene.booked(wanted) == []


def test_a_cancelled_appointment_is_not_booked_again_by_its_hold(scene: Scene) -> None:
    """A repeat that comes late must not undo the cancellation."""
    place = scene.offer()
    held = scene.agent.hold(place.slot, scene.patient)
    scene.agent.cancel(scene.agent.confirm(held.hold, scene.patient).appointment, scene.patient)
    with pytest.raises(NotFound):
        scene.agent.confirm(held.hold, scene.patient)
    assert scene.booked(place) == []
    assert scene.free() == [place.slot]
