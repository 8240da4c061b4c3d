"""Looks rows up: who looked at this person, what did this client do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from outbox.database import Database
from shim.audit.rows import COLUMNS

_EQUAL: Final = ("client", "system", "contract", "outcome", "on_behalf_of")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; None is anything.

    Attributes:
        client: who asked.
        subjects: the names that a person can have in the audit, as `Subjects.all_of` returns them.
        since: milliseconds since 1970, and so is `until`, which is not included.
        until: likewise.
        system: which system.
        contract: which contract.
        outcome: such as `ok`; intents have none.
        on_behalf_of: whom the client named.
        limit: most rows; the newest are found.
    """

    client: str | None = None
    subjects: Sequence[str] | None = None
    since: int | None = None
    until: int | None = None
    system: str | None = None
    contract: str | None = None
    outcome: str | None = None
    on_behalf_of: str | None = None
    limit: int = 100


def found(database: Database, wanted: Wanted) -> list[dict[str, Any]]:
    """Return the newest rows that are like that, in the order of time; one more than `limit` if there are more.

    Raises:
        StateUnavailable: the state cannot be read.
    """
    values: dict[str, Any] = {name: getattr(wanted, name) for name in _EQUAL if getattr(wanted, name) is not None}
    conditions = [f"{name} = :{name}" for name in values]
    if wanted.since is not None:
        conditions.append("at >= :since")
        values["since"] = wanted.since
    if wanted.until is not None:
        conditions.append("at < :until")
        values["until"] = wanted.until
    if wanted.subjects is not None:
        names = {f"subject_{place}": subject for place, subject in enumerate(wanted.subjects)}
        conditions.append(f"subject IN ({', '.join(f':{name}' for name in names)})")
        values |= names
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    statement = (
        f"SELECT {', '.join(COLUMNS)} FROM audit_event {where} "  # noqa: S608 - names of ours
        "ORDER BY at DESC, chain DESC, n DESC LIMIT :limit"
    )
    rows = database.read(statement, **values, limit=wanted.limit + 1)
    return [dict(zip(COLUMNS, row, strict=True)) for row in reversed(rows)]
