"""One step with a snapshot, in a process of its own: `python -m benchmarks.snapshot_step STEP FOLDER PATIENTS`.

It prints one line of JSON: seconds, megabytes at its highest, and what it did.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from firebird.driver import connect

from adapters.firebird.catalogue import catalogue_of
from adapters.firebird.pump import insert_rows
from adapters.firebird.snapshots import FirebirdSnapshots
from contracts.snapshots import Account
from shim.pseudonyms.key import PseudonymKey
from shim.pseudonyms.policy import load_policy
from shim.pseudonyms.run import pseudonymise
from shim.snapshots.verify import verify
from simulators.intramed.engine import REPOSITORY, use_private_engine
from simulators.intramed.generate import build_practice
from simulators.intramed.practice import SEED, Stream
from simulators.intramed.sandbox import OWNER

Step = Callable[[Path, int], str]
POLICY: Final = REPOSITORY / "adapters" / "intramed" / "personal.toml"
_HIGHEST: Final = "VmHWM:"


def main(arguments: list[str]) -> int:
    """Do one step and tell what it took."""
    step, folder, patients = STEPS[arguments[0]], Path(arguments[1]), int(arguments[2])
    use_private_engine(folder / "engine")
    begin = time.perf_counter()
    what = step(folder, patients)
    print(json.dumps({"s": round(time.perf_counter() - begin, 2), "mb": _highest_mb(), "what": what}))
    return 0


def _generate(folder: Path, patients: int) -> str:
    build_practice(folder / "practice.fdb", SEED, patients, _pumped)
    return f"{(folder / 'practice.fdb').stat().st_size / 1e6:.1f} MB"


def _pumped(connection: Any, name: str, stream: Stream) -> int:
    """Put rows into a table as the snapshots do, without a connection's character set in between."""
    names, rows = stream
    path = connection.info.name
    with closing(connect(path, user=OWNER, charset="NONE")) as bare:
        table = next(each for each in catalogue_of(bare).tables if each.name == name)
        columns = tuple(column for wanted in names for column in table.columns if column.name == wanted)
        return max(insert_rows(bare, name, columns, rows()))


def _take(folder: Path, _: int) -> str:
    (folder / "snapshot").mkdir()
    FirebirdSnapshots().take(str(folder / "practice.fdb"), Account(), folder / "snapshot" / "practice.fbk", _quietly)
    return f"{(folder / 'snapshot' / 'practice.fbk').stat().st_size / 1e6:.1f} MB"


def _pseudonymise(folder: Path, _: int) -> str:
    key = folder / "keys" / "bench.key"
    for each in (key, folder / "result" / "harmless.fbk"):
        each.parent.mkdir()
    PseudonymKey.make(key)
    with TemporaryDirectory(dir=folder) as private:
        out = folder / "result" / "harmless.fbk"
        taken = folder / "snapshot" / "practice.fbk"
        report = pseudonymise(FirebirdSnapshots(), taken, out, POLICY, key, Path(private), _quietly)
    return f"{sum(report.rows.values())} rows"


def _verify(folder: Path, _: int) -> str:
    with TemporaryDirectory(dir=folder) as private:
        out = folder / "result" / "harmless.fbk"
        taken = folder / "snapshot" / "practice.fbk"
        verdict = verify(FirebirdSnapshots(), taken, out, load_policy(POLICY), Path(private), _quietly)
    return "clean" if verdict.clean else f"{len(verdict.survivors)} survivors, {len(verdict.differences)} differences"


def _restore(folder: Path, _: int) -> str:
    FirebirdSnapshots().restore(folder / "result" / "harmless.fbk", str(folder / "sandbox.fdb"), Account(), _quietly)
    return f"{(folder / 'sandbox.fdb').stat().st_size / 1e6:.1f} MB"


STEPS: Final[dict[str, Step]] = {
    "generate": _generate,
    "take": _take,
    "pseudonymise": _pseudonymise,
    "verify": _verify,
    "restore": _restore,
}


def _quietly(stage: str, done: int, total: int | None) -> None:
    del stage, done, total


def _highest_mb() -> float:
    """Return the most memory that this process ever had; what its parent had before does not count."""
    status = Path(f"/proc/{os.getpid()}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith(_HIGHEST))
    return round(int(line.split()[1]) / 1024, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
