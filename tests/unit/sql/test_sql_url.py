"""A database by its URL, read in this process: what the workers do, without a process around it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from adapters.sql.faults import Fault
from adapters.sql.messages import Failed, Job, Rows, Step
from adapters.sql.session import Session
from adapters.sql.statements import Statement
from adapters.sql.url import UrlSource

LOOK = Statement("look", "select NAME from PERSON", frozenset(), {"name": "text"})
UNUSABLE = ["not a url", "nosuchdialect://u:geheim@h/d", "postgresql+nosuch://u:geheim@h/d", "oracle://u:geheim@h/d"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return made(tmp_path / "re plica?.sqlite", "'Jansen  '")


def made(path: Path, name: str) -> Path:
    with closing(sqlite3.connect(path)) as database:
        database.execute("create table PERSON (NAME varchar(20))")
        database.execute(f"insert into PERSON values ({name})")  # noqa: S608 - the test's own names
        database.commit()
    return path


def source_of(file: Path) -> UrlSource:
    return UrlSource(f"sqlite:///{str(file).replace('?', '%3F')}")


def looked(source: UrlSource) -> Rows | Failed:
    session = Session(source, {"look": LOOK}, {})
    try:
        return session.run(Job((Step("look", {}),), writes=False), fresh=False, sent=lambda: None)
    finally:
        session.close()


def test_texts_arrive_tidy(file: Path) -> None:
    """Without padding, from a file whose name a URL would have to quote."""
    assert looked(source_of(file)) == Rows((({"name": "Jansen"},),))


def test_a_missing_file_is_told_and_not_created(tmp_path: Path) -> None:
    """An empty database would say that nobody is there."""
    reply = looked(source_of(tmp_path / "gone.sqlite"))
    assert isinstance(reply, Failed)
    assert reply.reason == "an unexpected error (SQLITE_CANTOPEN)"
    assert not (tmp_path / "gone.sqlite").exists()


def test_a_file_cannot_be_written(file: Path) -> None:
    """Not even by mistake, and not even by its owner."""
    with source_of(file).engine().connect() as connection, pytest.raises(OperationalError, match="readonly"):
        connection.execute(text("delete from PERSON"))


def test_a_file_that_was_replaced_is_read_anew(file: Path, tmp_path: Path) -> None:
    """A replica that is copied as a whole puts another file in its place."""
    source = source_of(file)
    assert looked(source) == Rows((({"name": "Jansen"},),))
    made(tmp_path / "new.sqlite", "'De Vries'").rename(file)
    assert looked(source) == Rows((({"name": "De Vries"},),))


def test_a_byte_that_is_no_character_costs_no_row(tmp_path: Path) -> None:
    """It is shown as U+FFFD and counted."""
    reply = looked(source_of(made(tmp_path / "old.sqlite", "cast(x'4a816e' as text)")))
    assert reply == Rows((({"name": "J\ufffdn"},),), {"look.name": 1})


def test_columns_are_compared_with_the_head(file: Path) -> None:
    """By name: this driver tells no type before there is a row."""
    other = Statement("look", "select NAME, 1 as N from PERSON", frozenset(), {"surname": "text", "name": "integer"})
    assert sorted(Session(source_of(file), {"look": other}, {}).rehearse().problems) == [
        "statement look: column n is not in the head",
        "statement look: no column surname; found name, n",
    ]


@pytest.mark.parametrize("url", UNUSABLE)
def test_an_unusable_url_is_told_at_once(url: str) -> None:
    """Malformed, an unknown dialect, or a driver that is not installed; nothing of the URL is repeated."""
    with pytest.raises(ValueError, match="cannot be used") as caught:
        UrlSource(url)
    assert "geheim" not in f"{caught.value}{caught.value.args}"


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////var/lib/replica.sqlite?password=geheim",
        "mssql+pyodbc://reader:geheim@db.example/planon?driver=ODBC+Driver+18+for+SQL+Server",
        "mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BUID%3Dreader%3BPWD%3Dgeheim",
    ],
)
def test_a_name_holds_no_password(url: str) -> None:
    """Whatever is logged of a source, the password is not in it."""
    source = UrlSource(url)
    assert "geheim" not in f"{source.name} {source!r}"
    assert source.is_odbc == url.startswith("mssql")
    assert source.is_file == url.startswith("sqlite")


def test_odbc_pools_nothing() -> None:
    """Over ODBC no connection is kept by the driver manager's Python side either."""
    import pyodbc  # noqa: PLC0415 - needs the driver manager, which a machine without ODBC has not

    pyodbc.pooling = True
    UrlSource("mssql+pyodbc://reader@db.example/planon?driver=x").engine()
    assert pyodbc.pooling is False


class Told(Exception):
    """An error as a driver raises it; `fields` are the attributes that it has."""

    def __init__(self, *args: Any, **fields: Any) -> None:
        super().__init__(*args)
        self.__dict__.update(fields)


@pytest.mark.parametrize(
    ("error", "fault", "code"),
    [
        (Told("08S01", "[08S01] Jansen"), Fault.LOST, "08S01"),
        (Told("HYT00", "[HYT00] Jansen"), Fault.LOST, "HYT00"),
        (Told("Jansen", sqlstate="57P01"), Fault.LOST, "57P01"),
        (Told("Jansen", pgcode="40P01"), Fault.CONTENTION, "40P01"),
        (Told("Jansen", sqlstate="22P02"), Fault.REFUSED, "22P02"),
        (Told("Jansen", sqlstate="25006"), Fault.FORBIDDEN, "25006"),
        (Told("42S02", "[42S02] Jansen"), Fault.FORBIDDEN, "42S02"),
        (Told("Jansen", sqlite_errorname="SQLITE_BUSY"), Fault.OTHER, "SQLITE_BUSY"),
        (Told("Jansen"), Fault.OTHER, "Told"),
        (Told(), Fault.OTHER, "Told"),
    ],
)
def test_an_error_is_told_by_its_code(error: Told, fault: Fault, code: str) -> None:
    """The SQLSTATE decides, wherever a driver keeps it; the engine's text is never repeated."""
    source = UrlSource("sqlite://")
    assert source.fault_of(error) is fault
    assert source.describe(error) == f"{fault.value} ({code})"
