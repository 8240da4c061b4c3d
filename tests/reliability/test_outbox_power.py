"""Power is cut at random points; what was acknowledged is there, and no attempt that began is forgotten."""

import json
import random
from pathlib import Path

import pytest

from tests.reliability.power_campaign import Campaign
from tests.reliability.power_library import CompilerMissing, build_library
from tests.reliability.power_lives import running_lives
from tests.reliability.power_verdict import Verdict
from tests.services import unavailable

SEED = 20261121


@pytest.mark.torture
def test_power_cuts_lose_and_forget_nothing(
    tmp_path: Path, full_length: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """200 random points and all of the first start in full length; 20 and some of them in the quick form."""
    points = 200 if full_length else 20
    try:
        library = build_library(tmp_path)
    except CompilerMissing as missing:
        unavailable(missing)
    with running_lives(library, tmp_path / "lives.log") as lives:
        verdict = Verdict()
        chance = random.Random(SEED)  # noqa: S311 - points to cut at, no secret
        campaign = Campaign(lives, tmp_path, chance, verdict)
        campaign.cut_random(points)
        campaign.cut_opening(times=3, everywhere=full_length)
    with capsys.disabled():
        print(f"\n{json.dumps(verdict.figures)}")  # noqa: T201 - the campaign's verdict
    assert verdict.faults == 0, verdict.evidence
    assert verdict.points >= points
    assert verdict.acknowledged > points
