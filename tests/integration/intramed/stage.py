"""What the Intramed tests stand on: a sandbox of one test, reachable as a desk and as its owner."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from adapters.intramed import adapter
from adapters.intramed.desk import IntramedDesk
from contracts.desks import KeptRow, Ports
from simulators.intramed.sandbox import owner_connection
from simulators.intramed.server import READER, WRITER

Ask = Callable[..., Any]
PASSWORDS = {"read_password": "x", "write_password": "x"}
"""For a server that is never logged in to."""


class NoRows:
    """Reference rows of an adapter that needs none."""

    max_age = timedelta(0)

    def keep(self, name: str, row: Any, read_at: datetime) -> None:
        """Fail: nothing is kept."""
        raise AssertionError(f"{name} kept: {row} {read_at}")

    def recall(self, name: str) -> KeptRow | None:
        """Fail: nothing is recalled."""
        raise AssertionError(f"{name} recalled")


@dataclass
class Practice:
    """A sandbox of one test: how to reach it, as a desk and as its owner."""

    database: str
    passwords: dict[str, str]
    desks: list[IntramedDesk] = field(default_factory=list)

    def desk(self, **options: Any) -> IntramedDesk:
        """Build a desk of this sandbox; it is closed after the test."""
        given = {
            "database": self.database,
            "read_password": self.passwords.get(READER, ""),
            "write_password": self.passwords.get(WRITER, ""),
        }
        desk = adapter.build(
            adapter.options.model_validate(given | options),
            Ports("intramed", lambda: datetime.now(UTC), NoRows(), cast("Any", None)),
        )
        assert isinstance(desk, IntramedDesk)
        self.desks.append(desk)
        return desk

    def owner(self) -> AbstractContextManager[Any]:
        """Open the sandbox with every right."""
        return owner_connection(self.database, self.passwords.get("SYSDBA"))

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Query as the owner; BLOBs come as text."""
        with self.owner() as connection:
            cursor = connection.cursor()
            cursor.execute(sql, parameters)
            found: list[tuple[Any, ...]] = [
                tuple(v.read() if hasattr(v, "read") else v for v in row) for row in cursor.fetchall()
            ]
            cursor.close()
            return found

    def change(self, sql: str, *parameters: Any) -> None:
        """Change the stage as the owner."""
        with self.owner() as connection:
            cursor = connection.cursor()
            cursor.execute(sql, parameters)
            cursor.close()
