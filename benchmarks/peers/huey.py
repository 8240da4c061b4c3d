"""huey on SQLite, with fsync: taking a task deletes it, so there is nothing to acknowledge."""

import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from huey import SqliteHuey

from benchmarks.peers.rounds import BACKING_OFF_S, serve


def _deliver(body: str) -> int:
    return len(body)


class Peer:
    """One queue in one file."""

    backlogs: Collection[str] = ("ready", "backing_off")

    def __init__(self, folder: Path) -> None:
        self._huey = SqliteHuey("bench", filename=str(folder / "queue.db"), fsync=True, results=False)
        self._task: Any = self._huey.task()(_deliver)

    def enqueue(self, body: str) -> None:
        """Store one task."""
        self._task(body)

    def take(self) -> None:
        """Take the next task, which deletes it: a crash from here on loses it."""
        if self._huey.dequeue() is None:
            raise LookupError

    def fill(self, backlog: str, count: int, body: str) -> None:
        """Store many, in its queue or in its schedule."""
        message = self._huey.serialize_task(self._task.s(body))
        with self._huey.storage.db(commit=True) as cursor:
            if backlog == "ready":
                sql = "INSERT INTO task (queue, data, priority) VALUES ('bench', ?, ?)"
                cursor.executemany(sql, ((message, 0) for _ in range(count)))
            else:
                sql = "INSERT INTO schedule (queue, data, timestamp) VALUES ('bench', ?, ?)"
                cursor.executemany(sql, ((message, time.time() + BACKING_OFF_S) for _ in range(count)))

    def close(self) -> None:
        """Close the file."""
        self._huey.storage.close()


if __name__ == "__main__":
    serve(Peer)
