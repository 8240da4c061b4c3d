"""What may be stored, and what may be logged, of what an adapter said or did; and which reasons are the same one."""

import logging
import re
import traceback
from collections.abc import Callable
from typing import Final

_REASON_MAX: Final = 500
"""Characters of a reason that are kept."""
_READ_MAX: Final = 4000
"""Characters of a reason that are looked at: a placeholder is shorter than most of what it stands for."""
_GROUP_MAX: Final = 80
"""Characters of a group's name: a line of a terminal, and a word of a command line."""
_TAIL: Final = 32
"""Characters of its end that a long one keeps."""

# What differs from entry to entry though the cause is the same one, in the order in which it is replaced. A quoted part
# begins after a blank or a bracket, so that the apostrophe of "entry's" opens none. A code of few digits, such as E42,
# ORA-00942 or HTTP 503, is the cause itself.
_DIFFERS: Final = (
    (re.compile(r"(?<![^\s(\[=:,])(?:\"[^\"]*\"|'[^']*'(?!\w)|«[^»]*»|“[^”]*”)"), "…"),
    # Of an exchange's evidence.
    (re.compile(r",? [\d.]+ (?:s|bytes)(?=[,)])|\s*\([\d.]+ s\)|, (?:text|application)/[\w.+-]+(?=[,)])"), ""),
    (re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), "…"),
    (re.compile(r"\b[A-Za-z]{1,5}[_-](?=[A-Z0-9]*\d)[A-Za-z0-9]{6,}\b"), "…"),  # dl_…, LS-…, INC-000482
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b", re.IGNORECASE), "…"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"), "…"),
    (re.compile(r"(?<![\w-])(?<!HTTP )(?<!status )(?<!SQLSTATE )\d+(?:[.,:]\d+)*(?![\w])"), "#"),
    (re.compile(r"\s+"), " "),
)

_log = logging.getLogger(__name__)


Guard = Callable[[str], str]
"""Takes out of a text what must not be kept of a person. It is the host's: the outbox knows no such things."""


def as_it_is(text: str) -> str:
    """Take nothing out, for a host that stores no person's text."""
    return text


def storable(reason: str, guard: Guard = as_it_is) -> str:
    """Return a reason as it can be stored: guarded, not endless, and no halves of characters.

    It is guarded before it is cut, because what is left of an identifier is none to the guard.
    """
    return guard(reason[:_READ_MAX].encode("utf-8", "replace").decode())[:_REASON_MAX]


def error_group(reason: str) -> str:
    """Return the cause that a reason shares with others: without ids, numbers, times and quoted parts.

    At most 80 characters: a long one loses its middle, because evidence such as a fault's code stands at the end. The
    group of a group is the group itself.
    """
    for pattern, instead in _DIFFERS:
        reason = pattern.sub(instead, reason)
    reason = reason.strip()
    return reason if len(reason) <= _GROUP_MAX else f"{reason[: _GROUP_MAX - _TAIL - 1]}…{reason[-_TAIL:]}"


def log_defect(where: str, error: Exception) -> None:
    """Log a defect without its message, which may quote what a person wrote."""
    _log.error("outbox: %s in %s\n%s", type(error).__name__, where, "".join(traceback.format_tb(error.__traceback__)))
