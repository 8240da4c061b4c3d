"""Twins: the same write from several sides at once has one effect, and one answer."""

import json
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from simulators.intramed.server import FirebirdServer
from tests.reliability.idempotency_site import Both, running_both
from tests.reliability.idempotency_writes import (
    IN_FLIGHT,
    LATER,
    Wishes,
    Write,
    answered,
    effects,
    held,
    told,
    wrongly_repeated,
)

TWINS = 5
WORKERS = 50
PATIENTS = 12
ALLOWED = {(200, ""), (201, ""), (202, ""), *LATER}
"""Also 503 and 504: a busy machine may take longer than a deadline, and then says so."""


@pytest.mark.torture
def test_a_thousand_twins_have_one_effect_each(
    mortal_server: FirebirdServer, practice_file: Path, full_length: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """200 keys with five twins each in full length, 40 in the quick form: held, confirmed, reported and noted."""
    each, notes = (60, 20) if full_length else (12, 4)
    with running_both(practice_file.parent, mortal_server, practice_file) as both:
        wishes = Wishes.of(both, PATIENTS, each)
        holds, others = wishes.holds(each), [*wishes.incidents(each), *wishes.notes(notes)]
        at_once(both, [*holds, *others])
        assert held(both) == Counter(hold.effect for hold in holds)
        confirms = [wishes.confirm(hold) for hold in holds]
        at_once(both, confirms)
        writes = [*holds, *others, *confirms]
        first = answered(writes)
        with ThreadPoolExecutor(8) as pool:
            wrong = [line for lines in pool.map(lambda write: wrongly_repeated(both, write), writes) for line in lines]
        found, wanted = effects(both), Counter(write.effect for write in [*others, *confirms])
        assert both.shim.stop() == 0
    verdict = {
        "keys": len(writes),
        "twins": TWINS * len(writes),
        "answers": told(first),
        "lost": (wanted - found).total(),
        "doubled": (found - wanted).total(),
    }
    with capsys.disabled():
        print(f"\n{json.dumps(verdict)}")  # noqa: T201 - the campaign's verdict
    assert (found, wrong) == (wanted, [])
    assert first.keys() <= ALLOWED
    # Twins that never met prove nothing.
    assert first[IN_FLIGHT] > len(writes) / 4


def at_once(both: Both, writes: Sequence[Write]) -> None:
    """Send each write from five threads at the same moment; each repeats as a client does."""

    def twin(write: Write, gate: threading.Barrier) -> None:
        gate.wait(60)
        write.settle(both)

    with ThreadPoolExecutor(WORKERS) as pool:
        # A pool begins in order, so the twins of a write are on their marks together.
        gates = [(write, threading.Barrier(TWINS)) for write in writes]
        for done in [pool.submit(twin, *gate) for gate in gates for _ in range(TWINS)]:
            done.result()
