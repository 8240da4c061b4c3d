"""A private PostgreSQL server on loopback, for tests that need a database which can be made to wait: `pg_sleep`, locks.

Its programs come from the distribution's package, unpacked or installed; nothing of the machine's own is used.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from simulators.process import free_port

REPOSITORY: Final = Path(__file__).resolve().parents[1]
USER: Final = "postgres"
DATABASE: Final = "postgres"
_PROGRAMS: Final = "usr/lib/postgresql/*/bin"
_PLACES: Final = (REPOSITORY / ".cache" / "postgresql", Path("/"))
_START_S: Final = 20.0
_STOP_S: Final = 5.0
_STATUS_LINE: Final = 7  # of postmaster.pid, counted from 0


class PostgresMissing(Exception):
    """Raised when PostgreSQL's programs are not there, in one line that says what to do."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server: where it listens, its superuser, and its first process."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    process: subprocess.Popen[bytes]


@contextmanager
def running_postgresql() -> Iterator[PostgresServer]:
    """Run a server in a folder of its own until the end of the block; as `nobody` when we are root, whom it refuses.

    Raises:
        PostgresMissing: neither $POSTGRESQL_BIN, nor the repository's cache, nor the system has its programs.
    """
    source = programs()
    account = _account()
    # Not in a folder of the caller's: what root makes, nobody can seldom enter.
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    try:
        if account:
            os.chown(folder, account["user"], account["group"])
            source = _readable(source, folder)
        password = secrets.token_hex(8)
        _create(source, folder, password, account)
        port = free_port()
        process = _start(source, folder, port, account)
        try:
            _await_ready(process, folder)
            yield PostgresServer("127.0.0.1", port, USER, password, DATABASE, process)
        finally:
            _stop(process)
    finally:
        shutil.rmtree(folder)


def programs() -> Path:
    """Return the folder of `initdb` and `postgres`, the highest version of the first place that has them.

    Raises:
        PostgresMissing: no place has them.
    """
    folders = [Path(named)] if (named := os.environ.get("POSTGRESQL_BIN")) else []
    for place in _PLACES:
        folders += sorted(place.glob(_PROGRAMS), key=lambda found: float(found.parent.name), reverse=True)
    for folder in folders:
        if all(os.access(folder / program, os.X_OK) for program in ("initdb", "postgres")):
            return folder
    raise PostgresMissing("PostgreSQL's programs are missing: run `deploy/setup.sh dev`, or set POSTGRESQL_BIN")


def _account() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _readable(source: Path, folder: Path) -> Path:
    """Return the programs where `nobody` can read them: a copy when a folder above them keeps others out."""
    if all(parent.stat().st_mode & 0o001 for parent in source.resolve().parents):
        return source
    version = source.parent.name
    prefix = source.resolve().parents[4]
    for part in (f"usr/lib/postgresql/{version}", f"usr/share/postgresql/{version}"):
        shutil.copytree(prefix / part, folder / part, ignore=shutil.ignore_patterns("bitcode", "man"))
    return folder / "usr" / "lib" / "postgresql" / version / "bin"


def _environment() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def _create(source: Path, folder: Path, password: str, account: dict[str, Any]) -> None:
    # A file, because our own standard input cannot be opened by another account. The folder keeps everybody else out.
    secret = folder / "password"
    secret.write_text(password, encoding="ascii")
    arguments = ["--auth=scram-sha-256", f"--pwfile={secret}", f"--username={USER}", "--encoding=UTF8", "--locale=C"]
    made = subprocess.run(  # noqa: S603 - a program found by programs()
        [source / "initdb", "--no-sync", f"--pgdata={folder / 'data'}", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=_environment(),
        cwd=folder,
        check=False,
        **account,
    )
    if made.returncode:
        raise RuntimeError(f"initdb ended with code {made.returncode}: {made.stderr.decode(errors='replace')[-500:]}")


def _start(source: Path, folder: Path, port: int, account: dict[str, Any]) -> subprocess.Popen[bytes]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "fsync": "off",
        "jit": "off",  # its library is as large as all the rest, and is not unpacked
        "shared_buffers": "16MB",
        "timezone": "GMT",  # the one zone that needs no file
        "log_timezone": "GMT",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (folder / "server.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - a program found by programs()
            [source / "postgres", "-D", folder / "data", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(),
            cwd=folder,
            **account,
        )


def _await_ready(process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _START_S
    status = folder / "data" / "postmaster.pid"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            said = (folder / "server.log").read_text(errors="replace")
            raise RuntimeError(f"PostgreSQL ended with code {process.returncode} before it was ready: {said[-500:]}")
        # What pg_ctl waits for; a connection before it is ready would be refused with an error.
        lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
        if len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready":
            return
        time.sleep(0.02)
    raise TimeoutError(f"PostgreSQL was not ready within {_START_S:.0f} s")


def _stop(process: subprocess.Popen[bytes]) -> None:
    # A fast stop disconnects everybody; an immediate one also ends whoever does not listen. A plain kill of the first
    # process would leave its others running.
    for request in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        process.send_signal(request)
        try:
            process.wait(timeout=_STOP_S)
        except subprocess.TimeoutExpired:
            continue
        return
