"""A new database with the schema of another and rows that went through somebody's hands, backed up to a file.

Nothing of an original row ever touches a page of it: it begins as a backup of the schema alone. While rows come in,
triggers sleep and no index is active, so their order does not matter; the engine checks every constraint when its index
is made. CHECK constraints and NOT NULL hold from the first row, so tables that a CHECK reads are filled first.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from adapters.firebird.address import Address
from adapters.firebird.catalogue import Index, quoted
from adapters.firebird.delivered import delivered
from adapters.firebird.fields import Blobs
from adapters.firebird.marks import write_origin
from adapters.firebird.messages import Layout, charsets_of, select
from adapters.firebird.pump_order import in_order, readers
from adapters.firebird.refusals import constraint_named, is_check, is_violation, refusing
from adapters.firebird.services import Place, back_up, close, restore, service
from contracts.snapshots import Account, Column, Origin, Rewrite, Row, SnapshotRefused, Tell

if TYPE_CHECKING:
    from adapters.firebird.content import FirebirdContent

_COMMIT_EVERY: Final = 20_000
_DIALECT: Final = 3
_TELL_EVERY: Final = 500
_LATE: Final = (
    ": it reads rows, and maybe such as come later; if it holds in the original, drop it in a sandbox of that, "
    "and take this sandbox instead"
)
_AWAKE: Final = """
select trim(RDB$TRIGGER_NAME) from RDB$TRIGGERS
where coalesce(RDB$SYSTEM_FLAG, 0) = 0 and coalesce(RDB$TRIGGER_INACTIVE, 0) = 0 order by 1
"""
_SEQUENCES: Final = """
select trim(RDB$GENERATOR_NAME), coalesce(RDB$SYSTEM_FLAG, 0) from RDB$GENERATORS
where coalesce(RDB$SYSTEM_FLAG, 0) in (0, 6) order by 1
"""
_IDENTITIES: Final = """
select trim(RDB$GENERATOR_NAME), trim(RDB$RELATION_NAME), trim(RDB$FIELD_NAME) from RDB$RELATION_FIELDS
where RDB$GENERATOR_NAME is not null
"""


def pumped(content: "FirebirdContent", out: Path, rewrite: Rewrite, origin: Origin, tell: Tell) -> None:
    """Write `out`: the content's schema, the rows that `rewrite` gives, and `origin`.

    Raises:
        SnapshotRefused: a row breaks a constraint, a value does not fit, a column cannot be carried, no disk left.
    """
    if content.catalogue.arrays:
        raise SnapshotRefused(f"array columns cannot be carried: {', '.join(content.catalogue.arrays)}")
    made = Place(Address(str(content.folder / "new.fdb")), Account())
    file = Path(made.address.path)
    try:
        _emptied(content, made)
        with refusing("the new database"):
            connection = made.connect()
            try:
                _fill(content, connection, rewrite, tell)
            finally:
                close(connection)
        _describe(made, origin, _dialect(content))
        with refusing(str(out)), delivered(out) as stream:
            back_up(made, stream, lambda done: tell("writing the snapshot", done, None))
    finally:
        file.unlink(missing_ok=True)


def insert_rows(connection: Any, table: str, columns: tuple[Column, ...], rows: Iterator[Row]) -> Iterator[int]:
    """Insert rows as they come and commit now and then; yields how many are in, every few hundred and at the end.

    Cells of computed columns are skipped. The connection's character set is NONE.

    Raises:
        SnapshotRefused: a value does not fit, or breaks NOT NULL or a CHECK.
    """
    kept = [index for index, column in enumerate(columns) if not column.computed]
    names = ", ".join(quoted(columns[index].name) for index in kept)
    sql = f"insert into {quoted(table)} ({names}) values ({', '.join('?' * len(kept))})"  # noqa: S608 - quoted names
    charsets, done = charsets_of(connection), 0
    with connection.cursor() as cursor, cursor.prepare(sql) as statement:
        layout = Layout.of(statement._in_meta, charsets, Blobs(connection)).named(columns[index].name for index in kept)  # noqa: SLF001
        message, run = statement._in_buffer, statement._istmt.execute  # noqa: SLF001
        for done, row in enumerate(rows, start=1):
            if len(row) != len(columns):
                raise SnapshotRefused(f"a row of {table} has {len(row)} values for {len(columns)} columns")
            layout.fill(message, tuple(row[index] for index in kept), table)
            run(connection.main_transaction._tra, statement._in_meta, message, None, None)  # noqa: SLF001
            if done % _TELL_EVERY == 0:
                yield done
            if done % _COMMIT_EVERY == 0:
                connection.commit()
                connection.begin()
    connection.commit()
    yield done


def _emptied(content: "FirebirdContent", made: Place) -> None:
    """Make a database of the content's schema, without rows, its indices inactive; it need not survive a power cut.

    An older dialect, which knows no quoted names, is set again in the end.
    """
    from firebird.driver import DbWriteMode  # noqa: PLC0415

    schema = content.folder / "schema.fbk"
    try:
        with refusing(content.name):
            with delivered(schema) as stream:
                back_up(content.place, stream, lambda _: None, metadata_only=True)
            Path(made.address.path).unlink(missing_ok=True)
            with schema.open("rb") as backup:
                restore(backup, made, lambda _: None, "the schema", inactive=True)
            with service(made) as server:
                server.database.set_write_mode(database=made.address.path, mode=DbWriteMode.ASYNC)
                server.database.set_sql_dialect(database=made.address.path, dialect=_DIALECT)
    finally:
        schema.unlink(missing_ok=True)


def _fill(content: "FirebirdContent", connection: Any, rewrite: Rewrite, tell: Tell) -> None:
    charsets = charsets_of(connection)
    awake = [str(name) for (name,) in select(connection, _AWAKE, "RDB$TRIGGERS", charsets)]
    for name in awake:
        _run(connection, f"alter trigger {quoted(name)} inactive")
    for table in in_order(content.tables, content.connection):
        expected, done = content.count(table), 0
        try:
            for done in insert_rows(connection, table.name, table.columns, rewrite(table, content.rows(table))):
                tell(f"rows of {table.name}", done, expected)
        except Exception as error:
            if is_violation(error):
                late = _LATE if is_check(error) and table.name in readers(content.connection) else ""
                said = f"a new row breaks a rule of {table.name}: {constraint_named(error)}{late}"
                raise SnapshotRefused(said) from None
            raise
        if done != expected:
            raise SnapshotRefused(f"{table.name} has {expected} rows and was given {done} new ones")
    for name in awake:
        _run(connection, f"alter trigger {quoted(name)} active")
    _constrain(content, connection, tell)
    _set_sequences(content, connection)


def _constrain(content: "FirebirdContent", connection: Any, tell: Tell) -> None:
    indices = sorted((each for each in content.catalogue.indices if not each.inactive), key=lambda each: each.rank)
    for number, index in enumerate(indices, start=1):
        _activate(connection, index)
        tell("constraints and indices", number, len(indices))


def _activate(connection: Any, index: Index) -> None:
    try:
        _run(connection, f"alter index {quoted(index.name)} active")
    except Exception as error:
        if is_violation(error):
            raise SnapshotRefused(f"the new rows of {index.table} break a rule: {constraint_named(error)}") from None
        raise


def _set_sequences(content: "FirebirdContent", connection: Any) -> None:
    source, charsets = content.connection, charsets_of(content.connection)
    identities = {str(row[0]): row[1:] for row in select(source, _IDENTITIES, "RDB$RELATION_FIELDS", charsets)}
    for name, system in [*select(source, _SEQUENCES, "RDB$GENERATORS", charsets)]:
        sql = f"select gen_id({quoted(str(name))}, 0) from RDB$DATABASE"  # noqa: S608 - quoted
        ((value,),) = select(source, sql, "RDB$GENERATORS", charsets)
        if not system:
            _run(connection, f"set generator {quoted(str(name))} to {int(str(value))}")
        elif name in identities:
            table, column = (quoted(str(each)) for each in identities[str(name)])
            _run(connection, f"alter table {table} alter column {column} restart with {int(str(value))}")


def _run(connection: Any, sql: str) -> None:
    with connection.cursor() as cursor:
        try:
            cursor.execute(sql)
            connection.commit()
        except Exception:
            connection.rollback()
            raise


def _dialect(content: "FirebirdContent") -> int:
    charsets = charsets_of(content.connection)
    ((dialect,),) = select(content.connection, "select MON$SQL_DIALECT from MON$DATABASE", "MON$DATABASE", charsets)
    return int(str(dialect))


def _describe(made: Place, origin: Origin, dialect: int) -> None:
    """Write the origin; set dialect and writing through again, because a backup carries both."""
    from firebird.driver import DbWriteMode  # noqa: PLC0415

    with refusing("the new database"):
        connection = made.connect("UTF8")
        try:
            write_origin(connection, origin)
        finally:
            close(connection)
        with service(made) as server:
            server.database.set_write_mode(database=made.address.path, mode=DbWriteMode.SYNC)
            server.database.set_sql_dialect(database=made.address.path, dialect=dialect)
