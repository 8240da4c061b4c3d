"""The scene of a campaign: one state, the receiver behind its proxy, and the files that its history is read from."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from contracts.delivery import Unknown
from outbox.database import Database
from simulators.process import lasting_port
from tests.reliability.outbox_history import Attempted, History, Kept, Life, Outage
from tests.reliability.outbox_lines import Lines, read_lines
from tests.reliability.outbox_nursery import Child, Nursery
from tests.reliability.outbox_paper import accepted
from tests.reliability.outbox_proxy import FaultyProxy, faulty_proxy_to

_STATES: Final = "SELECT reference, state FROM entry WHERE destination = :name"
_ATTEMPTS: Final = """SELECT e.reference, a.action, a.owner, a.started_at, o.outcome, o.ended_at
FROM attempt a JOIN entry e ON e.seq = a.entry_seq
LEFT JOIN attempt_outcome o ON o.entry_seq = a.entry_seq AND o.step = a.step WHERE e.destination = :name"""


@dataclass(frozen=True, slots=True)
class Timing:
    """How slow the receiver is, in seconds: bounds of its delays before and after a commit, and what follows from them.

    Attributes:
        longest_s: age of a request after which the receiver does not commit it any more.
        settle_s: what the destination declares; longer than that by the time that a commit itself may take.
    """

    delays_s: tuple[float, float]
    longest_s: float
    settle_s: float
    timeout_s: float


class ReceiverProcess:
    """The receiver, which may be killed as well; it comes back on its port with its ledger.

    `delays_s` may be changed; it holds from the next start.
    """

    def __init__(self, nursery: Nursery, folder: Path, timing: Timing, seed: int) -> None:
        self.port, self.ledger = lasting_port(), folder / "ledger"
        self.delays_s = timing.delays_s
        self._nursery, self._seed = nursery, seed
        self._child = self._start()

    def _start(self) -> Child:
        arguments = {"port": self.port, "ledger": str(self.ledger), "delays_s": self.delays_s, "seed": self._seed}
        return self._nursery.start("receive", **arguments)

    def kill_and_restart(self) -> bool:
        killed = self._child.kill()
        self._child = self._start()
        return killed

    def kill(self) -> None:
        self._child.kill()


@dataclass(frozen=True)
class Scene:
    """One destination's way from a state to the receiver."""

    nursery: Nursery
    folder: Path
    state: str
    name: str
    proxy: FaultyProxy
    receiver: ReceiverProcess
    timing: Timing
    unknown: Unknown = "verify"

    @property
    def history_file(self) -> Path:
        """Acknowledged enqueues."""
        return self.folder / f"{self.name}.accepted"

    @property
    def lives_file(self) -> Path:
        """Births and deaths of workers."""
        return self.folder / f"{self.name}.lives"

    def start(self, role: str, **arguments: Any) -> Child:
        """Start a process on this scene."""
        timing = self.timing
        destination = {
            "port": self.proxy.port,
            "settle_s": timing.settle_s,
            "longest_s": timing.longest_s,
            "timeout_s": timing.timeout_s,
            "unknown": self.unknown,
        }
        known = {
            "state": self.state,
            "name": self.name,
            "destination": destination,
            "history": str(self.history_file),
            "lives": str(self.lives_file),
        }
        return self.nursery.start(role, **known, **arguments)

    def kill(self, worker: Child) -> bool:
        """Kill a worker and write down when."""
        died_at = datetime.now(UTC).isoformat()
        killed = worker.kill()
        if killed:
            lives = Lines(self.lives_file)
            lives.append({"pid": worker.pid, "died_at": died_at})
            lives.close()
        return killed

    def history(self, database: Database, kills: int, outages: Iterable[Outage] = ()) -> History:
        """Collect what is known of this destination."""
        papers = tuple(map(accepted, read_lines(self.history_file)))
        known = {paper.reference for paper in papers}
        states: dict[str, str] = {row[0]: row[1] for row in database.read(_STATES, name=self.name)}
        ledger = (line for line in read_lines(self.receiver.ledger) if line["reference"] in known | states.keys())
        return History(
            accepted=papers,
            attempts=tuple(map(_attempted, database.read(_ATTEMPTS, name=self.name))),
            ledger=tuple(map(_kept, ledger)),
            states=states,
            lives=tuple(_lives(read_lines(self.lives_file))),
            outages=tuple(outages),
            kills=kills,
        )


@contextmanager
def running_receiver(nursery: Nursery, folder: Path, timing: Timing, seed: int) -> Iterator[ReceiverProcess]:
    """Run the receiver until the end of the block."""
    receiver = ReceiverProcess(nursery, folder, timing, seed)
    try:
        yield receiver
    finally:
        receiver.kill()


@contextmanager
def scene_of(
    nursery: Nursery,
    folder: Path,
    state: str,
    name: str,
    receiver: ReceiverProcess,
    timing: Timing,
    seed: int,
    unknown: Unknown = "verify",
) -> Iterator[Scene]:
    """Set a scene with a proxy of its own."""
    with faulty_proxy_to(receiver.port, seed) as proxy:
        yield Scene(nursery, folder, state, name, proxy, receiver, timing, unknown)


def _attempted(row: Any) -> Attempted:
    reference, action, owner, started_at, outcome, ended_at = row
    return Attempted(reference, action, owner, _moment(started_at), outcome, ended_at and _moment(ended_at))


def _kept(line: dict[str, Any]) -> Kept:
    reported_at = datetime.fromisoformat(line["reported_at"])
    return Kept(line["sequence"], line["reference"], line["key"], line["sha256"], reported_at)


def _lives(lines: Iterable[dict[str, Any]]) -> Iterator[Life]:
    """Join what is told of each process by its id; an id may be used again, at another time."""
    owners: dict[tuple[int, str], set[str]] = defaultdict(set)
    latest: dict[int, tuple[int, str]] = {}
    died: dict[tuple[int, str], str] = {}
    for line in lines:
        if "owner" in line:
            latest[line["pid"]] = process = (line["pid"], line["started_at"])
            owners[process].add(line["owner"])
        elif line["pid"] in latest:  # else it died before it worked
            died[latest.pop(line["pid"])] = line["died_at"]
    for process, names in owners.items():
        died_at = datetime.fromisoformat(died[process]) if process in died else None
        yield Life(frozenset(names), datetime.fromisoformat(process[1]), died_at)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
