"""What Planon keeps silent about when it stores a record: a value cut off, a look-up that found nothing."""

from collections.abc import Mapping
from typing import Final

from simulators.planon.faults import Fault
from simulators.planon.strike import Strike

_LOOKED_UP: Final = ("BO_TENANT_ID", "BO_MANDANT", "BO_PROPERTY", "BO_LOCATION", "BO_ASSET")
"""Elements of an incident that Planon resolves to records of its own."""


def stored_incident(sent: Mapping[str, str], strike: Strike) -> dict[str, str]:
    """Return the elements of an incident that are stored."""
    stored = {name: _cut(name, text, "BO_DESCRIPTION", strike) for name, text in sent.items()}
    if strike.has(Fault.LOOKUP_MISS):
        return {name: text for name, text in stored.items() if name not in _LOOKED_UP}
    return stored


def stored_note(sent: Mapping[str, str], strike: Strike) -> dict[str, str]:
    """Return the elements of a communication-log record that are stored; all of them, some empty."""
    stored = {name: _cut(name, text, "TEXT", strike) for name, text in sent.items()}
    return stored | {"TENANT_ID": ""} if strike.has(Fault.LOOKUP_MISS) else stored


def _cut(name: str, text: str, cut: str, strike: Strike) -> str:
    if name != cut or not strike.has(Fault.TRUNCATE):
        return text
    return text[: int(strike.amount(Fault.TRUNCATE, "characters"))]
