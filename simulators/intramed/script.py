"""Runs an SQL script on a connection, because the schema is a file and the driver takes one statement at a time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any


def statements_of(script: str) -> Iterator[str]:
    """Yield the statements of a script; `set term X Y` changes the terminator from Y to X, as isql does."""
    terminator, lines = ";", list[str]()
    for line in script.splitlines():
        if not lines and (not line.strip() or line.startswith("--")):
            continue
        lines.append(line)
        if not line.rstrip().endswith(terminator):
            continue
        statement = "\n".join(lines).strip().removesuffix(terminator).strip()
        lines.clear()
        if statement.lower().startswith("set term"):
            terminator = statement.split()[2]
        else:
            yield statement


def run_script(connection: Any, path: Path) -> None:
    """Execute every statement of a script file, each committed on its own as DDL wants it."""
    cursor = connection.cursor()
    for statement in statements_of(path.read_text(encoding="utf-8")):
        cursor.execute(statement)
        connection.commit()
    cursor.close()
