"""Two shims on one PostgreSQL: what one accepts the other knows, and the same request at both is one incident."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import requests

from shim.demo import planon_section, write_configuration
from simulators.launch import address_of, running_planon, start_shim
from simulators.postgresql.bench import PostgresBench
from tests.integration.shim.site import FAST_OUTBOX, FAST_PLANON, Site, add_client

CREATE = "/v1/planon/create_incident"
ROUNDS = 4


@dataclass(frozen=True)
class Pair:
    """Two shims of one deployment, and where their state is."""

    sites: tuple[Site, Site]
    url: str

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement.encode()).fetchall()


@pytest.fixture(scope="module")
def pair(durable_postgresql: PostgresBench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    first, second = (tmp_path_factory.mktemp(name) for name in ("first", "second"))
    with (
        durable_postgresql.database() as url,
        pytest.MonkeyPatch.context() as environment,
        running_planon(first) as (control, address),
    ):
        environment.setenv("SHIM_STATE", url)
        configuration = write_configuration(
            first, {"planon": planon_section(address, **FAST_PLANON)}, outbox=FAST_OUTBOX
        )
        keys = {"agent": add_client(configuration, "agent", "planon:*")}
        other = second / configuration.name
        shutil.copy(configuration, other)
        with start_shim(configuration) as one, start_shim(other) as two:
            sites = (
                Site(first, address_of(one), keys, control),
                Site(second, address_of(two), keys, control),
            )
            yield Pair(sites, url)


def test_what_one_shim_accepted_the_other_tells(pair: Pair) -> None:
    """Delivered with its number, found by both and by the command line; nothing is in a file."""
    one, two = pair.sites
    answer = one.post(CREATE, one.report(two.tenant()))
    assert answer.status_code == 201
    told = answer.json()
    assert two.get(f"/v1/deliveries/{told['delivery']}").json() == told
    shown = json.loads(two.command("explain", told["delivery"], "--json").stdout)
    (record,) = [row for row in one.control.incidents() if row["external_ref"] == shown["reference"]]
    assert record["incident_number"] == told["incident"]
    assert pair.rows("SELECT COUNT(*) FROM entry JOIN idempotency ON delivery = id WHERE state = 'delivered'") == [(1,)]
    assert not list(one.folder.glob("shim.db*"))


def test_one_key_at_both_shims_at_once_is_one_incident(pair: Pair) -> None:
    """Whoever is first, both tell the same delivery."""
    one, two = pair.sites
    tenant = one.tenant()
    for _ in range(ROUNDS):
        known = len(one.control.incidents())
        body = one.report(tenant, summary=f"Kraan {uuid4()}")
        answers = at_once(*(ask(site, body, key) for key in [str(uuid4())] for site in (one, two, one, two)))
        told = [answer.json() for answer in answers if answer.status_code in {201, 202}]
        # One process tells who repeats while it still accepts; between two, whoever is second has the first's delivery.
        assert {answer.status_code for answer in answers} <= {201, 202, 409}
        assert len(told) >= 2
        (delivery,) = {reply["delivery"] for reply in told}
        two.delivered(delivery)
        assert len(one.control.incidents()) == known + 1


def ask(site: Site, body: dict[str, Any], key: str) -> Callable[[], requests.Response]:
    return lambda: site.post(CREATE, body, idempotency_key=key)


def at_once(*calls: Callable[[], requests.Response]) -> list[requests.Response]:
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], requests.Response]) -> requests.Response:
        gate.wait(30)
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return [asked.result() for asked in [threads.submit(run, call) for call in calls]]


def test_the_state_s_password_is_told_to_nobody(pair: Pair) -> None:
    """Neither in a log, nor in an answer, nor by the command line."""
    password = pair.url.partition("@")[0].rpartition(":")[2]
    shown = pair.sites[0].command("outbox", "status")
    said = [shown.stdout, shown.stderr]
    logs = [path.read_text(errors="replace") for site in pair.sites for path in Path(site.folder).glob("*.log")]
    answers = [answer for site in pair.sites for answer in site.answers]
    assert answers
    assert not [text for text in (*said, *logs, *answers) if password in text]
