"""The work of a worker process: one connection, one job, closed."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Engine, TextClause, TextualSelect, text
from sqlalchemy.exc import DBAPIError

from adapters.sql.charset import REPLACED
from adapters.sql.faults import Fault
from adapters.sql.messages import Failed, Job, Opened, Ran, Rehearsed, Row, Rows, Step
from adapters.sql.source import Source
from adapters.sql.statements import KINDS, Statement, StatementInvalid
from adapters.sql.text import TidyText
from contracts.errors import BackendUnavailable

ROWS_MAX: Final = 10_000
"""Rows of one statement; who gives more has forgotten a condition, and would fill the service's memory."""


class Session:
    """Serves one job at a time, each on a connection of its own. Not for several threads.

    Args:
        source: how to open the database.
        statements: what may be run, by name.
        charsets: codec of a column that differs from the connection's, by `statement.column`.
    """

    def __init__(self, source: Source, statements: Mapping[str, Statement], charsets: Mapping[str, str]) -> None:
        self._source, self._statements = source, statements
        self._engine: Engine | None = None
        self._texts = {
            name: _typed(statement, source.codec, charsets) for name, statement in sorted(statements.items())
        }
        self._connection: Connection | None = None

    def open_ahead(self, *, warm: bool = True) -> Opened:
        """Open a connection; warm it: a job with the first look at tables and procedures takes twice as long."""
        self.close()
        try:
            connection = self._connection = self._opened()
            if warm:
                for _ in self._rehearse(connection):
                    pass
                connection.rollback()
        except Exception as error:  # noqa: BLE001 - drivers raise what they like; the reason is told
            self.close()
            return Opened(self._reason(error))
        return Opened(None)

    def rehearse(self) -> Rehearsed:
        """Compare what each statement gives on this database with what its head says."""
        self.close()
        try:
            connection = self._connection = self._opened()
            return Rehearsed(tuple(self._rehearse(connection)))
        except Exception as error:  # noqa: BLE001 - likewise
            return Rehearsed((), self._reason(error))

    def run(self, job: Job, fresh: bool, sent: Callable[[], None]) -> Rows | Failed:
        """Do a job; `sent` is called when its first statement is about to go out."""
        begun = False
        try:
            connection = self._usable(fresh)
            begun = True
            sent()
            return self._done(connection, job)
        except DBAPIError as error:
            return Failed(self._fault(error), self._reason(error), begun)
        except BackendUnavailable as error:
            return Failed(Fault.LOST, error.detail, begun)
        except StatementInvalid as error:
            return Failed(Fault.FORBIDDEN, str(error), begun)  # nothing is committed before the columns are seen
        except UnicodeEncodeError:
            return Failed(Fault.REFUSED, f"a parameter cannot be written in {self._source.codec}", begun)
        except Exception as error:  # noqa: BLE001 - a defect must fail this call and not the worker
            return Failed(Fault.OTHER, _where(error), begun)

    def close(self) -> None:
        """Close the connection, if one is open; what happens then concerns nobody."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.close()
        except Exception:  # noqa: BLE001 - it was lost before
            connection.invalidate()

    def _usable(self, fresh: bool) -> Connection:
        """Return the connection opened ahead if it still lives, else a new one; nothing has been sent yet."""
        if self._connection is not None and not fresh:
            try:
                alive = self._connection.dialect.do_ping(self._connection.connection.dbapi_connection)  # type: ignore[arg-type]
            except Exception:  # noqa: BLE001 - whatever it says, it is not alive
                alive = False
            if alive:
                return self._connection
        self.close()
        self._connection = self._opened()
        return self._connection

    def _opened(self) -> Connection:
        # The engine is made here and not at the start, so that a driver that is missing is told and not only fatal.
        if self._engine is None:
            self._engine = self._source.engine()
        return self._engine.connect()

    def _done(self, connection: Connection, job: Job) -> Rows:
        steps: list[tuple[Row, ...]] = []
        ran: list[Ran] = []
        replaced: Counter[str] = Counter()
        agreed = True
        for step in job.steps:
            begun = time.monotonic()
            rows = tuple(self._rows(connection, step))
            ran.append(Ran(step.statement, len(rows), begun, time.monotonic()))
            if job.writes and not rows:
                raise StatementInvalid("it gave no row; a procedure needs a suspend in every branch")
            steps.append(rows)
            replaced.update(_replaced(step.statement, rows))
            agreed = not step.go_on or (bool(rows) and rows[0]["outcome"] in step.go_on)
            if not agreed:
                break
        if job.writes and agreed:
            connection.commit()
        elif job.writes:
            connection.rollback()  # a read's transaction ends with its connection, after the reply
        return Rows(tuple(steps), dict(replaced), tuple(ran))

    def _rows(self, connection: Connection, step: Step) -> Iterator[Row]:
        result = connection.execute(self._texts[step.statement], dict(step.parameters))
        names = [name.lower() for name in result.keys()]  # noqa: SIM118 - a result, not a mapping
        if set(names) != self._statements[step.statement].columns.keys():
            raise StatementInvalid(f"its columns are {', '.join(names)}, and not what its head declares")
        rows = result.fetchmany(ROWS_MAX + 1)
        if len(rows) > ROWS_MAX:
            raise StatementInvalid(f"it gives more than {ROWS_MAX} rows")
        for row in rows:
            yield dict(zip(names, row, strict=True))

    def _rehearse(self, connection: Connection) -> Iterator[str]:
        for name, statement in sorted(self._statements.items()):
            try:
                result = connection.execute(
                    text(self._source.rehearsal(statement.sql)), dict.fromkeys(statement.parameters)
                )
                found = {column[0].lower(): column[1] for column in result.cursor.description}
                result.close()
            except DBAPIError as error:
                if self._fault(error) is Fault.LOST:
                    raise
                connection.rollback()
                yield f"statement {name}: {self._reason(error)}"
            else:
                yield from _differences(statement, found)

    def _fault(self, error: DBAPIError) -> Fault:
        return self._source.fault_of(error.orig or error)

    def _reason(self, error: Exception) -> str:
        if isinstance(error, DBAPIError):
            return self._source.describe(error.orig or error)
        return error.detail if isinstance(error, BackendUnavailable) else _where(error)


def _typed(statement: Statement, codec: str, charsets: Mapping[str, str]) -> TextClause | TextualSelect:
    # Some databases give names in capitals, as they were written, and SQLAlchemy compares them as they come.
    types = {
        name: TidyText(codec, charsets.get(f"{statement.name}.{column}"))
        for column, kind in statement.columns.items()
        if kind == "text"
        for name in (column, column.upper())
    }
    clause = text(statement.sql)
    return clause.columns(**types) if types else clause


def _differences(statement: Statement, found: Mapping[str, Any]) -> Iterator[str]:
    for column, kind in statement.columns.items():
        if column not in found:
            yield f"statement {statement.name}: no column {column}; found {', '.join(found)}"
        # Some drivers tell no type before there is a row (sqlite3), others a number of their own (psycopg).
        elif isinstance(found[column], type) and found[column] is not KINDS[kind]:
            yield f"statement {statement.name}: column {column} must be {kind}; found {found[column].__name__}"
    for column in found.keys() - statement.columns.keys():
        yield f"statement {statement.name}: column {column} is not in the head"


def _replaced(statement: str, rows: tuple[Row, ...]) -> Iterator[str]:
    for row in rows:
        for column, value in row.items():
            if isinstance(value, str):
                yield from [f"{statement}.{column}"] * value.count(REPLACED)


def _where(error: BaseException) -> str:
    """Say what kind of error came from which line; its text may quote a person's data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{place}"
