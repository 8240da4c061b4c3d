"""Which reasons are the same cause."""

import re
from functools import partial

import pytest

from outbox.reasons import error_group, storable

SAME = [
    (
        "the payload of dl_11111111111111111111111111111111 is lost",
        "the payload of dl_2222222222222222222222222222222f is lost",
    ),
    ("broken: no whole answer (0.01 s)", "broken: no whole answer (12.40 s)"),
    ("refused: LS-QU5L5J2HTYGN6LL6YDUV is known", "refused: LS-AAAAAAAAAAAAAAAAAAAA7A is known"),
    ("refused: INC-000482 is closed", "refused: INC-000999 is closed"),
    ("fault: 'Kraan lekt' is too long", "fault: 'Deurbel' is too long"),
    ('fault: "a" is too long', 'fault: "b c" is too long'),
    ("given up after 10 attempts", "given up after 12 attempts"),
    ("since 2026-11-19T22:15:00+01:00 no answer", "since 2026-11-20 no answer"),
    ("7f3e9a0c5d71 is no key", "00003e9a0c5d is no key"),
    ("refused (HTTP 400, 312 bytes, fault X, 0.02 s)", "refused (HTTP 400, 9 bytes, fault X, 1.02 s)"),
]
DIFFERENT = [
    ("refused (HTTP 400, fault A, 0.02 s)", "refused (HTTP 400, fault B, 0.02 s)"),
    ("gateway: HTTP 502", "gateway: HTTP 503"),
    ("E42", "E43"),
    ("ORA-00942", "ORA-00001"),
    ("the delivery's key is lost, isn't it", "the delivery's body is lost, isn't it"),
    (f"{'a long reason ' * 9}(fault A)", f"{'a long reason ' * 9}(fault B)"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_differs_from_entry_to_entry_is_no_cause(one: str, other: str) -> None:
    """Ids, references, numbers, times and quoted parts."""
    assert error_group(one) == error_group(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_causes_are_kept_apart(one: str, other: str) -> None:
    """Codes and statuses, also at the end of a long reason; an apostrophe quotes nothing."""
    assert error_group(one) != error_group(other)


@pytest.mark.parametrize("reason", [text for pair in SAME + DIFFERENT for text in pair] + ["", "x" * 500, "'" * 90])
def test_a_group_is_short_and_its_own_group(reason: str) -> None:
    """So that what a program prints can be typed."""
    group = error_group(reason)
    assert len(group) <= 80
    assert error_group(group) == group


def test_a_reason_is_kept_short() -> None:
    """And whole characters only."""
    assert storable("x" * 900) == "x" * 500
    assert storable("\ud83d") == "?"


def test_a_reason_is_guarded_before_it_is_cut() -> None:
    """What is left of an identifier at the cut is none any more to whoever looks for whole ones."""
    guard = partial(re.sub, "999990019", "[BSN]")
    assert storable(f"{'x' * 494} 999990019", guard) == f"{'x' * 494} [BSN]"
    assert storable(f"{'x' * 494} 999990019 and more", guard) == f"{'x' * 494} [BSN]"
    assert len(storable("x" * 10_000, guard)) == len("x" * 500)
    assert storable("half a \ud800 character 999990019", guard) == "half a ? character [BSN]"
