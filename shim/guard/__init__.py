"""The guard: finds identifiers in whatever leaves the service, and puts typed placeholders in their place.

A leaf: replies, logs, errors, audit details and snapshots are masked with it, and it knows none of them.
"""

from shim.guard.finding import find
from shim.guard.kinds import ALL, IDENTIFIERS, Finding, Kind, Masked, Placed
from shim.guard.logs import GuardedFormatter, install
from shim.guard.masking import mask, mask_json

__all__ = [
    "ALL",
    "IDENTIFIERS",
    "Finding",
    "GuardedFormatter",
    "Kind",
    "Masked",
    "Placed",
    "find",
    "install",
    "mask",
    "mask_json",
]
