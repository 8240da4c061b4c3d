"""What a fresh connection per request costs when it is opened ahead: `find_patient` over HTTP, on a Firebird server.

Three shims are alike but for their connections: opened ahead (the product), opened in the request, pooled (forbidden:
the floor). Each has a process, a state and a copy of the practice of its own; the server, reached by TCP, is shared.
One more connection stays open to each copy, as the front desk's do. Rounds alternate: all meet the same machine.
"""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.load import Call, arrivals, closed_loop, open_loop
from benchmarks.measure import Figure, Report, Sample
from benchmarks.practices import CLIENTS, Service, Site, bare_driver, service
from benchmarks.resources import Held, held
from simulators.intramed.sandbox import SNAPSHOT, restore
from simulators.intramed.server import FirebirdServer, running_server

DRIVER: Final = "FIREBIRD_ODBC_DRIVER"
WAYS: Final = {
    "ahead": (("shim",), "opened ahead, the product"),
    "per_request": (("benchmarks.baselines", "per-request"), "opened in the request"),
    "pooled": (("benchmarks.baselines", "pooled"), "pooled, forbidden"),
}
PER_S: Final = 20.0
_FIRST_MONDAY: Final = date(2031, 3, 3)
_SETTLED_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: rounds of arrivals and of a closed loop, and requests between two counts of resources."""

    rounds: int
    arrivals: int
    closed_s: float
    requests: int


QUICK: Final = Plan(rounds=6, arrivals=50, closed_s=1.5, requests=2_000)
FULL: Final = Plan(rounds=40, arrivals=50, closed_s=3.0, requests=10_000)


def run(*, quick: bool) -> Report:
    """Measure the native client, then the ODBC driver that FIREBIRD_ODBC_DRIVER names, if it does."""
    return measure(QUICK if quick else FULL, os.environ.get(DRIVER))


def measure(plan: Plan, odbc_driver: str | None) -> Report:
    """Measure as much as planned; what came through ODBC has names with `odbc_` in front."""
    samples: list[Sample] = []
    figures: dict[str, Figure] = {}
    with TemporaryDirectory(prefix="legacy-shim-bench-") as name:
        folder = Path(name)
        restored = restore(SNAPSHOT, folder / "restored.fdb", _FIRST_MONDAY)
        with running_server(folder / "server") as server:
            transports = {"": {"transport": "native"}}
            if odbc_driver:
                transports["odbc_"] = {"transport": "odbc", "odbc_driver": odbc_driver}
            for prefix, transport in transports.items():
                report = _compared(folder / transport["transport"], plan, server, restored, transport)
                samples += [Sample(prefix + s.name, s.what, s.values) for s in report.samples]
                figures |= {prefix + name: figure for name, figure in report.figures.items()}
    return Report(samples, figures)


def _compared(folder: Path, plan: Plan, server: FirebirdServer, restored: Path, transport: dict[str, str]) -> Report:
    with ExitStack() as stack:
        services = {}
        for way, (program, _) in WAYS.items():
            site = Site.beside(folder / way, server, restored)
            services[way] = stack.enter_context(service(folder / way, site, program, transport))
        site = Site.beside(folder / "raw", server, restored)
        raw = stack.enter_context(bare_driver(site, transport, services["ahead"].telephones))
        samples = _opened(services, raw, plan)
        samples |= _closed(services, plan)
        before, after = _grown(services["ahead"], plan.requests)
    return Report(list(samples.values()), _figures(samples, plan.requests, before, after))


def _opened(services: dict[str, Service], raw: Call, plan: Plan) -> dict[str, Sample]:
    """Arrivals, 20 a second; the bare driver meets the same ones."""
    callers: dict[str, Callable[[], list[Call]]] = {way: service.ready for way, service in services.items()}
    callers["raw"] = lambda: [raw]
    told = {way: f"20 arrivals/s, {what}" for way, (_, what) in WAYS.items()}
    told["raw"] = "20 arrivals/s, the same query, bare driver, warm connection"
    taken: dict[str, list[float]] = {way: [] for way in callers}
    for number in range(plan.rounds):
        moments = arrivals(PER_S, plan.arrivals, f"round {number}")
        for way in _turned([*callers], number):
            taken[way] += open_loop(callers[way](), moments)
    return {way: Sample(f"{way}_ms", told[way], tuple(taken[way])) for way in callers}


def _closed(services: dict[str, Service], plan: Plan) -> dict[str, Sample]:
    """Eight clients that ask again at once."""
    per_s: dict[str, list[float]] = {way: [] for way in services}
    for number in range(plan.rounds):
        for way in _turned([*services], number):
            rate, _ = closed_loop(services[way].ready(), seconds=plan.closed_s)
            per_s[way].append(rate)
    return {
        f"{way}_closed": Sample(f"{way}_per_s", f"{CLIENTS} clients, closed loop, {WAYS[way][1]}", tuple(per_s[way]))
        for way in services
    }


def _turned(ways: list[str], number: int) -> list[str]:
    """Let every round begin with another one: who comes first meets a colder machine."""
    return ways[number % len(ways) :] + ways[: number % len(ways)]


def _grown(service: Service, requests: int) -> tuple[Held, Held]:
    """Count what the service holds before and after many requests; both times after the same load."""
    closed_loop(service.ready(), at_most=requests // 10)
    before = _settled(service)
    closed_loop(service.ready(), at_most=requests)
    return before, _settled(service)


def _settled(service: Service) -> Held:
    """Count when the last connection that was used is closed: as soon as two looks find the same number."""
    deadline, last = time.monotonic() + _SETTLED_S, held(service.pid, service.owner)
    while time.monotonic() < deadline:
        time.sleep(0.3)
        now = held(service.pid, service.owner)
        if (now.attachments, now.fds) == (last.attachments, last.fds):
            return now
        last = now
    return last


def _figures(samples: dict[str, Sample], requests: int, before: Held, after: Held) -> dict[str, Figure]:
    ahead, per_request, pooled, raw = (samples[way].median for way in (*WAYS, "raw"))
    rates = {way: samples[f"{way}_closed"].median for way in WAYS}
    return {
        "p50_ratio_ahead_vs_per_request": round(ahead / per_request, 3),
        "p50_ratio_pooled_vs_per_request": round(pooled / per_request, 3),
        "p50_ratio_ahead_vs_pooled": round(ahead / pooled, 3),
        "throughput_ratio_closed_loop": round(rates["ahead"] / rates["per_request"], 3),
        "p50_over_raw_driver_ms": round(ahead - raw, 2),
        "attachments_before_after": [before.attachments, after.attachments],
        "fds_before_after": [before.fds, after.fds],
        "rss_growth_pct": round(100 * (after.rss_kb - before.rss_kb) / before.rss_kb, 2),
        "requests_between": requests,
    }
