"""Starts the lives of the program whose power is cut, one after another, in a warm process."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.reliability.power_library import environment

Line = dict[str, Any]
UNCUT: dict[str, str | int] = {"prefix": "", "cut_at": 0}
"""A disk like any other."""


class Lives:
    """A warm process; a life is a fork of it."""

    def __init__(self, library: Path, log: Path) -> None:
        self._log = log
        with log.open("ab") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.reliability.power_program"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=environment(library),
                text=True,
            )

    def live(self, role: str, folder: Path, disk: dict[str, str | int], **told: Any) -> list[Line]:
        """Live one life to its end and return what it told, the last of which is `ended`.

        `disk` are the settings of the preloaded library, `told` those of the role.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"role": role, "folder": str(folder), "disk": disk, **told}) + "\n")
        self._process.stdin.flush()
        lines = [self._line()]
        while "ended" not in lines[-1]:
            lines.append(self._line())
        return lines

    def _line(self) -> Line:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self._log.read_text()[-2000:]
        told: Line = json.loads(line)
        return told

    def stop(self) -> None:
        """Let the warm process end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(150)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


@contextmanager
def running_lives(library: Path, log: Path) -> Iterator[Lives]:
    """Keep a warm process for a campaign."""
    lives = Lives(library, log)
    try:
        yield lives
    finally:
        lives.stop()
