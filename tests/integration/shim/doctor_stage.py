"""The frame of the broken set-ups: a healthy deployment, what breaks one thing of it, and what doctor must say then."""

import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.examination import Finding
from shim.demo import write_configuration
from shim.doctor.machine import Machine
from shim.doctor.report import Report
from shim.doctor.run import examine
from shim.root import open_deployment_state
from shim.settings import load
from shim.systems import find_adapter

WITHIN_S = 15.0
"""The issue's own bound for one set-up."""
ALWAYS = frozenset({"sqlite-old"})
"""What a machine may have anyway; no set-up is told by it alone."""


@dataclass
class Stage:
    """One deployment: healthy until a set-up breaks something.

    Attributes:
        folder: of its own.
        monkeypatch: undone after the test.
        systems: sections of the systems, by name.
        sections: other sections of the configuration.
        ahead: by how much this machine's clock is set wrong.
        room: in place of what the kernel says of disks.
        top: keys above all sections.
        kept: what is closed after the test.
    """

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    systems: dict[str, dict[str, Any]]
    sections: dict[str, dict[str, Any]] = field(default_factory=dict)
    ahead: timedelta = timedelta(0)
    room: Callable[[Path], os.statvfs_result] = os.statvfs
    top: dict[str, str] = field(default_factory=dict)
    path: Path | None = None
    kept: list[Any] = field(default_factory=list)

    @property
    def state(self) -> Path:
        """The SQLite file of the state."""
        return self.folder / "shim.db"

    @property
    def key(self) -> Path:
        """The key file."""
        return self.folder / "master.key"

    def configure(self) -> Path:
        """Write the configuration as it is now, once; `top` replaces lines above the sections."""
        if self.path is None:
            self.path = write_configuration(self.folder, self.systems, **self.sections)
            lines = self.path.read_text(encoding="utf-8").splitlines()
            kept = [line for line in lines if line.partition(" =")[0] not in self.top]
            self.path.write_text("\n".join([*(f'{k} = "{v}"' for k, v in self.top.items()), *kept, ""]))
        return self.path

    def begin(self) -> None:
        """Let the deployment have a state and a key already."""
        with open_deployment_state(load(self.configure())):
            pass

    def sql(self, statement: str, *values: Any) -> None:
        """Change a state that has begun, as nobody should."""
        with sqlite3.connect(self.state) as connection:
            connection.execute(statement, values)
        connection.close()

    def entry(self, state: str, destination: str, **columns: Any) -> None:
        """Put an entry into a state that has begun; it was reported an hour ago."""
        then = int((datetime.now(UTC) - timedelta(hours=1)).timestamp() * 1000)
        values = {
            **dict.fromkeys(("id", "contract", "kind", "client", "reference", "order_key"), "x"),
            **dict.fromkeys(("reported_at", "accepted_at", "next_attempt_at"), then),
            "destination": destination,
            "position": 1,
            "reported_offset_s": 0,
            "state": state,
            **columns,
        }
        marks = ", ".join("?" * len(values))
        self.sql(f"INSERT INTO entry ({', '.join(values)}) VALUES ({marks})", *values.values())  # noqa: S608

    def examined(self) -> Report:
        """Examine it, in time."""
        begun = time.monotonic()
        machine = Machine(clock=lambda: datetime.now(UTC) + self.ahead, room=self.room)
        report = examine(self.configure(), machine)
        assert time.monotonic() - begun < WITHIN_S
        return report


Break = Callable[[Stage], None]


@dataclass(frozen=True)
class Setup:
    """One broken set-up: what breaks it, and exactly the codes that doctor must name."""

    name: str
    codes: frozenset[str]
    breaks: Callable[..., None]


def told(report: Report) -> dict[str, Finding]:
    """Return what was found, by code, without what the machine has anyway."""
    return {one.diagnosis.code: one for one in report.findings if one.diagnosis.code not in ALWAYS}


def check(report: Report, codes: frozenset[str]) -> None:
    """Exactly these codes are named, each with a remedy."""
    found = told(report)
    shown = {code: finding.detail for code, finding in found.items()}
    assert set(found) == set(codes), shown
    assert all(finding.diagnosis.remedy for finding in found.values())


def table() -> tuple[list[Setup], Callable[..., Callable[[Callable[..., None]], Callable[..., None]]]]:
    """Return a table of set-ups, and the decorator that adds a function to it under the codes that it must cause."""
    setups: list[Setup] = []

    def broken(*codes: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
        def add(breaks: Callable[..., None]) -> Callable[..., None]:
            setups.append(Setup(breaks.__name__, frozenset(codes), breaks))
            return breaks

        return add

    return setups, broken


def diagnoses_of(adapter: str) -> set[str]:
    """Return the codes that an adapter can find."""
    return {diagnosis.code for diagnosis in find_adapter(adapter).diagnoses}
