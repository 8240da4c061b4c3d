"""The tables are the same ones in SQLite and in PostgreSQL, by name, type and meaning."""

import re
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pytest

from outbox.database import Database, Dialect, open_database
from tests.conformance.outbox_store import PACKAGES, SharedState

TYPES: Final = {"INTEGER": "bigint", "TEXT": "text", "BLOB": "bytea"}
ONLY_POSTGRESQL: Final = {"owner"}
"""On one machine the kernel tells who lives."""
RECORD: Final = "migration"
INDEX: Final = re.compile(r"CREATE ((?:UNIQUE )?INDEX \w+ +ON [^;]+);")

SQLITE: Final = """\
SELECT t.name AS "table", c.name AS "column", c.type, c."notnull" OR c.pk > 0 AS required, c.dflt_value AS "default"
FROM sqlite_master AS t, pragma_table_info(t.name) AS c
WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'"""
POSTGRESQL: Final = """\
SELECT table_name, column_name, data_type, is_nullable = 'NO', column_default
FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"""
TRIGGERS: Final = {
    "sqlite": "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal",
}
INDEXES: Final = {
    "sqlite": "SELECT tbl_name, name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    "postgresql": "SELECT indrelid::regclass::text, indexrelid::regclass::text FROM pg_index "
    "JOIN pg_class ON oid = indrelid AND relnamespace = current_schema()::regnamespace "
    "WHERE NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)",
}
VIEWS: Final = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'view'",
    "postgresql": "SELECT viewname FROM pg_views WHERE schemaname = current_schema()",
}


def columns(database: Database) -> set[tuple[Any, ...]]:
    rows = database.read(SQLITE if database.dialect == "sqlite" else POSTGRESQL)
    return {
        (table, column, TYPES.get(kind, kind), bool(required), default)
        for table, column, kind, required, default in map(tuple, rows)
        if table not in ONLY_POSTGRESQL | {RECORD}
    }


def names(database: Database, query: dict[str, str]) -> set[tuple[Any, ...]]:
    return {tuple(row) for row in database.read(query[database.dialect])}


def test_both_have_the_same_tables(shared_state: SharedState, tmp_path: Path) -> None:
    """Columns with their types, what must be there and what is when nothing is said; indexes, triggers, views."""
    file = open_database(tmp_path / "state.db", PACKAGES)
    assert columns(file) == columns(shared_state.database) != set()
    for query in (TRIGGERS, INDEXES, VIEWS):
        assert names(file, query) == names(shared_state.database, query) != set()
    file.close()


def indexes(package: str, dialect: Dialect) -> set[str]:
    script = (files(package) / dialect / "schema.sql").read_text(encoding="utf-8")
    return {" ".join(found.split()) for found in INDEX.findall(script)}


def rules(package: str, dialect: Dialect) -> set[str]:
    """Return what rows must obey, of a table or a column."""
    script = (files(package) / dialect / "schema.sql").read_text(encoding="utf-8")
    found = re.findall(r"CHECK \((?:[^()]|\([^()]*\))*\)|REFERENCES \w+ \([\w, ]+\)|DEFERRABLE[ \w]+", script)
    return {" ".join(rule.replace('"', "").split()) for rule in found}


@pytest.mark.parametrize("package", PACKAGES)
def test_both_have_the_same_indexes_and_rules(package: str) -> None:
    """Which columns, in which order, of which rows; and what the rows must obey."""
    assert indexes(package, "sqlite") == indexes(package, "postgresql") != set()
    assert rules(package, "sqlite") == rules(package, "postgresql") != set()
