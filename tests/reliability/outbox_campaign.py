"""The campaign at random: processes, the receiver and the state's server are killed under load, with every fault on."""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from contracts.delivery import Unknown
from outbox.database import Database
from tests.reliability.outbox_boundary import MOMENTS
from tests.reliability.outbox_history import Judged, Outage, Verdict, judge
from tests.reliability.outbox_lines import read_lines
from tests.reliability.outbox_nursery import Child, Nursery
from tests.reliability.outbox_proxy import FAULTS, Fate
from tests.reliability.outbox_roles import KILLED
from tests.reliability.outbox_scene import Scene, Timing, running_receiver, scene_of
from tests.reliability.outbox_stores import Stopped, Store, opened

TIMING: Final = Timing(delays_s=(0.8, 0.1), longest_s=1.0, settle_s=2.0, timeout_s=0.5)
"""Some requests are committed after their sender has given up, and all long before the outcome counts as settled."""
NAME: Final = "receiver"
WORKERS: Final = 2
DICE: Final[Mapping[Fate, float]] = {"pass": 3.0, **dict.fromkeys(FAULTS, 0.5)}
LANES: Final = ("north", "south", "east", "west")
APART_S: Final = 0.2
_REST_S: Final = 120.0
_MOVING: Final = "SELECT count(*) FROM entry WHERE state IN ('ready', 'in_flight', 'unknown')"
"""What waits behind none of these waits for ever."""
_REFUSED: Final = """SELECT count(*) FROM attempt_outcome
WHERE outcome = 'not sent' AND evidence LIKE '%ConnectionRefusedError%'"""
_REFUSAL_S: Final = 5.0
_VICTIMS: Final = ("worker", "worker at a boundary", "enqueuer", "enqueuer at a boundary", "receiver")


@dataclass
class Campaign:
    """A campaign under way: who lives, who was killed, and since when the server was down.

    Attributes:
        killed: kills by what was killed.
        mortal: whether half of the processes die by themselves, at a commit boundary soon after their start.
    """

    scene: Scene
    store: Store
    database: Database
    chance: random.Random
    killed: Counter[str] = field(default_factory=Counter)
    outages: list[Outage] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    happened: set[str] = field(default_factory=set)
    mortal: bool = True

    def __post_init__(self) -> None:
        self.workers = [self._start_worker() for _ in range(WORKERS)]
        self.enqueuer = self._start_enqueuer()

    def _start_worker(self) -> Child:
        return self.scene.start("deliver", boundary=self._boundary(latest=20))

    def _start_enqueuer(self) -> Child:
        boundary = self._boundary(latest=5)
        return self.scene.start("enqueue", lanes=LANES, papers=10**6, apart_s=APART_S, boundary=boundary)

    def _boundary(self, latest: int) -> tuple[int, str] | None:
        if not self.mortal or self.chance.random() < 0.5:
            return None
        return self.chance.randint(1, latest), self.chance.choice(MOMENTS)

    def missing(self) -> set[str]:
        """Return the faults and victims that have not had their turn; a campaign without them proves nothing."""
        wanted = {*_VICTIMS, *FAULTS, "refusal", *(("server",) if self.store.stop_and_restart else ())}
        return wanted - self.killed.keys() - self.scene.proxy.struck.keys() - self.happened

    def strike(self) -> None:
        """Kill somebody, or refuse connections for a moment."""
        strikes: dict[str, tuple[float, Callable[[], None]]] = {
            "worker": (10, self._kill_worker),
            "enqueuer": (3, self._kill_enqueuer),
            "receiver": (1, self._kill_receiver),
            "refusal": (2, self._refuse),
        }
        if stop := self.store.stop_and_restart:
            strikes["server"] = (1, lambda: self._stop_server(stop))
        self._bury()
        (name,) = self.chance.choices([*strikes], [weight for weight, _ in strikes.values()])
        strikes[name][1]()

    def _bury(self) -> None:
        """Count those that died at a boundary, and replace them."""
        for number, worker in enumerate(self.workers):
            if self._died(worker, "worker"):
                self.workers[number] = self._start_worker()
        if self._died(self.enqueuer, "enqueuer"):
            self.enqueuer = self._start_enqueuer()

    def _died(self, child: Child, name: str) -> bool:
        """Whether it has ended by itself; at a boundary is as it should be."""
        code = child.ended()
        if code == KILLED:
            self.killed[f"{name} at a boundary"] += 1
        elif code is not None:
            self.failed.append(f"failed: a process, {name}, ended with code {code}; see the log")
        return code is not None

    def _kill_worker(self) -> None:
        """Kill one that has begun to work; nobody learns anything from the others."""
        working = {line["pid"] for line in read_lines(self.scene.lives_file) if "owner" in line}
        if numbers := [number for number, worker in enumerate(self.workers) if worker.pid in working]:
            self._replace_worker(self.chance.choice(numbers))

    def _replace_worker(self, number: int) -> None:
        if self.scene.kill(self.workers[number]):
            self.killed["worker"] += 1
        else:
            self._died(self.workers[number], "worker")
        self.workers[number] = self._start_worker()

    def _kill_enqueuer(self) -> None:
        if self.enqueuer.kill():
            self.killed["enqueuer"] += 1
        else:
            self._died(self.enqueuer, "enqueuer")
        self.enqueuer = self._start_enqueuer()

    def _kill_receiver(self) -> None:
        self.killed["receiver"] += self.scene.receiver.kill_and_restart()

    def _refuse(self) -> None:
        """Refuse connections until an attempt has met it."""
        before, until = self.database.read(_REFUSED)[0][0], time.monotonic() + _REFUSAL_S
        self.scene.proxy.refuse()
        while (met := self.database.read(_REFUSED)[0][0]) == before and time.monotonic() < until:
            time.sleep(0.02)
            self._bury()
        self.scene.proxy.admit()
        if met > before:
            self.happened.add("refusal")

    def _stop_server(self, stop: Callable[[random.Random], Stopped]) -> None:
        stopped = stop(self.chance)
        self.outages.append(stopped.outage)
        self.killed["server"] += stopped.times

    def calm(self) -> None:
        """End the faults, the delays and the deaths; let the enqueuer finish what it may have begun."""
        self.scene.proxy.dice = {}
        self.scene.receiver.delays_s = (0, 0)
        self._kill_receiver()
        self.mortal = False
        for number in range(WORKERS):  # nobody lives on who would die at a boundary
            self._replace_worker(number)
        self._kill_enqueuer()
        self.enqueuer.kill()
        last = max((line["number"] for line in read_lines(self.scene.history_file)), default=0)
        finishing = self.scene.start("enqueue", lanes=LANES, papers=last + 2, apart_s=0)
        if code := finishing.wait():
            self.failed.append(f"failed: the enqueuer ended with code {code}; see the log")

    def await_rest(self) -> None:
        """Wait until everything has ended, or for so long that it is stuck."""
        until = time.monotonic() + _REST_S
        while self.database.read(_MOVING)[0][0] and time.monotonic() < until and not self._alone():
            time.sleep(0.05)
        for worker in self.workers:
            self._died(worker, "worker")

    def _alone(self) -> bool:
        return all(worker.ended() is not None for worker in self.workers)


@dataclass(frozen=True, slots=True)
class Rested:
    """A campaign that has come to rest, what happened in it, and what should have happened and did not."""

    judged: Judged
    killed: Counter[str]
    struck: Counter[Fate]
    missing: set[str]


def run_campaign(
    nursery: Nursery, folder: Path, store: Store, kills: int, seed: int, unknown: Unknown = "verify"
) -> Rested:
    """Kill so many times under load, let everything come to rest, and judge; `unknown` is the destination's policy."""
    folder.mkdir()
    with (
        running_receiver(nursery, folder, TIMING, seed) as receiver,
        store.state(folder / "state.db") as state,
        scene_of(nursery, folder, state, NAME, receiver, TIMING, seed, unknown) as scene,
        opened(state) as database,
    ):
        chance = random.Random(seed)  # noqa: S311 - moments to kill at, no secret
        scene.proxy.dice = DICE
        campaign = Campaign(scene, store, database, chance)
        until = time.monotonic() + _REST_S
        while campaign.killed.total() < kills or (campaign.missing() and time.monotonic() < until):
            time.sleep(chance.uniform(0.0, 0.2))
            campaign.strike()
        missing = campaign.missing()
        campaign.calm()
        campaign.await_rest()
        judged = judge(scene.history(database, campaign.killed.total(), campaign.outages))
        for worker in campaign.workers:
            worker.kill()
    return Rested(judged + Judged(Verdict(), campaign.failed), campaign.killed, scene.proxy.struck, missing)
