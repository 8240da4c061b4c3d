"""The snapshot that the practice tests stand on: the stored one, or the one that `--snapshot` names; never written."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest

from adapters.firebird.snapshots import FirebirdSnapshots
from contracts.snapshots import Origin, SnapshotRefused
from simulators.intramed.engine import use_private_engine
from simulators.intramed.sandbox import SNAPSHOT

FOLDERS: Final = ("conformance", "integration", "reliability")
_HERE: Final = Path(__file__).parent
_PATIENCE_S: Final = 120


class SnapshotChanged(Exception):
    """Raised when the file that a run stood on is not what it was when the run began."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What a file was: the digest of its bytes, and when it was last written, in nanoseconds."""

    file: Path
    digest: str
    written_ns: int

    @classmethod
    def of(cls, file: Path) -> "Seal":
        """Look at a file."""
        return cls(file, hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_mtime_ns)

    def check(self) -> None:
        """Look again.

        Raises:
            SnapshotChanged: it was written, be it with the same bytes.
        """
        if Seal.of(self.file) != self:
            raise SnapshotChanged(f"{self.file} was written during the run: tests may only read it")


def named(config: pytest.Config) -> Path:
    """Return the snapshot that the run stands on.

    Raises:
        pytest.UsageError: there is no such file.
    """
    file = Path(config.getoption("--snapshot") or SNAPSHOT).resolve()
    if not file.is_file():
        raise pytest.UsageError(f"--snapshot: there is no file {file}")
    return file


@pytest.fixture(scope="session")
def snapshot(request: pytest.FixtureRequest) -> Iterator[Path]:
    """The snapshot under test, to be opened for reading only; an error at the end of the run if it was written."""
    seal = Seal.of(named(request.config))
    yield seal.file
    seal.check()


@pytest.fixture(scope="session")
def stored_snapshot(request: pytest.FixtureRequest, snapshot: Path) -> Path:
    """The stored snapshot, for tests that are about its rows: they are skipped in a run on another one."""
    del request
    if snapshot != SNAPSHOT.resolve():
        pytest.skip(f"is about the rows of {SNAPSHOT.name} itself, and the run stands on another snapshot")
    return snapshot


def snapshot_line(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    """Say which snapshot the run stands on, and what it says of itself; silent when no test can stand on one."""
    folders = [_HERE / name for name in FOLDERS]
    if config.option.collectonly or not any(folder in item.path.parents for item in items for folder in folders):
        return []
    file = named(config)
    if file == SNAPSHOT.resolve():
        return [f"practice under test: {SNAPSHOT.name} (invented)"]
    return [f"practice under test: {file.name} ({_told_by(file)})"]


def _told_by(file: Path) -> str:
    """Ask a process of its own, because the client library keeps the first root folder that a process gives it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FIREBIRD")}
    asked = [sys.executable, "-m", "tests.snapshot", str(file)]
    told = subprocess.run(
        asked, env=clean, cwd=_HERE.parent, capture_output=True, text=True, check=False, timeout=_PATIENCE_S
    )
    lines = (told.stdout if told.returncode == 0 else told.stderr).strip().splitlines()
    return lines[-1] if lines else "says nothing of itself"


def main(file: Path) -> None:
    """Print what a snapshot says of itself: pseudonymised with which key, or not."""
    with TemporaryDirectory() as folder:
        use_private_engine(Path(folder) / "engine")
        private = Path(folder) / "content"
        private.mkdir()
        try:
            with FirebirdSnapshots().opened(file, private, lambda *_: None) as content:
                told = described(content.origin)
        except SnapshotRefused as refused:
            told = str(refused)
    sys.stdout.write(f"{told}\n")


def described(origin: Origin | None) -> str:
    """Say in a few words what a snapshot tells of where its rows come from."""
    if origin is None:
        return "NOT pseudonymised: it may be full of patients"
    return f"pseudonymised: schema {origin.schema}, policy {origin.policy}, key {origin.key}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
