"""What the outbox promises of its store, on SQLite and on PostgreSQL: from accepting to recovering and looking."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from contracts.delivery import Checked, DeliveryState
from outbox.claims import Claim
from outbox.database import ConstraintViolated
from outbox.endings import Fenced
from outbox.store import Outbox
from outbox.verification import Verifications
from tests.conformance.outbox_steps import LANDED, PATIENCE_S, at_once, claimed, each, state_of
from tests.conformance.outbox_store import Store
from tests.unit.outbox.stand_ins import accept

# --- accepting


def test_what_was_accepted_is_what_is_stored(store: Store) -> None:
    """Every field, also as another process sees it."""
    outbox = store.outbox()
    entry = accept(outbox, body="kraan lekt, € 5 — “pijn” 💧".encode())
    other = store.outbox()
    assert other.get(entry.id) == entry
    assert other.payload(entry).body.decode() == "kraan lekt, € 5 — “pijn” 💧"
    assert (entry.state, entry.sends, entry.step, entry.owner) == (DeliveryState.READY, 0, 0, None)


def test_of_many_with_one_reference_one_is_accepted(store: Store) -> None:
    """Two shims were sent the same request: the others are refused, and nothing of theirs is stored."""
    views = [store.outbox() for _ in range(2)]

    def try_it(number: int) -> bool:
        try:
            accept(views[number % 2])
        except ConstraintViolated:
            return False
        return True

    won = at_once(*each(try_it))
    assert sum(won) == 1
    assert len(views[0].database.read("SELECT * FROM payload")) == 1


def test_an_id_is_found_by_how_it_starts(store: Store) -> None:
    """Characters are compared, not letters as a language sorts them, and none is a pattern."""
    outbox = store.outbox()
    entries = [accept(outbox, name) for name in ("a1", "A1", "a2", "_1", "%")]
    assert [found.id for found in outbox.starting_with(entries[1].id)] == [entries[1].id]
    assert len(outbox.starting_with(entries[0].id[:-1])) == 2
    assert outbox.starting_with("dl_%") == outbox.starting_with("dl__") == []


# --- claiming


def test_every_entry_is_claimed_once(store: Store) -> None:
    """Eight threads of two processes, until nothing is left."""
    views = [store.outbox() for _ in range(2)]
    for number in range(30):
        accept(views[0], str(number))

    def work(number: int) -> list[str]:
        found = []
        while (claim := views[number % 2].claim("planon", f"worker-{number}")) is not None:
            found.append(claim.entry.id)
        return found

    found = at_once(*each(work))
    ids = [entry_id for one in found for entry_id in one]
    assert len(ids) == len(set(ids)) == 30
    steps = views[0].database.read("SELECT DISTINCT step, sends FROM entry")
    assert [tuple(row) for row in steps] == [(1, 1)]


def test_incidents_go_before_notes(store: Store) -> None:
    """By rank, then by when they are due, then as they were accepted; what is put off waits."""
    outbox = store.outbox()
    names = ["note-1", "note-2", "incident-1", "put-off", "incident-2"]
    entries = {name: accept(outbox, str(number)) for number, name in enumerate(names)}
    with outbox.database.transaction() as tx:
        for name, entry in entries.items():
            tx.execute("UPDATE entry SET rank = :rank WHERE id = :id", {"id": entry.id, "rank": int("note" in name)})
        later = {"id": entries["put-off"].id, "ms": 60_000}
        tx.execute("UPDATE entry SET next_attempt_at = next_attempt_at + :ms WHERE id = :id", later)
    found = [claimed(outbox).entry.id for _ in range(4)]
    assert found == [entries[name].id for name in ("incident-1", "incident-2", "note-1", "note-2")]
    assert outbox.claim("planon", "somebody") is None
    store.clock.forward(60)
    assert claimed(outbox).entry.id == entries["put-off"].id


# --- ending

ENDINGS: dict[str, tuple[Callable[[Outbox, Claim], Any], DeliveryState, str]] = {
    "delivered": (lambda o, c: o.endings.delivered(c, LANDED, "200"), DeliveryState.DELIVERED, "delivered"),
    "rejected": (lambda o, c: o.endings.rejected(c, "E42"), DeliveryState.REJECTED, "rejected"),
    "parked": (lambda o, c: o.endings.parked(c, "two records"), DeliveryState.PARKED, "parked"),
    "not found": (lambda o, c: o.endings.not_found(c, "no record"), DeliveryState.DISCARDED, "not found"),
    "not sent": (lambda o, c: o.endings.not_sent(c, "refused", 5), DeliveryState.READY, "not sent"),
    "unknown": (lambda o, c: o.endings.unknown(c, "reset", 5), DeliveryState.UNKNOWN, "unknown"),
    "released": (lambda o, c: o.endings.released(c, "stopped"), DeliveryState.READY, "not begun"),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_an_attempt_ends_once(store: Store, name: str) -> None:
    """State and record of the attempt are one commit; the same claim writes nothing a second time."""
    make, state, outcome = ENDINGS[name]
    outbox = store.outbox()
    accept(outbox)
    claim = claimed(outbox)
    ending = make(outbox, claim)
    outbox.write(ending)
    ended = store.outbox().get(claim.entry.id)
    assert ended is not None
    assert (ended.state, ended.owner, ended.step) == (state, None, 1)
    assert [(attempt.action, attempt.outcome) for attempt in outbox.attempts(ended)] == [("send", outcome)]
    with pytest.raises(Fenced):
        outbox.write(make(outbox, claim))
    with pytest.raises(Fenced):
        outbox.write(ENDINGS["delivered"][0](outbox, claim))
    assert store.outbox().get(claim.entry.id) == ended
    assert len(outbox.attempts(ended)) == 1


def test_the_same_owner_s_earlier_attempt_is_fenced(store: Store) -> None:
    """Its thread works on the entry again: what the first attempt has to say comes too late."""
    outbox = store.outbox()
    accept(outbox)
    first = claimed(outbox)
    outbox.write(outbox.endings.not_sent(first, "refused", 0))
    second = claimed(outbox)
    for make, _, _ in ENDINGS.values():
        with pytest.raises(Fenced):
            outbox.write(make(outbox, first))
    assert outbox.get(first.entry.id) == second.entry


@pytest.mark.parametrize("name", ENDINGS)
def test_only_what_has_left_lets_its_key_go_on(store: Store, name: str) -> None:
    """Delivered or given up: the next one goes. Whatever else happens to the head, it waits; other keys do not."""
    make, state, _ = ENDINGS[name]
    outbox = store.outbox()
    accept(outbox, "1", order_key="a")
    second, third = (accept(outbox, number, order_key="a") for number in "23")
    other = accept(outbox, "4", order_key="b")
    outbox.write(make(outbox, claimed(outbox)))
    left = state in {DeliveryState.DELIVERED, DeliveryState.DISCARDED}
    assert state_of(outbox, second) is (DeliveryState.READY if left else DeliveryState.WAITING)
    assert state_of(outbox, third) is DeliveryState.WAITING
    assert state_of(outbox, other) is DeliveryState.READY


def test_an_end_and_the_next_claim_are_one_commit(store: Store) -> None:
    """The key's next entry can be the one that is claimed with its head's end; a fenced end claims nothing."""
    outbox = store.outbox()
    head, second = (accept(outbox, number, order_key="a") for number in "12")
    first = claimed(outbox)
    claim = outbox.write_and_claim(outbox.endings.delivered(first, LANDED, "200"), "planon", "somebody")
    assert claim is not None
    assert (first.entry.id, claim.entry.id) == (head.id, second.id)
    accept(outbox, "3")
    with pytest.raises(Fenced):
        outbox.write_and_claim(outbox.endings.delivered(first, LANDED, "late"), "planon", "somebody")
    assert claimed(outbox).entry.reference == "LS-3"


# --- dying and recovering


def test_what_a_dead_owner_left_is_recovered_once(store: Store) -> None:
    """Whoever finds out, and however many at once; what a living one works on is left alone."""
    views = [store.outbox() for _ in range(2)]
    for number in range(12):
        accept(views[0], str(number))
    dead, living = (views[0].owners.take() for _ in range(2))
    lost = [claimed(views[0], dead.name) for _ in range(10)]
    kept = claimed(views[0], living.name)
    assert views[1].recover() == 0
    dead.close()
    await_death(views[1], dead.name)
    assert sum(at_once(*each(lambda n: views[n % 2].recover()))) == 10
    assert {state_of(views[0], claim.entry) for claim in lost} == {DeliveryState.UNKNOWN}
    assert state_of(views[0], kept.entry) is DeliveryState.IN_FLIGHT
    attempts = views[0].database.read("SELECT COUNT(*) AS n FROM attempt_outcome")
    assert attempts[0]["n"] == 10
    with pytest.raises(Fenced):
        views[0].write(views[0].endings.delivered(lost[0], LANDED, "late"))
    asked = views[0].claim("planon", living.name)
    assert asked is not None
    assert (asked.action, asked.entry.unknown_since is not None) == ("find", True)
    living.close()


def await_death(outbox: Outbox, name: str) -> None:
    """Wait until an owner that was closed is written down as gone: on PostgreSQL another thread does that."""
    for _ in range(PATIENCE_S * 100):
        if not outbox.owners.is_alive(name):
            return
        threading.Event().wait(0.01)
    pytest.fail("a closed owner lives on")


# --- looks at delivered records


def test_of_many_who_look_one_looks(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever they saw before, the claim is one step; and what a newer look has shown counts."""
    outbox = store.outbox()
    views = [Verifications(store.outbox(), store.clock) for _ in range(2)]
    for view in views:
        monkeypatch.setattr(view, "next_due", lambda _destination: store.clock.now)
    for turn in range(8):
        accept(outbox, str(turn))
        outbox.write(outbox.endings.delivered(claimed(outbox), replace(LANDED, check_again_s=0), "200"))
        looks = at_once(*each(lambda n: views[n % 2].claim("planon")))
        (look,) = [found for found in looks if found is not None]
        views[0].make_due(look.entry.id)
        newer = views[1].claim("planon")
        assert newer is not None
        with pytest.raises(Fenced):
            views[0].checked(look, Checked(None, "sla_missing", "late"))
        views[1].checked(newer, Checked(None, None, "runs"))
    assert {row["attention"] for row in outbox.database.read("SELECT attention FROM entry")} == {None}
