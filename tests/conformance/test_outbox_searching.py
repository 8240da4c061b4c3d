"""What somebody finds by a name, and when what waits was reported: on SQLite and on PostgreSQL."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from contracts.delivery import Delivered, DeliveryState
from outbox import searching
from outbox.backlog import BARS, backlogs
from outbox.entry import Entry
from outbox.overview import overviews
from outbox.searching import Search
from outbox.store import Outbox
from tests.conformance.outbox_store import Store
from tests.unit.outbox.stand_ins import accept, new_entry

SYSTEMS = ("intramed", "planon")
TRACE = "0af7651916cd43dd8448eb211c80319c"


def ids(entries: list[Entry]) -> list[str]:
    return [entry.id.removeprefix("dl_").lstrip("0") for entry in entries]


def deliver(outbox: Outbox, number: str, destination: str = "planon") -> None:
    claim = outbox.claim(destination, "somebody", "send")
    assert claim is not None
    outbox.write(outbox.endings.delivered(claim, Delivered(number), "answered"))


def reported(outbox: Outbox, name: str, at: datetime, destination: str = "planon") -> None:
    new = new_entry(name, destination=destination)
    late = replace(new, document=replace(new.document, reported_at=at))
    outbox.database.write(lambda tx: outbox.enqueue(tx, late))


def test_a_delivery_is_found_by_each_of_its_names(store: Store) -> None:
    """By the beginning of its id, its reference, its number in any system; and nothing by a part of those."""
    outbox = store.outbox()
    for name in ("a1", "a2", "b1"):
        accept(outbox, name)
    accept(outbox, "c1", destination="intramed")
    deliver(outbox, "INC-1")
    deliver(outbox, "INC-1", "intramed")
    search = Search(outbox.database, 10)
    assert ids(search.beginning(f"dl_{'a':0>31}")) == ["a1", "a2"]
    assert ids(search.referenced(SYSTEMS, "LS-a2")) == ["a2"]
    assert search.referenced(SYSTEMS, "LS-a") == search.referenced(["intramed"], "LS-a2") == []
    assert ids(search.numbered(SYSTEMS, "INC-1")) == ["c1", "a1"]
    assert search.numbered(SYSTEMS, "INC-") == []


def test_a_client_has_all_that_has_ended_and_what_is_new(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an old one that is still under way nobody is told; of an old one that has ended, yes."""
    outbox = store.outbox()
    for name in ("1", "2", "3", "4"):
        accept(outbox, name)
    deliver(outbox, "INC-1")
    monkeypatch.setattr(searching, "NEWEST", 2)
    assert ids(Search(outbox.database, 10).of_client("agent")) == ["4", "3", "1"]
    assert ids(Search(outbox.database, 2).of_client("agent")) == ["4", "3"]
    assert Search(outbox.database, 10).of_client("other") == []


def test_a_trace_and_an_ended_state_are_looked_for_among_the_newest(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older one is not met."""
    outbox = store.outbox()
    for name in ("1", "2"):
        new = replace(new_entry(name), traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")
        outbox.database.write(lambda tx, new=new: outbox.enqueue(tx, new))  # type: ignore[misc]
    accept(outbox, "3")
    deliver(outbox, "INC-1")
    deliver(outbox, "INC-2")
    search = Search(outbox.database, 10)
    assert ids(search.traced(TRACE)) == ids(search.ended(SYSTEMS, DeliveryState.DELIVERED)) == ["2", "1"]
    assert search.traced(TRACE[::-1]) == search.ended(["intramed"], DeliveryState.DELIVERED) == []
    monkeypatch.setattr(searching, "NEWEST", 2)
    assert ids(search.traced(TRACE)) == ids(search.ended(SYSTEMS, DeliveryState.DELIVERED)) == ["2"]


def test_what_waits_is_counted_by_its_report_time(store: Store) -> None:
    """In slots of the clock, up to now; what is older than all bars is in the first, what is ahead in the last."""
    outbox = store.outbox()
    now = store.clock.now  # 21:15 in UTC
    reported(outbox, "1", now - timedelta(minutes=61))
    reported(outbox, "2", now - timedelta(minutes=1))
    reported(outbox, "3", now + timedelta(minutes=7))
    found = backlogs(outbox.database, now)["planon"]
    assert (found.width, found.since + BARS * found.width) == (timedelta(minutes=5), now + timedelta(minutes=5))
    assert {place: entries for place, entries in enumerate(found.bars) if entries} == {10: 1, 22: 1, 23: 1}
    assert found.oldest == now - timedelta(minutes=61)
    reported(outbox, "4", now - timedelta(days=30), "intramed")
    both = backlogs(outbox.database, now)
    assert {backlog.width for backlog in both.values()} == {timedelta(hours=12)}
    assert (both["intramed"].bars[0], both["planon"].bars[-1]) == (1, 3)


def test_what_needs_somebody_and_what_has_left_does_not_wait(store: Store) -> None:
    """Neither is in a bar, and nothing that waits is no backlog."""
    outbox = store.outbox()
    for name in ("1", "2"):
        accept(outbox, name)
    claim = outbox.claim("planon", "somebody", "send")
    assert claim is not None
    outbox.write(outbox.endings.parked(claim, "E42"))
    deliver(outbox, "INC-1")
    assert backlogs(outbox.database, store.clock.now) == {}


def test_deliveries_of_late_are_counted_from_the_endings(store: Store) -> None:
    """Of every client and system, not what is too old, nor what a hand has recorded as delivered."""
    outbox = store.outbox()
    for name in ("1", "2", "3", "4"):
        new = replace(new_entry(name), client="other" if name == "2" else "agent")
        outbox.database.write(lambda tx, new=new: outbox.enqueue(tx, new))  # type: ignore[misc]
    accept(outbox, "5", destination="intramed")
    deliver(outbox, "INC-1")
    store.clock.forward(301)
    deliver(outbox, "INC-2")
    deliver(outbox, "INC-3")
    deliver(outbox, "N-1", "intramed")
    claim = outbox.claim("planon", "somebody", "send")
    assert claim is not None
    outbox.write(outbox.endings.parked(claim, "E42"))
    assert store.hand(outbox).resolve(claim.entry.id, "INC-4", "found it") is not None
    found = {overview.destination: overview.delivered for overview in overviews(outbox.database, store.clock, SYSTEMS)}
    assert found == {"intramed": 1, "planon": 2}
