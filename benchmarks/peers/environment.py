"""The peers' virtual environment, made from a lock file with hashes, and their processes in it."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Self

REPOSITORY: Final = Path(__file__).resolve().parents[2]
PLACE: Final = REPOSITORY / ".cache" / "benchmark-peers"
LOCK: Final = REPOSITORY / "requirements" / "peers.lock"
_INSTALL_S: Final = 300.0
_STOP_S: Final = 15.0


class NoPeers(Exception):
    """Raised when the peers' environment cannot be made, in one line that says why."""


class PeerProcess:
    """A peer that does what it is asked to, one thing at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def took(self, on: str, do: str, count: int) -> float | None:
        """Return the seconds of one `do` on a backlog, the median of `count`, or of filling it; None if not known.

        Raises:
            RuntimeError: the process ended; its own traceback has been printed.
        """
        asking, answering = self._process.stdin, self._process.stdout
        if asking is None or answering is None:
            raise RuntimeError("a peer without pipes")
        asking.write(json.dumps({"on": on, "do": do, "count": count}) + "\n")
        asking.flush()
        answer = answering.readline()
        if not answer:
            raise RuntimeError(f"the peer ended with code {self._process.wait()} when asked to {do} on {on}")
        seconds = json.loads(answer)["seconds"]
        return None if seconds is None else float(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Close its standard input, at which it ends; kill it when it does not."""
        with self._process:
            if self._process.stdin is not None:
                self._process.stdin.close()
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()


@contextmanager
def running(
    folder: Path, names: Mapping[str, Mapping[str, str]], body_bytes: int, waiting_bytes: int
) -> Iterator[dict[str, PeerProcess]]:
    """Run peers until the end of the block.

    Args:
        folder: for their files.
        names: which, with what each needs in its process's environment.
        body_bytes: size of an entry that is enqueued.
        waiting_bytes: size of an entry of a backlog.

    Raises:
        NoPeers: their environment cannot be made.
    """
    python = interpreter()
    with ExitStack() as stack:
        started = {}
        for name, needed in names.items():
            process = subprocess.Popen(  # noqa: S603 - the interpreter made below
                [python, "-m", f"benchmarks.peers.{name}", folder / name, str(body_bytes), str(waiting_bytes)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=REPOSITORY,
                env={**os.environ, **needed},
                text=True,
            )
            started[name] = stack.enter_context(PeerProcess(process))
        yield started


def interpreter() -> Path:
    """Return the Python of the peers' environment, which is made when the lock file has changed.

    Raises:
        NoPeers: it cannot be made.
    """
    python, stamp = PLACE / "bin" / "python", PLACE / "made-from"
    wanted = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return python
    shutil.rmtree(PLACE, ignore_errors=True)
    install = ["pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", str(LOCK)]
    for command in ([sys.executable, "-m", "venv", str(PLACE)], [str(python), "-m", *install]):
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_INSTALL_S)  # noqa: S603 - named above
        except (OSError, subprocess.SubprocessError) as error:
            told = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip().splitlines()
            raise NoPeers(f"no environment for the peers: {told[-1] if told else error}") from error
    stamp.write_text(wanted, encoding="ascii")
    return python
