"""The campaign: reports under every fault at once, with outages and kills between them, until all has come to rest."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from tests.reliability.facility import Facility, tenants
from tests.reliability.planon_faults import FAULTS
from tests.reliability.planon_told import Record
from tests.reliability.planon_traffic import Agent, Plan
from tests.reliability.planon_verdict import Judged, judge

AGENTS: Final = 4
TENANTS: Final = 40
REST_S: Final = 300.0
SETTLE_S: Final = 2.5
"""Longer than the latest commit by far, because two cores are shared: the promise stands on it."""
OUTBOX: Final[Mapping[str, Any]] = {"first_s": 0.1, "cap_s": 1.0, "threads": 8, "probe_s": 0.5, "ramp_s": 0.2}
OPTIONS: Final[Mapping[str, Any]] = {
    "timeout_s": 1.0,
    "connect_timeout_s": 1.0,
    "settle_s": SETTLE_S,
    "sla_settle_s": 4.0,
}

_HELD_BACK: Final = """SELECT late.id FROM entry AS late JOIN entry AS early
ON early.order_key = late.order_key AND early.seq < late.seq
WHERE late.state = 'waiting' AND early.state IN ('parked', 'rejected')"""
_REST_HELD_BACK: Final = f"""SELECT DISTINCT continues FROM entry
WHERE continues IS NOT NULL AND (state IN ('parked', 'rejected') OR id IN ({_HELD_BACK}))"""  # noqa: S608 - no input
_STUCK: Final = f"state = 'waiting' AND id NOT IN ({_HELD_BACK})"
OUTAGES: Final = ("down", "replica_down", "kill", "down", "kill", "replica_stalled")
"""What happens between every 2,000 reports, evenly spread."""
PER_OUTAGES: Final = 2_000
OUTAGE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Finished:
    """A campaign that has come to rest: the judgement, and how much happened in it."""

    judged: Judged
    told: dict[str, Any]


class Progress:
    """How many reports were made; agents take their numbers here."""

    def __init__(self, reports: int) -> None:
        self._reports = reports
        self._next = 0
        self._lock = threading.Lock()

    def take(self) -> int | None:
        """Return the next report's number, or None when there are no more."""
        with self._lock:
            self._next += 1
            return self._next if self._next <= self._reports else None

    def await_share(self, share: float, stopped: Callable[[], bool]) -> None:
        """Return when this share of the reports, from 0 to 1, has been taken."""
        while self._next < share * self._reports and not stopped():
            time.sleep(0.02)


def campaign(facility: Facility, reports: int, seed: int, plan: Plan | None = None) -> Finished:
    """Run a campaign and judge it."""
    begun = time.monotonic()
    setup = facility.client()
    tokens = [setup.tenant(tenant) for tenant in tenants(TENANTS)]
    facility.planon.apply(seed=seed, lag_s=1.0)
    facility.planon.apply(**FAULTS)
    record, progress = Record(), Progress(reports)
    agents = [Agent(facility.client(), record, tokens, seed, plan or Plan()) for _ in range(AGENTS)]
    with ThreadPoolExecutor(AGENTS) as pool:
        working = [pool.submit(_work, agent, progress) for agent in agents]
        outages = OUTAGES * max(1, reports // PER_OUTAGES)
        for number, outage in enumerate(outages, 1):
            progress.await_share(number / (len(outages) + 1), lambda: all(done.done() for done in working))
            _strike(facility, outage)
        for done in working:
            done.result()
    accepted_s = time.monotonic() - begun
    facility.planon.apply(calm=True)
    await_rest(facility)
    rested_s = time.monotonic() - begun - accepted_s
    ends = _ends(facility, record)
    ledger = {"incidents": facility.planon.incidents(), "notes": facility.planon.notes()}
    if stuck := facility.count(_STUCK):
        record.odd(f"{stuck} deliveries wait behind nothing")
    judged = judge(record, ledger, ends)
    told = _told(facility, record, judged) | {"accepting_s": round(accepted_s, 1), "draining_s": round(rested_s, 1)}
    return Finished(judged, told)


def await_rest(facility: Facility) -> None:
    """Wait until every delivery has ended or stands behind one that needs a person, and every look was made."""
    until = time.monotonic() + REST_S
    moving = "state IN ('ready', 'in_flight', 'unknown') OR check_at IS NOT NULL"
    while left := facility.count(moving):
        if time.monotonic() > until:
            raise TimeoutError(f"{left} deliveries are still moving: {_states(facility)}")
        time.sleep(0.1)


def _work(agent: Agent, progress: Progress) -> None:
    while (number := progress.take()) is not None:
        agent.report(number)


def _strike(facility: Facility, outage: str) -> None:
    if outage == "kill":
        facility.shim.kill_and_restart()
        return
    facility.planon.apply(**{outage: True})
    time.sleep(OUTAGE_S)
    facility.planon.apply(**{outage: False})


def _ends(facility: Facility, record: Record) -> dict[str, dict[str, Any]]:
    """Ask the shim about each delivery, as the client that made it would."""
    names = [told.delivery for told in (*record.incidents.values(), *record.notes.values())]
    ends: dict[str, dict[str, Any]] = {}
    behind = {name for (name,) in facility.state(_HELD_BACK)}
    unfinished = {name for (name,) in facility.state(_REST_HELD_BACK)}

    def ask(part: list[str]) -> None:
        client = facility.client()
        for name in part:
            answer = client.delivery(name)
            ends[name] = {key: answer.get(key) for key in ("state", "attention", "reason", "attempts")}
            ends[name] |= {"held_back": name in behind, "rest_held_back": name in unfinished}

    with ThreadPoolExecutor(AGENTS) as pool:
        list(pool.map(ask, [names[n::AGENTS] for n in range(AGENTS)]))
    return ends


def _states(facility: Facility) -> dict[str, int]:
    return dict(facility.state("SELECT state, count(*) FROM entry GROUP BY state"))


def _told(facility: Facility, record: Record, judged: Judged) -> dict[str, Any]:
    outcomes = facility.state("SELECT outcome, count(*) FROM attempt_outcome GROUP BY outcome")
    attention = facility.state("SELECT attention, count(*) FROM entry WHERE attention IS NOT NULL GROUP BY attention")
    return {
        "notes": len(record.notes),
        "held_back": judged.held_back,
        "states": _states(facility),
        "attention": dict(attention),
        "attempts": dict(outcomes),
        "struck": {fault: sum(counts.values()) for fault, counts in facility.planon.tally()["struck"].items()},
    }
