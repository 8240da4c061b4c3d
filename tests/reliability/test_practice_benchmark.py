"""The benchmark of the practice desk, as short as it can be."""

from benchmarks.intramed import Plan, measure
from simulators.intramed.server import FirebirdServer


def test_the_benchmark_s_figures(mortal_server: FirebirdServer) -> None:
    """It ends with the figures that the documentation names, and the product leaves no connection behind."""
    del mortal_server  # a skip with its reason where there is no server; the benchmark starts one of its own
    report = measure(Plan(rounds=1, arrivals=8, closed_s=0.3, requests=40), odbc_driver=None)
    names = {
        *("p50_ratio_ahead_vs_per_request", "p50_ratio_pooled_vs_per_request", "p50_ratio_ahead_vs_pooled"),
        *("throughput_ratio_closed_loop", "p50_over_raw_driver_ms", "rss_growth_pct", "requests_between"),
        *("attachments_before_after", "fds_before_after"),
    }
    assert set(report.figures) == names
    assert report.figures["attachments_before_after"] == [4, 4]
    assert {sample.name for sample in report.samples} >= {"ahead_ms", "per_request_ms", "pooled_ms", "raw_ms"}
    assert all(value > 0 for sample in report.samples for value in sample.values)
