"""What a request costs in the service itself, beside a bare FastAPI application that answers the same JSON.

Both are processes of their own under the same server settings and take turns, so that a busy machine hurts both. The
service is `shim serve` with authentication, audit, guard and metrics, its state an SQLite file on a disk; its desks
answer at once. Own time is the service's: from the moment that uvicorn hands a request over until the answer's last
part was given back, less the desk's own time; so without parsing HTTP, and with the audit's commits and their syncs.
"""

import statistics
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.measure import Figure, Report, Sample, Turn, alternate
from benchmarks.resources import Process, of_process
from benchmarks.service_bare import THREADS
from benchmarks.service_load import Next, Taken, load
from benchmarks.service_sites import FIND, LOOK_UPS, Site, running, running_bare

CONNECTIONS: Final = 16
NEIGHBOURS: Final = 50
_ASKING: Final = 4
_ASIDE: Final = ("audit", "guard")
_AHEAD_S: Final = 0.5
"""How long the neighbours have to take their places."""
_WITHIN_S: Final = 3600.0
_P95: Final = 0.95
_WHAT: Final = {
    "own_ms": "the service's own time, one connection, the mix",
    "own_loaded_ms": f"the same, {CONNECTIONS} connections",
    "audit_ms": "of which the audit's, per look-up: with it less without it",
    "guard_ms": "of which the guard's, per look-up",
    "single_ms": "one connection, to the answer's last byte",
    "single_bare_ms": "the same of bare FastAPI",
    "per_s": f"answers a second, {CONNECTIONS} connections",
    "bare_per_s": "the same of bare FastAPI, async endpoints",
    "threads_per_s": "the same of bare FastAPI, endpoints in threads",
    "quiet_ms": f"find_patient, {_ASKING} connections",
    "neighbour_ms": f"the same while {NEIGHBOURS} wait for the slow desk",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        rounds: of the service and the bare application, in turn.
        round_s: how long each contender is measured in each, seconds.
        neighbour_rounds: without a slow neighbour and with it, in turn.
        slow_s: how long the slow desk takes, seconds.
        watched_s: how long each of those is measured, at most `slow_s`.
        warm: requests before memory and descriptors are counted.
        requests: requests between the two counts.
    """

    rounds: int
    round_s: float
    neighbour_rounds: int
    slow_s: float
    watched_s: float
    warm: int
    requests: int


QUICK: Final = Plan(5, 0.5, 2, 5.0, 4.0, 2_000, 6_000)
FULL: Final = Plan(40, 2.0, 8, 5.0, 4.0, 20_000, 200_000)


def run(*, quick: bool) -> Report:
    """Measure everything; under 90 s when quick."""
    return measure(QUICK if quick else FULL)


def measure(plan: Plan, without: str = "nothing") -> Report:
    """Measure as much as planned, of the service or, to see that it shows, of one `without` something."""
    with TemporaryDirectory(prefix="legacy-shim-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        site = stack.enter_context(running(folder / "shim", without, plan.slow_s))
        bare = stack.enter_context(running_bare(folder, site))
        less = {part: stack.enter_context(running(folder / part, part, plan.slow_s)) for part in _ASIDE}
        measured = _compared(site, bare, less, plan)
        quiet, beside = _neighbours(site, plan)
        before, after = _grown(site, plan)
    measured |= {"quiet_ms": quiet, "neighbour_ms": beside}
    samples = {name: Sample(name, what, tuple(measured[name])) for name, what in _WHAT.items()}
    return Report(list(samples.values()), _figures(samples, plan, before, after))


def _compared(site: Site, bare: Site, less: Mapping[str, Site], plan: Plan) -> dict[str, Sequence[float]]:
    """Let the service, the bare application, and the services that lack something take turns."""
    own = defaultdict[str, list[float]](list)

    def asked(name: str, at: Site, ask: Next, connections: int) -> Taken:
        at.own_ms()
        with load(at.address, connections, ask) as asking:
            taken = asking.run(plan.round_s)
        own[name] += at.own_ms()
        return taken

    def service() -> dict[str, float]:
        single = asked("own_ms", site, site.mix(), 1)
        asked("whole", site, site.mix(LOOK_UPS), 1)
        many = asked("own_loaded_ms", site, site.mix(), CONNECTIONS)
        return {"single_ms": statistics.median(single.ms), "per_s": many.per_s}

    def application() -> dict[str, float]:
        single = asked("bare", bare, bare.mix(), 1)
        rates = {"bare_per_s": "", "threads_per_s": THREADS}
        return {
            "single_bare_ms": statistics.median(single.ms),
            **{name: asked("bare", bare, bare.mix(prefix=at), CONNECTIONS).per_s for name, at in rates.items()},
        }

    def lacking(part: str, at: Site) -> dict[str, float]:
        asked(part, at, at.mix(LOOK_UPS), 1)
        return {}

    turns: list[Turn] = [service, application, *(partial(lacking, part, at) for part, at in less.items())]
    measured: dict[str, Sequence[float]] = {**alternate(turns, plan.rounds, _WITHIN_S)}
    whole = statistics.median(own.pop("whole"))
    differences = {f"{part}_ms": [whole - statistics.median(own.pop(part))] for part in less}
    return measured | differences | own


def _neighbours(site: Site, plan: Plan) -> tuple[list[float], list[float]]:
    """Find a patient over and over, in turn without a neighbour and while many wait for the slow desk."""
    quiet: list[float] = []
    beside: list[float] = []
    # Whoever waits too long for a place is told so, and asks again.
    told = (HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE)
    with ThreadPoolExecutor(1) as aside:
        for _ in range(plan.neighbour_rounds):
            with load(site.address, _ASKING, site.only(FIND)) as asking:
                quiet += asking.run(plan.watched_s).ms
                with load(site.address, NEIGHBOURS, site.slow(), told) as waiting:
                    ended = aside.submit(waiting.run, plan.watched_s)
                    time.sleep(_AHEAD_S)
                    beside += asking.run(plan.watched_s - _AHEAD_S).ms
                    ended.result()
    return quiet, beside


def _grown(site: Site, plan: Plan) -> tuple[Process, Process]:
    """Count what the service holds before and after many requests; both times after the same load."""
    with load(site.address, CONNECTIONS, site.mix()) as asking:
        asking.run(_WITHIN_S, plan.warm)
        before = of_process(site.pid)
        asking.run(_WITHIN_S, plan.requests)
        return before, of_process(site.pid)


def _figures(samples: Mapping[str, Sample], plan: Plan, before: Process, after: Process) -> dict[str, Figure]:
    rates = {name: samples[name].median for name in ("per_s", "bare_per_s", "threads_per_s")}
    return {
        "own_p50_ms": round(samples["own_ms"].median, 3),
        "own_p99_ms": round(samples["own_ms"].p99, 3),
        "own_loaded_p50_ms": round(samples["own_loaded_ms"].median, 3),
        "audit_ms": round(samples["audit_ms"].median, 3),
        "guard_ms": round(samples["guard_ms"].median, 3),
        "single_p50_ms": round(samples["single_ms"].median, 3),
        "single_bare_p50_ms": round(samples["single_bare_ms"].median, 3),
        "per_s": round(rates["per_s"]),
        "bare_per_s": round(rates["bare_per_s"]),
        "rate_ratio": round(rates["per_s"] / rates["bare_per_s"], 3),
        "rate_ratio_to_threads": round(rates["per_s"] / rates["threads_per_s"], 3),
        "slow_neighbour_ratio": round(_p95(samples["neighbour_ms"]) / _p95(samples["quiet_ms"]), 3),
        "rss_growth_pct": round(100 * (after.rss_kb - before.rss_kb) / before.rss_kb, 2),
        "fds_before_after": [before.fds, after.fds],
        "requests_measured": len(samples["own_ms"].values),
        "requests_between": plan.requests,
    }


def _p95(sample: Sample) -> float:
    return sorted(sample.values)[int(len(sample.values) * _P95)]
