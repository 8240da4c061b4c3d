"""Verification: every row, in the order of the chains, a page at a time, against what the checkpoints know."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, Final

from outbox.database import Transaction
from outbox.statements import Statements
from shim.audit.believing import Believing
from shim.audit.files import Line
from shim.audit.findings import Finding, Verified
from shim.audit.heads import Heads, Known
from shim.audit.rows import COLUMNS, FIRST, hash_of
from shim.audit.signing import Trusted

SQL: Final = Statements("shim.audit", "reading")
LATE: Final = timedelta(hours=1)
"""How much older than a checkpoint a row may be that it does not know: commits that were under way, and clocks."""
_PAGE: Final = 1000
_PLAIN: Final = frozenset({str, int, type(None)})

Report = Callable[[int], None]
"""Told how many rows have been looked at."""


def verify(
    tx: Transaction,
    trusted: Trusted,
    lines: Iterable[Line] | None = None,
    *,
    late: timedelta = LATE,
    report: Report = lambda _rows: None,
) -> Verified:
    """Look at everything that a transaction sees.

    Args:
        tx: a snapshot of a state.
        trusted: the public keys that are believed.
        lines: of a file of checkpoints, which are believed rather than those of the state.
        late: how much older than a checkpoint a row may be that the checkpoint does not know.
        report: told how far it is.
    """
    verified = Verified()
    believing = Believing(verified, trusted)
    heads = believing.read(tx, lines)
    anchors = believing.anchors(tx)
    chain: _Chain | None = None
    late_ms = int(late.total_seconds() * 1000)
    for row in _rows(tx):
        values = dict(zip((*COLUMNS, "hash"), row, strict=True))
        if chain is None or values["chain"] != chain.id:
            if chain is not None:
                chain.end()
            chain = _Chain(values["chain"], verified, heads, anchors.pop(values["chain"], None), late_ms)
        chain.take(values)
        verified.rows += 1
        if verified.rows % _PAGE == 0:
            report(verified.rows)
    if chain is not None:
        chain.end()
    _missing(verified, heads, anchors)
    report(verified.rows)
    return verified


def _rows(tx: Transaction) -> Iterator[Any]:
    last: tuple[Any, Any] = ("", 0)
    while page := tx.execute(SQL["rows"], {"chain": last[0], "n": last[1], "limit": _PAGE}).fetchall():
        yield from page
        last = page[-1][0], page[-1][1]


def _missing(verified: Verified, heads: Heads, anchors: dict[str, tuple[int, str]]) -> None:
    """Tell the chains that are known and not there; those of which nothing is left to be there are pruned."""
    for chain, known in heads.chains.items():
        gone = anchors.get(chain, (0, FIRST))[0]
        if gone < known.last:
            number = known.checkpoints[known.at_or_after(gone + 1)]
            wrong = f"it is not there, though checkpoint {number} knows it"
            verified.add(Finding("chain", wrong, chain=chain, n=gone + 1))


class _Chain:
    """One chain, from its first row to its last. Only the first thing that is wrong with it is told."""

    def __init__(
        self, chain: Any, verified: Verified, heads: Heads, anchor: tuple[int, str] | None, late_ms: int
    ) -> None:
        self.id = chain
        self._verified = verified
        self._heads = heads
        self._late_ms = late_ms
        self._known = heads.chains.pop(chain, Known())
        self._n, self._hash = anchor or (0, FIRST)
        self._place = self._known.at_or_after(self._n + 1)
        self._is_whole = True
        verified.chains += 1

    def take(self, row: dict[str, Any]) -> None:
        """Look at the next row."""
        if not self._is_whole:
            return
        n, mark = row["n"], row.pop("hash")
        if n != self._n + 1:
            self._wrong_number(n)
            return
        if not _is_plain(row) or hash_of(self._hash, row) != mark:
            self._tell(n, "it was changed, or what stood before it was")
            return
        self._n, self._hash = n, mark
        self._compare(row["at"])

    def _compare(self, at: int) -> None:
        """Compare the row that was taken with the first checkpoint that knows it."""
        known = self._known
        covered = self._place < len(known.ns)
        knows = known.checkpoints[self._place] if covered else self._heads.newest + 1
        self._verified.covered += covered
        if at < self._heads.times.get(knows - 1, at) - self._late_ms:
            self._tell(self._n, f"it is dated before checkpoint {knows - 1}, which does not know it")
        elif covered and known.ns[self._place] == self._n:
            if known.hash(self._place) != self._hash:
                self._tell(self._n, f"it is not what checkpoint {knows} knows: it was changed, or one before it")
            self._place += 1

    def end(self) -> None:
        """Say whether rows are missing at the end."""
        if self._is_whole and self._n < self._known.last:
            number = self._known.checkpoints[self._known.at_or_after(self._n + 1)]
            self._tell(self._n + 1, f"it is missing, with all after it: checkpoint {number} knows it")

    def _wrong_number(self, n: Any) -> None:
        if isinstance(n, int) and n <= self._n:
            self._tell(n, "it was pruned and is there again")
        else:
            self._tell(self._n + 1, "it is missing")

    def _tell(self, n: int, wrong: str) -> None:
        self._is_whole = False
        self._verified.add(Finding("row", wrong, chain=str(self.id), n=n))


def _is_plain(row: dict[str, Any]) -> bool:
    """Whether there are only values that are written: SQLite lets anything stand in a column."""
    return type(row["at"]) is int and _PLAIN.issuperset(map(type, row.values()))
