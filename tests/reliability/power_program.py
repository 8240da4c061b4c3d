"""The program whose power is cut: a shim's state in a folder, reports that are accepted, a worker that delivers them.

Each line of its standard input is one life: it is a process of its own, made by fork, so that nothing has to be
imported again. What it tells stands on standard output; the last line of a life is `ended`.
"""

import ctypes
import hashlib
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from contracts.delivery import DeliveryState, Document
from outbox.backoff import Backoff
from outbox.entry import NewEntry
from outbox.worker import Worker
from shim.admission.caller import Caller
from shim.admission.client import Client
from shim.admission.turns import Bulkheads
from shim.audit.accesses import Accesses
from shim.guarding import LeakCounter
from shim.opaque.tokens import Tokens
from shim.root import State, open_deployment_state, utc_now
from shim.settings import Http, OutboxSection, ReportTime, Settings
from shim.writing.durable import Durable
from shim.writing.idempotency import Idempotency, Write
from shim.writing.landings import Landings
from shim.writing.order import Order
from tests.reliability.power_receiver import Receiver, tell

DESTINATION = "planon"
LONGEST_LIFE_S = 90
_PAYLOAD_BYTES = 3000
_PRODUCERS = 3
_MOVING = {DeliveryState.READY, DeliveryState.IN_FLIGHT, DeliveryState.UNKNOWN, DeliveryState.WAITING}
_FIRST_REPORT = datetime(2031, 3, 3, 22, 14, tzinfo=UTC)


def settings(folder: Path) -> Settings:
    """Three answers in a row are often lost here, and nobody waits half a minute for the next."""
    outbox = OutboxSection(probe_s=0.1, ramp_s=0.1)
    return Settings(deployment="power", state=str(folder / "shim.db"), master_key=folder / "master.key", outbox=outbox)


AGENT = Caller(Client("agent", frozenset()), "0af7651916cd43dd8448eb211c80319c")


def accept(durable: Durable, name: str, chance: random.Random) -> None:
    """Accept a report as the service does, and tell so when it is durable."""
    body = f"{name} ".encode() + chance.randbytes(_PAYLOAD_BYTES)
    reported_at = _FIRST_REPORT + timedelta(seconds=chance.randrange(100_000))
    document = Document("incident", body, "T1", reported_at, order_key=f"key {chance.randrange(20)}")
    new = NewEntry(f"DL_{name}", DESTINATION, "create_incident", "agent", f"LS-{name}", document)
    sha256 = hashlib.sha256(body).hexdigest()
    with durable.accesses.of(AGENT, "facility_create_incident", None, None) as access:
        durable._store(new, Write("agent", f"key-{name}", sha256), access)
    tell(accepted=new.id, sha256=sha256, reported_at=reported_at.isoformat())
    durable.notify()


def accepting(state: State, notify: Callable[[], None]) -> Durable:
    """Return the service's own part that accepts."""
    idempotency = Idempotency(state.database, state.cipher, state.blind, utc_now)
    tokens = Tokens(state.key, utc_now)
    order = Order(state.outbox, state.blind)
    accesses, leaks = Accesses(state.audit, state.subjects), LeakCounter()
    times = ReportTime()
    look_ups = Bulkheads((), Http()).look_ups
    return Durable(
        "power", state.outbox, idempotency, tokens, times, order, utc_now, notify, Landings(), look_ups, accesses, leaks
    )


def produce(durable: Durable, name: str, count: int) -> None:
    """Accept so many reports."""
    chance = random.Random(name)  # noqa: S311 - reports, no secret
    for number in range(count):
        accept(durable, f"{name}-{number}", chance)


def work(folder: Path, life: str, has: list[str], count: int) -> None:
    """Accept `count` reports and deliver everything, until nothing moves any more or the power is cut."""
    with open_deployment_state(settings(folder)) as state:
        receiver = Receiver(has, random.Random(life))  # noqa: S311 - fates, no secret
        worker = Worker(state.outbox, {DESTINATION: receiver}, utc_now, Backoff(first_s=0.001, cap_s=0.01))
        worker.start()
        durable = accepting(state, worker.notify)
        producers = [
            threading.Thread(target=produce, args=(durable, f"{life}-{n}", count // _PRODUCERS))
            for n in range(_PRODUCERS)
        ]
        for producer in producers:
            producer.start()
        for producer in producers:
            producer.join()
        while any(row.state in _MOVING for row in state.outbox.counts()) and not _stuck(state):
            time.sleep(0.01)
        worker.stop(grace_s=30)


def _stuck(state: State) -> bool:
    """Whether what has not ended waits behind somebody's decision."""
    moving = [row.state for row in state.outbox.counts() if row.state in _MOVING]
    return set(moving) <= {DeliveryState.WAITING}


def judge(folder: Path) -> None:
    """Open the state with nothing mended by hand, and tell everything that is in it."""
    with open_deployment_state(settings(folder)) as state:
        outbox, read = state.outbox, state.database.read
        whole = [row[0] for row in read("PRAGMA integrity_check")] + [
            row[0] for row in read("PRAGMA foreign_key_check")
        ]
        entries: dict[str, Any] = {}
        for (name,) in read("SELECT id FROM entry"):
            entry = outbox.get(name)
            assert entry is not None
            entries[name] = {
                "sha256": hashlib.sha256(outbox.payload(entry).body).hexdigest(),
                "reported_at": entry.reported_at.isoformat(),
                "reference": entry.reference,
                "state": entry.state,
                "sends": sum(attempt.action == "send" for attempt in outbox.attempts(entry)),
            }
        keys = [row[0] for row in read("SELECT delivery FROM idempotency")]
        print(json.dumps({"whole": whole, "entries": entries, "keys": keys}), flush=True)  # noqa: T201 - for the test


def live(told: dict[str, Any]) -> None:
    """Live one life, with the disk that the line describes."""
    signal.alarm(LONGEST_LIFE_S)
    os.environ.update({f"POWER_{name.upper()}": str(value) for name, value in told["disk"].items()})
    ctypes.CDLL(None).power_arm()
    folder = Path(told["folder"])
    if told["role"] == "judge":
        judge(folder)
    else:
        work(folder, told["life"], told["has"], told["count"])


def main() -> None:
    """Make a process for each line."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                live(json.loads(line))
                code = 0
            except Exception as error:  # noqa: BLE001 - the test tells what could not be opened
                tell(failed=f"{type(error).__name__}: {error}")
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        tell(ended=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
