"""Every fault that the stand-in knows, mixed at random: nothing is lost, doubled, moved, misordered or unnoticed."""

import json
from pathlib import Path

import pytest

from tests.reliability.facility import running_facility
from tests.reliability.planon_campaign import OPTIONS, OUTBOX, campaign
from tests.reliability.planon_faults import FAULTS
from tests.reliability.planon_verdict import as_json

SEED = 20261121


@pytest.mark.torture
def test_all_faults_at_once(tmp_path: Path, full_length: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """2,000 reports in the quick form, 20,000 in full length, by four clients, with outages and kills in between."""
    reports = 20_000 if full_length else 2_000
    with running_facility(tmp_path, outbox=OUTBOX, options=OPTIONS) as facility:
        finished = campaign(facility, reports, SEED)
        assert facility.shim.stop() == 0
    verdict = as_json(finished.judged.verdict)
    with capsys.disabled():
        print(f"\nseed {SEED}: {json.dumps(finished.told)}\n{json.dumps(verdict)}")  # noqa: T201 - the verdict
    assert finished.told["struck"].keys() == FAULTS.keys()
    assert finished.judged.wrong == []
    assert verdict["accepted"] > 0.9 * reports
    assert {name: count for name, count in verdict.items() if name != "accepted" and count} == {}
