"""Processes by the hundred: a program that has imported everything once forks one for each line that it reads.

A process that is started afresh costs its imports, half a second; a forked one costs milliseconds and is as mortal.
What it opens it opens itself. `python -m tests.reliability.outbox_nursery` reads `{"role": …, "arguments": …}`, tells
the process id, or reads `{"ended": pid}` and tells the exit code, null while it runs.
"""

import ctypes
import gc
import importlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tests.reliability.outbox_roles import ROLES

DRIVERS: Final = ("outbox.sqlite.database", "outbox.postgresql.database", "outbox.postgresql.owners")
"""The outbox imports the one that it needs when it needs it."""
_PR_SET_PDEATHSIG: Final = 1
_LOOK_S: Final = 0.01
_END_S: Final = 60.0


class Child:
    """A process of the nursery."""

    def __init__(self, nursery: "Nursery", pid: int) -> None:
        self._nursery, self.pid = nursery, pid
        self._code: int | None = None

    def ended(self) -> int | None:
        """Return its exit code, minus the signal for a signal; None while it runs."""
        if self._code is None:
            self._code = self._nursery.ask({"ended": self.pid})
        return self._code

    def wait(self, within_s: float = _END_S) -> int:
        until = time.monotonic() + within_s
        while (code := self.ended()) is None:
            if time.monotonic() > until:
                self.kill()
                raise TimeoutError(f"the process has not ended within {within_s:.0f} s")
            time.sleep(_LOOK_S)
        return code

    def kill(self) -> bool:
        """Kill it without a warning; False when it had ended by itself."""
        if self.ended() is not None:
            return False
        os.kill(self.pid, signal.SIGKILL)  # it is not reaped by anybody but `ended`, so the id is still its own
        return self.wait() == -signal.SIGKILL


class Nursery:
    """Starts processes in the roles of the campaign. Thread-safe."""

    def __init__(self, log: Path) -> None:
        with log.open("ab") as told:
            self._program = subprocess.Popen(
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=told,
            )
        self._asking = threading.Lock()

    def start(self, role: str, **arguments: Any) -> Child:
        pid = self.ask({"role": role, "arguments": arguments})
        assert pid is not None
        return Child(self, pid)

    def ask(self, line: Mapping[str, Any]) -> int | None:
        """Return the answer to one line."""
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        with self._asking:
            self._program.stdin.write(json.dumps(line).encode() + b"\n")
            self._program.stdin.flush()
            answer: int | None = json.loads(self._program.stdout.readline())
            return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._program.communicate(timeout=_END_S)  # the end of its input ends it, and its end ends its children


def _serve() -> None:
    home = os.getpid()
    for driver in DRIVERS:
        importlib.import_module(driver)
    gc.collect()
    gc.freeze()  # so that no child copies what it has in common with the others
    for line in sys.stdin:
        asked = json.loads(line)
        if "ended" in asked:
            answer = _ended(asked["ended"])
        else:
            answer = os.fork()
            if answer == 0:
                _live(home, asked["role"], asked["arguments"])
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()


def _ended(pid: int) -> int | None:
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def _live(home: int, role: str, arguments: dict[str, Any]) -> None:
    """Be a process of one role, as long as the nursery lives."""
    code = 1
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != home:
            return
        os.close(sys.stdin.fileno())
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        ROLES[role](arguments)
        code = 0
    except Exception:  # noqa: BLE001 - whatever it is, it goes to the log and the process ends here
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    _serve()
