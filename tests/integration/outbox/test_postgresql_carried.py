"""A state moves from SQLite to PostgreSQL and is carried from there as any other; never are two of them live."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from outbox.actions import Audit
from outbox.carrying import restore as restoring
from outbox.carrying.asking import Asking, ask_first
from outbox.carrying.load import Loaded, Target
from outbox.carrying.migrate import migrate
from outbox.carrying.prune import Pruning, count, prune
from outbox.carrying.refusal import CarryingRefused
from outbox.carrying.restore import ask_in_place
from outbox.carrying.whole import verify
from outbox.database import NewerSchemaError, Transaction
from outbox.entry import to_ms
from outbox.postgresql.database import PostgresqlDatabase
from shim.audit.events import Event, new_access
from shim.audit.log import AuditLog
from shim.keeping.carried import header
from tests.unit.outbox.stand_ins import Clock, Receiver, accept
from tests.unit.shim.filled import CIPHER, Filled, fill, ours


@pytest.fixture
def clock() -> Clock:
    return Clock()


@contextmanager
def opened(where: Path | str, clock: Clock) -> Iterator[Filled]:
    state = ours(where, clock)
    try:
        yield state
    finally:
        state.database.close()


@pytest.fixture
def server(create_database: Callable[[], str], clock: Clock) -> Iterator[Filled]:
    with opened(create_database(), clock) as state:
        yield state


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def until_nobody_lives(server: Filled) -> None:
    """Wait until a thread has removed the owner that was given up."""
    deadline = time.monotonic() + 30
    while server.database.read("SELECT 1 FROM owner"):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def asking(clock: Clock) -> Asking:
    return Asking(to_ms(clock()), clock.up, "moved; asked first", ("planon",), keep_pause=True, ahead_s=None)


def moved(file: Path, server: Filled, target: Target | None = None) -> Loaded:
    clock = server.clock
    audit = Audit("beheer", "several machines", to_ms(clock()))
    target = target or server.target()
    return migrate(file, target, lambda tx, tables: header(tx, clock(), tables), asking(clock), audit)


def test_all_of_it_moves_and_the_file_is_refused(file: Path, server: Filled, clock: Clock) -> None:
    """Every row of every table; numbers go on after those that came."""
    with opened(file, clock) as source:
        fill(source)
        before, rows = source.contents(), source.rows()
    loaded = moved(file, server)
    after = server.contents()
    for table in ("admin_action", "attempt_outcome"):  # one more each: who did it, and the attempt that was under way
        assert after.pop(table)[:-1] == before.pop(table)
    assert after == before
    assert (loaded.tables, loaded.unknown) == (rows, 4)
    new = accept(server.outbox, "next")
    assert (new.seq, new.state) == (rows["entry"] + 1, "ready")
    with pytest.raises(NewerSchemaError, match="put away"):
        ours(file, clock)
    with pytest.raises(CarryingRefused, match=r"was moved to postgresql://.* before"):
        moved(file, server)


def test_while_somebody_uses_the_file_nothing_moves(file: Path, server: Filled, clock: Clock) -> None:
    """It is not put away either."""
    with opened(file, clock) as source:
        fill(source)
        with pytest.raises(CarryingRefused, match="another process"):
            moved(file, server)
        owner = source.outbox.owners.take()
        with pytest.raises(CarryingRefused, match="1 workers"):
            moved(file, server)
        owner.close()
    assert not any(server.rows().values())
    with opened(file, clock) as source:
        assert source.rows()["entry"]


def test_not_into_a_server_where_somebody_works(file: Path, server: Filled, clock: Clock) -> None:
    """A worker would send what is being loaded."""
    with opened(file, clock) as source:
        fill(source)
    owner = server.outbox.owners.take()
    with pytest.raises(CarryingRefused, match="workers have the state"):
        moved(file, server)
    owner.close()
    with opened(file, clock):
        pass


def test_when_the_last_commit_fails_neither_is_live(
    file: Path, server: Filled, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the same again brings it to its end, whoever has looked at either."""
    with opened(file, clock) as source:
        fill(source)

    def fail(*_: object) -> None:
        raise OSError("the machine was switched off")

    target = server.target()
    with monkeypatch.context() as patched:
        patched.setattr(PostgresqlDatabase, "_commit", fail)
        with pytest.raises(OSError, match="switched off"):
            moved(file, server, target)
    assert not any(server.rows().values())
    with pytest.raises(NewerSchemaError, match="put away"):
        ours(file, clock)
    with closing(AuditLog(server.database, clock)) as log:  # somebody looks at the server meanwhile
        log.write_shared(Event("shim outbox status", "intent", new_access()))
    assert moved(file, server).unknown == 4


def test_an_export_is_of_one_moment_and_loads_into_either(
    file: Path, server: Filled, clock: Clock, create_database: Callable[[], str]
) -> None:
    """From PostgreSQL to a file, to another server, and back to SQLite."""
    with opened(file, clock) as source:
        fill(source)
    moved(file, server)
    lines = server.export()
    with opened(create_database(), clock) as second:
        second.load(lines)
        with opened(file.with_name("back.db"), clock) as back:
            back.load(second.export())
            assert back.contents()["payload"] == server.contents()["payload"]
            assert back.rows()["entry"] == server.rows()["entry"]


@pytest.mark.parametrize("cut", ["end", "commit"])
def test_what_is_not_whole_leaves_nothing(file: Path, clock: Clock, server: Filled, cut: str) -> None:
    """All or nothing, as on SQLite."""
    with opened(file, clock) as source:
        lines = fill(source).export()
    if cut == "end":
        lines = lines[:-1]

    def fail() -> None:
        raise CarryingRefused("stopped before the commit")

    with pytest.raises(CarryingRefused, match=r"not whole|before the commit"):
        server.load(lines, last=fail)
    assert not any(server.rows().values())


def test_after_the_servers_own_restore_all_is_asked_for(server: Filled, clock: Clock) -> None:
    """What is not final becomes unknown in place."""
    fill(server)
    owner = server.outbox.owners.take()
    audit = Audit("beheer", "the server was restored", to_ms(clock()))
    with pytest.raises(CarryingRefused, match="workers"):
        ask_in_place(server.database, asking(clock), audit)
    owner.close()
    until_nobody_lives(server)
    assert ask_in_place(server.database, asking(clock), audit).unknown == 4
    states = [row["state"] for row in server.database.read("SELECT state FROM entry")]
    assert states.count("unknown") == 4


def test_what_is_accepted_at_that_moment_is_asked_for_too(
    server: Filled, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service without a worker goes on accepting: its report comes before the restore, or waits until it is done."""
    accepting = threading.Thread(target=accept, args=(server.outbox, "meanwhile"))

    def waiting() -> bool:
        return bool(server.database.read("SELECT 1 FROM pg_locks WHERE NOT granted"))

    def meanwhile(tx: Transaction, how: Asking) -> int:
        unknown = ask_first(tx, how)
        accepting.start()
        deadline = time.monotonic() + 30
        while accepting.is_alive() and not waiting():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return unknown

    monkeypatch.setattr(restoring, "ask_first", meanwhile)
    ask_in_place(
        server.database,
        replace(asking(clock), ahead_s=300.0),
        Audit("beheer", "the server was restored", to_ms(clock())),
    )
    accepting.join()
    assert [row["state"] for row in server.database.read("SELECT state FROM entry")] == ["unknown"]


def test_pruned_and_verified_as_on_one_machine(server: Filled, clock: Clock) -> None:
    """The same statements in the other dialect."""
    fill(server)
    accept(server.outbox, "more")
    server.work(Receiver(), steps=3)
    clock.forward(86_400 * 200)
    now = to_ms(clock())
    audit = Audit("beheer", "old", now)
    for what in ("payloads", "attempts"):
        pruning = Pruning(what, now - 86_400_000, now)
        there = count(server.database, pruning)
        assert there >= 2
        assert prune(server.database, CIPHER, pruning, audit, pause=lambda _: None).entries == there
        assert count(server.database, pruning) == 0
    found = verify(lambda statement, values: server.database.read(statement, **values), CIPHER)
    assert not found.damaged
    assert found.all.pruned >= 3
