"""The read replica: a fresh, read-only connection per call, statements in files, one error when it cannot be asked."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from pydantic import JsonValue
from sqlalchemy import Connection, Engine, NullPool, bindparam, create_engine, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError
from sqlalchemy.sql.elements import BindParameter, TextClause

from contracts.desks import AdapterMisconfigured
from contracts.errors import BackendUnavailable

Row = Mapping[str, JsonValue]

_STATEMENTS: Final = Path(__file__).parent / "statements"
_RETRY_S: Final = 30.0


class Reader:
    """One connection of one call."""

    def __init__(self, connection: Connection, statements: Mapping[str, TextClause]) -> None:
        self._connection = connection
        self._statements = statements

    def rows(self, statement: str, **parameters: object) -> list[Row]:
        """Run a statement and return its rows; the padding of CHAR columns is cut off."""
        result = self._connection.execute(self._statements[statement], parameters)
        return [{name: _unpadded(value) for name, value in row.items()} for row in result.mappings()]

    def one(self, statement: str, **parameters: object) -> Row | None:
        """Run a statement by primary key and return its row, if there is one."""
        rows = self.rows(statement, **parameters)
        return rows[0] if rows else None


class Replica:
    """Opens a connection per call and closes it; nothing is pooled."""

    def __init__(self, url: str) -> None:
        """Prepare; opens nothing.

        Raises:
            AdapterMisconfigured: the URL is malformed, its driver is missing, or a statement cannot be read.
        """
        try:
            self._engine = _read_only(make_url(url))
        except (SQLAlchemyError, NoSuchModuleError, ImportError) as error:
            raise AdapterMisconfigured(f"replica_url cannot be used: {type(error).__name__}") from error
        self._statements = load_statements(_STATEMENTS)

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """Yield a reader on a connection of its own.

        Raises:
            BackendUnavailable: the replica cannot be reached, or does not answer the statement.
        """
        try:
            with self._engine.connect() as connection:
                yield Reader(connection, self._statements)
        except SQLAlchemyError as error:
            raise BackendUnavailable("the replica cannot be read", _RETRY_S) from error

    def close(self) -> None:
        """Release what the engine holds."""
        self._engine.dispose()


def load_statements(folder: Path) -> dict[str, TextClause]:
    """Return every statement of a folder by its file's name.

    Raises:
        AdapterMisconfigured: there is none, or one is empty.
    """
    files = sorted(folder.glob("*.sql"))
    if not files:
        raise AdapterMisconfigured(f"no statements in {folder}")
    return {file.stem: _statement(file) for file in files}


def _statement(file: Path) -> TextClause:
    sql = file.read_text(encoding="utf-8")
    if not sql.strip():
        raise AdapterMisconfigured(f"the statement {file.name} is empty")
    statement = text(sql)
    # A parameter whose name ends in `_in` is a list.
    lists: list[BindParameter[Any]] = [
        bindparam(name, expanding=True) for name in statement.compile().params if name.endswith("_in")
    ]
    return statement.bindparams(*lists)


def _read_only(url: URL) -> Engine:
    """Open read-only where the dialect can; elsewhere the account in the URL must be a reader's."""
    options: dict[str, object] = {}
    backend = url.get_backend_name()
    if backend == "sqlite" and url.database and url.database != ":memory:":
        # Without mode=ro a missing file would be created, and a missing replica would read as an empty one.
        url = url.set(database=f"file:{quote(url.database)}", query={**url.query, "mode": "ro", "uri": "true"})
    elif backend == "postgresql":
        options["postgresql_readonly"] = True
    return create_engine(url, poolclass=NullPool, hide_parameters=True, execution_options=options)


def _unpadded(value: JsonValue) -> JsonValue:
    return value.rstrip(" ") if isinstance(value, str) else value
