"""A slow Planon keeps its own callers waiting, and nobody else: over HTTP, with a service as it runs."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from shim.demo import planon_section, write_configuration
from simulators.intramed.sandbox import copy_sandbox
from simulators.launch import address_of, running_planon, start_shim
from tests.integration.shim.site import FAST_OUTBOX, Site, add_client, until

CALLS = 2
QUEUE_S = 1.0
DEADLINE_S = 6.0
PATIENT = {"telephone": "06-12345678"}
HANGS_S = 12.0
"""How long Planon says nothing, more than anybody here waits for it."""


@pytest.fixture(scope="module")
def site(restored: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A service with two calls at a time per system, and a deadline that comes before Planon's own."""
    folder = tmp_path_factory.mktemp("bulkheads")
    practice = copy_sandbox(restored, folder / "practice.fdb")
    with running_planon(folder) as (control, address):
        planon = planon_section(address, timeout_s=HANGS_S * 2, connect_timeout_s=5.0, settle_s=1.5)
        configuration = write_configuration(
            folder,
            {"planon": planon, "intramed": {"adapter": "intramed", "database": str(practice)}},
            outbox=FAST_OUTBOX,
            http={"calls_per_system": CALLS, "queue_s": QUEUE_S, "deadline_s": DEADLINE_S},
        )
        keys = {"agent": add_client(configuration, "agent", "planon:*", "intramed:*", "shim:metrics")}
        with start_shim(configuration) as service:
            yield Site(folder, address_of(service), keys, control, practice)


@pytest.fixture
def number(site: Site) -> Iterator[str]:
    """An incident of the tenant; Planon behaves again in the end."""
    created = site.post("/v1/planon/create_incident", site.report(site.tenant()))
    yield str(created.json()["incident"])
    site.control.apply(stall=False, slow=False)


def test_a_planon_that_hangs_starves_nobody(site: Site, number: str) -> None:
    """Two calls hang and are answered in time, the others do not come to their turn, and everything else goes on."""
    tenant = site.tenant()
    body = {"tenant": tenant, "incident": number}
    assert site.post("/v1/planon/get_incident", body).status_code == 200
    site.control.apply(slow={"after_s": HANGS_S}, on=["read", "find", "login", "incident", "note"])
    until(lambda: site.post("/v1/intramed/find_patient", PATIENT).status_code, lambda status: status == 200)
    stop = threading.Event()
    with ThreadPoolExecutor(16) as pool:

        def ask() -> tuple[int, str, float]:
            begun = time.monotonic()
            answer = site.post("/v1/planon/get_incident", body)
            return answer.status_code, answer.json()["type"].rpartition(":")[2], time.monotonic() - begun

        def others() -> int:
            done = 0
            while not stop.is_set():
                assert site.post("/v1/intramed/find_patient", PATIENT).status_code == 200
                assert site.get("/v1/deliveries").status_code == 200
                assert site.get("/healthz").status_code == 200
                assert site.get("/readyz").status_code == 200
                assert site.get("/metrics").status_code == 200
                report = site.report(tenant, summary=f"melding {done}")
                assert site.post("/v1/planon/create_incident", report, Prefer="wait=0").status_code == 202
                done += 1
            return done

        hanging: list[Future[tuple[int, str, float]]] = [pool.submit(ask) for _ in range(12)]
        rest = pool.submit(others)
        answers = [future.result() for future in hanging]
        stop.set()
        assert rest.result() > 0
    refused = [answer for answer in answers if answer[:2] == (503, "overloaded")]
    late = [answer for answer in answers if answer[:2] == (503, "backend-unavailable")]
    assert (len(refused), len(late)) == (len(answers) - CALLS, CALLS), answers
    assert max(seconds for *_, seconds in answers) < HANGS_S  # nobody waited for Planon itself
    # The places of the two that hang are taken until Planon has answered them.
    assert asked_problem(site, body) == "overloaded"
    site.control.apply(slow=False)
    until(lambda: site.post("/v1/planon/get_incident", body).status_code, lambda status: status == 200)
    # What was answered before it had come back is in the audit all the same.
    until(lambda: phases(site), lambda counts: counts["intent"] == counts["outcome"] > CALLS)


def phases(site: Site) -> dict[str, int]:
    """Count the rows of the audit about looked-up incidents, by phase."""
    with closing(sqlite3.connect(site.folder / "shim.db")) as state:
        rows = state.execute("SELECT phase, count(*) FROM audit_event WHERE contract = 'get_incident' GROUP BY phase")
        return dict(rows.fetchall())


def asked_problem(site: Site, body: object) -> str:
    """Return the problem that a call is answered with now."""
    return str(site.post("/v1/planon/get_incident", body).json()["type"]).rpartition(":")[2]
