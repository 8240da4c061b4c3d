"""Readiness is asked by anybody, without a key: it must not cost a commit each time, and must not hide a full disk."""

from collections.abc import Callable
from typing import Any

import pytest

from contracts.errors import StateUnavailable
from outbox.database import Database
from shim.http.readiness import Readiness


class Counting:
    """A state that counts its writes, and that can be full."""

    def __init__(self, state: Database) -> None:
        self.state = state
        self.writes = 0
        self.full = False

    def write(self, job: Callable[[Any], Any]) -> Any:
        self.writes += 1
        if self.full:
            raise StateUnavailable("the disk is full")
        return self.state.write(job)


@pytest.fixture
def counting(state: Database) -> Counting:
    return Counting(state)


def test_a_proof_is_believed_for_a_second(counting: Counting) -> None:
    """A thousand questions within it are one commit; after it there is another."""
    now = 0.0
    readiness = Readiness(counting, lambda: now)  # type: ignore[arg-type]  # it only writes
    for _ in range(1000):
        readiness.prove()
    assert counting.writes == 1
    now = 1.0
    readiness.prove()
    assert counting.writes == 2


def test_a_failure_is_never_believed(counting: Counting) -> None:
    """Each question is asked anew, so that the instance is ready as soon as it can be written."""
    readiness = Readiness(counting, lambda: 0.0)  # type: ignore[arg-type]
    counting.full = True
    for _ in range(2):
        with pytest.raises(StateUnavailable):
            readiness.prove()
    counting.full = False
    readiness.prove()
    assert counting.writes == 3
