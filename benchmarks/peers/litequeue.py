"""litequeue as it comes: synchronous=NORMAL, so a loss of power may take acknowledged entries."""

import time
from collections.abc import Collection
from pathlib import Path

from litequeue import LiteQueue

from benchmarks.peers.rounds import serve


class Peer:
    """One queue in one file."""

    backlogs: Collection[str] = ("ready", "finished")

    def __init__(self, folder: Path) -> None:
        self._queue = LiteQueue(folder / "queue.db")

    def enqueue(self, body: str) -> None:
        """Store one entry."""
        self._queue.put(body)

    def take(self) -> None:
        """Lock the oldest message and mark it done."""
        message = self._queue.pop()
        if message is None:
            raise LookupError
        self._queue.done(message.message_id)

    def fill(self, backlog: str, count: int, body: str) -> None:
        """Store many, ready (0) or done (2); their ids sort before those that come later, as its own do."""
        now = time.time_ns()
        status, done = (0, None) if backlog == "ready" else (2, now)
        rows = ((body, f"00000000-{number:08x}", status, now, done, done) for number in range(count))
        connection = self._queue.conn
        connection.execute("BEGIN")
        connection.executemany(f"INSERT INTO {self._queue.table} VALUES (?, ?, ?, ?, ?, ?)", rows)  # noqa: S608
        connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._queue.conn.close()


if __name__ == "__main__":
    serve(Peer)
