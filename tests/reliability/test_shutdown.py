"""SIGTERM under load: nothing that was accepted is lost, nothing is doubled, and nobody is told what is not so."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from simulators.intramed.server import FirebirdServer
from tests.integration.shim.site import until
from tests.reliability.practice import Patient, Practice
from tests.reliability.shutdown_site import GRACE_S, Ended, ShutdownSite, shutdown_site
from tests.reliability.shutdown_traffic import Caller, Wrote

CALLERS = 8
"""More than this machine can answer at a time: what comes back in a second is its capacity."""
QUICK_ROUNDS, QUICK_S = 2, 1.0
WHOLE_ROUNDS, WHOLE_S = 20, 4.0
_INCIDENT = re.compile(r"Kraan lekt r\d+c\d+-\d+")
_NOTE = re.compile(r"notitie r\d+c\d+-\d+")
DURABLE = {"planon/create_incident", "intramed/log_note"}
WORN_OUT = ("Traceback", "defect")


@pytest.fixture
def site(mortal_server: FirebirdServer, practice_file: Path) -> Iterator[ShutdownSite]:
    """A shim in front of a real Firebird server and of Planon's stand-in."""
    with shutdown_site(practice_file.parent, mortal_server, practice_file) as site:
        yield site


class Campaign:
    """Rounds of load, signal, judgement and a new start."""

    def __init__(self, site: ShutdownSite) -> None:
        self.site = site
        self.http = requests.Session()
        self.writes: list[Wrote] = []
        self.seen: Counter[tuple[str, int, str]] = Counter()
        self.ended: list[Ended] = []
        self.rates: list[float] = []
        self.repeated = self.closed = self.cut_off = 0
        assert site.service is not None
        practice = Practice(site.configuration.parent, site.database, site.password, site.key, (site.service,))
        self.window = practice.window()
        self.patients: list[Patient] = practice.patients(practice.client(), CALLERS)
        code = {"telephone": "06-12345678"}
        find = "planon/find_tenant"
        found = until(lambda: self.site.post(self.http, find, code, None), lambda answer: answer.ok)
        self.tenant = found.json()["tenant"]

    def round(self, number: int, load_s: float) -> None:
        """Let everybody call, ask the service to end, and judge what is there."""
        callers = [
            Caller(self.site, f"r{number}c{caller}", self.tenant, self.patients[caller], self.window)
            for caller in range(CALLERS)
        ]
        for caller in callers:
            caller.start()
        begun = time.monotonic()
        until(lambda: sum(len(caller.writes) for caller in callers), lambda writes: writes >= CALLERS)
        time.sleep(load_s)
        self.rates.append(sum(caller.seen.total() for caller in callers) / (time.monotonic() - begun))
        ended = self.site.end()
        for caller in callers:
            caller.enough.set()
            caller.join(60)
            assert not caller.is_alive(), "a client still waits for an answer of a service that has ended"
        assert ended.code == 0, self.site.log[-3000:]
        assert ended.seconds < GRACE_S, self.site.log[-3000:]
        assert self.site.attachments() == 0
        assert not [line for line in self.site.log.splitlines() if any(word in line for word in WORN_OUT)]
        self.ended.append(ended)
        self.site.start()
        self._settle(callers)

    def _settle(self, callers: list[Caller]) -> None:
        """Repeat, with its key, whatever the client cannot know of; from then on it has to be there like the rest."""
        for caller in callers:
            for wrote in caller.writes:
                if wrote.open:
                    self.repeated += 1
                    until(lambda: self._again(caller, wrote), bool)  # noqa: B023 - called at once
            assert caller.wrong == []
            self.seen += caller.seen
            self.closed += caller.closed_after_answer
            self.cut_off += caller.cut_off
            self.writes += caller.writes

    def _again(self, caller: Caller, wrote: Wrote) -> bool:
        caller.write(self.http, wrote)
        return not wrote.open

    def judge(self) -> None:
        """Compare every accepted write with what is in the systems: there, and once."""
        accepted = [wrote for wrote in self.writes if wrote.accepted]
        self.site.await_deliveries()
        states = self.site.states()
        durable = [wrote.reply["delivery"] for wrote in accepted if wrote.path in DURABLE]
        assert [delivery for delivery in durable if states.get(delivery) != "delivered"] == []
        assert len({*durable}) == len(durable)
        records = (" ".join(incident["fields"].values()) for incident in self.site.planon.incidents())
        summaries = Counter(text for record in records for text in {*_INCIDENT.findall(record)})
        assert summaries == Counter(w.body["summary"] for w in accepted if w.path == "planon/create_incident")
        self._judge_notes([wrote for wrote in accepted if wrote.path == "intramed/log_note"])
        self._judge_bookings([wrote for wrote in accepted if wrote.path == "intramed/confirm"])

    def _judge_notes(self, notes: list[Wrote]) -> None:
        rows = self.site.query("select TEKST from JOURNAAL where TEKST containing 'notitie r'")
        stored = Counter(text for row in rows for text in _NOTE.findall(str(row[0])))
        assert stored == Counter(wrote.body["text"] for wrote in notes)

    def _judge_bookings(self, confirmed: list[Wrote]) -> None:
        rows = self.site.query("select count(*) from AFSPRAAK where HOUDER is not null and VERVALLEN is null")
        assert len({wrote.reply["appointment"] for wrote in confirmed}) == len(confirmed)
        assert rows[0][0] == len(confirmed)

    def figures(self) -> dict[str, Any]:
        """Return what was seen, for the log of the run."""
        seconds = sorted(ended.seconds for ended in self.ended)
        return {
            "rounds": len(self.ended),
            "calls": self.seen.total(),
            "writes_accepted": sum(wrote.accepted for wrote in self.writes),
            "writes_asked_again": self.repeated,
            "calls_per_s": round(sum(self.rates) / len(self.rates), 1),
            "end_s_median": round(seconds[len(seconds) // 2], 2),
            "end_s_worst": round(seconds[-1], 2),
            "told_that_it_closes": self.closed,
            "connections_cut": self.cut_off,
            "answers": {f"{path} {status} {problem}".strip(): n for (path, status, problem), n in self.seen.items()},
        }


@pytest.mark.torture
def test_sigterm_under_load(site: ShutdownSite, full_length: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """Two rounds, or twenty; the last line tells what was seen."""
    campaign = Campaign(site)
    rounds, load_s = (WHOLE_ROUNDS, WHOLE_S) if full_length else (QUICK_ROUNDS, QUICK_S)
    for number in range(rounds):
        campaign.round(number, load_s)
    campaign.judge()
    with capsys.disabled():
        print("\n" + json.dumps({"campaign": "shutdown", **campaign.figures()}))  # noqa: T201 - the campaign's verdict
