"""The private PostgreSQL: it listens on loopback, runs without root's rights, and leaves nothing behind."""

import shutil
import socket
import struct
from pathlib import Path

import pytest

from simulators.postgresql import programs as places
from simulators.postgresql.programs import PostgresMissing, programs
from simulators.postgresql.server import PostgresServer, running_postgresql

SSL_REQUEST = struct.pack("!ii", 8, 80877103)
NO_TLS = b"N"


def test_it_speaks_postgresql_and_is_nobody_of_importance(postgresql_server: PostgresServer) -> None:
    """It answers the protocol's first question; its account is never root."""
    with socket.create_connection((postgresql_server.host, postgresql_server.port), timeout=5) as connection:
        connection.sendall(SSL_REQUEST)
        assert connection.recv(1) == NO_TLS
    assert Path(f"/proc/{postgresql_server.process.pid}").stat().st_uid != 0


def test_it_leaves_neither_process_nor_folder(postgresql_server: PostgresServer) -> None:
    """After the block its process has ended, its port is closed and its folder is gone; another server stays."""
    with running_postgresql() as server:
        folder = Path(f"/proc/{server.process.pid}/cwd").readlink()
        assert folder.exists()
    assert server.process.returncode == 0
    assert not folder.exists()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((server.host, server.port), timeout=5)
    assert postgresql_server.process.poll() is None


def test_programs_below_a_closed_folder_work(
    postgresql_server: PostgresServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A checkout below a home folder that is closed to others works, also for root, who runs the server as nobody."""
    del postgresql_server  # only to be skipped where there is none
    found = programs()
    version, prefix = found.parent.name, found.resolve().parents[4]
    for part in ("lib", "share"):
        shutil.copytree(
            prefix / "usr" / part / "postgresql" / version,
            tmp_path / "usr" / part / "postgresql" / version,
            ignore=shutil.ignore_patterns("bitcode", "man"),
        )
    tmp_path.chmod(0o700)
    monkeypatch.setenv("POSTGRESQL_BIN", str(tmp_path / "usr" / "lib" / "postgresql" / version / "bin"))
    with running_postgresql() as server:
        assert server.process.poll() is None


def test_missing_programs_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the programs the error says what to run."""
    monkeypatch.delenv("POSTGRESQL_BIN", raising=False)
    monkeypatch.setattr(places, "_PLACES", (tmp_path,))
    with pytest.raises(PostgresMissing, match="deploy/setup"):
        programs()
