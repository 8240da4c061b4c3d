"""A database of a few people on each technology, its policy, and the commands that copy it."""

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firebird.driver import connect, create_database
from typer.testing import CliRunner, Result

from shim.cli.commands import app

PEOPLE = 30
TELEPHONES = [f"06-{20_000_000 + 7_919 * number}" for number in range(PEOPLE)]
FAMILIES = [
    f"Zwaanenburg{'abcdefghijklmnopqrstuvwxyz'[number % 26]}{'ek' * (number // 26)}" for number in range(PEOPLE)
]
POLICY = """
schema = "few"
[tables.PATIENT]
person = "NUMMER"
[tables.PATIENT.columns]
NUMMER = "number:patient"
ACHTERNAAM = "family_name"
TELEFOON = "telephone"
GEBOORTEDATUM = "birth_date"
[tables.NOTITIE]
person = "PATIENT"
[tables.NOTITIE.columns]
NUMMER = "keep"
PATIENT = "number:patient"
TEKST = "text"
"""
_PATIENT = """create table PATIENT (NUMMER char(8) not null primary key, ACHTERNAAM char(40) not null,
TELEFOON varchar(40), GEBOORTEDATUM date)"""
_NOTE = """create table NOTITIE (NUMMER integer not null primary key,
PATIENT char(8) not null references PATIENT (NUMMER), TEKST {text})"""
_SCHEMA = (_PATIENT, _NOTE)


def rows(number: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return a patient and a note."""
    person = (f"P{number * 104_729 % 10**7:07d}", FAMILIES[number], TELEPHONES[number], f"{1950 + number}-02-11")
    return person, (number, person[0], f"gebeld met {FAMILIES[number]}, tel {TELEPHONES[number]}; geen klachten")


def make_sqlite(file: Path) -> str:
    with sqlite3.connect(file) as database:
        for statement in _SCHEMA:
            database.execute(statement.format(text="text"))
        for number in range(PEOPLE):
            person, note = rows(number)
            database.execute("insert into PATIENT values (?, ?, ?, ?)", person)
            database.execute("insert into NOTITIE values (?, ?, ?)", note)
    database.close()
    return f"sqlite:///{file}"


def make_firebird(file: Path) -> str:
    """For the embedded engine, which has been set up."""
    with create_database(str(file), user="SYSDBA", charset="WIN1252", overwrite=True) as database:
        for statement in _SCHEMA:
            database.execute_immediate(statement.format(text="blob sub_type text character set WIN1252"))
            database.commit()
        cursor = database.cursor()
        for number in range(PEOPLE):
            person, note = rows(number)
            cursor.execute("insert into PATIENT values (?, ?, ?, cast(? as date))", person)
            cursor.execute("insert into NOTITIE values (?, ?, ?)", note)
        database.commit()
    return str(file)


def change(place: str, statement: str) -> None:
    """Run a statement in a database that `place_in` names."""
    if place.startswith("sqlite:///"):
        with sqlite3.connect(place.removeprefix("sqlite:///")) as database:
            database.execute(statement)
        database.close()
        return
    with connect(place, user="SYSDBA", charset="WIN1252") as native:
        native.execute_immediate(statement)
        native.commit()


@dataclass(frozen=True)
class Copies:
    """Commands about one database, in a folder that nothing else is in."""

    technology: str
    folder: Path
    place: str
    policy: Path
    key: Path

    def run(self, *arguments: object) -> Result:
        return CliRunner().invoke(app, ["snapshot", *map(str, arguments)], catch_exceptions=False)

    def done(self, *arguments: object) -> dict[str, Any]:
        """Run a command for a program; it succeeds."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        told: dict[str, Any] = json.loads(result.stdout)
        return told

    def refused(self, *arguments: object) -> str:
        """Run a command that cannot be done; return its one line. Nothing new is in the folder then."""
        before = self.files
        result = self.run(*arguments)
        assert result.exit_code == 2, result.output
        assert result.stdout == ""
        assert self.files == before
        (line,) = result.stderr.splitlines()
        return line

    @property
    def files(self) -> dict[str, bytes]:
        """Everything in the folder, by name."""
        return {file.name: file.read_bytes() for file in sorted(self.folder.iterdir()) if file.is_file()}

    @property
    def names(self) -> list[str]:
        return sorted(each.name for each in self.folder.iterdir())

    def place_in(self, name: str) -> str:
        """Return the place of a database in the folder."""
        file = self.folder / name
        return str(file) if self.technology == "firebird" else f"sqlite:///{file}"

    def pseudonymised(self) -> tuple[Path, Path]:
        """Return a snapshot of the database and its result."""
        original, result = self.folder / "original.snap", self.folder / "result.snap"
        self.done("take", self.place, original)
        self.done("pseudonymise", original, result, "--key", self.key, "--policy", self.policy)
        return original, result
