"""A small original and a result of it that is what it must be, until a test breaks it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from os import SEEK_END
from pathlib import Path

from contracts.snapshots import Cell, Column, Content, Kind, Origin, Row, Table, Tell
from shim.pseudonyms.policy import Policy
from shim.pseudonyms.protected import Protected
from shim.snapshots import verify as verifying
from shim.snapshots.verdict import Verdict
from tests.unit.shim.snapshots.lines import Lines, write

POLICY = """
schema = "practice"
[tables.PATIENT]
person = "NUMMER"
[tables.PATIENT.columns]
NUMMER = "number:patient"
ACHTERNAAM = "family_name"
NAAM = "full_name"
STRAAT = "street"
TELEFOON = "telephone"
OPMERKING = "text"
GEBOORTEDATUM = "birth_date"
FOTO = "null"
[tables.VESTIGING.columns]
CODE = "keep"
NAAM = "keep"
"""
FEW = 7
CHUNK = 5000


def _column(name: str, kind: Kind = "text") -> Column:
    return Column(name, kind)


PATIENT = Table(
    "PATIENT",
    (
        *(_column(name) for name in ("NUMMER", "ACHTERNAAM", "NAAM", "STRAAT", "TELEFOON", "OPMERKING")),
        _column("GEBOORTEDATUM", "date"),
        _column("FOTO"),
    ),
    ("NUMMER",),
)
CLINIC = Table("VESTIGING", (_column("CODE"), _column("NAAM")), ("CODE",))
TABLES = (PATIENT, CLINIC)
SHAPE = {"table PATIENT": "create table PATIENT (NUMMER char(8))", "table VESTIGING": "create table VESTIGING ()"}
ORIGINALS = ("Waterhuizen", "van Ommelanderwijk", "Kerkwegh")
INVENTED = ("Bergmeijer", "de Zandstra", "Lindenhof")
WEEKS = 3


def person(number: int, names: tuple[str, ...], birth: date) -> Row:
    name, clean = names[number % len(names)], random.Random(f"{names}{number}")  # noqa: S311 - invented
    return (
        f"{clean.randrange(10**7, 10**8)}",
        f"{name}{'en' * (number // 3)}".ljust(40),
        f"{'AB'[names is INVENTED]}. {name}{'en' * (number // 3)}",
        f"{name.split()[-1]}straat",
        f"06-{clean.randrange(10**7, 10**8)}",
        "komt op tijd, geen klachten",
        birth,
        None,
    )


@dataclass
class Stage:
    """Files in a folder of the test."""

    folder: Path
    policy: Policy
    originals: list[list[Cell]] = field(default_factory=list)
    """Rows of the original's table PATIENT."""
    people: list[list[Cell]] = field(default_factory=list)
    """Rows of the result's table PATIENT."""
    clinics: list[list[Cell]] = field(default_factory=list)
    shape: dict[str, str] = field(default_factory=lambda: dict(SHAPE))
    edge: int | None = None
    """How many bytes of the tail are still in the chunk in which it begins; as it comes if None."""
    origin: Origin | None = None
    original_origin: Origin | None = None
    tail: bytes = b""
    """Raw bytes after the last row of the result, as in a freed page."""

    def text(self, row: int, column: int) -> str:
        """Return a cell of the original, without its padding."""
        cell = self.originals[row][column]
        assert isinstance(cell, str)
        return cell.strip()

    def anew(self) -> None:
        """Let the next run have a folder of its own."""
        self.folder = self.folder / "again"
        self.folder.mkdir()

    def run(self, **changed: object) -> Verdict:
        original, result = self.folder / "original", self.folder / "result"
        clinics = [("A", "Praktijk Kerkwegh"), ("B", "Praktijk Centrum")]
        rows = [*((PATIENT, tuple(row)) for row in self.originals), *((CLINIC, row) for row in clinics)]
        write(original, TABLES, rows, SHAPE, self.original_origin)
        mine = [*((PATIENT, tuple(row)) for row in self.people), *((CLINIC, tuple(row)) for row in self.clinics)]
        write(result, TABLES, mine, self.shape, self.origin)
        with result.open("r+b") as out:
            header = len(out.readline())
            passed = out.seek(0, SEEK_END) - header + 1
            padding = 0 if self.edge is None else -(passed + self.edge) % CHUNK
            out.write(b"\n" + b"." * padding + self.tail)
        (room := self.folder / "room").mkdir()
        arguments = {"policy": self.policy, "key": None, **changed}
        lines = Lines()
        lines.chunk = CHUNK
        return verifying.verify(lines, original, result, folder=room, tell=_silent, **arguments)  # type: ignore[arg-type]


def born(number: int) -> date:
    return date(1960, 2, 1) + timedelta(days=400 * number)


def _silent(stage: str, done: int, everything: int | None) -> None:
    del stage, done, everything


def every_value(content: Content, policy: Policy, tell: Tell) -> Iterator[Protected]:
    """Every value of a searched column; the notes of this stage name nobody."""
    del tell
    for table in content.tables:
        for row in content.rows(table):
            for column, cell in zip(table.columns, row, strict=True):
                what = policy.what(table.name, column.name)
                if what.searched and what.kind != "text" and cell is not None:
                    yield Protected(table.name, column.name, what.kind, str(cell))
