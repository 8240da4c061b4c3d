"""The benchmark of the service itself, as short as it can be; how fast it is, a busy machine does not say."""

import dataclasses
import os
import sqlite3
from pathlib import Path

import pytest

from benchmarks.resources import of_process
from benchmarks.service import Plan, measure
from benchmarks.service_load import WrongAnswer, load
from benchmarks.service_sites import MIX, Site, running

TINY = Plan(rounds=2, round_s=0.1, neighbour_rounds=1, slow_s=0.5, watched_s=0.6, warm=20, requests=40)


def test_the_benchmark_s_figures() -> None:
    """It ends with the figures that the documentation names, and the service kept no file open."""
    report = measure(TINY)
    asked = {"own_p50_ms", "own_p99_ms", "rate_ratio", "slow_neighbour_ratio", "rss_growth_pct", "fds_before_after"}
    counts = {"requests_measured", "requests_between"}
    further = {"own_loaded_p50_ms", "audit_ms", "guard_ms", "single_p50_ms", "single_bare_p50_ms"}
    assert set(report.figures) == {*asked, *counts, *further, "per_s", "bare_per_s", "rate_ratio_to_threads"}
    assert report.figures["requests_between"] == 40
    differences = {"audit_ms", "guard_ms"}
    assert all(value > 0 for sample in report.samples if sample.name not in differences for value in sample.values)


def test_what_is_measured_is_the_whole_service(tmp_path: Path) -> None:
    """Each request has its intent in the audit; an answer that is none ends the measurement.

    A service that writes nothing, or refuses everything, would be the fastest.
    """
    with running(tmp_path / "site") as site:
        with load(site.address, 1, site.mix()) as asking:
            assert len(asking.run(60.0, at_most=len(MIX)).ms) == len(MIX)
        assert len(site.own_ms()) >= len(MIX)
        broken: Site = dataclasses.replace(site, key="ls_00000000_" + "a" * 43)
        with load(site.address, 2, broken.mix()) as asking, pytest.raises(WrongAnswer, match="401"):
            asking.run(60.0)
    with sqlite3.connect(tmp_path / "site" / "shim.db") as state:
        intents = "SELECT count(*) FROM audit_event WHERE phase = 'intent' AND client IS NOT NULL"
        ((audited,),) = state.execute(intents)
    asked_before = len(set(MIX)) + 1  # everything of the mix once, and a tenant
    assert audited == len(MIX) + asked_before


def test_a_file_that_stays_open_shows(tmp_path: Path) -> None:
    """Descriptors are counted as the kernel has them."""
    before = of_process(os.getpid()).fds
    with (tmp_path / "left").open("w"):
        assert of_process(os.getpid()).fds == before + 1
