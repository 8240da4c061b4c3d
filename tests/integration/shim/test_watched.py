"""An outage as a process tells of it, from the outside: its log, its metrics and its readiness."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from shim.demo import planon_section, write_configuration
from simulators.launch import address_of, running_planon, start_shim
from tests.integration.shim.site import FAST_OUTBOX, FAST_PLANON, Site, add_client, until

CREATE = "/v1/planon/create_incident"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SAME = 3
REPORTS = 12


@pytest.fixture
def told(tmp_path: Path) -> list[dict[str, Any]]:
    """What is in the log when everything has happened, and the process has ended."""
    with running_planon(tmp_path) as (control, address):
        section = planon_section(address, **FAST_PLANON)
        log = {"format": "json", "same_per_minute": SAME}
        configuration = write_configuration(tmp_path, {"planon": section}, outbox=FAST_OUTBOX, log=log)
        keys = {"agent": add_client(configuration, "agent", "planon:*")}
        with start_shim(configuration) as service:
            happen(Site(tmp_path, address_of(service), keys, control))
    return [json.loads(line) for line in (tmp_path / "shim.log").read_text(encoding="utf-8").splitlines()]


def happen(site: Site) -> None:
    """Planon goes down, reports come in, it comes back, and they are delivered."""
    tenant = site.tenant()
    assert standing(site)["state"] == "reachable"
    site.control.apply(down=True)
    made = [site.post(CREATE, site.report(tenant), Prefer="wait=0", traceparent=f"00-{TRACE}-00f067aa0ba902b7-00")]
    made += [site.post(CREATE, site.report(tenant), Prefer="wait=0") for _ in range(REPORTS - 1)]
    assert {answer.status_code for answer in made} == {202}
    until(lambda: standing(site), lambda known: known["state"] == "down" and "since" in known)
    site.control.apply(down=False)
    for answer in made:
        site.delivered(answer.json()["delivery"])
    until(lambda: standing(site), lambda known: known["state"] == "reachable")


def standing(site: Site) -> dict[str, Any]:
    """Return what readiness tells of Planon: the instance is ready, whatever that is."""
    answer = site.get("/readyz", client=None)
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert not re.search(r"127\.0|localhost|INC-|dl_", answer.text)
    known: dict[str, Any] = answer.json()["systems"]["planon"]
    return known


def test_a_log_tells_of_an_outage_and_stays_small(told: list[dict[str, Any]]) -> None:
    """Every line is an object; of the same there are few, and the rest is counted; a report can be followed."""
    kinds = Counter(
        (each.get("event"), each.get("status"), each.get("outcome")) for each in told if each.get("event") != "repeated"
    )
    accepted = kinds["request", 202, "ok"]
    more = sum(each["more"] for each in told if each["message"].endswith("request planon 202 ok"))
    assert accepted + more == REPORTS
    minutes = {each["ts"][:16] for each in told}
    assert accepted <= SAME * len(minutes)
    followed = [each for each in told if each.get("correlation") == TRACE]
    assert {"request", "delivery"} <= {each.get("event") for each in followed}
    request = next(each for each in followed if each.get("event") == "request")
    deliveries = {each["delivery"] for each in followed if each.get("event") == "delivery"}
    assert deliveries == {request["delivery"]}
    assert any(re.fullmatch(r"planon is out of reach: .*", each["message"]) for each in told)
    assert {"ms", "own_ms", "client", "contract"} <= request.keys()
