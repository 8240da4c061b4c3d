"""Who a patient is: the database narrows by digits, and only facts that all hold decide. Never a guess."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

from adapters.intramed.names import Fits, RecordedName
from contracts.practice import FindPatientReply, FindPatientRequest
from contracts.telephone import telephones_in

# The end of a number is spelled alike everywhere; what stands before it may be 0, 0031 or (0).
NARROWED_BY: Final = 6


@dataclass(frozen=True, slots=True)
class Candidate:
    """A patient who has the asked number."""

    key: str
    recorded: RecordedName
    birth_year: int | None
    name: str
    arrears: bool

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Map a row of `find_patient.sql`."""
        return cls(
            key=row["patient"],
            recorded=RecordedName(row["first_name"], row["particle"], row["family_name"]),
            birth_year=row["birth_year"],
            name=display_name(row),
            arrears=row["arrears"] == "J",
        )

    def fits(self, request: FindPatientRequest) -> Fits:
        """Say whether the facts beside the number all hold; what the record lacks may be, and is never proven."""
        said = {self._first_name(request.first_name), self._birth_year(request.birth_year)}
        return next(fits for fits in (Fits.NO, Fits.MAYBE, Fits.YES) if fits in said)

    def _first_name(self, given: str | None) -> Fits:
        return Fits.YES if given is None else self.recorded.answers_to(given)

    def _birth_year(self, given: int | None) -> Fits:
        if given is None:
            return Fits.YES
        if self.birth_year is None:
            return Fits.MAYBE
        return Fits.YES if self.birth_year == given else Fits.NO


def narrowing_digits(telephone: str) -> str:
    """Return the pattern of an E.164 number that the database searches for: its last digits, anything between them.

    A list of separators instead would one day lack the one that hides the second owner of a number.
    """
    return f"%{'%'.join(telephone[-NARROWED_BY:])}%"


def display_name(row: Mapping[str, Any]) -> str:
    """Return tussenvoegsel and family name as people write them, such as `van der Veen`."""
    particle, family = row["particle"] or "", row["family_name"]
    return f"{particle}{'' if particle.endswith(chr(39)) else ' '}{family}".lstrip()


def identify(request: FindPatientRequest, rows: Sequence[Mapping[str, Any]]) -> FindPatientReply:
    """Decide for the rows of `find_patient.sql`, whatever numbers they have.

    Certain is the only patient whom the facts do not exclude, if they prove that it is this one. While somebody could
    still be proven, the facts not given yet are asked for; an answer that can prove nothing is not.
    """
    candidates = {row["patient"]: Candidate.of(row) for row in rows if request.telephone in telephones_of(row)}
    fits = {candidate.key: candidate.fits(request) for candidate in candidates.values()}
    possible = [key for key, said in fits.items() if said is not Fits.NO]
    proven = [key for key in possible if fits[key] is Fits.YES]
    if len(possible) == len(proven) == 1:
        return _certain(candidates[proven[0]])
    missing = _missing(request) if proven else []
    return FindPatientReply(match="confirm" if missing else "none", ask_for=missing)


def telephones_of(row: Mapping[str, Any]) -> set[str]:
    """Return the numbers in a row's field as E.164; people type several into one."""
    return telephones_in(row["telephone"] or "")


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
