"""The benchmark of the facility desk, as short as it can be."""

from benchmarks.planon import Plan, measure


def test_the_benchmark_s_figures() -> None:
    """It ends with the figures that the documentation names; the dry run costs a fraction of xmlschema's."""
    report = measure(Plan(parts=5, whole=3))
    microseconds = {"compose_us", "dry_run_us", "xmlschema_us", "create_message_us"}
    ratios = {"dry_run_ratio", "end_to_end_ratio", "end_to_end_ms", "bare_ms"}
    assert set(report.figures) == {*microseconds, *ratios, "backend_calls"}
    assert float(report.figures["dry_run_ratio"]) <= 0.15  # type: ignore[arg-type]
    assert report.figures["backend_calls"] == 3
    calls = {sample.name: sample.median for sample in report.samples if sample.name.endswith("_calls")}
    assert {name for name, count in calls.items() if count} == {"incident_calls", "find_calls", "read_calls"}
    assert all(value > 0 for sample in report.samples if sample.name not in calls for value in sample.values)
