"""Runs the command `shim` as if on a host of its own, with a short lease: `HOST LEASE_S ARGUMENT…`.

A host is told from another by its boot. Nobody can look into another host's processes, so only the lease tells there
who lives; and its clock since boot says nothing about this one's.
"""

import sys
from functools import partial

from outbox import attempt, uptime
from outbox.postgresql import owners
from shim.cli import main


def live_on(host: str, lease_s: float) -> None:
    """Be a process of another host from now on."""
    vars(uptime)["_boot"] = lambda: host
    vars(owners)["LeasedOwners"] = partial(owners.LeasedOwners, lease_s=lease_s)
    vars(attempt)["BEGIN_WITHIN_S"] = lease_s / 3


if __name__ == "__main__":
    live_on(sys.argv[1], float(sys.argv[2]))
    sys.argv[1:3] = []
    main()
