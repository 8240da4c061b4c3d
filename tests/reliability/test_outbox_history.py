"""The outbox campaign's judge is judged: each defect gives its own verdict, and nothing is seen where all is well."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.reliability.outbox_history import (
    Accepted,
    Attempted,
    History,
    Judged,
    Kept,
    Life,
    Outage,
    Verdict,
    judge,
)

BEGAN_AT = datetime(2026, 11, 19, 21, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BEGAN_AT + timedelta(seconds=seconds)


PAPERS = tuple(Accepted(f"a-{n}", "key", n, f"sha {n}", at(-n)) for n in range(3))
KEPT = tuple(Kept(n + 1, f"a-{n}", "key", f"sha {n}", at(-n)) for n in range(3))
SENT = tuple(Attempted(f"a-{n}", "send", "first", at(n), "delivered", at(n + 0.5)) for n in range(3))
WELL = History(
    PAPERS,
    SENT,
    KEPT,
    {paper.reference: "delivered" for paper in PAPERS},
    (Life(frozenset({"first"}), at(0)),),
    kills=7,
)
"""Three documents of one key, sent once each."""


def verdict(**members: Any) -> Verdict:
    return replace(Verdict(kills=7, accepted=3), **members)


def unknown(reference: str, after_s: float, **members: Any) -> Attempted:
    sent = Attempted(reference, "send", "first", at(after_s), "unknown", at(after_s + 0.1))
    return replace(sent, **members)


def states(**other: str) -> dict[str, str]:
    return {**WELL.states, **{name.replace("_", "-"): state for name, state in other.items()}}


DEFECTS = {
    "gone": (replace(WELL, ledger=KEPT[:2]), {"lost": 1}),
    "no entry": (replace(WELL, ledger=KEPT[:2], states={"a-0": "delivered", "a-1": "delivered"}), {"lost": 1}),
    "given up": (replace(WELL, ledger=KEPT[:2], states=states(a_2="discarded")), {"lost": 1}),
    "never sent": (replace(WELL, ledger=KEPT[:2], states=states(a_2="ready")), {"stuck": 1}),
    "there, and not known": (replace(WELL, states=states(a_2="unknown")), {"stuck": 1}),
    "parked": (replace(WELL, states=states(a_0="parked")), {"stuck": 1}),
    "twice, without a reason": (
        replace(WELL, ledger=(*KEPT, replace(KEPT[0], sequence=4))),
        {"duplicates": 1, "unexplained_duplicates": 1},
    ),
    "twice, after an unknown outcome": (
        replace(WELL, ledger=(*KEPT, replace(KEPT[0], sequence=4)), attempts=(*SENT, unknown("a-0", 1))),
        {"duplicates": 1},
    ),
    "three times after one unknown outcome": (
        replace(
            WELL,
            ledger=(*KEPT, replace(KEPT[0], sequence=4), replace(KEPT[0], sequence=5)),
            attempts=(*SENT, unknown("a-0", 1)),
        ),
        {"duplicates": 2, "unexplained_duplicates": 1},
    ),
    "an unknown question explains nothing": (
        replace(WELL, ledger=(*KEPT, replace(KEPT[0], sequence=4)), attempts=(*SENT, unknown("a-0", 1, action="find"))),
        {"duplicates": 1, "unexplained_duplicates": 1},
    ),
    "out of order": (
        replace(WELL, ledger=(KEPT[1], replace(KEPT[0], sequence=3), replace(KEPT[2], sequence=4))),
        {"inversions": 1},
    ),
    "another report time": (
        replace(WELL, ledger=(*KEPT[:2], replace(KEPT[2], reported_at=at(3)))),
        {"report_time_changed": 1},
    ),
    "another zone": (
        replace(
            WELL,
            accepted=(replace(PAPERS[0], reported_at=datetime.fromisoformat("2026-11-19T22:00+01:00")), *PAPERS[1:]),
        ),
        {"report_time_changed": 1},
    ),
    "other bytes": (replace(WELL, ledger=(replace(KEPT[0], sha256="?"), *KEPT[1:])), {"payload_changed": 1}),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_defect_has_its_verdict(defect: str) -> None:
    """Nothing else is seen beside it."""
    history, seen = DEFECTS[defect]
    judged = judge(history)
    assert judged.verdict == verdict(**seen)
    assert len(judged.wrong) == sum(seen.values())


def test_all_is_well() -> None:
    assert judge(WELL) == Judged(verdict(), [])


def test_an_unknown_outcome_that_was_settled_is_no_defect() -> None:
    """The question found it; it is there once."""
    found = Attempted("a-0", "find", "first", at(2), "delivered", at(2.1))
    history = replace(WELL, attempts=(unknown("a-0", 0), found, *SENT[1:]))
    assert judge(history) == Judged(verdict(), [])


def test_orders_of_different_keys_are_their_own() -> None:
    history = replace(
        WELL,
        accepted=(replace(PAPERS[0], key="other"), *PAPERS[1:]),
        ledger=(*KEPT[1:], replace(KEPT[0], sequence=4, key="other")),
    )
    assert judge(history) == Judged(verdict(), [])


def test_what_was_never_attempted_or_acknowledged_is_told() -> None:
    """They have no number of their own, and are wrong all the same."""
    forgotten = replace(WELL, attempts=SENT[1:])
    stranger = replace(WELL, accepted=PAPERS[:2])
    assert judge(forgotten).wrong == ["unrecorded: a-0 was sent by an attempt that is not recorded"]
    assert judge(stranger).wrong == ["unaccepted: a-2 is there, and was never acknowledged"]


def died(*attempts: Attempted, others: tuple[Life, ...], outages: tuple[Outage, ...] = ()) -> Judged:
    """Judge a worker that was killed after ten seconds and left these attempts."""
    dead = Life(frozenset({"first"}), at(0), at(10))
    return judge(replace(WELL, attempts=(*SENT, *attempts), lives=(dead, *others), outages=outages))


LEFT = unknown("a-0", 9, ended_at=at(10.5))
"""An attempt whose outcome was written half a second after its worker's death."""


def test_recovery_counts_from_the_death_where_somebody_else_lives() -> None:
    judged = died(LEFT, replace(LEFT, reference="a-1"), others=(Life(frozenset({"second"}), at(0)),))
    assert judged == Judged(verdict(unknown_per_kill=2, recovery_s=0.5), [])


def test_recovery_counts_from_the_restart_where_nobody_else_lives() -> None:
    assert died(LEFT, others=(Life(frozenset({"second"}), at(10.25)),)).verdict.recovery_s == 0.25
    assert died(LEFT, others=(Life(frozenset({"second"}), at(3), at(10.1)),)).verdict.recovery_s == 0.5


def test_recovery_does_not_count_the_time_without_a_server() -> None:
    judged = died(LEFT, others=(Life(frozenset({"second"}), at(0)),), outages=(Outage(at(10.1), at(10.3)),))
    assert judged.verdict.recovery_s == 0.3


def test_silence_after_a_server_s_return_is_recovery_time() -> None:
    sent = Attempted("a-2", "send", "first", at(31), "delivered", at(32))
    history = replace(WELL, attempts=(*SENT[:2], sent), outages=(Outage(at(25), at(30)),))
    assert judge(history).verdict.recovery_s == 1


def test_an_attempt_that_a_death_left_in_flight_is_told() -> None:
    judged = died(replace(LEFT, outcome=None, ended_at=None), others=(Life(frozenset({"second"}), at(0)),))
    assert judged.verdict.unknown_per_kill == 1
    assert judged.wrong == ["in_flight: a-0 still belongs to a dead worker"]


def test_what_a_worker_wrote_before_its_death_is_its_own() -> None:
    judged = died(unknown("a-0", 9), others=(Life(frozenset({"second"}), at(0)),))
    assert judged.verdict == verdict()


def test_verdicts_add_up_and_the_worst_stays() -> None:
    one = Verdict(kills=2, lost=1, unknown_per_kill=2, recovery_s=0.5)
    two = Verdict(kills=3, accepted=9, unknown_per_kill=1, recovery_s=0.75)
    assert one + two == Verdict(kills=5, accepted=9, lost=1, unknown_per_kill=2, recovery_s=0.75)
