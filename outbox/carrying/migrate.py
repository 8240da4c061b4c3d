"""Moves a state from an SQLite file to PostgreSQL, so that at no moment two of them are live."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from outbox.actions import Audit
from outbox.carrying.alone import alone, put_away, why_put_away
from outbox.carrying.asking import Asking
from outbox.carrying.lines import Header, written
from outbox.carrying.load import Loaded, Report, Target, load
from outbox.carrying.refusal import CarryingRefused
from outbox.carrying.tables import counts, reading, snapshot
from outbox.database import Transaction

MOVED: Final = "moved to "
Describe = Callable[[Transaction, dict[str, int]], Header]
"""Makes the header of what a transaction sees, with these numbers of rows."""


def migrate(
    source: Path, target: Target, describe: Describe, asking: Asking, audit: Audit, report: Report = lambda _d, _a: None
) -> Loaded:
    """Load everything of a file into an empty PostgreSQL, and put the file away in the last moment before that commits.

    If that commit fails, neither is live, and the same again goes on from the file. Otherwise the file stays under its
    name, so that whoever still has it in the configuration is refused instead of beginning an empty state.

    Raises:
        CarryingRefused: somebody uses the file, it was put away for another reason, or as of `load`.
        StateUnavailable: PostgreSQL cannot be written.
    """
    where = f"{MOVED}{target.database.where}"
    with alone(source) as held:
        if held is None:
            raise CarryingRefused(f"{source} is damaged; restore a backup first")
        before = why_put_away(held)
        if before not in {None, where}:
            raise CarryingRefused(f"{source} was put away before: {before}")
        if before is not None:
            _refuse_moved(target, source)
        tx = reading(held)

        def last() -> None:
            if before is None:
                put_away(held, asking.now, where)

        def lines() -> Iterable[bytes]:
            return written(tx, describe(tx, counts(tx, target.tables)), target.tables)

        return load(lines, replace(target, last=last), asking, audit, report)


def _refuse_moved(target: Target, source: Path) -> None:
    """An earlier attempt has put the file away: go on only if its commit failed."""
    with snapshot(target.database) as tx:
        # Whoever has looked at it since is in the audit there.
        if any(counts(tx, [table for table in target.tables if not table.joins]).values()):
            raise CarryingRefused(f"{source} was {MOVED}{target.database.where} before; name that in shim.toml")
