"""The records of writes: what they recognise, what they keep, and which of them expire; on SQLite and on PostgreSQL."""

import hashlib
from dataclasses import replace

import pytest

from contracts.errors import IdempotencyKeyReused, RequestInFlight, StateDamaged
from outbox.database import ConstraintViolated, Database
from outbox.entry import to_ms
from shim.keys import Blind
from shim.writing.idempotency import Idempotency, Record, Write, fingerprint
from tests.conformance.outbox_store import CIPHER, Store
from tests.unit.outbox.stand_ins import accept

DAY_S = 86_400
WRITE = Write("agent", "key-1", fingerprint("intramed", "hold_slot", {"slot": "SL_1"}))
OTHER = replace(WRITE, fingerprint=fingerprint("intramed", "hold_slot", {"slot": "SL_2"}))


class Records:
    """The records of one state, as several processes see them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.database = store.open()
        self.idempotency = self.process()

    def process(self, key: bytes = bytes(32)) -> Idempotency:
        return Idempotency(self.store.open(), CIPHER, Blind(key), self.store.clock)

    def begin(self, write: Write, delivery: str | None = None) -> None:
        with self.database.transaction() as tx:
            self.idempotency.insert(tx, write, delivery)

    def finish(self, write: Write, status: int = 200, reply: bytes = b'{"hold":"HD_1"}', only: int = 0) -> bool:
        with self.database.transaction() as tx:
            return self.idempotency.finish(tx, write, status, reply, only=only)

    def begin_again(self, idempotency: Idempotency, write: Write, record: Record) -> int:
        with self.database.transaction() as tx:
            return idempotency.begin_again(tx, write, record)

    def forget(self, days: int, limit: int = 100) -> int:
        before = to_ms(self.store.clock()) - days * DAY_S * 1000
        return Idempotency.forget(self.database, before, limit)


@pytest.fixture
def records(store: Store) -> Records:
    return Records(store)


def rows(database: Database) -> list[dict[str, object]]:
    return [dict(row) for row in database.read("SELECT * FROM idempotency ORDER BY created_at, key")]


def test_an_answer_is_kept_with_its_status(records: Records) -> None:
    """Sealed, and the first one for good."""
    records.begin(WRITE)
    assert records.finish(WRITE)
    assert not records.finish(WRITE, 409, b"{}")
    found = records.process().find(WRITE)
    assert found is not None
    assert (found.status, found.reply, found.delivery) == (200, b'{"hold":"HD_1"}', None)
    (row,) = rows(records.database)
    assert b"HD_1" not in bytes(row["reply"])  # type: ignore[call-overload]


def test_a_key_names_one_request_of_one_client(records: Records) -> None:
    """Another body is refused, while it is worked on and afterwards; another client's key is another one."""
    records.begin(WRITE)
    for _ in range(2):
        with pytest.raises(IdempotencyKeyReused), records.idempotency.exclusive(OTHER):
            raise AssertionError
        records.finish(WRITE)
    assert records.idempotency.find(replace(OTHER, client="other")) is None


def test_what_is_stored_does_not_tell_the_body(records: Records) -> None:
    """A hash of a short text could be guessed: without the deployment's key nothing is to be compared with."""
    records.begin(WRITE)
    (row,) = rows(records.database)
    plain = WRITE.fingerprint
    assert plain not in {row["fingerprint"], hashlib.sha256(plain.encode()).hexdigest()}
    assert WRITE.key not in row.values()
    other = {"key": Blind(b"\x01" * 32)("idempotency", WRITE.client, WRITE.key)}
    with records.database.transaction() as tx:
        tx.execute("UPDATE idempotency SET key = :key", other)
    with pytest.raises(IdempotencyKeyReused):
        records.process(b"\x01" * 32).find(WRITE)


def test_a_record_of_an_earlier_release_is_recognised(records: Records) -> None:
    """Which stored the plain hash."""
    records.begin(WRITE)
    with records.database.transaction() as tx:
        tx.execute("UPDATE idempotency SET fingerprint = :plain", {"plain": WRITE.fingerprint})
    assert records.idempotency.find(WRITE) is not None
    with pytest.raises(IdempotencyKeyReused):
        records.idempotency.find(OTHER)


def test_a_twin_in_flight_is_told_so(records: Records) -> None:
    """In the same process at once; in another one when it stores the key, which only one can."""
    with records.idempotency.exclusive(WRITE):
        with pytest.raises(RequestInFlight) as twin, records.idempotency.exclusive(WRITE):
            raise AssertionError
        assert twin.value.retry_after_s
        with (
            records.idempotency.exclusive(replace(WRITE, key="key-2")),
            records.idempotency.exclusive(replace(WRITE, client="other")),
        ):
            pass
        records.begin(WRITE)
        with pytest.raises(ConstraintViolated):
            records.begin(WRITE)
    with records.idempotency.exclusive(WRITE) as record:
        assert record is not None


def test_of_two_processes_one_begins_the_next_attempt(records: Records) -> None:
    """After an attempt that certainly was not executed, or whose outcome nobody knows."""
    one, two = records.idempotency, records.process()
    records.begin(WRITE)
    assert one.not_executed(WRITE, 1)
    found = two.find(WRITE)
    assert found is not None
    assert found.not_executed
    assert records.begin_again(two, WRITE, found) == 2
    with pytest.raises(RequestInFlight):
        records.begin_again(one, WRITE, found)
    again = one.find(WRITE)
    assert again is not None
    assert (again.not_executed, again.attempt) == (False, 2)


def test_what_an_older_attempt_knows_is_not_true_of_a_newer_one(records: Records) -> None:
    """Neither that it was not executed, nor that it was refused; that it was executed is true of all."""
    records.begin(WRITE)
    found = records.idempotency.find(WRITE)
    assert found is not None
    records.begin_again(records.process(), WRITE, found)
    assert not records.idempotency.not_executed(WRITE, 1)
    assert not records.finish(WRITE, 409, b"{}", only=1)
    assert records.finish(WRITE)
    assert not records.finish(WRITE, 409, b"{}", only=2)
    stands = records.process().find(WRITE)
    assert stands is not None
    assert stands.status == 200


def test_an_answer_that_cannot_be_read_is_not_given_again(records: Records) -> None:
    """Nor is the backend asked anew, as if nothing had been answered."""
    records.begin(WRITE)
    records.finish(WRITE)
    with records.database.transaction() as tx:
        tx.execute("UPDATE idempotency SET reply = :reply", {"reply": CIPHER.seal(b"{}", "idempotency/another")})
    with pytest.raises(StateDamaged), records.idempotency.exclusive(WRITE):
        raise AssertionError


def test_an_old_answer_expires_and_nothing_else_does(records: Records) -> None:
    """What certainly was not executed goes with it; not what nobody knows the outcome of, never what has a delivery."""
    entry = accept(records.store.outbox())
    kept = [replace(WRITE, key=f"kept-{number}") for number in range(3)]
    records.begin(kept[0], entry.id)
    records.begin(kept[1])
    gone = replace(WRITE, key="gone")
    records.begin(gone)
    records.idempotency.not_executed(gone, 1)
    records.begin(WRITE)
    records.finish(WRITE)
    records.store.clock.forward(20 * DAY_S)
    records.begin(kept[2])
    records.finish(kept[2])
    records.store.clock.forward(11 * DAY_S)
    assert records.forget(31) == 0
    assert records.forget(30) == 2
    assert records.forget(30) == 0
    assert records.idempotency.find(WRITE) is records.idempotency.find(gone) is None
    assert all(records.idempotency.find(write) is not None for write in kept)


def test_what_expires_goes_a_few_at_a_time(records: Records) -> None:
    """The oldest first: a writer that waits does so for one commit."""
    writes = [replace(WRITE, key=f"key-{number}") for number in range(5)]
    for write in writes:
        records.begin(write)
        records.finish(write)
        records.store.clock.forward(1)
    assert records.forget(0, limit=3) == 3
    assert [records.idempotency.find(write) is None for write in writes] == [True] * 3 + [False] * 2
    assert records.forget(0, limit=3) == 2
