import re

import pytest

from contracts.errors import IdempotencyKeyMissing
from shim.idempotency import external_reference, fingerprint, read_key
from shim.routes import wait_seconds
from shim.settings import Http


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
