"""A real state file for each test."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from outbox.sqlite.database import SqliteDatabase
from shim.keys import MasterKey
from shim.state import open_state
from tests.unit.shim.accepting import Accepting


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SqliteDatabase]:
    opened, _ = open_state(tmp_path / "shim.db", lambda _: MasterKey(bytes(32)), "tilburg")
    assert isinstance(opened, SqliteDatabase)
    yield opened
    opened.close()


@pytest.fixture
def accepting(state: SqliteDatabase) -> Iterator[Accepting]:
    made = Accepting(state)
    yield made
    assert made.worker.stop(1)


@pytest.fixture
def let_pass(state: SqliteDatabase) -> Callable[[float], None]:
    """Move everything that was stored into the past: the database's clock cannot be set."""

    def older(seconds: float) -> None:
        with sqlite3.connect(state.path) as connection:
            for table, column in (("hold", "expires_at"), ("identity_attempt", "at"), ("identity_person", "at")):
                connection.execute(f"UPDATE {table} SET {column} = {column} - ?", [round(seconds * 1000)])  # noqa: S608
        connection.close()

    return older
