"""A look at a database that can be left at any moment: nothing stays behind, and what was told before stays told."""

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.sql.apart import Hung, apart
from contracts.examination import Step
from simulators.process import is_running
from tests.integration.sql import looks

LONG_S = 60.0


def until(seconds: float) -> float:
    return time.monotonic() + seconds


def taken(told: Iterator[Any]) -> tuple[list[Any], str | None]:
    """Return what was told, and in which step it ended without an end."""
    seen: list[Any] = []
    try:
        seen.extend(one for one in told)
    except Hung as hung:
        return seen, hung.step
    return seen, None


def test_it_is_told_from_another_process() -> None:
    """In order, and what only says that a step begins is kept back."""
    seen, hung = taken(apart(looks.tells, "seen", until(LONG_S)))
    assert hung is None
    assert [step.name for step in seen] == ["first", "second"]
    assert seen[0].told.startswith("seen in ")
    assert seen[0].told != f"seen in {os.getpid()}"


def test_one_that_hangs_is_killed_in_time() -> None:
    """The step is named that hangs; its process is gone."""
    told = apart(looks.hangs, "", until(LONG_S))
    pid = int(next(told).told)
    told.close()
    assert not is_running(pid)
    begun = time.monotonic()
    seen, hung = taken(apart(looks.hangs, "", until(3)))
    assert time.monotonic() - begun < LONG_S / 3
    assert hung == ("second" if seen else "start")  # a machine so busy that it has not begun


def test_one_that_dies_is_told_at_once() -> None:
    """As a driver's crash is; nobody waits for the whole time."""
    begun = time.monotonic()
    assert taken(apart(looks.dies, "", until(LONG_S))) == ([], "second")
    assert time.monotonic() - begun < LONG_S / 2


def test_a_defect_is_a_step() -> None:
    """With the type of the error and never its text."""
    (step,), hung = taken(apart(looks.fails, "", until(LONG_S)))
    assert hung is None
    assert isinstance(step, Step)
    assert (step.name, [one.detail for one in step.findings]) == ("second", ["ZeroDivisionError"])


@pytest.mark.parametrize("variable", ["FIREBIRD", "ODBCSYSINI"])
def test_it_has_the_environment_of_now(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not that of when the first child was made: a client library reads its variables when it is loaded."""
    monkeypatch.setenv(variable, "/srv/now")
    (step,), _ = taken(apart(looks.reads, variable, until(LONG_S)))
    assert step.told == "/srv/now"
