"""A private PostgreSQL server on loopback: it can be made to wait, be killed at any moment, and come back.

Its programs come from the distribution's package, unpacked or installed; nothing of the machine's own is used.
"""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from simulators.postgresql.programs import account, environment, programs, readable
from simulators.process import children_of, is_running, lasting_port, state_of

USER: Final = "postgres"
DATABASE: Final = "postgres"
FAST: Final = {"fsync": "off", "shared_buffers": "16MB"}
"""For tests that only need a PostgreSQL; what it holds does not survive a power cut."""
DURABLE: Final = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
"""What was committed is on disk, as in production."""
_START_S: Final = 60.0
_STOP_S: Final = 15.0
_IMMEDIATE_S: Final = 30.0  # it gives its children 5 s itself before it kills them
_STATUS_LINE: Final = 7  # of postmaster.pid, counted from 0


@dataclass(slots=True)
class PostgresServer:
    """A server in a folder of its own: where it listens, its superuser, and its first process.

    One thread at a time stops and starts it.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    process: subprocess.Popen[bytes]
    folder: Path
    _command: list[str] = field(repr=False)

    @property
    def running(self) -> bool:
        """Whether its first process lives; it may still be recovering."""
        return self.process.poll() is None

    @property
    def ready(self) -> bool:
        """Whether it takes connections: it runs, and its recovery is over."""
        status = self.folder / "data" / "postmaster.pid"
        # What pg_ctl looks at; a connection before it is ready would be refused with an error.
        lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
        return self.running and len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready"

    def stop_immediate(self) -> None:
        """End it as `pg_ctl -m immediate` does: nothing is written back, the next start recovers. Harmless when ended.

        Returns when every process of it has ended.
        """
        family = self._family()
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGQUIT)
        try:
            self.process.wait(_IMMEDIATE_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._await_gone(family)

    def kill(self) -> None:
        """Kill it and all its children with signal 9; returns when every one has ended. Harmless when ended."""
        if self.running:
            # Stopped first, so that it starts no child that this does not know.
            self.process.send_signal(signal.SIGSTOP)
            _await(lambda: state_of(self.process.pid) in {"T", "Z", ""}, "PostgreSQL did not stop")
        family = self._family()
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self._await_gone(family)

    def start(self, *, wait: bool = True) -> None:
        """Start it again on its data and its port, however it ended; harmless when it runs.

        Args:
            wait: return when it is ready, after its recovery; otherwise at once, so that it can be killed meanwhile.

        Raises:
            RuntimeError: it ended before it was ready; the end of its log is in the message.
            TimeoutError: it was not ready within 60 s.
        """
        if not self.running:
            # Its own lock file would still say "ready". Nobody needs it: all its processes have ended.
            (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
            self.process = _launch(self._command, self.folder)
        if wait:
            self.await_ready()

    def await_ready(self) -> None:
        """Return when it takes connections.

        Raises:
            RuntimeError: it ended before it was ready; the end of its log is in the message.
            TimeoutError: it was not ready within 60 s.
        """
        deadline = time.monotonic() + _START_S
        while not self.ready:
            if not self.running:
                said = (self.folder / "server.log").read_text(errors="replace")[-500:]
                raise RuntimeError(f"PostgreSQL ended with code {self.process.returncode} before it was ready: {said}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"PostgreSQL was not ready within {_START_S:.0f} s")
            time.sleep(0.02)

    def close(self) -> None:
        """Stop it for good; it leaves neither process nor shared memory."""
        # A fast stop disconnects everybody; an immediate one also ends whoever does not listen. A plain kill of the
        # first process would leave its others running.
        for request in (signal.SIGINT, signal.SIGQUIT):
            self.process.send_signal(request)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=_STOP_S)
                return
        self.kill()

    def _family(self) -> list[int]:
        return children_of(self.process.pid) if self.running else []

    def _await_gone(self, family: list[int]) -> None:
        # A child that lives on keeps the shared memory, and a new server refuses to start beside it.
        _await(lambda: not any(is_running(pid) for pid in family), f"processes of PostgreSQL outlived it: {family}")


@contextmanager
def running_postgresql(settings: Mapping[str, str] = FAST) -> Iterator[PostgresServer]:
    """Run a server in a folder of its own until the end of the block; as `nobody` when we are root, whom it refuses.

    Args:
        settings: FAST or DURABLE, and any other of PostgreSQL's settings.

    Raises:
        PostgresMissing: its programs are not there.
    """
    source = programs()
    # Not in a folder of the caller's: what root makes, nobody can seldom enter.
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    try:
        runner = account()
        if runner:
            os.chown(folder, runner["user"], runner["group"])
            source = readable(source, folder)
        password = secrets.token_hex(8)
        _create(source, folder, password, runner)
        port = lasting_port()
        command = _command(source, folder, port, settings)
        process = _launch(command, folder)
        server = PostgresServer("127.0.0.1", port, USER, password, DATABASE, process, folder, command)
        try:
            server.await_ready()
            yield server
        finally:
            server.close()
    finally:
        shutil.rmtree(folder)


def _await(holds: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + _IMMEDIATE_S
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(otherwise)
        time.sleep(0.002)


def _create(source: Path, folder: Path, password: str, runner: dict[str, Any]) -> None:
    # A file, because our own standard input cannot be opened by another account. The folder keeps everybody else out.
    secret = folder / "password"
    secret.write_text(password, encoding="ascii")
    arguments = ["--auth=scram-sha-256", f"--pwfile={secret}", f"--username={USER}", "--encoding=UTF8", "--locale=C"]
    made = subprocess.run(  # noqa: S603 - a program found by programs()
        [source / "initdb", "--no-sync", f"--pgdata={folder / 'data'}", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment(),
        cwd=folder,
        check=False,
        **runner,
    )
    if made.returncode:
        raise RuntimeError(f"initdb ended with code {made.returncode}: {made.stderr.decode(errors='replace')[-500:]}")


def _command(source: Path, folder: Path, port: int, settings: Mapping[str, str]) -> list[str]:
    every = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "jit": "off",  # its library is as large as all the rest, and is not unpacked
        "dynamic_shared_memory_type": "mmap",  # in its own folder: one that is killed leaves nothing elsewhere
        "timezone": "GMT",  # the one zone that needs no file
        "log_timezone": "GMT",
        **settings,
    }
    options = [word for name, value in every.items() for word in ("-c", f"{name}={value}")]
    return [str(source / "postgres"), "-D", str(folder / "data"), *options]


def _launch(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "server.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - a program found by programs()
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment(), cwd=folder, **account()
        )
