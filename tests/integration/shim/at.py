"""Runs the command `shim` by another clock: `python -m tests.integration.shim.at CLOCK ARGUMENTS`.

CLOCK is a file that says what time it is: `set_clock` writes it, also while a service runs. Only the time that the shim
tells moves; what it measures stays as it is. With `-` as the only argument, commands are read from standard input, one
JSON list to a line, and each is run in a process of its own that need not load the program again.
"""

import json
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from shim import root


def set_clock(clock: Path, now: str, *, stands: bool = False) -> None:
    """Say what time it is; from then on it goes by at its usual speed, unless it stands."""
    told = {"now": datetime.fromisoformat(now).timestamp(), "since": datetime.now(UTC).timestamp(), "stands": stands}
    written = clock.with_suffix(".new")
    written.write_text(json.dumps(told), "utf-8")
    written.replace(clock)


def main() -> None:
    """Run the command, or one after the other."""
    clock = Path(sys.argv.pop(1))

    def utc_now() -> datetime:
        told = json.loads(clock.read_text("utf-8"))
        passed = 0 if told["stands"] else datetime.now(UTC).timestamp() - told["since"]
        return datetime.fromtimestamp(told["now"] + passed, UTC)

    root.utc_now = utc_now
    from shim.cli.commands import app  # noqa: PLC0415 - what it imports takes the clock along

    if sys.argv[1:] != ["-"]:
        sys.exit(app())
    for line in sys.stdin:
        with tempfile.TemporaryFile() as printed:
            code = _in_a_process(json.loads(line), printed.fileno(), app)
            printed.seek(0)
            sys.stdout.write(json.dumps([code, printed.read().decode()]) + "\n")
            sys.stdout.flush()


def _in_a_process(arguments: list[str], printed: int, app: object) -> int:
    child = os.fork()
    if child == 0:
        os.dup2(printed, 1)
        sys.argv[1:] = arguments
        try:
            sys.exit(app())  # type: ignore[operator]  # Typer is callable
        except SystemExit as ended:
            sys.stdout.flush()
            os._exit(int(ended.code or 0))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    main()
