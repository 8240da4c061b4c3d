"""Steps of a worker, and many of them at once, for the tests of the store."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from contracts.delivery import Delivered, DeliveryState
from outbox.claims import Claim
from outbox.entry import Entry
from outbox.store import Outbox

T = TypeVar("T")
THREADS = 8
PATIENCE_S = 60
LANDED = Delivered("INC-000001")


def each(call: Callable[[int], T]) -> list[Callable[[], T]]:
    """Return the call once for each thread, with the thread's number."""
    return [partial(call, number) for number in range(THREADS)]


def at_once(*calls: Callable[[], T]) -> list[T]:
    """Run all calls from one starting gun and return their results; what one raises is raised."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        gate.wait(PATIENCE_S)
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return [made.result(PATIENCE_S) for made in [threads.submit(run, call) for call in calls]]


def state_of(outbox: Outbox, entry: Entry) -> DeliveryState:
    found = outbox.get(entry.id)
    assert found is not None
    return found.state


def claimed(outbox: Outbox, owner: str = "somebody") -> Claim:
    claim = outbox.claim("planon", owner)
    assert claim is not None
    return claim


def deliver(outbox: Outbox) -> Entry:
    """Claim what is due and write that it was delivered."""
    claim = claimed(outbox)
    outbox.write(outbox.endings.delivered(claim, LANDED, "200"))
    return claim.entry
