from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from contracts.errors import ContractError, NotFound
from tests.conformance.agent import Agent
from tests.conformance.practice_stage import Place
from tests.conformance.scene import Scene

UNKNOWN = "999999999"
"""No slot and no appointment has this key."""
ODD_CODES = frozenset({"", "NOWHERE", "X" * 400, "日本", "' or 1=1 --", "\u0661", "%"})
"""Codes of no clinic."""


@dataclass(frozen=True, slots=True)
class Limited:
    """A day of which a client sees one clinic; `free` is the same client before it was limited."""

    scene: Scene
    free: Agent
    limited: Agent

    def outside(self, clock: str = "09:00", minutes: int = 30) -> Place:
        """Add a place in the clinic that does not exist for the client."""
        return self.scene.offer(clock, minutes, therapist=1)

    def limited_to(self, *codes: str) -> Agent:
        """Return the client with another limit."""
        return Agent(self.scene.stage.desk, within=frozenset(codes))

    def listed(self, agent: Agent | None = None, **narrowed: Any) -> list[str]:
        """Return the keys of the day's slots that a client sees."""
        return [slot.slot for slot in (agent or self.limited).free(*self.day, **narrowed)]

    @property
    def day(self) -> tuple[Any, Any]:
        """From its first minute to its last."""
        return self.scene.at("00:00"), self.scene.at("23:59")


@pytest.fixture
def limited(scene: Scene) -> Limited:
    """A client that is limited to the clinic of the first therapist."""
    desk, (here, _) = scene.stage.desk, scene.stage.therapists
    return Limited(scene, Agent(desk), Agent(desk, within=frozenset({here.clinic})))


def told(ask: Callable[[], object]) -> tuple[Any, ...]:
    """Return everything that a client is told of a refusal."""
    with pytest.raises(ContractError) as caught:
        ask()
    error = caught.value
    return type(error), error.slug, error.status, error.detail, error.members, getattr(error, "retry_after_s", None)


def assert_unknown(ask: Callable[[str], object], key: str) -> None:
    """What has this key is answered as what has no key, and as not found."""
    said = told(lambda: ask(key))
    assert said == told(lambda: ask(UNKNOWN))
    assert said[0] is NotFound


def test_only_slots_of_its_clinics_are_listed(limited: Limited) -> None:
    """Also when the request names the other clinic, or one that there is not."""
    here, _ = limited.scene.offer("10:00"), limited.outside("09:00")
    other = limited.scene.stage.therapists[1].clinic
    assert limited.listed() == [here.slot]
    assert limited.listed(clinic=here.therapist.clinic) == [here.slot]
    assert limited.listed(clinic=other) == limited.listed(clinic="NOWHERE") == []
    assert len(limited.listed(limited.free)) == 2


def test_no_fewer_slots_are_listed_than_asked_for(limited: Limited) -> None:
    """The limit counts what the client may see: earlier ones elsewhere take no place."""
    elsewhere = [limited.outside(f"{hour:02}:00") for hour in range(7, 15)]
    here = [limited.scene.offer(f"{hour:02}:00") for hour in range(15, 18)]
    for limit in (1, 2, 50):
        assert limited.listed(limit=limit) == [place.slot for place in here[:limit]]
    assert limited.listed(limited.free, limit=3) == [place.slot for place in elsewhere[:3]]


def test_several_clinics_are_one_list_in_order(limited: Limited) -> None:
    """Earliest first over all of them, as without a limit, whatever else is in the limit; held ones are left out."""
    for hour in range(8, 12):
        limited.scene.offer(f"{hour:02}:00", therapist=hour % 2)
        limited.scene.offer(f"{hour:02}:30", therapist=hour % 3 % 2)
    taken = limited.listed(limited.free)[1]
    limited.free.hold(taken, limited.scene.patient)
    both = limited.limited_to(*(who.clinic for who in limited.scene.stage.therapists), *ODD_CODES)
    everything = limited.listed(limited.free)
    assert len(everything) == 7
    for limit in (1, 4, 7, 50):
        assert limited.listed(both, limit=limit) == everything[:limit]


def test_codes_are_compared_exactly_but_for_padding(limited: Limited) -> None:
    """A code of no clinic matches nothing and hides nothing; no code at all is nothing at all."""
    place = limited.scene.offer()
    code = place.therapist.clinic
    assert limited.listed(limited.limited_to(f" {code}   ")) == [place.slot]
    assert limited.listed(limited.limited_to(code, *ODD_CODES)) == [place.slot]
    for none in ((), tuple(ODD_CODES), (code.lower(), code[:-1], f"{code}X")):
        agent = limited.limited_to(*none)
        assert limited.listed(agent) == limited.listed(agent, clinic=code) == []
        assert_unknown(lambda slot, agent=agent: agent.hold(slot, limited.scene.patient), place.slot)  # type: ignore[misc]


@pytest.mark.parametrize("state", ["free", "held by it", "booked", "begun"])
def test_a_slot_elsewhere_is_unknown_to_who_wants_to_hold_it(limited: Limited, state: str) -> None:
    """Whatever its state and whoever the patient; it is as free, or as taken, as before."""
    scene, place = limited.scene, limited.outside()
    if state == "held by it":
        limited.free.hold(place.slot, scene.patient)
    elif state == "booked":
        scene.front_desk_books(place)
    elif state == "begun":
        scene.stage.now = scene.at("09:00")
    before = scene.free(), scene.booked(place)
    for patient in (scene.patient, "ZZZZZZZZ"):
        assert_unknown(lambda slot, patient=patient: limited.limited.hold(slot, patient), place.slot)  # type: ignore[misc]
    assert (scene.free(), scene.booked(place)) == before


@pytest.mark.needs("conversations")
def test_a_hold_that_is_refused_for_its_clinic_releases_nothing(limited: Limited) -> None:
    """The person keeps what the conversation held."""
    here, there = limited.scene.offer("10:00"), limited.outside()
    held = limited.limited.hold(here.slot, limited.scene.patient, "chat")
    assert_unknown(lambda slot: limited.limited.hold(slot, limited.scene.patient, "chat"), there.slot)
    assert limited.limited.confirm(held.hold, limited.scene.patient).starts_at == here.starts_at


@pytest.mark.parametrize("state", ["live", "taken", "begun", "confirmed"])
def test_a_hold_elsewhere_is_unknown_to_who_wants_to_confirm_it(limited: Limited, state: str) -> None:
    """From before it was limited: not taken, not too late, not booked; without the limit it is as it was."""
    scene, place = limited.scene, limited.outside()
    held = limited.free.hold(place.slot, scene.patient)
    if state == "taken":
        scene.front_desk_books(place)
    elif state == "begun":
        scene.stage.now = scene.at("09:00")
    elif state == "confirmed":
        limited.free.confirm(held.hold, scene.patient)
    before = scene.booked(place)
    nowhere = held.hold.replace(place.slot, UNKNOWN)
    for repeated in (False, True):
        said = told(lambda: limited.limited.confirm(held.hold, scene.patient, repeated=repeated))  # noqa: B023
        unknown = told(lambda: limited.limited.confirm(nowhere, scene.patient, repeated=repeated))  # noqa: B023
        assert said == unknown
        assert said[0] is NotFound
    assert scene.booked(place) == before
    if state in {"live", "confirmed"}:
        assert limited.free.confirm(held.hold, scene.patient).starts_at == place.starts_at


@pytest.mark.needs("replaces")
@pytest.mark.parametrize("state", ["live", "cancelled"])
def test_an_appointment_elsewhere_is_unknown_to_who_wants_to_replace_it(limited: Limited, state: str) -> None:
    """Nothing is booked, nothing is cancelled; without it the hold still books."""
    scene, old, new = limited.scene, limited.outside("09:00"), limited.scene.offer("12:00")
    appointment = limited.free.book(old.slot, scene.patient).appointment
    held = limited.limited.hold(new.slot, scene.patient)
    if state == "cancelled":
        limited.free.cancel(appointment, scene.patient)
    before = scene.booked(old, new)
    assert_unknown(lambda key: limited.limited.confirm(held.hold, scene.patient, key), appointment)
    assert scene.booked(old, new) == before
    assert limited.limited.confirm(held.hold, scene.patient).starts_at == new.starts_at


@pytest.mark.needs("replaces")
def test_a_hold_elsewhere_replaces_nothing(limited: Limited) -> None:
    """The appointment that the client may see stands."""
    scene, old, new = limited.scene, limited.scene.offer("09:00"), limited.outside("12:00")
    made = limited.limited.book(old.slot, scene.patient)
    held = limited.free.hold(new.slot, scene.patient).hold
    said = told(lambda: limited.limited.confirm(held, scene.patient, made.appointment))
    nowhere = held.replace(new.slot, UNKNOWN)
    assert said == told(lambda: limited.limited.confirm(nowhere, scene.patient, made.appointment))
    assert (said[0], scene.booked(old, new)) == (NotFound, [(made.appointment, scene.patient)])


@pytest.mark.parametrize("state", ["live", "cancelled", "begun"])
def test_an_appointment_elsewhere_is_unknown_to_who_wants_to_cancel_it(limited: Limited, state: str) -> None:
    """Neither cancelled nor too late, nor cancelled before; it stands."""
    scene, place = limited.scene, limited.outside()
    appointment = limited.free.book(place.slot, scene.patient).appointment
    if state == "cancelled":
        limited.free.cancel(appointment, scene.patient)
    elif state == "begun":
        scene.stage.now = scene.at("09:00")
    before = scene.booked(place)
    assert_unknown(lambda key: limited.limited.cancel(key, scene.patient), appointment)
    assert scene.booked(place) == before


def test_only_appointments_in_its_clinics_are_listed(limited: Limited) -> None:
    """The limit counts what the client may see."""
    scene, patient = limited.scene, limited.scene.people.shared[1].patient
    for hour in range(8, 13):
        scene.stage.front_desk_books(limited.outside(f"{hour:02}:00"), patient)
    here = [scene.stage.front_desk_books(scene.offer(f"{hour}:00"), patient).appointment for hour in (14, 15)]
    for limit in (1, 2, 50):
        assert [each.appointment for each in limited.limited.upcoming(patient, limit)] == here[:limit]
    assert limited.limited_to(*ODD_CODES).upcoming(patient) == []
    assert len(limited.free.upcoming(patient)) == 7


def test_within_its_clinics_everything_is_as_without_a_limit(limited: Limited) -> None:
    """Hold, confirm, replace and cancel; repeated after a lost answer too, also of what was cancelled."""
    scene, old, new = limited.scene, limited.scene.offer("09:00"), limited.scene.offer("12:00")
    first = limited.limited.book(old.slot, scene.patient)
    held = limited.limited.hold(new.slot, scene.patient)
    replaces = first.appointment if scene.features.replaces else None
    made = limited.limited.confirm(held.hold, scene.patient, replaces)
    assert limited.limited.confirm(held.hold, scene.patient, replaces, repeated=True) == made
    assert limited.free.confirm(held.hold, scene.patient, replaces) == made
    for repeated in (False, True):
        assert limited.limited.cancel(made.appointment, scene.patient, repeated=repeated).cancelled
    assert scene.booked(new) == []


def test_somebody_elses_appointment_is_unknown_within_its_clinics_too(limited: Limited) -> None:
    """The limit takes nothing away from what was checked before."""
    scene, place = limited.scene, limited.scene.offer()
    theirs = scene.front_desk_books(place)
    assert_unknown(lambda key: limited.limited.cancel(key, scene.patient), theirs.appointment)
    assert scene.booked(place) == [(theirs.appointment, theirs.patient)]


def test_a_patient_is_of_the_whole_practice(limited: Limited) -> None:
    """No clinic is a patient's own: who limits a client to clinics hides no patient."""
    alone = limited.scene.people.alone
    nowhere = limited.limited_to("NOWHERE")
    assert nowhere.find(alone.telephone) == limited.free.find(alone.telephone)
    said = alone.patient, "Knie nog stijf.", limited.scene.at("08:00").isoformat(), "LS-A"
    assert nowhere.note(*said) == limited.free.note(*said)
