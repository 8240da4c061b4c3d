"""What has ended is numbered for each client in the commit that ends it, on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import pytest

from contracts.delivery import DeliveryState
from outbox.carrying.asking import Asking, ask_first
from outbox.database import Database, Transaction
from outbox.ended import Ended, Place, ended_of, last_of
from outbox.entry import Entry, to_ms
from outbox.selection import OPEN, Selection
from outbox.store import Outbox
from tests.conformance.outbox_steps import LANDED, PATIENCE_S, at_once
from tests.conformance.outbox_store import Store
from tests.conformance.test_outbox_hand import Desk
from tests.conformance.test_outbox_supersede import Anew
from tests.unit.outbox.stand_ins import accept_all, new_entry

READY, WAITING, IN_FLIGHT, UNKNOWN, DELIVERED, REJECTED, PARKED, DISCARDED = DeliveryState
CLIENT = "agent"
MOST = 1000


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


@pytest.fixture
def anew(store: Store) -> Anew:
    return Anew(store)


def news(database: Database, after: Place = Place(), client: str = CLIENT) -> list[Ended]:  # noqa: B008 - frozen
    return ended_of(database, client, after, MOST)


def told(desk: Desk, after: Place = Place()) -> list[tuple[int, str, DeliveryState]]:  # noqa: B008 - frozen
    return [(one.place.n, one.entry.id, one.state) for one in news(desk.outbox.database, after)]


def accept_of(outbox: Outbox, client: str, names: Iterable[str]) -> list[Entry]:
    return accept_all(outbox, [replace(new_entry(name), client=client) for name in names])


@pytest.mark.parametrize("state", [DELIVERED, REJECTED, PARKED])
def test_what_a_worker_ends_is_news(desk: Desk, state: DeliveryState) -> None:
    """With its state, its time, and the entry as it is now."""
    entry = desk.ends("1", state)
    (one,) = news(desk.outbox.database)
    assert (one.place, one.state, one.at) == (Place(1, 0), state, desk.clock.now)
    assert one.entry == entry
    assert last_of(desk.outbox.database, CLIENT) == one.place


def test_what_is_about_nothing_is_news(desk: Desk) -> None:
    """It was given up without anybody's doing."""
    entry = desk.accept("1")
    claim = desk.outbox.claim("planon", "somebody")
    assert claim is not None
    desk.outbox.write(desk.outbox.endings.not_found(claim, "no such incident"))
    assert told(desk) == [(1, entry.id, DISCARDED)]


def test_what_has_not_ended_is_none(desk: Desk) -> None:
    """However often it is sent and asked for, or an attempt is left by a process that died."""
    for name, state in (("1", UNKNOWN), ("2", READY)):
        desk.ends(name, state)
    desk.accept("3")
    assert desk.outbox.claim("planon", "dead", "send") is not None
    desk.outbox.recover()
    assert told(desk) == []
    assert last_of(desk.outbox.database, CLIENT) == Place()


def test_what_an_administrator_ends_is_news(desk: Desk) -> None:
    """Given up, or found by hand; a retry is none, and what ends twice is told twice."""
    entry = desk.ends("1", PARKED)
    assert desk.hand.retry(entry.id, "mended") is not None
    again = desk.outbox.claim("planon", "somebody", "send")
    assert again is not None
    desk.outbox.write(desk.outbox.endings.delivered(again, LANDED, "answered"))
    rejected = desk.ends("2", REJECTED)
    assert desk.hand.resolve(rejected.id, "INC-000009", "found") is not None
    assert desk.hand.discard(desk.accept("3").id, "typed over") is not None
    assert told(desk) == [
        (1, entry.id, PARKED),
        (2, entry.id, DELIVERED),
        (3, rejected.id, REJECTED),
        (4, rejected.id, DELIVERED),
        (5, f"dl_{'3':0>32}", DISCARDED),
    ]
    assert [one.entry.state for one in news(desk.outbox.database)[:2]] == [DELIVERED, DELIVERED]


def test_many_that_are_given_up_at_once_are_each_news(desk: Desk) -> None:
    """Each with a number of its own."""
    entries = [desk.accept(str(number)) for number in range(6)]
    assert desk.hand.discard_all(desk.outbox, Selection(states=OPEN), "typed over").done == 6
    assert [(n, entry) for n, entry, _ in told(desk)] == list(enumerate([entry.id for entry in entries], 1))


def test_what_is_composed_anew_is_told_when_the_new_one_ends(anew: Anew) -> None:
    """The old one and its parts are given up, which is no news; the new one's ending is."""
    old = anew.ends("1", PARKED, order_key="tap")
    anew.part("1a", old)
    new = anew.supersede(old, ["LS-1a"])
    assert told(anew) == [(1, old.id, PARKED)]
    claim = anew.outbox.claim("planon", "somebody", "send")
    assert claim is not None
    anew.outbox.write(anew.outbox.endings.delivered(claim, LANDED, "answered"))
    assert told(anew)[1:] == [(2, new.id, DELIVERED)]


def test_what_is_undone_takes_no_number(desk: Desk) -> None:
    """A commit that fails ends nothing."""
    entry = desk.accept("1")

    def give_up_and_fail() -> None:
        with desk.outbox.database.transaction() as tx:
            tx.execute("UPDATE entry SET state = 'discarded', ended_at = 1 WHERE id = :id", {"id": entry.id})
            raise KeyError("something else")

    with pytest.raises(KeyError):
        give_up_and_fail()
    assert told(desk) == []
    desk.hand.discard(entry.id, "typed over")
    assert told(desk) == [(1, entry.id, DISCARDED)]


def test_each_client_has_numbers_of_its_own(desk: Desk) -> None:
    """And nobody else's news."""
    mine = desk.ends("1", DELIVERED)
    for row in accept_of(desk.outbox, "other", ("a", "b")):
        desk.hand.discard(row.id, "typed over")
    assert told(desk) == [(1, mine.id, DELIVERED)]
    assert [one.place.n for one in news(desk.outbox.database, client="other")] == [1, 2]
    assert news(desk.outbox.database, client="nobody") == []


def test_who_has_read_goes_on_behind_it(desk: Desk) -> None:
    """Page by page, and each place again whenever it is asked for."""
    entries = [desk.ends(str(number), REJECTED) for number in range(5)]
    read: list[str] = []
    place = Place()
    while page := ended_of(desk.outbox.database, CLIENT, place, 2):
        assert ended_of(desk.outbox.database, CLIENT, place, 2) == page
        read += [one.entry.id for one in page]
        place = page[-1].place
        assert len(read) <= len(entries)
    assert read == [entry.id for entry in entries]


def test_who_reads_while_others_end_misses_nothing(store: Store) -> None:
    """Several processes end entries of one client in transactions of different length; a reader follows them."""
    each, enders = 40, 4
    outbox = store.outbox()
    accept_all(outbox, [new_entry(f"{ender}-{number}") for ender in range(enders) for number in range(each)])
    ended = Event()

    def read() -> list[tuple[int, str]]:
        found: list[tuple[int, str]] = []
        place, view, last = Place(), store.open(), False
        while not last:
            last = ended.is_set()
            while page := ended_of(view, CLIENT, place, 7):
                found += [(one.place.n, one.entry.id) for one in page]
                place = page[-1].place
                assert len(found) <= each * enders
        return found

    def end(ender: int) -> Callable[[], None]:
        view = store.open()

        def work() -> None:
            for number in range(each):

                def job(tx: Transaction, number: int = number) -> None:
                    values = {"id": f"dl_{f'{ender}-{number}':0>32}", "at": number}
                    tx.execute("UPDATE entry SET state = 'discarded', ended_at = :at WHERE id = :id", values)
                    if number % enders == ender and store.dialect == "postgresql":
                        tx.execute("SELECT pg_sleep(0.005)")

                view.write(job)

        return work

    workers = [end(ender) for ender in range(enders)]
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        try:
            at_once(*workers)
        finally:
            ended.set()
        found = reading.result(PATIENCE_S)
    assert [n for n, _ in found] == list(range(1, each * enders + 1))
    assert len({entry for _, entry in found}) == each * enders


def test_two_who_end_entries_of_two_clients_at_once_wait_for_each_other_in_no_ring(store: Store) -> None:
    """Each ends one of either client, in opposite order: what the database breaks up is done again."""
    rounds = 30
    outbox = store.outbox()
    for client in ("one", "two"):
        accept_of(outbox, client, [f"{client}-{who}-{n}" for who in (0, 1) for n in range(rounds)])

    def end(who: int) -> None:
        order = ("one", "two") if who else ("two", "one")
        for n in range(rounds):

            def job(tx: Transaction, n: int = n) -> None:
                for client in order:
                    values = {"id": f"dl_{f'{client}-{who}-{n}':0>32}"}
                    tx.execute("UPDATE entry SET state = 'discarded', ended_at = 1 WHERE id = :id", values)

            outbox.database.write(job)

    at_once(lambda: end(0), lambda: end(1))
    for client in ("one", "two"):
        assert [one.place.n for one in news(outbox.database, client=client)] == list(range(1, 2 * rounds + 1))


class Lost:
    """A state of which a backup was kept, and in which more happened since."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def ended(self) -> list[dict[str, object]]:
        return [dict(row) for row in self.desk.outbox.database.read("SELECT * FROM ended ORDER BY client, n")]

    def restored(self, kept: list[dict[str, object]]) -> None:
        """Take the numbers that were given since away, and ask first, as a restored backup does."""
        now = to_ms(self.desk.clock())
        with self.desk.outbox.database.transaction() as tx:
            tx.execute("DELETE FROM ended WHERE n > :n", {"n": len(kept)})
            ask_first(tx, Asking(now, self.desk.clock.up, "restored; asked first", ("planon",)))


def test_who_has_read_what_a_lost_state_told_misses_nothing(desk: Desk) -> None:
    """It goes on behind what the restored state has told as well; the same numbers in a later era are news."""
    desk.ends("1", REJECTED)
    kept = Lost(desk).ended()
    early = last_of(desk.outbox.database, CLIENT)
    desk.ends("2", REJECTED)
    desk.ends("3", REJECTED)
    late = last_of(desk.outbox.database, CLIENT)
    assert late == Place(3, 0)
    desk.clock.forward(60)
    Lost(desk).restored(kept)
    again = [desk.ends(name, REJECTED).id for name in ("4", "5", "6")]
    found = news(desk.outbox.database, late)
    assert [one.entry.id for one in found] == again
    assert [one.place.n for one in found] == [2, 3, 4]
    assert len({one.place.era for one in found} - {0}) == 1
    assert news(desk.outbox.database, early) == found
    assert [one.entry.id for one in news(desk.outbox.database, found[0].place)] == again[1:]
    assert len(news(desk.outbox.database)) == 4


def test_the_outbox_and_its_database_mean_the_same_by_ended(desk: Desk) -> None:
    """Every state that has ended is news, and no other one."""
    entry = desk.accept("1")
    with desk.outbox.database.transaction() as tx:
        for state in DeliveryState:
            values = {"id": entry.id, "state": state.value, "owner": "x", "at": 1}
            tx.execute(
                "UPDATE entry SET state = :state, ended_at = :at, owner = :owner, backend_id = 'B', "
                "unknown_since = :at, unknown_boot = :owner, unknown_uptime = :at WHERE id = :id",
                values,
            )
    assert [state for _, _, state in told(desk)] == [state for state in DeliveryState if state.ended]
