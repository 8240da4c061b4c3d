"""A PostgreSQL schema as an archive keeps it: its tables and columns, and the statements that make it all again."""

from dataclasses import dataclass, field
from typing import Any

from contracts.snapshots import Column, Origin, Reference, Table


@dataclass(frozen=True, slots=True)
class Described:
    """One database.

    Attributes:
        server: its version, such as `15.18`.
        locale: encoding, collation and character class of the database.
        tables: with rows of their own, parents first.
        quoted: by name of a table, its qualified name in SQL and the names of its columns in SQL.
        before: statements that make everything that rows need.
        after: statements that make and check everything that needs rows.
        sequences: qualified name, last value and whether it was given out.
        shape: everything by kind and name.
        origin: what a pseudonymised snapshot says of itself.
    """

    server: str
    locale: tuple[str, str, str]
    tables: tuple[Table, ...]
    quoted: dict[str, tuple[str, tuple[str, ...]]]
    before: tuple[str, ...]
    after: tuple[str, ...]
    sequences: tuple[tuple[str, int, bool], ...]
    shape: dict[str, str]
    origin: Origin | None = field(default=None)


def described(header: dict[str, Any]) -> Described:
    """Return what the first line of an archive describes; KeyError, TypeError or ValueError when it is none."""
    origin = header["origin"]
    tables = tuple(_table(said) for said in header["tables"])
    return Described(
        header["server"],
        (header["locale"][0], header["locale"][1], header["locale"][2]),
        tables,
        {name: (whole, tuple(columns)) for name, (whole, columns) in header["quoted"].items()},
        tuple(header["before"]),
        tuple(header["after"]),
        tuple((name, int(last), bool(called)) for name, last, called in header["sequences"]),
        dict(header["shape"]),
        None if origin is None else Origin(**origin),
    )


def _table(said: dict[str, Any]) -> Table:
    return Table(
        said["name"],
        tuple(Column(**column) for column in said["columns"]),
        tuple(said["key"]),
        tuple(map(tuple, said["uniques"])),
        tuple(Reference(tuple(each["columns"]), each["table"], tuple(each["targets"])) for each in said["references"]),
    )
