"""What a person is told in a token's place: a name as it is, a time in Dutch."""

from datetime import datetime
from typing import Final

_DAYS: Final = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
_MONTHS: Final = (
    *("januari", "februari", "maart", "april", "mei", "juni"),
    *("juli", "augustus", "september", "oktober", "november", "december"),
)
_LONGEST: Final = 120
"""Characters of the longest name."""


def said(value: object) -> str | None:
    """Return a field's value in words, such as "donderdag 26 november om 14:30", in the offset that a time carries.

    None if there is no value, or one so long that it is no name.
    """
    if isinstance(value, datetime):
        return f"{_DAYS[value.weekday()]} {value.day} {_MONTHS[value.month - 1]} om {value:%H:%M}"
    return None if value is None or len(str(value)) > _LONGEST else str(value)
