"""How long a durable write waits, and what it tells."""

import asyncio
import time
from threading import Timer

import pytest

from contracts.delivery import Checked, Delivered, NotSent
from contracts.errors import NotFound, StateDamaged
from outbox.entry import Entry
from tests.unit.shim.accepting import AGENT, Accepting, contract, document

CHECK_WAIT_S = 2.0


def waited(accepting: Accepting, entry: Entry, wait_s: float) -> tuple[Entry, float]:
    begun = time.monotonic()
    found = asyncio.run(accepting.durable.wait(entry, wait_s))
    return found, time.monotonic() - begun


def checkable(accepting: Accepting, check_again_s: float | None) -> Entry:
    accepting.receiver.answers = [Delivered("INC-000482", check_again_s=check_again_s)]
    entry = accepting.accept(document())
    accepting.deliver()
    return accepting.entry(entry.id)


def test_a_look_that_is_about_to_be_made_is_waited_for(accepting: Accepting) -> None:
    """The reply then tells what the look has shown."""
    entry = checkable(accepting, 0.5)
    accepting.receiver.seen = [Checked(None, "sla_missing", "no due time")]

    def look() -> None:
        accepting.clock.forward(1)
        accepting.worker.step("planon")

    timer = Timer(0.3, look)
    timer.start()
    found, passed = waited(accepting, entry, 30)
    timer.join()
    assert found.attention == "sla_missing"
    assert passed < CHECK_WAIT_S
    assert accepting.durable.reply(found, contract("log_note")).attention == "sla_missing"


@pytest.mark.parametrize(("check_again_s", "wait_s"), [(None, 30), (60, 30), (5, 30), (1, 0)])
def test_a_look_that_is_far_off_is_not_waited_for(
    accepting: Accepting, check_again_s: float | None, wait_s: float
) -> None:
    """The number is known: somebody on the telephone wants it now."""
    _, passed = waited(accepting, checkable(accepting, check_again_s), wait_s)
    assert passed < CHECK_WAIT_S - 0.2


def test_a_look_that_nobody_makes_is_not_waited_for_long(accepting: Accepting) -> None:
    """Two seconds more than the delivery, and never more than was asked for."""
    entry = checkable(accepting, 0.1)
    found, passed = waited(accepting, entry, 30)
    assert found.check_at is not None
    assert CHECK_WAIT_S - 0.2 < passed < CHECK_WAIT_S + 3
    _, passed = waited(accepting, entry, 0.5)
    assert 0.4 < passed < CHECK_WAIT_S - 0.2


def behind(incident: Entry) -> dict[str, dict[str, str]]:
    """The two ways in which a note names its incident."""
    return {
        "number": {"about": "INC-000482", "about_kind": "incident"},
        "delivery": {"follows": incident.id, "follows_kind": "incident"},
    }


def damage(accepting: Accepting) -> None:
    with accepting.state.transaction() as tx:
        tx.execute("DROP TRIGGER payload_is_frozen")
        tx.execute("UPDATE payload SET body = particulars")


@pytest.mark.parametrize("by", ["number", "delivery"])
def test_a_note_behind_a_damaged_incident_is_a_problem_of_its_own(accepting: Accepting, by: str) -> None:
    """Whose incident it is cannot be told, so nothing is guessed, stored or answered with a defect."""
    incident = checkable(accepting, None)
    damage(accepting)
    with pytest.raises(StateDamaged, match=incident.id):
        accepting.accept(document("note", **behind(incident)[by]))
    assert sum(count.entries for count in accepting.outbox.counts()) == 1


def test_a_damaged_result_is_a_problem_of_its_own(accepting: Accepting) -> None:
    """The delivery is what it is, but what the backend said of it is lost."""
    entry = checkable(accepting, None)
    with accepting.state.transaction() as tx:
        tx.execute("UPDATE entry SET result = x'00'")
    with pytest.raises(StateDamaged, match="result"):
        accepting.durable.reply(accepting.entry(entry.id), contract("log_note"))


@pytest.mark.parametrize("by", ["number", "delivery"])
def test_a_note_behind_somebody_else_s_incident_is_not_found(accepting: Accepting, by: str) -> None:
    """Known by number or by delivery, it is another tenant's."""
    incident = checkable(accepting, None)
    with pytest.raises(NotFound):
        accepting.accept(document("note", subject="T-0002", **behind(incident)[by]))


def test_a_delivery_is_its_client_s_alone(accepting: Accepting) -> None:
    """Somebody else's does not exist; nor does one that a note would follow."""
    accepting.receiver.answers = [NotSent("refused")]
    with pytest.raises(NotFound):
        accepting.durable.of_client(AGENT.client, "dl_unknown")
    with pytest.raises(NotFound):
        accepting.accept(document("note", follows="dl_unknown", follows_kind="incident"))
