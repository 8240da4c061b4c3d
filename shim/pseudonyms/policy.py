"""The policy of a schema: what each column is, and each element of a recorded exchange. What it does not know stops."""

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from re import compile as pattern
from typing import Final

from contracts.snapshots import SnapshotRefused, Table
from shim.pseudonyms.fitting import misfits
from shim.pseudonyms.kinds import KINDS, What

_DOMAIN: Final = pattern(r"[a-z][a-z0-9_]{0,39}")
_PARTS: Final = frozenset({"schema", "tables", "elements", "phrases"})


@dataclass(frozen=True, slots=True)
class TablePolicy:
    """What the columns of a table are.

    Attributes:
        person: columns whose values say whose row it is; empty when nobody's.
        columns: what each is, by name.
    """

    person: tuple[str, ...]
    columns: Mapping[str, What]


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy.

    Attributes:
        schema: name of the schema that it is for.
        fingerprint: 16 hexadecimal digits; another one when any column is something else.
        tables: by name.
        elements: what the elements of recorded exchanges are, by whatever names them there.
    """

    schema: str
    fingerprint: str
    tables: Mapping[str, TablePolicy]
    elements: Mapping[str, What]

    def what(self, table: str, column: str) -> What:
        """Return what a column is.

        Raises:
            SnapshotRefused: the policy does not know it.
        """
        known = self.tables.get(table)
        if known is None or column not in known.columns:
            raise SnapshotRefused(f'the policy "{self.schema}" does not say what {table}.{column} is')
        return known.columns[column]

    def check(self, tables: Sequence[Table]) -> None:
        """Compare with a database, before any row is read.

        Raises:
            SnapshotRefused: it is for another schema, does not know all columns, or a rule cannot hold; names them all.
        """
        self._refuse_another_schema(tables)
        unknown = [
            f"{table.name}.{column.name}"
            for table in tables
            for column in table.columns
            if table.name not in self.tables or column.name not in self.tables[table.name].columns
        ]
        if unknown:
            raise SnapshotRefused(
                f'the policy "{self.schema}" does not say what these columns are: {", ".join(unknown)}; add them to it'
            )
        wrong = [line for table in tables for line in misfits(table, self.what)]
        if wrong:
            raise SnapshotRefused(f'the policy "{self.schema}" cannot hold: {"; ".join(wrong)}')

    def _refuse_another_schema(self, tables: Sequence[Table]) -> None:
        there = {table.name: {column.name for column in table.columns} for table in tables}
        missing = [name for name in self.tables if name not in there]
        missing += [
            f"{name}.{column}"
            for name, known in self.tables.items()
            if name in there
            for column in known.columns
            if column not in there[name]
        ]
        if missing:
            raise SnapshotRefused(
                f'the policy "{self.schema}" is for another schema: the database lacks {", ".join(missing)}'
            )


def load_policy(path: Path) -> Policy:
    """Read a policy.

    Raises:
        SnapshotRefused: it cannot be read, or a rule in it is none; names the column.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SnapshotRefused(f"the policy {path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SnapshotRefused(f"the policy {path} is no TOML: {error}") from error
    if unknown := sorted(told.keys() - _PARTS):
        raise SnapshotRefused(f"the policy {path} has unknown parts: {', '.join(unknown)}")
    schema = told.get("schema")
    if not isinstance(schema, str) or not schema:
        raise SnapshotRefused(f'the policy {path} does not name its schema: schema = "…"')
    canonical = json.dumps(told, sort_keys=True, ensure_ascii=True, default=str)
    return Policy(
        schema,
        hashlib.sha256(canonical.encode()).hexdigest()[:16],
        {name: _table(path, name, rules) for name, rules in _mapping(path, "tables", told.get("tables", {})).items()},
        {name: _what(path, name, rule) for name, rule in _mapping(path, "elements", told.get("elements", {})).items()},
    )


def _table(path: Path, name: str, rules: object) -> TablePolicy:
    parts = _mapping(path, name, rules)
    if unknown := sorted(parts.keys() - {"person", "columns"}):
        raise SnapshotRefused(f"the policy {path}: {name} has unknown parts: {', '.join(unknown)}")
    columns = {
        column: _what(path, f"{name}.{column}", rule)
        for column, rule in _mapping(path, name, parts.get("columns", {})).items()
    }
    told = parts.get("person", [])
    person = [told] if isinstance(told, str) else told
    if not isinstance(person, list) or not all(isinstance(each, str) and each in columns for each in person):
        raise SnapshotRefused(f"the policy {path}: person of {name} must name columns of the table")
    return TablePolicy(tuple(person), columns)


def _mapping(path: Path, name: str, told: object) -> dict[str, object]:
    if not isinstance(told, dict):
        raise SnapshotRefused(f"the policy {path}: {name} must be a table")
    return told


def _what(path: Path, name: str, rule: object) -> What:
    if not isinstance(rule, str):
        raise SnapshotRefused(f'the policy {path}: {name} must be a text such as "keep"')
    kind, colon, domain = rule.partition(":")
    if kind not in KINDS:
        raise SnapshotRefused(f'the policy {path}: {name} is "{rule}", and there is no such kind; there are {_KNOWN}')
    if colon and not _DOMAIN.fullmatch(domain):
        raise SnapshotRefused(f'the policy {path}: {name} is "{rule}", whose domain is no lower-case word')
    return What(kind, domain)


_KNOWN: Final = ", ".join(KINDS)
