"""The rows of a database in a canonical form, because two backups of the same rows differ in their bytes."""

from typing import Any

Rows = dict[str, list[tuple[Any, ...]]]

_TABLES = """select trim(RDB$RELATION_NAME) from RDB$RELATIONS
where coalesce(RDB$SYSTEM_FLAG, 0) = 0 and RDB$VIEW_BLR is null order by 1"""


def dump_rows(connection: Any) -> Rows:
    """Return every user table with all its rows, ordered by the first column, padding included."""
    cursor = connection.cursor()
    cursor.execute(_TABLES)
    tables = [row[0] for row in cursor.fetchall()]
    rows: Rows = {}
    for table in tables:
        cursor.execute(f'select * from "{table}" order by 1')  # noqa: S608 - names from the engine's own catalogue
        rows[table] = cursor.fetchall()
    cursor.close()
    return rows
