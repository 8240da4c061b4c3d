"""What a report costs: each part alone, and the whole over HTTP beside a bare POST of the same document.

The whole and the bare POST alternate, so that both meet the same machine. The shim, the stand-in for Planon and this
loop are processes of their own on loopback. The whole waits for the delivery and reads the SLA clock back over SOAP.
"""

from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import requests

from benchmarks.composed import READ_AT, Composing
from benchmarks.incidents import Reporter, reporting
from benchmarks.measure import Report, Sample, timed
from contracts.delivery import Document
from outbox.database import open_database
from outbox.entry import NewEntry
from outbox.store import PACKAGE, Outbox
from shim.keys import RestCipher
from simulators.planon.simulator import DEFAULT_ACCOUNT

_US: Final = 1e6
_MS: Final = 1e3


def run(*, quick: bool) -> Report:
    """Measure everything; about 5 s when quick."""
    small, large = (300, 60) if quick else (5000, 500)
    composing = Composing()
    with TemporaryDirectory(prefix="legacy-shim-bench-") as name:
        folder = Path(name)
        parts = _parts(folder, composing, small)
        with reporting(folder) as (reporter, _, planon):
            return Report.of_medians([*parts, *_whole(reporter, planon, composing.document(), large)])


def _parts(folder: Path, composing: Composing, rounds: int) -> list[Sample]:
    body = composing.document()
    if composing.dry_run(body):
        raise RuntimeError("the benchmark's own document is refused")
    database = open_database(folder / "enqueue.db", [PACKAGE])
    outbox = Outbox(database, RestCipher(bytes(32)), lambda: READ_AT)
    numbers = count()

    def enqueue() -> None:
        name = f"{next(numbers):032x}"
        document = Document("incident", body, "T-0001", READ_AT)
        with database.transaction() as tx:
            outbox.enqueue(tx, NewEntry(f"dl_{name}", "planon", "create_incident", "bench", f"LS-{name}", document))

    calls = [
        ("compose_us", "request and rows to bytes, with provenance", composing.document),
        ("dry_run_us", "strict parse, vendor's schema, SLA profile", lambda: composing.dry_run(body)),
        ("enqueue_us", "seal and store in one commit with one sync", enqueue),
    ]
    samples = [Sample(name, what, tuple(timed(call, _US) for _ in range(rounds))) for name, what, call in calls]
    database.close()
    return samples


def _whole(reporter: Reporter, planon: str, document: bytes, rounds: int) -> list[Sample]:
    raw = requests.Session()
    account = (DEFAULT_ACCOUNT.user, DEFAULT_ACCOUNT.password)

    def bare_post() -> None:
        raw.post(f"{planon}/appsuite/incident", document, auth=account, timeout=30).raise_for_status()

    reporter.create_incident()
    bare_post()
    pairs = [(timed(reporter.create_incident, _MS), timed(bare_post, _MS)) for _ in range(rounds)]
    return [
        Sample("http_p50_ms", "create_incident over HTTP, delivered, SLA read back", tuple(ours for ours, _ in pairs)),
        Sample("raw_post_p50_ms", "the same document, posted bare", tuple(bare for _, bare in pairs)),
    ]
