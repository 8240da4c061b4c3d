"""Ordinary Dutch messages full of numbers that identify nobody: orders, invoices, amounts, dates, telephones, codes."""

import random
from collections.abc import Callable, Iterator
from typing import Final

Make = Callable[[random.Random], str]

_LABELS: Final = [
    *("ordernummer {}", "order {}", "bestelnummer {}", "uw bestelling {}", "factuurnummer {}", "factuur {}"),
    *("factuur nr. {}", "Ordernr: {}", "artikelnummer {}", "art. {}", "pakbon {}", "offerte {}", "kenmerk {}"),
    *("werkorder {}", "meldingsnummer {}", "projectnummer {}", "zaaknummer {}", "ref. {}", "ticket #{}", "INC-{}"),
]
_STREETS: Final = ["Dorpsstraat", "Kerkplein", "Laan van Meerdervoort", "Stationsweg", "Sint Pieterskade"]
_MONTHS: Final = ["januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober"]


def _number(rng: random.Random, low: int = 4, high: int = 12) -> str:
    length = rng.randint(low, high)
    return str(rng.randrange(10 ** (length - 1), 10**length))


def _labelled(rng: random.Random) -> str:
    number = _number(rng)
    if rng.random() < 0.1:  # some shops group theirs
        number = rng.choice([" ", "-", "."]).join([number[:3], number[3:6], number[6:]]).strip(" -.")
    return rng.choice(["Het gaat om {}.", "Betreft: {}", "Waar blijft {}?", "Ik heb {} nog niet ontvangen."]).format(
        rng.choice(_LABELS).format(number)
    )


def _unlabelled(rng: random.Random) -> str:
    return rng.choice(
        ["De doos met {} erop is kapot.", "{} graag nakijken.", "Op het plaatje staat {}.", "Het is de {} geworden."]
    ).format(_number(rng))


def _date(rng: random.Random) -> str:
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1950, 2030)
    return rng.choice(
        [
            *(
                f"{day:02d}-{month:02d}-{year}",
                f"{day}-{month}-{year}",
                f"{day}/{month}/{year}",
                f"{year}-{month:02d}-{day:02d}",
            ),
            *(
                f"{day:02d}.{month:02d}.{year}",
                f"{day} {rng.choice(_MONTHS)} {year}",
                f"{day:02d}-{month:02d}-{year % 100:02d}",
            ),
            *(
                f"{day}-{month}",
                f"{year}{month:02d}{day:02d}" if rng.random() < 0.2 else f"{day} {rng.choice(_MONTHS)}",
            ),
        ]
    )


def _time(rng: random.Random) -> str:
    hour, minute = rng.randint(0, 23), rng.choice([0, 15, 30, 45, rng.randint(0, 59)])
    return rng.choice(
        [f"{hour:02d}:{minute:02d}", f"{hour}.{minute:02d} uur", f"{hour:02d}u{minute:02d}", f"{hour:02d}.{minute:02d}"]
    )


def _when(rng: random.Random) -> str:
    return rng.choice(
        [
            f"Op {_date(rng)} om {_time(rng)} was er niemand.",
            f"Afspraak {_date(rng)} {_time(rng)} graag verzetten naar {_date(rng)}.",
            f"We zijn open van {_time(rng)} - {_time(rng)}.",
            f"Tussen {_time(rng)} en {_time(rng)}, {_date(rng)} of {_date(rng)}.",
            f"Vakantie {_date(rng)} t/m {_date(rng)}.",
            f"Begroting {(year := rng.randint(1990, 2029))}-{year + 1}, schooljaar {year}/{year + 1}.",
            f"Van {(year := rng.randint(1960, 2020))} - {year + rng.randint(1, 9)} werkte ik daar.",
        ]
    )


def _amount(rng: random.Random) -> str:
    euros, cents = int(10 ** rng.uniform(0, 6.5)), rng.randint(0, 99)
    dotted = f"{euros:,}".replace(",", ".")
    return rng.choice(
        [
            f"€ {dotted},{cents:02d}",
            f"€{euros},{cents:02d}",
            f"{dotted},{cents:02d} euro",
            f"EUR {dotted}",
            f"€ {dotted},-",
        ]
    )


def _decimal(rng: random.Random) -> str:
    return f"{rng.randint(2, 999)},{rng.randint(10, 99)}"


def _money(rng: random.Random) -> str:
    return rng.choice(
        [
            f"De rekening was {_amount(rng)} en niet {_amount(rng)}.",
            f"{rng.randint(1, 40)} x {_amount(rng)} = {_amount(rng)}",
            f"Ik betaalde {_decimal(rng)} + {_decimal(rng)} bij de balie.",
            f"Voorschot {_amount(rng)} / {_amount(rng)}, btw 21%.",
        ]
    )


def telephone(rng: random.Random) -> str:
    """Return a Dutch number in one of many spellings."""
    national = rng.choice(
        [
            f"6{rng.randint(10_000_000, 49_999_999)}",
            f"{rng.choice([10, 20, 43, 70])}{rng.randint(3_000_000, 7_999_999)}",
        ]
    )
    area, rest = (national[:1], national[1:]) if national[0] == "6" else (national[:2], national[2:])
    pairs = " ".join(rest[at : at + 2] for at in range(0, len(rest), 2))
    return rng.choice(
        [
            *(
                f"0{area}-{rest}",
                f"0{national}",
                f"0{area} {rest}",
                f"0{area} {pairs}",
                f"+31{national}",
                f"+31 {area} {rest}",
            ),
            *(f"0031 {area} {rest}", f"(0{area}) {rest}", f"+31 (0){area} {pairs}", f"0{area}/{rest[:3]} {rest[3:]}"),
            *(f"0{area}.{rest}", f"31{national}", f"0{area} - {rest[:4]} {rest[4:]}", f"+31-{area}-{rest}"),
        ]
    )


def _call(rng: random.Random) -> str:
    return rng.choice(
        [
            f"Bel me op {telephone(rng)}.",
            f"Tel. {telephone(rng)} of {telephone(rng)}",
            f"{telephone(rng)} (dochter), na {_time(rng)}",
            f"Mobiel {telephone(rng)}, vast {telephone(rng)}; niet voor {_time(rng)}.",
            f"bereikbaar: {telephone(rng)} / {telephone(rng)} / kamer {rng.randint(1, 400)}",
        ]
    )


def _address(rng: random.Random) -> str:
    postcode = f"{rng.randint(1000, 9999)}{rng.choice([' ', ''])}{rng.choice('ABCDEFGHJK')}{rng.choice('LMNPRSTVWX')}"
    return rng.choice(
        [
            f"Ik woon {rng.choice(_STREETS)} {rng.randint(1, 400)}, {postcode} Maastricht.",
            f"{rng.choice(_STREETS)} {rng.randint(1, 90)}-{rng.randint(1, 20)}, {postcode}",
            f"Huisnummers {rng.randint(1, 99)}, {rng.randint(1, 99)} en {rng.randint(1, 99)}-{rng.randint(1, 999)}.",
            f"Kamers {', '.join(str(rng.randint(1, 400)) for _ in range(rng.randint(2, 5)))} zijn koud.",
            f"{rng.uniform(50.7, 53.5):.5f}, {rng.uniform(3.4, 7.2):.5f} is de plek.",
            f"Gebouw {rng.randint(1, 9)}.{rng.randint(1, 30):02d}, verdieping {rng.randint(0, 12)}",
        ]
    )


def _code(rng: random.Random) -> str:
    return rng.choice(
        [
            f"Artikel {rng.randint(10, 999)}.{rng.randint(100, 999)}.{rng.randint(10, 99)} is op.",
            f"Melding INC-{rng.randrange(10**6):06d} loopt nog.",
            f"Type WX-{rng.randint(100, 9999)}/{rng.randint(1, 99)}, serie {rng.choice('ABCDEF')}{_number(rng, 5, 9)}.",
            f"Foutcode E{rng.randint(10, 99)}, druk {rng.randint(1, 3)},{rng.randint(0, 9)}; {rng.randint(15, 90)} °C.",
            f"Meterstand {rng.randint(1000, 99999)} op {_date(rng)}, vorige {rng.randint(1000, 99999)}.",
            f"Stap {rng.randint(1, 9)}: {rng.randint(1, 99)} - {rng.randint(1, 99)} - {rng.randint(1, 99)}",
        ]
    )


def _talk(rng: random.Random) -> str:
    return rng.choice(
        [
            *(
                "De kraan in de keuken lekt, water staat al op de vloer!",
                "Kan er vandaag nog iemand komen? Groet, Fatma",
            ),
            *(
                "Dank je wel 👍",
                "De lift doet het weer niet…",
                f"Ik wacht al {rng.randint(2, 30)} dagen.",
                "Ça va, à bientôt",
            ),
        ]
    )


SENTENCES: Final[list[Make]] = [_labelled, _unlabelled, _when, _money, _call, _address, _code, _talk, _talk, _talk]


def sentence(rng: random.Random) -> str:
    """Return one sentence of any kind."""
    return rng.choice(SENTENCES)(rng)


def ordinary(n: int, seed: int) -> Iterator[str]:
    """Yield so many messages of one to four sentences; the same ones for the same seed."""
    rng = random.Random(seed)  # noqa: S311 - the same texts each time
    for _ in range(n):
        yield rng.choice([" ", "\n"]).join(sentence(rng) for _ in range(rng.randint(1, 4)))
