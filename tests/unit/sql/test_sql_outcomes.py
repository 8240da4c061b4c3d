import logging
import time
from typing import Any

import pytest

from adapters.sql.child import NoAnswer
from adapters.sql.faults import Contention, Fault, StatementRefused
from adapters.sql.messages import Failed, Job, Rehearsed, Rows, Step
from adapters.sql.transport import Transport
from contracts.errors import BackendOutcomeUnknown, BackendUnavailable

STEPS = (Step("look", {"key": 1}), Step("book", {"key": 1}))


class Told:
    """Connections that have one answer."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.jobs: list[Job] = []
        self.calls: list[str] = []

    def call(self, job: Job, until: float) -> object:
        assert until > time.monotonic()
        self.jobs.append(job)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def rehearse(self, until: float) -> object:
        assert until > time.monotonic()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def open_ahead(self) -> None:
        self.calls.append("open_ahead")

    def close(self) -> None:
        self.calls.append("close")


def transport(answer: object) -> Transport:
    told: Any = Told(answer)
    return Transport(told, told)


def soon() -> float:
    return time.monotonic() + 5


_EITHER = (True, False)
_FAULTS = [(fault, sent) for fault in Fault for sent in _EITHER]


@pytest.mark.parametrize(("fault", "sent"), _FAULTS)
def test_a_read_is_never_unknown(fault: Fault, sent: bool) -> None:
    """It was refused, or it is unavailable; the reason names the statement."""
    expected = StatementRefused if fault is Fault.REFUSED else BackendUnavailable
    with pytest.raises(expected, match="look: codes"):
        transport(Failed(fault, "codes", sent)).read("look", {}, soon())


@pytest.mark.parametrize(("fault", "sent"), _FAULTS)
def test_a_write_is_unknown_only_when_nothing_is_proven(fault: Fault, sent: bool) -> None:
    """A lost connection and a strange error prove nothing once a statement has gone out; before, nothing happened."""
    proven = {
        Fault.CONTENTION: Contention,
        Fault.REFUSED: StatementRefused,
        Fault.FORBIDDEN: BackendUnavailable,
    }
    expected = proven.get(fault, BackendOutcomeUnknown if sent else BackendUnavailable)
    with pytest.raises(expected, match="look, book: codes") as raised:
        transport(Failed(fault, "codes", sent)).write(STEPS, soon())
    assert type(raised.value) is expected


@pytest.mark.parametrize(("sent", "expected"), [(True, BackendOutcomeUnknown), (False, BackendUnavailable)])
def test_no_answer_to_a_write(sent: bool, expected: type[Exception]) -> None:
    """From the first statement on it may have been executed, never before."""
    with pytest.raises(expected, match="look, book: late") as raised:
        transport(NoAnswer("late", sent=sent)).write(STEPS, soon())
    assert type(raised.value) is expected


@pytest.mark.parametrize("sent", _EITHER)
def test_no_answer_to_a_read(sent: bool) -> None:
    """A read can be asked again in any case."""
    with pytest.raises(BackendUnavailable, match="late"):
        transport(NoAnswer("late", sent=sent)).read("look", {}, soon())


def test_reads_and_writes_have_their_own_accounts() -> None:
    """A read goes to the account that reads, as a job of one step that is not committed."""
    reader: Any = Told(Rows((({"n": 1},),)))
    writer: Any = Told(Rows((({"n": 1},), ({"n": 2},))))
    both = Transport(reader, writer)
    assert both.read("look", {"key": 1}, soon()) == ({"n": 1},)
    assert both.write(STEPS, soon()) == (({"n": 1},), ({"n": 2},))
    assert reader.jobs == [Job(STEPS[:1], writes=False)]
    assert writer.jobs == [Job(STEPS, writes=True)]
    both.open_ahead()
    both.close()
    assert reader.calls == writer.calls == ["open_ahead", "close"]


def test_bytes_that_are_no_characters_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    """By column, since the start, and logged without the text."""
    read = transport(Rows((({"name": "Jansen\ufffd"},),), {"look.name": 1}))
    caplog.set_level(logging.WARNING)
    for _ in range(2):
        read.read("look", {}, soon())
    assert read.undecodable == {"look.name": 2}
    assert "look.name: 1 bytes" in caplog.text
    assert "Jansen" not in caplog.text


def test_a_rehearsal_tells_both_accounts_differences() -> None:
    """What is wrong for the reader and what is wrong for the writer."""
    reader: Any = Told(Rehearsed(("a",)))
    writer: Any = Told(Rehearsed(("b",)))
    assert Transport(reader, writer).rehearse(soon()) == ["a", "b"]


@pytest.mark.parametrize("answer", [Rehearsed((), "codes"), NoAnswer("codes", sent=False)])
def test_a_rehearsal_that_cannot_ask_is_unavailable(answer: object) -> None:
    """That is no difference of a statement."""
    with pytest.raises(BackendUnavailable, match="codes"):
        transport(answer).rehearse(soon())
