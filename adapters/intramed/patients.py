"""Who a patient is: the database narrows by digits, and only facts that all hold decide. Never a guess."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

from adapters.firebird.transport import Row
from contracts.practice import FindPatientReply, FindPatientRequest
from contracts.telephone import TelephoneError, normalise_telephone

# The end of a number is spelled alike everywhere; what stands before it may be 0, 0031 or (0).
NARROWED_BY: Final = 6


@dataclass(frozen=True, slots=True)
class Candidate:
    """A patient who has the asked number."""

    key: str
    first_name: str | None
    birth_year: int | None
    name: str
    arrears: bool

    @classmethod
    def of(cls, row: Row) -> Self:
        """Map a row of `find_patient.sql`."""
        return cls(
            key=row["patient"],
            first_name=row["first_name"],
            birth_year=row["birth_year"],
            name=display_name(row),
            arrears=row["arrears"] == "J",
        )


def narrowing_digits(telephone: str) -> str:
    """Return the digits of an E.164 number that the database searches for."""
    return telephone[-NARROWED_BY:]


def display_name(row: Row) -> str:
    """Return tussenvoegsel and family name as people write them, such as `van der Veen`."""
    particle, family = row["particle"] or "", row["family_name"]
    return f"{particle}{'' if particle.endswith(chr(39)) else ' '}{family}".lstrip()


def identify(request: FindPatientRequest, rows: Sequence[Row]) -> FindPatientReply:
    """Decide: exactly one patient is certain; of several, ask for what was not given yet."""
    candidates = {row["patient"]: Candidate.of(row) for row in rows if _same_number(row["telephone"], request)}
    left = [candidate for candidate in candidates.values() if _satisfies(candidate, request)]
    if len(left) == 1:
        return _certain(left[0])
    missing = _missing(request) if left else []
    return FindPatientReply(match="confirm" if missing else "none", ask_for=missing)


def _certain(patient: Candidate) -> FindPatientReply:
    hand_off: list[Literal["arrears"]] = ["arrears"] if patient.arrears else []
    return FindPatientReply(match="certain", patient=patient.key, name=patient.name, hand_off=hand_off)


def _missing(request: FindPatientRequest) -> list[Literal["first_name", "birth_year"]]:
    missing: list[Literal["first_name", "birth_year"]] = []
    if request.first_name is None:
        missing.append("first_name")
    if request.birth_year is None:
        missing.append("birth_year")
    return missing


def _same_number(stored: Any, request: FindPatientRequest) -> bool:
    try:
        return normalise_telephone(stored) == request.telephone
    except TelephoneError:
        return False


def _satisfies(candidate: Candidate, request: FindPatientRequest) -> bool:
    if request.birth_year is not None and candidate.birth_year != request.birth_year:
        return False
    if request.first_name is None:
        return True
    return candidate.first_name is not None and _folded(candidate.first_name) == _folded(request.first_name)


def _folded(name: str) -> str:
    """Return a name without case, diacritics and extra blanks: `ZOE` and `Zoë` are one name."""
    return " ".join(_without_marks(unicodedata.normalize("NFKD", name)).casefold().split())


def _without_marks(characters: Iterable[str]) -> str:
    return "".join(character for character in characters if not unicodedata.combining(character))
