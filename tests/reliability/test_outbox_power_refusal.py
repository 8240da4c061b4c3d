"""A disk that is full, read-only or broken: a clear 503, nothing half-written, and all is well when it is mended."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from simulators.launch import PlanonAddress, address_of
from simulators.process import NotStarted
from tests.integration.shim.site import Site, minutes_ago, until
from tests.reliability.power_library import CompilerMissing, build_library
from tests.reliability.power_refusal import (
    Disk,
    MountRefused,
    OnDisk,
    PreloadedDisk,
    SmallDisk,
    configure,
    mounted,
    site_on,
    start_service,
)
from tests.services import unavailable

CREATE = "/v1/planon/create_incident"
SECRET = "Nijenhuis-Oosterwoud"
"""A name in every report, which no message may repeat."""
SMALL = "small"
ATTEMPTS = """SELECT action, outcome FROM entry JOIN attempt ON entry_seq = seq
LEFT JOIN attempt_outcome USING (entry_seq, step)"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return build_library(tmp_path_factory.mktemp("library"))
    except CompilerMissing as missing:
        unavailable(missing)
        raise


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Try every kind of refusal in full length, and the two that are seen in life in the quick form."""
    if "kind" in metafunc.fixturenames:
        kinds = ["full", "read-only"]
        metafunc.parametrize("kind", [*kinds, "unsyncable", SMALL] if metafunc.config.getoption("--torture") else kinds)


@pytest.fixture
def on_disk(kind: str, library: Path) -> OnDisk:
    """A disk that refuses in one way or another; a real small one only where it can be mounted."""

    @contextmanager
    def made(state: Path) -> Iterator[Disk]:
        if kind != SMALL:
            yield PreloadedDisk(library, state, kind)
            return
        try:
            with mounted(state.parent):
                yield SmallDisk(state.parent)
        except MountRefused as refused:
            pytest.skip(str(refused))  # in CI as well: the preloaded disk is full in the same tests

    return made


def query(site: Site, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(site.folder / "state" / "shim.db")) as state:
        return state.execute(statement).fetchall()


def stored(site: Site) -> list[tuple[Any, ...]]:
    """How many entries, payloads and idempotency records there are."""
    return query(
        site,
        "SELECT (SELECT count(*) FROM entry), (SELECT count(*) FROM payload), (SELECT count(*) FROM idempotency)",
    )


def body(site: Site, tenant: str) -> dict[str, Any]:
    return site.report(tenant, message=f"kraan lekt bij {SECRET}", reported_at=minutes_ago(42))


def assert_unavailable(answer: requests.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"].endswith(":state-unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "disk" in answer.json()["detail"]


def assert_once(site: Site, delivery: str, sent: dict[str, Any]) -> None:
    """Planon has the report once, with its own time, and the shim's state is whole."""
    site.delivered(delivery)
    ((reference,),) = query(site, f"SELECT reference FROM entry WHERE id = '{delivery}'")  # noqa: S608 - our own id
    (record,) = [row for row in site.control.incidents() if row["external_ref"] == reference]
    assert datetime.fromisoformat(record["reported_at"]) == datetime.fromisoformat(sent["reported_at"])
    assert query(site, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.torture
def test_a_disk_that_refuses(on_disk: OnDisk, tmp_path: Path) -> None:
    """Writes get 503 and leave nothing, outcomes are kept, and all goes on without a restart when the disk is well."""
    with site_on(tmp_path, on_disk) as (site, disk):
        tenant = site.tenant()
        assert site.post(CREATE, body(site, tenant)).status_code in {201, 202}
        refuse_writes(site, disk, tenant)
        keep_an_outcome(site, disk, tenant)
        assert SECRET not in (tmp_path / "shim.log").read_text(encoding="utf-8") + "".join(site.answers)


def refuse_writes(site: Site, disk: Disk, tenant: str) -> None:
    """Several clients at once get 503 and Retry-After, nothing is stored, and the same keys are accepted afterwards."""
    reports = {f"key-{number}": body(site, tenant) for number in range(6)}

    def post_all() -> list[requests.Response]:
        with ThreadPoolExecutor(len(reports)) as pool:
            return list(pool.map(lambda key: site.post(CREATE, reports[key], idempotency_key=key), reports))

    before = stored(site)
    disk.refuse()
    for answer in [*post_all(), site.get("/readyz", client=None)]:
        assert_unavailable(answer)
    assert site.get("/healthz", client=None).status_code == 200
    assert stored(site) == before
    disk.allow()
    assert site.get("/readyz", client=None).status_code == 200
    for answer, report in zip(post_all(), reports.values(), strict=True):
        assert answer.status_code in {201, 202}, answer.text
        assert_once(site, answer.json()["delivery"], report)
    assert stored(site) == [tuple(count + len(reports) for count in before[0])]


def keep_an_outcome(site: Site, disk: Disk, tenant: str) -> None:
    """Planon's answer waits in memory for room; it is then written down, and nothing is asked or sent again."""
    sent, had = body(site, tenant), len(site.control.incidents())
    site.control.apply(answer_after_s=3.0)
    accepted = site.post(CREATE, sent, Prefer="wait=0")
    assert accepted.status_code == 202
    delivery = accepted.json()["delivery"]
    until(site.control.incidents, lambda seen: len(seen) > had)
    disk.refuse()
    log = site.folder / "shim.log"
    until(lambda: log.read_text(encoding="utf-8"), lambda text: "outcome cannot be written yet" in text)
    # Who looks at a delivery cannot be written down now, so nobody is told anything.
    assert_unavailable(site.get(f"/v1/deliveries/{delivery}"))
    disk.allow()
    assert_once(site, delivery, sent)
    assert query(site, f"{ATTEMPTS} WHERE id = '{delivery}'") == [("send", "delivered")]


def test_a_service_that_cannot_open_its_state_says_so(library: Path, tmp_path: Path) -> None:
    """On a disk that is read-only at the start it ends with one line that names the file, and later it starts."""
    configuration, state = configure(
        tmp_path, PlanonAddress("http://127.0.0.1:9", tmp_path / "replica.db"), timeout_s=1
    )
    disk = PreloadedDisk(library, state, "read-only")
    disk.refuse()
    with pytest.raises(NotStarted, match=r"code 2 .*state/shim\.db cannot be opened: Read-only file system"):
        start_service(configuration, disk)
    disk.allow()
    with start_service(configuration, disk) as service:
        answer = requests.get(f"{address_of(service)}/readyz", timeout=30)
        assert answer.status_code == 200, answer.text
