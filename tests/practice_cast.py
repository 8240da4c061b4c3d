"""Who plays whom: the people and places that tests need, found in whatever snapshot the run stands on.

Nobody is known by number. A role is described here in words and chosen from the rows by the same description in code,
which shares nothing with the adapter but how a telephone number is read. A test whose role nobody in a snapshot can
play is skipped, and the reason names role and query.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, Final, TypeVar

from _pytest.outcomes import Skipped

from contracts.telephone import telephones_in
from tests import practice_records as queries
from tests.practice_records import Hour, Patient, Place, Records, identifiers_in, read_records

T = TypeVar("T")

ROLES: Final = (
    *("alone", "reachable", "another", "family", "twins", "debtor", "unnamed", "unused_telephone"),
    *("thursday", "clinics", "therapists", "hours"),
)
HALVES: Final = 80
"""Free half hours that the largest race needs."""
THREE: Final = 3
_NICKNAMES: Final = Path(__file__).parents[1] / "adapters" / "intramed" / "nicknames.tsv"
_NAME: Final = re.compile(r"[^\W\d_]{3,}")
_VOWEL: Final = re.compile(r"[aeiouy]")
_STRANGERS: Final = ("Xaviera", "Quirina", "Zebedeus", "Ondine", "Wubbo")


class Uncast(Skipped):
    """Raised when a snapshot has nobody for a role: the test that asked for it is skipped."""

    def __init__(self, role: str, wanted: str, query: str) -> None:
        super().__init__(f"this snapshot has no {role} ({wanted}) among: {' '.join(query.split())}")


@dataclass(frozen=True, slots=True)
class Family:
    """Several people behind one number: `one` by first name, `namesakes` by birth year; `members` are all of them."""

    number: str
    one: Patient
    namesakes: tuple[Patient, Patient]
    members: tuple[Patient, ...]


class Cast:
    """The roles of one snapshot; each is found when it is first asked for."""

    def __init__(self, records: Records) -> None:
        self._records = records

    @cached_property
    def alone(self) -> Patient:
        """Somebody whose numbers nobody shares, with a first name and a birth date, who owes nothing."""
        return _first("alone", self._singles(), "nobody shares the number; first name, birth date, no arrears")

    @cached_property
    def reachable(self) -> Patient:
        """One like `alone` with two numbers, a mobile one and another."""
        two = (one for one in self._singles() if len(one.numbers) > 1 and any(map(_is_mobile, one.numbers)))
        return _first("reachable", two, "as alone, with a mobile number and another")

    @cached_property
    def another(self) -> Patient:
        """One more like `alone`."""
        others = (one for one in self._singles() if one.number != self.alone.number)
        return _first("another", others, "as alone, and somebody else")

    @cached_property
    def family(self) -> Family:
        """Several people behind one number in several spellings; see `Family`."""
        wanted = "at least three behind one number in several spellings, two of one first name, one of another"
        return _first("family", self._families(), wanted, queries.TELEPHONES)

    @cached_property
    def twins(self) -> tuple[Patient, Patient]:
        """Two people behind one number with one first name and one birth year: nothing asked can tell them apart."""
        shared = (people for _, people in self._shared(2) if len(people) == len(("one", "other")))
        pairs = (pair for pair in shared if _facts(pair[0]) == _facts(pair[1]))
        one, other = _first("twins", pairs, "two behind one number, one first name, one birth year", queries.TELEPHONES)
        return one, other

    @cached_property
    def debtor(self) -> Patient:
        """Somebody like `alone` who owes, sooner one with an identifier in the remark; their key holds no year."""
        owing = [p for p in self._singles(arrears=True) if str(p.birth_year) not in p.number]
        owing.sort(key=lambda patient: not identifiers_in(patient.remark))
        return _first("debtor", owing, "as alone, with arrears")

    @cached_property
    def unnamed(self) -> Patient:
        """Somebody without first name and birth date, whose only number is typed with a no-break space."""
        wanted = "no first name, no birth date, one number of their own, typed with a no-break space"
        found = (
            patient
            for patient in self._records.patients.values()
            if (patient.first_name or None, patient.born) == (None, None)
            and len(patient.typed) == len(patient.numbers) == 1
            and "\u00a0" in patient.typed[0]
            and self._is_own(patient)
        )
        return _first("unnamed", found, wanted)

    @cached_property
    def unused_telephone(self) -> str:
        """A mobile number that nobody has."""
        free = (f"+3161200{n:04}" for n in range(1001, 10_000) if f"+3161200{n:04}" not in self._records.holders)
        return _first("unused_telephone", free, "a number of 06-1200xxxx that nobody has", queries.TELEPHONES)

    @cached_property
    def thursday(self) -> tuple[Place, ...]:
        """Free places of one Thursday at 14:30: of three therapists or more, in two clinics or more."""
        weeks = groupby(self._records.thursdays, lambda place: place.starts_at)
        free = (tuple({place.therapist: place for place in places}.values()) for _, places in weeks)
        good = (places for places in free if len(places) >= THREE and len({place.clinic for place in places}) > 1)
        return _first("thursday", good, "three therapists of two clinics free at once", queries.THURSDAYS)

    @property
    def moment(self) -> datetime:
        """When `thursday` is, in the practice's local time."""
        return self.thursday[0].starts_at

    @cached_property
    def clinics(self) -> tuple[str, str]:
        """Codes of two clinics with a place free on `thursday`."""
        here, elsewhere = list(dict.fromkeys(place.clinic for place in self.thursday))[:2]
        return here, elsewhere

    @cached_property
    def therapists(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Codes of two therapists and of their clinics, which are two."""
        pairs = ((a, b) for a in self._records.therapists[:1] for b in self._records.therapists if a[1] != b[1])
        return _first("therapists", pairs, "two of different clinics", queries.THERAPISTS)

    @cached_property
    def hours(self) -> tuple[Hour, ...]:
        """Free hours over two free half hours of the same therapist, one at least."""
        hours = (self._records.hours,) if self._records.hours else ()
        return _first("hours", hours, "a free hour over two free half hours", queries.HOURS)

    def holders_of(self, number: str) -> frozenset[str]:
        """Return the keys of everybody who has a number of E.164."""
        return self._records.holders.get(number, frozenset())

    def halves(self, count: int) -> list[int]:
        """Return free half hours that nothing else of their therapist overlaps, earliest first."""
        found = self._records.halves[:count]
        return list(_first("halves", (found,) * (len(found) == count), f"{count} of them", queries.HALVES))

    def stranger_to(self, *people: Patient) -> str:
        """Return a first name that none of these people can go by."""
        known = [person.first_name or "" for person in people]
        names = (name for name in _STRANGERS if not any(_related(name, one) for one in known))
        return _first("stranger_to", names, f"a first name unlike {known}")

    def _is_own(self, patient: Patient) -> bool:
        return all(len(self._records.holders[number]) == 1 for number in patient.numbers)

    def _singles(self, *, arrears: bool = False) -> Iterator[Patient]:
        for patient in self._records.patients.values():
            dutch = patient.numbers and all(number.startswith("+31") for number in patient.numbers)
            if dutch and _is_whole(patient) and patient.arrears is arrears and self._is_own(patient):
                yield patient

    def _shared(self, least: int) -> Iterator[tuple[str, tuple[Patient, ...]]]:
        for number, holders in sorted(self._records.holders.items()):
            people = tuple(self._records.patients[holder] for holder in sorted(holders))
            if len(people) >= least and all(map(_is_whole, people)) and not any(one.arrears for one in people):
                yield number, people

    def _families(self) -> Iterator[Family]:
        for number, people in self._shared(THREE):
            namesakes = [pair for pair in _pairs(people) if _folded(pair[0]) == _folded(pair[1])]
            spelled = {text for one in people for text in one.typed if number in telephones_in(text)}
            if len(namesakes) != 1 or len(spelled) == 1 or len({one.birth_year for one in people}) != len(people):
                continue
            others = [one for one in people if one not in namesakes[0]]
            loners = (one for one in others if not any(_related_people(one, who) for who in people if who is not one))
            for one in loners:
                yield Family(number, one, namesakes[0], people)


def cast_of(connection: Any) -> Cast:
    """Read a practice as its owner, and cast it."""
    return Cast(read_records(connection))


def spelled(number: str) -> str:
    """Return a Dutch number of E.164 as people type it: `06-12345678`."""
    national = f"0{number.removeprefix('+31')}"
    return f"06-{national[2:]}" if _is_mobile(number) else national


def _is_mobile(number: str) -> bool:
    return number.startswith("+316")


def _first(role: str, found: Iterable[T], wanted: str, query: str = queries.PEOPLE) -> T:
    for one in found:
        return one
    raise Uncast(role, wanted, query)


def _pairs(people: Sequence[Patient]) -> Iterator[tuple[Patient, Patient]]:
    return ((one, other) for index, one in enumerate(people) for other in people[index + 1 :])


def _is_whole(patient: Patient) -> bool:
    """Whether first name and birth date are on record, and the first name is one and not an abbreviation."""
    name = patient.first_name or ""
    return patient.born is not None and bool(_NAME.fullmatch(name) and _VOWEL.search(_folded_name(name)))


def _facts(patient: Patient) -> tuple[str, int]:
    return _folded(patient), patient.birth_year


def _folded(patient: Patient) -> str:
    return _folded_name(patient.first_name or "")


def _folded_name(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if c.isalpha())


def _related_people(one: Patient, other: Patient) -> bool:
    return _related(one.first_name or "", other.first_name or "")


def _related(one: str, other: str) -> bool:
    """Whether two first names may be one person's: alike, or together on a line of the list of nicknames."""
    pair = {_folded_name(one), _folded_name(other)}
    return len(pair) == 1 or any(pair <= line for line in _nicknames())


def _nicknames() -> Iterator[set[str]]:
    for line in _NICKNAMES.read_text(encoding="utf-8").splitlines():
        yield {_folded_name(name) for name in re.split(r"[\t/]", line)}
