"""The rows of an invented practice, from a seed alone: no clock, no environment, the same rows on every machine."""

import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeVar

from simulators.intramed.names import CLINICS, FAMILY_NAMES, FIRST_NAMES, FIXED, INSURANCE, STREETS, Person

Row = tuple[Any, ...]
Table = tuple[tuple[str, ...], list[Row]]
Stream = tuple[tuple[str, ...], Callable[[], Iterator[Row]]]
T = TypeVar("T")

SEED: Final = 2014
PATIENTS: Final = 420
THERAPISTS: Final = 24
NOTES: Final = 120
FIRST_MONDAY: Final = date(2026, 1, 5)
WEEKS: Final = 8
MINUTES: Final = 30
_FAMILY_EVERY: Final = 7  # one contact number in seven is shared
_LANDLINE_EVERY: Final = 5
_DAY_STARTS: Final = tuple(timedelta(hours=8, minutes=MINUTES * i) for i in (*range(8), *range(10, 18)))
_THURSDAY: Final = 3
_KEPT_FREE: Final = timedelta(hours=14, minutes=30)
LONG_MINUTES: Final = 60
_LONG_AT: Final = tuple(timedelta(hours=hour) for hour in (8, 9, 10, 13, 14))
_LONG_OF: Final = "T06"
# What else stands in a telephone field after twelve years, of whom.
_UNREADABLE: Final = {20: "geheim", 21: "-", 22: "+32 475 00 00 01"}
_SPELLINGS: Final = (
    "{0}-{1}",
    "{0} {1}",
    "{0}{1}",
    "({0}) {1}",
    "{0}.{1}",
    "+31 (0){2} {1}",
    "0031{2}{1}",
    "+31{2}{1}",
    "{0}\u00a0{1}",
    "{0}-{1} (dochter)",
    "{0}-{1} werk",
    "{0} {1} na 18 u",
)


@dataclass(frozen=True, slots=True)
class Practice:
    """A practice of any size. Its rows are made as they are asked for, again at every call, and none is kept.

    Every table takes its chances from one generator, where the table before it left off; those states are kept.

    Attributes:
        seed: of every chance.
        patients: how many; from 420, with which the stored snapshot was made.
    """

    seed: int = SEED
    patients: int = PATIENTS
    _after: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def therapists(self) -> int:
        """As many of them in each clinic; four more for every 4,000 patients."""
        return THERAPISTS + (self.patients - PATIENTS) // 4_000 * len(CLINICS)

    def tables(self) -> dict[str, Stream]:
        """Return every table's columns and a way to its rows, parents before children; memory stays what it is."""
        return {
            "VESTIGING": (("CODE", "NAAM", "PLAATS", "TELEFOON"), lambda: iter(CLINICS)),
            "MEDEWERKER": (("CODE", "VESTIGING", "VOORLETTERS", "TUSSENVOEGSEL", "ACHTERNAAM"), self._therapists),
            "PATIENT": (_PATIENT_COLUMNS, self._patients),
            "TELEFOON": (("VOLGNR", "PATIENT", "SOORT", "NUMMER"), lambda: _telephones(self._people())),
            "AGENDA": (("NUMMER", "MEDEWERKER", "VESTIGING", "BEGIN_TIJD", "MINUTEN", "STATUS"), self._agenda),
            "AFSPRAAK": (("NUMMER", "AGENDA", "PATIENT", "GEMAAKT"), self._appointments),
            "JOURNAAL": (("NUMMER", "PATIENT", "MELDTIJD", "MELD_UTC", "TEKST", "VASTGELEGD"), self._notes),
        }

    def _people(self) -> Iterator[Person]:
        yield from FIXED
        rng = random.Random(self.seed)  # noqa: S311 - invented rows must be reproducible, not secret
        yield from self._marked("people", rng, _strangers(rng, self.patients - len(FIXED)))

    def _slots(self) -> Iterator[Row]:
        rng = self._from("people", self._people)
        return self._marked("slots", rng, _slots(rng, self.therapists))

    def _agenda(self) -> Iterator[Row]:
        long = _LongSlots()
        for slot in self._slots():
            long.see(slot)
            yield slot
        yield from long.rows()

    def _therapists(self) -> Iterator[Row]:
        rng = self._from("slots", self._slots)
        return self._marked("therapists", rng, _therapists(rng, self.therapists))

    def _patients(self) -> Iterator[Row]:
        rng = self._from("therapists", self._therapists)
        return self._marked("patients", rng, (_patient(rng, person) for person in self._people()))

    def _appointments(self) -> Iterator[Row]:
        rng = self._from("patients", self._patients)
        return self._marked("appointments", rng, _appointments(rng, self._agenda(), self.patients))

    def _notes(self) -> Iterator[Row]:
        rng = self._from("appointments", self._appointments)
        return _notes(rng, next(person for person in self._people() if person.arrears), self.patients)

    def _from(self, before: str, rows: Callable[[], Iterator[Any]]) -> random.Random:
        """Return a generator as the rows before left it; they are made once more if nobody has yet."""
        if before not in self._after:
            deque(rows(), maxlen=0)
        rng = random.Random()  # noqa: S311 - as above
        rng.setstate(self._after[before])
        return rng

    def _marked(self, name: str, rng: random.Random, rows: Iterator[T]) -> Iterator[T]:
        yield from rows
        self._after[name] = rng.getstate()


def practice_rows(seed: int = SEED, patients: int = PATIENTS) -> dict[str, Table]:
    """Return every table's columns and rows, parents before children."""
    return {name: (columns, list(rows())) for name, (columns, rows) in Practice(seed, patients).tables().items()}


def _strangers(rng: random.Random, count: int) -> Iterator[Person]:
    shared = 0
    for index in range(count):
        particle, family = rng.choice(FAMILY_NAMES)
        # Of seven strangers two live together: six numbers, one of them shared; landlines bring it to one in seven.
        place = index % _FAMILY_EVERY
        if place == 0:
            shared = 500_000 + index
        numbers = [_mobile(rng, shared if place <= 1 else 20_000 + index)]
        if index % _LANDLINE_EVERY == 0:
            numbers.append(_landline(rng, index))
        yield Person(
            number=_number(index),
            first_name=None if _one_in(rng, 33) else rng.choice(FIRST_NAMES),
            particle=particle or rng.choice((None, "")),
            family_name=family,
            born=_born(rng),
            telephones=tuple(numbers),
            arrears=_one_in(rng, 25),
            remark=rng.choice((None, None, None, "belt liever terug", "komt met rolstoel", "spreekt Frans")),
        )


def _number(stranger: int) -> str:
    return f"{1000 + stranger * 7:08d}"


def _mobile(rng: random.Random, index: int) -> str:
    return rng.choice(_SPELLINGS).format("06", f"10{index:06d}", "6")


def _landline(rng: random.Random, index: int) -> str:
    return rng.choice(_SPELLINGS).format("043", f"3{10_000 + index:06d}", "43")


def _one_in(rng: random.Random, count: int) -> bool:
    return rng.randrange(count) == 0


def _born(rng: random.Random) -> date | None:
    # Two in five are elderly: those who write from a child's telephone.
    year = rng.choice((rng.randint(1930, 1950), rng.randint(1930, 1957), *(rng.randint(1958, 2016) for _ in range(3))))
    return None if _one_in(rng, 50) else date(year, rng.randint(1, 12), rng.randint(1, 28))


def _therapists(rng: random.Random, count: int) -> Iterator[Row]:
    for index in range(count):
        particle, family = rng.choice(FAMILY_NAMES)
        yield (
            _therapist_code(index),
            _clinic_of(index, count),
            f"{rng.choice(FIRST_NAMES)[0]}.",
            particle or None,
            family,
        )


def _therapist_code(index: int) -> str:
    return f"T{index + 1:02d}"


def _clinic_of(index: int, count: int) -> str:
    return CLINICS[index * len(CLINICS) // count][0]


_PATIENT_COLUMNS: Final = (
    *("NUMMER", "ACHTERNAAM", "TUSSENVOEGSEL", "ROEPNAAM", "VOORLETTERS", "GEBOORTEDATUM", "GESLACHT", "STRAAT"),
    *("HUISNUMMER", "POSTCODE", "PLAATS", "VESTIGING", "BETALINGSACHTERSTAND", "OPMERKING"),
)


def _patient(rng: random.Random, person: Person) -> Row:
    clinic, _, place, _ = rng.choice(CLINICS)
    return (
        *(person.number, person.family_name, person.particle, person.first_name),
        *(f"{person.first_name[0]}." if person.first_name else None, person.born, rng.choice(("M", "V", "O"))),
        *(rng.choice(STREETS), str(rng.randint(1, 240)), f"62{rng.randint(10, 99)} XX", place, clinic),
        *("J" if person.arrears else "N", person.remark),
    )


def _telephones(people: Iterator[Person]) -> Iterator[Row]:
    number, odd = 0, list[tuple[str, str]]()
    for place, person in enumerate(people):
        if place in _UNREADABLE:
            odd.append((person.number, _UNREADABLE[place]))
        for text in person.telephones:
            number += 1
            yield _telephone(number, person.number, text)
    for patient, text in odd:
        number += 1
        yield _telephone(number, patient, text)


def _telephone(number: int, patient: str, text: str) -> Row:
    return number, patient, "T" if text.lstrip("(").startswith("04") else "M", text


def _slots(rng: random.Random, therapists: int) -> Iterator[Row]:
    number = 0
    for therapist in range(therapists):
        # The first therapist of each clinic works on Thursdays and keeps 14:30 free.
        keeps = therapist % (therapists // len(CLINICS)) == 0
        day_off = 0 if keeps else rng.randrange(5)
        code, clinic = _therapist_code(therapist), _clinic_of(therapist, therapists)
        for day in (d for week in range(WEEKS) for d in range(7 * week, 7 * week + 5) if d % 7 != day_off):
            midnight = datetime.combine(FIRST_MONDAY + timedelta(days=day), datetime.min.time())
            for start in _DAY_STARTS:
                number += 1
                kept = keeps and day % 7 == _THURSDAY and start == _KEPT_FREE
                status = "F" if kept else rng.choice("FFFFFBBBBBB")
                yield number, code, clinic, midnight + start, MINUTES, status


@dataclass(slots=True)
class _LongSlots:
    """Five hours, all free, on the first working day of each week of one therapist, over the half hours there."""

    last: int = 0
    days: dict[int, tuple[date, str]] = field(default_factory=dict)

    def see(self, slot: Row) -> None:
        """Look at a half hour."""
        self.last, therapist, clinic, starts, _, _ = slot
        if therapist == _LONG_OF:
            self.days.setdefault((starts.date() - FIRST_MONDAY).days // 7, (starts.date(), clinic))

    def rows(self) -> Iterator[Row]:
        """Yield the hours, numbered after all half hours."""
        hours = [(day, clinic, hour) for day, clinic in self.days.values() for hour in _LONG_AT]
        for number, (day, clinic, hour) in enumerate(hours, start=self.last + 1):
            yield number, _LONG_OF, clinic, datetime.combine(day, datetime.min.time()) + hour, LONG_MINUTES, "F"


def _appointments(rng: random.Random, slots: Iterator[Row], patients: int) -> Iterator[Row]:
    booked = ((slot[0], slot[3]) for slot in slots if slot[5] == "B")
    for index, (slot, starts) in enumerate(booked, start=1):
        yield index, slot, _some_patient(rng, patients), starts - timedelta(days=rng.randint(3, 40))


def _some_patient(rng: random.Random, patients: int) -> str:
    place = rng.choice(range(patients))
    return FIXED[place].number if place < len(FIXED) else _number(place - len(FIXED))


def _notes(rng: random.Random, planted: Person, patients: int) -> Iterator[Row]:
    texts = (
        "Belt af wegens griep.",
        "Oefeningen thuis gaan goed.\nKnie nog stijf.",
        "Verwijzing huisarts ontvangen: €0,00, één bijlage",
    )
    told = datetime.combine(FIRST_MONDAY, datetime.min.time()) - timedelta(days=3, hours=-9)
    yield 1, planted.number, told, 60, f"Verzekerdennummer {INSURANCE} doorgegeven.", told
    for index in range(2, NOTES * patients // PATIENTS):
        told = datetime.combine(FIRST_MONDAY, datetime.min.time()) - timedelta(minutes=rng.randint(600, 80_000))
        yield index, _some_patient(rng, patients), told, 60, rng.choice(texts), told + timedelta(minutes=2)
