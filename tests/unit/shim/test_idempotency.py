import re
from typing import Any

import pytest

from contracts.desks import Call
from contracts.errors import IdempotencyKeyMissing, StateUnavailable
from contracts.fields import TokenKind
from contracts.practice import CancelReply
from outbox.database import Database
from outbox.entry import to_ms
from shim.http.routes import wait_seconds
from shim.settings import Http
from shim.writing.idempotency import Idempotency, external_reference, fingerprint, read_key
from shim.writing.immediate import Answer
from tests.unit.shim.accepting import Accepting, document
from tests.unit.shim.calling import NOW, TOKENS, WRITE, Calling, caller, contract, system


@pytest.mark.parametrize(
    ("header", "key"), [('"abc-1"', "abc-1"), ("abc-1", "abc-1"), ("  abc ", "abc"), ("a" * 255, "a" * 255)]
)
def test_a_key_is_read_with_and_without_the_draft_s_quotes(header: str, key: str) -> None:
    """Both spellings name the same write."""
    assert read_key(header) == key


@pytest.mark.parametrize("header", [None, "", '""', " ", "a b", "a" * 256, "sleutel-é", 'a"b', "\x00"])
def test_a_write_without_a_usable_key_is_refused(header: str | None) -> None:
    """Nothing is done under a key that could not be recognised again."""
    with pytest.raises(IdempotencyKeyMissing):
        read_key(header)


def test_a_fingerprint_sees_values_and_not_their_spelling() -> None:
    """Member order does not matter; any value, the system and the contract do."""
    one = fingerprint("planon", "log_note", {"a": 1, "b": [1, 2]})
    assert one == fingerprint("planon", "log_note", {"b": [1, 2], "a": 1})
    others = [("planon", "log_note", {"a": 1, "b": [2, 1]}), ("other", "log_note", {"a": 1, "b": [1, 2]})]
    assert all(one != fingerprint(*other) for other in others)


def test_a_reference_depends_on_all_four_and_on_nothing_else() -> None:
    """A restored backup derives the same reference; no two writes share one."""
    first = external_reference("tilburg", "agent", "planon", "key-1")
    assert first == external_reference("tilburg", "agent", "planon", "key-1")
    assert re.fullmatch(r"LS-[A-Z2-7]{20}", first)
    others = [
        ("breda", "agent", "planon", "key-1"),
        ("tilburg", "agent2", "planon", "key-1"),
        ("tilburg", "agent", "planon2", "key-1"),
        ("tilburg", "agent", "planon", "key-2"),
        ("tilburg", "agentp", "lanon", "key-1"),
    ]
    assert len({first, *(external_reference(*other) for other in others)}) == 6


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        *(("", 5), ("wait=0", 0), ("wait=12", 12), ("Wait=3", 3), ('wait="4"', 4), ("wait = 2", 2)),
        *(("wait=900", 30), ("wait=99999999", 30), ("await=1", 5), ("handling=lenient", 5)),
        *(("respond-async", 0), ("respond-async, wait=3", 3), ("handling=lenient, wait=1", 1)),
    ],
)
def test_prefer_says_how_long_to_wait(prefer: str, seconds: float) -> None:
    """Within the deployment's limit; anything else is the default."""
    assert wait_seconds(prefer, Http()) == seconds


class Desk:
    """Cancels, and keeps the references that it was called with."""

    def __init__(self) -> None:
        self.references: list[str] = []

    def cancel(self, request: Any, call: Call) -> CancelReply:
        self.references.append(call.reference)
        return CancelReply(appointment=request.appointment)


def test_a_repeat_after_its_answer_has_expired_is_a_new_request_with_the_old_reference(state: Database) -> None:
    """The backend recognises it by that; before, it is not asked again."""
    desk, calling, row = Desk(), Calling(state), contract("practice_cancel")
    tokens = {
        name: TOKENS.mint(kind, "agent", "intramed", "1")
        for name, kind in (("appointment", TokenKind.APPOINTMENT), ("patient", TokenKind.PATIENT))
    }
    request = row.request.model_validate(tokens)

    def cancel() -> Answer:
        return calling.immediate.write(caller(), system(row, desk), row, request, WRITE)

    first = cancel()
    assert Idempotency.forget(state, to_ms(NOW), 10) == 0
    assert cancel() == first
    assert len(desk.references) == 1
    assert Idempotency.forget(state, to_ms(NOW) + 1, 10) == 1
    assert cancel().status == first.status
    assert desk.references == [external_reference("tilburg", "agent", "intramed", WRITE.key)] * 2


def test_an_entry_and_its_record_are_one_commit(accepting: Accepting, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry without its record would be sent, and its client's repeat would be another one."""

    def killed(*_: Any) -> None:
        raise StateUnavailable("the process ended here")

    with monkeypatch.context() as broken:
        broken.setattr(Idempotency, "insert", killed)
        with pytest.raises(StateUnavailable):
            accepting.accept(document(), "key-1")
    assert accepting.outbox.counts() == []
    entry = accepting.accept(document(), "key-1")
    assert accepting.accept(document(), "key-1") == entry
    accepting.deliver()
    assert len(accepting.receiver.sent) == 1
