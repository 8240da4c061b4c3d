import pytest

from contracts.errors import NotFound, TooLate
from tests.conformance.scene import Scene

STRANGE_KEYS = ["999999999", "99999999999999999999", "", "-1", "1.0", "x' or 1=1 --", "\u0661"]


def test_cancelling_frees_the_slot_and_cancelling_again_is_the_same(scene: Scene) -> None:
    """It is gone from the agenda and from the patient's list, and somebody else can have the slot."""
    place = scene.offer()
    made = scene.agent.book(place.slot, scene.patient)
    first = scene.agent.cancel(made.appointment, scene.patient)
    assert first == scene.agent.cancel(made.appointment, scene.patient)
    assert (first.appointment, first.cancelled) == (made.appointment, True)
    assert scene.booked(place) == []
    assert made.appointment not in [a.appointment for a in scene.agent.upcoming(scene.patient)]
    assert scene.free() == [place.slot]


def test_cancelling_again_frees_nothing_of_whoever_came_after(scene: Scene) -> None:
    """A late repeat must not take the slot from its next patient."""
    place = scene.offer()
    made = scene.agent.book(place.slot, scene.patient)
    scene.agent.cancel(made.appointment, scene.patient)
    theirs = scene.other.book(place.slot, scene.stranger)
    scene.agent.cancel(made.appointment, scene.patient)
    assert scene.booked(place) == [(theirs.appointment, scene.stranger)]
    assert scene.free() == []


def test_somebody_elses_appointment_is_not_found(scene: Scene) -> None:
    """Only the patient whose it is can cancel it."""
    place = scene.offer()
    theirs = scene.other.book(place.slot, scene.stranger)
    with pytest.raises(NotFound):
        scene.agent.cancel(theirs.appointment, scene.patient)
    assert scene.booked(place) == [(theirs.appointment, scene.stranger)]


@pytest.mark.parametrize("key", STRANGE_KEYS)
def test_keys_that_name_nothing_are_not_found(scene: Scene, key: str) -> None:
    """Unknown or misshapen, appointment or patient: one answer, nothing of a driver."""
    made = scene.agent.book(scene.offer().slot, scene.patient)
    with pytest.raises(NotFound):
        scene.agent.cancel(key, scene.patient)
    with pytest.raises(NotFound):
        scene.agent.cancel(made.appointment, key)


def test_what_has_begun_is_not_cancelled(scene: Scene) -> None:
    """Not at its first moment either; one that was cancelled in time stays cancelled."""
    place, earlier = scene.offer("09:00"), scene.offer("08:00")
    made = scene.agent.book(place.slot, scene.patient)
    in_time = scene.agent.book(earlier.slot, scene.patient)
    scene.agent.cancel(in_time.appointment, scene.patient)
    scene.stage.now = scene.at("09:00")
    with pytest.raises(TooLate):
        scene.agent.cancel(made.appointment, scene.patient)
    assert scene.booked(place) == [(made.appointment, scene.patient)]
    assert scene.agent.cancel(in_time.appointment, scene.patient).cancelled


def test_a_patient_sees_and_cancels_what_the_front_desk_booked(scene: Scene) -> None:
    """An appointment is the patient's, whoever made it."""
    place = scene.offer()
    theirs = scene.front_desk_books(place)
    assert theirs.appointment in [a.appointment for a in scene.agent.upcoming(theirs.patient)]
    scene.agent.cancel(theirs.appointment, theirs.patient)
    assert scene.booked(place) == []
    assert scene.free() == [place.slot]


def test_upcoming_is_what_this_patient_has_and_has_not_begun(scene: Scene) -> None:
    """Earliest first, at most so many; nobody else's, nothing cancelled, nothing that has begun."""
    clocks = ("16:00", "09:00", "11:00", "13:00")
    late, early, middle, gone = (scene.agent.book(scene.offer(clock).slot, scene.patient) for clock in clocks)
    theirs = scene.agent.book(scene.offer("12:00").slot, scene.stranger)
    scene.agent.cancel(gone.appointment, scene.patient)
    scene.stage.now = scene.at("08:00")

    def today(limit: int = 50) -> list[str]:
        upcoming = scene.agent.upcoming(scene.patient, limit)
        return [a.appointment for a in upcoming if a.starts_at.date() == scene.day]

    assert today() == [early.appointment, middle.appointment, late.appointment]
    assert today(2) == [early.appointment, middle.appointment]
    assert theirs.appointment not in today()
    scene.stage.now = scene.at("09:00")
    assert today() == [middle.appointment, late.appointment]


def test_an_upcoming_appointment_says_when_and_where(scene: Scene) -> None:
    """The same as when it was booked, in the practice's zone."""
    made = scene.agent.book(scene.offer("14:30", 45, therapist=1).slot, scene.patient)
    (found,) = [a for a in scene.agent.upcoming(scene.patient) if a.appointment == made.appointment]
    assert found.starts_at.isoformat() == scene.at("14:30").isoformat()
    assert found.ends_at.isoformat() == scene.at("15:15").isoformat()
    assert (found.clinic, found.therapist) == (made.clinic, made.therapist)


@pytest.mark.parametrize("patient", ["99999999", "", "x' or 1=1 --", "é" * 400])
def test_nobody_has_nothing(scene: Scene, patient: str) -> None:
    """A key that names no patient is not found, or has no appointments; it is no error of a driver."""
    try:
        assert scene.agent.upcoming(patient) == []
    except NotFound:
        return
