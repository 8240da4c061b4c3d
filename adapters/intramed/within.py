"""The clinics that exist for a client: what is in another one is answered like what is nowhere, and nothing is written.

Patients are of the whole practice. For a client without a limit nothing is asked.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from adapters.intramed.calls import Deadline
from adapters.sql.messages import Row, Step
from contracts.desks import Call
from contracts.errors import NotFound

NO_SLOT: Final = "the slot or the patient is unknown"
NO_HOLD: Final = "there is no such hold of this patient"
NO_APPOINTMENT: Final = "there is no such appointment of this patient"
NOT_REPLACED: Final = "there is no such appointment of this patient to replace; nothing was changed"
"""What is said of what does not exist, for whatever reason."""

LOOKS: Final = ("slot", "appointment")
"""Statements by which it is seen where something is; only limited clients need them, whatever `holds` is."""

_ANY: Final = ""
_LONGEST_CODE: Final = 10


@dataclass(frozen=True, slots=True)
class Clinics:
    """The clinics that exist for one client, by their codes without padding; None for all."""

    codes: frozenset[str] | None

    @classmethod
    def of(cls, call: Call) -> Self:
        """Return those of the client that calls."""
        return cls(None if call.within is None else frozenset(code.strip() for code in call.within) - {_ANY})

    def has(self, row: Row) -> bool:
        """Whether what this row tells of is in one of them."""
        return self.codes is None or row["clinic"] in self.codes

    def to_list(self, wanted: str | None, codec: str) -> list[str]:
        """Return what `list_slots.sql` is asked for, one clinic at a time; '' for all of them at once.

        Args:
            wanted: the clinic that the request names.
            codec: what the database can be asked in.
        """
        if self.codes is None:
            return [wanted or _ANY]
        found = self.codes if wanted is None else self.codes & {wanted.strip()}
        return sorted(code for code in found if len(code) <= _LONGEST_CODE and _is_written_in(code, codec))

    def check_slot(self, slot: int, refusal: str, deadline: Deadline) -> None:
        """Let a slot of one of these clinics through.

        Raises:
            NotFound: saying `refusal`.
            BackendUnavailable: it could not be asked.
        """
        self._check([(_slot(slot), refusal)], deadline)

    def check_confirm(self, slot: int, replaces: int | None, patient: str, deadline: Deadline) -> None:
        """Let a hold through, and what it replaces; both are looked up on one connection. Raises as `check_slot`."""
        asked = [(_slot(slot), NO_HOLD)]
        if replaces is not None:
            asked.append((_appointment(replaces, patient), NOT_REPLACED))
        self._check(asked, deadline)

    def check_appointment(self, appointment: int, patient: str, deadline: Deadline) -> None:
        """Let a patient's appointment in one of these clinics through. Raises as `check_slot`."""
        self._check([(_appointment(appointment, patient), NO_APPOINTMENT)], deadline)

    def _check(self, asked: Iterable[tuple[Step, str]], deadline: Deadline) -> None:
        if self.codes is None:
            return
        steps, refusals = zip(*asked, strict=True)
        for rows, refusal in zip(deadline.read_all(*steps), refusals, strict=True):
            if not rows or not all(self.has(row) for row in rows):
                raise NotFound(refusal)


def _slot(slot: int) -> Step:
    return Step("slot", {"slot": slot})


def _appointment(appointment: int, patient: str) -> Step:
    return Step("appointment", {"appointment": appointment, "patient": patient})


def _is_written_in(code: str, codec: str) -> bool:
    try:
        code.encode(codec)
    except UnicodeEncodeError:
        return False
    return True
