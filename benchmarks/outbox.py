"""What the outbox costs beside the bare drivers and its peers: on SQLite and on PostgreSQL, empty and with backlogs.

"Raw" is the same statements in the same commits on a bare driver. Whatever is compared alternates, round by round, on
one disk. A round's figure is its median entry, or the mean where producers work at once; a ratio is the median of the
rounds' ratios: of rates, so that more is better, but for backlogs, where it is the time of claim and acknowledgement on
the worst one over that on the empty outbox.
"""

import os
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import syncs
from benchmarks.backlogs import BACKLOGS
from benchmarks.entries import BODY_BYTES
from benchmarks.measure import Figure, Report, Sample, alternate
from benchmarks.peers.environment import NoPeers
from benchmarks.rivals import ON_FILES, ON_POSTGRESQL, WITHOUT_ACKNOWLEDGEMENT, Rival, rivals
from benchmarks.stores import EMPTY, Store, on_postgresql, on_sqlite
from simulators.choice import NotThere
from simulators.postgresql.bench import PostgresBench
from simulators.postgresql.choice import choose, running_bench

Taken = Mapping[str, Sequence[float]]
_DONE: Final = {
    "in_a_row": "store, one commit, mean",
    "raw_enqueue_at_2ms": "store, one commit, mean",
    "enqueue_16": "store, 16 producers at once, mean",
    "enqueue": "store, one commit",
    "claim_ack": "claim, read, acknowledge, two commits",
    "drain": "acknowledge and claim in one commit, read",
}
"""What was done, by the first of these that a sample's name contains."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        rounds: of everything; `peers_rounds` of peers on a backlog, where an entry may take a tenth of a second.
        count: entries of each round; `peers_count` on a peer's backlog.
        backlog: entries that are ready, finished or backing off; `peers_backlog` of a peer's, `key_backlog` of one key.
        waiting_bytes: size of those entries of a backlog that nobody claims; `peers_bytes` of a peer's, which has them
            in the rows that it searches.
        phase_s: seconds after which no further round begins, of each of four phases.
        peers: whether peers take part.
        backlogs: those of the outbox; a peer has what it knows.
    """

    rounds: int
    count: int
    backlog: int
    peers_rounds: int
    peers_count: int
    peers_backlog: int
    key_backlog: int
    waiting_bytes: int
    peers_bytes: int
    phase_s: float
    peers: bool = True
    backlogs: Sequence[str] = tuple(BACKLOGS)

    def sizes(self, backlog: int) -> dict[str, int]:
        """Return how many entries each backlog has."""
        return {name: self.key_backlog if name.endswith("_key") else backlog for name in BACKLOGS}


QUICK: Final = Plan(20, 20, 200_000, 3, 5, 200_000, 20_000, waiting_bytes=100, peers_bytes=100, phase_s=8)
FULL: Final = Plan(200, 25, 1_000_000, 5, 10, 200_000, 20_000, waiting_bytes=300, peers_bytes=BODY_BYTES, phase_s=120)


def run(*, quick: bool) -> Report:
    """Measure everything; when quick, the four phases take half a minute, and filling depends on the disk."""
    return measure(QUICK if quick else FULL)


def measure(plan: Plan) -> Report:
    """Measure as planned."""
    taken: dict[str, Sequence[float]] = dict(syncs.counted(plan.rounds, plan.count, plan.phase_s))
    with TemporaryDirectory(prefix="legacy-shim-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        stores = [stack.enter_context(on_sqlite(folder, plan.backlogs))]
        bench = stack.enter_context(_postgresql())
        if bench is not None:
            stores.append(stack.enter_context(on_postgresql(bench, plan.backlogs)))
        peers = stack.enter_context(_peers(plan, folder, bench))
        _fill(plan, stores, peers)
        contenders = [turn for store in stores for turn in store.on_empty(plan.count)]
        taken |= alternate([*contenders, *(peer.on_empty(plan.count) for peer in peers)], plan.rounds, plan.phase_s)
        taken |= alternate(
            [turn for store in stores for turn in store.on_backlogs(plan.count)], plan.rounds, plan.phase_s
        )
        if peers:
            turns = [turn for peer in peers for turn in peer.on_backlogs(plan.peers_count)]
            taken |= alternate(turns, plan.peers_rounds, plan.phase_s)
    return Report([Sample(name, _what(name), tuple(values)) for name, values in taken.items()], _figures(taken))


@contextmanager
def _postgresql() -> Iterator[PostgresBench | None]:
    try:
        choice = choose(os.environ)
    except NotThere as missing:
        print(f"benchmark: no figures of PostgreSQL: {missing}", file=sys.stderr)
        yield None
        return
    with running_bench(choice, os.environ) as bench:
        yield bench


@contextmanager
def _peers(plan: Plan, folder: Path, bench: PostgresBench | None) -> Iterator[list[Rival]]:
    with ExitStack() as stack:
        running: list[Rival] = []
        if plan.peers:
            try:
                running = stack.enter_context(rivals(folder / "peers", bench, BODY_BYTES, plan.peers_bytes))
            except NoPeers as missing:
                print(f"benchmark: no figures of peers: {missing}", file=sys.stderr)
        yield running


def _fill(plan: Plan, stores: list[Store], peers: list[Rival]) -> None:
    """Fill all backlogs at once: each is another process's work, or done by SQLite outside Python's lock."""
    claimed = plan.rounds * plan.count
    with ThreadPoolExecutor() as pool:
        filling = [pool.submit(store.fill, plan.sizes(plan.backlog), claimed, plan.waiting_bytes) for store in stores]
        filling += [pool.submit(peer.fill, plan.sizes(plan.peers_backlog)) for peer in peers]
    for filled in filling:
        filled.result()


def _figures(taken: Taken) -> dict[str, Figure]:
    backlogs = [
        _ratio(taken, f"{prefix}claim_ack_{backlog}_us", f"{prefix}claim_ack_{EMPTY}_us")
        for prefix in ("", "pg_")
        for backlog in BACKLOGS
    ]
    return {
        "enqueue_ratio": _ratio(taken, "raw_enqueue_us", "enqueue_us"),
        "enqueue_16_ratio": _ratio(taken, "raw_enqueue_in_a_row_us", "enqueue_16_us"),
        "enqueue_16_at_2ms_ratio": _ratio(taken, "raw_enqueue_at_2ms_us", "enqueue_16_at_2ms_us"),
        "claim_ack_ratio": _ratio(taken, "raw_claim_ack_us", "claim_ack_us"),
        "fused_drain_ratio": _ratio(taken, "raw_drain_us", "drain_us"),
        "backlog_worst_ratio": max((ratio for ratio in backlogs if ratio is not None), default=None),
        "syncs_per_enqueue": _median(taken, "enqueue_at_2ms_syncs"),
        "syncs_per_delivery_draining": _median(taken, "drain_at_2ms_syncs"),
        "pg_claim_ack_ratio": _ratio(taken, "pg_raw_claim_ack_us", "pg_claim_ack_us"),
        "pg_enqueue_vs_procrastinate": _ratio(taken, f"{ON_POSTGRESQL}_enqueue_us", "pg_enqueue_us"),
        "peers": {name: _of_peer(taken, name) for name in (*ON_FILES, ON_POSTGRESQL)},
    }


def _of_peer(taken: Taken, name: str) -> dict[str, Figure]:
    raw = "pg_raw_" if name == ON_POSTGRESQL else "raw_"
    acknowledged = _ratio(taken, f"{raw}claim_ack_us", f"{name}_claim_ack_us")
    backlogs = [_ratio(taken, f"{name}_claim_ack_{backlog}_us", f"{name}_claim_ack_{EMPTY}_us") for backlog in BACKLOGS]
    return {
        "enqueue_ratio": _ratio(taken, f"{raw}enqueue_us", f"{name}_enqueue_us"),
        "claim_ack_ratio": None if name in WITHOUT_ACKNOWLEDGEMENT else acknowledged,
        "backlog_worst_ratio": max((ratio for ratio in backlogs if ratio is not None), default=None),
    }


def _ratio(taken: Taken, above: str, below: str) -> float | None:
    """Return the median of the rounds' ratios; None when one of the two was not measured."""
    if above not in taken or below not in taken:
        return None
    return round(statistics.median(a / b for a, b in zip(taken[above], taken[below], strict=True)), 3)


def _median(taken: Taken, name: str) -> float | None:
    return round(statistics.median(taken[name]), 3) if name in taken else None


def _what(name: str) -> str:
    """Say what a sample is of; every name but that of a count of syncs ends with its unit, microseconds per entry."""
    done = next(text for part, text in _DONE.items() if part in name)
    on = next((f", {backlog}" for backlog in (EMPTY, *BACKLOGS) if backlog in name), "")
    peer = next((name for peer in (*ON_FILES, ON_POSTGRESQL) if name.startswith(peer)), "")
    return f"{done}{on}{peer and ', peer'}"
