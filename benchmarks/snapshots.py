"""What it takes to make a practice harmless: generate, take, pseudonymise, verify, restore, at two sizes.

Every step is a process of its own, so its highest memory is its own. Memory that does not grow with the number of
patients is what the second size is for.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.measure import Figure, Report, Sample
from benchmarks.snapshot_step import STEPS

QUICK: Final = (1_000, 4_000)
FULL: Final = (10_000, 100_000)
_STEP_S: Final = 3_600.0


def run(*, quick: bool) -> Report:
    """Measure two sizes."""
    return measure(QUICK if quick else FULL)


def measure(sizes: tuple[int, ...]) -> Report:
    """Measure each size, smallest first; `growth` is memory of the largest over that of the smallest, by step."""
    samples: list[Sample] = []
    taken: dict[str, dict[str, list[float]]] = {"s": {}, "mb": {}}
    for patients in sizes:
        with TemporaryDirectory(prefix="legacy-shim-bench-") as name:
            for step in STEPS:
                told = _step(step, Path(name), patients)
                for unit in ("s", "mb"):
                    value = float(told[unit])
                    taken[unit].setdefault(step, []).append(value)
                    samples.append(
                        Sample(f"{step}_{patients}_{unit}", f"{patients} patients, {told['what']}", (value,))
                    )
    figures: dict[str, Figure] = {"patients": sizes}
    for step in STEPS:
        figures[f"{step}_s"] = {str(size): value for size, value in zip(sizes, taken["s"][step], strict=True)}
        figures[f"{step}_mb"] = {str(size): value for size, value in zip(sizes, taken["mb"][step], strict=True)}
        figures[f"{step}_growth"] = round(taken["mb"][step][-1] / taken["mb"][step][0], 2)
    return Report(samples, figures)


def _step(step: str, folder: Path, patients: int) -> dict[str, str]:
    command = [sys.executable, "-m", "benchmarks.snapshot_step", step, str(folder), str(patients)]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=_STEP_S, check=True, text=True)  # noqa: S603
    print(f"{step} of {patients}: {done.stdout.strip()}", file=sys.stderr, flush=True)
    told: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return told
