"""The Firebird server is killed in the middle of mixed calls; the practice agrees with what the agents were told."""

import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from simulators.intramed.server import FirebirdServer
from tests.integration.shim.site import until
from tests.reliability.memory import Case
from tests.reliability.outage import Allowance, kill_and_restart
from tests.reliability.practice import ZONE, Practice, at, running_practice
from tests.reliability.traffic import UNKNOWN, Agent

SEED = 20261121
AGENTS = 8
PATIENTS = 4
CALLS_PER_KILL = 170
ACCOUNTS, AHEAD = 2, 2
OPTIONS: dict[str, Any] = {"deadline_s": 2.0, "hold_s": 900, "settle_s": 1.5, "connections_ahead": AHEAD}

LIVE = """select P.PATIENT, A.BEGIN_TIJD, A.MEDEWERKER from AFSPRAAK P join AGENDA A on A.NUMMER = P.AGENDA
where P.VERVALLEN is null and P.HOUDER is not null"""
HELD = "select A.HOUDER_PATIENT, A.BEGIN_TIJD, A.MEDEWERKER from AGENDA A where A.STATUS = 'H'"
HALF_WRITTEN = """select A.NUMMER, A.STATUS from AGENDA A
where (select count(*) from AFSPRAAK P where P.AGENDA = A.NUMMER and P.VERVALLEN is null)
  <> case A.STATUS when 'B' then 1 else 0 end"""
NOTES = "select J.PATIENT, J.MELDTIJD, J.TEKST from JOURNAAL J where J.REFERENTIE is not null"
FORCED_WRITES = "select MON$FORCED_WRITES from MON$DATABASE"


@pytest.mark.torture
def test_kill_nine_of_the_server_leaves_nothing_half_written(
    mortal_server: FirebirdServer, practice_file: Path, full_length: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """3 kills during 510 calls of 8 agents in the quick form, 30 in full length; more until an outcome was unknown."""
    at_least = 30 if full_length else 3
    with running_practice(practice_file.parent, mortal_server, practice_file, **OPTIONS) as practice:
        assert practice.query(FORCED_WRITES) == [(1,)]
        agents, allowance, kills = agents_of(practice), Allowance(), 0
        look = partial(nothing_is_half_moved, practice, agents)
        with ThreadPoolExecutor(AGENTS) as pool:
            running = [pool.submit(work, agent, allowance) for agent in agents]
            try:
                while kills < at_least or (not unknown(agents) and kills < 4 * at_least):
                    kill_and_restart(mortal_server, allowance, CALLS_PER_KILL, look)
                    kills += 1
            finally:
                allowance.end()
            for ended in running:
                ended.result()
        for agent in agents:
            settle(agent)
            one_round(agent)
        practice.await_attachments(ACCOUNTS * AHEAD)
        database, password = practice.database, practice.password
    with capsys.disabled():
        print(f"\n{json.dumps(verdict(agents, kills))}")  # noqa: T201 - the campaign's verdict
    stopped = Practice(practice.folder, database, password, "", ())
    stopped.await_attachments(0)
    assert [line for agent in agents for line in agent.wrong] == []
    assert allowance.made == kills * CALLS_PER_KILL
    assert unknown(agents) > 0
    compare(stopped, [case for agent in agents for case in agent.cases])


def agents_of(practice: Practice) -> list[Agent]:
    """Every agent has patients of its own; slots are everybody's."""
    patients = practice.patients(practice.client(), AGENTS * PATIENTS)
    return [
        Agent(
            f"agent-{n}",
            practice.client(),
            [Case(patient) for patient in patients[n::AGENTS]],
            practice.window(),
            random.Random(f"{SEED}/{n}"),  # noqa: S311 - what a person wants, no secret
        )
        for n in range(AGENTS)
    ]


def work(agent: Agent, allowance: Allowance) -> None:
    while allowance.take():
        try:
            agent.call_once()
        finally:
            allowance.done()


def unknown(agents: list[Agent]) -> int:
    """How many immediate writes have ended without anybody knowing how."""
    return sum(agent.seen[contract, *UNKNOWN] for agent in agents for contract in ("hold_slot", "confirm", "cancel"))


def settle(agent: Agent) -> None:
    """Repeat what is pending until every outcome is certain, and wait for every note."""
    for case in agent.cases:
        until(partial(agent.repeat_pending, case), lambda done: done)
        for delivery, _ in case.notes.values():
            until(partial(agent.client.delivery, delivery), lambda found: found["state"] == "delivered")


def one_round(agent: Agent) -> None:
    """Call every contract once; nothing fails any more."""
    before = agent.seen.copy()
    agent.call_each(agent.cases[0])
    assert {told for told in agent.seen - before if told[1] >= 300} == set()


def nothing_is_half_moved(practice: Practice, agents: list[Agent]) -> None:
    """Whoever waits to hear of a move has the old appointment or the new one, and no slot is half booked."""
    assert practice.query(HALF_WRITTEN) == []
    live = rows(practice, LIVE)
    for case in (case for agent in agents for case in agent.cases):
        if case.pending is not None and case.pending.moves is not None:
            assert len([when for when in case.pending.moves if (case.patient.number, *when) in live]) == 1


def rows(practice: Practice, query: str) -> list[tuple[str, str, str]]:
    """Return patient, start and therapist of appointments or holds."""
    found = practice.query(query)
    return sorted((patient.strip(), at(begin), therapist.strip()) for patient, begin, therapist in found)


def compare(practice: Practice, cases: list[Case]) -> None:
    """Compare appointments, holds and notes with what was told, to the last one."""
    booked = [(case.patient.number, *when) for case in cases for when in case.appointments.values()]
    held = [(case.patient.number, *when) for case in cases for when in case.holds.values()]
    noted = [
        (case.patient.number, told.astimezone(ZONE).isoformat(), text)
        for case in cases
        for text, (_, told) in case.notes.items()
    ]
    assert rows(practice, LIVE) == sorted(booked)
    assert rows(practice, HELD) == sorted(held)
    written = [(patient.strip(), at(told), text) for patient, told, text in practice.query(NOTES)]
    assert sorted(written) == sorted(noted)
    assert practice.query(HALF_WRITTEN) == []


def verdict(agents: list[Agent], kills: int) -> dict[str, object]:
    """Count the answers by status and problem type."""
    seen = Counter[str]()
    for agent in agents:
        for (_, status, problem), count in agent.seen.items():
            seen[f"{status} {problem}".strip()] += count
    return {"kills": kills, "answers": dict(sorted(seen.items())), "unknown_settled": unknown(agents)}
