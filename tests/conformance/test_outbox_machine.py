"""A model of the outbox, one SQLite file and one PostgreSQL database take the same steps at random, and agree."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar, cast

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from contracts.delivery import Delivered, DeliveryState
from outbox.claims import Action, Claim
from outbox.database import Transaction
from outbox.destinations import Breaker
from outbox.endings import Ending, Fenced
from outbox.entry import Entry, to_ms
from outbox.hand import Hand
from outbox.store import Outbox
from tests.conformance.outbox_store import CIPHER, SharedState, Store
from tests.unit.outbox.stand_ins import Clock, accept

T = TypeVar("T")
READY, WAITING, IN_FLIGHT, UNKNOWN, DELIVERED, REJECTED, PARKED, DISCARDED = DeliveryState
LEFT: Final = frozenset({DELIVERED, DISCARDED})
SETTLE_S: Final = 60.0
DELAY_S: Final = 5.0
NEVER: Final = Breaker(after=1_000_000)
"""A breaker that stays closed: outages have tests of their own."""
EXAMPLES, STEPS, MOST = 20, 30, 8
"""Runs, steps of each, and entries of each: few, so that the steps meet each other."""
ACTION: Final = st.sampled_from(["find", "send"])
SECONDS: Final = st.sampled_from([0.001, 5.0, 61.0])
DIAGRAM: Final = Path(__file__).parents[2] / "docs" / "outbox.md"
_GOES_ON: Final = ("unknown", "not_sent", "unknown", "released", "unknown", "not_sent")
ENDINGS: Final[dict[Action, tuple[str, ...]]] = {
    "send": (*_GOES_ON, "delivered", "rejected", "parked", "not_found"),
    "find": ("absent", "unknown", "absent", "unknown", "released", "absent", "delivered", "parked"),
}
"""Most of them leave something to do."""


def drawn() -> set[tuple[DeliveryState, DeliveryState]]:
    """Return the transitions that the documentation's diagram shows."""
    found = re.findall(r"^    (\w+) --> (\w+):", DIAGRAM.read_text(encoding="utf-8"), re.MULTILINE)
    return {(DeliveryState(before), DeliveryState(after)) for before, after in found}


@dataclass
class Expected:
    """An entry as the model has it; times in milliseconds."""

    id: str
    key: str
    rank: int
    state: DeliveryState
    due: int
    in_backend: bool = False  # a send may have been executed
    unknown_at: int = 0
    owner: str | None = None
    step: int = 0


class FewOwners:
    """Owners that live until they are told otherwise."""

    def __init__(self, alive: set[str]) -> None:
        self._alive = alive

    def is_alive(self, name: str) -> bool:
        return name in self._alive

    def confirm(self, tx: Transaction, name: str) -> None:
        """Everybody may claim."""

    def bury(self, tx: Transaction, name: str) -> bool:
        del tx
        return name not in self._alive

    def forget(self, name: str) -> None:
        assert name not in self._alive


@dataclass
class Side:
    """One of the two stores."""

    outbox: Outbox
    hand: Hand
    claims: list[Claim] = field(default_factory=list)


class Machine(RuleBasedStateMachine):
    """Takes every step on both stores and in the model."""

    def __init__(self, shared: SharedState) -> None:
        super().__init__()
        self.clock = Clock()
        self.alive = {"owner-0", "owner-1"}
        self.folder = TemporaryDirectory()
        self.file = Store("sqlite", Path(self.folder.name) / "state.db")
        shared.empty()
        self.sides = [self._side(database) for database in (self.file.open(), shared.database)]
        self.entries: list[Expected] = []
        self.actions: list[Action] = []
        self.open_claims: list[int] = []
        self.paused = False
        self.seen: dict[str, DeliveryState] = {}
        self.allowed = drawn()

    def _side(self, database: Any) -> Side:
        outbox = Outbox(database, CIPHER, self.clock, lambda: self.clock.up, NEVER)
        outbox.owners = FewOwners(self.alive)  # type: ignore[assignment]  # all that recovering asks of it
        return Side(outbox, Hand(database, self.clock, lambda: "root", lambda: self.clock.up))

    def teardown(self) -> None:
        for table in ROWS:
            self.both(lambda side, t=table: rows(side, t))  # type: ignore[misc]
        self.file.close()
        self.folder.cleanup()

    @property
    def now(self) -> int:
        return to_ms(self.clock.now)

    def both(self, call: Callable[[Side], T]) -> T:
        """Do it on both; what they return is the same but for the numbers that a database gives."""
        file, server = (numberless(call(side)) for side in self.sides)
        assert file == server
        return cast("T", file)

    # --- steps

    @initialize(keys=st.lists(st.sampled_from(["a", "b", ""]), min_size=2, max_size=MOST - 1))
    def beginning(self, keys: list[str]) -> None:
        for number, key in enumerate(keys):
            self.accepting(key, number % 2)

    @precondition(lambda self: len(self.entries) < MOST)
    @rule(key=st.sampled_from(["a", "a", ""]), rank=st.integers(0, 1))
    def accepting(self, key: str, rank: int) -> None:
        name = str(len(self.entries))
        entry = self.both(lambda side: accept(side.outbox, name, order_key=key or None))
        for side in self.sides:
            with side.outbox.database.transaction() as tx:
                tx.execute("UPDATE entry SET rank = :rank WHERE id = :id", {"rank": rank, "id": entry.id})
        state = WAITING if self.of_key(key) and key else READY
        self.entries.append(Expected(entry.id, key or entry.id, rank, state, self.now))

    @rule(first=ACTION, number=st.integers(0, 1), seconds=SECONDS)
    def claiming(self, first: Action, number: int, seconds: float) -> None:
        self.clock.forward(seconds)
        owner = sorted(self.alive)[number]
        made = [side.outbox.claim("planon", owner, first) for side in self.sides]
        claim = self.both(lambda side: made[self.sides.index(side)])
        self._expect_claim(claim, first, owner, made)

    @precondition(lambda self: self.entries)
    @rule(turns=st.lists(st.tuples(ACTION, st.integers(0, 9), SECONDS), min_size=3, max_size=8))
    def working(self, turns: list[tuple[Action, int, float]]) -> None:
        """One worker for a while: what it claims it also ends."""
        for first, choice, seconds in turns:
            before = len(self.actions)
            self.claiming(first, 0, 0)
            self._note_states()
            if len(self.actions) > before:
                how = ENDINGS[self.actions[before]]
                self._end(before, how[choice % len(how)])
                self._note_states()
            self.clock.forward(seconds)

    @precondition(lambda self: self.open_claims)
    @rule(data=st.data())
    def ending(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self.open_claims))
        self._end(number, data.draw(st.sampled_from(ENDINGS[self.actions[number]])))

    @precondition(lambda self: self.open_claims)
    @rule(data=st.data(), first=ACTION)
    def ending_and_claiming(self, data: st.DataObject, first: Action) -> None:
        number = data.draw(st.sampled_from(self.open_claims))
        how = data.draw(st.sampled_from(ENDINGS[self.actions[number]]))
        owner = min(self.alive)
        made = [
            side.outbox.write_and_claim(self._ending(side, number, how), "planon", owner, first) for side in self.sides
        ]
        claim = self.both(lambda side: made[self.sides.index(side)])
        self._expect_end(number, how)
        self._note_states()
        self._expect_claim(claim, first, owner, made)

    @precondition(lambda self: len(self.actions) > len(self.open_claims))
    @rule(data=st.data())
    def coming_too_late(self, data: st.DataObject) -> None:
        stale = sorted(set(range(len(self.actions))) - set(self.open_claims))
        claims = self.sides[0].claims
        busy = {(claims[n].entry.id, claims[n].entry.owner) for n in self.open_claims}
        # Most dangerous is who comes late while the same owner works on the same entry again.
        stale = [n for n in stale if (claims[n].entry.id, claims[n].entry.owner) in busy] or stale
        number = data.draw(st.sampled_from(stale))
        how = data.draw(st.sampled_from(ENDINGS[self.actions[number]]))
        for side in self.sides:
            try:
                side.outbox.write(self._ending(side, number, how))
            except Fenced:
                continue
            raise AssertionError(f"{how} was written twice")

    @rule(number=st.integers(0, 1))
    def dying(self, number: int) -> None:
        dead = sorted(self.alive)[number]
        self.alive.remove(dead)
        self.alive.add(f"owner-{len(self.actions) + len(self.entries) + 2}-{dead}")
        lost = [entry for entry in self.entries if entry.owner == dead]
        assert self.both(lambda side: side.outbox.recover()) == len(lost)
        self.open_claims = [n for n in self.open_claims if self.sides[0].claims[n].entry.owner != dead]
        for entry in lost:
            if entry.state is IN_FLIGHT:
                entry.unknown_at = self.clock.up.ms
            entry.state, entry.owner, entry.due = UNKNOWN, None, self.now

    @precondition(lambda self: self.entries)
    @rule(data=st.data(), how=st.sampled_from(["retry", "not there", "discard", "may exist", "resolve"]))
    def handling(self, data: st.DataObject, how: str) -> None:
        """An administrator's hand, on an entry that somebody works on if there is one."""
        owned = [entry for entry in self.entries if entry.owner is not None]
        entry = data.draw(st.sampled_from(owned * 2 + self.entries))
        free = entry.owner is None
        match how:
            case "retry" | "not there":
                done = self.both(lambda side: side.hand.retry(entry.id, "mended", not_there=how == "not there"))
                assert (done is not None) is (free and entry.state in {REJECTED, PARKED, UNKNOWN, READY})
                if done is not None:
                    entry.in_backend &= how == "retry"
                    entry.state, entry.due = UNKNOWN if entry.in_backend else self.place(entry), self.now
            case "discard" | "may exist":
                done = self.both(lambda side: side.hand.discard(entry.id, "by hand", may_exist=how == "may exist"))
                known = entry.state in {READY, WAITING, REJECTED, PARKED}
                assert (done is not None) is (free and (known or (entry.state is UNKNOWN and how == "may exist")))
                if done is not None:
                    self._leave(entry, DISCARDED)
            case _:
                done = self.both(lambda side: side.hand.resolve(entry.id, f"INC-{entry.id}", "found it"))
                assert (done is not None) is (free and entry.state in {UNKNOWN, REJECTED, PARKED})
                if done is not None:
                    self._leave(entry, DELIVERED)

    @rule(first=ACTION)
    def pausing(self, first: Action) -> None:
        self.both(lambda side: side.hand.pause("planon", "maintenance"))
        self.paused = True
        self.claiming(first, 0, 0)
        self.paused = False
        self.both(lambda side: side.hand.resume("planon", "done"))

    def _end(self, number: int, how: str) -> None:
        self.both(lambda side: side.outbox.write(self._ending(side, number, how)))
        self._expect_end(number, how)

    # --- what must hold

    @invariant()
    def stores_and_model_agree(self) -> None:
        """Every entry with all its fields; and each state changed only along the diagram."""
        self._note_states()
        stored = {entry.id: entry for entry in self.both(entries)}
        for entry in self.entries:
            found = stored.pop(entry.id)
            assert (found.state, found.owner, found.step) == (entry.state, entry.owner, entry.step)
            assert entry.state not in {READY, UNKNOWN} or to_ms(found.next_attempt_at) == entry.due
        assert not stored

    @invariant()
    def nobody_waits_for_nobody(self) -> None:
        """The head of a key never waits, and nobody else of the key is sent."""
        for key in {entry.key for entry in self.entries}:
            there = self.of_key(key)
            assert not there or there[0].state is not WAITING
            assert not [entry for entry in there[1:] if entry.state in {READY, IN_FLIGHT}]

    # ---

    def of_key(self, key: str) -> list[Expected]:
        return [entry for entry in self.entries if entry.key == key and entry.state not in LEFT]

    def place(self, entry: Expected) -> DeliveryState:
        """Whether it may go, or waits for an earlier one."""
        return READY if self.of_key(entry.key)[0] is entry else WAITING

    def _note_states(self) -> None:
        for entry in self.entries:
            before, after = self.seen.get(entry.id), entry.state
            assert before in {None, after} or (before, after) in self.allowed, f"{entry.id}: {before} became {after}"
            self.seen[entry.id] = after

    def _expect_claim(self, claim: Any, first: Action, owner: str, made: list[Claim | None]) -> None:
        wanted = self._next(first)
        assert (None if claim is None else (claim.entry.id, claim.action)) == wanted
        if claim is None or wanted is None:
            return
        (entry,) = [entry for entry in self.entries if entry.id == claim.entry.id]
        if claim.action == "send":
            assert not entry.in_backend, "it is sent again, and nobody has asked whether it is there"
            entry.state, entry.in_backend = IN_FLIGHT, True
        entry.owner = owner
        entry.step += 1
        for side, mine in zip(self.sides, made, strict=True):
            assert mine is not None
            side.claims.append(mine)
        self.open_claims.append(len(self.actions))
        self.actions.append(claim.action)

    def _next(self, first: Action) -> tuple[str, Action] | None:
        if self.paused:
            return None
        due = [entry for entry in self.entries if entry.due <= self.now and entry.owner is None]
        find = sorted((entry for entry in due if entry.state is UNKNOWN), key=lambda entry: entry.due)
        send = sorted((entry for entry in due if entry.state is READY), key=lambda entry: (entry.rank, entry.due))
        both: list[tuple[str, Action]] = [(entry.id, "find") for entry in find[:1]]
        both += [(entry.id, "send") for entry in send[:1]]
        both.sort(key=lambda one: one[1] != first)
        return both[0] if both else None

    def _ending(self, side: Side, number: int, how: str) -> Ending:
        claim, endings = side.claims[number], side.outbox.endings
        match how:
            case "delivered":
                return endings.delivered(claim, Delivered(f"INC-{claim.entry.id}", {"n": 1}), "200")
            case "not_sent":
                return endings.not_sent(claim, "refused", DELAY_S)
            case "unknown":
                return endings.unknown(claim, "reset", DELAY_S)
            case "absent":
                return endings.absent(claim, self.clock.up, SETTLE_S)
            case _:
                made: Ending = getattr(endings, how)(claim, f"{how} for a reason")
                return made

    def _expect_end(self, number: int, how: str) -> None:
        claim = self.sides[0].claims[number]
        self.open_claims.remove(number)
        (entry,) = [entry for entry in self.entries if entry.id == claim.entry.id]
        entry.owner = None
        match how:
            case "delivered":
                self._leave(entry, DELIVERED)
            case "not_found":
                self._leave(entry, DISCARDED)
            case "rejected" | "parked":
                entry.state = DeliveryState(how)
                entry.in_backend &= claim.action == "find"
            case "not_sent":
                entry.state, entry.in_backend, entry.due = self.place(entry), False, self.now + int(DELAY_S * 1000)
            case "unknown":
                if claim.action == "send":
                    entry.unknown_at = self.clock.up.ms
                entry.state, entry.due = UNKNOWN, self.now + int(DELAY_S * 1000)
            case "absent":
                self._expect_absent(entry)
            case "released" if claim.action == "send":
                entry.state, entry.in_backend = READY, False

    def _expect_absent(self, entry: Expected) -> None:
        settled_s = (self.clock.up.ms - entry.unknown_at) / 1000
        if settled_s >= SETTLE_S:
            entry.state, entry.in_backend, entry.due = self.place(entry), False, self.now
        else:
            entry.due = self.now + int((SETTLE_S - settled_s + 0.001) * 1000)

    def _leave(self, entry: Expected, state: DeliveryState) -> None:
        entry.state = state
        key = self.of_key(entry.key)
        if key and key[0].state is WAITING:
            key[0].state, key[0].due = READY, self.now


def numberless(value: Any) -> Any:
    """Leave out what each database numbers, and seals, in its own way."""
    if isinstance(value, Entry):
        return replace(value, seq=0, result=None)
    if isinstance(value, Claim):
        return replace(value, entry=numberless(value.entry))
    return value


def entries(side: Side) -> list[Entry]:
    found = side.outbox.database.read("SELECT * FROM entry ORDER BY id")
    return [numberless(Entry.of(row)) for row in found]


ROWS: Final = ("attempt", "attempt_outcome", "destination")


def rows(side: Side, table: str) -> list[tuple[Any, ...]]:
    if table == "destination":
        return [tuple(row) for row in side.outbox.database.read("SELECT * FROM destination ORDER BY name")]
    columns = "a.step, action, a.owner, started_at" if table == "attempt" else "a.step, outcome, evidence, a.ended_at"
    statement = f"SELECT id, {columns} FROM {table} AS a JOIN entry ON seq = entry_seq ORDER BY id, 2"  # noqa: S608
    return [tuple(row) for row in side.outbox.database.read(statement)]


def test_both_stores_follow_the_model(shared_state: SharedState) -> None:
    """Whatever workers, administrators, time and death do in whatever order."""
    run_state_machine_as_test(
        cast("type[Machine]", partial(Machine, shared_state)),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=bool(os.environ.get("CI")),
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],  # to shorten what it found takes minutes; it is told as it is
        ),
    )
