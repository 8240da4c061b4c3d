"""Statements live in .sql files, so that who knows the legacy database can read and replace them without Python.

The comment at a file's head declares what the statement takes and gives:

    -- parameter digits: end of the number, digits only
    -- column patient: patient number
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_DECLARED = re.compile(r"^--\s*(parameter|column)\s+([a-z_][a-z0-9_]*)\s*:", re.MULTILINE)
_COMMENT = re.compile(r"--[^\n]*")
_BOUND = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")


class StatementInvalid(Exception):
    """Raised when a statement file is missing, or is not what its head declares; the text names the file."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its text without comments, named parameters and result columns."""

    name: str
    sql: str
    parameters: frozenset[str]
    columns: frozenset[str]


def load_statement(path: Path) -> Statement:
    """Read one statement and check its parameters against its head.

    Raises:
        StatementInvalid: the file cannot be read, or head and body disagree.
    """
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StatementInvalid(f"statement {path} cannot be read") from error
    declared = {kind: {name for k, name in _DECLARED.findall(source) if k == kind} for kind in ("parameter", "column")}
    sql = _COMMENT.sub("", source).strip().rstrip(";")
    if set(_BOUND.findall(sql)) != declared["parameter"]:
        raise StatementInvalid(f"statement {path}: parameters in head and body differ")
    if not declared["column"]:
        raise StatementInvalid(f"statement {path}: the head declares no columns")
    return Statement(path.stem, sql, frozenset(declared["parameter"]), frozenset(declared["column"]))


def load_statements(folder: Path, names: Iterable[str]) -> dict[str, Statement]:
    """Read `NAME.sql` for each name.

    Raises:
        StatementInvalid: naming the first file that cannot be used.
    """
    return {name: load_statement(folder / f"{name}.sql") for name in names}
