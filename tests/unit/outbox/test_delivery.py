from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from contracts.delivery import (
    Absent,
    Conflicting,
    Delivered,
    DeliveryState,
    NotSent,
    Outcome,
    OutcomeUnknown,
    Rejected,
)
from contracts.errors import BackendUnavailable
from outbox.database import ConstraintViolated
from outbox.destinations import Breaker
from outbox.hand import Hand
from outbox.store import Outbox
from outbox.uptime import Uptime
from outbox.worker import Worker
from tests.unit.outbox.stand_ins import REPORTED_AT, Clock, Receiver, accept


def state(outbox: Outbox, entry_id: str) -> DeliveryState:
    entry = outbox.get(entry_id)
    assert entry is not None
    return entry.state


def test_an_accepted_entry_is_delivered_as_it_was_composed(outbox: Outbox, worker: Worker, receiver: Receiver) -> None:
    """Bytes, reference and report time reach the destination as they were accepted."""
    entry = accept(outbox, body=b"<Incident>\xe2\x82\xac</Incident>")
    assert worker.step("planon")
    (sending,) = receiver.sent
    assert sending.body == b"<Incident>\xe2\x82\xac</Incident>"
    assert (sending.reference, sending.subject) == ("LS-1", "T-0001")
    assert sending.reported_at.isoformat() == REPORTED_AT.isoformat()
    assert state(outbox, entry.id) is DeliveryState.DELIVERED
    assert not worker.step("planon")


def test_bytes_and_report_time_stay_through_every_attempt(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock
) -> None:
    """An outage of a day changes neither the document nor the report time."""
    receiver.answers = [NotSent("refused")] * 40
    entry = accept(outbox)
    for _ in range(41):
        assert worker.step("planon")
        clock.forward(3600)
    assert len({(sending.body, sending.reported_at, sending.reference) for sending in receiver.sent}) == 1
    delivered = outbox.get(entry.id)
    assert delivered is not None
    assert delivered.state is DeliveryState.DELIVERED
    assert delivered.reported_at.isoformat() == REPORTED_AT.isoformat()


def test_a_refused_connection_is_tried_again_after_a_delay(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock
) -> None:
    """What was proven not executed is sent again, not asked about."""
    receiver.answers = [NotSent("refused", retry_after_s=30)]
    accept(outbox)
    worker.step("planon")
    assert not worker.step("planon")
    clock.forward(29)
    assert not worker.step("planon")
    clock.forward(2)
    assert worker.step("planon")
    assert (len(receiver.sent), len(receiver.asked)) == (2, 0)


@pytest.mark.parametrize("failure", [OutcomeUnknown("reset"), RuntimeError("defect"), BackendUnavailable("gone")])
def test_an_unknown_outcome_is_asked_about_and_never_just_resent(
    outbox: Outbox, worker: Worker, receiver: Receiver, failure: OutcomeUnknown | Exception
) -> None:
    """A lost reply ends as one delivery, because the backend was asked by reference."""
    receiver.answers = [failure]
    receiver.findings = [Delivered("INC-000001")]
    entry = accept(outbox)
    worker.step("planon")
    assert state(outbox, entry.id) is DeliveryState.UNKNOWN
    worker.step("planon")
    assert state(outbox, entry.id) is DeliveryState.DELIVERED
    assert (len(receiver.sent), len(receiver.asked)) == (1, 1)


def test_not_found_counts_only_after_the_settling_time(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock
) -> None:
    """A backend that commits late is not sent the same report twice."""
    receiver.answers = [OutcomeUnknown("time-out")]
    entry = accept(outbox)
    worker.step("planon")
    worker.step("planon")
    assert (len(receiver.asked), state(outbox, entry.id)) == (1, DeliveryState.UNKNOWN)
    clock.forward(59)
    assert not worker.step("planon")
    clock.forward(2)
    worker.step("planon")
    assert (len(receiver.asked), state(outbox, entry.id)) == (2, DeliveryState.READY)
    worker.step("planon")
    assert (len(receiver.sent), state(outbox, entry.id)) == (2, DeliveryState.DELIVERED)


def test_a_question_that_fails_proves_nothing(outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock) -> None:
    """While the backend cannot be asked the outcome stays unknown, however long that takes."""
    receiver.answers = [OutcomeUnknown("time-out")]
    receiver.findings = [BackendUnavailable("down")] * 20
    entry = accept(outbox)
    worker.step("planon")
    for _ in range(20):
        clock.forward(600)
        assert worker.step("planon")
        assert state(outbox, entry.id) is DeliveryState.UNKNOWN
    assert len(receiver.sent) == 1


def test_a_second_unknown_outcome_settles_anew(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock
) -> None:
    """The settling time runs from the last send, not from the first."""
    receiver.answers = [OutcomeUnknown("time-out"), OutcomeUnknown("time-out")]
    accept(outbox)
    worker.step("planon")
    clock.forward(61)
    worker.step("planon")  # absent and settled
    worker.step("planon")  # sent again
    worker.step("planon")  # absent, not settled
    assert len(receiver.sent) == 2
    clock.forward(30)
    assert not worker.step("planon")


def test_a_rejection_is_final(outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock) -> None:
    """What the backend refused for good is not sent again by itself."""
    receiver.answers = [Rejected("E42")]
    entry = accept(outbox)
    worker.step("planon")
    clock.forward(86_400)
    assert not worker.step("planon")
    rejected = outbox.get(entry.id)
    assert rejected is not None
    assert (rejected.state, rejected.reason) == (DeliveryState.REJECTED, "E42")


def test_a_contradicting_record_parks(outbox: Outbox, hand: Hand, worker: Worker, receiver: Receiver) -> None:
    """Somebody else's record under our reference is a person's matter."""
    receiver.answers = [OutcomeUnknown("reset")]
    receiver.findings = [Conflicting("two records")]
    entry = accept(outbox)
    worker.step("planon")
    worker.step("planon")
    assert state(outbox, entry.id) is DeliveryState.PARKED
    assert hand.retry(entry.id) is not None
    assert state(outbox, entry.id) is DeliveryState.UNKNOWN


def test_who_has_looked_can_have_it_sent(outbox: Outbox, hand: Hand, worker: Worker, receiver: Receiver) -> None:
    """A backend that can never be asked would otherwise park it again and again."""
    receiver.answers = [OutcomeUnknown("reset")]
    receiver.findings = [Conflicting("nobody can tell")]
    entry = accept(outbox)
    worker.step("planon")
    worker.step("planon")
    assert hand.retry(entry.id, not_there=True) is not None
    assert state(outbox, entry.id) is DeliveryState.READY
    worker.step("planon")
    assert state(outbox, entry.id) is DeliveryState.DELIVERED
    assert len(receiver.sent) == 2


def test_a_note_follows_its_incident(outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock) -> None:
    """A note waits for its incident and is given the incident's number."""
    receiver.answers = [NotSent("refused")]
    incident = accept(outbox, "1")
    note = accept(outbox, "2", order_key=incident.order_key, follows=incident.id, slot=b"SLOT")
    assert note.state is DeliveryState.WAITING
    worker.step("planon")
    assert not worker.step("planon")
    clock.forward(10)
    worker.step("planon")
    worker.step("planon")
    assert [sending.parent_backend_id for sending in receiver.sent] == [None, None, "INC-000002"]
    assert state(outbox, note.id) is DeliveryState.DELIVERED


def test_a_stuck_head_freezes_only_its_own_key(outbox: Outbox, hand: Hand, worker: Worker, receiver: Receiver) -> None:
    """Other keys go on, and giving the head up lets its own key go on."""
    receiver.answers = [Rejected("E42")]
    head = accept(outbox, "1", order_key="a")
    behind = accept(outbox, "2", order_key="a")
    other = accept(outbox, "3", order_key="b")
    while worker.step("planon"):
        pass
    assert state(outbox, behind.id) is DeliveryState.WAITING
    assert state(outbox, other.id) is DeliveryState.DELIVERED
    assert hand.discard(head.id, "entered by hand") is not None
    assert worker.step("planon")
    assert state(outbox, behind.id) is DeliveryState.DELIVERED


def test_a_note_whose_incident_was_given_up_is_rejected(
    outbox: Outbox, hand: Hand, worker: Worker, receiver: Receiver
) -> None:
    """Without a number to fill in, nothing is sent."""
    receiver.answers = [Rejected("E42")]
    incident = accept(outbox, "1")
    note = accept(outbox, "2", order_key=incident.order_key, follows=incident.id, slot=b"SLOT")
    worker.step("planon")
    hand.discard(incident.id, "entered by hand")
    worker.step("planon")
    assert state(outbox, note.id) is DeliveryState.REJECTED
    assert len(receiver.sent) == 1


def test_what_is_unknown_cannot_be_discarded(outbox: Outbox, hand: Hand, worker: Worker, receiver: Receiver) -> None:
    """Giving up an entry that may have landed would hide a duplicate."""
    receiver.answers = [OutcomeUnknown("reset")]
    receiver.findings = [Absent()]
    entry = accept(outbox)
    worker.step("planon")
    assert hand.discard(entry.id, "impatient") is None
    assert state(outbox, entry.id) is DeliveryState.UNKNOWN


def test_every_attempt_is_told(outbox: Outbox, worker: Worker, receiver: Receiver) -> None:
    """Intent and outcome of each attempt stay, in order."""
    receiver.answers = [OutcomeUnknown("connection reset")]
    receiver.findings = [Delivered("INC-000001")]
    entry = accept(outbox)
    worker.step("planon")
    worker.step("planon")
    told = [(a.step, a.action, a.outcome, a.evidence) for a in outbox.attempts(entry)]
    assert told == [
        (1, "send", "unknown", "connection reset"),
        (2, "find", "delivered", "found by its reference"),
    ]
    assert outbox.attempts(entry)[0].started_at == datetime(2026, 11, 19, 21, 15, tzinfo=UTC)


def test_one_reference_is_one_entry(outbox: Outbox) -> None:
    """A second document under the same reference is refused by the database itself."""
    accept(outbox, "1")
    with pytest.raises(ConstraintViolated, match=r"entry[._](id|destination)"):
        accept(outbox, "1")


def test_a_clock_that_is_set_settles_nothing(outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock) -> None:
    """A step of the wall clock by an hour does not make a "not found" believable."""
    receiver.answers = [OutcomeUnknown("time-out")]
    entry = accept(outbox)
    worker.step("planon")
    clock.step(3600)
    worker.step("planon")
    assert (len(receiver.asked), state(outbox, entry.id)) == (1, DeliveryState.UNKNOWN)
    clock.forward(61)
    worker.step("planon")
    assert state(outbox, entry.id) is DeliveryState.READY


def test_after_a_reboot_or_on_another_host_settling_begins_anew(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock
) -> None:
    """Another boot's clock says nothing, however long that host has been up."""
    receiver.answers = [OutcomeUnknown("time-out")]
    entry = accept(outbox)
    worker.step("planon")
    clock.reboot()
    clock.up = Uptime(clock.up.boot, 30 * 86_400_000)
    clock.forward(1)
    worker.step("planon")
    assert state(outbox, entry.id) is DeliveryState.UNKNOWN
    clock.forward(59)
    worker.step("planon")
    assert state(outbox, entry.id) is DeliveryState.UNKNOWN
    clock.forward(2)
    worker.step("planon")
    assert state(outbox, entry.id) is DeliveryState.READY


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        Absent(),
        Conflicting("sent?"),
        "INC-000001",
        Delivered("INC-000001", {"at": object()}),  # type: ignore[dict-item]  # what a careless adapter may do
        Delivered(None),  # type: ignore[arg-type]
        Delivered(Decimal(5)),  # type: ignore[arg-type]
    ],
)
def test_an_outcome_that_cannot_be_is_an_unknown_one(
    outbox: Outbox, worker: Worker, receiver: Receiver, nonsense: object
) -> None:
    """Whatever an adapter returns, the entry goes on and the backend is asked."""
    receiver.answers = [nonsense]  # type: ignore[list-item]
    receiver.findings = [NotSent("as an answer to a question"), Delivered("INC-000001")]  # type: ignore[list-item]
    entry = accept(outbox)
    worker.step("planon")
    assert state(outbox, entry.id) is DeliveryState.UNKNOWN
    worker.step("planon")
    assert (state(outbox, entry.id), len(receiver.sent)) == (DeliveryState.UNKNOWN, 1)


@pytest.mark.parametrize("outcome", [NotSent("x" * 5000, retry_after_s=1e18), Rejected("half a \ud83d character")])
def test_an_outcome_with_endless_parts_is_stored(
    outbox: Outbox, worker: Worker, receiver: Receiver, outcome: Outcome
) -> None:
    """Reasons and delays of a backend have limits."""
    receiver.answers = [outcome]
    entry = accept(outbox)
    worker.step("planon")
    stored = outbox.get(entry.id)
    assert stored is not None
    assert stored.state in {DeliveryState.READY, DeliveryState.REJECTED}
    assert len(stored.reason or "") <= 500
    assert stored.next_attempt_at - stored.accepted_at <= timedelta(hours=1)


def test_questions_without_answers_do_not_keep_new_reports_waiting(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock
) -> None:
    """Sends and questions take turns, however many questions are due and long before anybody calls it an outage."""
    outbox.breaker = Breaker(after=1000)
    receiver.answers = [OutcomeUnknown("reset")] * 5
    receiver.findings = [BackendUnavailable("down")] * 50
    for number in range(5):
        accept(outbox, str(number))
    while len(receiver.sent) < 5:
        worker.step("planon")
    clock.forward(600)
    fresh = accept(outbox, "9")
    for _ in range(2):
        worker.step("planon")
        clock.forward(600)
    assert state(outbox, fresh.id) is DeliveryState.DELIVERED
