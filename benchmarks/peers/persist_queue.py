"""persist-queue's SQLite queue with acknowledgements, at SQLite's default of synchronous=FULL."""

import pickle
import sqlite3
import time
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from persistqueue import SQLiteAckQueue

from benchmarks.peers.rounds import serve

_STATUS = {"ready": 1, "finished": 5}


class Peer:
    """One queue in one file."""

    backlogs: Collection[str] = tuple(_STATUS)

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._queue = SQLiteAckQueue(str(folder))

    def enqueue(self, body: str) -> None:
        """Store one entry."""
        self._queue.put(body)

    def take(self) -> None:
        """Take the oldest entry and acknowledge it; what is acknowledged stays, until somebody clears it."""
        if not self._queue.size:
            raise LookupError
        found = self._queue.get(block=False, raw=True)
        self._queue.ack(id=found["pqid"])

    def fill(self, backlog: str, count: int, body: str) -> None:
        """Store many, ready or acknowledged, and open the queue anew: it counts its entries when it is opened."""
        self._queue.close()
        pickled, now, status = pickle.dumps(body), time.time(), _STATUS[backlog]
        with closing(sqlite3.connect(self._folder / "data.db")) as connection:
            connection.executemany(
                "INSERT INTO ack_queue_default (data, timestamp, status) VALUES (?, ?, ?)",
                ((pickled, now, status) for _ in range(count)),
            )
            connection.commit()
        self._queue = SQLiteAckQueue(str(self._folder))

    def close(self) -> None:
        """Close the file."""
        self._queue.close()


if __name__ == "__main__":
    serve(Peer)
