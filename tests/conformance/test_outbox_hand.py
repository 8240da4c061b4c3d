"""What an administrator's hand may do and may not, on SQLite and on PostgreSQL; every act says who did it, and why."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.delivery import Delivered, DeliveryState
from outbox.actions import account
from outbox.entry import Entry
from outbox.hand import Hand
from outbox.overview import count, groups, overviews
from outbox.selection import FAILING, STUCK, Selection
from outbox.store import Outbox
from tests.conformance.outbox_store import Store
from tests.unit.outbox.stand_ins import accept

READY, WAITING, IN_FLIGHT, UNKNOWN, DELIVERED, REJECTED, PARKED, DISCARDED = DeliveryState


class Desk:
    """An administrator before a state."""

    def __init__(self, store: Store) -> None:
        self.clock = store.clock
        self.outbox: Outbox = store.outbox()
        self.hand: Hand = store.hand(self.outbox)

    def accept(self, name: str, order_key: str | None = None) -> Entry:
        return accept(self.outbox, name, order_key=order_key)

    def ends(self, name: str, state: DeliveryState, reason: str = "E42", order_key: str | None = None) -> Entry:
        """Return an entry whose attempt has ended so."""
        entry = self.accept(name, order_key)
        claim = self.outbox.claim("planon", "somebody", "send")
        assert claim is not None
        assert claim.entry.id == entry.id
        endings = self.outbox.endings
        ending = {
            REJECTED: lambda: endings.rejected(claim, reason),
            PARKED: lambda: endings.parked(claim, reason),
            UNKNOWN: lambda: endings.unknown(claim, reason, 3600, reached=None),
            READY: lambda: endings.not_sent(claim, reason, 3600),
            DELIVERED: lambda: endings.delivered(claim, Delivered(f"INC-{name:0>6}"), "answered"),
        }[state]()
        self.outbox.write(ending)
        return self.now(entry)

    def now(self, entry: Entry) -> Entry:
        found = self.outbox.get(entry.id)
        assert found is not None
        return found

    def did(self, entry: Entry) -> list[tuple[str, str]]:
        actions = self.outbox.actions(entry)
        assert {action.actor for action in actions} <= {account()}
        return [(action.action, action.reason) for action in actions]


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


@pytest.mark.parametrize("state", [REJECTED, PARKED, UNKNOWN, READY])
def test_a_retry_begins_anew(desk: Desk, state: DeliveryState) -> None:
    """Due now, with attempts and age at zero; what may be in the backend is asked for first; audited."""
    entry = desk.ends("1", state)
    desk.clock.forward(7200)
    retried = desk.hand.retry(entry.id, "mended")
    assert retried is not None
    assert retried.state is (UNKNOWN if state is UNKNOWN else READY)
    assert (retried.tries, retried.failures, retried.reason, retried.error_group) == (0, 0, None, None)
    assert retried.next_attempt_at == desk.clock.now
    assert retried.outage_ms == -7_200_000
    assert retried.reported_at == entry.reported_at
    assert desk.did(entry) == [("retry", "mended")]
    assert desk.outbox.actions(entry)[0].at == desk.clock.now


def test_attempts_begin_anew(desk: Desk) -> None:
    """What was given up after its last attempt is not given up again at once."""
    entry = desk.accept("1")
    for _ in range(3):
        claim = desk.outbox.claim("planon", "somebody", "send")
        assert claim is not None
        desk.outbox.write(desk.outbox.endings.resent(claim, "no answer", 0))
    assert desk.now(entry).tries == 3
    retried = desk.hand.retry(entry.id, "mended")
    assert retried is not None
    assert (retried.tries, retried.sends) == (0, 3)


def test_age_begins_anew_with_the_outages_there_were(desk: Desk) -> None:
    """Also while the destination is out of reach."""
    entry = desk.ends("1", REJECTED)
    with desk.outbox.database.transaction() as tx:
        values = {"at": int((desk.clock.now + timedelta(seconds=100)).timestamp() * 1000)}
        tx.execute(
            "INSERT INTO destination (name, outage_ms, open_since, probe_at) VALUES ('planon', 5000, :at, :at)", values
        )
    desk.clock.forward(160)
    retried = desk.hand.retry(entry.id, "mended")
    assert retried is not None
    assert retried.outage_ms == 5000 + 60_000 - 160_000


def test_what_somebody_has_looked_for_is_sent_at_once(desk: Desk) -> None:
    """An unknown entry whose look-up never succeeds has a way out."""
    entry = desk.ends("1", UNKNOWN)
    retried = desk.hand.retry(entry.id, "not in Planon", not_there=True)
    assert retried is not None
    assert (retried.state, retried.unknown_since) == (READY, None)
    assert desk.outbox.actions(entry)[0].detail == {"was": "unknown", "is": "ready", "not_there": True}


def test_a_retry_keeps_the_order_of_its_key(desk: Desk) -> None:
    """What is retried behind another entry of its key waits for it."""
    first = desk.ends("1", REJECTED, order_key="tap")
    second = desk.accept("2", "tap")
    with desk.outbox.database.transaction() as tx:
        values = {"id": second.id}
        tx.execute("UPDATE entry SET state = 'parked' WHERE id = :id", values)
    retried = desk.hand.retry(second.id, "mended")
    assert retried is not None
    assert retried.state is WAITING
    assert desk.hand.discard(first.id, "typed over") is not None
    assert desk.now(second).state is READY


@pytest.mark.parametrize("state", [WAITING, IN_FLIGHT, DELIVERED, DISCARDED])
def test_what_cannot_be_retried_is_left_alone(desk: Desk, state: DeliveryState) -> None:
    """And nothing is written of it."""
    entry = in_state(desk, state)
    assert desk.hand.retry(entry.id, "impatient") is None
    assert desk.now(entry) == entry
    assert [action for action, _ in desk.did(entry)] == (["discard"] if state is DISCARDED else [])


@pytest.mark.parametrize("state", [READY, WAITING, REJECTED, PARKED])
def test_what_is_given_up_lets_its_key_go_on(desk: Desk, state: DeliveryState) -> None:
    """Only a head holds others back."""
    entry = in_state(desk, state)
    behind = desk.accept("9", entry.order_key)
    assert behind.state is WAITING
    discarded = desk.hand.discard(entry.id, "typed over")
    assert discarded is not None
    assert (discarded.state, discarded.reason) == (DISCARDED, "typed over")
    assert desk.now(behind).state is (WAITING if state is WAITING else READY)
    assert desk.did(entry) == [("discard", "typed over")]


def test_what_is_unknown_is_given_up_only_by_who_says_so(desk: Desk) -> None:
    """It may be in the backend."""
    entry = desk.ends("1", UNKNOWN)
    assert desk.hand.discard(entry.id, "impatient") is None
    assert desk.did(entry) == []
    assert desk.hand.discard(entry.id, "nobody will know", may_exist=True) is not None
    assert desk.outbox.actions(entry)[0].detail == {"was": "unknown", "may_exist": True}


@pytest.mark.parametrize("state", [IN_FLIGHT, DELIVERED, DISCARDED])
def test_what_is_on_its_way_or_over_is_not_given_up(desk: Desk, state: DeliveryState) -> None:
    """Not even by who says that it may exist."""
    entry = in_state(desk, state)
    assert desk.hand.discard(entry.id, "impatient", may_exist=True) is None
    assert desk.now(entry) == entry


@pytest.mark.parametrize("state", [UNKNOWN, REJECTED, PARKED])
def test_what_somebody_has_found_is_delivered(desk: Desk, state: DeliveryState) -> None:
    """Under the number that was found, and it is looked at; its key goes on."""
    entry = desk.ends("1", state, order_key="tap")
    behind = desk.accept("2", "tap")
    resolved = desk.hand.resolve(entry.id, "INC-000482", "found by its reference")
    assert resolved is not None
    assert (resolved.state, resolved.backend_id, resolved.reason) == (DELIVERED, "INC-000482", None)
    assert (resolved.ended_at, resolved.check_at) == (desk.clock.now, desk.clock.now)
    assert desk.now(behind).state is READY
    assert desk.did(entry) == [("resolve", "found by its reference")]


def test_a_record_is_brought_by_one_entry_only(desk: Desk) -> None:
    """A mistyped number must not hand somebody else's incident to a tenant's notes."""
    desk.ends("1", DELIVERED)
    entry = desk.ends("2", UNKNOWN)
    assert desk.hand.resolve(entry.id, "INC-000001", "found") is None
    assert desk.now(entry).state is UNKNOWN
    assert desk.hand.resolve(desk.accept("3").id, "INC-000009", "found") is None


def test_a_selection_takes_what_it_says_and_no_more(desk: Desk) -> None:
    """A group: that cause alone, stuck or not, of one destination."""
    wanted = [desk.ends("1", REJECTED, "HTTP 400 (0.01 s)"), desk.ends("2", REJECTED, "HTTP 400 (7.50 s)")]
    others = [desk.ends("3", REJECTED, "HTTP 409"), desk.ends("4", UNKNOWN, "HTTP 400 (0.02 s)"), desk.accept("5")]
    elsewhere = Selection("intramed", STUCK, cause="HTTP 400")
    chosen = Selection("planon", STUCK, cause="HTTP 400")
    assert count(desk.outbox.database, elsewhere) == []
    assert [(row.state, row.entries) for row in count(desk.outbox.database, chosen)] == [(REJECTED, 2)]
    assert [entry.id for entry in desk.outbox.chosen(chosen, 10)] == [entry.id for entry in wanted]
    assert desk.hand.retry_all(desk.outbox, elsewhere, "mended").done == 0
    handled = desk.hand.retry_all(desk.outbox, chosen, "mended")
    assert (handled.done, handled.left_out) == (2, 0)
    assert [desk.now(entry).state for entry in wanted] == [READY, READY]
    assert [desk.now(entry) for entry in others] == others
    assert [desk.did(entry) for entry in [*wanted, *others]] == [[("retry", "mended")]] * 2 + [[]] * 3
    both = replace(chosen, states=FAILING)
    assert [entry.id for entry in desk.outbox.chosen(both, 10)] == [others[1].id]


def test_a_selection_by_key_age_and_state(desk: Desk) -> None:
    """In the order in which they were accepted, or the newest first, page by page."""
    entries = [desk.accept(str(number), "tap" if number % 2 else None) for number in range(1, 7)]
    outbox = desk.outbox
    tap = Selection(order_key=entries[0].order_key)
    assert [entry.id for entry in outbox.chosen(tap, 10)] == [entry.id for entry in entries[::2]]
    assert [entry.id for entry in outbox.chosen(Selection(), 2, newest=True)] == [entries[5].id, entries[4].id]
    assert [entry.id for entry in outbox.chosen(Selection(), 2, after=entries[3].seq)] == [entries[4].id, entries[5].id]
    assert len(outbox.chosen(Selection(states=frozenset({WAITING})), 10)) == 2
    reported = entries[0].reported_at
    assert outbox.chosen(Selection(reported_before=reported), 10) == []
    assert len(outbox.chosen(Selection(reported_before=reported + timedelta(seconds=1)), 10)) == 6


def test_many_are_given_up_batch_by_batch(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is given up makes room for what waits behind it, which was not selected."""
    monkeypatch.setattr("outbox.hand.BATCH", 2)
    heads = [desk.ends(str(number), PARKED, order_key=f"key {number}") for number in range(1, 6)]
    behind = [desk.accept(f"b{number}", f"key {number}") for number in range(1, 6)]
    seen: list[int] = []
    handled = desk.hand.discard_all(desk.outbox, Selection(states=STUCK), "typed over", seen.append)
    assert (handled.done, handled.left_out, seen) == (5, 0, [2, 4, 5])
    assert {desk.now(entry).state for entry in heads} == {DISCARDED}
    assert {desk.now(entry).state for entry in behind} == {READY}


def test_what_changes_after_it_was_selected_is_left_alone(desk: Desk, store: Store) -> None:
    """Somebody else has retried it meanwhile: it is not given up as if it were stuck still."""
    entry = desk.ends("1", PARKED)
    outbox = store.outbox()
    chosen = outbox.chosen

    def late(selection: Selection, limit: int, *, newest: bool = False, after: int = 0) -> list[Entry]:
        found = chosen(selection, limit, newest=newest, after=after)
        desk.hand.retry(entry.id, "faster")
        return found

    outbox.chosen = late  # type: ignore[method-assign]
    handled = store.hand(outbox).discard_all(outbox, Selection(states=STUCK), "slower")
    assert (handled.done, handled.left_out) == (0, 1)
    assert desk.now(entry).state is READY


def test_a_pause_holds_and_is_explained(desk: Desk) -> None:
    """Nothing is claimed until it is resumed; paused twice it is paused since the first time; both are audited."""
    desk.accept("1")
    desk.hand.pause("planon", "upgrade")
    paused_at = desk.clock.now
    desk.clock.forward(60)
    desk.hand.pause("planon", "upgrade takes longer")
    (overview,) = overviews(desk.outbox.database, desk.clock)
    assert (overview.paused_at, overview.paused_reason) == (paused_at, "upgrade takes longer")
    assert desk.outbox.claim("planon", "somebody") is None
    assert desk.hand.resume("planon", "upgraded")
    assert not desk.hand.resume("planon", "upgraded")
    assert desk.outbox.claim("planon", "somebody") is not None
    (row,) = desk.outbox.database.read("SELECT outage_ms, paused_at FROM destination")
    assert tuple(row) == (60_000, None)
    told = desk.outbox.database.read("SELECT action, reason, entry FROM admin_action ORDER BY id")
    assert [tuple(row) for row in told] == [
        ("pause", "upgrade", None),
        ("pause", "upgrade takes longer", None),
        ("resume", "upgraded", None),
    ]


def test_what_was_done_is_never_changed(desk: Desk) -> None:
    """Neither by an update nor by removing it."""
    entry = desk.ends("1", REJECTED)
    desk.hand.retry(entry.id, "mended")
    for statement in ("UPDATE admin_action SET reason = 'other'", "DELETE FROM admin_action"):
        with pytest.raises(Exception, match="append-only"), desk.outbox.database.transaction() as tx:
            tx.execute(statement)


def test_an_overview_counts_what_waits_and_who_must_act(desk: Desk) -> None:
    """By state; somebody must act on rejected and parked ones; attention is counted by its code, apart."""
    for number, state in enumerate((REJECTED, PARKED, PARKED, UNKNOWN, READY, DELIVERED), 1):
        desk.ends(str(number), state)
    desk.accept("7", "tap")
    desk.accept("8", "tap")
    claim = desk.outbox.claim("planon", "somebody", "send")
    assert claim is not None
    desk.outbox.write(desk.outbox.endings.delivered(claim, Delivered("INC-7", attention="sla_missing"), "answered"))
    assert desk.outbox.claim("planon", "somebody", "send") is not None
    desk.accept("9")
    first, second = overviews(desk.outbox.database, desk.clock, ["intramed"])
    assert (first.destination, first.moving, first.must_act, first.oldest_reported_at) == ("intramed", 0, 0, None)
    assert second.counts == {READY: 2, IN_FLIGHT: 1, UNKNOWN: 1, REJECTED: 1, PARKED: 2}
    assert (second.moving, second.must_act, second.attention) == (4, 3, {"sla_missing": 1})
    assert second.oldest_reported_at == claim.entry.reported_at
    assert (second.delivered, second.span_s, second.per_minute) == (2, 300, 0.4)
    assert second.drain_s == 600
    desk.clock.forward(301)
    assert overviews(desk.outbox.database, desk.clock)[0].drain_s is None


def test_an_outage_is_told_and_the_rate_is_that_since_its_end(desk: Desk) -> None:
    """While it lasts nobody can tell when all has left."""
    desk.ends("1", DELIVERED)
    desk.accept("2")
    ms = int(desk.clock.now.timestamp() * 1000)
    with desk.outbox.database.transaction() as tx:
        values = {"at": ms, "next": ms + 30_000}
        tx.execute("INSERT INTO destination (name, open_since, probe_at) VALUES ('planon', :at, :next)", values)
    (overview,) = overviews(desk.outbox.database, desk.clock)
    assert (overview.open_since, overview.drain_s) == (desk.clock.now, None)
    assert overview.probe_at == desk.clock.now + timedelta(seconds=30)
    desk.clock.forward(60)
    with desk.outbox.database.transaction() as tx:
        tx.execute("UPDATE destination SET open_since = NULL, probe_at = NULL, closed_at = :at", {"at": ms})
    (overview,) = overviews(desk.outbox.database, desk.clock)
    assert (overview.open_since, overview.span_s, overview.drain_s) == (None, 60, 60)


def test_failures_are_grouped_by_cause(desk: Desk) -> None:
    """By destination, state and cause, what is stuck first, each with its oldest one and a code that never changes."""
    oldest = desk.ends("1", REJECTED, "HTTP 400 (0.01 s)")
    for number, (state, reason) in enumerate(
        [(REJECTED, "HTTP 400 (7.50 s)"), (PARKED, "2 records"), (UNKNOWN, "gateway"), (READY, "refused")], 2
    ):
        desk.ends(str(number), state, reason)
    desk.accept("9")
    found = groups(desk.outbox.database)
    assert [(group.state, group.cause, group.entries) for group in found] == [
        (REJECTED, "HTTP 400", 2),
        (PARKED, "# records", 1),
        (UNKNOWN, "gateway", 1),
        (READY, "refused", 1),
    ]
    assert (found[0].example, found[0].oldest_reported_at) == (oldest.id, oldest.reported_at)
    assert found[0].code == "781557"
    assert groups(desk.outbox.database, "intramed") == []


def test_a_cause_of_an_earlier_release_is_its_reason(desk: Desk) -> None:
    """Which kept no groups; such an entry is found by that reason."""
    entry = desk.ends("1", REJECTED, "HTTP 400 (0.01 s)")
    with desk.outbox.database.transaction() as tx:
        tx.execute("UPDATE entry SET error_group = NULL")
    (group,) = groups(desk.outbox.database)
    assert group.cause == "HTTP 400 (0.01 s)"
    assert [found.id for found in desk.outbox.chosen(Selection(states=STUCK, cause=group.cause), 9)] == [entry.id]


def test_nobody_is_guessed(desk: Desk) -> None:
    """Whoever fits the beginning of an id is named, and no more than a few."""
    for name in ("a1", "a2", "b1", "b2", "b3", "b4", "b5", "b6"):
        desk.accept(name)
    ids = [f"dl_{name:0>32}" for name in ("a1", "a2")]
    assert [entry.id for entry in desk.outbox.starting_with(ids[0][:-1])] == ids
    assert [entry.id for entry in desk.outbox.starting_with(ids[0])] == ids[:1]
    assert len(desk.outbox.starting_with("dl_")) == 5
    assert desk.outbox.starting_with("dl_%") == []


def in_state(desk: Desk, state: DeliveryState) -> Entry:
    """Return an entry in a state."""
    if state in {REJECTED, PARKED, UNKNOWN, DELIVERED}:
        return desk.ends("1", state)
    if state is WAITING:
        desk.accept("0", "tap")
        return desk.accept("1", "tap")
    entry = desk.accept("1")
    if state is IN_FLIGHT:
        assert desk.outbox.claim("planon", "somebody") is not None
    if state is DISCARDED:
        desk.hand.discard(entry.id, "typed over")
    assert desk.now(entry).state is state
    return desk.now(entry)
