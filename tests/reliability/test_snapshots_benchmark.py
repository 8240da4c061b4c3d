"""The benchmark of snapshots, as short as it can be."""

from benchmarks.snapshot_step import STEPS
from benchmarks.snapshots import measure
from simulators.intramed.engine import EngineMissing, engine_folder
from tests.services import unavailable


def test_the_benchmark_s_figures() -> None:
    """Each step tells its seconds and its memory, and what was made harmless is harmless."""
    try:
        engine_folder()  # each step has an engine of its own
    except EngineMissing as missing:
        unavailable(missing)
    report = measure((420,))
    assert report.figures.keys() == {
        "patients",
        *(f"{step}_{what}" for step in STEPS for what in ("s", "mb", "growth")),
    }
    assert all(value > 0 for sample in report.samples for value in sample.values)
    assert "clean" in {sample.what.rpartition(" ")[2] for sample in report.samples}
