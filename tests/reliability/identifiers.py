"""Dutch texts for the hunt: with identifiers planted in them in every spelling, and ordinary ones without any.

Written from what people and programs do to numbers, and not from the rules that look for them. Numbers of persons are
from the published test range (9999…), accounts are of banks that do not exist, all else is invented.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.reliability.identifier_spellings import (
    CARRIED,
    SPELLINGS,
    as_text,
    glued,
    mixed,
    one_separator,
    solid,
    unseen,
)
from tests.reliability.ordinary import SENTENCES, ordinary, sentence

_BANKS: Final = ["TEST", "FICT", "XBNK", "ZORG"]
_INSURED: Final = [
    *("polisnummer {}", "Polisnr. {}", "mijn verzekerdennummer is {}", "relatienummer: {}", "polis nr {}", "UZOVI {}"),
    *("verzekerdenr {}", "mijn polisnummer bij de verzekeraar is {}", "Verzekeringsnummer:\n{}", "zorgpasnummer {}"),
]
_AGB: Final = ["AGB-code {}", "AGB {}", "agb: {}", "mijn AGB-code is {}", "AGBcode {}", "AGB-nummer\n{}"]
_MAIL: Final = [
    *("{}", "mail naar {} svp", "<{}>", "mailto:{}", "/zoek?m={}", '"{}"', "mijn adres: {}.", "({})", "e-mail={}"),
]


@dataclass(frozen=True, slots=True)
class Planted:
    """A text with one identifier in it.

    Attributes:
        text: all of it.
        kind: what was planted: bsn, iban, insurance, agb, email or telephone.
        value: bare, as it may not come out in any spelling.
        spelled: as it stands in the text.
    """

    text: str
    kind: str
    value: str
    spelled: str


def planted(n: int, seed: int) -> Iterator[Planted]:
    """Yield so many texts; the same ones for the same seed."""
    rng = random.Random(seed)  # noqa: S311 - the same texts each time
    makers = [_bsn, _bsn, _bsn, _bsn, _iban, _iban, _insurance, _agb, _email, _telephone]
    for _ in range(n):
        kind, value, spelled = (maker := rng.choice(makers))(rng)
        around = [sentence(rng) for _ in range(rng.randint(0, 3))]
        before = " ".join(around[:1]) + rng.choice(
            ["", " ", "\n", " Het gaat om ", " 14 ", " nr 7, ", " 0 ", " toestel 31. "]
        )
        if maker is _bsn and rng.random() < 0.3:
            before += rng.choice(
                ["bsn ", "BSN: ", "mijn burgerservicenummer is ", "ordernummer, bsn ", "order 1234567 bsn "]
            )
        if before.rstrip(".")[-1:].isdigit():  # else it were another number: "12.9999"
            before += " "
        after = rng.choice(["", ".", " dank", "\n", ", groet Fatma", "; bel me", " 12", " 06-10001000", " om 14:30"])
        yield Planted(f"{before}{spelled}{after} {' '.join(around[1:])}", kind, value, spelled)


def bsn(rng: random.Random) -> str:
    """Return a number that passes the check, of the test range."""
    while True:
        digits = f"9999{rng.randrange(100_000):05d}"
        if (
            sum(weight * int(digit) for weight, digit in zip((9, 8, 7, 6, 5, 4, 3, 2, -1), digits, strict=True)) % 11
            == 0
        ):
            return digits


def iban(rng: random.Random) -> str:
    """Return an account with valid check digits, of a bank that does not exist."""
    country, account = rng.choice(
        [("NL", rng.choice(_BANKS) + f"{rng.randrange(10**10):010d}")] * 4 + [("DE", f"{rng.randrange(10**10):018d}")]
    )
    number = int("".join(str(int(each, 36)) for each in f"{account}{country}00"))
    return f"{country}{98 - number % 97:02d}{account}"


def _bsn(rng: random.Random) -> tuple[str, str, str]:
    value = bsn(rng)
    return "bsn", value, rng.choice(CARRIED)(rng.choice(SPELLINGS)(value, rng), rng)


def _iban(rng: random.Random) -> tuple[str, str, str]:
    value = iban(rng)
    written = value.lower() if rng.random() < 0.3 else value
    return "iban", value, rng.choice(CARRIED)(rng.choice(SPELLINGS)(written, rng), rng)


def _insurance(rng: random.Random) -> tuple[str, str, str]:
    label = rng.choice(_INSURED)
    value = f"{rng.randrange(10**4):04d}" if "UZOVI" in label else str(rng.randrange(10**6, 10**10))
    spelling = solid if "UZOVI" in label else rng.choice([solid, solid, one_separator, unseen])
    carry = rng.choice([each for each in CARRIED if each is not glued])
    return "insurance", value, carry(label.format(spelling(value, rng)), rng)


def _agb(rng: random.Random) -> tuple[str, str, str]:
    value = f"0{rng.randrange(10**7):07d}"
    spelling = rng.choice([solid, solid, one_separator, mixed, unseen])
    return "agb", value, rng.choice(CARRIED)(rng.choice(_AGB).format(spelling(value, rng)), rng)


def _email(rng: random.Random) -> tuple[str, str, str]:
    name = rng.choice(["jan.jansen", "f.yilmaz", "info", "anna+zorg", "p_devries", "k-o.smit"])
    value = f"{name}{rng.randrange(1000)}@{rng.choice(['example.nl', 'mail.example.com', 'zorg-west.example'])}"
    return "email", value, rng.choice(CARRIED)(rng.choice(_MAIL).format(value), rng)


def _telephone(rng: random.Random) -> tuple[str, str, str]:
    national = rng.choice([f"6{rng.randint(10_000_000, 49_999_999)}", f"43{rng.randint(3_000_000, 3_999_999)}"])
    cut = 1 if national.startswith("6") else 2
    area, rest = national[:cut], national[cut:]
    half = rest[:4], rest[4:]
    spelled = rng.choice(
        [
            *(
                f"0{area}-{rest}",
                f"0{national}",
                f"+31{national}",
                f"+31 {area} {half[0]} {half[1]}",
                f"0031{national}",
            ),
            *(
                f"+31 (0){area} {rest}",
                f"(0{area}) {rest}",
                f"31{national}",
                f"0{area} {half[0]} {half[1]}",
                f"tel {national}",
            ),
            *(
                f"0{area}/{rest}",
                f"0{area}.{half[0]}.{half[1]}",
                f"0{area} - {half[0]}-{half[1]}",
                f"telefoon: {national}",
            ),
        ]
    )
    return "telephone", national, rng.choice([as_text, *CARRIED])("bel " + spelled, rng)


__all__ = ["SENTENCES", "Planted", "bsn", "iban", "ordinary", "planted"]
