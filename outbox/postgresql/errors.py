"""What PostgreSQL's errors mean to a caller, told without a value of any row: the server's details quote whole rows."""

from typing import Final

import psycopg
from psycopg import errors

from contracts.errors import StateUnavailable
from outbox.database import ConstraintViolated

_RETRY_S: Final = 5
_REFUSED: Final = (psycopg.IntegrityError, errors.RaiseException)
"""Their first line names a constraint, or is the text of one of our triggers."""
CONFLICT: Final = (errors.SerializationFailure, errors.DeadlockDetected)
"""Nothing has happened, and the next time it may go well."""


class Closed(StateUnavailable):
    """Raised when the database is used after it was closed."""


class Undone(Exception):
    """Raised when nothing of a transaction has happened and it may be run again; the cause says why."""


def told(done: str, error: psycopg.Error) -> Exception:
    """Return what a caller is told. Raise it `from None`: a traceback of the cause would quote the row.

    Args:
        done: "written" or "read".
        error: what the driver raised.
    """
    if isinstance(error, _REFUSED):
        return ConstraintViolated(first_line(error))
    if isinstance(error, psycopg.DataError):  # its first line quotes the value
        return ConstraintViolated(f"a value cannot be stored: {type(error).__name__}")
    return unavailable(f"the state cannot be {done}: {first_line(error)}")


def unavailable(detail: str) -> StateUnavailable:
    """Return the error of a database that cannot be used now."""
    return StateUnavailable(detail, retry_after_s=_RETRY_S)


def first_line(error: psycopg.Error) -> str:
    """Return the error's message alone, without its details."""
    said = error.diag.message_primary or str(error).strip().partition("\n")[0]
    return said or type(error).__name__
