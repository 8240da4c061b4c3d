"""What PostgreSQL refuses is told in one line without a row's values, and nothing half-written stays."""

import logging
import threading
import traceback
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from contracts.errors import StateUnavailable
from outbox.database import ConstraintViolated, DurabilityError, NewerSchemaError, Transaction, open_database
from outbox.postgresql.database import PostgresqlDatabase
from outbox.store import PACKAGE
from simulators.postgresql.server import PostgresServer
from simulators.process import free_port
from tests.integration.outbox.conftest import Superuser, with_settings

SECRET = "kraan-lekt-bij-van-der-Veen"
KEEP = "INSERT INTO kept (n, said) VALUES (:n, :said)"


def told(error: BaseException) -> str:
    """Everything that a log would show of an error."""
    return "".join(traceback.format_exception(error)) + repr(error)


@pytest.mark.parametrize(
    ("statement", "values", "names"),
    [
        (KEEP, {"n": 1, "said": SECRET}, "kept_pkey"),
        ("INSERT INTO kept (n, said) VALUES (NULL, :said)", {"said": SECRET}, '"n"'),
        ("INSERT INTO refused VALUES (:said)", {"said": SECRET}, "refused_said_check"),
        ("INSERT INTO referring VALUES (2, :said)", {"said": SECRET}, "referring_n_fkey"),
        ("UPDATE frozen SET said = :said", {"said": SECRET}, "it never changes"),
        ("INSERT INTO kept (n) VALUES (CAST(:said AS bigint))", {"said": SECRET}, "InvalidTextRepresentation"),
    ],
)
def test_what_is_not_allowed_is_told_without_values(
    state: PostgresqlDatabase, superuser: Superuser, statement: str, values: Mapping[str, Any], names: str
) -> None:
    """The server's details quote the whole row; neither the error nor its traceback does."""
    superuser("INSERT INTO kept VALUES (1, 'x')")
    superuser("CREATE TABLE IF NOT EXISTS refused (said TEXT CHECK (length(said) < 3))")
    superuser("CREATE TABLE IF NOT EXISTS referring (n BIGINT REFERENCES kept, said TEXT)")
    superuser("CREATE TABLE IF NOT EXISTS frozen AS SELECT 'x' AS said")
    superuser(
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$"
    )
    superuser(
        "CREATE OR REPLACE TRIGGER frozen BEFORE UPDATE ON frozen FOR EACH ROW "
        "EXECUTE FUNCTION refuse('it never changes')"
    )
    with pytest.raises(ConstraintViolated) as written:
        state.write(lambda tx: tx.execute(statement, values))
    with pytest.raises(ConstraintViolated) as in_block, state.transaction() as tx:
        tx.execute(statement, values)
    for refused in (written.value, in_block.value):
        assert names in str(refused)
        assert SECRET not in told(refused)


def test_a_full_disk_refuses_and_recovers(state: PostgresqlDatabase, superuser: Superuser) -> None:
    """A clear error with nothing half-written; with room again it goes on."""
    superuser("CREATE TABLE full_disk (n BIGINT)")
    superuser(
        "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$"
    )
    superuser("CREATE TRIGGER full_disk BEFORE INSERT ON full_disk FOR EACH ROW EXECUTE FUNCTION fill()")

    def job(tx: Transaction) -> None:
        tx.execute(KEEP, {"n": 1, "said": "x"})
        tx.execute("INSERT INTO full_disk VALUES (1)")

    with pytest.raises(StateUnavailable, match="No space left") as refused:
        state.write(job)
    assert refused.value.retry_after_s == 5
    assert superuser("SELECT n FROM kept") == []
    superuser("DROP TRIGGER full_disk ON full_disk")
    state.write(job)


def test_a_server_that_only_reads_is_none(url: str, state: PostgresqlDatabase, superuser: Superuser) -> None:
    """A standby, or one that was made read-only: refused, and taken again when it may be written."""
    (database,) = superuser("SELECT current_database()")[0]
    superuser(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    try:
        with pytest.raises(StateUnavailable, match="read-only"):
            PostgresqlDatabase(url, [])
        # A session from before; its server leads no more.
        with pytest.raises(StateUnavailable, match="read-only"), state.transaction() as tx:
            demoted(tx)
        with pytest.raises(StateUnavailable, match="read-only"):
            state.write(lambda tx: tx.execute(KEEP, {"n": 1, "said": "x"}))
    finally:
        superuser(f"ALTER DATABASE {database} RESET default_transaction_read_only")
    state.write(lambda tx: tx.execute(KEEP, {"n": 1, "said": "x"}))


def demoted(tx: Transaction) -> None:
    tx.execute("SET TRANSACTION READ ONLY")
    tx.execute(KEEP, {"n": 1, "said": "x"})


def test_a_job_that_goes_on_after_an_error_is_not_acknowledged(state: PostgresqlDatabase, superuser: Superuser) -> None:
    """PostgreSQL rolls back at such a commit and says so in one word only."""

    def job(tx: Transaction) -> None:
        tx.execute(KEEP, {"n": 1, "said": "x"})
        try:
            tx.execute("SELECT 1 / 0")
        except Exception:  # noqa: BLE001 - the defect that this is about
            logging.getLogger(__name__).debug("went on")

    with pytest.raises(RuntimeError, match="nothing was committed"):
        state.write(job)
    assert superuser("SELECT n FROM kept") == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda url: url.replace("@", "%zz@", 1),
        lambda url: f"{url}?no_such_word={SECRET}",
        lambda url: url.rpartition(":")[0] + f":{free_port()}/shim",
        lambda url: url + "_missing",
        lambda url: url.replace("postgres:", "nobody:", 1),
    ],
    ids=["url", "word", "port", "database", "account"],
)
def test_no_message_holds_a_password(
    url: str, spoil: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever is wrong with the address."""
    password = url.partition("@")[0].rpartition(":")[2]
    with pytest.raises(StateUnavailable) as refused:
        open_database(spoil(url), [PACKAGE])
    everything = "".join((told(refused.value), caplog.text, *capfd.readouterr()))
    assert password not in everything
    assert SECRET not in everything


def test_where_it_is_says_no_password(state: PostgresqlDatabase, url: str) -> None:
    """It stands in messages and logs."""
    assert state.where == "postgresql://" + url.rpartition("@")[2]


def test_a_server_that_would_forget_is_refused(postgresql_server: PostgresServer) -> None:
    """With fsync off, what was acknowledged would not survive a power cut."""
    server = postgresql_server
    with pytest.raises(DurabilityError, match="fsync=off"):
        open_database(f"postgresql://{server.user}:{server.password}@{server.host}:{server.port}/postgres", [])


@pytest.mark.parametrize(("given", "used"), [("off", "on"), ("local", "local"), ("remote_apply", "remote_apply")])
def test_a_commit_waits_for_the_disk(url: str, given: str, used: str) -> None:
    """Whatever is weaker is made so, and whatever is stronger stays."""
    state = PostgresqlDatabase(with_settings(url, {"synchronous_commit": given}), [])
    assert [tuple(row) for row in state.read("SHOW synchronous_commit")] == [(used,)]
    state.close()


def test_a_lock_shows_what_its_last_holder_wrote(url: str) -> None:
    """Also where every session's default is a level at which a transaction sees only what was there when it began."""
    state = PostgresqlDatabase(with_settings(url, {"default_transaction_isolation": "serializable"}), [])
    with state.transaction() as tx:
        assert tuple(tx.execute("SHOW transaction_isolation").fetchone()) == ("read committed",)
    state.close()


@pytest.mark.parametrize("how", ["write", "read"])
def test_a_newer_release_may_add_a_column_meanwhile(state: PostgresqlDatabase, superuser: Superuser, how: str) -> None:
    """What the older one has prepared is prepared anew, unseen by its callers."""
    superuser("CREATE TABLE IF NOT EXISTS growing (n BIGINT)")
    before = len(superuser("SELECT * FROM information_schema.columns WHERE table_name = 'growing'"))
    for added in range(3):
        if how == "read":
            state.read("SELECT * FROM growing")
        else:
            row = state.write(lambda tx: tx.execute("INSERT INTO growing VALUES (1) RETURNING *").fetchone())
            assert len(list(row)) == before + added
        superuser(f"ALTER TABLE growing ADD COLUMN {how}{added} BIGINT")


def test_a_character_that_cannot_be_stored_is_replaced(state: PostgresqlDatabase) -> None:
    """PostgreSQL knows no NUL; a backend's reason may hold one, and a client may ask for one."""
    state.write(lambda tx: tx.execute(KEEP, {"n": 1, "said": "a\0b"}))
    assert [row["said"] for row in state.read("SELECT said FROM kept")] == ["a\ufffdb"]
    assert state.read("SELECT n FROM kept WHERE said = :said", said="\0") == []


def test_a_newer_schema_is_refused(url: str, superuser: Superuser) -> None:
    """An older release does not work on newer tables."""
    superuser("CREATE SCHEMA newer")
    there = with_settings(url, {"search_path": "newer"})
    open_database(there, [PACKAGE]).close()
    superuser("INSERT INTO newer.migration VALUES ('outbox', 9999)")
    with pytest.raises(NewerSchemaError, match="9999"):
        open_database(there, [PACKAGE])


def test_all_may_come_first(url: str, superuser: Superuser) -> None:
    """Several shims start at once on an empty database: one makes the tables, and all have them."""
    superuser("CREATE SCHEMA first")
    there = with_settings(url, {"search_path": "first"})
    together = threading.Barrier(4)

    def start() -> int:
        together.wait(30)
        opened = open_database(there, [PACKAGE, "shim"])
        entries = len(opened.read("SELECT * FROM entry"))
        opened.close()
        return entries

    with ThreadPoolExecutor(4) as threads:
        assert [started.result() for started in [threads.submit(start) for _ in range(4)]] == [0] * 4
