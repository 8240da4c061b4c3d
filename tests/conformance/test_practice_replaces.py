import pytest

from contracts.errors import FixRequest, HoldExpired, NotFound, SlotTaken, TooLate
from contracts.practice import ConfirmReply, HoldSlotReply
from tests.conformance.practice_stage import Place
from tests.conformance.scene import Scene

pytestmark = pytest.mark.needs("replaces")


class Rebooking:
    """A patient with an appointment at nine who holds noon instead."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.old_place: Place = scene.offer("09:00")
        self.new_place: Place = scene.offer("12:00")
        self.old: ConfirmReply = scene.agent.book(self.old_place.slot, scene.patient)
        self.held: HoldSlotReply = scene.agent.hold(self.new_place.slot, scene.patient)

    def confirm(self, replaces: str | None = None) -> ConfirmReply:
        """Confirm noon in place of nine, or of something else."""
        return self._scene.agent.confirm(self.held.hold, self._scene.patient, replaces or self.old.appointment)

    def assert_nothing_changed(self) -> None:
        """The old one stands and the new one does not."""
        old = (self.old.appointment, self._scene.patient)
        assert self._scene.booked(self.old_place, self.new_place) == [old]


@pytest.fixture
def rebooking(scene: Scene) -> Rebooking:
    """An appointment, and a hold on its successor."""
    return Rebooking(scene)


def test_the_new_one_is_booked_and_the_old_one_cancelled(scene: Scene, rebooking: Rebooking) -> None:
    """Both in one answer; the old slot is free for others."""
    reply = rebooking.confirm()
    assert (reply.replaced, reply.starts_at) == (rebooking.old.appointment, rebooking.new_place.starts_at)
    assert scene.booked(rebooking.old_place, rebooking.new_place) == [(reply.appointment, scene.patient)]
    assert scene.free() == [rebooking.old_place.slot]


def test_repeating_it_is_the_same_answer_and_changes_nothing(scene: Scene, rebooking: Rebooking) -> None:
    """Somebody else may have the old slot by then, and keeps it."""
    first = rebooking.confirm()
    theirs = scene.other.book(rebooking.old_place.slot, scene.stranger)
    assert rebooking.confirm() == first
    assert sorted(scene.booked(rebooking.old_place, rebooking.new_place)) == sorted(
        [(theirs.appointment, scene.stranger), (first.appointment, scene.patient)]
    )


def test_what_has_begun_is_not_replaced(scene: Scene, rebooking: Rebooking) -> None:
    """Too late, and nothing is changed; without replacing anything the hold still books."""
    scene.stage.now = scene.at("09:00")
    with pytest.raises(TooLate):
        rebooking.confirm()
    rebooking.assert_nothing_changed()
    assert scene.agent.confirm(rebooking.held.hold, scene.patient).starts_at == rebooking.new_place.starts_at


def test_somebody_elses_is_not_replaced(scene: Scene, rebooking: Rebooking) -> None:
    """Not found, and neither patient's agenda is changed."""
    elsewhere = scene.offer("15:00")
    theirs = scene.other.book(elsewhere.slot, scene.stranger)
    with pytest.raises(NotFound):
        rebooking.confirm(theirs.appointment)
    rebooking.assert_nothing_changed()
    assert scene.booked(elsewhere) == [(theirs.appointment, scene.stranger)]


@pytest.mark.parametrize("key", ["999999999", "rubbish", "-1"])
def test_an_appointment_that_never_was_is_not_replaced(rebooking: Rebooking, key: str) -> None:
    """Not found, and nothing is changed."""
    with pytest.raises(NotFound):
        rebooking.confirm(key)
    rebooking.assert_nothing_changed()


def test_an_appointment_does_not_replace_itself(scene: Scene, rebooking: Rebooking) -> None:
    """It would vanish: refused, and it stands."""
    made = scene.agent.confirm(rebooking.held.hold, scene.patient)
    with pytest.raises(FixRequest):
        rebooking.confirm(made.appointment)
    assert scene.booked(rebooking.new_place) == [(made.appointment, scene.patient)]


def test_nothing_is_cancelled_for_a_hold_that_has_run_out(scene: Scene, rebooking: Rebooking) -> None:
    """Without the new one the old one stays."""
    scene.stage.run_out(rebooking.new_place)
    with pytest.raises(HoldExpired):
        rebooking.confirm()
    rebooking.assert_nothing_changed()


def test_nothing_is_cancelled_for_a_slot_that_is_taken(scene: Scene, rebooking: Rebooking) -> None:
    """The front desk was first: the patient keeps what there was."""
    theirs = scene.front_desk_books(rebooking.new_place)
    with pytest.raises(SlotTaken):
        rebooking.confirm()
    assert scene.booked(rebooking.old_place) == [(rebooking.old.appointment, scene.patient)]
    assert scene.booked(rebooking.new_place) == [(theirs.appointment, theirs.patient)]


def test_what_was_cancelled_before_is_replaced_all_the_same(scene: Scene, rebooking: Rebooking) -> None:
    """The person wants the new one and not the old one, and has both wishes."""
    scene.agent.cancel(rebooking.old.appointment, scene.patient)
    reply = rebooking.confirm()
    assert scene.booked(rebooking.old_place, rebooking.new_place) == [(reply.appointment, scene.patient)]
