"""Two hundred threads want one slot, over HTTP, on a real Firebird server."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from simulators.intramed.server import FirebirdServer
from tests.reliability.practice import Patient, Practice, at, running_practice, slug

THREADS = 200
REPEATS = 5
PATIENTS = 40
TAKEN = (409, "slot-taken")


@pytest.fixture(params=[("backend", 1), ("backend", 2), ("shim", 1), ("shim", 2)], ids=lambda p: f"{p[0]}-{p[1]}")
def practice(request: pytest.FixtureRequest, mortal_server: FirebirdServer, practice_file: Path) -> Iterator[Practice]:
    """One or two shims, with holds in the practice's procedures or in the shims' state."""
    holds, shims = request.param
    # Who is right is asked here, and not how fast this machine is: nobody gives up before it was his turn.
    options: dict[str, Any] = {"holds": holds, "deadline_s": 30}
    with running_practice(practice_file.parent, mortal_server, practice_file, shims=shims, **options) as practice:
        yield practice


def held_in(practice: Practice) -> list[tuple[int, str]]:
    """Every slot that is held, by whatever holds, and for whom if the practice itself knows."""
    rows = practice.query("select A.NUMMER, A.HOUDER_PATIENT from AGENDA A where A.STATUS = 'H'")
    kept = practice.state("select slot from hold")
    return [(slot, patient.strip()) for slot, patient in rows] + [(int(slot), "") for (slot,) in kept]


def booked_from_holds(practice: Practice) -> list[tuple[int, str, str]]:
    """Every appointment that a shim has made: slot, patient, and the state of the slot."""
    return [
        (slot, patient.strip(), status)
        for slot, patient, status in practice.query(
            "select A.NUMMER, P.PATIENT, A.STATUS from AFSPRAAK P join AGENDA A on A.NUMMER = P.AGENDA "
            "where P.HOUDER is not null and P.VERVALLEN is null"
        )
    ]


def test_two_hundred_threads_want_one_slot(practice: Practice) -> None:
    """One 200, 199 times 409, one row; the winner's confirmation makes one appointment, and no loser's call another."""
    first = practice.client()
    patients = practice.patients(first, PATIENTS) * (THREADS // PATIENTS)
    (wanted,) = first.post("list_slots", {**practice.window(), "limit": 1}).json()["slots"]
    gate = threading.Barrier(THREADS)

    def hold(index: int, patient: Patient, round_: str = "") -> requests.Response:
        client = practice.client(index % len(practice.shims))
        body = {"slot": wanted["slot"], "patient": patient.token, "conversation": f"conversation {index}"}
        gate.wait()
        for _ in range(REPEATS):
            answer = client.post("hold_slot", body, f"{round_}hold-{index}")
            # No connection in time, or an attempt that was cut off: the same key again, as the problems tell clients.
            if answer.status_code not in {503, 504}:
                break
        return answer

    def all_hold(round_: str = "") -> list[requests.Response]:
        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(hold, range(THREADS), patients, [round_] * THREADS))

    answers = all_hold()
    won = [(answer, patient) for answer, patient in zip(answers, patients, strict=True) if answer.status_code == 200]
    lost = [(answer.status_code, slug(answer)) for answer in answers if answer.status_code != 200]
    assert lost == [TAKEN] * (THREADS - 1)
    ((held, winner),) = won
    ((slot, holder),) = held_in(practice)
    assert holder in {winner.number, ""}
    ((starts_at,),) = practice.query("select A.BEGIN_TIJD from AGENDA A where A.NUMMER = ?", slot)
    assert held.json()["starts_at"] == wanted["starts_at"] == at(starts_at)
    assert booked_from_holds(practice) == []

    confirmation = {"hold": held.json()["hold"], "patient": winner.token}
    confirmed = [practice.client(n % len(practice.shims)).post("confirm", confirmation, f"c-{n}") for n in range(4)]
    assert [answer.status_code for answer in confirmed] == [200] * 4
    assert len({answer.json()["appointment"] for answer in confirmed}) == 1
    late = all_hold("late-")
    assert [(answer.status_code, slug(answer)) for answer in late] == [TAKEN] * THREADS
    assert booked_from_holds(practice) == [(slot, winner.number, "B")]
    assert held_in(practice) == []
