"""What an error proves about the statement that met it; each technology maps its own codes to these."""

from enum import Enum


class Fault(Enum):
    """What an error says about the statement that met it."""

    LOST = "the connection was lost"  # proves nothing about a write
    CONTENTION = "another transaction was first"  # not executed
    REFUSED = "the database refused the data"  # not executed, and never will be
    FORBIDDEN = "the account or the statement is wrong"  # not executed; somebody must act
    OTHER = "an unexpected error"  # proves nothing


class Contention(Exception):
    """Raised when another transaction was first; the statement was not executed."""


class StatementRefused(Exception):
    """Raised when the database refused the data for good; `reason` holds codes and no data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
