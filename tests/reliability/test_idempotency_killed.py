"""The shim is killed in the middle of writes of every kind; repeated under their keys, each has one effect."""

import json
import random
import threading
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from simulators.intramed.server import FirebirdServer
from tests.reliability.idempotency_site import Both, running_both
from tests.reliability.idempotency_writes import (
    BROKEN,
    LATER,
    NOBODY,
    PATIENCE_S,
    Wishes,
    Write,
    answered,
    effects,
    told,
    wrongly_repeated,
)

SEED = 20261121
AGENTS = 6
PATIENTS = 12
ALLOWED = {(200, ""), (201, ""), (202, ""), BROKEN, NOBODY, *LATER}


class Work:
    """What agents write, in which order, and how far they are."""

    def __init__(self, wishes: Wishes, chains: Sequence[Write], chance: random.Random) -> None:
        self.done: list[Write] = []
        self._wishes = wishes
        self._chains = deque(chance.sample(chains, len(chains)))
        self._begun = 0
        self._moved = threading.Condition()
        self._over = False

    def go(self, both: Both) -> None:
        """Write until there is nothing left; what was held is confirmed at once."""
        while True:
            try:
                write = self._chains.popleft()
            except IndexError:
                return
            self._one(both, write)
            if write.contract == "hold_slot":
                self._one(both, self._wishes.confirm(write))

    def _one(self, both: Both, write: Write) -> None:
        with self._moved:
            self._begun += 1
            self.done.append(write)
            self._moved.notify_all()
        write.settle(both, lambda: self._over)

    def give_up(self) -> None:
        """Let the agents go home, whether they are done or not: the shim does not come back."""
        self._over = True

    def await_begun(self, writes: float) -> None:
        """Wait until so many writes have begun."""
        with self._moved:
            assert self._moved.wait_for(lambda: self._begun >= writes, PATIENCE_S), (
                f"{self._begun} of {writes} have begun"
            )


@pytest.mark.torture
def test_kill_nine_in_the_middle_of_writes_leaves_one_effect_each(
    mortal_server: FirebirdServer, practice_file: Path, full_length: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """200 writes and 40 kills in full length, 26 and 5 in the quick form; each falls while writes are under way."""
    holds, incidents, notes, kills = (50, 60, 40, 40) if full_length else (7, 7, 5, 5)
    chance = random.Random(SEED)  # noqa: S311 - moments to kill at, no secret
    with running_both(practice_file.parent, mortal_server, practice_file) as both:
        wishes = Wishes.of(both, PATIENTS, holds)
        # Planon commits and answers a little later, so that some kills fall between the two.
        both.planon.apply(answer_after_s=0.1)
        chains = [*wishes.holds(holds), *wishes.incidents(incidents), *wishes.notes(notes)]
        work, writes = Work(wishes, chains, chance), 2 * holds + incidents + notes
        with ThreadPoolExecutor(AGENTS) as pool:
            agents = [pool.submit(work.go, both) for _ in range(AGENTS)]
            try:
                for kill in range(kills):
                    work.await_begun(1 + (writes - AGENTS) * kill / kills)
                    threading.Event().wait(chance.uniform(0, 0.08))
                    both.shim.kill_and_restart()
            except BaseException:
                work.give_up()
                raise
            for agent in agents:
                agent.result()
        both.planon.apply(answer_after_s=0)
        first = answered(work.done)
        with ThreadPoolExecutor(8) as pool:
            lines = pool.map(lambda write: wrongly_repeated(both, write), work.done)
            wrong = [line for of_write in lines for line in of_write]
        found = effects(both)
        assert both.shim.stop() == 0
    wanted = Counter(write.effect for write in work.done if write.contract != "hold_slot")
    verdict: dict[str, Any] = {
        "writes": len(work.done),
        "kills": kills,
        "answers": told(first),
        "struck": Counter(write.contract for write in work.done if write.seen[BROKEN]),
        "lost": (wanted - found).total(),
        "doubled": (found - wanted).total(),
    }
    with capsys.disabled():
        print(f"\n{json.dumps(verdict)}")  # noqa: T201 - the campaign's verdict
    assert (found, wrong) == (wanted, [])
    assert len(work.done) == writes
    assert first.keys() <= ALLOWED
    # A campaign that does not strike proves nothing.
    assert first[BROKEN] >= kills / 2
    if full_length:
        assert verdict["struck"].keys() >= {"hold_slot", "confirm", "create_incident", "log_note"}
