"""What is let go by itself: to the day, once, in small commits, and never what is still needed."""

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from contracts.delivery import Delivered
from contracts.errors import StateUnavailable
from outbox.entry import Entry
from outbox.hand import Hand
from shim.explanation import explanation
from shim.keeping import retention as module
from shim.keeping.retention import Keeping, LetGo, Retention, RetentionThread
from shim.writing.idempotency import Idempotency, Write
from tests.unit.outbox.stand_ins import Clock, Receiver, accept, at_once
from tests.unit.shim.filled import BLIND, CIPHER, Filled, ours

DAY_S = 86_400
KEEPING = Keeping(text_days=14, idempotency_days=30, identity_window_s=3600)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Filled]:
    made = ours(tmp_path / "state.db", Clock())
    yield made
    made.database.close()


@pytest.fixture
def retention(state: Filled) -> Retention:
    return Retention(state.database, CIPHER, state.clock, KEEPING)


@pytest.fixture
def idempotency(state: Filled) -> Idempotency:
    return Idempotency(state.database, CIPHER, BLIND, state.clock)


def run(retention: Retention) -> LetGo:
    return retention.run(lambda _: None)


def delivered(state: Filled, name: str = "1", **answer: Any) -> Entry:
    """Return an entry that was delivered now, with what its client asked."""
    entry = accept(state.outbox, name)
    with state.database.transaction() as tx:
        sealed = CIPHER.seal(b'{"message":"de kraan lekt"}', f"{entry.id}/request")
        tx.execute("INSERT INTO request (entry_seq, body) VALUES (:seq, :body)", {"seq": entry.seq, "body": sealed})
    state.work(Receiver(answers=[Delivered("INC-000001", **answer)]))
    return entry


def has_text(state: Filled, entry: Entry) -> bool:
    return bool(
        state.database.read("SELECT 1 FROM payload WHERE entry_seq = :seq", seq=entry.seq)
        or state.database.read("SELECT 1 FROM request WHERE entry_seq = :seq", seq=entry.seq)
    )


def test_words_go_fourteen_days_after_the_delivery(state: Filled, retention: Retention) -> None:
    """Not a second earlier, and not when it was accepted."""
    entry = accept(state.outbox)
    state.clock.forward(3 * DAY_S)
    state.work(Receiver())
    state.clock.forward(14 * DAY_S)
    assert run(retention).texts == 0
    assert has_text(state, entry)
    state.clock.forward(1)
    assert run(retention).texts == 1
    assert not has_text(state, entry)
    assert run(retention) == LetGo(0, 0, 0)


def test_what_the_client_asked_goes_and_the_explanation_stays(state: Filled, retention: Retention) -> None:
    """The hash, the sources, and what the backend said of the clock."""
    entry = delivered(state, result={"incident": "INC-000001", "sla": {"state": "running"}})
    before = state.outbox.sha256(entry)
    state.clock.forward(15 * DAY_S)
    assert run(retention).texts == 1
    assert state.outbox.request(entry) is None
    kept = state.outbox.get(entry.id)
    assert kept is not None
    told = explanation(state.outbox, kept)
    assert (told.payload.sha256, told.payload.damage) == (before, None)
    assert told.payload.pruned_at is not None
    assert [source.element for source in told.sources] == ["BO_PRIORITY"]
    assert told.sla == {"state": "running"}
    (action,) = state.database.read("SELECT actor, action, reason FROM admin_action")
    assert tuple(action) == ("shim", "prune", "kept for 14 days: keep_text_days")


@pytest.mark.parametrize("days", [1, 60])
def test_how_long_is_the_configurations(state: Filled, days: int) -> None:
    """The days that it was given."""
    entry = delivered(state)
    keeping = Keeping(days, 30, 3600)
    state.clock.forward(days * DAY_S)
    assert run(Retention(state.database, CIPHER, state.clock, keeping)).texts == 0
    state.clock.forward(1)
    assert run(Retention(state.database, CIPHER, state.clock, keeping)).texts == 1
    assert not has_text(state, entry)


def test_what_somebody_still_needs_stays(state: Filled, retention: Retention) -> None:
    """Not final, looked at, wanting attention, or the first of a text whose parts have not left."""
    stuck = accept(state.outbox, "stuck")
    with state.database.transaction() as tx:
        tx.execute("UPDATE entry SET state = 'parked', reason = 'x', ended_at = 1 WHERE seq = :seq", {"seq": stuck.seq})
    looked_at = delivered(state, "looked", check_again_s=60)
    attention = delivered(state, "attention", attention="sla_missing")
    first = accept(state.outbox, "first")
    part = accept(state.outbox, "part", continues=first.id)
    with state.database.transaction() as tx:
        tx.execute("UPDATE entry SET state = 'discarded', ended_at = 1 WHERE seq = :seq", {"seq": first.seq})
    waiting = accept(state.outbox, "waiting")
    state.clock.forward(400 * DAY_S)
    assert run(retention).texts == 0
    assert all(has_text(state, entry) for entry in (stuck, looked_at, attention, first, part, waiting))
    Hand(state.database, state.clock).discard(part.id, "told by telephone")
    state.clock.forward(15 * DAY_S)
    assert run(retention).texts == 2


def test_an_answer_goes_thirty_days_after_it_was_asked_for(
    state: Filled, retention: Retention, idempotency: Idempotency
) -> None:
    """Only of an immediate write with a certain outcome; a delivery's stays as long as the delivery."""
    certain, open_ended, durable = (Write("agent", name, "print") for name in ("certain", "open", "durable"))
    entry = delivered(state)
    with state.database.transaction() as tx:
        idempotency.insert(tx, certain, None)
        idempotency.insert(tx, open_ended, None)
        idempotency.insert(tx, durable, entry.id)
        idempotency.finish(tx, certain, 200, b"{}")
    state.clock.forward(30 * DAY_S)
    assert run(retention).answers == 0
    assert idempotency.find(certain)
    state.clock.forward(1)
    assert run(retention).answers == 1
    assert idempotency.find(certain) is None
    assert idempotency.find(open_ended)
    assert idempotency.find(durable)


def test_many_go_in_small_commits(
    state: Filled, retention: Retention, idempotency: Idempotency, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a pause after each, in which others write."""
    monkeypatch.setattr(module, "_LIMIT", 10)
    with state.database.transaction() as tx:
        for number in range(25):
            idempotency.insert(tx, write := Write("agent", f"{number}", "print"), None)
            idempotency.finish(tx, write, 200, b"{}")
        for minute in range(25):
            tx.execute("INSERT INTO client_minute (client, minute, requests) VALUES ('agent', :m, 1)", {"m": minute})
    state.clock.forward(31 * DAY_S)
    pauses: list[float] = []
    assert retention.run(pauses.append) == LetGo(0, 25, 25)
    assert len(pauses) == 4
    assert min(pauses) > 0


def test_what_was_counted_goes_when_it_limits_nothing_any_more(state: Filled, retention: Retention) -> None:
    """Minutes after an hour, and who was identified or asked about after their windows; what is younger stays."""
    with state.database.transaction() as tx:
        for ago_min in (0, 59, 60, 61, 62):
            values = {"ago": ago_min}
            tx.execute(
                "INSERT INTO client_minute (client, minute, requests) SELECT 'agent', ms / 60000 - :ago, 1 FROM clock",
                values,
            )
            tx.execute("INSERT INTO identity_attempt (subject, at) SELECT 'x', ms - :ago * 60000 FROM clock", values)
            tx.execute(
                "INSERT INTO identity_person (client, subject, at) SELECT 'agent', :ago, ms - :ago * 60000 FROM clock",
                values,
            )
    assert run(retention).minutes in {2, 3}  # a minute may have begun meanwhile
    rows = {
        table: state.database.read(f"SELECT COUNT(*) FROM {table}")[0][0]  # noqa: S608 - names of ours
        for table in ("client_minute", "identity_attempt", "identity_person")
    }
    assert rows["client_minute"] in {2, 3}
    assert (rows["identity_attempt"], rows["identity_person"]) == (2, 2)


def test_several_at_once_do_it_once(state: Filled) -> None:
    """As many processes do: each text goes once, and is on record once."""
    entries = [delivered(state, str(number)) for number in range(12)]
    state.clock.forward(15 * DAY_S)
    others = [Retention(state.database, CIPHER, state.clock, KEEPING) for _ in range(4)]
    done = at_once(4, lambda number: run(others[number]))
    assert sum(one.texts for one in done) == len(entries)
    assert not any(has_text(state, entry) for entry in entries)
    assert all(state.outbox.pruned(entry) for entry in entries)
    details = state.database.read("SELECT detail FROM admin_action")
    assert sum(int(cast("str", row[0]).split('"entries":')[1].split(",")[0]) for row in details) == len(entries)


class Runs:
    """In a retention's place: tells of each run, and does as told."""

    def __init__(self, act: Callable[[int, Callable[[float], None]], LetGo]) -> None:
        self.act = act
        self.runs = 0
        self.ran = threading.Condition()

    def run(self, pause: Callable[[float], None]) -> LetGo:
        with self.ran:
            self.runs += 1
            self.ran.notify_all()
        return self.act(self.runs, pause)

    def wait(self, runs: int) -> None:
        with self.ran:
            assert self.ran.wait_for(lambda: self.runs >= runs, timeout=60)


def started(runs: Runs, first_s: float = 0.001, every_s: float = 0.001) -> RetentionThread:
    thread = RetentionThread(cast("Retention", runs), first_s, every_s)
    thread.start()
    return thread


def test_it_goes_on_after_an_error(caplog: pytest.LogCaptureFixture) -> None:
    """A locked state and a defect are logged, and the service lives."""

    def act(number: int, _pause: object) -> LetGo:
        if number == 1:
            raise StateUnavailable("the disk is full")
        if number == 2:
            raise RuntimeError("a defect")
        return LetGo(3, 4, 5, ("dl_damaged",))

    runs = Runs(act)
    with caplog.at_level(logging.INFO):
        thread = started(runs)
        runs.wait(4)
        assert thread.stop(60)
    unavailable, defect = (
        record for record in caplog.records if record.levelno >= logging.WARNING and "stay" in record.getMessage()
    )
    assert ("the disk is full" in unavailable.getMessage(), unavailable.exc_info) == (True, None)
    assert defect.exc_info is not None
    assert "RuntimeError: a defect" in caplog.text
    assert "the texts of 3 entries, 4 answers, 5 minutes" in caplog.text
    assert "dl_damaged" in caplog.text


def test_it_waits_before_it_begins() -> None:
    """A start has better to do."""
    runs = Runs(lambda _number, _pause: LetGo(0, 0, 0))
    thread = started(runs, first_s=3600)
    assert thread.stop(60)
    assert runs.runs == 0


def test_a_stop_ends_a_long_run_between_two_commits() -> None:
    """A shutdown does not wait for a year's texts."""

    def act(_number: int, pause: Callable[[float], None]) -> LetGo:
        while True:
            pause(0.001)

    runs = Runs(act)
    thread = started(runs)
    runs.wait(1)
    assert thread.stop(60)
