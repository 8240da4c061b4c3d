"""What a verification found, without any value of anybody."""

from dataclasses import dataclass, field

from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class Searched:
    """A protected column of the original.

    Attributes:
        table, column, kind: of the policy.
        values: different values that were searched for.
        short: cells with fewer letters and digits than can be searched for at all.
        rows_only: different values that are too short to be told from chance in raw bytes.
    """

    table: str
    column: str
    kind: str
    values: int
    short: int
    rows_only: int


@dataclass(frozen=True, slots=True)
class Survivor:
    """Values of one column that stand in one place of the result.

    Attributes:
        of: column of the original, with its kind.
        where: column of the result, or `raw bytes`.
        count: how often.
        first: the first places: rows by their number in the order of the key, or bytes by their offset, about.
    """

    of: str
    where: str
    count: int
    first: tuple[int, ...]

    def __str__(self) -> str:
        unit = "byte" if self.where.startswith("raw bytes") else "row"
        places = ", ".join(map(str, self.first))
        more = " …" if self.count > len(self.first) else ""
        return f"{self.where} holds {self.count} of {self.of}: {unit} {places}{more}"


@dataclass(frozen=True, slots=True)
class ByRight:
    """Words of one protected column that stand where they may, such as a clinic that is called after a street."""

    of: str
    where: str
    count: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was searched and what was found.

    Attributes:
        searched: each protected column.
        survivors: values of the original that the result holds.
        differences: what the result lacks of the original, or has more: rows, schema, kept columns, dates.
        by_right: told and not counted against the result.
        rows: of each table of the result.
        raw_bytes: how many were searched.
        dates: how the dates were looked at, in words.
    """

    searched: tuple[Searched, ...]
    survivors: tuple[Survivor, ...]
    differences: tuple[str, ...]
    by_right: tuple[ByRight, ...]
    rows: dict[str, int] = field(default_factory=dict)
    raw_bytes: int = 0
    dates: str = ""

    @property
    def clean(self) -> bool:
        """Whether nothing of anybody is left and nothing else is lost."""
        return not self.survivors and not self.differences

    def as_json(self) -> dict[str, JsonValue]:
        """Return all of it for a program."""
        return {
            "clean": self.clean,
            "survivors": [
                {"of": one.of, "where": one.where, "count": one.count, "first": list(one.first)}
                for one in self.survivors
            ],
            "differences": list(self.differences),
            "by_right": [{"of": one.of, "where": one.where, "count": one.count} for one in self.by_right],
            "searched": [
                {
                    "table": one.table,
                    "column": one.column,
                    "kind": one.kind,
                    "values": one.values,
                    "too_short": one.short,
                    "rows_only": one.rows_only,
                }
                for one in self.searched
            ],
            "rows": dict(self.rows),
            "raw_bytes": self.raw_bytes,
            "dates": self.dates,
        }
