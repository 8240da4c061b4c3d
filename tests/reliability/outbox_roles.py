"""What the campaign's processes do: enqueue, deliver, or both in one thread; and the receiver. Each may be killed."""

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from contracts.delivery import Destination
from contracts.errors import StateUnavailable
from outbox.backoff import Backoff
from outbox.database import ConstraintViolated
from outbox.store import Outbox
from outbox.worker import Pace, Worker
from tests.reliability import outbox_receiver
from tests.reliability.outbox_boundary import Boundary, strike_at
from tests.reliability.outbox_destination import ReceiverDestination
from tests.reliability.outbox_lines import Lines, read_lines
from tests.reliability.outbox_paper import Paper
from tests.reliability.outbox_state import enqueue, now, open_state, outbox_on, tell_owners

T = TypeVar("T")
THREADS: Final = 2
"""Attempts at a time of one worker process."""
SENDERS: Final = 4
"""Attempts at a time of all workers together."""
KILLED: Final = 128 + signal.SIGKILL
"""Exit code of a process that ended itself at a commit boundary."""
_PAUSE_S: Final = 0.05
_LOOK_S: Final = 0.02


def enqueue_lanes(arguments: Mapping[str, Any]) -> None:
    """Enqueue lanes of documents, one thread each, from where their history ends.

    Arguments: `state`, `name` of the destination, `history` (a file), `lanes`, `papers` per lane, `apart_s` between two
    of a lane, `boundary`.
    """
    outbox = _mortal_outbox(arguments)
    history = Path(arguments["history"])
    acknowledged = Lines(history)
    done = {(line["lane"], line["number"]) for line in read_lines(history)}

    def enqueue_lane(lane: str) -> None:
        for number in range(arguments["papers"]):
            if (lane, number) not in done:
                accept(outbox, Paper(lane, number), arguments["name"], acknowledged)
                time.sleep(arguments["apart_s"])

    threads = [threading.Thread(target=enqueue_lane, args=(lane,)) for lane in arguments["lanes"]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def accept(outbox: Outbox, paper: Paper, destination: str, acknowledged: Lines) -> None:
    """Enqueue a document, however often it takes, and acknowledge it once it is durable.

    It may be there already: the process died after the commit and before the acknowledgement.
    """
    while True:
        try:
            enqueue(outbox, paper.entry(destination))
        except ConstraintViolated:
            break
        except StateUnavailable:
            time.sleep(_PAUSE_S)
        else:
            break
    acknowledged.append(paper.acknowledged())


def deliver(arguments: Mapping[str, Any]) -> None:
    """Deliver with a worker of several threads until killed.

    Arguments: `state`, `name` of the destination, `destination` with its members, `lives` (a file), `boundary`.
    """
    _worker(_mortal_outbox(arguments), arguments, THREADS)
    threading.Event().wait()


def enqueue_and_deliver(arguments: Mapping[str, Any]) -> None:
    """Enqueue a lane, then deliver in one thread until all has ended: its commits come in the same order every time.

    Arguments: as of both others, with one `lane`.
    """
    outbox, name = _mortal_outbox(arguments), arguments["name"]
    history = Path(arguments["history"])
    acknowledged, done = Lines(history), {line["number"] for line in read_lines(history)}
    for number in range(arguments["papers"]):
        if number not in done:
            accept(outbox, Paper(arguments["lane"], number), name, acknowledged)
    _worker(outbox, arguments, 1)
    while any(not count.state.ended for count in _patiently(outbox.counts) if count.destination == name):
        time.sleep(_LOOK_S)


def _mortal_outbox(arguments: Mapping[str, Any]) -> Outbox:
    """Open the outbox, as soon as it can be opened.

    `boundary` is a commit and a moment of it, or None. There this process dies; or, with `there`, it creates the file
    `mark` and "pause" goes on when somebody has removed it, "unheard" is told that the connection has broken.
    """
    database = _patiently(lambda: open_state(arguments["state"]))
    outbox = outbox_on(database)
    if arguments.get("boundary"):
        ends: dict[str, Callable[[], None]] = {
            "die": lambda: _die(Path(arguments["lives"])),
            "pause": lambda: _pause(Path(arguments["mark"])),
            "unheard": lambda: _break(Path(arguments["mark"])),
        }
        strike_at(database, Boundary(*arguments["boundary"]), ends[arguments.get("there", "die")])
    return outbox


def _patiently(begin: Callable[[], T]) -> T:
    while True:
        try:
            return begin()
        except StateUnavailable:
            time.sleep(_PAUSE_S)


def _die(lives: Path) -> None:
    Lines(lives).append({"pid": os.getpid(), "died_at": now().isoformat()})
    os._exit(KILLED)


def _pause(mark: Path) -> None:
    mark.touch()
    while mark.exists():
        time.sleep(_LOOK_S)


def _break(mark: Path) -> None:
    mark.touch()
    raise StateUnavailable("the connection broke during the commit")


def _worker(outbox: Outbox, arguments: Mapping[str, Any], threads: int) -> None:
    """Start a worker; each name under which it works is written down."""
    lives, life = Lines(Path(arguments["lives"])), {"pid": os.getpid(), "started_at": now().isoformat()}
    tell_owners(outbox, lambda owner: lives.append({**life, "owner": owner}))
    destination: Destination = ReceiverDestination(**arguments["destination"])
    backoff = Backoff(first_s=_PAUSE_S, cap_s=4 * _PAUSE_S)
    pace = Pace(threads=threads, limit=SENDERS)
    _patiently(Worker(outbox, {arguments["name"]: destination}, now, backoff, pace).start)


ROLES: Final[Mapping[str, Callable[[dict[str, Any]], None]]] = {
    "enqueue": enqueue_lanes,
    "deliver": deliver,
    "alone": enqueue_and_deliver,
    "receive": outbox_receiver.serve,
}
