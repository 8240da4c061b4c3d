"""Named SQL statements out of files, so that SQL is read and reviewed as SQL.

A file that both dialects understand stands once, in the folder `sql`; else each dialect has one in a folder of its own.
"""

import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_PARAMETER: Final = re.compile(r"(?<![:\w]):([a-z_]\w*)")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement in both dialects; a parameter is written `:name` in either."""

    name: str
    sqlite: str
    postgresql: str


class Statements:
    """The statements of a file of a package, each under its `-- name:` line."""

    def __init__(self, package: str, file: str) -> None:
        sqlite, postgresql = (named(package, dialect, file) for dialect in ("sqlite", "postgresql"))
        if sqlite.keys() != postgresql.keys():
            raise ValueError(f"{package} {file}.sql: only one dialect has {sorted(sqlite.keys() ^ postgresql.keys())}")
        self._by_name = {
            name: Statement(f"{package}.{file}.{name}", text, bound(postgresql[name])) for name, text in sqlite.items()
        }

    def __getitem__(self, name: str) -> Statement:
        """Return the statement with this name."""
        return self._by_name[name]


def bound(statement: str) -> str:
    """Write parameters as psycopg wants them; a cast (`::text`) is none."""
    return _PARAMETER.sub(r"%(\1)s", statement.replace("%", "%%"))


def named(package: str, dialect: str, file: str) -> dict[str, str]:
    """Return the statements of a file as one dialect has them, as they are written, by name."""
    shared = files(package) / "sql" / f"{file}.sql"
    found = shared if shared.is_file() else files(package) / dialect / f"{file}.sql"
    parts = _NAME.split(found.read_text(encoding="utf-8"))
    return dict(zip(parts[1::2], (text.strip() for text in parts[2::2]), strict=True))
