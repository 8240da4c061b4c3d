"""Commits and locks, on SQLite and on PostgreSQL, and that each understands every statement."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from outbox.database import ConstraintViolated, Transaction
from outbox.statements import Statement, Statements, named
from tests.conformance.outbox_steps import PATIENCE_S, THREADS, at_once, each
from tests.conformance.outbox_store import Store
from tests.unit.outbox.test_statements import EVERY, parameters


def test_a_job_that_fails_undoes_itself_only(store: Store) -> None:
    """Jobs may share a commit: each is durable or not by itself, and gets its own answer."""
    database = store.open()
    numbers = list(range(24))
    random.Random(5).shuffle(numbers)  # noqa: S311 - an order, no secret

    def job(number: int) -> Callable[[Transaction], int]:
        def write(tx: Transaction) -> int:
            tx.execute(
                "INSERT INTO destination (name, outage_ms) VALUES (:name, :n)", {"name": f"d{number}", "n": number}
            )
            if number % 3 == 1:
                raise LookupError(number)
            if number % 3 == 2:
                tx.execute("INSERT INTO destination (name) VALUES (:name)", {"name": f"d{number}"})
            return number

        return write

    def write(number: int) -> Any:
        try:
            return database.write(job(number))
        except (LookupError, ConstraintViolated) as error:
            return type(error)

    with ThreadPoolExecutor(len(numbers)) as threads:
        with database.transaction():  # they queue up behind this one, where there is one writer
            written = {number: threads.submit(write, number) for number in numbers}
        told = {number: made.result(PATIENCE_S) for number, made in written.items()}
    assert told == {n: (n, LookupError, ConstraintViolated)[n % 3] for n in numbers}
    stored = {row["outage_ms"] for row in store.open().read("SELECT outage_ms FROM destination")}
    assert stored == {number for number in numbers if number % 3 == 0}


def test_a_block_that_fails_undoes_itself(store: Store) -> None:
    """Its own exception passes, and the next one starts clean."""
    database = store.open()
    with pytest.raises(LookupError), database.transaction() as tx:
        fail_within(tx)
    with pytest.raises(LookupError):
        database.write(fail_within)
    assert database.read("SELECT * FROM destination") == []
    database.write(lambda tx: tx.execute("INSERT INTO destination (name) VALUES ('planon')"))
    assert [dict(row)["name"] for row in store.open().read("SELECT name FROM destination")] == ["planon"]


def fail_within(tx: Transaction) -> None:
    tx.execute("INSERT INTO destination (name) VALUES ('planon')")
    raise LookupError


def test_a_lock_is_held_by_one_and_shows_what_its_last_holder_wrote(store: Store) -> None:
    """Counting and writing under it is one step for all threads and processes."""
    views = [store.open() for _ in range(2)]

    def count_up(tx: Transaction) -> None:
        tx.lock("numbers", "planon")
        (so_far,) = tx.execute("SELECT COUNT(*) AS n FROM destination").fetchone()
        tx.execute("INSERT INTO destination (name) VALUES (:name)", {"name": f"d{so_far}"})

    def count(number: int) -> None:
        for _ in range(5):
            views[number % 2].write(count_up)

    at_once(*each(count))
    assert len(views[0].read("SELECT * FROM destination")) == THREADS * 5


class Undone(Exception):
    """Ends a transaction that is not to be kept."""


@pytest.mark.parametrize(("package", "file"), EVERY)
def test_every_statement_is_understood(store: Store, package: str, file: str) -> None:
    """Also where no parameter has a value; what cannot be stored then is refused as such."""
    database = store.open()
    statements = Statements(package, file)
    for name in named(package, store.dialect, file):
        with pytest.raises((Undone, ConstraintViolated)), database.transaction() as tx:
            run_and_undo(tx, statements[name])


def run_and_undo(tx: Transaction, statement: Statement) -> None:
    tx.execute(statement, dict.fromkeys(parameters(statement.sqlite)))
    raise Undone
