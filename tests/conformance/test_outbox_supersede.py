"""What is composed anew takes the old one's place, and nothing else changes; on SQLite and on PostgreSQL."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest

from contracts.delivery import Conflicting, Delivered, DeliveryState, Document
from outbox.entry import Entry, NewEntry
from outbox.superseding import Refused, Supersession
from tests.conformance.outbox_store import Store
from tests.conformance.test_outbox_hand import Desk
from tests.unit.outbox.stand_ins import REPORTED_AT, accept

READY, WAITING, IN_FLIGHT, UNKNOWN, DELIVERED, REJECTED, PARKED, DISCARDED = DeliveryState


class Anew(Desk):
    """An administrator who composes anew."""

    def part(self, name: str, whole: Entry) -> Entry:
        """Return what a document could not hold."""
        return accept(self.outbox, name, order_key=whole.order_key, follows=whole.id, continues=whole.id)

    def supersede(self, old: Entry, parts: Sequence[str] = (), *, not_there: bool = False, **changes: Any) -> Entry:
        """Put a new entry in the old one's place; `parts` are the references of what it cannot hold."""
        document = Document(
            kind=old.kind,
            body=b"<Incident>anew</Incident>",
            subject="T-0001",
            reported_at=old.reported_at,
            order_key=old.order_key,
            follows=old.follows,
            fingerprint="today's",
        )
        name = f"dl_{old.id[-8:]:e>32}"
        new = NewEntry(name, old.destination, old.contract, old.client, old.reference, document, old.continues)
        of_document = {name: changes.pop(name) for name in vars_of(document) & changes.keys()}
        new = replace(new, document=replace(document, **of_document), **changes)
        rest = [self._rest(new, reference) for reference in parts]
        return self.hand.supersede(
            Supersession(old, new, rest, self.outbox.enqueue, not_there), "the mapping was mended"
        )

    def _rest(self, new: NewEntry, reference: str) -> NewEntry:
        document = replace(new.document, follows=new.id)
        return NewEntry(f"dl_{reference:f>32}", "planon", "log_note", new.client, reference, document, new.id, rank=1)

    def order(self, key: str) -> list[str]:
        rows = self.outbox.database.read(
            "SELECT reference FROM entry WHERE order_key = :key AND state NOT IN ('delivered', 'discarded') "
            "ORDER BY position",
            key=key,
        )
        return [row["reference"] for row in rows]


def vars_of(document: Document) -> set[str]:
    return set(document.__dataclass_fields__)


def accept_at(anew: Anew, name: str, position: int) -> None:
    """Accept an entry close behind another one, as those of an earlier release are."""
    document = Document(kind="note", body=b"", subject="T-0001", reported_at=REPORTED_AT, order_key="tap")
    new = NewEntry(f"dl_{name:0>32}", "planon", "log_note", "agent", f"LS-{name}", document, position=position)
    with anew.outbox.database.transaction() as tx:
        anew.outbox.enqueue(tx, new)


@pytest.fixture
def anew(store: Store) -> Anew:
    return Anew(store)


@pytest.mark.parametrize("state", [READY, REJECTED, PARKED])
def test_it_has_the_reference_the_report_time_and_the_turn_of_the_old_one(anew: Anew, state: DeliveryState) -> None:
    """Each names the other, and both say who did it and why; the old one is never sent."""
    old = anew.ends("1", state, order_key="tap")
    behind = [anew.accept(name, "tap") for name in ("2", "3")]
    anew.clock.forward(36_000)
    new = anew.supersede(old)
    gone = anew.now(old)
    assert (gone.state, gone.superseded_by, new.supersedes) == (DISCARDED, new.id, old.id)
    assert (new.reference, new.reported_at.isoformat()) == (old.reference, REPORTED_AT.isoformat())
    assert (new.position, new.rank, new.state, new.tries) == (old.position, old.rank, READY, 0)
    assert anew.order("tap") == ["LS-1", "LS-2", "LS-3"]
    assert [anew.now(entry).state for entry in behind] == [WAITING, WAITING]
    assert anew.outbox.current(old.id) == new
    assert anew.did(old) == anew.did(new) == [("supersede", "the mapping was mended")]
    sent = []
    while (claim := anew.outbox.claim("planon", "somebody", "send")) is not None:
        sent.append(anew.outbox.sending(claim.entry))
        anew.outbox.write(anew.outbox.endings.delivered(claim, Delivered(f"INC-{len(sent)}"), "answered"))
    assert [sending.reference for sending in sent] == ["LS-1", "LS-2", "LS-3"]
    assert sent[0].body == b"<Incident>anew</Incident>"


def test_what_waits_in_its_key_keeps_waiting(anew: Anew) -> None:
    """Superseded in the middle of its key, it waits in the middle of its key."""
    for name in ("1", "2", "3"):
        anew.accept(name, "tap")
    middle = anew.outbox.starting_with(f"dl_{'2':0>32}")[0]
    new = anew.supersede(middle)
    assert new.state is WAITING
    assert anew.order("tap") == ["LS-1", "LS-2", "LS-3"]


@pytest.mark.parametrize(
    "changes",
    [
        {"reference": "LS-other"},
        {"reported_at": REPORTED_AT + timedelta(seconds=1)},
        {"reported_at": REPORTED_AT.astimezone(UTC)},
        {"order_key": "another"},
        {"client": "other"},
        {"kind": "note"},
        {"destination": "intramed"},
        {"contract": "log_note"},
    ],
)
def test_a_difference_in_what_must_stay_refuses_it(anew: Anew, changes: dict[str, Any]) -> None:
    """Reference, report time with its offset, key, client: nothing is changed, and nothing is written."""
    old = anew.ends("1", PARKED)
    with pytest.raises(Refused, match="would differ in"):
        anew.supersede(old, **changes)
    assert anew.now(old) == old
    assert anew.did(old) == []


@pytest.mark.parametrize("state", [IN_FLIGHT, DELIVERED, DISCARDED])
def test_what_has_left_or_is_on_its_way_is_refused(anew: Anew, state: DeliveryState) -> None:
    """Also when it left after it was looked at."""
    seen = anew.accept("1")
    claim = anew.outbox.claim("planon", "somebody")
    assert claim is not None
    if state is DELIVERED:
        anew.outbox.write(anew.outbox.endings.delivered(claim, Delivered("INC-1"), "answered"))
    if state is DISCARDED:
        anew.outbox.write(anew.outbox.endings.not_found(claim, "no such tenant"))
    with pytest.raises(Refused, match=state):
        anew.supersede(seen, not_there=True)
    assert anew.now(seen).state is state


@pytest.mark.parametrize("state", [UNKNOWN, PARKED])
def test_what_may_be_in_the_backend_needs_somebody_who_has_looked(anew: Anew, state: DeliveryState) -> None:
    """A parked one as well, if it was unknown before: a second record under the same reference would be sent."""
    old = anew.ends("1", UNKNOWN)
    if state is PARKED:
        anew.clock.forward(7200)
        claim = anew.outbox.claim("planon", "somebody", "find")
        assert claim is not None
        anew.outbox.write(anew.outbox.endings.parked(claim, Conflicting("2 records").reason))
    with pytest.raises(Refused, match="--not-there"):
        anew.supersede(anew.now(old))
    assert anew.now(old).superseded_by is None
    new = anew.supersede(anew.now(old), not_there=True)
    assert (new.state, new.unknown_since) == (READY, None)


def test_it_is_superseded_once(anew: Anew) -> None:
    """Two administrators at once make one new entry."""
    old = anew.ends("1", PARKED)
    new = anew.supersede(old)
    with pytest.raises(Refused, match=f"superseded by {new.id}"):
        anew.supersede(old, id=f"dl_{'d':0>32}")


def test_its_parts_come_with_it(anew: Anew) -> None:
    """Each under its own reference and in its place; a part that was given up before comes back with the whole."""
    old = anew.ends("1", PARKED, order_key="tap")
    parts = [anew.part(name, old) for name in ("1a", "1b", "1c")]
    anew.hand.discard(parts[1].id, "given up")
    behind = anew.accept("2", "tap")
    new = anew.supersede(old, ["LS-1a", "LS-1b"])
    assert anew.order("tap") == ["LS-1", "LS-1a", "LS-1b", "LS-2"]
    assert [anew.now(part).state for part in parts] == [DISCARDED] * 3
    fresh = anew.outbox.continuations(new)
    assert [(part.reference, part.supersedes) for part in fresh] == [("LS-1a", parts[0].id), ("LS-1b", parts[1].id)]
    assert [anew.now(part).superseded_by for part in parts] == [fresh[0].id, fresh[1].id, new.id]
    assert [part.follows for part in fresh] == [new.id] * 2
    assert anew.now(behind).state is WAITING


def test_more_parts_than_before_go_before_what_comes_after(anew: Anew) -> None:
    """There is room between two positions; where there is none it is refused, and not put at the end."""
    old = anew.ends("1", PARKED, order_key="tap")
    anew.part("1a", old)
    anew.accept("2", "tap")
    anew.supersede(old, ["LS-1a", "LS-1b", "LS-1c"])
    assert anew.order("tap") == ["LS-1", "LS-1a", "LS-1b", "LS-1c", "LS-2"]


def test_the_place_of_a_part_that_was_given_up_may_be_another_s(anew: Anew) -> None:
    """What was accepted after it was given up comes after all of the new one."""
    whole = anew.ends("1", PARKED, order_key="tap")
    given_up = anew.part("2", whole)
    assert anew.hand.discard(given_up.id, "not needed") is not None
    anew.accept("3", "tap")
    anew.supersede(whole, ["LS-2", "LS-4"])
    assert anew.order("tap") == ["LS-1", "LS-2", "LS-4", "LS-3"]
    positions = anew.outbox.database.read("SELECT position FROM entry WHERE state NOT IN ('delivered', 'discarded')")
    assert len({row["position"] for row in positions}) == len(positions)


def test_less_than_a_millisecond_is_no_difference(anew: Anew) -> None:
    """A client's clock may tell microseconds; what is stored does not."""
    old = anew.ends("1", PARKED)
    assert anew.supersede(old, reported_at=old.reported_at + timedelta(microseconds=456)).supersedes == old.id


def test_too_many_parts_are_refused(anew: Anew) -> None:
    """And nothing has changed."""
    old = anew.ends("1", PARKED, order_key="tap")
    accept_at(anew, "2", old.position + 2)
    with pytest.raises(Refused, match="room"):
        anew.supersede(old, ["LS-1a", "LS-1b"])
    assert anew.now(old).state is PARKED
    assert anew.order("tap") == ["LS-1", "LS-2"]


def test_a_part_that_has_left_refuses_the_whole(anew: Anew) -> None:
    """Such as one that a restored backup had sent already: a person looks first."""
    old = anew.ends("1", PARKED, order_key="tap")
    part = anew.part("1a", old)
    with anew.outbox.database.transaction() as tx:
        tx.execute("UPDATE entry SET state = 'delivered', backend_id = 'N-1' WHERE id = :id", {"id": part.id})
    with pytest.raises(Refused, match="a part of it, is delivered"):
        anew.supersede(old, ["LS-1a"])
    assert anew.now(old).state is PARKED


def test_what_follows_the_old_one_follows_the_new_one(anew: Anew) -> None:
    """A note that named the old delivery is filed under the incident that the new one brings."""
    old = anew.ends("1", PARKED, order_key="tap")
    note = accept(anew.outbox, "2", order_key="tap", follows=old.id, slot=b"{incident}")
    new = anew.supersede(old)
    again = anew.supersede(new, id=f"dl_{'d':0>32}")
    claim = anew.outbox.claim("planon", "somebody", "send")
    assert claim is not None
    assert claim.entry.id == again.id
    anew.outbox.write(anew.outbox.endings.delivered(claim, Delivered("INC-000482"), "answered"))
    assert anew.outbox.sending(anew.now(note)).parent_backend_id == "INC-000482"
    assert anew.outbox.current(old.id) == anew.now(again)
