"""What one sync costs, counted and not only timed: in a process whose syncs a preloaded library counts and delays.

It is built from `syncs.c` with the machine's C compiler; where there is none, or another system, nothing is counted.
"""

import ctypes
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.entries import PACKAGES, Ours, open_outbox
from benchmarks.measure import alternate
from benchmarks.raw import raw_sqlite
from benchmarks.recorded import record
from benchmarks.stores import TOGETHER
from outbox.database import open_database

DELAY_US: Final = 2000
_SOURCE: Final = Path(__file__).with_name("syncs.c")
_PLACE: Final = Path(__file__).resolve().parents[1] / ".cache" / "benchmark-syncs"
_PRELOADED: Final = "BENCHMARK_SYNCS"
_LIMIT_S: Final = 600.0


def counted(rounds: int, count: int, within_s: float) -> Mapping[str, list[float]]:
    """Return syncs per entry, and microseconds per entry with 2 ms added to each sync; empty when nothing can count.

    Args:
        rounds: how often, raw and ours in turn.
        count: entries of each round.
        within_s: seconds after which no round begins.
    """
    library = _built()
    if library is None:
        return {}
    done = subprocess.run(  # noqa: S603 - this module
        [sys.executable, "-m", "benchmarks.syncs", str(rounds), str(count), str(within_s)],
        env={**os.environ, "LD_PRELOAD": str(library), _PRELOADED: str(library)},
        cwd=_PLACE.parents[1],
        stdout=subprocess.PIPE,
        check=True,
        timeout=_LIMIT_S,
    )
    taken: dict[str, list[float]] = json.loads(done.stdout)
    return taken


def _built() -> Path | None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        return None
    library = _PLACE / f"{hashlib.sha256(_SOURCE.read_bytes()).hexdigest()[:16]}.so"
    if not library.exists():
        _PLACE.mkdir(parents=True, exist_ok=True)
        unfinished = library.with_suffix(f".{os.getpid()}")
        command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(unfinished), str(_SOURCE)]
        if subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode:  # noqa: S603 - found above
            return None  # a compiler without the system's headers
        unfinished.rename(library)
    return library


def _measure(rounds: int, count: int, within_s: float) -> Mapping[str, Sequence[float]]:
    library = ctypes.CDLL(os.environ[_PRELOADED])

    def counting(name: str, call: Callable[[int], float], entries: int) -> dict[str, float]:
        before = library.syncs_counted()
        us = call(entries)
        return {f"{name}_us": us, f"{name}_syncs": (library.syncs_counted() - before) / entries}

    with TemporaryDirectory(prefix="legacy-shim-bench-") as name:
        path = f"{name}/raw.db"
        with closing(open_database(path, PACKAGES)) as database:
            recorded = record(database)
        with closing(open_database(f"{name}/ours.db", PACKAGES)) as database, raw_sqlite(path, recorded) as raw:
            ours = Ours(open_outbox(database))

            def turn() -> dict[str, float]:
                library.syncs_delay(DELAY_US)
                taken = counting("raw_enqueue_at_2ms", raw.enqueue_in_a_row, count)
                taken |= counting("enqueue_at_2ms", ours.enqueue, count)
                taken |= counting("enqueue_16_at_2ms", ours.enqueue_together, count * TOGETHER)
                taken |= counting("drain_at_2ms", ours.drain, count * (TOGETHER + 1))
                return taken

            return alternate([turn], rounds, within_s)


if __name__ == "__main__":
    print(json.dumps(_measure(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))))
