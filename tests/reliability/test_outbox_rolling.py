"""A rolling upgrade: workers of two releases on one state, while reports come in."""

import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Self

import pytest

from outbox.database import Dialect
from outbox.schema import version
from outbox.store import PACKAGE
from simulators.process import Program
from tests.integration.shim.site import until
from tests.reliability.fleet import LIMIT, ROOT, Fleet, environment_with, running_fleet

NOTES: Final = 2
PAUSE_S: Final = 0.5
NOW: Final = version(PACKAGE, "sqlite")
NEXT: Final = NOW + 1
ADDED: Final = """\
ALTER TABLE entry ADD COLUMN seen_by TEXT;
CREATE TABLE escort (entry_seq BIGINT PRIMARY KEY REFERENCES entry (seq), name TEXT NOT NULL);
"""
STOPPED: Final = "nothing more is delivered from here"


@pytest.fixture
def next_release(tmp_path: Path) -> Path:
    """A folder with the outbox of the next release, which has one migration more."""
    folder = tmp_path / "next"
    outbox = folder / "outbox"
    shutil.copytree(ROOT / "outbox", outbox, ignore=shutil.ignore_patterns("__pycache__"))
    dialects: tuple[Dialect, ...] = ("sqlite", "postgresql")
    for dialect in dialects:
        assert version(PACKAGE, dialect) == NOW
        (outbox / dialect / f"{NEXT:04}_escorts.sql").write_text(ADDED, encoding="utf-8")
        schema = outbox / dialect / "schema.sql"
        whole, found = re.subn(
            r"^-- version: \d+$", f"-- version: {NEXT}", schema.read_text(encoding="utf-8"), flags=re.MULTILINE
        )
        assert found == 1
        schema.write_text(f"{whole}\n{ADDED}", encoding="utf-8")
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    if request.param == "sqlite":
        return tmp_path / "shim.db"
    create: Callable[[], str] = request.getfixturevalue("create_database")
    return create()


class Reports:
    """Reports incidents with their notes through a service, one after the other, from the block's begin to its end.

    Attributes:
        told: the texts of each incident's notes, in their order.
    """

    def __init__(self, fleet: Fleet, service: str) -> None:
        self.told: list[list[str]] = []
        self._fleet, self._service = fleet, service
        self._ended = threading.Event()
        self._pool = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        self._reporting = self._pool.submit(self._report)
        return self

    def __exit__(self, *_failure: object) -> None:
        self._ended.set()
        self._pool.shutdown()
        self._reporting.result()

    def await_more(self, incidents: int) -> None:
        """Wait until so many more have been accepted."""
        enough = len(self.told) + incidents
        until(lambda: len(self.told) >= enough or self._reporting.done(), bool)

    def _report(self) -> None:
        while not self._ended.wait(PAUSE_S):
            summary = f"melding-{len(self.told):03}"
            texts = [f"{summary}-notitie-{number}" for number in range(NOTES)]
            incident = self._fleet.report(self._service, summary)
            for text in texts:
                self._fleet.note(self._service, incident, text)
            self.told.append(texts)


def test_two_releases_side_by_side(tmp_path: Path, state: Path | str, next_release: Path) -> None:
    """Nothing is lost, doubled or out of order, and the old release claims nothing once the new one has come."""
    with running_fleet(tmp_path, state) as fleet, ThreadPoolExecutor() as pool:
        service = fleet.serve("service")
        first = fleet.start("first", "outbox", "work")
        with Reports(fleet, service) as reports:
            second, of_first = _replace(fleet, pool, first)
            of_second = _upgrade_beside(fleet, next_release)
            _refuse_the_old(fleet)
            reports.await_more(3)  # the old service goes on accepting
        fleet.await_delivered()
        assert second.stop() == 0
        assert fleet.told("second", STOPPED) == 1
        assert not of_first & of_second
        _judge(fleet, reports.told)
        assert fleet.defects() == []


def _replace(fleet: Fleet, pool: ThreadPoolExecutor, first: Program) -> tuple[Program, set[str]]:
    """Replace a process by one of the same release; it ends what it has begun, and the other one goes on."""
    with fleet.gauge.holding():
        fleet.await_held()
        owners = _owners(fleet)
        second = fleet.start("second", "outbox", "work")
        stopping = pool.submit(first.stop)
    assert stopping.result() == 0
    assert not owners & _owners(fleet)
    outcomes = "SELECT owner, outcome FROM attempt LEFT JOIN attempt_outcome USING (entry_seq, step)"
    ended = [row["outcome"] for row in fleet.rows(outcomes) if row["owner"] in owners]
    assert len(ended) >= LIMIT
    assert set(ended) <= {"delivered", "not begun"}
    return second, owners


def _upgrade_beside(fleet: Fleet, next_release: Path) -> set[str]:
    """Start the next release while the old one has attempts under way; return under which names those are."""
    with fleet.gauge.holding():
        fleet.await_held()
        owners = _owners(fleet)
        fleet.start("next", "outbox", "work", path=[next_release])
        assert fleet.column("SELECT max(number) FROM migration WHERE package = :p", p=PACKAGE) == [NEXT]
        begun = _begun_by(fleet, owners)
        held = set(fleet.column("SELECT id FROM entry WHERE owner IS NOT NULL"))
    until(lambda: fleet.told("second", STOPPED), bool)
    until(lambda: held & set(fleet.column("SELECT id FROM entry WHERE state <> 'delivered'")), lambda left: not left)
    until(lambda: set(fleet.column("SELECT owner FROM attempt")) - owners, bool)
    assert _begun_by(fleet, owners) == begun  # what it held is all that it has ended, and it began nothing more
    return owners


def _refuse_the_old(fleet: Fleet) -> None:
    """A process of the old release that starts now says why it does not, in one line."""
    refused = subprocess.run(
        [sys.executable, "-P", "-m", "shim", "--config", str(fleet.configuration), "outbox", "work"],
        env=environment_with([]),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert refused.returncode == 2
    assert refused.stdout == ""
    (line,) = refused.stderr.splitlines()
    assert f"was written by a newer release: {PACKAGE} {NEXT}, this one knows {NOW}" in line


def _owners(fleet: Fleet) -> set[str]:
    return set(fleet.column("SELECT owner FROM entry WHERE owner IS NOT NULL"))


def _begun_by(fleet: Fleet, owners: set[str]) -> int:
    return sum(owner in owners for owner in fleet.column("SELECT owner FROM attempt"))


def _judge(fleet: Fleet, told: list[list[str]]) -> None:
    """Everything is in Planon once, with its own report time, and each incident's notes in their order."""
    counted, reported = fleet.records()
    assert counted == dict.fromkeys(fleet.reported, 1)
    assert reported == fleet.reported
    notes = [str(record["text"]) for record in fleet.planon.notes()]
    assert [[text for text in notes if text in texts] for texts in told] == told
    assert len(notes) == NOTES * len(told)
    assert fleet.column("SELECT count(*) FROM attempt_outcome WHERE outcome = 'unknown'") == [0]
    assert fleet.column("SELECT count(*) FROM attempt") == [len(notes) + len(told)]
