"""What is looked at within a Firebird database, in the child process: it only asks, and tells facts and steps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from adapters.firebird.described import refused_connection, refused_statement
from adapters.sql.apart import Begun, Tell
from adapters.sql.diagnosed import COLUMN_CHANGED, COLUMN_MISSING, STATEMENT_REFUSED
from adapters.sql.source import Source
from adapters.sql.statements import KINDS, Statement
from contracts.errors import BackendUnavailable
from contracts.examination import Diagnosis, Finding, Step

SAMPLE_ROWS: Final = 200
"""Of each table with texts: enough to meet a habit of a program, and milliseconds."""
_SAMPLE_TABLES: Final = 40

_BASICS: Final = """select rdb$get_context('SYSTEM', 'ENGINE_VERSION'), MON$FORCED_WRITES, MON$READ_ONLY,
MON$ODS_MAJOR, MON$ODS_MINOR from MON$DATABASE"""
_NOW: Final = "select cast('NOW' as timestamp) from RDB$DATABASE"
_CHARSETS: Final = """select trim(C.RDB$CHARACTER_SET_NAME), count(*) from RDB$RELATION_FIELDS R
join RDB$FIELDS F on F.RDB$FIELD_NAME = R.RDB$FIELD_SOURCE
join RDB$CHARACTER_SETS C on C.RDB$CHARACTER_SET_ID = F.RDB$CHARACTER_SET_ID
where coalesce(R.RDB$SYSTEM_FLAG, 0) = 0 and F.RDB$FIELD_TYPE in (14, 37) group by 1"""
_TEXTS: Final = """select trim(R.RDB$RELATION_NAME), trim(R.RDB$FIELD_NAME) from RDB$RELATION_FIELDS R
join RDB$FIELDS F on F.RDB$FIELD_NAME = R.RDB$FIELD_SOURCE
join RDB$RELATIONS T on T.RDB$RELATION_NAME = R.RDB$RELATION_NAME
where coalesce(R.RDB$SYSTEM_FLAG, 0) = 0 and T.RDB$VIEW_BLR is null and F.RDB$FIELD_TYPE in (14, 37)
order by 1, R.RDB$FIELD_POSITION"""
_RIGHTS: Final = """select distinct trim(P.RDB$USER), trim(P.RDB$PRIVILEGE), trim(P.RDB$RELATION_NAME)
from RDB$USER_PRIVILEGES P join RDB$RELATIONS T on T.RDB$RELATION_NAME = P.RDB$RELATION_NAME
where P.RDB$USER_TYPE = 8 and P.RDB$OBJECT_TYPE = 0 and coalesce(T.RDB$SYSTEM_FLAG, 0) = 0
and P.RDB$PRIVILEGE in ('S', 'I', 'U', 'D')"""
_MARKED: Final = """select count(*) from RDB$DATABASE where RDB$DESCRIPTION containing 'legacy-shim sandbox '
or RDB$DESCRIPTION containing 'legacy-shim pseudonymised '"""
"""As `adapters.firebird.marks` writes them."""
_ATTACHED: Final = """select count(*) from MON$ATTACHMENTS
where MON$USER = current_user and MON$SYSTEM_FLAG = 0 and MON$ATTACHMENT_ID <> current_connection"""


@dataclass(frozen=True, slots=True)
class Account:
    """One account: how it opens the database, and the statements that it runs.

    Attributes:
        role: `reader` or `writer`.
        instead: what it means that a statement cannot be prepared, where it means less than usual.
    """

    role: str
    user: str
    source: Source
    statements: Mapping[str, Statement]
    instead: Mapping[str, Diagnosis] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Looked:
    """What the child is given."""

    accounts: tuple[Account, ...]
    embedded: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database told of itself.

    Attributes:
        engine: version of the engine, such as `3.0.11`.
        ods: version of the file's structure.
        now: its local time.
        charsets: character sets of its text columns, with how many there are.
        undecodable: texts with bytes of no character among the first rows, by `TABLE.COLUMN`.
        rights: (account or PUBLIC, S, I, U or D, table).
        marked: whether it is a sandbox of ours, or made of pseudonyms.
    """

    engine: str
    ods: str
    forced_writes: bool
    read_only: bool
    now: datetime
    charsets: Mapping[str, int]
    undecodable: Mapping[str, int]
    rights: frozenset[tuple[str, str, str]]
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Attached:
    """How many other connections of an account are open."""

    user: str
    count: int


def look(looked: Looked, tell: Tell) -> None:
    """Log each account in, read what the database tells of itself, and prepare every statement."""
    facts_told = False
    for account in looked.accounts:
        tell(Begun(f"log-in of {account.user}"))
        try:
            connection = account.source.engine().connect()
        except (DBAPIError, BackendUnavailable, OSError, ImportError) as error:
            finding = refused_connection(account.source, error, embedded=looked.embedded)
            tell(Step(f"log-in of {account.user}", (finding,)))
            continue
        tell(Step(f"log-in of {account.user}"))
        with connection:
            if not facts_told:
                tell(Begun("database"))
                tell(_facts(connection))
                facts_told = True
            tell(Begun(f"statements of {account.user}"))
            tell(_rehearsed(connection, account))
            ((count,),) = _rows(connection, _ATTACHED)
            tell(Attached(account.user, count))


def _facts(connection: Connection) -> Facts:
    ((engine, forced, read_only, major, minor),) = _rows(connection, _BASICS)
    ((now,),) = _rows(connection, _NOW)
    charsets = {str(name): int(count) for name, count in _rows(connection, _CHARSETS)}
    rights = frozenset((str(a), str(b), str(c)) for a, b, c in _rows(connection, _RIGHTS))
    undecodable = dict(_undecodable(connection))
    ((marked,),) = _rows(connection, _MARKED)
    ods = f"{major}.{minor}"
    return Facts(str(engine), ods, bool(forced), bool(read_only), now, charsets, undecodable, rights, bool(marked))


def _undecodable(connection: Connection) -> Iterator[tuple[str, int]]:
    """Yield the columns some of whose first texts are not characters; what the account may not read is left out."""
    tables: dict[str, list[str]] = {}
    for table, column in _rows(connection, _TEXTS):
        tables.setdefault(table, []).append(column)
    for table, columns in list(tables.items())[:_SAMPLE_TABLES]:
        names = ", ".join(f'"{column}"' for column in columns)
        try:
            rows = _rows(connection, f'select first {SAMPLE_ROWS} {names} from "{table}"')  # noqa: S608 - the catalogue's names
        except DBAPIError:
            connection.rollback()
            continue
        for place, column in enumerate(columns):
            wrong = sum(1 for row in rows if any("\udc80" <= letter <= "\udcff" for letter in row[place] or ""))
            if wrong:
                yield f"{table}.{column}", wrong


def _rehearsed(connection: Connection, account: Account) -> Step:
    findings: list[Finding] = []
    for name, statement in sorted(account.statements.items()):
        found = list(_of_statement(connection, account.source, statement))
        instead = account.instead.get(name)
        findings += found if instead is None else [instead.found(one.detail) for one in found]
    fit = len(account.statements) - len(findings)
    return Step(f"statements of {account.user}", tuple(findings), "" if findings else f"{fit} fit")


def _of_statement(connection: Connection, source: Source, statement: Statement) -> Iterator[Finding]:
    try:
        result = connection.execute(text(source.rehearsal(statement.sql)), dict.fromkeys(statement.parameters))
        found = {column[0].lower(): column[1] for column in result.cursor.description}
        result.close()
    except DBAPIError as error:
        connection.rollback()
        yield refused_statement(statement.name, source, error.orig or error)
        return
    where = f"in the statement {statement.name}"
    for column, kind in statement.columns.items():
        if column not in found:
            yield COLUMN_MISSING.found(f"{column}, {where}; found {', '.join(found)}")
        elif isinstance(found[column], type) and found[column] is not KINDS[kind]:
            yield COLUMN_CHANGED.found(f"{column}, {where}, must be {kind} and is {_named(found[column])}")
    for column in found.keys() - statement.columns.keys():
        yield STATEMENT_REFUSED.found(f"statement {statement.name}: column {column} is not in its head")


def _named(kind: Any) -> str:
    return str(getattr(kind, "__name__", "another"))


def _rows(connection: Connection, sql: str) -> list[Any]:
    return list(connection.exec_driver_sql(sql).fetchall())
