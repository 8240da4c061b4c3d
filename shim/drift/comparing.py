"""What says how a backend is spoken to, compared with what was accepted: files of the adapter, and what is served.

The first start of a system accepts what it finds. From then on anything else makes the system read-only, until an
administrator accepts it or it is as it was: a file that nobody has looked at must not decide what is written.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import BaseModel, JsonValue

from contracts.desks import AdapterMisconfigured, AnyAdapter
from contracts.examination import Diagnosis, Level, Step
from outbox.database import Database, Row, Transaction
from outbox.entry import from_ms
from outbox.statements import Statements

SQL: Final = Statements("shim", "drift")
SERVED: Final = "served "
"""What names of what the backend serves itself begin with: it may not be reached, and is not missing then."""
LATELY_S: Final = 60.0
"""How long a difference counts that no process has seen any more, seconds."""
_EVER_S: Final = 100 * 366 * 86_400.0
FIRST: Final = "found at the first start"
_SHOWN: Final = 5

DESCRIPTION_CHANGED: Final = Diagnosis(
    "description-changed",
    Level.BROKEN,
    "a WSDL, a schema or the mapping is not the one that was accepted",
    "Documents could be written that the backend takes and misunderstands, so the system is read-only.",
    "See what has changed and why: shim systems list. Put the old files back, or accept the new ones: "
    "shim systems accept SYSTEM --reason …",
)
DIAGNOSES: Final = (DESCRIPTION_CHANGED,)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was accepted of one name, when, by whom and why."""

    name: str
    fingerprint: str
    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One name of which something else was found than was accepted; None where there is nothing."""

    name: str
    accepted: str | None
    found: str | None

    def __str__(self) -> str:
        """Say it in a few words."""
        if self.found == "":
            return f"{self.name} cannot be read"
        return (
            f"{self.name} {'is new' if self.accepted is None else 'is gone' if self.found is None else 'has changed'}"
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """A difference that some process has seen lately."""

    system: str
    name: str
    fingerprint: str
    since: datetime


def differences(accepted: Mapping[str, str], found: Mapping[str, str]) -> tuple[Difference, ...]:
    """Compare; what is served counts only where it was found now and accepted before."""
    names = sorted(accepted.keys() | found.keys())
    compared = [Difference(name, accepted.get(name), found.get(name)) for name in names]
    return tuple(
        each
        for each in compared
        if each.accepted != each.found and not (each.name.startswith(SERVED) and None in {each.accepted, each.found})
    )


def told(different: Sequence[Difference]) -> str:
    """Name what differs, on one line."""
    more = len(different) - _SHOWN
    return ", ".join(map(str, different[:_SHOWN])) + (f" and {more} more" if more > 0 else "")


def files_of(adapter: AnyAdapter, options: BaseModel) -> Mapping[str, str]:
    """Return the fingerprints of an adapter's files as they are now; none of an adapter that does not tell.

    Raises:
        AdapterMisconfigured: one of them cannot be read.
    """
    return {} if adapter.descriptions is None else adapter.descriptions(options)


class Descriptions:
    """What was accepted, in the shim's state. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def accepted(self, system: str) -> dict[str, Accepted]:
        """Return what was accepted of one system, by name."""
        rows = self._database.read(SQL["list_accepted"], system=system)
        return {row["name"]: _accepted(row) for row in rows}

    def trust(self, system: str, found: Mapping[str, str], by: str, also: Callable[[Transaction], None]) -> bool:
        """Accept what nobody has accepted anything of; False when somebody has. `also` is done in the same commit."""

        def job(tx: Transaction) -> bool:
            tx.lock("drift", system)
            known = {row["name"] for row in tx.execute(SQL["list_accepted"], {"system": system}).fetchall()}
            if any(name in known if name.startswith(SERVED) else not _only_served(known) for name in found):
                return False
            _accept(tx, system, found, by, FIRST)
            also(tx)
            return True

        return bool(found) and self._database.write(job)

    def accept(self, system: str, found: Mapping[str, str], by: str, reason: str) -> tuple[Difference, ...]:
        """Accept exactly this in place of what was accepted; return what that changes.

        What is served stays accepted as it is where `found` does not name it.
        """

        def job(tx: Transaction) -> tuple[Difference, ...]:
            tx.lock("drift", system)
            rows = tx.execute(SQL["list_accepted"], {"system": system}).fetchall()
            before = {row["name"]: row["fingerprint"] for row in rows}
            changed = differences(before, found)
            for gone in (each.name for each in changed if each.found is None):
                tx.execute(SQL["forget"], {"system": system, "name": gone})
            _accept(tx, system, {each.name: each.found for each in changed if each.found is not None}, by, reason)
            tx.execute(SQL["forget_all_differs"], {"system": system})
            return changed

        return self._database.write(job)

    def tell(self, system: str, different: Sequence[Difference]) -> None:
        """Write down what differs, for those who only look at the state."""
        values = [{"system": system, "name": each.name, "fingerprint": each.found or ""} for each in different]

        def job(tx: Transaction) -> None:
            for value in values:
                tx.execute(SQL["tell_differs"], value)

        if values:
            self._database.write(job)

    def over(self, system: str, different: Sequence[Difference]) -> None:
        """Write down that these differ no more."""
        values = [{"system": system, "name": each.name, "fingerprint": each.found or ""} for each in different]

        def job(tx: Transaction) -> None:
            for value in values:
                tx.execute(SQL["forget_differs"], value)

        if values:
            self._database.write(job)

    def seen(self) -> list[Seen]:
        """Return what some process has seen to differ lately, of every system."""
        return self._seen(LATELY_S)

    def served(self, system: str) -> dict[str, str]:
        """Return what a backend was seen to serve in place of what was accepted, however long ago.

        A file can be looked at by anybody at any time; a backend may be down when it is asked again.
        """
        found = [seen for seen in self._seen(_EVER_S) if seen.system == system and seen.name.startswith(SERVED)]
        return {seen.name: seen.fingerprint for seen in found}

    def _seen(self, lately_s: float) -> list[Seen]:
        rows = self._database.read(SQL["list_differs"], lately_ms=int(lately_s * 1000))
        return [Seen(row["system"], row["name"], row["fingerprint"], from_ms(row["since"])) for row in rows]


def _only_served(known: set[str]) -> bool:
    """Whether nothing but what is served was accepted yet, so that files are seen for the first time."""
    return all(name.startswith(SERVED) for name in known)


def examined(
    database: Database, system: str, adapter: AnyAdapter, options: BaseModel, until: float = float("inf")
) -> Iterator[Step]:
    """Compare the files, and what the backend serves, with what was accepted; changes nothing."""
    if adapter.descriptions is None:
        return
    accepted = {name: row.fingerprint for name, row in Descriptions(database).accepted(system).items()}
    if not accepted:
        yield Step("descriptions", told="nothing is accepted yet; the first start accepts what it finds")
        return
    try:
        found = dict(files_of(adapter, options))
    except AdapterMisconfigured as error:
        yield Step("descriptions", skipped=f"they cannot be read: {error}")
        return
    yield _compared("descriptions", accepted, found)
    if adapter.served is not None and time.monotonic() < until:
        served = adapter.served(options, until)
        files = {name: known for name, known in accepted.items() if not name.startswith(SERVED)}
        yield _compared("served descriptions", accepted, {**files, **served}, len(served))


def _compared(step: str, accepted: Mapping[str, str], found: Mapping[str, str], count: int | None = None) -> Step:
    different = differences(accepted, found)
    number = len(found) if count is None else count
    if different:
        return Step(step, (DESCRIPTION_CHANGED.found(told(different)),))
    return Step(step, told=f"{number} as accepted" if number else "none is served")


def by_name(different: Sequence[Difference]) -> dict[str, JsonValue]:
    """Return the new fingerprints by name, for the audit; None of what is gone."""
    return {each.name: each.found for each in different}


def _accept(tx: Transaction, system: str, found: Mapping[str, str], by: str, reason: str) -> None:
    for name, fingerprint in sorted(found.items()):
        values = {"system": system, "name": name, "fingerprint": fingerprint, "by": by, "reason": reason}
        tx.execute(SQL["accept"], values)


def _accepted(row: Row) -> Accepted:
    return Accepted(
        str(row["name"]),
        str(row["fingerprint"]),
        from_ms(row["accepted_at"]),
        str(row["accepted_by"]),
        str(row["reason"]),
    )
