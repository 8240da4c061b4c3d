"""What is written is durable, in one commit with the job's own, and no chain is gone on with that is uncertain."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from contracts.errors import StateUnavailable
from outbox.database import ConstraintViolated, Transaction
from shim.audit import pruning
from shim.audit.chains import Pool
from shim.audit.log import Append, AuditLog
from tests.unit.shim.audit.record import Record, asked


class Flaky:
    """A database whose next commit ends as it is told."""

    def __init__(self, audit: Record) -> None:
        self._real = audit.database
        self.ends: list[str] = []

    def write(self, job: Callable[[Transaction], Any]) -> Any:
        end = self.ends.pop(0) if self.ends else "well"
        if end == "twice":
            with suppress(InterruptedError), self._real.transaction() as tx:
                job(tx)
                raise InterruptedError
        if end == "not":
            raise StateUnavailable("the disk is full")
        result = self._real.write(job)
        if end == "unheard":
            raise StateUnavailable("nobody knows whether the state was written")
        return result

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def test_a_row_is_there_when_write_returns(audit: Record) -> None:
    """Each event has its place in one chain, with its time."""
    audit.log().write(asked(), asked(contract="list_upcoming"))
    rows = audit.rows()
    assert [row["n"] for row in rows] == [1, 2]
    assert {row["chain"] for row in rows} == {rows[0]["chain"]}
    assert [row["contract"] for row in rows] == ["find_patient", "list_upcoming"]
    assert {row["at"] for row in rows} == {int(audit.clock().timestamp() * 1000)}


def test_an_event_is_committed_with_the_job_or_not_at_all(audit: Record) -> None:
    """What the job raises undoes both, and the chain goes on where it was."""
    log = audit.write(1)

    def failing(tx: Transaction, append: Append) -> None:
        append(asked())
        tx.execute("INSERT INTO alert (id) VALUES ('half')")

    def refusing(_tx: Transaction, append: Append) -> None:
        append(asked())
        raise KeyError("no")

    with pytest.raises(ConstraintViolated):
        log.write_with(failing)
    with pytest.raises(KeyError):
        log.write_with(refusing)
    assert len(audit.rows()) == 1

    def saying(_tx: Transaction, append: Append) -> str:
        append(asked())
        return "said"

    assert log.write_with(saying) == "said"
    assert [row["n"] for row in audit.rows()] == [1, 2]
    assert not audit.verify(with_file=False).found


def test_a_job_that_is_run_twice_leaves_one_row(audit: Record) -> None:
    """Each run begins where the chain was before."""
    flaky = Flaky(audit)
    log = AuditLog(flaky, audit.clock)
    log.write(asked())
    flaky.ends = ["twice"]
    log.write(asked())
    assert [row["n"] for row in audit.rows()] == [1, 2]
    assert not audit.verify(with_file=False).found


@pytest.mark.parametrize("end", ["not", "unheard"])
def test_a_chain_whose_commit_is_uncertain_is_left(audit: Record, end: str) -> None:
    """Whether the row is there or not, both chains verify."""
    flaky = Flaky(audit)
    log = AuditLog(flaky, audit.clock)
    log.write(asked())
    flaky.ends = [end]
    with pytest.raises(StateUnavailable):
        log.write(asked())
    log.write(asked())
    rows = audit.rows()
    assert len({row["chain"] for row in rows}) == 2
    assert len(rows) == (2 if end == "not" else 3)
    assert not audit.verify(with_file=False).found


def test_a_chain_that_somebody_else_has_gone_on_with_is_left(audit: Record) -> None:
    """As a copied process would: the row is refused, and the next one stands elsewhere."""
    log = audit.write(1)
    (chain,) = log._pool._free
    with audit.database.transaction() as tx:
        chain.append(tx, asked(), 1)
    with pytest.raises(ConstraintViolated):
        log.write(asked())
    log.write(asked())
    assert len({row["chain"] for row in audit.rows()}) == 2


def test_writes_at_the_same_time_wait_for_nobody(audit: Record) -> None:
    """Each has a chain of its own, and later ones take those that are free."""
    log, together = audit.log(), threading.Barrier(4)

    def job(_tx: Transaction, append: Append) -> None:
        append(asked())

    def many() -> None:
        together.wait(30)
        for _ in range(20):
            log.write_with(job)

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(audit.rows()) == 80
    assert 1 <= len({row["chain"] for row in audit.rows()}) <= 4
    assert not audit.verify(with_file=False).found


def test_a_forked_process_begins_chains_of_its_own() -> None:
    """Its parent goes on with those that it had."""
    pool = Pool()
    pool.give_back(pool.borrow())
    mine = pool.borrow()
    pool.give_back(mine)
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writing, pool.borrow().id.encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reading, 100).decode()
    os.close(reading)
    os.close(writing)
    assert len(theirs) == 16
    assert theirs != mine.id
    assert pool.borrow() == mine


def test_commands_share_a_chain(audit: Record) -> None:
    """Each is a process of its own, and would else leave a chain of its own."""
    for _ in range(3):
        audit.log().write_shared(asked(client=None, actor="beheer"))
    with audit.database.transaction() as tx:
        audit.log().within(tx, asked())
    rows = audit.rows()
    assert [row["n"] for row in rows] == [1, 2, 3, 4]
    assert rows[0]["chain"].startswith("shared-")
    assert not audit.verify(with_file=False).found


@pytest.mark.parametrize("statement", ["UPDATE audit_event SET n = n", "DELETE FROM audit_event"])
@pytest.mark.parametrize("table", ["audit_event", "audit_checkpoint", "audit_anchor"])
def test_the_database_itself_refuses_changes(audit: Record, table: str, statement: str) -> None:
    """An accident is stopped; who drops the trigger is found."""
    log = audit.write(2)
    audit.checkpoint()
    cuts, _ = pruning.plan(audit.database, audit.trusted, 2**62)
    pruning.prune(audit.database, audit.signer, cuts, 0)
    audit.write(1, log)  # after an anchor in its own chain
    column = "number" if table == "audit_checkpoint" else "n"
    with pytest.raises(ConstraintViolated), audit.database.transaction() as tx:
        tx.execute(statement.replace("audit_event", table).replace("n = n", f"{column} = {column}"))
    assert audit.database.read(f"SELECT 1 FROM {table}")  # noqa: S608
