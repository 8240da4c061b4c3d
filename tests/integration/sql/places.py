"""Two databases with the same table and procedure, on Firebird and on PostgreSQL, and how to look into them."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from adapters.firebird.address import Address
from adapters.firebird.native import NativeSource
from adapters.sql.ahead import Connections, Keeping
from adapters.sql.source import Source
from adapters.sql.statements import Statement
from adapters.sql.transport import Transport

Connect = Callable[[], Any]
FOREVER = " from RDB$FIELDS A, RDB$FIELDS B, RDB$FIELDS C, RDB$FIELDS D, RDB$FIELDS E"


def statement(name: str, sql: str, /, *parameters: str, **columns: str) -> Statement:
    return Statement(name, sql, frozenset(parameters), columns)


def by_name(*statements: Statement) -> dict[str, Statement]:
    return {each.name: each for each in statements}


FIREBIRD = by_name(
    statement("who", "select current_connection as N from RDB$DATABASE", n="integer"),
    statement("forever", "select count(*) as N" + FOREVER, n="integer"),
    statement("crash", "select 1 as N from RDB$DATABASE where 'CRASH' <> ''", n="integer"),
    statement("many", "select A.RDB$FIELD_NAME as T from RDB$FIELDS A, RDB$FIELDS B", t="text"),
    statement("hold", "select OUTCOME from HOLD(:id, :holder)", "id", "holder", outcome="text"),
    statement("holder", "select HOLDER from SLOT where ID = :id", "id", holder="text"),
    statement("texts", "select NAME, RAW from SLOT where ID = :id", "id", name="text", raw="text"),
)
POSTGRES = by_name(
    statement("who", "select pg_backend_pid() as n", n="integer"),
    statement("forever", "select 1 as n from pg_sleep(60)", n="integer"),
    statement("many", "select repeat('x', 100) as t from generate_series(1, 5000)", t="text"),
    statement(
        "hold",
        "select outcome from hold(cast(:id as integer), cast(:holder as text))",
        "id",
        "holder",
        outcome="text",
    ),
    statement("holder", "select holder from slot where id = cast(:id as integer)", "id", holder="text"),
)
SQLITE = by_name(statement("who", "select count(*) as n from slot", n="integer"))

FIREBIRD_SCHEMA = (
    """create table SLOT (ID integer not null primary key, HOLDER varchar(26),
       NAME char(20) character set WIN1252, RAW varchar(20) character set none)""",
    """create procedure HOLD (ID integer, HOLDER varchar(26)) returns (OUTCOME varchar(10)) as begin
       update SLOT set HOLDER = :HOLDER where ID = :ID; OUTCOME = 'HELD'; suspend; end""",
    # What a sequence gave is not taken back by any transaction, so it tells for ever who was here.
    "create sequence VISITS",
    "create procedure VISIT returns (N bigint) as begin N = gen_id(VISITS, 1); suspend; end",
)
POSTGRES_SCHEMA = (
    "create table slot (id integer primary key, holder text)",
    """create function hold(which integer, who text) returns table (outcome text) language plpgsql as
       $$ begin update slot set holder = who where id = which; return query select 'HELD'::text; end $$""",
)


@dataclass(frozen=True)
class Place:
    """A database of one test.

    Attributes:
        source: opens it directly.
        statements: what the tests run on it.
        connect: opens it as its owner, past everything that is tested.
        ours: query that counts the connections of the tests' account, without the one that asks.
        running: query that counts their statements that are being executed.
        pids: the server's processes, to be stopped and continued.
        through: the same database behind another port.
    """

    source: Source
    statements: Mapping[str, Statement]
    connect: Connect
    ours: str
    running: str
    pids: Callable[[], list[int]]
    through: Callable[[int], Source]
    port: int
    used: list[Connections] = field(default_factory=list)

    def connections(self, source: Source | None = None, **keeping: Any) -> Connections:
        made = Connections(source or self.source, self.statements, Keeping(**({"at_most": 4} | keeping)))
        self.used.append(made)
        return made

    def transport(self, source: Source | None = None, **keeping: Any) -> Transport:
        connections = self.connections(source, **keeping)
        return Transport(connections, connections)

    def rows(self, sql: str) -> list[Any]:
        with self.owner() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def left(self) -> int:
        return int(self.rows(self.ours)[0][0])

    @contextmanager
    def owner(self, *, commit: bool = False) -> Iterator[Any]:
        """Yield a cursor of the owner; what it changed is kept or rolled back at the end."""
        connection = self.connect()
        try:
            cursor = connection.cursor()
            yield cursor
            cursor.close()
            (connection.commit if commit else connection.rollback)()
        finally:
            connection.close()


def native(kind: type[NativeSource], dsn: str, user: str, password: str) -> NativeSource:
    return kind(Address.parse(dsn), user, password, "WIN1252", writes=True, connect_s=5.0)


def await_that(holds: Callable[[], bool], deadline_s: float = 15) -> float:
    """Poll until a condition holds; return how long it took, in seconds."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < deadline_s
        time.sleep(0.01)
    return time.monotonic() - begun


def soon(seconds: float = 10.0) -> float:
    """Return a deadline."""
    return time.monotonic() + seconds
