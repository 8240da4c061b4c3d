import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from contracts.errors import (
    BackendOutcomeUnknown,
    BackendUnavailable,
    ContractError,
    HoldExpired,
    NotFound,
    SlotTaken,
)
from contracts.practice import ConfirmReply, HoldSlotReply
from tests.conformance.agent import Agent, new_reference
from tests.conformance.practice_stage import Place, PracticeStage
from tests.conformance.scene import Scene

PLACES = [("09:00", 60, 0), ("09:00", 30, 0), ("09:30", 30, 0), ("09:15", 30, 0), ("09:00", 30, 1), ("09:15", 30, 1)]
THREADS = 6
ROUNDS = 3
QUICK_S, FULL_S = 3.0, 30.0


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run all calls from one starting gun; return each one's reply, or the contract error it met."""
    gate, results = threading.Barrier(len(calls)), list[Any]([None] * len(calls))

    def run(index: int, call: Callable[[], Any]) -> None:
        gate.wait()
        try:
            results[index] = call()
        except ContractError as error:
            results[index] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def of_type(results: list[Any], kind: type) -> list[Any]:
    """Return the results of one kind."""
    return [result for result in results if isinstance(result, kind)]


def test_of_many_who_want_one_slot_one_gets_it(scene: Scene) -> None:
    """The others hear that it is taken, never that the backend is down; half of them are another process."""
    desks = [scene.stage.desk, scene.stage.another_desk()]
    place = scene.offer()
    results = at_once(*(lambda n=n: Agent(desks[n % 2]).hold(place.slot, scene.patient) for n in range(THREADS)))
    (won,) = of_type(results, HoldSlotReply)
    assert len(of_type(results, SlotTaken)) == THREADS - 1
    assert scene.agent.confirm(won.hold, scene.patient).starts_at == place.starts_at


@pytest.mark.needs("overlapping_places")
def test_of_places_that_overlap_one_is_held(scene: Scene) -> None:
    """Whoever comes first: an hour, or either of its halves."""
    for _ in range(ROUNDS):
        places = [scene.offer("09:00", 60), scene.offer("09:15", 30)]
        results = at_once(
            *(lambda n=n, p=places: scene.agent.hold(p[n % 2].slot, scene.patient) for n in range(THREADS))
        )
        assert len(of_type(results, HoldSlotReply)) == 1
        assert len(of_type(results, SlotTaken)) == THREADS - 1
        scene.stage.run_out(*places)


def test_confirmations_of_one_hold_at_once_are_one_appointment(scene: Scene) -> None:
    """A repeat that overtakes the first call gets the same appointment, never an error or a second one."""
    place = scene.offer()
    held = scene.agent.hold(place.slot, scene.patient)
    results = at_once(*(lambda: scene.agent.confirm(held.hold, scene.patient) for _ in range(3)))
    assert of_type(results, ConfirmReply) == results
    assert scene.booked(place) == [(results[0].appointment, scene.patient)]
    assert results[0] == results[1] == results[2]


@dataclass
class Chatter:
    """One thread: a client that does what it likes and writes down what it was told."""

    agent: Agent
    places: list[Place]
    patients: list[str]
    chance: random.Random
    held: list[tuple[str, Place, str]] = field(default_factory=list)
    live: dict[str, tuple[Place, str]] = field(default_factory=dict)
    made: int = 0
    defects: list[BaseException] = field(default_factory=list)

    def run(self, goes_on: Callable[[], bool]) -> None:
        """Go on as long as it says so."""
        try:
            while goes_on():
                self.chance.choice((self.hold, self.confirm, self.cancel))()
        except BaseException as defect:  # noqa: BLE001 - told by the test
            self.defects.append(defect)

    def hold(self) -> None:
        place, patient = self.chance.choice(self.places), self.chance.choice(self.patients)
        reference = new_reference()
        reply = certain(lambda: self.agent.hold(place.slot, patient, "chat", reference))
        if reply is not None:
            self.held.append((reply.hold, place, patient))

    def confirm(self) -> None:
        if not self.held:
            return
        # Mostly the newest: the older ones are confirmed, released or taken.
        hold, place, patient = self.chance.choice((self.held[-1], self.chance.choice(self.held)))
        own = [appointment for appointment, (_, whose) in self.live.items() if whose == patient]
        old = self.chance.choice([None, *own])
        reply = certain(lambda: self.agent.confirm(hold, patient, old))
        if reply is None:
            return
        assert (reply.starts_at, reply.replaced) == (place.starts_at, old)
        self.live.pop(old or "", None)
        self.made += reply.appointment not in self.live
        self.live[reply.appointment] = (place, patient)

    def cancel(self) -> None:
        if self.live:
            appointment = self.chance.choice(list(self.live))
            if certain(lambda: self.agent.cancel(appointment, self.live[appointment][1])) is not None:
                del self.live[appointment]


def certain(call: Callable[[], Any]) -> Any:
    """Return the reply, or None when it was refused; what got no answer is repeated, as a client does."""
    for _ in range(50):
        try:
            return call()
        except (SlotTaken, HoldExpired, NotFound):
            return None
        except (BackendOutcomeUnknown, BackendUnavailable):
            continue
    raise TimeoutError("no certain answer in fifty calls")


@pytest.mark.torture
def test_a_storm_of_clients_leaves_what_they_were_told(campaign_stage: PracticeStage, full_length: bool) -> None:
    """Six clients of two processes on six places that overlap: 3 s in the quick form, 30 s in full length.

    All the while no therapist is in two places; in the end exactly the appointments stand that somebody was told of.
    """
    scene = Scene(campaign_stage)
    places = [scene.offer(*place) for place in PLACES]
    patients = [scene.patient, scene.stranger, scene.third.patient]
    desks = [campaign_stage.desk, campaign_stage.another_desk()]
    chatters = [
        Chatter(Agent(desks[n % 2], f"client-{n}"), places, patients, random.Random(n))  # noqa: S311 - no secret
        for n in range(THREADS)
    ]
    begun, length_s = time.monotonic(), FULL_S if full_length else QUICK_S

    def goes_on() -> bool:
        # Longer on a busy machine, until there is something to compare.
        passed_s = time.monotonic() - begun
        return passed_s < length_s or (passed_s < 10 * length_s and sum(chatter.made for chatter in chatters) <= 2)

    threads = [threading.Thread(target=chatter.run, args=(goes_on,)) for chatter in chatters]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert not overlapping(campaign_stage, places)
        time.sleep(0.01)
    assert [chatter.defects for chatter in chatters] == [[]] * THREADS
    told = {key: (place.slot, patient) for c in chatters for key, (place, patient) in c.live.items()}
    assert {b.appointment: (b.slot, b.patient) for b in campaign_stage.booked(*places)} == told
    assert sum(chatter.made for chatter in chatters) > 2
    campaign_stage.run_out(*places)
    booked = [place for place in places if any(slot == place.slot for slot, _ in told.values())]
    free = [place.slot for place in places if not any(place.overlaps(other) for other in booked)]
    assert sorted(scene.free()) == sorted(free)


def overlapping(stage: PracticeStage, places: list[Place]) -> list[tuple[str, str]]:
    """Return pairs of live appointments that one therapist cannot both keep."""
    by_slot = {place.slot: place for place in places}
    live = stage.booked(*places)
    return [
        (one.appointment, two.appointment)
        for index, one in enumerate(live)
        for two in live[index + 1 :]
        if by_slot[one.slot].overlaps(by_slot[two.slot])
    ]
