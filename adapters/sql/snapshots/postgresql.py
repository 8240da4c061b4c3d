"""Snapshots of PostgreSQL: an archive that is written in one transaction, and restored into a database of its own."""

import json
import secrets
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, cast

import psycopg

from adapters.sql.snapshots.archive import Lot, Texts, check, is_archive, lines, read, writing
from adapters.sql.snapshots.archive_content import ArchiveContent, load
from adapters.sql.snapshots.catalogue import Catalogue
from adapters.sql.snapshots.described import Described
from adapters.sql.snapshots.server import Sandboxes, connected, database_of, is_url, maintenance
from adapters.sql.snapshots.whole import appearing
from contracts.snapshots import Account, Tell

_CHUNK: Final = 1 << 20
_NAME_LENGTH: Final = 40
_CANONICAL: Final = (
    *("datestyle = 'ISO, YMD'", "intervalstyle = 'postgres'", "timezone = 'UTC'", "bytea_output = 'hex'"),
    *("extra_float_digits = 3", "lc_monetary = 'C'", "xmloption = 'content'"),
)
"""So that the text of a value is the same wherever it is read, and read as it was written."""


class PostgresqlSnapshots:
    """A `contracts.snapshots.Technology`. Roles, rights and comments stay behind."""

    name = "postgresql"

    def is_snapshot(self, file: Path) -> bool:
        """Return whether a file begins as our archives do."""
        return is_archive(file)

    def is_place(self, place: str) -> bool:
        """Return whether this is a URL of PostgreSQL."""
        return is_url(place)

    def take(self, place: str, account: Account, file: Path, tell: Tell) -> None:
        """Write every row as one transaction sees it, which takes no lock that a writer would wait for."""
        with appearing(file) as unnamed, connected(place, account) as connection:
            _speak_canonically(connection)
            connection.execute("set default_transaction_isolation = 'repeatable read'")
            connection.execute("set default_transaction_read_only = on")
            with connection.transaction():
                catalogue = Catalogue(connection)
                catalogue.refuse()
                schema = catalogue.described()
                with writing(unnamed, schema) as archive:
                    for number, table in enumerate(schema.tables):
                        # Closed at once when the disk is full: an open COPY would let no transaction end.
                        with closing(_copied(connection, schema, number)) as rows:
                            for done in archive.rows(number, rows):
                                tell(f"rows of {table.name}", done, None)

    def restore(self, file: Path, place: str, account: Account, tell: Tell) -> None:
        """Read the archive to its end, load it into a new database, and give that the sandbox's name."""
        target = database_of(place)
        schema = check(file, tell)
        with maintenance(place, account) as connection:
            sandboxes = Sandboxes(connection)
            sandboxes.may_replace(target)
            fresh = f"{target[:_NAME_LENGTH]}_{secrets.token_hex(4)}"
            try:
                sandboxes.create(fresh, schema.locale)
                with connected(place, account, fresh) as inside:
                    _load(inside, file, tell)
                sandboxes.mark(fresh, target)
                _swap(sandboxes, fresh, target)
            finally:
                with suppress(psycopg.Error):
                    sandboxes.drop(fresh)  # there is none when it has its new name

    @contextmanager
    def opened(self, file: Path, folder: Path, tell: Tell) -> Iterator[ArchiveContent]:
        """Unpack an archive into `folder`; no server is needed."""
        with load(file, folder, tell) as content:
            yield content

    def raw(self, file: Path, folder: Path, tell: Tell) -> Iterator[bytes]:
        """Yield every text of the archive, one after the other, and the bytes of binary ones as well."""
        del folder
        gathered = bytearray()
        for line in lines(file, tell):
            try:
                document = json.loads(line)
            except ValueError:
                document = None
                gathered += line
            for text in _texts(document):
                gathered += text.encode("utf-8", "replace") + b"\n"
                if text.startswith("\\x"):
                    with suppress(ValueError):
                        gathered += bytes.fromhex(text[2:]) + b"\n"
            if len(gathered) > _CHUNK:
                yield bytes(gathered)
                gathered.clear()
        yield bytes(gathered)

    def codec(self, file: Path, folder: Path) -> str:
        """Return what JSON is written in."""
        del file, folder
        return "utf-8"


def _speak_canonically(connection: psycopg.Connection) -> None:
    for setting in _CANONICAL:
        connection.execute(f"set {setting}".encode())


def _copied(connection: psycopg.Connection, schema: Described, number: int) -> Generator[Texts, None, None]:
    """Yield the rows of a table in the order of its key; COPY is a cursor that the server keeps."""
    table = schema.tables[number]
    whole, columns = schema.quoted[table.name]
    places = {column.name: place for place, column in enumerate(table.columns)}
    order = ", ".join(columns[places[name]] for name in table.key) or "ctid"
    query = f"copy (select {', '.join(columns)} from only {whole} order by {order}) to stdout"  # noqa: S608 - quoted by the server
    with connection.cursor() as cursor, cursor.copy(query.encode()) as copy:
        yield from cast("Iterator[Texts]", copy.rows())


def _load(connection: psycopg.Connection, file: Path, tell: Tell) -> None:
    _speak_canonically(connection)
    connection.execute("set check_function_bodies = off")
    with connection.transaction():
        parts = read(file, tell)
        schema = cast("Described", next(parts))
        _make(connection, schema.before)
        for part in parts:
            if isinstance(part, Lot):
                _fill(connection, schema, part)
        _make(connection, schema.after)
        for name, last, called in schema.sequences:
            connection.execute("select pg_catalog.setval(%s::pg_catalog.regclass, %s, %s)", (name, last, called))
    connection.execute("analyze")


def _fill(connection: psycopg.Connection, schema: Described, lot: Lot) -> None:
    table = schema.tables[lot.table]
    whole, columns = schema.quoted[table.name]
    kept = [place for place, column in enumerate(table.columns) if not column.computed]
    into = f"copy {whole} ({', '.join(columns[place] for place in kept)}) from stdin"
    with connection.cursor() as cursor, cursor.copy(into.encode()) as copy:
        for row in lot.rows:
            copy.write_row([row[place] for place in kept])


def _make(connection: psycopg.Connection, statements: tuple[str, ...]) -> None:
    """Run statements of which some need others that stand later, until all are done or none succeeds."""
    waiting = list(statements)
    while waiting:
        failed: list[tuple[str, psycopg.Error]] = []
        for statement in waiting:
            try:
                with connection.transaction():
                    connection.execute(statement.encode())
            except psycopg.errors.IntegrityError:
                raise
            except psycopg.Error as error:
                failed.append((statement, error))
        if len(failed) == len(waiting):
            raise failed[0][1]
        waiting = [statement for statement, _ in failed]


def _swap(sandboxes: Sandboxes, fresh: str, target: str) -> None:
    """Give a new database the sandbox's name; the old one is dropped when that is done."""
    if not sandboxes.may_replace(target):
        sandboxes.rename(fresh, target)
        return
    old = f"{target[:_NAME_LENGTH]}_{secrets.token_hex(4)}"
    sandboxes.rename(target, old)
    try:
        sandboxes.rename(fresh, target)
    except BaseException:
        sandboxes.rename(old, target)
        raise
    sandboxes.drop(old)


def _texts(document: Any) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        yield from document
        for value in document.values():
            yield from _texts(value)
    elif isinstance(document, list):
        for value in document:
            yield from _texts(value)
    elif document is not None:
        yield str(document)
