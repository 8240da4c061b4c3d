"""What a report costs: each part alone, and the whole over HTTP beside a bare POST of the same document.

The whole and the bare POST alternate, so that both meet the same machine. The shim, the stand-in for Planon and this
loop are processes of their own on loopback. The whole waits for the delivery and reads the SLA clock back over SOAP.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import requests

import schemas
from adapters.planon.compose import incident_elements
from adapters.planon.elements import as_bytes
from adapters.planon.mapping import IncidentNames, load_mapping
from adapters.planon.reference import Reference
from benchmarks.measure import Report, Sample, timed
from contracts.delivery import Document
from contracts.facility import CreateIncidentRequest
from outbox.database import Database
from outbox.entry import NewEntry
from outbox.store import MIGRATIONS, Outbox
from schemas.dry_run import DryRun
from shim.demo import add_client, planon_section, write_configuration
from shim.keys import RestCipher
from shim.settings import load
from simulators.launch import address_of, running_planon, start_shim
from simulators.planon.reference import PRIORITY_CODES, reference
from simulators.planon.simulator import DEFAULT_ACCOUNT

_US = 1e6
_MS = 1e3
_READ_AT = datetime(2026, 11, 19, 21, 0, tzinfo=UTC)
_REQUEST = {
    "severity": "high",
    "summary": "Kraan in keuken lekt, water staat op de vloer",
    "message": "kraan in keuken lekt, water staat al op de vloer " * 4,
}


def run(*, quick: bool) -> Report:
    """Measure everything; about 5 s when quick."""
    small, large = (300, 60) if quick else (5000, 500)
    with TemporaryDirectory(prefix="legacy-shim-bench-") as name:
        folder = Path(name)
        parts = _parts(folder, small)
        with _service(folder) as service:
            return Report.of_medians([*parts, *_whole(service, large)])


def _parts(folder: Path, rounds: int) -> list[Sample]:
    rows = _rows()
    body = _document(rows)
    dry_run = DryRun(schemas.path("xsd/appsuite/incident.xsd"), schemas.path("xsd/appsuite/incident-sla.xsd"))
    if dry_run.check(body):
        raise RuntimeError("the benchmark's own document is refused")
    database = Database(folder / "enqueue.db", MIGRATIONS)
    outbox = Outbox(database, RestCipher(bytes(32)), lambda: _READ_AT)
    numbers = count()

    def enqueue() -> None:
        name = f"{next(numbers):032x}"
        document = Document("incident", body, "T-0001", _READ_AT)
        with database.transaction() as tx:
            outbox.enqueue(tx, NewEntry(f"dl_{name}", "planon", "create_incident", "bench", f"LS-{name}", document))

    calls = [
        ("compose_us", "request and rows to bytes, with provenance", lambda: _document(rows)),
        ("dry_run_us", "strict parse, vendor's schema, SLA profile", lambda: dry_run.check(body)),
        ("enqueue_us", "seal and store in one commit with one sync", enqueue),
    ]
    samples = [Sample(name, what, tuple(timed(call, _US) for _ in range(rounds))) for name, what, call in calls]
    database.close()
    return samples


@dataclass(frozen=True, slots=True)
class _Service:
    address: str
    key: str
    planon: str
    telephone: str


def _whole(service: _Service, rounds: int) -> list[Sample]:
    http, raw = requests.Session(), requests.Session()
    http.headers["Authorization"] = f"Bearer {service.key}"
    found = http.post(
        f"{service.address}/v1/planon/find_tenant", json={"telephone": service.telephone}, timeout=10
    ).json()
    numbers = count()

    def through_the_shim() -> None:
        answer = http.post(
            f"{service.address}/v1/planon/create_incident",
            json={
                **_REQUEST,
                "tenant": found["tenant"],
                "reported_at": datetime.now(UTC).isoformat(timespec="seconds"),
            },
            headers={"Idempotency-Key": f"bench-{next(numbers)}"},
            timeout=30,
        )
        if answer.status_code != requests.codes.created:
            raise RuntimeError(f"not delivered: {answer.status_code} {answer.text}")

    body = _document(_rows())
    account = (DEFAULT_ACCOUNT.user, DEFAULT_ACCOUNT.password)

    def bare_post() -> None:
        raw.post(f"{service.planon}/appsuite/incident", body, auth=account, timeout=30).raise_for_status()

    through_the_shim()
    bare_post()
    pairs = [(timed(through_the_shim, _MS), timed(bare_post, _MS)) for _ in range(rounds)]
    return [
        Sample("http_p50_ms", "create_incident over HTTP, delivered, SLA read back", tuple(ours for ours, _ in pairs)),
        Sample("raw_post_p50_ms", "the same document, posted bare", tuple(bare for _, bare in pairs)),
    ]


@contextmanager
def _service(folder: Path) -> Iterator[_Service]:
    with running_planon(folder) as (_, address):
        configuration = write_configuration(folder, {"planon": planon_section(address)})
        key = add_client(load(configuration))
        with start_shim(configuration) as shim:
            yield _Service(address_of(shim), key, address.url, str(reference().tenants[0].telephone))


@cache
def _names() -> IncidentNames:
    return load_mapping(None).incident


def _document(rows: Reference) -> bytes:
    report = CreateIncidentRequest.model_validate(
        {**_REQUEST, "tenant": rows.tenant["tenant_id"], "reported_at": "2026-11-19T22:14:03+01:00"}
    )
    elements = incident_elements(report, "BENCH", rows, None, _names(), ZoneInfo("Europe/Amsterdam"))
    return as_bytes("Incident", _names().namespace, elements)


def _rows() -> Reference:
    planon = reference()
    tenant = planon.tenants[0]
    contract = planon.contract_by_id[tenant.contract_id]
    codes = PRIORITY_CODES[contract.mandant]
    return Reference(
        tenant=asdict(tenant),
        contract={**asdict(contract), "mandant_code": contract.mandant},
        matrix={name: {"priority": p, "appsuite_code": codes[p]} for name, p in contract.priorities.items()},
        read_at=_READ_AT,
    )
