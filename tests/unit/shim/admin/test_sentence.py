"""The one sentence that is read first."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.delivery import DeliveryState
from outbox.overview import Group, Overview
from shim.admin.sentence import sentence
from shim.local_time import time_of_day

SINCE = datetime(2020, 1, 9, 22, 5, tzinfo=UTC)
OLDEST = SINCE + timedelta(minutes=9)
AT, FROM = time_of_day(SINCE), time_of_day(OLDEST)
DOWN = f"Planon is out of reach since {AT}"
READY, PARKED, REJECTED, UNKNOWN = (
    *(DeliveryState.READY, DeliveryState.PARKED, DeliveryState.REJECTED, DeliveryState.UNKNOWN),
)


def group(state: DeliveryState, entries: int) -> Group:
    return Group("planon", state, "refused", entries, OLDEST, "dl_1")


def planon(counts: dict[DeliveryState, int] | None = None, **members: object) -> Overview:
    return Overview("planon", counts or {}, **members)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "stuck", "read_only", "said", "level"),
    [
        (planon(), [], {}, "Nothing waits, and nobody needs to act.", "well"),
        (planon({READY: 1}), [], {}, f"1 report waits, from {FROM}; nobody needs to act.", "well"),
        (
            planon({READY: 288, UNKNOWN: 12, PARKED: 12}, open_since=SINCE),
            [group(PARKED, 12)],
            {},
            f"{DOWN}; 300 reports wait, the oldest from {FROM}; 1 group of 12 parked needs you.",
            "act",
        ),
        (
            planon({READY: 2}, open_since=SINCE),
            [],
            {},
            f"{DOWN}; 2 reports wait, the oldest from {FROM}; nobody needs to act.",
            "held",
        ),
        (
            planon(open_since=SINCE, paused_at=SINCE),
            [],
            {},
            f"Planon is paused since {AT}; nobody needs to act.",
            "held",
        ),
        (planon(), [], {"planon": SINCE}, f"Planon is read-only since {AT}.", "act"),
        (
            planon({PARKED: 3, REJECTED: 2}),
            [group(PARKED, 3), group(REJECTED, 2)],
            {},
            "2 groups with 5 parked or rejected need you.",
            "act",
        ),
        (planon({REJECTED: 1}), [], {}, "1 parked or rejected needs you.", "act"),
        (planon(attention={"sla_missing": 1}), [], {}, "1 delivered wants a look (sla_missing).", "act"),
        (
            planon(attention={"sla_missing": 2, "not_checked": 3}),
            [],
            {},
            "2 delivered want a look (sla_missing); 3 delivered want a look (not_checked).",
            "act",
        ),
    ],
)
def test_it_says_what_is_and_who_must_act(
    found: Overview, stuck: list[Group], read_only: dict[str, datetime], said: str, level: str
) -> None:
    """That nobody must is said as well, and never when somebody must."""
    told = sentence([found], stuck, OLDEST if found.moving else None, read_only)
    assert (told.text, told.level) == (said, level)
    assert ("nobody needs" in told.text) is (level != "act")


def test_the_window_s_title_tells_the_number() -> None:
    """It is seen in a row of tabs."""
    down = planon({PARKED: 12}, open_since=SINCE, attention={"sla_missing": 1})
    assert sentence([down], [group(PARKED, 12)], None, {}).short == "13 need you"
    assert sentence([planon(open_since=SINCE)], [], None, {}).short == f"planon is out of reach since {AT}"
    assert sentence([], [], None, {}).short == "all is well"
