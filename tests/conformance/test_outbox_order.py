"""The order of a key, on SQLite and on PostgreSQL, while many accept and acknowledge at once."""

import threading
from functools import partial

from contracts.delivery import DeliveryState
from outbox.entry import Entry
from outbox.store import Outbox
from tests.conformance.outbox_steps import LANDED, THREADS, at_once, claimed, deliver, each, state_of
from tests.conformance.outbox_store import Store
from tests.unit.outbox.stand_ins import accept


def test_nobody_of_a_key_is_left_waiting(store: Store) -> None:
    """Eight threads accept for one key while its heads are acknowledged: all leave, each in its place."""
    views = [store.outbox() for _ in range(2)]
    turns = 8
    accepting = threading.Semaphore(0)
    sent: list[Entry] = []

    def produce(number: int) -> None:
        for turn in range(turns):
            accept(views[number % 2], f"{number}-{turn}", order_key="incident")
        accepting.release()

    def work() -> None:
        done = 0
        while len(sent) < THREADS * turns:
            done += accepting.acquire(blocking=False)
            claim = views[0].claim("planon", "worker")
            if claim is None:
                # All were accepted before this look, so whatever has not left can be claimed.
                assert done < THREADS, f"{THREADS * turns - len(sent)} wait for ever"
                continue
            sent.append(claim.entry)
            views[0].write(views[0].endings.delivered(claim, LANDED, "200"))

    at_once(work, *each(produce))
    assert len({entry.id for entry in sent}) == THREADS * turns
    for producer in range(THREADS):
        mine = [entry.reference for entry in sent if entry.reference.startswith(f"LS-{producer}-")]
        assert mine == [f"LS-{producer}-{turn}" for turn in range(turns)]


def test_what_comes_while_the_head_leaves_goes_on(store: Store) -> None:
    """Eight threads accept the key's next entries while its only one is acknowledged: one of them is the head now."""
    outbox = store.outbox()
    views = [store.outbox() for _ in range(2)]
    for turn in range(12):
        accept(outbox, f"{turn}-head", order_key=f"k{turn}")
        ending = outbox.endings.delivered(claimed(outbox), LANDED, "200")
        at_once(partial(outbox.write, ending), *each(partial(accept_in, views, turn)))
        claim = claimed(outbox)
        assert claim.entry.order_key == f"k{turn}"
        assert outbox.head(claim.entry) == claim.entry
        assert outbox.claim("planon", "somebody") is None
        outbox.write(outbox.endings.parked(claim, "enough of this key"))


def test_places_in_a_key_are_given_once(store: Store) -> None:
    """However many accept at once, positions differ, and one of them is the head."""
    views = [store.outbox() for _ in range(2)]
    for turn in range(4):
        accepted = at_once(*each(partial(accept_in, views, turn)))
        assert len({entry.position for entry in accepted}) == THREADS
        ready = [entry for entry in accepted if entry.state is DeliveryState.READY]
        assert ready == [min(accepted, key=lambda entry: entry.position)]


def accept_in(views: list[Outbox], turn: int, number: int) -> Entry:
    return accept(views[number % 2], f"{turn}-{number}", order_key=f"k{turn}")


def test_hands_and_workers_on_one_key_do_not_wait_for_each_other(store: Store) -> None:
    """The head is delivered while the next is given up: neither fails, and the third goes."""
    outbox = store.outbox()
    hand = store.hand(store.outbox())
    for turn in range(12):
        key = f"key-{turn}"
        _, second, third = (accept(outbox, f"{turn}-{number}", order_key=key) for number in range(3))
        ending = outbox.endings.delivered(claimed(outbox), LANDED, "200")
        at_once(partial(outbox.write, ending), partial(hand.discard, second.id, "twice reported"))
        assert state_of(outbox, second) is DeliveryState.DISCARDED
        assert state_of(outbox, third) is DeliveryState.READY
        assert deliver(outbox).id == third.id
