"""A service that is told to end: who waits is answered at once, and nobody who does nothing holds it up."""

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from shim.demo import planon_section, write_configuration
from simulators.launch import address_of, running_planon, start_shim
from tests.integration.shim.site import FAST_OUTBOX, FAST_PLANON, Site, add_client, until

GRACE_S = 60.0


def test_who_waits_for_a_delivery_is_told_where_it_is(tmp_path: Path) -> None:
    """202 long before what was asked for, on a connection that ends; an idle one delays nothing; a hurry is safe."""
    with running_planon(tmp_path) as (control, address):
        configuration = write_configuration(
            tmp_path,
            {"planon": planon_section(address, **FAST_PLANON)},
            outbox={**FAST_OUTBOX, "grace_s": GRACE_S},
            http={"wait_max_s": 600},
        )
        keys = {"agent": add_client(configuration, "agent", "planon:*")}
        with start_shim(configuration) as service, requests.Session() as idle, ThreadPoolExecutor(1) as pool:
            site = Site(tmp_path, address_of(service), keys, control)
            report = site.report(site.tenant())
            control.apply(down=True)
            waits = pool.submit(site.post, "/v1/planon/create_incident", report, Prefer="wait=50")
            assert idle.get(f"{site.address}/healthz", timeout=60).ok
            until(lambda: site.get("/v1/deliveries").status_code, lambda status: status == 200)
            until(lambda: "outbox_send" in (tmp_path / "shim.log").read_text(encoding="utf-8"), bool)
            late = threading.Timer(GRACE_S / 2, service.kill)  # far later than it should take, and it is seen
            late.start()
            service._process.send_signal(signal.SIGTERM)
            assert service._process.wait(GRACE_S) == 0
            late.cancel()
            answer = waits.result(60)
            assert (answer.status_code, answer.headers["Connection"]) == (202, "close")
            assert answer.headers["Location"] == f"/v1/deliveries/{answer.json()['delivery']}"
        control.apply(down=False)
        with start_shim(configuration) as service:
            site = Site(tmp_path, address_of(service), keys, control)
            assert site.delivered(answer.json()["delivery"])["incident"]
        assert len(control.incidents()) == 1
