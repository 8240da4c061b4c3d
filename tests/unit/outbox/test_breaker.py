import pytest

from contracts.delivery import Absent, Conflicting, Delivered, DeliveryState, NotSent, Outcome, OutcomeUnknown, Rejected
from contracts.errors import BackendUnavailable
from outbox.backoff import Backoff
from outbox.database import Database
from outbox.store import Outbox
from outbox.worker import Pace, Worker
from shim.keys import RestCipher
from tests.unit.outbox.stand_ins import Clock, Receiver, accept, accept_all, at_once, new_entry, stored

DOWN = NotSent("no connection: refused")


def alerts(database: Database) -> list[tuple[str, str]]:
    return [(row["destination"], row["kind"]) for row in database.read("SELECT * FROM alert ORDER BY at, kind DESC")]


def attempts(worker: Worker, seconds: float, clock: Clock, receiver: Receiver) -> list[float]:
    """Let a worker step every second; return the seconds at which the destination met an attempt."""
    met: list[float] = []
    for second in range(int(seconds)):
        while True:
            before = len(receiver.sent) + len(receiver.asked)
            worker.step("planon")
            if len(receiver.sent) + len(receiver.asked) == before:
                break
            met.append(second)
        clock.forward(1)
    return met


@pytest.fixture
def other(database: Database, receiver: Receiver, clock: Clock) -> Worker:
    """A worker of another process: it shares the database with the first and nothing else."""
    outbox = Outbox(database, RestCipher(bytes(32)), clock, lambda: clock.up)
    return Worker(outbox, {"planon": receiver}, clock, Backoff(first_s=1, cap_s=8), Pace(threads=0))


def test_three_attempts_that_reach_nobody_open_the_breaker(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock
) -> None:
    """From then on one attempt per interval is made for all entries together."""
    receiver.answers = [DOWN] * 1000
    for number in range(20):
        accept(outbox, str(number))
    met = attempts(worker, 200, clock, receiver)
    assert met[:3] == [0, 0, 0]
    assert met[3:] == [30, 60, 90, 120, 150, 180]


def test_an_outage_uses_up_nobody_s_attempts(outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock) -> None:
    """However often an entry was the one that was tried."""
    receiver.answers = [DOWN] * 100
    entry = accept(outbox)
    for _ in range(100):
        assert worker.step("planon")
        clock.forward(3600)
    found = stored(outbox, entry)
    assert (found.state, found.tries, found.sends) == (DeliveryState.READY, 0, 100)


def test_several_workers_share_one_probe(
    outbox: Outbox, worker: Worker, other: Worker, receiver: Receiver, clock: Clock
) -> None:
    """The second worker finds the interval's attempt taken, even while the first is still making it."""
    receiver.answers = [DOWN] * 100
    for number in range(9):
        accept(outbox, str(number))
    for _ in range(3):
        worker.step("planon")
    clock.forward(30)
    assert outbox.claim("planon", "a probe under way") is not None
    assert not other.step("planon")
    assert not worker.step("planon")
    clock.forward(30)
    assert other.step("planon")
    assert not worker.step("planon")


def test_those_who_claim_at_the_same_moment_share_one_probe(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock
) -> None:
    """Whoever is a moment later sees that the interval's attempt is taken, before it is even committed."""
    receiver.answers = [DOWN] * 3
    accept_all(outbox, [new_entry(str(number)) for number in range(20)])
    for _ in range(3):
        worker.step("planon")
    for _ in range(3):
        clock.forward(30)
        claims = at_once(8, lambda number: outbox.claim("planon", f"worker {number}", "send"))
        assert sum(claim is not None for claim in claims) == 1


def test_the_breaker_outlives_its_process(
    outbox: Outbox, worker: Worker, other: Worker, receiver: Receiver, clock: Clock
) -> None:
    """A worker that starts in an outage does not begin with three attempts of its own."""
    receiver.answers = [DOWN] * 100
    for number in range(9):
        accept(outbox, str(number))
    for _ in range(3):
        worker.step("planon")
    assert worker.stop(1)
    assert not other.step("planon")
    clock.forward(30)
    assert other.step("planon")
    assert not other.step("planon")
    assert len(receiver.sent) == 4


@pytest.mark.parametrize(
    "life", [Delivered("INC-1"), Rejected("E42"), NotSent("a lock on this record", about_entry=True)]
)
def test_any_sign_of_life_closes_it(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock, life: Outcome
) -> None:
    """Whatever the answer was: somebody answered."""
    receiver.answers = [DOWN, DOWN, DOWN, life]
    for number in range(6):
        accept(outbox, str(number))
    for _ in range(3):
        worker.step("planon")
    assert outbox.gate("planon").open_since is not None
    clock.forward(30)
    worker.step("planon")
    gate = outbox.gate("planon")
    assert (gate.open_since, gate.failures, gate.outage_ms) == (None, 0, 30_000)
    assert worker.step("planon")
    assert len(receiver.sent) == 5


@pytest.mark.parametrize("finding", [Absent(), Conflicting("two records")])
def test_an_answered_question_closes_it(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock, finding: Absent | Conflicting
) -> None:
    """Unanswered questions open it, as lost answers do; an answered one closes it."""
    receiver.answers = [OutcomeUnknown("reset")]
    receiver.findings = [BackendUnavailable("down"), BackendUnavailable("down"), finding]
    accept(outbox)
    for _ in range(3):
        worker.step("planon")
        clock.forward(10)
    assert outbox.gate("planon").open_since is not None
    clock.forward(30)
    worker.step("planon")
    assert outbox.gate("planon").open_since is None


def test_failures_count_only_in_a_row(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock, database: Database
) -> None:
    """Two of them and an answer are no outage, however often."""
    receiver.answers = [DOWN, DOWN, Delivered("INC-1")] * 5
    accept_all(outbox, [new_entry(str(number)) for number in range(5)])
    for _ in range(15):
        worker.step("planon")
        clock.forward(10)
    assert len(receiver.sent) == 15
    assert (outbox.gate("planon").failures, alerts(database)) == (0, [])


def test_an_entry_s_own_trouble_opens_nothing(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock, database: Database
) -> None:
    """A locked record is no outage, however often it is tried; nor is a question that an adapter's defect answers."""
    receiver.answers = [*[NotSent("locked", about_entry=True)] * 5, RuntimeError("defect")]
    receiver.findings = [RuntimeError("defect")] * 5
    accept(outbox)
    for _ in range(11):
        worker.step("planon")
        clock.forward(10)
    assert outbox.gate("planon").failures == 1  # the one send of which nobody can tell
    assert alerts(database) == []


def test_an_adapter_that_fails_at_every_send_is_an_outage(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock
) -> None:
    """Else all that waits would be sent at once, and nobody would know of any of it."""
    receiver.answers = [RuntimeError("another page")] * 20
    receiver.findings = [RuntimeError("another page")] * 20
    accept_all(outbox, [new_entry(str(number)) for number in range(20)])
    for _ in range(40):
        worker.step("planon")
    assert outbox.gate("planon").open_since is not None
    assert len(receiver.sent) == 3
    clock.forward(30)
    for _ in range(40):
        worker.step("planon")
    assert len(receiver.sent) + len(receiver.asked) <= 3 + 3 + 1  # one probe in the interval


def test_an_outage_is_told_twice(
    outbox: Outbox,
    worker: Worker,
    other: Worker,
    receiver: Receiver,
    clock: Clock,
    database: Database,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once when it begins and once when it ends, whoever found out, in the table and in the log."""
    receiver.answers = [DOWN] * 7
    for number in range(9):
        accept(outbox, str(number))
    with caplog.at_level("INFO"):
        for _ in range(20):
            worker.step("planon")
            other.step("planon")
            clock.forward(30)
    assert alerts(database) == [("planon", "opened"), ("planon", "closed")]
    told = [(record.levelname, record.getMessage()) for record in caplog.records if "planon" in record.getMessage()]
    assert told == [
        ("WARNING", "planon is out of reach: 3 attempts in a row failed: no connection: refused"),
        ("INFO", "planon is back: it answers again after 0 h 02 min and 5 probes"),
    ]


def test_a_backend_that_asks_to_be_left_alone_is_not_probed(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock
) -> None:
    """Retry-After counts for the whole destination once it is out of reach."""
    receiver.answers = [NotSent("throttled", retry_after_s=100)] * 3
    for number in range(9):
        accept(outbox, str(number))
    assert attempts(worker, 101, clock, receiver)[:4] == [0, 0, 0, 100]


def test_a_probe_that_asked_nobody_is_given_back(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock
) -> None:
    """An entry that is parked before it is sent does not take the interval's attempt from the others."""
    receiver.answers = [DOWN] * 3
    receiver.fingerprints = {"incident": "new"}
    for number in range(3):
        accept(outbox, str(number), fingerprint="new")
    old = accept(outbox, "7", fingerprint="old")
    accept(outbox, "8", fingerprint="new")
    clock.forward(3600)
    for _ in range(3):
        clock.forward(1)
        worker.step("planon")
    clock.forward(30)
    while worker.step("planon") and len(receiver.sent) < 4:
        pass
    assert stored(outbox, old).state is DeliveryState.PARKED
    assert len(receiver.sent) == 4


def test_questions_and_sends_take_turns_while_it_is_out_of_reach(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock
) -> None:
    """A question that nobody will ever answer does not keep the breaker open for the rest."""
    receiver.answers = [OutcomeUnknown("reset")]
    receiver.findings = [BackendUnavailable("never")] * 100
    accept(outbox, "1")
    for _ in range(3):
        worker.step("planon")
        clock.forward(10)
    fresh = accept(outbox, "2")
    for _ in range(3):
        clock.forward(30)
        worker.step("planon")
    assert stored(outbox, fresh).state is DeliveryState.DELIVERED


def test_a_clock_that_is_set_back_does_not_put_probes_off(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock
) -> None:
    """A probe that was planned while the clock was a day ahead is made none the less."""
    receiver.answers = [DOWN] * 3
    clock.step(86_400)
    for number in range(4):
        accept(outbox, str(number))
    for _ in range(3):
        worker.step("planon")
    clock.step(-86_400)
    accept(outbox, "9")
    assert worker.step("planon")
    gate = outbox.gate("planon")
    assert (gate.open_since, gate.outage_ms) == (None, 0)
