"""What the Intramed tests stand on: a sandbox of one test, reachable as a desk and as its owner."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from adapters.intramed import adapter
from adapters.intramed.desk import IntramedDesk
from contracts.desks import KeptRow, Ports
from simulators.intramed.names import BSN, INSURANCE
from simulators.intramed.sandbox import owner_connection
from simulators.intramed.server import READER, WRITER
from tests.practice_records import Patient, identifiers_in

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

    def identifiers_of(self, patient: Patient) -> set[str]:
        """Return what has the shape of an identifier in a patient's record; planted there first where it has none."""
        found = self._identifiers_in(patient.number)
        if not found:
            self.change(
                "update PATIENT set OPMERKING = ? where NUMMER = ?", f"BSN {BSN} van oude kaart", patient.number
            )
            note = f"Verzekerdennummer {INSURANCE} doorgegeven."
            self.change(
                "insert into JOURNAAL (NUMMER, PATIENT, MELDTIJD, TEKST)"
                " values (next value for NR_JOURNAAL, ?, cast('NOW' as timestamp), ?)",
                *(patient.number, note),
            )
            found = self._identifiers_in(patient.number)
        return found

    def _identifiers_in(self, patient: str) -> set[str]:
        texts = self.rows("select OPMERKING from PATIENT where NUMMER = ?", patient)
        texts += self.rows("select TEKST from JOURNAAL where PATIENT = ?", patient)
        return {found for (text,) in texts for found in identifiers_in(text or "")}

    def change(self, sql: str, *parameters: Any) -> None:
        """Change the stage as the owner."""
        with self.owner() as connection:
            cursor = connection.cursor()
            cursor.execute(sql, parameters)
            cursor.close()
