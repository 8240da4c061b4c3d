"""What the suite's implementation for Intramed owes the suite."""

import pytest

from tests.conformance.conftest import ODBC_DRIVER, VARIANTS
from tests.conformance.intramed_stage import IntramedStage
from tests.conformance.practice_stage import PracticeStage
from tests.conformance.scene import Scene


def test_a_stage_is_what_the_suite_asks_for(shared_stage: IntramedStage) -> None:
    """Mypy compares the two; what it cannot see is that days are empty and the truth beside the desk is read."""
    stage: PracticeStage = shared_stage
    scene = Scene(stage)
    assert scene.free() == []
    place = scene.offer("09:00")
    booked = scene.front_desk_books(place)
    assert scene.stage.booked(place) == [booked]
    scene.stage.front_desk_cancels(booked)
    assert scene.stage.booked(place) == []


def test_the_suite_runs_over_odbc() -> None:
    """Skipped with the reason where there is no driver, in CI too: nobody packages one."""
    if not ODBC_DRIVER:
        pytest.skip("FIREBIRD_ODBC_DRIVER names no Firebird ODBC driver")
    assert {variant.holds for variant in VARIANTS if variant.transport == "odbc"} == {"backend", "shim"}
