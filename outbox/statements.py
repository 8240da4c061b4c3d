"""Named SQL statements out of files, one file per dialect, so that SQL is read and reviewed as SQL."""

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
    """The statements of `<package>/sqlite/<file>.sql` and its sibling, each under its `-- name:` line."""

    def __init__(self, package: str, file: str) -> None:
        sqlite, postgresql = (named(package, f"{dialect}/{file}.sql") for dialect in ("sqlite", "postgresql"))
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


def named(package: str, path: str) -> dict[str, str]:
    """Return the statements of a file of the package, as they are written, by name."""
    parts = _NAME.split((files(package) / path).read_text(encoding="utf-8"))
    return dict(zip(parts[1::2], (text.strip() for text in parts[2::2]), strict=True))
