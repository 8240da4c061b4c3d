"""A private Firebird server on loopback, from the distribution's packages and without touching their configuration."""

import hmac
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulators.intramed.engine import (
    REPOSITORY,
    EngineMissing,
    engine_folder,
    environment_of,
    make_root,
    security_script,
)
from simulators.intramed.sandbox import OWNER
from simulators.process import free_port

READER: Final = "SHIM_READ"
WRITER: Final = "SHIM_WRITE"
_START_S: Final = 15.0
_STOP_S: Final = 2.0  # a stop on SIGTERM can take more than 8 s; nothing here is worth waiting for
_SYSTEM_FOLDERS: Final = f"{os.pathsep}/usr/sbin{os.pathsep}/usr/bin"


@dataclass(slots=True)
class FirebirdServer:
    """A running server: its private root, where it listens, and the passwords of SYSDBA, SHIM_READ and SHIM_WRITE."""

    root: Path
    host: str
    port: int
    passwords: Mapping[str, str]
    process: subprocess.Popen[bytes]

    def database(self, path: Path) -> str:
        """Return how a client names this file on this server."""
        return f"{self.host}/{self.port}:{path}"

    def kill(self) -> None:
        """End the server at once, as a power cut would."""
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        """Start the server that was killed, on the same port and with the same accounts."""
        self.process = _start(self.root, self.port)


@contextmanager
def running_server(root: Path) -> Iterator[FirebirdServer]:
    """Run a server whose whole configuration lies in `root`; stop it by its own process id.

    Raises:
        EngineMissing: a program or file of Firebird is not installed.
    """
    require_server()
    port = free_port()
    make_root(root, _settings(root, port))
    passwords = passwords_from(secrets.token_hex(8))
    _create_users(root, passwords)
    server = FirebirdServer(root, "127.0.0.1", port, passwords, _start(root, port))
    try:
        yield server
    finally:
        _stop(server.process)


def passwords_from(owner: str) -> dict[str, str]:
    """Return the passwords of SYSDBA, SHIM_READ and SHIM_WRITE: the latter follow from the first.

    So two sessions on one server agree on them without telling each other.
    """
    derived = {user: hmac.new(owner.encode(), user.encode(), "sha256").hexdigest()[:16] for user in (READER, WRITER)}
    return {OWNER: owner, **derived}


def require_server() -> None:
    """Find everything that a private server needs.

    Raises:
        EngineMissing: a program or file of Firebird is not installed.
    """
    server_program()
    engine_folder()
    security_script()
    _isql()


def server_program() -> str:
    """Return the server's binary: $FIREBIRD_SERVER, else the repository's cache, else PATH.

    Raises:
        EngineMissing: it is in none of them.
    """
    cached = REPOSITORY / ".cache" / "firebird-server" / "usr" / "sbin" / "firebird"
    named = os.environ.get("FIREBIRD_SERVER")
    for candidate in (named, str(cached), _on_path("firebird")):
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    raise EngineMissing("the Firebird server is missing: install firebird3.0-server, or set FIREBIRD_SERVER")


def _on_path(program: str) -> str | None:
    return shutil.which(program, path=os.environ.get("PATH", os.defpath) + _SYSTEM_FOLDERS)


def _settings(root: Path, port: int) -> list[str]:
    return [
        # The port stands here because the server's -p option also widens what it listens on.
        f"RemoteServicePort = {port}",
        "RemoteBindAddress = 127.0.0.1",
        f"SecurityDatabase = {root / 'security3.fdb'}",
        "AuthServer = Srp, Legacy_Auth",
        "AuthClient = Srp, Legacy_Auth",
        "UserManager = Srp",
    ]


def _create_users(root: Path, passwords: Mapping[str, str]) -> None:
    database = root / "security3.fdb"
    database.unlink(missing_ok=True)
    script = [f"create database '{database}';", f"in {security_script()};"]
    script += [f"create user {user} password '{word}' using plugin Srp;" for user, word in passwords.items()]
    subprocess.run(  # noqa: S603 - a program found on the path, fed by its standard input
        [_isql(), "-q", "-bail", "-user", OWNER],
        input="\n".join([*script, "commit;", ""]).encode(),
        env=os.environ | environment_of(root),
        check=True,
        capture_output=True,
    )


def _isql() -> str:
    isql = _on_path("isql-fb")
    if isql is None:
        raise EngineMissing("isql-fb is missing: install firebird3.0-utils")
    return isql


def _start(root: Path, port: int) -> subprocess.Popen[bytes]:
    with (root / "server.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - a program found by server_program()
            [server_program()], env=os.environ | environment_of(root), stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
    try:
        _await_listener(process, port)
    except BaseException:
        _stop(process)
        raise
    return process


def _await_listener(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the Firebird server ended with code {process.returncode} before it listened")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise TimeoutError(f"the Firebird server did not listen on port {port} within {_START_S:.0f} s")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
