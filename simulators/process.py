"""Programs beside a test or a demo: started, awaited by the first line they print, stopped by their own pid."""

import random
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_START_S: Final = 30.0
_STOP_S: Final = 15.0
_FIRST_FREE: Final = 10240  # below are the ports of well-known services
_FIRST_GIVEN: Final = 32768  # from here on Linux takes ports for outgoing connections, unless told otherwise
_TRIES: Final = 50


class NotStarted(Exception):
    """Raised when a program ends, or stays silent, before it is ready."""


def free_port() -> int:
    """Return a port of loopback on which nobody listens now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def lasting_port() -> int:
    """Return a free port that the system gives to nobody by itself.

    A server that was killed finds it free when it comes back: no outgoing connection has taken it meanwhile, and no
    client that kept trying was connected to itself.
    """
    given = Path("/proc/sys/net/ipv4/ip_local_port_range")
    lowest = int(given.read_text().split()[0]) if given.exists() else _FIRST_GIVEN
    candidates = random.sample(range(_FIRST_FREE, lowest), _TRIES) if lowest > _FIRST_FREE + _TRIES else []
    for port in candidates:
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    return free_port()


def children_of(pid: int) -> list[int]:
    """Return the processes whose parent this is."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if int(entry.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry.parent.name))
    return found


def is_running(pid: int) -> bool:
    """Return whether a process lives; one that ended and waits to be collected does not."""
    return state_of(pid) not in {"", "Z", "X"}


def state_of(pid: int) -> str:
    """Return the letter of a process's state, as in proc(5): T is stopped, Z ended; empty when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


class Program:
    """A Python module running as a process of its own.

    Args:
        arguments: what follows `python`, such as `["-m", "simulators.planon"]`.
        log: file that gets its standard error, appended.
        environment: its environment; None for ours.
    """

    def __init__(self, arguments: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        with log.open("ab") as stderr:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
                [sys.executable, *arguments],
                stdout=subprocess.PIPE,
                stderr=stderr,
                stdin=subprocess.DEVNULL,
                env=environment,
                text=True,
            )
        self._log = log
        silent = threading.Timer(_START_S, self._process.kill)
        silent.start()
        try:
            self.first_line = self._read_line()
        finally:
            silent.cancel()

    def _read_line(self) -> str:
        assert self._process.stdout is not None  # noqa: S101 - it was asked for above
        line = self._process.stdout.readline().strip()
        if not line:
            self._process.kill()
            code = self._process.wait()
            self._process.stdout.close()
            told = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise NotStarted(f"ended with code {code} before it was ready: {told[-1] if told else 'it said nothing'}")
        return line

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._process.kill()
        self._end()

    def stop(self) -> int:
        """Ask it to end and return its exit code; kill it when it does not."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        return self._end()

    def _end(self) -> int:
        code = self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self.stop()
        else:
            self._end()
