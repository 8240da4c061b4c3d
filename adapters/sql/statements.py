"""Statements live in .sql files, so that who knows the legacy database can read and replace them without Python.

The comment at a file's head declares what the statement takes and gives:

    -- parameter digits: end of the number, digits only
    -- column patient text: patient number
    -- column birth_year integer: year of birth, NULL when unknown
    -- column starts_at timestamp: local time of the practice

A statement is one `select`; a procedure is called as `select … from P(:slot)`, which works through every driver.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

KINDS: Final[Mapping[str, type]] = MappingProxyType({"text": str, "integer": int, "timestamp": datetime})
"""The Python type in which each kind of column arrives."""

_PARAMETER = re.compile(r"^--\s*parameter\s+([a-z_][a-z0-9_]*)\s*:", re.MULTILINE)
_COLUMN = re.compile(rf"^--\s*column\s+([a-z_][a-z0-9_]*)\s+({'|'.join(KINDS)})\s*:", re.MULTILINE)
_MALFORMED = re.compile(r"^--\s*(?:parameter|column)\b.*$", re.MULTILINE)
_COMMENT = re.compile(r"--[^\n]*")
_BOUND = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")  # what SQLAlchemy takes for a parameter
_QUERY = re.compile(r"(?:select|with)\b", re.IGNORECASE)


class StatementInvalid(Exception):
    """Raised when a statement file is missing, or is not what its head declares; the text names the file."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its text without comments, its named parameters, and its result columns with their kinds."""

    name: str
    sql: str
    parameters: frozenset[str]
    columns: Mapping[str, str]


def load_statement(path: Path) -> Statement:
    """Read one statement and check its body against its head.

    Raises:
        StatementInvalid: the file cannot be read, or head and body disagree.
    """
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StatementInvalid(f"statement {path} cannot be read") from error
    parameters, columns = frozenset(_PARAMETER.findall(source)), dict(_COLUMN.findall(source))
    for line in _MALFORMED.findall(source):
        if not (_PARAMETER.match(line) or _COLUMN.match(line)):
            raise StatementInvalid(f"statement {path}: write '-- column NAME {'|'.join(KINDS)}: …', not {line!r}")
    sql = _COMMENT.sub("", source).strip().rstrip(";").rstrip()
    if set(_BOUND.findall(sql)) != parameters:
        raise StatementInvalid(f"statement {path}: parameters in head and body differ")
    if not columns:
        raise StatementInvalid(f"statement {path}: the head declares no columns")
    if not _QUERY.match(sql) or ";" in sql:
        raise StatementInvalid(f"statement {path}: must be one select; call a procedure P as a table, P(:slot)")
    return Statement(path.stem, sql, parameters, columns)


def load_statements(
    names: Iterable[str],
    shipped: Path,
    site: Path | None = None,
    more_columns: Collection[str] = (),
    may_lack: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> dict[str, Statement]:
    """Read `NAME.sql` for each name: the site's own file where there is one, else the shipped one.

    A site's file has the head of the shipped one; those of `more_columns` may declare columns besides, and those of
    `may_lack` need not declare these parameters and columns, which files of an earlier release did not have.

    Raises:
        StatementInvalid: naming the first file that cannot be used, or a site's file that replaces nothing.
    """
    if site and not site.is_dir():
        raise StatementInvalid(f"there is no folder {site}")
    # Some tools write names in capitals; a file of the site that nobody reads would be worse than an error.
    own = {path.stem: path for path in sorted(site.iterdir()) if path.suffix.lower() == ".sql"} if site else {}
    for name, path in own.items():
        if not (shipped / f"{name}.sql").exists():
            raise StatementInvalid(f"statement {path} replaces none of ours")
    statements = {name: load_statement(own.get(name, shipped / f"{name}.sql")) for name in names}
    for name in own.keys() & statements.keys():
        like = load_statement(shipped / f"{name}.sql")
        _check_heads(statements[name], like, own[name], name in more_columns, frozenset(may_lack.get(name, ())))
    return statements


def _check_heads(own: Statement, shipped: Statement, path: Path, more_columns: bool, may_lack: frozenset[str]) -> None:
    """Refuse a site's statement with other parameters or columns than the code that calls it knows."""
    wanted = {name: kind for name, kind in shipped.columns.items() if name in own.columns or name not in may_lack}
    found = {name: kind for name, kind in own.columns.items() if name in shipped.columns or not more_columns}
    if found != wanted or own.parameters | may_lack & shipped.parameters != shipped.parameters:
        raise StatementInvalid(f"statement {path}: its head must declare the parameters and columns of the shipped one")
