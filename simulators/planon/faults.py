"""The vocabulary of faults, as data: what each one strikes, when, and which numbers of its own it takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from typing import Final

OPERATIONS: Final = ("incident", "note", "login", "logout", "find", "read")
"""What a request can be; `incident` is the AppSuite endpoint, `note` is CommunicationLog.create."""
_WRITES: Final = ("incident", "note")


class Fault(StrEnum):
    """Every fault, in the order of precedence: of those that decide a request's reply the first one strikes."""

    DOWN = "down"
    STALL = "stall"
    THROTTLE = "throttle"
    HTML_401 = "html_401"
    HTML_502 = "html_502"
    RESET = "reset"
    EXPIRED = "expired"
    UNKNOWN_FAULT = "unknown_fault"
    SOAP12_FAULT = "soap12_fault"
    SLA_SKIPPED = "sla_skipped"
    SLA_LATE = "sla_late"
    TRUNCATE = "truncate"
    LOOKUP_MISS = "lookup_miss"
    COMMIT_LATE = "commit_late"
    DROP_INCIDENTS = "drop_incidents"
    LOSE_REPLY = "lose_reply"
    STALL_REPLY = "stall_reply"
    TRUNCATE_REPLY = "truncate_reply"
    ERROR_200 = "error_200"
    UNKNOWN_ELEMENT = "unknown_element"
    REORDER = "reorder"
    BAD_DATE = "bad_date"
    SLOW = "slow"
    REPLICA_DOWN = "replica_down"
    REPLICA_STALLED = "replica_stalled"


class Stage(Enum):
    """Where in a request's life a fault strikes; the last two strike no request."""

    BEFORE = auto()  # answers, or keeps silent, instead of working
    WORK = auto()  # changes what is stored; combines with everything behind it
    LATE = auto()  # works later, and gives no reply
    REPLY = auto()  # spoils the reply to work that was done
    LATENCY = auto()  # delays whatever goes back
    PORT = auto()
    REPLICA = auto()


DECIDING: Final = frozenset({Stage.BEFORE, Stage.LATE, Stage.REPLY})
"""Stages of which at most one fault strikes a request."""


@dataclass(frozen=True, slots=True)
class Nature:
    """What is fixed about a fault.

    Attributes:
        stage: where it strikes.
        operations: what it can strike at all.
        amounts: its own numbers and their usual values: seconds, or characters. None may be left out.
        everywhere: strikes all its operations unless told, instead of those under the key `on`.
    """

    stage: Stage
    operations: tuple[str, ...] = OPERATIONS
    amounts: Mapping[str, float | None] = field(default_factory=dict)
    everywhere: bool = False

    @property
    def strikes_requests(self) -> bool:
        """Whether it can be counted and given a probability; a port or a file can only be switched."""
        return self.stage not in {Stage.PORT, Stage.REPLICA}


NATURES: Final[Mapping[Fault, Nature]] = {
    Fault.DOWN: Nature(Stage.PORT),
    Fault.STALL: Nature(Stage.BEFORE, everywhere=True),
    Fault.THROTTLE: Nature(Stage.BEFORE, amounts={"retry_after_s": 1}),
    Fault.HTML_401: Nature(Stage.BEFORE),
    # With a time it is executed all the same, behind the proxy's back.
    Fault.HTML_502: Nature(Stage.BEFORE, amounts={"after_s": None}),
    Fault.RESET: Nature(Stage.BEFORE),
    # AppSuite has no sessions, and a log-in has none yet.
    Fault.EXPIRED: Nature(Stage.BEFORE, ("note", "logout", "find", "read")),
    Fault.UNKNOWN_FAULT: Nature(Stage.BEFORE),
    Fault.SOAP12_FAULT: Nature(Stage.BEFORE),
    Fault.SLA_SKIPPED: Nature(Stage.WORK, ("incident",)),
    Fault.SLA_LATE: Nature(Stage.WORK, ("incident",), {"after_s": 2.0}),
    Fault.TRUNCATE: Nature(Stage.WORK, _WRITES, {"characters": 40}),
    Fault.LOOKUP_MISS: Nature(Stage.WORK, _WRITES),
    Fault.COMMIT_LATE: Nature(Stage.LATE, amounts={"after_s": 2.0, "reset_after_s": None}),
    Fault.DROP_INCIDENTS: Nature(Stage.WORK, ("incident",)),
    Fault.LOSE_REPLY: Nature(Stage.REPLY),
    Fault.STALL_REPLY: Nature(Stage.REPLY),
    Fault.TRUNCATE_REPLY: Nature(Stage.REPLY),
    Fault.ERROR_200: Nature(Stage.REPLY),
    Fault.UNKNOWN_ELEMENT: Nature(Stage.REPLY),
    # The other replies hold one element, or none: there is no other order, and no date.
    Fault.REORDER: Nature(Stage.REPLY, ("find", "read")),
    Fault.BAD_DATE: Nature(Stage.REPLY, ("read",)),
    Fault.SLOW: Nature(Stage.LATENCY, amounts={"after_s": 5.0}),
    Fault.REPLICA_DOWN: Nature(Stage.REPLICA),
    Fault.REPLICA_STALLED: Nature(Stage.REPLICA),
}


class ScenarioRefused(ValueError):
    """Raised when a change names something unknown or has a value of the wrong type."""
