"""What the threads that share a commit get of each other: nothing but the commit."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from contracts.errors import StateUnavailable
from outbox.database import Transaction
from outbox.sqlite.database import SqliteDatabase

WAIT_S = 30


def named(name: str) -> Any:
    return lambda tx: tx.execute("INSERT INTO destination (name) VALUES (:name)", {"name": name})


def names(database: SqliteDatabase) -> list[str]:
    return [row["name"] for row in database.read("SELECT name FROM destination ORDER BY name")]


def queued(database: SqliteDatabase, count: int) -> None:
    until = time.monotonic() + WAIT_S
    while len(database._commits._queue) < count:
        assert time.monotonic() < until
        time.sleep(0.001)


def test_a_stop_is_the_business_of_the_thread_that_leads(database: SqliteDatabase) -> None:
    """Ctrl-C ends the leader; the others are told that nothing was written, and the next one is."""

    def stopped(_: Transaction) -> None:
        raise KeyboardInterrupt

    with ThreadPoolExecutor(2) as pool:
        with database.transaction():
            leader = pool.submit(database.write, stopped)
            queued(database, 1)
            follower = pool.submit(database.write, named("behind"))
            queued(database, 2)
        assert isinstance(leader.exception(WAIT_S), KeyboardInterrupt)
        assert isinstance(follower.exception(WAIT_S), StateUnavailable)
        pool.submit(database.write, named("after")).result(WAIT_S)
    assert names(database) == ["after"]


def test_one_commit_for_all_that_wait(database: SqliteDatabase) -> None:
    """However many they are, up to the limit of a commit."""
    commits: list[str] = []
    assert database._writer is not None
    database._writer.set_trace_callback(lambda text: commits.append(text) if text == "COMMIT" else None)
    threads = [threading.Thread(target=database.write, args=(named(f"{number:02}"),)) for number in range(20)]
    with database.transaction():
        for thread in threads:
            thread.start()
        queued(database, len(threads))
    for thread in threads:
        thread.join(WAIT_S)
    assert len(names(database)) == len(threads)
    assert len(commits) == 2  # the block's own, and one for all of them


@pytest.mark.parametrize("count", [1, 70])
def test_nobody_is_left_behind(database: SqliteDatabase, count: int) -> None:
    """More than one commit holds: whoever is left leads the next."""
    with ThreadPoolExecutor(count) as pool:
        with database.transaction():
            done = [pool.submit(database.write, named(f"{number:02}")) for number in range(count)]
            queued(database, count)
        for each in done:
            each.result(WAIT_S)
    assert len(names(database)) == count
