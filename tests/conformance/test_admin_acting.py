"""What somebody who is signed in does to entries: the same on SQLite and on PostgreSQL, and the same as by command."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.delivery import DeliveryState
from contracts.errors import StateUnavailable
from outbox.actions import actions_of
from outbox.entry import Entry
from outbox.hand import Hand
from outbox.overview import groups
from outbox.store import Outbox
from shim.admin.acting import FIRST, OTHER, SENT_SINCE, Acting, Done, Shown
from shim.admin.sessions import Session
from shim.audit.log import AuditLog
from shim.audit.subjects import Subjects
from shim.handling import CHANGED
from shim.keys import KeyRing
from tests.conformance.outbox_store import Store
from tests.unit.outbox.stand_ins import accept
from tests.unit.shim.standing import SYSTEMS

JAN = Session("0a1b2c3d", "jan", "x", datetime(2026, 11, 20, tzinfo=UTC), "c" * 32)
CAUSE = "no such field"
WHY = "mended in the mapping"


@dataclass
class Night:
    """A few entries that failed for one cause, and somebody who is signed in."""

    store: Store

    def __post_init__(self) -> None:
        self.database = self.store.open()
        self.outbox: Outbox = self.store.outbox(self.database)
        audit = AuditLog(self.database, self.store.clock)
        self.acting = Acting(self.outbox, audit, Subjects(KeyRing(bytes(32))), SYSTEMS, self.store.clock)

    def failed(self, *states: str, cause: str = CAUSE) -> list[Entry]:
        """Add an entry in each of these states."""
        made = []
        for state in states:
            entry = accept(self.outbox, f"{len(self.outbox.starting_with('dl_')) + 1}")
            self.put(entry, state, cause)
            made.append(self.now(entry))
        return made

    def put(self, entry: Entry, state: str, cause: str = CAUSE) -> None:
        columns = UNKNOWN if state == "unknown" else "" if state == "ready" else ", ended_at = 1"
        values = {"state": state, "cause": cause, "seq": entry.seq}
        with self.database.transaction() as tx:
            changed = f"UPDATE entry SET state = :state, reason = :cause, error_group = :cause{columns} "  # noqa: S608
            tx.execute(f"{changed} WHERE seq = :seq", values)

    def now(self, entry: Entry) -> Entry:
        found = self.outbox.get(entry.id)
        assert found
        return found

    def states(self, entries: list[Entry]) -> list[str]:
        return [str(self.now(entry).state) for entry in entries]

    @property
    def code(self) -> str:
        return next(group.code for group in groups(self.database) if group.cause == CAUSE)

    @property
    def shown(self) -> Shown:
        shown = self.acting.group("planon", self.code)
        assert shown
        return shown

    def audit(self) -> list[tuple[Any, ...]]:
        rows = self.database.read("SELECT action, phase, outcome, actor, purpose, detail FROM audit_event ORDER BY n")
        return [(*tuple(row)[:5], json.loads(row["detail"])) for row in rows]


UNKNOWN = ", unknown_since = 1, unknown_boot = 'b', unknown_uptime = 1"


@pytest.fixture
def night(store: Store) -> Iterator[Night]:
    return Night(store)  # type: ignore[return-value]  # nothing to end


def test_one_is_taken_up_again(night: Night) -> None:
    """By whoever is signed in, with an intent and an outcome, and among what was done with the entry."""
    (parked,) = night.failed("parked")
    assert night.acting.retry(JAN, parked.id, WHY) == Done(1)
    assert night.states([parked]) == ["ready"]
    told = [(action.actor, action.action, action.reason) for action in actions_of(night.database, parked.id)]
    assert told == [("jan", "retry", WHY)]
    about = {"session": JAN.id, "delivery": parked.id, "not_there": False}
    assert night.audit() == [
        ("admin retry", "intent", None, "jan", WHY, about),
        ("admin retry", "outcome", "ok", "jan", WHY, {**about, "done": 1}),
    ]
    (row,) = night.database.read("SELECT DISTINCT system, contract, correlation FROM audit_event")
    assert tuple(row) == ("planon", "create_incident", "c" * 32)


def test_what_cannot_be_done_is_not(night: Night) -> None:
    """The reasons of the command line; what the backend may have is given up only by who says that he means it."""
    parked, unknown = night.failed("parked", "unknown")
    owned = accept(night.outbox, "owned")
    with night.database.transaction() as tx:
        tx.execute(f"UPDATE entry SET state = 'in_flight', owner = 'w', step = 1 WHERE seq = {owned.seq}")  # noqa: S608
    acting = night.acting
    assert acting.retry(JAN, owned.id, WHY).refusal == "an attempt is under way; look again when it has ended"
    assert acting.discard(JAN, unknown.id, WHY) == Done(
        0, 0, "the entry is unknown, so the backend may have it; if you mean it: tick the box"
    )
    assert acting.discard(JAN, unknown.id, WHY, may_exist=True) == Done(1)
    assert acting.discard(JAN, unknown.id, WHY) == Done(0, 0, "the entry is discarded")
    assert acting.retry(JAN, "dl_" + "9" * 32, WHY).refusal == "there is no such delivery"
    written = len(night.audit())
    assert acting.retry(JAN, parked.id, " \n").refusal == "the reason is empty; say why"
    assert "may be a person's" in str(acting.discard(JAN, parked.id, "van 111222333").refusal)
    assert (night.states([parked, unknown]), len(night.audit())) == (["parked", "discarded"], written)
    assert [row[2] for row in night.audit() if row[1] == "outcome"] == ["refused", "refused", "ok", "refused"]


def test_an_entry_that_changes_meanwhile(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the act somebody else was there: nothing is done, and it is said."""
    (parked,) = night.failed("parked")

    def look(*_: object) -> None:
        night.put(parked, "discarded")

    monkeypatch.setattr("shim.handling.cannot_retry", look)
    assert night.acting.retry(JAN, parked.id, WHY) == Done(0, 0, CHANGED)
    assert night.states([parked]) == ["discarded"]


def test_what_somebody_has_seen_is_of_what_was_sent_by_then(night: Night) -> None:
    """What the backend did not have it may have since the worker sent it once more: it is asked for after all."""
    (unknown,) = night.failed("unknown")
    with night.database.transaction() as tx:
        tx.execute("UPDATE entry SET sends = sends + 1")
    for sends in (None, unknown.sends):
        assert night.acting.retry(JAN, unknown.id, WHY, not_there=True, sends=sends) == Done(0, 0, SENT_SINCE)
    assert night.now(unknown).unknown_since is not None
    assert night.acting.retry(JAN, unknown.id, WHY, not_there=True, sends=unknown.sends + 1) == Done(1)
    assert night.states([unknown]) == ["ready"]
    assert [row[2] for row in night.audit() if row[1] == "outcome"] == ["refused", "refused", "ok"]


def test_a_group_is_taken_up_again(night: Night) -> None:
    """All of it that failed for the cause; nothing of another."""
    mine = night.failed("parked", "rejected", "unknown", "ready")
    other = night.failed("parked", cause="another")
    assert (night.shown.total, [entry.id for entry in night.shown.entries]) == (4, [entry.id for entry in mine])
    done = night.acting.retry_group(JAN, "planon", night.code, night.shown.seen, WHY)
    assert done == Done(4)
    assert (night.states(mine), night.states(other)) == (["ready", "ready", "unknown", "ready"], ["parked"])
    intent, outcome = night.audit()
    about = {"session": JAN.id, "group": intent[5]["group"]}
    assert intent == ("admin retry", "intent", None, "jan", WHY, about)
    assert outcome == ("admin retry", "outcome", "ok", "jan", WHY, {**about, "done": 4, "left_out": 0})


def test_a_group_is_given_up(night: Night) -> None:
    """What is stuck; never what the backend may have, nor what leaves by itself."""
    mine = night.failed("parked", "rejected", "unknown", "ready")
    assert night.acting.discard_group(JAN, "planon", night.code, night.shown.seen, WHY) == Done(2)
    assert night.states(mine) == ["discarded", "discarded", "unknown", "ready"]


@pytest.mark.parametrize("change", ["one more", "one less", "another state", "one for another", "nothing"])
def test_a_group_is_what_was_shown(night: Night, change: str) -> None:
    """If anything of it is different by then, nothing of it is touched."""
    mine = night.failed("parked", "parked", "unknown")
    seen, code = night.shown.seen, night.code
    if change == "one less":
        night.put(mine[0], "discarded")
    elif change == "another state":
        night.put(mine[0], "rejected")
    elif change == "one for another":
        night.put(mine[0], "discarded")
    if change in {"one more", "one for another"}:
        mine += night.failed("parked")
    before = night.states(mine)
    done = night.acting.discard_group(JAN, "planon", code, seen, WHY)
    if change == "nothing":
        assert (done, night.states(mine)) == (Done(2), ["discarded", "discarded", "unknown"])
    else:
        assert (done, night.states(mine)) == (Done(0, 0, OTHER), before)
        assert night.audit()[-1][2] == "refused"
    for wrong in ("", seen[:-1], seen + "0"):
        assert night.acting.retry_group(JAN, "planon", code, wrong, WHY).refusal == OTHER
    for system, unknown in (("planon", "000000"), ("intramed", code)):
        assert night.acting.retry_group(JAN, system, unknown, seen, WHY).refusal == OTHER
        assert night.acting.group(system, unknown) is None


def test_who_joins_while_the_group_is_acted_on_is_left_alone(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look and the act are two commits: in between one more fails for the same cause, and one changes its state."""
    mine = night.failed("parked", "parked", "parked")
    seen, joined = night.shown.seen, []
    act = Hand.discard_all

    def late(hand: Hand, *given: Any, **named: Any) -> Any:
        joined.extend(night.failed("parked"))
        night.put(mine[1], "rejected")
        return act(hand, *given, **named)

    monkeypatch.setattr(Hand, "discard_all", late)
    assert night.acting.discard_group(JAN, "planon", night.code, seen, WHY) == Done(2)
    assert night.states(mine + joined) == ["discarded", "rejected", "discarded", "parked"]


def test_a_large_group_is_shown_in_part_and_acted_on_as_a_whole(night: Night) -> None:
    """More than a page, and more than a commit."""
    size = 450
    (first,) = night.failed("parked")
    columns = [name for name in night.database.read("SELECT * FROM entry")[0].keys() if name != "seq"]  # noqa: SIM118
    copied = ", ".join({"id": "'dl_' || :n", "reference": "'LS-' || :n"}.get(name, name) for name in columns)
    with night.database.transaction() as tx:
        for number in range(1, size):
            named = {"n": f"{number:08}", "seq": first.seq}
            tx.execute(f"INSERT INTO entry ({', '.join(columns)}) SELECT {copied} FROM entry WHERE seq = :seq", named)  # noqa: S608
    assert (night.shown.total, len(night.shown.entries)) == (size, FIRST)
    assert night.acting.retry_group(JAN, "planon", night.code, night.shown.seen, WHY) == Done(size)


def test_looks_are_told_before_they_happen(night: Night) -> None:
    """Which delivery, or which were found; what was typed is in no row."""
    first, second = night.failed("parked", "ready")
    night.acting.looked(JAN, first)
    night.acting.searched(JAN, [first, second])
    looked, searched = night.audit()
    assert looked[:4] == ("admin look", "outcome", "ok", "jan")
    assert looked[5] == {"session": JAN.id, "delivery": first.id}
    assert searched[5] == {"session": JAN.id, "deliveries": [first.id, second.id]}
    (row,) = night.database.read("SELECT system, contract, subject FROM audit_event WHERE action = 'admin look'")
    assert (row["system"], row["contract"]) == ("planon", "create_incident")
    assert row["subject"]


def test_without_an_audit_nothing_is_done_or_shown(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk: the entry stays, and the page cannot show it."""
    (parked,) = night.failed("parked")

    def full(*_: object) -> None:
        raise StateUnavailable("the disk is full")

    monkeypatch.setattr(AuditLog, "write", full)
    seen, code = night.shown.seen, night.code
    with pytest.raises(StateUnavailable):
        night.acting.looked(JAN, parked)
    with pytest.raises(StateUnavailable):
        night.acting.retry(JAN, parked.id, WHY)
    with pytest.raises(StateUnavailable):
        night.acting.retry_group(JAN, "planon", code, seen, WHY)
    assert night.now(parked).state is DeliveryState.PARKED
