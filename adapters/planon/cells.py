"""Writes values of rows and times as text, exactly as they are; what cannot be written so is refused, never mended."""

from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import JsonValue

from adapters.planon.forms import Field
from adapters.planon.text import visible
from contracts.errors import MalformedRequest, RuleMissing, Violation


def cell_text(column: str, value: JsonValue, field: Field) -> str | None:
    """Return a value of a row as text; None for one that is empty, where the schemas do without it.

    Raises:
        RuleMissing: it is empty and must not be, or holds a character that XML would change.
    """
    if value is None:
        if field.mandatory:
            raise _unusable(column, "is empty", field)
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if visible(text) != text:
        raise _unusable(column, "holds a character that XML does not keep", field)
    return text


def local_time(moment: datetime, zone: ZoneInfo) -> str:
    """Return a time in the site's zone with its numeric offset, whole seconds, rounded down.

    Raises:
        MalformedRequest: the site's calendar has no such time.
    """
    try:
        return moment.astimezone(zone).replace(microsecond=0).isoformat()
    except OverflowError as error:
        raise MalformedRequest(
            "the report time is out of reach", [Violation("reported_at", "is no time in the site's zone")]
        ) from error


def _unusable(column: str, what: str, field: Field) -> RuleMissing:
    rule = f"{column} {what}, and {field.name} is written from it"
    return RuleMissing("a row of the backend cannot be used", [Violation("tenant", rule)])
