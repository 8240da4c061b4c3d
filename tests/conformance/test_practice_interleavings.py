"""Every order of hold, expire, confirm, replace, cancel and reception's own work, against a model of what must be true.

The model is exact: each answer is compared with the one that the rules give, the backend's own rows are compared with
the model's after each step, and the desk's list of free slots now and then and in the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from contracts.errors import ContractError, HoldExpired, NotFound, SlotTaken
from tests.conformance.agent import Agent, new_reference
from tests.conformance.practice_stage import Booked, Place, PracticeStage
from tests.conformance.scene import Scene

PLACES = [("09:00", 30, 0), ("09:30", 30, 0), ("09:00", 60, 0), ("09:15", 30, 0), ("09:00", 30, 1), ("09:00", 60, 1)]
QUICK, FULL, STEPS = 30, 2_000, 25

T = TypeVar("T")
some = st.integers(0, 100)
"""Chooses one of what there is by then."""


def one_of(things: Sequence[T], which: int) -> T:
    """Return the thing that `some` has chosen."""
    return things[which % len(things)]


@dataclass(eq=False)
class Held:
    """A hold that a call got, and what the model knows of it."""

    agent: Agent
    patient: str
    conversation: str | None
    place: Place
    reference: str
    key: str = ""
    live: bool = False
    ran_out: bool = False  # and nobody has had the place since
    made: "Made | None" = None


@dataclass(eq=False)
class Made:
    """An appointment; `over` are the holds that reception did not ask."""

    booked: Booked
    place: Place
    live: bool = True
    over: list[Held] = field(default_factory=list)


class Interleavings(RuleBasedStateMachine):
    """Two clients, three patients, three conversations and reception on six places, five of which overlap another."""

    def __init__(self, stage: PracticeStage) -> None:
        super().__init__()
        self.scene = Scene(stage)
        self.held: list[Held] = []
        self.made: list[Made] = []
        self.places = [self.scene.offer(*place) for place in PLACES]
        people = self.scene.people
        self.patients = [people.alone.patient, people.debtor.patient, people.shared[0].patient]

    # What must be true

    def taken(self, place: Place, agent: Agent, conversation: str | None) -> bool:
        """Whether an appointment or somebody's live hold is in the way of a new hold."""
        if any(made.live and made.place.overlaps(place) for made in self.made):
            return True
        return any(
            held.live and held.place.overlaps(place) and not self.is_of(held, agent, conversation) for held in self.held
        )

    def is_of(self, held: Held, agent: Agent, conversation: str | None) -> bool:
        """Whether a hold belongs to a conversation of a client."""
        return conversation is not None and (held.agent.name, held.conversation) == (agent.name, conversation)

    def begin(self, new: Held) -> None:
        """Let a hold begin; it ends the others of its conversation, and those that ran out are forgotten."""
        for held in self.held:
            if held is not new and self.is_of(held, new.agent, new.conversation):
                self.end(held)
            if held is not new and held.place.overlaps(new.place):
                held.ran_out = False
        new.live, new.ran_out = True, False

    def end(self, held: Held) -> None:
        held.live = held.ran_out = False

    def book(self, booked: Booked, place: Place) -> Made:
        """Note an appointment; whoever held what it overlaps has lost it."""
        made = Made(booked, place)
        self.made.append(made)
        for held in self.held:
            if held.place.overlaps(place):
                held.ran_out = False
                if held.live:
                    made.over.append(held)
        return made

    def undo(self, made: Made) -> None:
        """Note that an appointment is gone; the holds that it was booked over end with it."""
        made.live = False
        for held in made.over:
            self.scene.stage.run_out(held.place)
            self.end(held)

    # What clients and reception do

    @rule(place=some, patient=some, other=st.booleans(), conversation=st.sampled_from([None, "chat", "chat 2"]))
    def hold(self, place: int, patient: int, other: bool, conversation: str | None) -> None:
        agent = self.scene.other if other else self.scene.agent
        wish = Held(agent, one_of(self.patients, patient), conversation, one_of(self.places, place), new_reference())
        if self.asked_to_hold(wish):
            self.held.append(wish)

    @rule(place=some, patient=some)
    def hold_in_the_chat(self, place: int, patient: int) -> None:
        # Rules are drawn alike: without this one, two holds of one conversation would be rare.
        self.hold(place, patient, other=False, conversation="chat")

    @precondition(lambda self: any(held.made is None for held in self.held))
    @rule(which=some)
    def hold_again(self, which: int) -> None:
        held = one_of([held for held in self.held if held.made is None], which)
        if held.live and not self.overridden(held):
            key = held.key
            self.asked(held)
            assert held.key == key
        else:
            self.asked_to_hold(held)

    def asked_to_hold(self, wish: Held) -> bool:
        if self.taken(wish.place, wish.agent, wish.conversation):
            with pytest.raises(SlotTaken):
                self.asked(wish)
            return False
        self.asked(wish)
        self.begin(wish)
        return True

    def asked(self, wish: Held) -> None:
        reply = wish.agent.hold(wish.place.slot, wish.patient, wish.conversation, wish.reference)
        assert reply.starts_at == wish.place.starts_at
        wish.key = reply.hold

    @precondition(lambda self: any(held.live for held in self.held))
    @rule(which=some)
    def expire(self, which: int) -> None:
        held = one_of([held for held in self.held if held.live], which)
        held.ran_out = not self.overridden(held)
        held.live = False
        self.scene.stage.run_out(held.place)

    @precondition(lambda self: self.held)
    @rule(which=some)
    def confirm(self, which: int) -> None:
        self.confirmed(one_of(self.held, which), None)

    @precondition(lambda self: self.held and self.made)
    @rule(which=some, old=some, his_own=st.booleans())
    def confirm_in_place_of(self, which: int, old: int, his_own: bool) -> None:
        held = one_of(self.held, which)
        olds = [made for made in self.made if not his_own or made.booked.patient == held.patient] or self.made
        made = one_of(olds, old)
        # Whether a hold outlives what reception booked over it is nobody's rule.
        if held not in made.over:
            self.confirmed(held, made)

    @precondition(lambda self: self.held)
    @rule(which=some, another=some, other=st.booleans())
    def confirm_as_somebody_else(self, which: int, another: int, other: bool) -> None:
        held = one_of(self.held, which)
        agent = self.scene.other if other else self.scene.agent
        patient = one_of(self.patients, another)
        if (agent.name, patient) != (held.agent.name, held.patient):
            with pytest.raises((NotFound, SlotTaken)):
                agent.confirm(held.key, patient)

    def confirmed(self, held: Held, old: Made | None) -> None:
        refusals = self.refusals(held, old)
        if refusals:
            with pytest.raises(refusals):
                self.ask_to_confirm(held, old)
            if held.live and self.overridden(held):
                self.scene.stage.run_out(held.place)
                self.end(held)
            return
        booked = self.ask_to_confirm(held, old)
        if old is not None and old.live:
            self.undo(old)
        if held.made is not None:
            assert booked == held.made.booked.appointment
            return
        self.end(held)
        held.made = self.book(Booked(booked, held.place.slot, held.patient), held.place)

    def ask_to_confirm(self, held: Held, old: Made | None) -> str:
        replaces = None if old is None else old.booked.appointment
        reply = held.agent.confirm(held.key, held.patient, replaces)
        assert (reply.starts_at, reply.replaced) == (held.place.starts_at, replaces)
        return reply.appointment

    def refusals(self, held: Held, old: Made | None) -> tuple[type[ContractError], ...]:
        """Return the errors that confirming may meet; none when it must succeed."""
        wrong = old is not None and (old.booked.patient != held.patient or old is held.made)
        return (*((NotFound,) if wrong else ()), *self.refusals_of(held))

    def refusals_of(self, held: Held) -> tuple[type[ContractError], ...]:
        if held.made is not None:
            return () if held.made.live else (NotFound,)
        if held.live:
            return (SlotTaken,) if self.overridden(held) else ()
        return (HoldExpired,) if held.ran_out else (HoldExpired, SlotTaken, NotFound)

    def overridden(self, held: Held) -> bool:
        return any(made.live and held in made.over for made in self.made)

    @precondition(lambda self: self.made)
    @rule(which=some, another=some, his_own=st.booleans())
    def cancel(self, which: int, another: int, his_own: bool) -> None:
        made = one_of(self.made, which)
        patient = made.booked.patient if his_own else one_of(self.patients, another)
        if patient != made.booked.patient:
            with pytest.raises(NotFound):
                self.scene.agent.cancel(made.booked.appointment, patient)
            return
        assert self.scene.agent.cancel(made.booked.appointment, patient).cancelled
        if made.live:
            self.undo(made)

    @rule(place=some, patient=some)
    def reception_books(self, place: int, patient: int) -> None:
        where = one_of(self.places, place)
        if not any(made.live and made.place.overlaps(where) for made in self.made):
            self.book(self.scene.stage.front_desk_books(where, one_of(self.patients, patient)), where)

    @precondition(lambda self: any(made.live for made in self.made))
    @rule(which=some)
    def reception_cancels(self, which: int) -> None:
        made = one_of([made for made in self.made if made.live], which)
        self.scene.stage.front_desk_cancels(made.booked)
        self.undo(made)

    # What is compared after every step

    @invariant()
    def the_backend_has_these_appointments_and_no_other(self) -> None:
        live = self.scene.stage.booked(*self.places)
        by_slot = {place.slot: place for place in self.places}
        assert {b.appointment: b for b in live} == {m.booked.appointment: m.booked for m in self.made if m.live}
        for index, one in enumerate(live):
            assert not any(by_slot[one.slot].overlaps(by_slot[two.slot]) for two in live[index + 1 :])

    @rule()
    def list_what_is_free(self) -> None:
        nobody = Agent(self.scene.stage.desk, "nobody")
        free = sorted(place.slot for place in self.places if not self.taken(place, nobody, None))
        assert sorted(self.scene.free()) == free

    def teardown(self) -> None:
        self.list_what_is_free()


@pytest.mark.torture
def test_any_order_of_calls_keeps_the_rules(campaign_stage: PracticeStage, full_length: bool) -> None:
    """2,000 interleavings in full length, 30 in the quick form; the same ones every time."""
    run_state_machine_as_test(
        lambda: Interleavings(campaign_stage),  # type: ignore[arg-type]  # a factory, as its documentation says
        settings=settings(
            max_examples=FULL if full_length else QUICK,
            stateful_step_count=STEPS,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink] if full_length else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
