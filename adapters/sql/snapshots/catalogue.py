"""Reads the schema of a PostgreSQL database from its catalogue, with PostgreSQL's own words for everything it has.

SQLAlchemy's reflection has neither functions, triggers and domains nor the exact text of a type, a default or a check;
`pg_get_constraintdef` and its sisters have them all.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import psycopg

from adapters.sql.snapshots.described import Described
from adapters.sql.snapshots.parents import parents_first
from contracts.snapshots import Column, Kind, Reference, SnapshotRefused, Table

_KINDS: Final[dict[str, Kind]] = {
    **dict.fromkeys(("int2", "int4", "int8", "oid"), "integer"),
    **dict.fromkeys(("float4", "float8"), "float"),
    **dict.fromkeys(("timestamp", "timestamptz"), "datetime"),
    **dict.fromkeys(("time", "timetz"), "time"),
    "numeric": "decimal",
    "bool": "boolean",
    "date": "date",
    "bytea": "bytes",
}
"""By PostgreSQL's own name of a type; everything else is read and written as text."""
_SIZED: Final = ("bpchar", "varchar")
_SIZE_AHEAD: Final = 4
SQL: Final = {
    part.partition("\n")[0].strip(): part.partition("\n")[2]
    for part in Path(__file__).with_name("catalogue.sql").read_text(encoding="utf-8").split("-- :")[1:]
}
"""Statements by the name that stands above each."""

_Rows = list[tuple[Any, ...]]


class Catalogue:
    """The catalogue of one database, as one transaction sees it; read at once."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._made: dict[str, str] = {}
        self._tables = self._ask("tables")
        self._names = {oid: _name(schema, table) for oid, schema, table, *_ in self._tables}
        self._columns = _by_first(self._ask("columns"))
        self._constraints = self._ask("constraints")
        self._indexes = self._ask("indexes")

    def refuse(self) -> None:
        """Look whether everything can be read, and is of a kind that an archive holds.

        Raises:
            SnapshotRefused: naming each table that cannot be read, or each thing that cannot be held.
        """
        secret = [self._names[oid] for oid, *_, may in self._tables if not may]
        if secret:
            raise SnapshotRefused(f"this account has no right to read {', '.join(secret)}: grant select on it")
        unknown = [str(row[0]) for row in self._ask("unknown")]
        if unknown:
            raise SnapshotRefused(
                f"a snapshot cannot hold what is here: {', '.join(unknown)}; use PostgreSQL's pg_dump"
            )

    def described(self) -> Described:
        """Return the whole schema."""
        server, *locale = self._ask("locale")[0]
        before, after = self._before(), self._after()
        quoted = {
            self._names[oid]: (whole, tuple(column[2] for column in self._columns.get(oid, [])))
            for oid, _, _, whole, _ in self._tables
        }
        return Described(
            server,
            (locale[0], locale[1], locale[2]),
            parents_first([self._table(oid) for oid in self._names]),
            quoted,
            before,
            after,
            self._positions(),
            dict(sorted(self._made.items())),
        )

    def _ask(self, name: str) -> _Rows:
        return self._connection.execute(SQL[name].encode()).fetchall()

    def _table(self, oid: int) -> Table:
        own = [row for row in self._constraints if row[0] == oid]
        key = next((tuple(row[5]) for row in own if row[1] == "p"), ())
        indexes = [row[3] for row in self._indexes if row[0] == oid and row[3]]
        uniques = sorted({*(tuple(row[5]) for row in own if row[1] == "u"), *map(tuple, indexes)} - {key})
        references = [
            Reference(tuple(row[5]), self._names[row[6]], tuple(row[7]))
            for row in own
            if row[1] == "f" and row[6] in self._names
        ]
        columns = tuple(map(_column, self._columns.get(oid, [])))
        return Table(self._names[oid], columns, key, tuple(uniques), tuple(references))

    def _before(self) -> tuple[str, ...]:
        made = [f"create schema if not exists {quoted}" for _, quoted in self._ask("schemas")]
        for name, quoted, schema in self._ask("extensions"):
            made.append(self._keep("extension", name, f"create extension if not exists {quoted} schema {schema}"))
        made += [self._keep("type", name, text) for name, text in self._ask("types")]
        for name, text, _, is_identity in self._ask("sequences"):
            if not is_identity:  # its column makes it
                made.append(self._keep("sequence", name, text))
        for name, kind, text in self._ask("functions"):
            made.append(self._keep("procedure" if kind == "p" else "function", name, text))
        for oid, _, _, whole, _ in self._tables:
            columns = ", ".join(map(_clause, self._columns.get(oid, [])))
            made.append(self._keep("table", self._names[oid], f"create table {whole} ({columns})"))
        return tuple(made)

    def _after(self) -> tuple[str, ...]:
        whole = {row[0]: row[3] for row in self._tables}
        made = []
        for oid, _, name, quoted, text, *_ in self._constraints:
            if oid in whole:
                statement = f"alter table {whole[oid]} add constraint {quoted} {text}"
                made.append(self._keep("constraint", f"{self._names[oid]}.{name}", statement))
        made += [self._keep("index", name, text) for oid, name, text, _ in self._indexes if oid in whole]
        for name, _, owner, is_identity in self._ask("sequences"):
            if owner and not is_identity:
                made.append(f"alter sequence {name} owned by {owner}")
        for name, kind, text in self._ask("views"):
            word = "materialized view" if kind == "m" else "view"
            made.append(self._keep(word, name, f"create {word} {name} as {text}"))
        for name, table, text in self._ask("triggers"):
            made.append(self._keep("trigger", f"{name} on {table}", text))
        return tuple(made)

    def _keep(self, kind: str, name: str, text: str) -> str:
        self._made[f"{kind} {name.removeprefix('public.')}"] = " ".join(text.split())
        return text

    def _positions(self) -> tuple[tuple[str, int, bool], ...]:
        found = []
        for name, *_ in self._ask("sequences"):
            try:
                with self._connection.transaction():
                    statement = f"select last_value, is_called from {name}"  # noqa: S608 - quoted by the server
                    row = self._connection.execute(statement.encode()).fetchone()
            except psycopg.errors.InsufficientPrivilege as error:
                raise SnapshotRefused(
                    f"this account has no right to read sequence {name}: grant select on it"
                ) from error
            if row:
                found.append((str(name), int(row[0]), bool(row[1])))
        return tuple(found)


def _name(schema: str, table: str) -> str:
    return table if schema == "public" else f"{schema}.{table}"


def _by_first(rows: Iterable[tuple[Any, ...]]) -> dict[int, _Rows]:
    found: dict[int, _Rows] = {}
    for first, *rest in rows:
        found.setdefault(first, []).append(tuple(rest))
    return found


def _column(row: tuple[Any, ...]) -> Column:
    _, name, _, _, base, size, required, _, generated, *_ = row
    length = size - _SIZE_AHEAD if base in _SIZED and size > 0 else None
    kind = _KINDS.get(base, "text")
    return Column(name, kind, length, base == "bpchar" and length is not None, not required, bool(generated))


def _clause(row: tuple[Any, ...]) -> str:
    _, _, quoted, written, _, _, required, identity, generated, default, collation, sequence = row
    parts = [quoted, written]
    if collation:
        parts.append(f"collate {collation}")
    if generated:
        parts.append(f"generated always as ({default}) stored")
    elif identity:
        parts.append(f"generated {'always' if identity == 'a' else 'by default'} as identity ({sequence})")
    elif default is not None:
        parts.append(f"default {default}")
    return " ".join([*parts, "not null"] if required else parts)
