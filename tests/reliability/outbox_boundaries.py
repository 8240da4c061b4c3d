"""Deaths at every enumerated commit boundary of a short run that always commits in the same order.

The run enqueues and delivers; its proxy loses a request, a reply, half of a reply. Each run dies twice, the second time
while it recovers from the first, and is then let alone.
"""

import contextlib
import itertools
import random
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tests.reliability.outbox_boundary import MOMENTS, Moment
from tests.reliability.outbox_history import Judged, Outage, judge
from tests.reliability.outbox_nursery import Child, Nursery
from tests.reliability.outbox_proxy import Fate
from tests.reliability.outbox_roles import KILLED
from tests.reliability.outbox_scene import Scene, Timing, running_receiver, scene_of
from tests.reliability.outbox_stores import Store, opened

SCRIPT: Final[tuple[Fate, ...]] = ("cut", "pass", "pass", "swallow", "pass", "truncate", "reset", "halve")
PAPERS: Final = 6
LATEST_SECOND: Final = 5
SIDE_BY_SIDE: Final = 3
_UNHEARD_S: Final = 20.0
_LOOK_S: Final = 0.01
TIMING: Final = Timing(delays_s=(0, 0), longest_s=60, settle_s=0.05, timeout_s=60)
"""A thread that dies at a boundary has no request on its way, and what is cut off was committed before: nothing needs
time to settle, and no limit is reached on a slow machine."""


@dataclass(frozen=True, slots=True)
class Boundaries:
    """What was enumerated: judgements, faults by name, and how many commits the run has, by moment."""

    judged: Judged
    struck: Counter[Fate]
    commits: dict[Moment, int]


@dataclass(frozen=True, slots=True)
class Unheard:
    """So many commits of which nobody heard, and what became of the runs."""

    judged: Judged
    commits: int


def die_everywhere(nursery: Nursery, folder: Path, store: Store, seconds: int, every: int = 1) -> Boundaries:
    """Die at every boundary of the run, and a second time while it recovers.

    With `seconds` 1 a run's second death is at its recovery's first, second, … commit in turn; with more, each boundary
    has so many runs, one for each commit of the recovery; with 0 there is none. With `every` 3 each moment has every
    third commit, and another third.
    """

    def die_at_all(moment: Moment) -> tuple[Judged, Counter[Fate], int]:
        judged = Judged.of_none()
        with a_scene(nursery, folder / f"{store.name}-{moment}", store, moment) as scene:
            for commit in itertools.count(1 + MOMENTS.index(moment) % every, every):
                runs = [_die_and_recover(scene, moment, commit, again) for again in _seconds(commit, seconds)]
                judged = sum(runs, judged)
                if not runs[-1].verdict.kills:
                    return judged, scene.proxy.struck, commit - every
        raise AssertionError  # there is always another commit

    with ThreadPoolExecutor(len(MOMENTS)) as pool:
        runs = dict(zip(MOMENTS, pool.map(die_at_all, MOMENTS), strict=True))
    whole = sum((judged for judged, _, _ in runs.values()), Judged.of_none())
    struck = sum((counted for _, counted, _ in runs.values()), Counter[Fate]())
    return Boundaries(whole, struck, {moment: commits for moment, (_, _, commits) in runs.items()})


def stop_server_everywhere(nursery: Nursery, folder: Path, store: Store, every: int) -> Judged:
    """Stop the state's server, if it has one, at every boundary, or at every third, …; the process lives on."""
    if (stop := store.stop_and_restart) is None:
        return Judged.of_none()
    judged, chance = Judged.of_none(), random.Random(0)  # noqa: S311 - how a server ends, no secret
    with a_scene(nursery, folder / f"{store.name}-stops", store, "stops") as scene:
        for number in itertools.count(1, every):
            commit, moment = 1 + number // len(MOMENTS), MOMENTS[number % len(MOMENTS)]
            run, mark, child = _marked(scene, "pause", commit, moment)
            while child.ended() is None and not mark.exists():
                time.sleep(_LOOK_S)
            if not mark.exists():
                return judged
            stopped = stop(chance)
            mark.unlink()
            judged += _judged(run, child.wait(), stopped.times, stopped.outage)
    raise AssertionError  # there is always another commit


def go_unheard_everywhere(nursery: Nursery, folder: Path, store: Store, every: int) -> Unheard:
    """Break the connection during every commit of the run, or every third, …: it is made, and nobody hears of it."""

    def break_all(first: int) -> Unheard:
        judged = Judged.of_none()
        with a_scene(nursery, folder / f"{store.name}-unheard-{first}", store, "unheard") as scene:
            for commits, commit in enumerate(itertools.count(first, every * SIDE_BY_SIDE)):
                run, mark, child = _marked(scene, "unheard", commit, "after")
                with contextlib.suppress(TimeoutError):  # it is stuck, and will be judged so
                    child.wait(_UNHEARD_S)
                if not mark.exists():
                    return Unheard(judged, commits)
                judged += _judged(run, 0, 0)
        raise AssertionError  # there is always another commit

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        parts = list(pool.map(break_all, range(1, 1 + every * SIDE_BY_SIDE, every)))
    return Unheard(sum((part.judged for part in parts), Judged.of_none()), sum(part.commits for part in parts))


@contextlib.contextmanager
def a_scene(nursery: Nursery, folder: Path, store: Store, name: str) -> Iterator[Scene]:
    """Set a scene in a folder of its own."""
    folder.mkdir()
    with (
        running_receiver(nursery, folder, TIMING, seed=0) as receiver,
        store.state(folder / "state.db") as state,
        scene_of(nursery, folder, state, name, receiver, TIMING, seed=0) as scene,
    ):
        yield scene


def _die_and_recover(scene: Scene, moment: Moment, commit: int, again: int | None) -> Judged:
    """Run until the death, again until the second one, and then to the end."""
    run = _run(scene, f"{moment}-{commit}-{again}")
    kills, code = 0, KILLED
    for boundary in ((commit, moment), (again, moment) if again else None, None):
        if code == KILLED:
            code = run.start("alone", lane=run.name, papers=PAPERS, boundary=boundary).wait()
            kills += code == KILLED
    return _judged(run, code, kills)


def _marked(scene: Scene, there: str, commit: int, moment: Moment) -> tuple[Scene, Path, Child]:
    """Start a run that makes a mark at a boundary; without one it had fewer commits."""
    run = _run(scene, f"{there}-{commit}-{moment}")
    mark = run.folder / run.name
    child = run.start("alone", lane=run.name, papers=PAPERS, boundary=(commit, moment), there=there, mark=str(mark))
    return run, mark, child


def _run(scene: Scene, name: str) -> Scene:
    """Give a run its own destination, and the proxy its script."""
    scene.proxy.script = deque(SCRIPT)
    return replace(scene, name=name)


def _judged(run: Scene, code: int, kills: int, *outages: Outage) -> Judged:
    if code:
        raise RuntimeError(f"{run.name} ended with code {code}; see the log")
    with opened(run.state) as database:
        return judge(run.history(database, kills, outages))


def _seconds(commit: int, seconds: int) -> Iterable[int | None]:
    if seconds > 1:
        return range(1, seconds + 1)
    return [commit % LATEST_SECOND + 1 if seconds else None]
