"""The backend's own keys as strings, and their check before they reach a statement."""

import re
from dataclasses import dataclass
from typing import Final, Self

from contracts.errors import NotFound

_PATIENT: Final = re.compile(r"[0-9A-Z]{1,8}")
_NUMBER: Final = re.compile(r"[0-9]{1,9}")  # nine digits always fit the INTEGER column
_HOLD: Final = re.compile(r"(?P<slot>[0-9]{1,9}):(?P<holder>[A-Z2-7-]{1,26})")


def patient_key(key: str) -> str:
    """Return a patient number.

    Raises:
        NotFound: no patient can have this key.
    """
    if not _PATIENT.fullmatch(key):
        raise NotFound("the patient is unknown")
    return key


def slot_key(key: str) -> int:
    """Return a slot number.

    Raises:
        NotFound: no slot can have this key.
    """
    if not _NUMBER.fullmatch(key):
        raise NotFound("the slot is unknown")
    return int(key)


def appointment_key(key: str) -> int:
    """Return an appointment number.

    Raises:
        NotFound: no appointment can have this key.
    """
    if not _NUMBER.fullmatch(key):
        raise NotFound("the appointment is unknown")
    return int(key)


@dataclass(frozen=True, slots=True)
class HoldKey:
    """A hold: its slot, and the reference of the call that holds it.

    Raises:
        ValueError: the holder is no external reference; an empty one would be everybody's.
    """

    slot: int
    holder: str

    def __post_init__(self) -> None:
        if not _HOLD.fullmatch(str(self)):
            raise ValueError("a hold needs the external reference of its call")

    def __str__(self) -> str:
        return f"{self.slot}:{self.holder}"

    @classmethod
    def parse(cls, key: str) -> Self:
        """Read the text of a hold key.

        Raises:
            NotFound: no hold can have this key.
        """
        hold = _HOLD.fullmatch(key)
        if hold is None:
            raise NotFound("the hold is unknown")
        return cls(int(hold["slot"]), hold["holder"])
