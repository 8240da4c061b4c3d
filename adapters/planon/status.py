"""The vendor's words for an incident's state, in those of the contract; user states under them are not looked at."""

from types import MappingProxyType
from typing import Final, Literal

Status = Literal["reported", "in_progress", "completed", "cancelled"]

_STATES: Final = MappingProxyType[str, Status](
    {"reported": "reported", "in progress": "in_progress", "completed": "completed", "canceled": "cancelled"}
)


def status_of(word: str) -> Status:
    """Return the contract's word for a state of Planon, such as `In progress`.

    Raises:
        ValueError: there is no such state.
    """
    try:
        return _STATES[word.strip().lower()]
    except KeyError as error:
        raise ValueError("an unknown state") from error
