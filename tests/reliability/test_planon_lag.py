"""The replica lags a minute behind: whoever asked it whether a report had landed would send it twice."""

import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from tests.integration.shim.site import minutes_ago, until
from tests.reliability.facility import Facility, running_facility, tenants

REPORTS = 60
LOST_REPLIES = 40
LAG_S = 60.0
OUTBOX = {"first_s": 0.05, "cap_s": 0.2, "threads": 4, "probe_s": 0.2, "ramp_s": 0.1}
OPTIONS = {"timeout_s": 20.0, "settle_s": 1.0}


def test_a_replica_that_lags_makes_no_duplicate(tmp_path: Path) -> None:
    """Two replies in three are lost; every report is in Planon once, and in the replica not at all yet."""
    with running_facility(tmp_path, outbox=OUTBOX, options=OPTIONS) as facility:
        tokens = [facility.client().tenant(tenant) for tenant in tenants(10)]
        facility.planon.apply(lag_s=LAG_S, lose_reply=LOST_REPLIES)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: report(facility, tokens[number % len(tokens)], number), range(REPORTS)))
        until(lambda: facility.count("state = 'delivered'"), lambda delivered: delivered == REPORTS)
        counted = Counter(record["description"].partition("\n")[0] for record in facility.planon.incidents())
        assert counted == {f"melding {number}": 1 for number in range(REPORTS)}
        found = "SELECT count(*) FROM attempt_outcome WHERE outcome = 'delivered' AND evidence LIKE 'found%'"
        assert facility.state(found) == [(LOST_REPLIES,)]
        assert in_the_replica(facility) == 0


def report(facility: Facility, tenant: str, number: int) -> None:
    body = {
        "tenant": tenant,
        "severity": "high",
        "summary": f"melding {number}",
        "message": "kraan lekt",
        "reported_at": minutes_ago(number),
    }
    answer = facility.client().post("create_incident", body, f"melding-{number}")
    assert answer.status_code in {201, 202}, answer.text


def in_the_replica(facility: Facility) -> int:
    with closing(sqlite3.connect(facility.folder / "replica.db")) as replica:
        ((count,),) = replica.execute("SELECT count(*) FROM incident").fetchall()
    return int(count)
