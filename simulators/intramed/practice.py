"""The rows of an invented practice, from a seed alone: no clock, no environment, the same rows on every machine."""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

from simulators.intramed.names import CLINICS, FAMILY_NAMES, FIRST_NAMES, FIXED, INSURANCE, STREETS, Person

Table = tuple[tuple[str, ...], list[tuple[Any, ...]]]

SEED: Final = 2014
PATIENTS: Final = 420
THERAPISTS: Final = 24
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


def practice_rows(seed: int = SEED) -> dict[str, Table]:
    """Return every table's columns and rows, parents before children."""
    rng = random.Random(seed)  # noqa: S311 - invented rows must be reproducible, not secret
    people = [*FIXED, *_strangers(rng, PATIENTS - len(FIXED))]
    slots = list(_slots(rng))
    slots += _long_slots(slots)
    return {
        "VESTIGING": (("CODE", "NAAM", "PLAATS", "TELEFOON"), list(CLINICS)),
        "MEDEWERKER": (("CODE", "VESTIGING", "VOORLETTERS", "TUSSENVOEGSEL", "ACHTERNAAM"), list(_therapists(rng))),
        "PATIENT": (_PATIENT_COLUMNS, [_patient(rng, person) for person in people]),
        "TELEFOON": (("VOLGNR", "PATIENT", "SOORT", "NUMMER"), list(_telephones(people))),
        "AGENDA": (("NUMMER", "MEDEWERKER", "VESTIGING", "BEGIN_TIJD", "MINUTEN", "STATUS"), slots),
        "AFSPRAAK": (("NUMMER", "AGENDA", "PATIENT", "GEMAAKT"), list(_appointments(rng, slots, people))),
        "JOURNAAL": (("NUMMER", "PATIENT", "MELDTIJD", "MELD_UTC", "TEKST", "VASTGELEGD"), list(_notes(rng, people))),
    }


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
            number=f"{1000 + index * 7:08d}",
            first_name=None if _one_in(rng, 33) else rng.choice(FIRST_NAMES),
            particle=particle or rng.choice((None, "")),
            family_name=family,
            born=_born(rng),
            telephones=tuple(numbers),
            arrears=_one_in(rng, 25),
            remark=rng.choice((None, None, None, "belt liever terug", "komt met rolstoel", "spreekt Frans")),
        )


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


def _therapists(rng: random.Random) -> Iterator[tuple[Any, ...]]:
    for index in range(THERAPISTS):
        particle, family = rng.choice(FAMILY_NAMES)
        yield _therapist_code(index), _clinic_of(index), f"{rng.choice(FIRST_NAMES)[0]}.", particle or None, family


def _therapist_code(index: int) -> str:
    return f"T{index + 1:02d}"


def _clinic_of(index: int) -> str:
    return CLINICS[index * len(CLINICS) // THERAPISTS][0]


_PATIENT_COLUMNS: Final = (
    *("NUMMER", "ACHTERNAAM", "TUSSENVOEGSEL", "ROEPNAAM", "VOORLETTERS", "GEBOORTEDATUM", "GESLACHT", "STRAAT"),
    *("HUISNUMMER", "POSTCODE", "PLAATS", "VESTIGING", "BETALINGSACHTERSTAND", "OPMERKING"),
)


def _patient(rng: random.Random, person: Person) -> tuple[Any, ...]:
    clinic, _, place, _ = rng.choice(CLINICS)
    return (
        *(person.number, person.family_name, person.particle, person.first_name),
        *(f"{person.first_name[0]}." if person.first_name else None, person.born, rng.choice(("M", "V", "O"))),
        *(rng.choice(STREETS), str(rng.randint(1, 240)), f"62{rng.randint(10, 99)} XX", place, clinic),
        *("J" if person.arrears else "N", person.remark),
    )


def _telephones(people: list[Person]) -> Iterator[tuple[Any, ...]]:
    numbered = [(person.number, text) for person in people for text in person.telephones]
    # What else stands in a telephone field after twelve years.
    numbered += [(people[20].number, "geheim"), (people[21].number, "-"), (people[22].number, "+32 475 00 00 01")]
    for index, (patient, text) in enumerate(numbered, start=1):
        yield index, patient, "T" if text.lstrip("(").startswith("04") else "M", text


def _slots(rng: random.Random) -> Iterator[tuple[Any, ...]]:
    number = 0
    for therapist in range(THERAPISTS):
        # The first therapist of each clinic works on Thursdays and keeps 14:30 free.
        keeps = therapist % (THERAPISTS // len(CLINICS)) == 0
        day_off = 0 if keeps else rng.randrange(5)
        for day in (d for week in range(WEEKS) for d in range(7 * week, 7 * week + 5) if d % 7 != day_off):
            midnight = datetime.combine(FIRST_MONDAY + timedelta(days=day), datetime.min.time())
            for start in _DAY_STARTS:
                number += 1
                kept = keeps and day % 7 == _THURSDAY and start == _KEPT_FREE
                status = "F" if kept else rng.choice("FFFFFBBBBBB")
                yield number, _therapist_code(therapist), _clinic_of(therapist), midnight + start, MINUTES, status


def _long_slots(slots: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Yield five hours, all free, on the first working day of each week of one therapist, over the half hours there."""
    days: dict[int, tuple[date, str]] = {}
    for _, therapist, clinic, starts, _, _ in slots:
        if therapist == _LONG_OF:
            days.setdefault((starts.date() - FIRST_MONDAY).days // 7, (starts.date(), clinic))
    hours = [(day, clinic, hour) for day, clinic in days.values() for hour in _LONG_AT]
    for number, (day, clinic, hour) in enumerate(hours, start=len(slots) + 1):
        yield number, _LONG_OF, clinic, datetime.combine(day, datetime.min.time()) + hour, LONG_MINUTES, "F"


def _appointments(rng: random.Random, slots: list[tuple[Any, ...]], people: list[Person]) -> Iterator[tuple[Any, ...]]:
    booked = [(slot[0], slot[3]) for slot in slots if slot[5] == "B"]
    for index, (slot, starts) in enumerate(booked, start=1):
        yield index, slot, rng.choice(people).number, starts - timedelta(days=rng.randint(3, 40))


def _notes(rng: random.Random, people: list[Person]) -> Iterator[tuple[Any, ...]]:
    texts = (
        "Belt af wegens griep.",
        "Oefeningen thuis gaan goed.\nKnie nog stijf.",
        "Verwijzing huisarts ontvangen: €0,00, één bijlage",
    )
    planted = next(person for person in people if person.arrears)
    told = datetime.combine(FIRST_MONDAY, datetime.min.time()) - timedelta(days=3, hours=-9)
    yield 1, planted.number, told, 60, f"Verzekerdennummer {INSURANCE} doorgegeven.", told
    for index in range(2, 120):
        told = datetime.combine(FIRST_MONDAY, datetime.min.time()) - timedelta(minutes=rng.randint(600, 80_000))
        yield index, rng.choice(people).number, told, 60, rng.choice(texts), told + timedelta(minutes=2)
