"""Examines a database that is only read, behind any URL: the way, log-in, statements, character set, clock, lag."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError

from adapters.network import clock
from adapters.network.reach import reach
from adapters.network.silence import SERVER_SILENT
from adapters.sql import diagnosed
from adapters.sql.apart import Begun, Hung, Tell, apart
from adapters.sql.replicas import CHARSET_UNSAFE, LAGGING
from adapters.sql.statements import KINDS, Statement
from adapters.sql.url import UrlSource
from contracts.examination import NO_ANSWER, Diagnosis, Examination, Finding, Step

LAG_S: Final = 300.0
"""Behind by so many seconds a replica is lagging: one that is well is behind by less than a minute."""
_PORTS: Final[Mapping[str, int]] = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306, "mssql": 1433, "oracle": 1521}
_PORT_S: Final = 3.0
_MARGIN_S: Final = 0.3
_LOG_IN: Final = "log-in"
_NONE: Final = "SQL_ASCII"
"""PostgreSQL's name for not knowing."""
_STATES: Final[Mapping[str, Diagnosis]] = {
    "42P01": diagnosed.TABLE_MISSING,
    "3F000": diagnosed.TABLE_MISSING,
    "42S02": diagnosed.TABLE_MISSING,
    "42703": diagnosed.COLUMN_MISSING,
    "42S22": diagnosed.COLUMN_MISSING,
    "42501": diagnosed.RIGHT_MISSING,
    "28P01": diagnosed.LOGIN_REFUSED,
    "28000": diagnosed.LOGIN_REFUSED,
    "3D000": diagnosed.DATABASE_MISSING,
}
_WORDS: Final[tuple[tuple[re.Pattern[str], Diagnosis], ...]] = (
    (re.compile(r"no such table: \S+"), diagnosed.TABLE_MISSING),
    (re.compile(r"no such column: \S+"), diagnosed.COLUMN_MISSING),
    (re.compile(r"unable to open database file|file is not a database"), diagnosed.DATABASE_MISSING),
    (re.compile(r'database "[^"]*" does not exist'), diagnosed.DATABASE_MISSING),
    (
        re.compile(r"authentication failed|no pg_hba\.conf entry|role \"[^\"]*\" (?:does not exist|is not)"),
        diagnosed.LOGIN_REFUSED,
    ),
)
"""What drivers without a code say; nothing behind these words quotes a row."""
_ABOUT: Final = """select current_setting('server_encoding') as encoding, current_setting('TimeZone') as zone,
extract(epoch from clock_timestamp()) as now, pg_is_in_recovery() as recovering,
case when pg_is_in_recovery() and pg_last_wal_receive_lsn() is distinct from pg_last_wal_replay_lsn()
     then extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) else 0 end as lag_s"""
_WRITABLE: Final = """select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and n.nspname <> 'information_schema' and n.nspname not like 'pg\\_%'
and has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE') order by 1 limit 3"""


@dataclass(frozen=True, slots=True)
class Newest:
    """What the database must have by now: the row that a statement finds, and how long ago it was written."""

    statement: Statement
    parameters: Mapping[str, str]
    age_s: float


@dataclass(frozen=True, slots=True)
class Looked:
    """What the child process is given."""

    source: UrlSource
    statements: Mapping[str, Statement]
    newest: Newest | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What a PostgreSQL told of itself."""

    encoding: str
    zone: str
    now: datetime
    recovering: bool
    lag_s: float
    writable: tuple[str, ...] = field(default=())


def examine(looked: Looked, examination: Examination, until: float) -> Iterator[Step]:
    """Yield the steps; ends by `until`, whatever the driver does."""
    url = make_url(looked.source.url)
    port = url.port or _PORTS.get(url.get_backend_name())
    if url.host and port and not looked.source.is_odbc:
        for step in reach(url.host, port, min(until, time.monotonic() + _PORT_S)):
            yield step
            if step.is_broken:
                yield Step(_LOG_IN, skipped="there is no way to the database")
                return
    try:
        for told in apart(_look, looked, until - _MARGIN_S):
            if isinstance(told, Step):
                yield told
            elif isinstance(told, About):
                yield from judged(told, examination)
    except Hung as hung:
        silent = hung.step == _LOG_IN and not looked.source.is_file
        yield Step(hung.step, ((SERVER_SILENT if silent else NO_ANSWER).found(looked.source.name),))


def judged(about: About, examination: Examination) -> Iterator[Step]:
    """Yield what a PostgreSQL's own words mean."""
    unsafe = about.encoding == _NONE
    yield Step("character set", (CHARSET_UNSAFE.found(about.encoding),) if unsafe else (), told=about.encoding)
    findings = clock.compared(about.now, examination.clock())
    yield Step("clock", findings, told=f"as this machine's; its own zone is {about.zone}" if not findings else "")
    writes = ", ".join(about.writable)
    yield Step("rights", (diagnosed.READER_WRITES.found(writes),) if writes else (), "" if writes else "reads only")
    if about.recovering:
        late = about.lag_s > LAG_S
        told = f"{about.lag_s:.0f} s behind"
        yield Step("replication", (LAGGING.found(told),) if late else (), "" if late else told)


def _look(looked: Looked, tell: Tell) -> None:
    """Look, in the child."""
    tell(Begun(_LOG_IN))
    try:
        connection = looked.source.engine().connect()
    except Exception as error:  # noqa: BLE001 - drivers raise what they like; the reason is told
        tell(Step(_LOG_IN, (_of_connect(error, looked.source),)))
        return
    with connection:
        try:
            connection.execute(text("select 1"))
        except DBAPIError as error:
            tell(Step(_LOG_IN, (_of(error, diagnosed.CONNECT_FAILED, looked.source),)))
            return
        tell(Step(_LOG_IN, told=looked.source.name.strip()))
        tell(Begun("statements"))
        tell(_statements(connection, looked))
        if looked.newest is not None:
            tell(Begun("newest"))
            tell(_newest(connection, looked.newest))
        if connection.dialect.name == "postgresql":
            tell(Begun("server"))
            tell(_about(connection))


def _statements(connection: Connection, looked: Looked) -> Step:
    findings: list[Finding] = []
    for name, statement in sorted(looked.statements.items()):
        try:
            asked = text(looked.source.rehearsal(statement.sql))
            result = connection.execute(asked, dict.fromkeys(statement.parameters))
            found = {column[0].lower(): column[1] for column in result.cursor.description}
            result.close()
        except DBAPIError as error:
            connection.rollback()
            why = _of(error, diagnosed.STATEMENT_REFUSED, looked.source)
            findings.append(why.diagnosis.found(f"statement {name}: {why.detail}"))
        else:
            findings += _differences(statement, found)
    return Step("statements", tuple(findings), "" if findings else f"{len(looked.statements)} as their heads say")


def _differences(statement: Statement, found: Mapping[str, Any]) -> Iterator[Finding]:
    for column, kind in statement.columns.items():
        where = f"statement {statement.name}: column {column}"
        if column not in found:
            yield diagnosed.COLUMN_MISSING.found(where)
        elif isinstance(found[column], type) and found[column] is not KINDS[kind]:
            yield diagnosed.COLUMN_CHANGED.found(f"{where} must be {kind}; found {found[column].__name__}")


def _newest(connection: Connection, newest: Newest) -> Step:
    try:
        rows: Sequence[Any] = connection.execute(text(newest.statement.sql), dict(newest.parameters)).fetchmany(1)
    except DBAPIError:
        connection.rollback()
        return Step("newest", skipped="this replica's tables are not ours, so nobody can tell whether it lags")
    if rows:
        return Step("newest", told=f"what was delivered {newest.age_s:.0f} s ago is there")
    behind = f"what was delivered {newest.age_s:.0f} s ago is not there"
    return Step("newest", (LAGGING.found(behind),)) if newest.age_s > LAG_S else Step("newest", told=behind)


def _about(connection: Connection) -> About | Step:
    try:
        row = connection.execute(text(_ABOUT)).one()
        tables = connection.execute(text(_WRITABLE)).scalars().all()
    except DBAPIError as error:
        return Step("server", skipped=f"it does not tell of itself: {type(error.orig).__name__}")
    now = datetime.fromtimestamp(float(row.now), UTC)
    return About(
        _plain(row.encoding), _plain(row.zone), now, row.recovering, float(row.lag_s or 0), tuple(map(_plain, tables))
    )


def _of_connect(error: Exception, source: UrlSource) -> Finding:
    if isinstance(error, TypeError) and make_url(source.url).get_backend_name() == "postgresql":
        # SQLAlchemy reads the server's version as text, and with SQL_ASCII psycopg gives bytes.
        dialect = source.engine().dialect
        arguments, named = dialect.create_connect_args(make_url(source.url))
        cursor = dialect.connect(*arguments, **named).cursor()
        cursor.execute("show server_encoding")
        row = cursor.fetchone()
        if row is not None and _plain(row[0]) == _NONE:
            return CHARSET_UNSAFE.found(_NONE)
    return _of(error, diagnosed.CONNECT_FAILED, source)


def _plain(value: object) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)


def _of(error: Exception, otherwise: Diagnosis, source: UrlSource) -> Finding:
    """Return what an error means: by its code, else by words that quote nothing."""
    original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    told, state = str(original), source.describe(original)
    for words, diagnosis in _WORDS:
        if (match := words.search(told)) is not None:
            return diagnosis.found(match[0])
    found = next((diagnosis for code, diagnosis in _STATES.items() if code in state), otherwise)
    named = getattr(getattr(original, "diag", None), "message_primary", None)
    return found.found(f"{named} ({state})" if named and found is not otherwise else state)
