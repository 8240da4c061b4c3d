"""The loop of a peer's process: it reads one request per line, and answers with the seconds that it took.

Only the standard library: this runs in the peers' environment. Requests and answers are JSON objects in one line:
`{"on": "empty", "do": "enqueue", "count": 100}` and `{"seconds": 0.00012}`, of the median entry, or of the whole
filling; null when the peer knows no such thing.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path
from statistics import median
from typing import Final, Protocol

BACKING_OFF_S: Final = 86_400
"""How far ahead the next attempt of an entry is that backs off, in seconds."""


class Peer(Protocol):
    """A queue on one file or database."""

    @property
    def backlogs(self) -> Collection[str]:
        """What can wait in this queue, or stay in it, apart from what is taken: ready, finished, and so on."""
        ...

    def enqueue(self, body: str) -> None:
        """Store one entry; durable on return, as far as the peer is."""
        ...

    def take(self) -> None:
        """Take the next entry, and acknowledge it if the peer knows how; raises LookupError when there is none."""
        ...

    def fill(self, backlog: str, count: int, body: str) -> None:
        """Put so many entries of a backlog into the tables at once, as the peer would store them."""
        ...

    def close(self) -> None:
        """End what runs in the background."""
        ...


def serve(make: Callable[[Path], Peer]) -> None:
    """Serve until the end of standard input; the first argument is a folder, the others are sizes of bodies.

    Args:
        make: opens the peer in an empty folder of its own, one for each backlog.
    """
    folder, body_bytes, waiting_bytes = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    peers: dict[str, Peer] = {}
    for line in sys.stdin:
        request = json.loads(line)
        on, do, count = request["on"], request["do"], request["count"]
        if on not in peers:
            place = folder / on
            place.mkdir(parents=True)
            peers[on] = make(place)
        print(json.dumps({"seconds": _took(peers[on], on, do, count, body_bytes, waiting_bytes)}), flush=True)
    for peer in peers.values():
        peer.close()


def _took(peer: Peer, on: str, do: str, count: int, body_bytes: int, waiting_bytes: int) -> float | None:
    if do == "fill" and on not in peer.backlogs:
        return None
    body = os.urandom((waiting_bytes if do == "fill" else body_bytes) // 2).hex()
    if do == "fill":
        return _seconds(lambda: peer.fill(on, count, body))
    return median(_seconds((lambda: peer.enqueue(body)) if do == "enqueue" else peer.take) for _ in range(count))


def _seconds(call: Callable[[], None]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin
