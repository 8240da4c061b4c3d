"""Lets go of rows that are old enough: from each chain's beginning to a row that a checkpoint knows as its head.

A signed anchor stays in their place, so that the rest of the chain is verified from there. A chain that does not verify
is left: what was done to it must not go with it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from outbox.carrying.tables import snapshot
from outbox.database import Database, Transaction
from outbox.statements import Statements
from shim.audit.believing import Believing
from shim.audit.checkpoints import SQL as CHECKPOINTS
from shim.audit.checkpoints import anchor_text
from shim.audit.findings import Finding, Verified
from shim.audit.heads import Known
from shim.audit.signing import Signer, Trusted
from shim.audit.verifying import verify

SQL: Final = Statements("shim.audit", "reading")
_TOGETHER: Final = 2_000
"""Rows of one commit, if heads are not farther apart: some ten milliseconds, in which nobody else writes."""


class PruneRefused(Exception):
    """Raised when a checkpoint or an anchor does not verify, so that nobody knows what may go."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(f"nothing was pruned: {finding}")
        self.finding = finding


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was done: rows and chains that were pruned, and chains that were left because they do not verify."""

    rows: int
    chains: int
    left: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Cut:
    """A piece that goes in one commit: the rows of a chain from one after `begin` to `end`, which has this hash."""

    chain: str
    begin: int
    end: int
    hash: str
    checkpoint: int


def plan(database: Database, trusted: Trusted, before: int) -> tuple[list[Cut], tuple[Finding, ...]]:
    """Return what can go, and what is in the way; `before` in milliseconds since 1970.

    Raises:
        PruneRefused: a checkpoint or an anchor does not verify.
        StateUnavailable: the state cannot be read.
    """
    with snapshot(database) as tx:
        verified = verify(tx, trusted)
        for finding in verified.findings:
            if finding.what not in {"row", "chain"}:
                raise PruneRefused(finding)
        left = {finding.chain for finding in verified.findings}
        believing = Believing(Verified(), trusted)
        heads = believing.read(tx, None)
        anchors = believing.anchors(tx)
        cuts = [
            cut
            for chain, known in heads.chains.items()
            if chain not in left
            for cut in _cuts(tx, chain, known, anchors.get(chain, (0, ""))[0], before)
        ]
    return cuts, tuple(verified.findings)


def prune(
    database: Database, signer: Signer, cuts: list[Cut], now: int, report: Callable[[int], None] = lambda _rows: None
) -> Pruned:
    """Let go of what was planned, a few at a time; what was done is done if it ends early. A checkpoint should follow.

    Args:
        database: the state.
        signer: of the anchors.
        cuts: as `plan` returned them.
        now: milliseconds since 1970.
        report: told how many rows are gone.

    Raises:
        StateUnavailable: the state cannot be written.
    """
    rows = 0
    for together in _commits(cuts):

        def job(tx: Transaction, together: list[Cut] = together) -> int:
            return sum(_let_go(tx, cut, signer, now) for cut in together)

        rows += database.write(job)
        report(rows)
    return Pruned(rows, len({cut.chain for cut in cuts}))


def _cuts(tx: Transaction, chain: str, known: Known, gone: int, before: int) -> Iterator[Cut]:
    first = tx.execute(SQL["first_kept"], {"chain": chain, "before": before}).fetchone()
    end = known.last if first is None else first["n"] - 1
    places = [place for place, n in enumerate(known.ns) if gone < n <= end]
    chosen: list[int] = []
    for place, following in pairwise([*places, -1]):
        begin = known.ns[chosen[-1]] if chosen else gone
        if following < 0 or known.ns[following] - begin > _TOGETHER:
            chosen.append(place)
    for place in chosen:
        yield Cut(chain, gone, known.ns[place], known.hash(place), known.checkpoints[place])
        gone = known.ns[place]


def _commits(cuts: list[Cut]) -> Iterator[list[Cut]]:
    together: list[Cut] = []
    for cut in cuts:
        together.append(cut)
        if sum(one.end - one.begin for one in together) >= _TOGETHER:
            yield together
            together = []
    if together:
        yield together


def _let_go(tx: Transaction, cut: Cut, signer: Signer, now: int) -> int:
    signed: dict[str, str | int] = {
        "chain": cut.chain,
        "n": cut.end,
        "hash": cut.hash,
        "checkpoint": cut.checkpoint,
        "pruned_at": now,
        "key": signer.public,
    }
    tx.execute(CHECKPOINTS["insert_anchor"], {**signed, "signature": signer.sign(anchor_text(signed))})
    gone = tx.execute(CHECKPOINTS["delete_events"], {"chain": cut.chain, "n": cut.end}).rowcount
    tx.execute(CHECKPOINTS["delete_older_anchors"], {"chain": cut.chain, "n": cut.end})
    return gone
