"""Sessions of PostgreSQL die, are too many, or are forked: nobody who writes has to know."""

import select
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from contracts.errors import StateUnavailable
from outbox.database import Transaction
from outbox.postgresql import connections
from outbox.postgresql.connections import MOST
from outbox.postgresql.database import PostgresqlDatabase
from tests.integration.outbox.conftest import Superuser, with_settings

ROOT = Path(__file__).parents[3]
PATIENCE_S = 30
OTHERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'legacy-shim'"


def keep(number: int) -> Callable[[Transaction], int]:
    def job(tx: Transaction) -> int:
        tx.execute("INSERT INTO kept (n) VALUES (:n)", {"n": number})
        return number

    return job


def hold_transactions(state: PostgresqlDatabase, many: int) -> None:
    """Have so many transactions open at once, so that as many connections are idle afterwards."""
    together = threading.Barrier(many)

    def wait() -> None:
        with state.transaction():
            together.wait(PATIENCE_S)

    with ThreadPoolExecutor(many) as threads:
        for waited in [threads.submit(wait) for _ in range(many)]:
            waited.result()


@pytest.mark.parametrize("how", ["write", "transaction", "read"])
def test_sessions_that_ended_while_idle_cost_nothing(state: PostgresqlDatabase, superuser: Superuser, how: str) -> None:
    """The server was restarted, or a firewall forgot them: the first statement afterwards is as good as any."""
    hold_transactions(state, 3)
    idle = list(state._connections._idle)
    assert len(idle) == 3
    for (pid,) in superuser(OTHERS):
        superuser("SELECT pg_terminate_backend(%s)", pid)
    for connection in idle:
        assert select.select([connection.fileno()], [], [], PATIENCE_S)[0]
    if how == "write":
        state.write(keep(1))
    elif how == "transaction":
        with state.transaction() as tx:
            keep(1)(tx)
    else:
        assert [row["n"] for row in state.read("SELECT 1 AS n")] == [1]
    assert len(superuser(OTHERS)) == 1


def test_a_session_that_ends_before_the_commit_costs_nothing(state: PostgresqlDatabase, superuser: Superuser) -> None:
    """Nothing of the job has happened, so it is run again."""
    runs: list[int] = []

    def job(tx: Transaction) -> None:
        runs.append(1)
        keep(1)(tx)
        if len(runs) == 1:
            tx.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    state.write(job)
    assert (len(runs), superuser("SELECT n FROM kept")) == (2, [(1,)])


def test_a_session_that_ends_within_the_commit_leaves_a_doubt(state: PostgresqlDatabase, superuser: Superuser) -> None:
    """Nobody can tell whether it was committed: the job is not run again, and its caller is told."""
    superuser("CREATE TABLE cursed (n BIGINT)")
    superuser(
        "CREATE FUNCTION curse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
    )
    superuser(
        "CREATE CONSTRAINT TRIGGER cursed AFTER INSERT ON cursed DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION curse()"
    )
    runs: list[int] = []

    def job(tx: Transaction) -> None:
        runs.append(1)
        tx.execute("INSERT INTO cursed VALUES (1)")

    with pytest.raises(StateUnavailable, match="nobody knows"):
        state.write(job)
    with pytest.raises(StateUnavailable, match="nobody knows"), state.transaction() as tx:
        job(tx)
    assert len(runs) == 2
    state.write(keep(1))


def test_a_job_that_meets_a_conflict_is_run_again(state: PostgresqlDatabase, superuser: Superuser) -> None:
    """Two jobs that wait for each other: PostgreSQL ends one, and both are written in the end."""
    superuser("INSERT INTO kept (n) VALUES (1), (2)")
    both = threading.Barrier(2)
    runs: list[int] = []

    def job(first: int, second: int) -> Callable[[Transaction], None]:
        def change(tx: Transaction) -> None:
            runs.append(first)
            tx.execute("UPDATE kept SET said = 'yes' WHERE n = :n", {"n": first})
            if len(runs) <= 2:
                both.wait(PATIENCE_S)
            tx.execute("UPDATE kept SET said = 'yes' WHERE n = :n", {"n": second})

        return change

    with ThreadPoolExecutor(2) as threads:
        for written in [threads.submit(state.write, job(1, 2)), threads.submit(state.write, job(2, 1))]:
            written.result()
    assert len(runs) >= 3  # the one that was ended may be faster again, and meet the other once more


def test_a_process_has_few_sessions(state: PostgresqlDatabase, superuser: Superuser) -> None:
    """Forty threads write through no more than sixteen; none waits for itself when it reads within a transaction."""
    together = threading.Barrier(MOST)

    def write(number: int) -> None:
        with state.transaction() as tx:
            keep(number)(tx)
            if number < MOST:
                together.wait(PATIENCE_S)  # all of them are lent now
            assert state.read("SELECT COUNT(*) AS n FROM kept WHERE n < 0")[0]["n"] == 0

    with ThreadPoolExecutor(40) as threads:
        for written in [threads.submit(write, number) for number in range(40)]:
            written.result()
    assert superuser("SELECT COUNT(*) FROM kept") == [(40,)]
    hold_transactions(state, MOST)
    assert len(superuser(OTHERS)) <= 2 * MOST


def test_who_waits_too_long_for_a_session_is_told(
    state: PostgresqlDatabase, monkeypatch: pytest.MonkeyPatch, superuser: Superuser
) -> None:
    """A clear refusal instead of a thread that waits for ever; it goes on by itself."""
    del superuser
    monkeypatch.setattr(connections, "WAIT_S", 0.05)
    refused: list[StateUnavailable] = []
    together, over = threading.Barrier(MOST + 1), threading.Event()

    def hold() -> None:
        with state.transaction():
            together.wait(PATIENCE_S)
            assert over.wait(PATIENCE_S)

    with ThreadPoolExecutor(MOST) as threads:
        holding = [threads.submit(hold) for _ in range(MOST)]
        together.wait(PATIENCE_S)
        try:
            state.write(keep(1))
        except StateUnavailable as error:
            refused.append(error)
        over.set()
        for held in holding:
            held.result()
    assert "in use" in str(refused[0])
    state.write(keep(1))


def test_a_server_without_room_refuses_and_recovers(url: str, superuser: Superuser) -> None:
    """Too many sessions are a 503 for those who come too late, and for nobody else."""
    (database,) = superuser("SELECT current_database()")[0]
    superuser("CREATE ROLE narrow LOGIN PASSWORD 'narrow' CONNECTION LIMIT 2")
    superuser(f"GRANT ALL ON DATABASE {database} TO narrow; GRANT ALL ON kept TO narrow")
    host = url.rpartition("@")[2]
    state = PostgresqlDatabase(f"postgresql://narrow:narrow@{host}", [])
    try:
        with state.transaction(), ThreadPoolExecutor(1) as threads:
            assert threads.submit(state.write, keep(1)).result() == 1
            with pytest.raises(StateUnavailable, match="too many connections"):
                threads.submit(refused_beside, state).result()
        state.write(keep(3))
    finally:
        state.close()
        superuser("DROP OWNED BY narrow; DROP ROLE narrow")


def refused_beside(state: PostgresqlDatabase) -> None:
    with state.transaction():
        state.write(keep(2))


@pytest.mark.parametrize(
    ("settings", "statement", "said"),
    [
        ({"lock_timeout": "100ms"}, "UPDATE kept SET said = 'late' WHERE n = 1", "lock timeout"),
        ({"statement_timeout": "100ms"}, "SELECT pg_sleep(60)", "statement timeout"),
    ],
)
def test_nothing_waits_for_ever(
    url: str, superuser: Superuser, settings: dict[str, str], statement: str, said: str
) -> None:
    """A statement has its time; it is not run again and again, and its session is still good."""
    superuser("INSERT INTO kept (n) VALUES (1)")
    state = PostgresqlDatabase(with_settings(url, settings), [])
    superuser("BEGIN")
    superuser("UPDATE kept SET said = 'first'")
    runs: list[int] = []

    def job(tx: Transaction) -> None:
        runs.append(1)
        tx.execute(statement)

    with pytest.raises(StateUnavailable, match=said):
        state.write(job)
    superuser("COMMIT")
    state.write(keep(2))
    assert (len(runs), len(state._connections._idle)) == (1, 1)
    state.close()


FORKING = """
import os, sys
from outbox.postgresql.database import PostgresqlDatabase

def session():
    return state.read("SELECT pg_backend_pid() AS pid")[0]["pid"]

state = PostgresqlDatabase(sys.argv[1], [])
before = session()
child = os.fork()
if not child:
    own = session()
    state.close()
    os._exit(0 if own != before else 1)
ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(ended, session() == before)
state.close()
"""


def test_a_fork_has_sessions_of_its_own(url: str) -> None:
    """A child neither uses nor ends its parent's."""
    made = subprocess.run(
        [sys.executable, "-c", FORKING, url], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert made.stdout == "0 True\n", made.stderr
