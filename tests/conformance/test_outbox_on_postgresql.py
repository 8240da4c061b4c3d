"""What the unit tests say of a state on SQLite is as true of one on PostgreSQL: the same tests, on a real server."""

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from outbox.database import Database
from tests.conformance.outbox_store import SharedState
from tests.unit.outbox import (
    test_breaker,
    test_delivery,
    test_drain,
    test_fused,
    test_gentle,
    test_limits,
    test_looking,
    test_policies,
    test_survival,
    test_telling,
    test_verification,
)
from tests.unit.outbox.conftest import clock, hand, outbox, receiver, verifications, worker
from tests.unit.outbox.test_breaker import other
from tests.unit.outbox.test_drain import drainer
from tests.unit.outbox.test_fused import threaded
from tests.unit.outbox.test_limits import limited
from tests.unit.shim import test_holds, test_identity
from tests.unit.shim.test_holds import holds
from tests.unit.shim.test_identity import limits

__all__ = [
    "clock",
    "drainer",
    "hand",
    "holds",
    "limited",
    "limits",
    "other",
    "outbox",
    "receiver",
    "threaded",
    "verifications",
    "worker",
]

SUITES = (
    *(test_delivery, test_looking, test_survival, test_verification, test_holds, test_identity),
    *(test_breaker, test_drain, test_fused, test_gentle, test_limits, test_policies, test_telling),
)
ABOUT_THE_FILE = frozenset({"test_looks_survive_a_restart"})
"""Beside those that ask for a path, or for an SqliteDatabase."""


def portable(suite: ModuleType) -> dict[str, Callable[..., Any]]:
    """Return the tests of a module that say nothing of a file."""
    return {
        name: test
        for name, test in vars(suite).items()
        if name.startswith("test_") and name not in ABOUT_THE_FILE and not _needs_file(test)
    }


def _needs_file(test: Callable[..., Any]) -> bool:
    parameters = inspect.signature(test).parameters
    return "tmp_path" in parameters or any("Sqlite" in str(given.annotation) for given in parameters.values())


for _suite in SUITES:
    _found = portable(_suite)
    assert not _found.keys() & globals().keys(), "two suites have a test of the same name"
    globals().update(_found)


@pytest.fixture
def database(shared_state: SharedState) -> Database:
    """An empty state."""
    shared_state.empty()
    return shared_state.database


@pytest.fixture
def state(database: Database) -> Database:
    """The same, under the name that the shim's tests have for it."""
    return database


@pytest.fixture
def let_pass(shared_state: SharedState) -> Callable[[float], None]:
    """Move everything that was stored into the past: the database's clock cannot be set."""

    def older(seconds: float) -> None:
        for table, column in (("hold", "expires_at"), ("identity_attempt", "at"), ("identity_person", "at")):
            statement = f"UPDATE {table} SET {column} = {column} - %s"  # noqa: S608 - one of three
            shared_state.superuser.execute(statement.encode(), [round(seconds * 1000)])

    return older
