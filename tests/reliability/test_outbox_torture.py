"""The outbox under torture: whatever is killed, whenever, all that was acknowledged arrives once and in order."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from tests.reliability.outbox_boundaries import SCRIPT, die_everywhere, go_unheard_everywhere, stop_server_everywhere
from tests.reliability.outbox_campaign import run_campaign
from tests.reliability.outbox_history import Verdict
from tests.reliability.outbox_nursery import Nursery
from tests.reliability.outbox_roles import THREADS
from tests.reliability.outbox_stores import Files, Server, Store

SEED = 20261121
RECOVERY_S = 30.0
LEAST_COMMITS = 20
"""The enumerated run has six enqueues, and at least two commits for each document of which one is shared."""


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with Nursery(tmp_path_factory.mktemp("nursery") / "log") as nursery:
        yield nursery


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "sqlite":
        return Files()
    return Server(request.getfixturevalue("mortal_postgresql"))


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    """Those on all stores so far, so that the last line is the verdict on the whole."""
    return []


@pytest.mark.torture
def test_nothing_is_lost_or_doubled_whoever_is_killed(
    tmp_path: Path,
    nursery: Nursery,
    store: Store,
    full_length: bool,
    verdicts: list[Verdict],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Over 2,000 kills in full length, over 100 in the quick form, of both stores together."""
    every = 1 if full_length or store.stop_and_restart is None else 3  # a file costs less time than a server
    boundaries = die_everywhere(nursery, tmp_path, store, seconds=5 if full_length else 0, every=every)
    rested = run_campaign(nursery, tmp_path / "random", store, kills=400 if full_length else 30, seed=SEED)
    stopped = stop_server_everywhere(nursery, tmp_path, store, every=1 if full_length else 20)
    judged = boundaries.judged + rested.judged + stopped
    verdict = judged.verdict
    verdicts.append(verdict)
    with capsys.disabled():
        print(f"\n{store.name}: {boundaries.commits} {dict(rested.killed)} {dict(rested.struck)}")  # noqa: T201
        print(json.dumps(asdict(sum(verdicts, Verdict()))))  # noqa: T201 - the campaign's verdict
    assert judged.wrong == []
    counted = ("kills", "accepted", "unknown_per_kill", "recovery_s")
    assert verdict == replace(Verdict(), **{name: getattr(verdict, name) for name in counted})
    assert verdict.unknown_per_kill <= THREADS
    assert verdict.recovery_s < RECOVERY_S
    assert verdict.kills >= (1_000 if full_length else 100 // every)
    # A campaign that does not strike proves nothing.
    assert min(boundaries.commits.values()) >= LEAST_COMMITS
    assert boundaries.struck.keys() == set(SCRIPT) - {"pass"}
    assert rested.missing == set()


@pytest.mark.torture
def test_a_commit_that_nobody_heard_of_leaves_nothing_stuck(
    tmp_path: Path, nursery: Nursery, store: Store, full_length: bool
) -> None:
    """The connection breaks during each commit of a run, once; the process lives on, and so does everything it held."""
    every = 1 if full_length else 2
    unheard = go_unheard_everywhere(nursery, tmp_path, store, every)
    assert unheard.judged.wrong == []
    assert unheard.commits >= LEAST_COMMITS // every


@pytest.mark.torture
def test_where_unknown_is_resent_every_duplicate_is_explained(
    tmp_path: Path, nursery: Nursery, full_length: bool
) -> None:
    """The receiver does take documents twice, and each of them has an attempt that was recorded as unknown."""
    kills = 100 if full_length else 10
    judged = run_campaign(nursery, tmp_path / "resent", Files(), kills, SEED, unknown="resend").judged
    assert judged.verdict.duplicates
    assert judged.verdict == replace(
        judged.verdict,
        lost=0,
        unexplained_duplicates=0,
        inversions=0,
        stuck=0,
        report_time_changed=0,
        payload_changed=0,
    )
