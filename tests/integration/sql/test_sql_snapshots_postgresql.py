"""Snapshots of PostgreSQL: of one moment, whole or refused, restored into sandboxes only, and read without a server."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from adapters.planon import adapter
from adapters.sql.snapshots import PostgresqlSnapshots
from contracts.snapshots import Account, Column, Origin, Reference, Row, SnapshotRefused, Table, Technology
from simulators.process import free_port
from tests.integration.sql.limits import limited_files

NOBODY = Account()
ORIGIN = Origin("0123456789abcdef", "89abcdef", "planon")
POSTGRESQL: Technology = PostgresqlSnapshots()
_DDL = """
create type mood as enum ('fine', 'not fine');
create domain postcode as varchar(7) check (value ~ '^[0-9]{4}');
create function shout(what text) returns text language sql immutable as $$ select upper(what) $$;
create table mandant (code char(3) primary key, name text not null);
create table tenant (
    id serial primary key, number bigint generated always as identity, mandant_code char(3) not null references mandant,
    name varchar(20) not null, loud text generated always as (upper(name)) stored, code char(6) unique,
    rent numeric(10, 2), rate double precision, born date, seen timestamptz default now(), at timestamp, active boolean,
    photo bytea, tags text[], feels mood, area postcode, extra jsonb, check (rent >= 0), unique (mandant_code, name));
create table "Odd table" ("the Key" int, "Text" text);
create schema other;
create table other.visit (id int primary key, tenant_id int references tenant);
create unique index tenant_photo on tenant (photo);
create index tenant_lower on tenant (lower(name)) where active;
create view loud_ones as select loud from tenant;
create view louder as select shout(loud) as loudest from loud_ones;
create function stamp() returns trigger language plpgsql as $$ begin new.name = new.name || '!'; return new; end $$;
create trigger stamped before insert on tenant for each row execute function stamp();
create trigger idle before delete on tenant for each row execute function stamp();
alter table tenant disable trigger user;
insert into mandant values ('WBV', 'Wonen'), ('S', 'School');
insert into tenant (mandant_code, name, code, rent, rate, born, seen, at, active, photo, tags,
                    feels, area, extra) values
    ('WBV', 'Bé "quoted"', 'A1', 12.50, 0.1, '1950-02-03', '2026-03-29 02:30+02', '2026-01-01 10:00', true, '\\x00ff',
     '{a,"b c"}', 'not fine', '1234AB', '{"a": 1}'),
    ('S', E'line\\nbreak\\ttab\\\\n', null, null,
     'infinity', 'infinity', null, null, false, null, null, null, null, null);
alter table tenant enable trigger stamped;
alter table tenant disable trigger idle;
insert into "Odd table" values (2, 'two'), (1, null);
insert into other.visit values (1, 2);
select nextval('tenant_id_seq');
"""


_LOOKS = (
    "select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint where conrelid > 16383",
    "select indexdef from pg_indexes where schemaname in ('public', 'other')",
    "select viewname, definition from pg_views where schemaname = 'public'",
    "select tgname, tgenabled::text from pg_trigger where not tgisinternal",
    "select oid::regprocedure::text, prosrc from pg_proc where pronamespace = 'public'::regnamespace",
    """select table_name, ordinal_position, column_name, data_type, character_maximum_length, numeric_scale,
              column_default, is_nullable, is_identity, identity_generation, is_generated, generation_expression,
              domain_name
       from information_schema.columns where table_schema in ('public', 'other')""",
    "select sequencename, last_value from pg_sequences",
    "select enumtypid::regtype::text, enumlabel, enumsortorder from pg_enum",
)
"""What a database is made of, asked otherwise than the snapshot asks."""


def quiet(_: str, __: int, ___: int | None) -> None:
    """Tell nobody."""


def same(_: Table, rows: Iterator[Row]) -> Iterator[Row]:
    return rows


def run(url: str, *statements: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def name_of(url: str) -> str:
    return urlsplit(url).path[1:]


def databases(url: str) -> list[str]:
    return [name for (name,) in run(url, "select datname from pg_database order by 1")]


@pytest.fixture
def live(create_database: Callable[[], str]) -> str:
    """A database with one of everything."""
    url = create_database()
    run(url, _DDL)
    return url


@pytest.fixture
def sandbox(create_database: Callable[[], str]) -> str:
    """The URL of a database that is not there; dropped after the test if it is there then."""
    url = create_database()
    run(url.replace(name_of(url), "postgres"), f'drop database "{name_of(url)}"')
    return url


@pytest.fixture
def taken(live: str, tmp_path: Path) -> Path:
    file = tmp_path / "taken.snapshot"
    POSTGRESQL.take(live, NOBODY, file, quiet)
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "private"
    made.mkdir()
    return made


def test_an_archive_is_read_without_a_server(taken: Path, folder: Path) -> None:
    """Types, lengths, padding, keys and references are there, and every value comes back as what it was."""
    assert taken.stat().st_mode & 0o777 == 0o600
    assert POSTGRESQL.is_snapshot(taken)
    assert POSTGRESQL.is_place("postgresql+psycopg://u@h/d")
    assert not POSTGRESQL.is_place("sqlite:///x")
    with POSTGRESQL.opened(taken, folder, quiet) as content:
        tables = {table.name: table for table in content.tables}
        assert list(tables) == ["Odd table", "mandant", "tenant", "other.visit"]
        tenant = tables["tenant"]
        columns = {column.name: column for column in tenant.columns}
        assert columns["code"] == Column("code", "text", 6, padded=True)
        assert columns["name"] == Column("name", "text", 20, nullable=False)
        assert columns["loud"].computed
        assert columns["area"] == Column("area", "text", 7)
        assert tenant.key == ("id",)
        assert tenant.uniques == (("code",), ("mandant_code", "name"), ("photo",))
        assert tenant.references == (Reference(("mandant_code",), "mandant", ("code",)),)
        first, second = content.rows(tenant)
        assert first == (
            *(1, 1, "WBV", 'Bé "quoted"', 'Bé "QUOTED"', "A1    ", Decimal("12.50"), 0.1, date(1950, 2, 3)),
            *(datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 1, 1, 10, 0), True, b"\x00\xff", '{a,"b c"}'),  # noqa: DTZ001 - it has none
            *("not fine", "1234AB", '{"a": 1}'),
        )
        assert second[3] == "line\nbreak\ttab\\n"
        assert second[7:10] == (float("inf"), "infinity", None)
        assert list(content.rows(tables["Odd table"])) == [(2, "two"), (1, None)]
        assert list(content.rows(tables["mandant"])) == [("S  ", "School"), ("WBV", "Wonen")]
        assert content.count(tenant) == 2
        assert content.origin is None
        for name in ("view louder", "function shout(text)", "trigger stamped on public.tenant", "type mood"):
            assert name in {each.replace("public.", "", 1) if each[:4] == "type" else each for each in content.shape}
    assert list(folder.iterdir()) == []


def test_a_sandbox_has_everything_and_only_a_sandbox_is_replaced(
    live: str, taken: Path, sandbox: str, tmp_path: Path
) -> None:
    """What is restored gives the same archive again; it is replaced under its own name only, and nothing remains."""
    before = databases(live)
    POSTGRESQL.restore(taken, sandbox, NOBODY, quiet)
    POSTGRESQL.take(sandbox, NOBODY, tmp_path / "again", quiet)
    assert gzip.decompress((tmp_path / "again").read_bytes()) == gzip.decompress(taken.read_bytes())
    for look in _LOOKS:
        assert sorted(map(str, run(sandbox, look))) == sorted(map(str, run(live, look)))
    assert run(sandbox, "select nextval('tenant_id_seq')", "select last_value from tenant_id_seq") == [(4,)]
    run(sandbox, "insert into tenant (mandant_code, name) values ('S', 'new')")
    assert run(sandbox, "select name, number from tenant where name like 'new%'") == [("new!", 3)]
    POSTGRESQL.restore(taken, sandbox, NOBODY, quiet)
    assert run(sandbox, "select count(*) from tenant") == [(2,)]
    with pytest.raises(SnapshotRefused, match="no sandbox that was made under this name"):
        POSTGRESQL.restore(taken, live, NOBODY, quiet)
    renamed = f"{name_of(live)}_old"
    run(sandbox.replace(name_of(sandbox), "postgres"), f'alter database "{name_of(live)}" rename to "{renamed}"',
        f'alter database "{name_of(sandbox)}" rename to "{name_of(live)}"')  # fmt: skip
    with pytest.raises(SnapshotRefused, match="no sandbox that was made under this name"):
        POSTGRESQL.restore(taken, live, NOBODY, quiet)
    run(sandbox.replace(name_of(sandbox), "postgres"), f'drop database "{renamed}"')
    assert databases(live) == before


def test_a_live_database_is_not_touched(live: str, taken: Path) -> None:
    """The target that is no sandbox keeps its rows and its settings."""
    run(live, "comment on database " + f'"{name_of(live)}"' + " is 'ours'", "insert into \"Odd table\" values (3, 'x')")
    look = "select xmin::text, t::text from tenant t", 'select xmin::text, ctid::text, * from "Odd table"'
    before = [run(live, each) for each in look]
    with pytest.raises(SnapshotRefused, match="it is left as it is"):
        POSTGRESQL.restore(taken, live, NOBODY, quiet)
    assert [run(live, each) for each in look] == before


def test_a_sandbox_that_somebody_uses_stays(taken: Path, sandbox: str) -> None:
    """A connection of somebody else, idle or not, keeps the sandbox as it is."""
    POSTGRESQL.restore(taken, sandbox, NOBODY, quiet)
    with psycopg.connect(sandbox) as connection:
        connection.execute('delete from "Odd table"')
        with pytest.raises(SnapshotRefused, match="1 connections to the sandbox"):
            POSTGRESQL.restore(taken, sandbox, NOBODY, quiet)
    assert run(sandbox, 'select count(*) from "Odd table"') == [(0,)]


def test_bad_archives_leave_the_sandbox(taken: Path, sandbox: str, tmp_path: Path, folder: Path) -> None:
    """Truncated, damaged, edited and foreign files are refused before anything begins; a broken row takes all back."""
    POSTGRESQL.restore(taken, sandbox, NOBODY, quiet)
    run(sandbox, "insert into \"Odd table\" values (7, 'kept')")
    before = databases(sandbox)
    whole, plain = taken.read_bytes(), gzip.decompress(taken.read_bytes())
    head = whole[:33]  # of gzip, with the name in it

    def packed(text: bytes) -> bytes:
        return head + gzip.compress(text, mtime=0)[10:]

    lines = plain.splitlines(keepends=True)
    newer = b"".join(lines).replace(b'"version":1', b'"version":2', 1)
    bad = {
        "no PostgreSQL snapshot": [b"", b"SQLite format 3\0", gzip.compress(plain)],
        "truncated or damaged": [whole[:-20], whole[: len(whole) // 2], head, whole[:200] + b"\0\0" + whole[202:]],
        "was changed after": [packed(plain.replace(b"Wonen", b"Wanen")), packed(b"".join(lines[:-1])), whole + whole],
        "format 2": [packed(newer)],
    }
    for told, contents in bad.items():
        for number, content in enumerate(contents):
            file = tmp_path / f"bad{number}"
            file.write_bytes(content)
            with pytest.raises(SnapshotRefused, match=told):
                POSTGRESQL.restore(file, sandbox, NOBODY, quiet)
            with pytest.raises(SnapshotRefused), POSTGRESQL.opened(file, folder, quiet):
                pass
    broken = b"".join(lines[:-1]).replace(b'"12.50"', b'"-1.00"')
    last = json.loads(lines[-1]) | {"sha256": sha256(broken).hexdigest()}
    file.write_bytes(packed(broken + json.dumps(last).encode() + b"\n"))
    with pytest.raises(SnapshotRefused, match="23514, tenant, tenant_rent_check"):
        POSTGRESQL.restore(file, sandbox, NOBODY, quiet)
    assert run(sandbox, 'select "Text" from "Odd table" where "the Key" = 7') == [("kept",)]
    assert databases(sandbox) == before
    assert list(folder.iterdir()) == []


def test_take_is_of_one_moment(live: str, tmp_path: Path, folder: Path) -> None:
    """While somebody moves rows from one table to another, an archive has each exactly once."""
    run(live, "create table here as select generate_series(1, 3000) as n", "create table there (n int)")
    stop, begun = threading.Event(), threading.Event()
    move = ("with gone as (delete from {} where n in (select n from {} order by random() limit 20) returning n)"
            " insert into {} select n from gone")  # fmt: skip

    def write() -> None:
        with psycopg.connect(live, autocommit=True) as connection:
            while not stop.is_set():
                for one, other in (("here", "there"), ("there", "here")):
                    connection.execute(move.format(one, one, other).encode())
                begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(30)
        for number in range(4):
            POSTGRESQL.take(live, NOBODY, tmp_path / f"{number}", quiet)
            with POSTGRESQL.opened(tmp_path / f"{number}", folder, quiet) as content:
                tables = {table.name: table for table in content.tables}
                found = [row[0] for name in ("here", "there") for row in content.rows(tables[name])]
                assert sorted(map(int, map(str, found))) == list(range(1, 3001))
    finally:
        stop.set()
        writer.join()


def test_take_refuses_in_one_line(live: str, tmp_path: Path) -> None:
    """A wrong password, a missing database, a closed port, a table without a right and a policy are each named."""
    server, name = urlsplit(live), name_of(live)
    rights = "grant usage on schema public, other to snapshot_reader", "grant select on mandant to snapshot_reader"
    run(live, "drop role if exists snapshot_reader", "create role snapshot_reader login password 'right'", *rights)
    closed = server._replace(netloc=f"x@127.0.0.1:{free_port()}").geturl()
    reader = Account("snapshot_reader", "right")
    try:
        for place, account, told in (
            (live, Account("snapshot_reader", "wrong"), "the password is wrong"),
            (live.replace(name, "no_such"), NOBODY, "the database is not there"),
            (closed, NOBODY, "cannot be reached"),
            (live, reader, "no right to read other.visit, Odd table, tenant:"),
        ):
            with pytest.raises(SnapshotRefused, match=told) as refused:
                POSTGRESQL.take(place, account, tmp_path / "out", quiet)
            assert "\n" not in str(refused.value)
            assert "wrong'" not in str(refused.value)
        run(live, "grant select on all tables in schema public, other to snapshot_reader")
        with pytest.raises(SnapshotRefused, match=r"sequence public\.tenant_id_seq"):
            POSTGRESQL.take(live, reader, tmp_path / "out", quiet)
        run(live, "grant select on all sequences in schema public, other to snapshot_reader")
        POSTGRESQL.take(live, reader, tmp_path / "by_reader", quiet)
        run(live, "create table parts (n int) partition by range (n)")
        with pytest.raises(SnapshotRefused, match=r"foreign table public\.parts"):
            POSTGRESQL.take(live, NOBODY, tmp_path / "out", quiet)
    finally:
        run(live, "drop owned by snapshot_reader", "drop role snapshot_reader")
    assert [path.name for path in tmp_path.iterdir()] == ["by_reader"]


def test_a_full_disk_leaves_nothing(live: str, tmp_path: Path, folder: Path) -> None:
    """Neither a taken nor a newly written archive is half there."""
    run(live, 'insert into "Odd table" select n, md5(n::text) || md5((n + 1)::text) from generate_series(1, 8000) n')
    POSTGRESQL.take(live, NOBODY, tmp_path / "large", quiet)
    with POSTGRESQL.opened(tmp_path / "large", folder, quiet) as content, limited_files(200_000):
        with pytest.raises(SnapshotRefused):
            POSTGRESQL.take(live, NOBODY, tmp_path / "out", quiet)
        with pytest.raises(SnapshotRefused):
            content.write(tmp_path / "out", same, ORIGIN, quiet)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["large", "private"]
    assert list(folder.iterdir()) == []


def test_written_anew_is_in_the_order_of_new_keys_and_restores(
    taken: Path, sandbox: str, tmp_path: Path, folder: Path
) -> None:
    """New rows keep the schema; the server takes them, computes what it computes, and finds every constraint kept."""
    codes = {"WBV": "AAA", "S  ": "ZZZ"}

    def rewrite(table: Table, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            if table.name == "mandant":
                yield codes[str(row[0])], "invented"
            elif table.name == "tenant":
                yield (row[0], row[1], codes[str(row[2])], f"n{row[0]!r}", None, f"P{row[0]!r}", *row[6:])
            else:
                yield row

    out = tmp_path / "anew"
    with POSTGRESQL.opened(taken, folder, quiet) as content:
        content.write(out, rewrite, ORIGIN, quiet)
        shape = content.shape
    with POSTGRESQL.opened(out, folder, quiet) as anew:
        assert anew.shape == shape
        assert anew.origin == ORIGIN
        mandant = next(table for table in anew.tables if table.name == "mandant")
        assert [row[0] for row in anew.rows(mandant)] == ["AAA", "ZZZ"]
        tenant = next(table for table in anew.tables if table.name == "tenant")
        assert [row[5] for row in anew.rows(tenant)] == ["P1    ", "P2    "]
    assert out.stat().st_mode & 0o777 == 0o600
    POSTGRESQL.restore(out, sandbox, NOBODY, quiet)
    look = "select name, loud, rent, seen is null, photo from tenant order by id"
    assert run(sandbox, look)[0] == ("n1", "N1", Decimal("12.50"), False, b"\x00\xff")
    assert run(sandbox, "select count(*) from pg_constraint where contype in ('f', 'u', 'c') and conrelid > 16383")


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [("tenant", 5, "same"), ("tenant", 2, "ZZZ"), ("tenant", 3, None), ("tenant", 3, "x" * 21), ("other.visit", 1, 77)],
)
def test_rows_that_break_the_schema_are_not_written(
    taken: Path, tmp_path: Path, folder: Path, name: str, place: int, value: str | int | None
) -> None:
    """A value twice, two orphans, a missing value and one that is too long stop the writing; none is quoted."""

    def rewrite(table: Table, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            yield (*row[:place], value, *row[place + 1 :]) if table.name == name else row

    with POSTGRESQL.opened(taken, folder, quiet) as content:
        with pytest.raises(SnapshotRefused, match=name) as refused:
            content.write(tmp_path / "out", rewrite, ORIGIN, quiet)
        assert str(value) not in str(refused.value)
        assert [path.name for path in folder.iterdir()] == ["read.sqlite"]
    assert not (tmp_path / "out").exists()


def test_every_text_is_searched_as_it_was(taken: Path, folder: Path) -> None:
    """Accents, quotes, line ends and binary values stand in the bytes as themselves."""
    found = b"".join(POSTGRESQL.raw(taken, folder, quiet))
    for value in ('Bé "quoted"', "line\nbreak\ttab\\n", "not fine", "12.50", "A1    "):
        assert value.encode(POSTGRESQL.codec(taken, folder)) in found
    assert b"\x00\xff" in found


def test_the_replica_is_a_place_without_its_password() -> None:
    """A command that is given the system's name reads the replica of the configuration."""
    assert adapter.databases is not None
    urls = {"replica_url": "postgresql+psycopg://reader:secret@db.example/planon?sslmode=verify-full"}
    given = {"soap_url": "https://p/s", "appsuite_url": "https://p/a", "user": "u", "password": "p"}
    assert adapter.databases(adapter.options.model_validate({**given, **urls})) == (
        "postgresql+psycopg://reader@db.example/planon?sslmode=verify-full",
    )
    odbc = {"replica_url": "mssql+pyodbc://reader:secret@db.example/planon"}
    assert adapter.databases(adapter.options.model_validate({**given, **odbc})) == ()
