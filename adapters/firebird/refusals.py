"""Turns what the engine refuses into one line that says what to do, without any value of a row."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from adapters.firebird.embedded import MISSING
from adapters.firebird.faults import describe
from contracts.snapshots import SnapshotRefused

# The engine quotes the row's own values after this.
_VALUES: Final = re.compile(r'\s*-?Problematic key value is.*|, value ".*"', re.DOTALL)
_CONSTRAINTS: Final = frozenset({335544665, 335544466, 335544838, 335544839, 335544558, 335544347, 335544349})
_SAID: Final[tuple[tuple[frozenset[int], str], ...]] = (
    (frozenset({335544472}), "wrong user or password for {}"),
    (frozenset({336330972}), "{} is truncated: the backup ends in the middle"),
    (frozenset({336331096}), "{} was written by another version of gbak than this engine reads"),
    (frozenset({336330797}), "{} is no Firebird backup"),
    (frozenset({336330795, 336330784, 336330799}), "{} is damaged: the backup cannot be read"),
    (frozenset({335544820}), "{} was written by a newer version of Firebird than this engine reads"),
    (frozenset({335544379}), "{} was written by another version of Firebird than this engine opens"),
    (frozenset({335544323}), "{} is no Firebird database"),
    (frozenset({335544352, 335544788, 335545030}), "not enough rights on {}: take the database's owner or SYSDBA"),
    (frozenset({335544344, 335544734}), "there is no database {}, or it is not to be opened by this account"),
    (frozenset({335544854}), "the engine lacks a character set of {}: its folder intl is missing or is a link"),
    (frozenset({335544528}), "{} is shut down"),
    (
        frozenset({335544721, 335544722, 335544726, 335544727, 335544741}),
        "the connection to {} cannot be made or was lost",
    ),
)
_CHECK: Final = 335544558
_NO_FILE: Final = frozenset({335544344, 335544734, 335544733})
_IN_USE: Final = frozenset({335544453, 335544451, 335544345, 335545065})
_DENIED: Final = "Permission denied"
_FULL: Final = "No space left"
_THERE: Final = 336330766


class DatabaseThere(SnapshotRefused):
    """Raised when a restore finds a database where it was to make one; it has not touched it."""


@contextmanager
def refusing(what: str, *, embedded: bool = False) -> Iterator[None]:
    """Raise every database or file error within as a SnapshotRefused about `what`."""
    from firebird.driver import Error  # noqa: PLC0415 - only who touches a database loads the driver

    try:
        yield
    except Error as error:
        refused = DatabaseThere if _THERE in _codes(error) else SnapshotRefused
        raise refused(_line(error, what, embedded=embedded)) from None
    except OSError as error:
        raise SnapshotRefused(f"{what}: {error.strerror or type(error).__name__}") from error


def constraint_named(error: Any) -> str:
    """Return the engine's words on a violated constraint, without the values that violate it; one line."""
    return " ".join(_VALUES.sub("", str(error)).replace("\n-", ": ").split())


def is_violation(error: Any) -> bool:
    """Return whether the engine says that a row breaks a constraint."""
    return bool(_CONSTRAINTS & set(_codes(error)))


def is_check(error: Any) -> bool:
    """Return whether it is a CHECK constraint that the row breaks."""
    return _CHECK in _codes(error)


def _codes(error: Any) -> tuple[int, ...]:
    return tuple(getattr(error, "gds_codes", None) or ())


def _line(error: Any, what: str, *, embedded: bool) -> str:
    codes, text = set(_codes(error)), str(error)
    if _FULL in text:
        return f"no space left on the disk of {what}"
    if codes & _NO_FILE and _DENIED in text:
        return f"not enough rights on {what}: this account may not open its file"
    if codes & _IN_USE or "already opened" in text or "in use" in text:
        return f"{what} is in use by somebody else: close it there first, or name the server that has it open"
    if embedded and codes & {335544721, 335544722, 335544375, 335545025, 335545044}:
        return MISSING
    for known, said in _SAID:
        if codes & known:
            return said.format(what)
    return f"Firebird refuses {what}: {describe(error)}"
