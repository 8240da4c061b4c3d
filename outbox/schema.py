"""Which version of a package's tables a database has, and what brings it up to date."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from outbox.database import Dialect, NewerSchemaError

CREATE_RECORD: Final = (
    "CREATE TABLE IF NOT EXISTS migration (package TEXT, number INTEGER, PRIMARY KEY (package, number))"
)
RECORDED: Final = "SELECT number FROM migration WHERE package = :package"
RECORD: Final = "INSERT INTO migration (package, number) VALUES (:package, :number)"

PUT_AWAY: Final = 1_000_000
"""Recorded in a state that is not used any more, because another one took its place. Every release refuses it."""

_MIGRATION: Final = re.compile(r"^(\d{4})_\w+\.sql$")
_VERSION: Final = re.compile(r"^-- version: (\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Change:
    """One script, and the migrations that are recorded with it: all of them for a new database's whole schema."""

    script: str
    numbers: tuple[int, ...]


def version(package: str, dialect: Dialect) -> int:
    """Return the newest version that this release knows, as `schema.sql` says."""
    return _version((files(package) / dialect / "schema.sql").read_text(encoding="utf-8"), package)


def changes(package: str, dialect: Dialect, done: set[int], name: str) -> Iterator[Change]:
    """Yield what brings a database with these recorded migrations up to date, in order.

    Raises:
        NewerSchemaError: a migration is recorded that this release does not know, or the database was put away; `name`
            names it.
    """
    folder = files(package) / dialect
    whole = (folder / "schema.sql").read_text(encoding="utf-8")
    newest = _version(whole, package)
    if PUT_AWAY in done:
        raise NewerSchemaError(f"{name} was put away: it moved to PostgreSQL, or a backup replaced it; mend `state`")
    if done and max(done) > newest:
        raise NewerSchemaError(f"{name} was written by a newer release: {package} {max(done)}, this one knows {newest}")
    if not done:
        yield Change(whole, tuple(range(1, newest + 1)))
        return
    known = {int(match[1]): file for file in folder.iterdir() if (match := _MIGRATION.match(file.name))}
    for number in sorted(set(range(1, newest + 1)) - done):
        yield Change(known[number].read_text(encoding="utf-8"), (number,))


def _version(script: str, package: str) -> int:
    match = _VERSION.search(script)
    if match is None:
        raise ValueError(f"the schema of {package} does not say its version")
    return int(match[1])
