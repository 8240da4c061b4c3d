"""What a role of PostgreSQL must be granted so that the shim can work with it and cannot touch its own audit."""

import re
from collections.abc import Iterator
from typing import Final

from outbox.database import Database

APPEND_ONLY: Final = ("audit_event", "audit_checkpoint")
"""Tables that the role reads and adds to."""
READ_ONLY: Final = ("audit_anchor", "migration")
"""Tables that it reads: pruning and upgrading are the owner's."""
_TABLES: Final = """\
SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"""
_VIEWS: Final = "SELECT viewname AS name FROM pg_views WHERE schemaname = current_schema() ORDER BY viewname"
_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_]*")


class NoRole(Exception):
    """Raised when a name is none that these statements can be written with, or the state knows no roles."""


def statements(database: Database, role: str) -> Iterator[str]:
    """Yield what the owner of a database on PostgreSQL runs once for a role that exists, and again after an upgrade.

    Raises:
        NoRole: the name needs quoting, or the state is an SQLite file.
    """
    if not _PLAIN.fullmatch(role):
        raise NoRole(f"{role!r} is no plain name: small letters, digits and underscores")
    if database.dialect != "postgresql":
        raise NoRole("an SQLite file has no roles; who may write the file may write the audit")
    ((schema,),) = database.read("SELECT current_schema()")
    names = [row["name"] for row in database.read(_TABLES)]
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}, PUBLIC;"
    yield f"REVOKE CREATE ON SCHEMA {schema} FROM {role}, PUBLIC;"
    yield f"GRANT USAGE ON SCHEMA {schema} TO {role};"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role};"
    for name in names:
        if name in APPEND_ONLY:
            yield f"GRANT SELECT, INSERT ON {name} TO {role};"
        elif name in READ_ONLY:
            yield f"GRANT SELECT ON {name} TO {role};"
        else:
            yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {role};"
    for row in database.read(_VIEWS):
        yield f"GRANT SELECT ON {row['name']} TO {role};"
