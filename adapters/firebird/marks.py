"""What the shim writes into the description of a database, beside what somebody else wrote there.

It changes no table and no privilege, and travels with a backup. So the mark of a sandbox names the database that it is
for: its path and the moment of its making, which a backup restored elsewhere, or here once more, does not share.
"""

import hashlib
import re
from typing import Any, Final

from adapters.firebird.messages import charsets_of, select
from contracts.snapshots import Origin

_ORIGIN: Final = re.compile(r"legacy-shim pseudonymised policy=([0-9a-f]{16}) key=([0-9a-f]{8}) schema=(.*)")
_SANDBOX: Final = re.compile(r"legacy-shim sandbox ([0-9a-f]{32})")
SANDBOX_MARK: Final = b"legacy-shim sandbox "
_OURS: Final = (_ORIGIN, _SANDBOX)


def origin_of(connection: Any) -> Origin | None:
    """Return what the database says of its pseudonyms; None when it says nothing."""
    for line in _description(connection):
        if match := _ORIGIN.fullmatch(line):
            return Origin(*match.groups())
    return None


def is_sandbox(connection: Any) -> bool:
    """Return whether the database is marked as a sandbox, and the mark is for this very database."""
    mark = _mark(connection, None)
    return any(match[1] == mark for line in _description(connection) if (match := _SANDBOX.fullmatch(line)))


def write_origin(connection: Any, origin: Origin) -> None:
    """Say where the rows come from, and leave nothing of a sandbox that they came through. Commits.

    The connection's character set is UTF8.
    """
    line = f"legacy-shim pseudonymised policy={origin.policy} key={origin.key} schema={' '.join(origin.schema.split())}"
    _describe(connection, [*_foreign(connection), line])


def mark_sandbox(connection: Any, path: str | None = None) -> None:
    """Mark the database as a sandbox: at `path` if it is to be moved there, else where it is. Commits.

    The connection's character set is UTF8.
    """
    kept = [line for line in _description(connection) if not _SANDBOX.fullmatch(line)]
    _describe(connection, [*kept, f"legacy-shim sandbox {_mark(connection, path)}"])


def _mark(connection: Any, path: str | None) -> str:
    cursor = connection.cursor()
    try:
        cursor.execute("select trim(MON$DATABASE_NAME), cast(MON$CREATION_DATE as varchar(40)) from MON$DATABASE")
        here, made = cursor.fetchone()
    finally:
        cursor.close()
    return hashlib.sha256(f"{path or here}\n{made}".encode()).hexdigest()[:32]


def _description(connection: Any) -> list[str]:
    sql = "select RDB$DESCRIPTION from RDB$DATABASE"
    (text,) = next(iter([*select(connection, sql, "RDB$DATABASE", charsets_of(connection))]))
    return [] if text is None else str(text).split("\n")


def _foreign(connection: Any) -> list[str]:
    return [line for line in _description(connection) if not any(ours.fullmatch(line) for ours in _OURS)]


def _describe(connection: Any, lines: list[str]) -> None:
    text = "\n".join(lines).replace("'", "''")
    cursor = connection.cursor()
    try:
        cursor.execute(f"comment on database is '{text}'")
        connection.commit()
    finally:
        cursor.close()
