"""What stands in a practice, read once as its owner: people with their numbers as they were typed, and free places."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from contracts.telephone import telephones_in

# As bytes, because the driver refuses a whole row for one that its code page lacks.
PEOPLE: Final = """select NUMMER, cast(ROEPNAAM as varchar(24) character set OCTETS),
  cast(TUSSENVOEGSEL as varchar(12) character set OCTETS), cast(ACHTERNAAM as varchar(40) character set OCTETS),
  GEBOORTEDATUM, BETALINGSACHTERSTAND, cast(OPMERKING as varchar(250) character set OCTETS)
from PATIENT order by NUMMER"""
TELEPHONES: Final = "select PATIENT, cast(NUMMER as varchar(40) character set OCTETS) from TELEFOON order by VOLGNR"
FREE: Final = """A.STATUS = 'F' and not exists (select 1 from AGENDA_BOTSING Z where Z.SLOT = A.NUMMER)"""
THURSDAYS: Final = f"""select A.BEGIN_TIJD, A.NUMMER, A.MEDEWERKER, A.VESTIGING from AGENDA A
where extract(weekday from A.BEGIN_TIJD) = 4 and cast(A.BEGIN_TIJD as time) = '14:30' and {FREE}
order by A.BEGIN_TIJD, A.NUMMER"""  # noqa: S608 - texts of this file
HALVES: Final = f"""select first 200 A.NUMMER from AGENDA A where A.MINUTEN = 30 and {FREE}
  and not exists (select 1 from AGENDA B where B.MEDEWERKER = A.MEDEWERKER and B.NUMMER <> A.NUMMER
    and B.BEGIN_TIJD > dateadd(-480 minute to A.BEGIN_TIJD) and B.BEGIN_TIJD < dateadd(30 minute to A.BEGIN_TIJD)
    and dateadd(B.MINUTEN minute to B.BEGIN_TIJD) > A.BEGIN_TIJD)
order by A.BEGIN_TIJD, A.NUMMER"""  # noqa: S608 - texts of this file
HOURS: Final = f"""select L.NUMMER, A.NUMMER, B.NUMMER, L.MEDEWERKER, L.BEGIN_TIJD from AGENDA L
join AGENDA A on A.MEDEWERKER = L.MEDEWERKER and A.BEGIN_TIJD = L.BEGIN_TIJD and A.MINUTEN = 30
join AGENDA B on B.MEDEWERKER = L.MEDEWERKER and B.BEGIN_TIJD = dateadd(30 minute to L.BEGIN_TIJD) and B.MINUTEN = 30
where L.MINUTEN = 60 and L.STATUS = 'F' and {FREE} and {FREE.replace("A.", "B.")}
  and not exists (select 1 from AGENDA_BOTSING Z where Z.SLOT = L.NUMMER) order by 1"""  # noqa: S608 - likewise
THERAPISTS: Final = "select CODE, VESTIGING from MEDEWERKER order by CODE"

_IDENTIFIER: Final = re.compile(r"(?<!\d)\d{8,12}(?!\d)|\b[A-Z]{2}-\d{6,}")


@dataclass(frozen=True, slots=True)
class Patient:
    """Somebody on record; None is what was never asked.

    Attributes:
        number: the backend's key.
        typed: the telephone numbers as somebody typed them.
        numbers: the same as E.164.
        born: day of birth.
        remark: what the front desk noted.
    """

    number: str
    first_name: str | None
    particle: str | None
    family_name: str
    born: date | None
    arrears: bool
    remark: str
    typed: tuple[str, ...]
    numbers: frozenset[str]

    @property
    def name(self) -> str:
        """Family name as people write it."""
        particle = self.particle or ""
        return f"{particle}{'' if particle.endswith(chr(39)) else ' '}{self.family_name}".lstrip()

    @property
    def birth_year(self) -> int:
        """Year of birth of somebody whose day of birth is on record."""
        assert self.born is not None
        return self.born.year


@dataclass(frozen=True, slots=True)
class Place:
    """A free place in the agenda; `starts_at` in the practice's local time."""

    starts_at: datetime
    slot: int
    therapist: str
    clinic: str


@dataclass(frozen=True, slots=True)
class Hour:
    """A free hour over two free half hours of one therapist."""

    slots: tuple[int, int, int]
    therapist: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Records:
    """Everything that roles are chosen from; `holders` are the patients of each number, as E.164."""

    patients: Mapping[str, Patient]
    holders: Mapping[str, frozenset[str]]
    thursdays: tuple[Place, ...]
    halves: tuple[int, ...]
    hours: tuple[Hour, ...]
    therapists: tuple[tuple[str, str], ...]


def read_records(connection: Any) -> Records:
    """Read a practice as its owner."""

    def rows(sql: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            return [tuple(map(_plain, row)) for row in cursor.execute(sql).fetchall()]

    typed = defaultdict[str, list[str]](list)
    for patient, telephone in rows(TELEPHONES):
        typed[patient].append(telephone)
    patients = {row[0]: _patient(row, typed[row[0]]) for row in rows(PEOPLE)}
    holders = defaultdict[str, set[str]](set)
    for patient in patients.values():
        for number in patient.numbers:
            holders[number].add(patient.number)
    return Records(
        patients,
        {number: frozenset(who) for number, who in holders.items()},
        tuple(Place(*row) for row in rows(THURSDAYS)),
        tuple(slot for (slot,) in rows(HALVES)),
        tuple(Hour(row[:3], *row[3:]) for row in rows(HOURS)),
        tuple((code, clinic) for code, clinic in rows(THERAPISTS)),
    )


def identifiers_in(text: str) -> set[str]:
    """Return what in a text has the shape of a citizen's, an insurance or an account number."""
    return set(_IDENTIFIER.findall(text))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        value = value.decode("cp1252", "replace")
    return value.rstrip(" ") if isinstance(value, str) else value


def _patient(row: tuple[Any, ...], typed: list[str]) -> Patient:
    number, first_name, particle, family_name, born, arrears, remark = row
    numbers = frozenset(found for text in typed for found in telephones_in(text))
    return Patient(number, first_name, particle, family_name, born, arrears == "J", remark or "", tuple(typed), numbers)
