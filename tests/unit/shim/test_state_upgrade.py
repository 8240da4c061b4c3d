"""A state file of the first release, upgraded, has the shim's tables as a new one has them."""

import sqlite3
from importlib.resources import files
from pathlib import Path
from typing import Any

from outbox.database import open_database
from outbox.sqlite.database import split_script
from outbox.store import PACKAGE

PACKAGES = (PACKAGE, "shim")


def first_release(path: Path) -> Path:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE migration (package TEXT, number INTEGER, PRIMARY KEY (package, number))")
        for package in PACKAGES:
            script = (files(package) / "sqlite" / f"0001_{package}.sql").read_text(encoding="utf-8")
            for statement in split_script(script):
                connection.execute(statement)
            connection.execute("INSERT INTO migration VALUES (?, 1)", [package])
        connection.execute("INSERT INTO client VALUES ('agent', 'a', 'b', '[]', 0)")
        connection.execute("INSERT INTO idempotency VALUES ('agent', 'k', 'f', 0, NULL, NULL, NULL)")
    connection.close()
    path.chmod(0o600)  # as every release makes it
    return path


def columns(path: Path) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    database = open_database(path, PACKAGES)
    rows = database.read("SELECT type, name, tbl_name FROM sqlite_master ORDER BY type, name")
    found = [
        tuple(column)
        for row in rows
        if row["type"] in {"table", "index", "view"}
        for column in database.read("SELECT :name, * FROM pragma_table_xinfo(:name)", name=row["name"])
    ]
    database.close()
    return [tuple(row) for row in rows], found


def test_an_upgraded_state_is_as_a_new_one(tmp_path: Path) -> None:
    """The same tables, columns, indexes and views; what was in it stays."""
    old = first_release(tmp_path / "old.db")
    assert columns(old) == columns(tmp_path / "new.db")
    database = open_database(old, PACKAGES)
    assert database.read("SELECT not_executed FROM idempotency")[0]["not_executed"] == 0
    database.close()
