"""One of several shims on one state: `python -m tests.integration.shim.holder STATE NAME THREADS SLOTS`.

Says `ready`, reads when to begin, lets every thread try every slot, and prints the slots that were won as JSON.
"""

import json
import random
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

from contracts.desks import Hold
from shim.holds import KeptHolds
from shim.keys import Blind, MasterKey
from shim.state import open_state

FIRST = datetime(2031, 3, 3, 8, tzinfo=UTC)
KEY = bytes(32)
STEP = timedelta(minutes=15)
LENGTH = timedelta(minutes=30)
"""Each slot overlaps the one before it and the one behind it."""


def slot(number: int, holder: str) -> Hold:
    starts_at = FIRST + number * STEP
    return Hold(str(number), "T07", starts_at, starts_at + LENGTH, holder, f"patient {holder}", "agent")


def main(state: str, name: str, threads: int, slots: int) -> None:
    database = open_state(state, lambda _: MasterKey(KEY), "race")[0]
    holds = KeptHolds(database, Blind(KEY), "intramed")
    won: list[int] = []
    start = threading.Barrier(threads + 1)

    def want_them_all(thread: int) -> None:
        wanted = list(range(slots))
        random.Random(f"{name}/{thread}").shuffle(wanted)  # noqa: S311 - an order, no secret
        start.wait()
        won.extend(
            number for number in wanted if holds.hold(slot(number, f"{name}-{thread}-{number}"), 900) is not None
        )

    workers = [threading.Thread(target=want_them_all, args=(thread,)) for thread in range(threads)]
    for worker in workers:
        worker.start()
    print("ready", flush=True)  # noqa: T201 - the parent waits for it
    begin_at = float(sys.stdin.readline())
    while time.time() < begin_at:
        time.sleep(0.0005)
    start.wait()
    for worker in workers:
        worker.join()
    database.close()
    print(json.dumps(won))  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
