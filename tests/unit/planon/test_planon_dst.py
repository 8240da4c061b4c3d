"""The nights in which the clock changes, on machines in three zones (Must show 4)."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MACHINES = ("UTC", "America/New_York", "Asia/Kolkata")
NIGHTS = {
    # 02:30 comes twice: first in summer time, an hour later in winter time.
    "2026-10-25T02:30:00+02:00": "2026-10-25T02:30:00+02:00",
    "2026-10-25T00:30:00Z": "2026-10-25T02:30:00+02:00",
    "2026-10-25T02:30:00+01:00": "2026-10-25T02:30:00+01:00",
    "2026-10-25T01:30:00.999Z": "2026-10-25T02:30:00+01:00",
    "2026-10-25T00:59:59Z": "2026-10-25T02:59:59+02:00",
    "2026-10-25T01:00:00Z": "2026-10-25T02:00:00+01:00",
    # 02:30 does not come: whoever writes it with an offset means a moment all the same.
    "2026-03-29T02:30:00+01:00": "2026-03-29T03:30:00+02:00",
    "2026-03-29T02:30:00+02:00": "2026-03-29T01:30:00+01:00",
    "2026-03-29T00:59:59Z": "2026-03-29T01:59:59+01:00",
    "2026-03-29T01:00:00Z": "2026-03-29T03:00:00+02:00",
}
SCRIPT = """
import json, re, sys, time
from adapters.planon.documents import Documents
from adapters.planon.notes import compose_note
from contracts.facility import FacilityNoteRequest
from tests.unit.planon.planon_rows import FORMS, REFERENCE, ZONE, compose, request_of, rows_of

documents, found = Documents(FORMS), {}
for moment in json.load(sys.stdin):
    request = request_of("WBV", asset=None, reported_at=moment)
    incident = documents.incident(compose(request, rows_of("WBV")), "WBV", request)
    asked = FacilityNoteRequest(tenant="TNT-WBV", incident="INC-1", text="lekt", reported_at=moment)
    note = documents.note(compose_note(asked, REFERENCE, (), FORMS.note, ZONE), asked)
    found[moment] = [
        re.search(rb"<BO_REPORT_DATE>(.*)</BO_REPORT_DATE>", incident.body)[1].decode(),
        re.search(rb"<REPORTED_AT>(.*)</REPORTED_AT>", note.body)[1].decode(),
    ]
print(json.dumps([time.timezone, found]))
"""


@cache
def composed_on(machine: str) -> tuple[int, dict[str, list[str]]]:
    """Return seconds west of UTC of a machine in this zone, and what it writes."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=json.dumps(list(NIGHTS)),
        env=os.environ | {"TZ": machine},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    west_s, found = json.loads(done.stdout)
    return west_s, found


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("reported_at", "written"), NIGHTS.items())
def test_both_half_past_two_come_out_right(machine: str, reported_at: str, written: str) -> None:
    """Incidents and notes carry the site's local time with the offset that tells the two apart."""
    assert composed_on(machine)[1][reported_at] == [written, written]


def test_the_machines_are_in_three_zones() -> None:
    """The zone of the machine was really another one each time."""
    assert {machine: composed_on(machine)[0] for machine in MACHINES} == {
        "UTC": 0,
        "America/New_York": 5 * 3600,
        "Asia/Kolkata": -5.5 * 3600,
    }
