"""Whether a snapshot is one of this schema, because a foreign one should fail with a sentence and not in the middle."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

_SCRIPT: Final = Path(__file__).with_name("procedures.sql")
_GRANT: Final = re.compile(r"^grant (select|execute) on (?:procedure )?(\w+) to (SHIM_\w+);", re.MULTILINE)
_THERE: Final = """select trim(RDB$RELATION_NAME) from RDB$RELATIONS
union all select trim(RDB$PROCEDURE_NAME) from RDB$PROCEDURES"""
_GRANTED: Final = """select trim(RDB$USER), trim(RDB$RELATION_NAME), RDB$PRIVILEGE from RDB$USER_PRIVILEGES
where RDB$USER in ('SHIM_READ', 'SHIM_WRITE', 'PUBLIC')"""


class SnapshotUnfit(ValueError):
    """Raised when a file is no backup of a practice, in one line that says what it lacks."""


def require_fitness(connection: Any) -> None:
    """Check that a restored snapshot has what the shim's two accounts use, and that they may use it.

    Raises:
        SnapshotUnfit: a table, view or procedure is missing, or an account may not use it; all of them are named.
    """
    cursor = connection.cursor()
    there = {name for (name,) in cursor.execute(_THERE).fetchall()}
    granted = {(user, name, privilege.strip()) for user, name, privilege in cursor.execute(_GRANTED).fetchall()}
    cursor.close()
    missing = list(_missing(there, granted))
    if missing:
        raise SnapshotUnfit(f"the snapshot is of another schema, or its rights were lost: {', '.join(missing)}")


def _missing(there: set[str], granted: set[tuple[str, str, str]]) -> Iterator[str]:
    for verb, name, account in _GRANT.findall(_SCRIPT.read_text(encoding="utf-8")):
        if name not in there:
            yield f"no {name}"
        elif not {(account, name, _LETTERS[verb]), ("PUBLIC", name, _LETTERS[verb])} & granted:
            yield f"{account} may not {verb} {name}"


_LETTERS: Final = {"select": "S", "execute": "X"}
