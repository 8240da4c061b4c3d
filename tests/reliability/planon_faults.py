"""The campaign's faults, all at once: how probable each is for every request that it could strike.

Together they strike about one request in five. `drop_incidents` is not among them: a backend that answers with a number
and keeps nothing has lost the report itself, and its row of the scenario table says who is told. Nor is the `truncate`
of a note, which nothing reads back.
"""

from collections.abc import Mapping
from typing import Any, Final

from tests.reliability.facility import EVERYTHING

COMMITTED_LATE_S: Final = 0.8
_SOAP: Final = ("note", "login", "find", "read")
_WRITES: Final = ("incident", "note")
FAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    # Not executed.
    "stall": {"probability": 0.005, "on": EVERYTHING},
    "throttle": {"probability": 0.02, "on": EVERYTHING, "retry_after_s": 1},
    "html_401": {"probability": 0.01, "on": EVERYTHING},
    "reset": {"probability": 0.02, "on": EVERYTHING},
    "expired": {"probability": 0.02, "on": ("note", "find", "read")},
    "unknown_fault": {"probability": 0.01, "on": _SOAP},
    "soap12_fault": {"probability": 0.01, "on": _SOAP},
    # Executed otherwise.
    "sla_skipped": {"probability": 0.03},
    "sla_late": {"probability": 0.04, "after_s": 0.5},
    "truncate": {"probability": 0.02, "characters": 60, "on": ("incident",)},
    "lookup_miss": {"probability": 0.02},
    "commit_late": {"probability": 0.03, "after_s": COMMITTED_LATE_S, "reset_after_s": 0, "on": _WRITES},
    # Executed, and told badly.
    "html_502": {"probability": 0.02, "after_s": 0.3, "on": EVERYTHING},  # behind the proxy's back
    "lose_reply": {"probability": 0.03, "on": EVERYTHING},
    "stall_reply": {"probability": 0.005, "on": EVERYTHING},
    "truncate_reply": {"probability": 0.02, "on": EVERYTHING},
    "error_200": {"probability": 0.02, "on": EVERYTHING},
    "unknown_element": {"probability": 0.02, "on": EVERYTHING},
    "reorder": {"probability": 0.02, "on": ("find", "read")},
    "bad_date": {"probability": 0.02, "on": ("read",)},
    "slow": {"probability": 0.02, "after_s": 0.2, "on": EVERYTHING},
}
