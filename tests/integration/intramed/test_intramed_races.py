import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from firebird.driver import Isolation

from simulators.intramed.bench import Bench
from simulators.intramed.server import WRITER
from tests.integration.intramed.direct import MOMENT, Busy, Direct, direct
from tests.practice_cast import HALVES, Cast

THREADS = 8
MODES = {
    "read committed, waiting": (Isolation.READ_COMMITTED_RECORD_VERSION, 5),
    "read committed, not waiting": (Isolation.READ_COMMITTED_RECORD_VERSION, 0),
    "snapshot, waiting": (Isolation.SNAPSHOT, 5),
    "snapshot, not waiting": (Isolation.SNAPSHOT, 0),
}
OVERLAPS = """select count(*)
from AFSPRAAK P join AGENDA A on A.NUMMER = P.AGENDA
join AGENDA B on B.MEDEWERKER = A.MEDEWERKER
  and B.BEGIN_TIJD < dateadd(A.MINUTEN minute to A.BEGIN_TIJD)
  and dateadd(B.MINUTEN minute to B.BEGIN_TIJD) > A.BEGIN_TIJD
join AFSPRAAK Q on Q.AGENDA = B.NUMMER
where P.VERVALLEN is null and Q.VERVALLEN is null and P.NUMMER < Q.NUMMER"""
FROM_RACE = "select count(*) from AFSPRAAK where HOUDER like 'K_-%'"


@dataclass(frozen=True, slots=True)
class Race:
    """A practice behind a server, and one connection per runner."""

    bench: Bench
    database: str
    patient: str
    runners: list[Direct]

    def query(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Ask or change as the owner."""
        with self.bench.owner(self.database) as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall()) if cursor.description else []

    def run(self, step: Callable[[int, Direct], Any]) -> list[Any]:
        """Let every runner do a step from one starting gun; what each returned, or the error that it met."""
        gate, results = threading.Barrier(len(self.runners)), list[Any]([None] * len(self.runners))

        def go(index: int, runner: Direct) -> None:
            gate.wait()
            try:
                results[index] = step(index, runner)
            except Exception as error:  # noqa: BLE001 - compared by the test, which must see it
                results[index] = error

        threads = [threading.Thread(target=go, args=pair) for pair in enumerate(self.runners)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results


@pytest.fixture(params=MODES)
def race(request: pytest.FixtureRequest, served: Bench, cast: Cast) -> Iterator[Race]:
    """Eight connections of the writing account, in every kind of transaction that a caller may choose."""
    isolation, lock_s = MODES[request.param]
    database, password = served.place(), served.passwords[WRITER]
    with ExitStack() as stack:
        runners = [stack.enter_context(direct(database, WRITER, password, isolation, lock_s)) for _ in range(THREADS)]
        yield Race(served, database, cast.alone.number, runners)
    served.drop(database)


def insist(attempt: Callable[[], Any]) -> Any:
    """Begin anew while another transaction is first, for at most a minute."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return attempt()
        except Busy:
            assert time.monotonic() < deadline
            time.sleep(random.uniform(0, 0.004))  # noqa: S311 - jitter


def hold(race: Race, runner: Direct, slot: int, holder: str, conversation: str = "") -> str:
    """Hold and commit, however often it takes."""
    given = {"slot": slot, "patient": race.patient, "holder": holder, "seconds": 90}
    outcome: str = insist(lambda: runner.outcome("hold_slot", **given, conversation=conversation, moment=MOMENT))
    return outcome


def take(race: Race, runner: Direct, name: str, slot: int, holder: str) -> str:
    """Confirm or book and commit, however often it takes."""
    given = {"slot": slot, "patient": race.patient, "holder": holder, "moment": MOMENT}
    outcome: str = insist(lambda: runner.outcome(name, **given))
    return outcome


def test_of_eight_who_want_one_slot_one_gets_it(race: Race, cast: Cast) -> None:
    """Fifty slots, fifty holds; everybody else is told that it is taken."""
    free = cast.halves(50)
    holds = "select count(*) from AGENDA where STATUS = 'H'"
    ((before,),) = race.query(holds)

    def step(index: int, runner: Direct) -> list[str]:
        return [hold(race, runner, number, f"K{index}") for number in free]

    results = race.run(step)
    assert Counter(outcome for outcomes in results for outcome in outcomes) == {"HELD": 50, "TAKEN": 350}
    assert [outcomes.count("HELD") for outcomes in zip(*results, strict=True)] == [1] * 50
    assert race.query(holds) == [(before + 50,)]


def test_no_therapist_is_booked_twice_for_one_time(race: Race, cast: Cast) -> None:
    """Holds, confirmations and bookings of an hour and its halves, in any order: the halves or the hour."""
    hours = [hour.slots for hour in cast.hours]
    before = race.query(OVERLAPS)

    def step(index: int, runner: Direct) -> int:
        order, won = random.Random(index), 0  # noqa: S311 - every runner its own order
        for turn, hour in enumerate(order.sample(hours, len(hours))):
            slot, holder = order.choice(hour), f"K{index}-{turn}"
            if index % 2:
                won += take(race, runner, "book", slot, holder) == "BOOKED"
            elif hold(race, runner, slot, holder) == "HELD":
                assert take(race, runner, "confirm", slot, holder) == "BOOKED"
                won += 1
        return won

    won = race.run(step)
    assert sum(won) >= len(hours)
    assert race.query(OVERLAPS) == before
    assert race.query(FROM_RACE) == [(sum(won),)]


def test_one_hold_confirmed_by_all_is_one_appointment(race: Race, cast: Cast) -> None:
    """Twins of one confirmation all get the same number."""
    for slot in cast.halves(10):
        assert hold(race, race.runners[0], slot, f"K{slot}") == "HELD"
        given = {"slot": slot, "patient": race.patient, "holder": f"K{slot}", "moment": MOMENT}

        def step(_: int, runner: Direct, given: dict[str, Any] = given) -> Any:
            def confirm() -> Any:
                number = runner.row("confirm", **given)["appointment"]
                runner.commit()
                return number

            return insist(confirm)

        ((made,),) = {tuple(set(race.run(step)))}
        assert race.query("select NUMMER from AFSPRAAK where AGENDA = ? and VERVALLEN is null", slot) == [(made,)]


def test_a_confirmation_and_a_rival_never_both_win(race: Race, cast: Cast) -> None:
    """The hold runs out while its owner confirms and seven others want the slot: one of them has it."""
    for slot in cast.halves(20):
        assert hold(race, race.runners[0], slot, "K0") == "HELD"
        soon = "update AGENDA set GEHOUDEN_TOT = dateadd(3 millisecond to cast('NOW' as timestamp)) where NUMMER = ?"
        race.query(soon, slot)

        def step(index: int, runner: Direct, slot: int = slot) -> str:
            if index == 0:
                return take(race, runner, "confirm", slot, "K0")
            return hold(race, runner, slot, f"K{index}-{slot}")

        results = race.run(step)
        assert results.count("HELD") + results.count("BOOKED") <= 1
        assert set(results) <= {"HELD", "BOOKED", "TAKEN", "EXPIRED"}
        race.query("update AFSPRAAK set HOUDER = null where AGENDA = ?", slot)  # K0 holds the next one


def test_cancelling_against_rebooking_leaves_one_truth(race: Race, cast: Cast) -> None:
    """All cancel one appointment and want its slot: it is cancelled once, and one of them has the slot."""
    for slot in cast.halves(10):
        assert take(race, race.runners[0], "book", slot, f"K{slot}") == "BOOKED"
        ((number,),) = race.query("select NUMMER from AFSPRAAK where AGENDA = ? and VERVALLEN is null", slot)
        given = {"appointment": number, "patient": race.patient, "moment": MOMENT}

        def step(index: int, runner: Direct, slot: int = slot, given: dict[str, Any] = given) -> tuple[str, str]:
            cancelled: str = insist(lambda: runner.outcome("cancel", **given))
            return cancelled, take(race, runner, "book", slot, f"K{slot}-{index}")

        results = race.run(step)
        assert Counter(results) == {("CANCELLED", "BOOKED"): 1, ("CANCELLED", "TAKEN"): THREADS - 1}
        assert race.query("select count(*) from AFSPRAAK where AGENDA = ? and VERVALLEN is null", slot) == [(1,)]


def test_a_conversation_in_eight_transactions_holds_one_slot(race: Race, cast: Cast) -> None:
    """Whoever came last has it, and the others are free again."""
    free = cast.halves(HALVES)
    for turn in range(10):
        mine = free[turn * THREADS : (turn + 1) * THREADS]

        def step(index: int, runner: Direct, turn: int = turn, mine: list[int] = mine) -> str:
            return hold(race, runner, mine[index], f"K{index}-{turn}", "C")

        assert race.run(step) == ["HELD"] * THREADS
        listed = ", ".join(map(str, free))
        held = f"select HOUDER, NUMMER from AGENDA where STATUS = 'H' and NUMMER in ({listed})"  # noqa: S608 - numbers
        ((holder, slot),) = race.query(held)
        assert slot in mine
        assert holder.endswith(f"-{turn}")
