from pathlib import Path

import pytest

from contracts.delivery import Delivered, DeliveryState
from outbox.sqlite.database import SqliteDatabase
from outbox.store import PACKAGE, Outbox
from shim.keys import RestCipher
from tests.unit.outbox.stand_ins import Clock, accept, accept_all, new_entry, writer

STUCK = 1_000
"""How many wait behind the head of one key."""
OTHERS = 30


class Steps:
    """Counts what SQLite's virtual machine executes for a connection: the same on every machine, however busy."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def deliver_others(path: Path, clock: Clock, *, stuck: bool) -> tuple[int, int]:
    """Deliver entries of other keys; return how many were delivered, and the steps that it took."""
    database = SqliteDatabase(path, [PACKAGE])
    outbox = Outbox(database, RestCipher(bytes(32)), clock, lambda: clock.up)
    if stuck:
        head = accept(outbox, "head", order_key="stuck")
        claim = outbox.claim("planon", "a", "send")
        assert claim is not None
        assert claim.entry.id == head.id
        outbox.write(outbox.endings.parked(claim, "a person must look"))
        behind = accept_all(outbox, [new_entry(f"behind {number}", order_key="stuck") for number in range(STUCK)])
        assert {entry.state for entry in behind} == {DeliveryState.WAITING}
    accept_all(outbox, [new_entry(f"other {number}", order_key=f"key {number}") for number in range(OTHERS)])
    steps = Steps()
    writer(database).set_progress_handler(steps, 1)
    delivered = 0
    while (claim := outbox.claim("planon", "a", "send", 2)) is not None:
        outbox.write(outbox.endings.delivered(claim, Delivered("INC-1"), "answered"))
        delivered += 1
    writer(database).set_progress_handler(None, 0)
    database.close()
    return delivered, steps.count


def test_a_parked_head_slows_no_other_key(tmp_path: Path, clock: Clock) -> None:
    """Whatever waits behind it, the entries of other keys cost what they cost without it."""
    free, free_steps = deliver_others(tmp_path / "free.db", clock, stuck=False)
    beside, beside_steps = deliver_others(tmp_path / "stuck.db", clock, stuck=True)
    assert free == beside == OTHERS
    assert beside_steps <= 1.05 * free_steps


@pytest.mark.parametrize("state", ["delivered", "ready and not due", "unknown and not due"])
def test_no_backlog_slows_a_claim(tmp_path: Path, clock: Clock, state: str) -> None:
    """A claim reads one row of an index, whether nothing else is there or a thousand others."""
    database = SqliteDatabase(tmp_path / "state.db", [PACKAGE])
    outbox = Outbox(database, RestCipher(bytes(32)), clock, lambda: clock.up)
    steps = Steps()

    def one() -> int:
        accept(outbox, f"one {steps.count}")
        before = steps.count
        writer(database).set_progress_handler(steps, 1)
        claim = outbox.claim("planon", "a", "find", 2)
        assert claim is not None
        outbox.write(outbox.endings.delivered(claim, Delivered("INC-1"), "answered"))
        writer(database).set_progress_handler(None, 0)
        return steps.count - before

    alone = one()
    accept_all(outbox, [new_entry(str(number)) for number in range(STUCK)])
    words = state.split()
    with database.transaction() as tx:
        tx.execute(
            "UPDATE entry SET state = :state, backend_id = 'x', next_attempt_at = next_attempt_at + 10000,"
            " unknown_since = 0, unknown_boot = '', unknown_uptime = 0 WHERE state = 'ready'",
            {"state": words[0]},
        )
    assert one() <= 1.05 * alone
    database.close()
