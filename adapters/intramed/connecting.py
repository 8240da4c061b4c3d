"""From options to the two accounts' connections: which statements each runs, and through which driver."""

from hashlib import sha256
from typing import Final

from adapters.firebird.charset import codec_of
from adapters.firebird.native import NativeSource
from adapters.intramed.options import STATEMENTS, IntramedOptions
from adapters.intramed.within import LOOKS
from adapters.odbc.pooling import REMEDY, pooling_enabled
from adapters.odbc.source import OdbcSource
from adapters.sql.ahead import Connections, Keeping
from adapters.sql.source import Source
from adapters.sql.statements import Statement, StatementInvalid, load_statements
from adapters.sql.transport import Transport
from contracts.desks import AdapterMisconfigured

_READS: Final[dict[str, tuple[str, ...]]] = {
    "backend": ("find_patient", "list_slots", "list_upcoming"),
    "shim": ("find_patient", "list_slots", "list_upcoming", "slot", "patient", "find_booking"),
}
_WRITES: Final = {"backend": ("hold_slot", "confirm", "cancel"), "shim": ("book", "cancel")}
_NOTE_READS: Final = {"column": ("find_note",), "text": ("find_note_text",), "park": ()}
_NOTE_WRITES: Final = {"column": ("log_note",), "text": ("log_note_text",), "park": ("log_note_text",)}


def open_transport(options: IntramedOptions) -> Transport:
    """Return the transport; opens no connection.

    Raises:
        AdapterMisconfigured: naming the option and what to do.
    """
    if options.transport == "odbc" and (pooled := pooling_enabled()) is not None:
        raise AdapterMisconfigured(f"transport odbc: {pooled} says Pooling=Yes; {REMEDY}")
    (reader, reads), (writer, writes) = accounts(options)
    charsets = _column_charsets(options, reads | writes)
    keeping = Keeping(
        options.connections_ahead, options.connections_max, options.connection_age_s, options.connect_timeout_s
    )
    return Transport(
        Connections(reader, reads, keeping, charsets),
        Connections(writer, writes, keeping, charsets),
    )


def accounts(options: IntramedOptions) -> tuple[tuple[Source, dict[str, Statement]], ...]:
    """Return how each account opens the database and what it runs, the reader first; opens no connection.

    Raises:
        AdapterMisconfigured: naming the option and what to do.
    """
    reads = _loaded(options, (*_READS[options.holds], *_NOTE_READS[options.notes], *LOOKS))
    writes = _loaded(options, (*_WRITES[options.holds], *_NOTE_WRITES[options.notes]))
    _column_charsets(options, reads | writes)
    return (_source(options, writes=False), reads), (_source(options, writes=True), writes)


def optional_looks(options: IntramedOptions) -> tuple[str, ...]:
    """Return how the lines of a rehearsal begin that are about shipped statements which only limited clients need.

    A site whose tables are called otherwise wrote its own files before there were such clients.
    """
    own = {path.stem for path in options.statements.iterdir()} if options.statements else set()
    return tuple(f"statement {name}:" for name in LOOKS if name not in {*_READS[options.holds], *own})


def journal_fingerprint(options: IntramedOptions) -> str:
    """Return the fingerprint of how a note is written now: another statement, or another way to find it, is another.

    Raises:
        AdapterMisconfigured: the statement cannot be loaded.
    """
    names = _NOTE_WRITES[options.notes]
    statements = _loaded(options, names)
    return sha256("\0".join((options.notes, *(statements[name].sql for name in names))).encode()).hexdigest()


def _loaded(options: IntramedOptions, names: tuple[str, ...]) -> dict[str, Statement]:
    try:
        return load_statements(names, STATEMENTS, options.statements)
    except StatementInvalid as error:
        raise AdapterMisconfigured(f"option statements: {error}") from error


def _column_charsets(options: IntramedOptions, statements: dict[str, Statement]) -> dict[str, str]:
    known = {f"{name}.{column}" for name, statement in statements.items() for column in statement.columns}
    for name in options.column_charsets:
        if name not in known:
            raise AdapterMisconfigured(f"option column_charsets: there is no column {name}")
    return {name: codec_of(charset) for name, charset in options.column_charsets.items()}


def _source(options: IntramedOptions, *, writes: bool) -> Source:
    user = options.write_user if writes else options.read_user
    password = (options.write_password if writes else options.read_password).get_secret_value()
    account = (options.address, user, password, options.charset, writes, options.connect_timeout_s)
    if options.transport == "native":
        return NativeSource(*account, options.encryption)
    try:
        return OdbcSource(*account, options.odbc_driver)
    except ValueError as error:
        raise AdapterMisconfigured(f"transport odbc: {error}") from error
