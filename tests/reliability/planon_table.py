"""What every fault comes to: one line per row, for a report and for a note on an incident that is there already.

Each row is also a fault of the stand-in's vocabulary, which a test compares, so that no fault is without a row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.reliability.facility import EVERYTHING


@dataclass(frozen=True, slots=True)
class Ends:
    """How a write ends.

    Attributes:
        answered: HTTP status while the fault lasts.
        state: of the delivery when the fault has ended and all has come to rest.
        sends: how often it was sent; None where a stroke of luck decides.
        attention: of the delivery then.
        records: how many Planon has of it.
        reason: part of why it was parked.
        found: whether Planon was asked for it, and had it.
    """

    answered: int = 201
    state: str = "delivered"
    sends: int | None = 1
    attention: str | None = None
    records: int = 1
    reason: str = ""
    found: bool = False


DELIVERED: Final = Ends()
FOUND: Final = Ends(found=True)
"""Delivered, too, and never sent again: Planon was asked."""
SENT_TWICE: Final = Ends(sends=2)
"""Planon was asked when it had settled, and did not have it."""
QUEUED: Final = Ends(answered=202, sends=None)
"""Delivered once when the fault has ended."""
REFUSED: Final = Ends(answered=503, state="", records=0)
"""Nothing was accepted: the caller keeps it."""


def attention(code: str, **changes: Any) -> Ends:
    """Delivered, and an administrator is told."""
    return Ends(attention=code, **changes)


def parked(reason: str) -> Ends:
    """Not answered with a number: a person must look."""
    return Ends(answered=502, state="parked", reason=reason)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        fault: of the stand-in.
        value: of the fault.
        incident: how `create_incident` ends; None where the fault cannot strike it.
        note: how `log_note` ends; None where the fault cannot strike it.
        beside: faults that strike together with it.
        known: whether the tenant's rows were read before the fault.
        told: what else is special about it, for its name.
    """

    fault: str
    value: Any
    incident: Ends | None
    note: Ends | None
    beside: Mapping[str, Any] = field(default_factory=dict)
    known: bool = True
    told: str = ""

    @property
    def changes(self) -> dict[str, Any]:
        """The scenario's changes."""
        return {self.fault: self.value, **self.beside}

    @property
    def name(self) -> str:
        """Name of the row among the tests."""
        return "-".join(filter(None, (self.fault, *self.beside, self.told.replace(" ", "-"))))


ASKING: Final = {"on": ["find", "read"]}
ONE_READ: Final = {"times": 1, "on": ["read"]}
READS: Final = {"on": ["read"]}
LOGIN: Final = {"on": ["login"]}
LATE: Final = {"times": 1, "after_s": 0.4, "reset_after_s": 0}

TABLE: Final = (
    # fault, value, create_incident, log_note
    # --- not executed
    Row("down", True, QUEUED, QUEUED),
    Row("stall", True, QUEUED, QUEUED),
    Row("stall", {"times": 1, "on": ["incident", "note"]}, SENT_TWICE, SENT_TWICE, told="once"),
    Row("throttle", {"times": 1}, SENT_TWICE, SENT_TWICE),
    Row("throttle", {"on": EVERYTHING}, QUEUED, QUEUED, told="all the time"),
    Row("html_401", 1, SENT_TWICE, SENT_TWICE),
    Row("html_401", {"on": EVERYTHING}, QUEUED, QUEUED, told="all the time"),
    Row("html_502", 1, SENT_TWICE, SENT_TWICE),
    Row("html_502", {"on": EVERYTHING}, QUEUED, QUEUED, told="all the time"),
    Row("html_502", {"times": 1, "after_s": 0.3}, FOUND, FOUND, told="and executed all the same"),
    Row("reset", 1, SENT_TWICE, SENT_TWICE),
    Row("expired", 1, None, DELIVERED),
    Row("expired", {"times": 1, **ASKING}, DELIVERED, DELIVERED, told="while asking"),
    Row("unknown_fault", 1, SENT_TWICE, SENT_TWICE),
    Row("unknown_fault", LOGIN, attention("sla_unverified"), QUEUED, {"expire_sessions": True}, told="at the log-in"),
    Row("soap12_fault", 1, SENT_TWICE, SENT_TWICE),
    # --- executed otherwise
    Row("sla_skipped", 1, attention("sla_missing"), None),
    Row("sla_late", {"times": 1, "after_s": 0.5}, DELIVERED, None),
    Row("sla_late", {"times": 1, "after_s": 0.5}, FOUND, None, {"lose_reply": 1}),
    Row("truncate", {"times": 1, "characters": 30}, attention("record_differs"), DELIVERED),
    Row("lookup_miss", 1, attention("record_differs"), DELIVERED),
    Row("lookup_miss", 1, parked("tenant"), parked("tenant"), {"lose_reply": 1}),
    Row("commit_late", LATE, FOUND, FOUND),
    Row("commit_late", LATE, FOUND, Ends(sends=3, found=True), {"html_502": {"times": 2, **ASKING}}),
    Row("drop_incidents", 1, attention("sla_unverified", records=0), None),
    # --- executed, and told badly
    Row("lose_reply", 1, FOUND, FOUND),
    Row("lose_reply", True, FOUND, FOUND, told="all the time"),
    Row("stall_reply", 1, FOUND, FOUND),
    Row("truncate_reply", 1, FOUND, FOUND),
    Row("error_200", 1, FOUND, FOUND),
    Row("unknown_element", 1, FOUND, FOUND),
    Row("unknown_element", ONE_READ, DELIVERED, SENT_TWICE, told="while reading"),
    Row("reorder", ONE_READ, DELIVERED, SENT_TWICE),
    Row("bad_date", ONE_READ, DELIVERED, SENT_TWICE),
    Row("bad_date", READS, attention("sla_unverified"), QUEUED, told="all the time"),
    Row("slow", {"after_s": 0.3, "on": EVERYTHING}, DELIVERED, DELIVERED),
    # --- the replica
    Row("replica_down", True, DELIVERED, DELIVERED),
    Row("replica_down", True, REFUSED, None, known=False, told="at the first report"),
    Row("replica_stalled", True, DELIVERED, DELIVERED),
    Row("replica_stalled", True, REFUSED, None, known=False, told="at the first report"),
)
