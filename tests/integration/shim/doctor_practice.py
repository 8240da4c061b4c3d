"""Broken set-ups of a practice: the way to its server, its accounts, the database, its statements, and ODBC."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from firebird.driver import DbAccessMode, DbWriteMode, connect, connect_server

from adapters.firebird.marks import mark_sandbox
from adapters.intramed.options import STATEMENTS
from simulators.intramed.sandbox import OWNER, owner_connection
from simulators.intramed.server import READER, FirebirdServer
from tests.integration.shim.doctor_stage import Stage, table

SETUPS, broken = table()


@contextmanager
def owner(stage: Stage, server: FirebirdServer) -> Iterator[Any]:
    """Open the practice with every right."""
    with owner_connection(str(stage.systems["practice"]["database"]), server.passwords[OWNER]) as connection:
        yield connection


def change(stage: Stage, server: FirebirdServer, *statements: str) -> None:
    """Change the practice as its owner."""
    with owner(stage, server) as connection:
        for statement in statements:
            connection.execute_immediate(statement)
            connection.commit()


def elsewhere(stage: Stage, host: str, port: int) -> None:
    """Say that the practice is there."""
    stage.systems["practice"] |= {"database": f"{host}/{port}:practice", "connect_timeout_s": 1}


@broken("name-unknown")
def a_mistyped_host(stage: Stage, _server: FirebirdServer) -> None:
    elsewhere(stage, "practice.invalid", 3050)
    stage.systems["practice"]["wire_crypt"] = "required"


@broken("port-closed")
def a_closed_port(stage: Stage, _server: FirebirdServer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        elsewhere(stage, "127.0.0.1", taken.getsockname()[1])


@broken("port-unanswered")
def a_port_whose_packets_are_dropped(stage: Stage, _server: FirebirdServer) -> None:
    """A queue of connections that is full: Linux then drops whoever knocks, as a firewall does."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    stage.kept.append(listener)
    for _ in range(4):
        knocking = socket.socket()
        knocking.setblocking(False)
        with suppress(BlockingIOError):
            knocking.connect(listener.getsockname())
        stage.kept.append(knocking)
    elsewhere(stage, "127.0.0.1", listener.getsockname()[1])


@broken("server-silent")
def a_silent_port(stage: Stage, _server: FirebirdServer) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    stage.kept.append(listener)
    elsewhere(stage, "127.0.0.1", listener.getsockname()[1])


@broken("login-refused")
def a_wrong_password(stage: Stage, _server: FirebirdServer) -> None:
    stage.systems["practice"]["write_password"] = "wrong"


@broken("encryption-disagreed")
def a_server_that_demands_encryption(stage: Stage, _server: FirebirdServer) -> None:
    stage.systems["practice"]["wire_crypt"] = "disabled"


@broken("database-missing")
def a_file_that_the_server_has_not(stage: Stage, server: FirebirdServer) -> None:
    stage.systems["practice"]["database"] = server.database(stage.folder / "missing.fdb")


@broken("database-missing")
def an_alias_that_the_server_does_not_know(stage: Stage, server: FirebirdServer) -> None:
    stage.systems["practice"]["database"] = f"{server.host}/{server.port}:practice"


@broken("database-missing")
def a_local_file_that_is_not_there(stage: Stage, _server: FirebirdServer) -> None:
    stage.systems["practice"]["database"] = str(stage.folder / "missing.fdb")


def _embedded(stage: Stage, *settings: str) -> Path:
    """Open the practice without a server, under a root of its own that has no plugins and no character sets."""
    root = stage.folder / "root"
    root.mkdir()
    (root / "firebird.conf").write_text("".join(f"{line}\n" for line in settings))
    for name in ("FIREBIRD", "FIREBIRD_LOCK", "FIREBIRD_TMP"):
        stage.monkeypatch.setenv(name, str(root))
    stage.systems["practice"]["database"] = stage.systems["practice"]["database"].partition(":")[2]
    return root


@broken("engine-missing")
def a_local_file_without_an_engine(stage: Stage, _server: FirebirdServer) -> None:
    _embedded(stage, "Providers = Remote")


@broken("charset-not-installed")
def an_engine_without_character_sets(stage: Stage, _server: FirebirdServer) -> None:
    _embedded(stage)


def _services(stage: Stage, server: FirebirdServer) -> tuple[Any, str]:
    service = connect_server(f"{server.host}/{server.port}", user=OWNER, password=server.passwords[OWNER])
    return service, str(stage.systems["practice"]["database"]).partition(":")[2]


@broken("database-read-only")
def a_database_set_to_read_only(stage: Stage, server: FirebirdServer) -> None:
    change(stage, server, "alter database set linger to 0")
    service, path = _services(stage, server)
    with service:
        service.database.set_access_mode(database=path, mode=DbAccessMode.READ_ONLY)


@broken("forced-writes-off")
def a_database_that_does_not_wait_for_its_disk(stage: Stage, server: FirebirdServer) -> None:
    service, path = _services(stage, server)
    with service:
        service.database.set_write_mode(database=path, mode=DbWriteMode.ASYNC)


@broken("database-is-sandbox")
def a_sandbox_in_place_of_the_practice(stage: Stage, server: FirebirdServer) -> None:
    with owner(stage, server) as connection:
        mark_sandbox(connection)


@broken("charset-differs")
def a_wrong_charset(stage: Stage, _server: FirebirdServer) -> None:
    stage.systems["practice"]["charset"] = "UTF8"


@broken("charset-differs")
def a_database_in_utf8(stage: Stage, server: FirebirdServer) -> None:
    """Everything that is not a text of the product's own stays as it is; most text columns are in UTF8."""
    columns = ", ".join(f"C{number} varchar(20) character set UTF8" for number in range(60))
    change(stage, server, f"create table LATER ({columns})")


@broken("text-undecodable")
def texts_of_another_program(stage: Stage, server: FirebirdServer) -> None:
    change(stage, server, "update VESTIGING set PLAATS = x'4A816E'")


@broken("zone-differs")
def a_wrong_time_zone(stage: Stage, _server: FirebirdServer) -> None:
    stage.systems["practice"]["zone"] = "Asia/Tokyo"


@broken("clock-skewed")
def a_skewed_clock(stage: Stage, _server: FirebirdServer) -> None:
    stage.ahead = timedelta(minutes=4)


@broken("procedure-missing")
def a_missing_procedure(stage: Stage, server: FirebirdServer) -> None:
    change(stage, server, "drop procedure WEB_CANCEL")


@broken("procedure-changed")
def a_procedure_with_another_parameter(stage: Stage, server: FirebirdServer) -> None:
    change(
        stage,
        server,
        """recreate procedure WEB_CANCEL (AFSPRAAK integer, PATIENT varchar(8), MOMENT timestamp, REDEN integer)
        returns (UITKOMST varchar(12)) as begin UITKOMST = 'PAST'; suspend; end""",
        "grant execute on procedure WEB_CANCEL to SHIM_WRITE",
    )


@broken("table-missing")
def a_missing_table(stage: Stage, server: FirebirdServer) -> None:
    change(stage, server, "drop table TELEFOON")


@broken("column-missing")
def a_renamed_column(stage: Stage, server: FirebirdServer) -> None:
    change(stage, server, "alter table TELEFOON alter column NUMMER to TELEFOONNUMMER")


@broken("column-changed")
def a_column_of_another_type(stage: Stage, server: FirebirdServer) -> None:
    change(stage, server, "alter table TELEFOON drop NUMMER", "alter table TELEFOON add NUMMER bigint")


@broken("right-missing")
def a_right_that_was_revoked(stage: Stage, server: FirebirdServer) -> None:
    change(stage, server, "revoke select on TELEFOON from SHIM_READ")


@broken("right-missing")
def a_procedure_that_was_installed_anew(stage: Stage, server: FirebirdServer) -> None:
    """Whoever drops and makes it loses the right to execute it."""
    change(stage, server, "revoke execute on procedure WEB_CANCEL from SHIM_WRITE")


def _site(stage: Stage, name: str, old: str, new: str) -> None:
    """Put a statement of the site's own in place of a shipped one."""
    (folder := stage.folder / "statements").mkdir()
    shipped = (STATEMENTS / f"{name}.sql").read_text(encoding="utf-8")
    assert old in shipped
    (folder / f"{name}.sql").write_text(shipped.replace(old, new), encoding="utf-8")
    stage.systems["practice"]["statements"] = str(folder)


@broken("statement-refused")
def a_statement_that_the_engine_does_not_understand(stage: Stage, _server: FirebirdServer) -> None:
    _site(stage, "find_patient", "T join", "T joyn")


@broken("limited-clients-unserved")
def a_look_that_only_limited_clients_need(stage: Stage, server: FirebirdServer) -> None:
    """The site lists appointments from elsewhere, and wrote no look of its own."""
    _site(stage, "list_upcoming", "AFSPRAAK", "JOURNAAL")
    change(stage, server, *(f"alter table JOURNAAL add {name} integer" for name in ("AGENDA",)))
    change(stage, server, "alter table JOURNAAL add VERVALLEN timestamp", "revoke select on AFSPRAAK from SHIM_READ")


@broken("statements-unusable")
def a_folder_of_statements_that_is_not_there(stage: Stage, _server: FirebirdServer) -> None:
    stage.systems["practice"]["statements"] = str(stage.folder / "nowhere")


@broken("reader-writes")
def a_reader_that_may_write(stage: Stage, server: FirebirdServer) -> None:
    change(stage, server, "grant update on PATIENT to SHIM_READ")


@broken("writer-selects")
def a_writer_that_may_select(stage: Stage, server: FirebirdServer) -> None:
    change(stage, server, "grant select on PATIENT to SHIM_WRITE")


@broken("attachments-left")
def connections_that_nobody_closed(stage: Stage, server: FirebirdServer) -> None:
    practice = stage.systems["practice"]
    practice |= {"connections_max": 1, "connections_ahead": 0}
    stage.kept += [connect(practice["database"], user=READER, password=server.passwords[READER]) for _ in range(3)]


def _odbc(stage: Stage, odbcinst: str, **options: Any) -> None:
    folder = stage.folder / "odbc"
    folder.mkdir()
    (folder / "odbcinst.ini").write_text(odbcinst)
    stage.monkeypatch.setenv("ODBCSYSINI", str(folder))
    stage.monkeypatch.setenv("HOME", str(folder))
    stage.systems["practice"] |= {"transport": "odbc", **options}


@broken("odbc-pooling")
def a_driver_manager_that_pools(stage: Stage, _server: FirebirdServer) -> None:
    _odbc(stage, "[ODBC]\nPooling=Yes\n[Firebird]\nDriver=libc.so.6\n")


@broken("odbc-driver-unknown")
def a_driver_that_is_not_registered(stage: Stage, _server: FirebirdServer) -> None:
    _odbc(stage, "[FireBird 2]\nDriver=libc.so.6\n")


@broken("odbc-driver-missing")
def a_driver_that_was_removed(stage: Stage, _server: FirebirdServer) -> None:
    _odbc(stage, "[Firebird]\nDriver=/opt/nowhere/libOdbcFb.so\n")


@broken("odbc-driver-unloadable")
def a_driver_for_another_machine(stage: Stage, _server: FirebirdServer) -> None:
    library = stage.folder / "libOdbcFb.so"
    library.write_bytes(b"\x7fELF of something else")
    _odbc(stage, f"[Firebird]\nDriver={library}\n")


@broken("odbc-client-unpinned")
def a_client_library_by_another_name(stage: Stage, _server: FirebirdServer) -> None:
    stage.monkeypatch.setattr("adapters.odbc.examination.CLIENT", "libfbclient.so.nowhere")
    _odbc(stage, "[Firebird]\nDriver=libc.so.6\n")


@broken("odbc-charset-cuts", "odbc-locktimeout-ignored")
def a_data_source_with_both_traps(stage: Stage, _server: FirebirdServer) -> None:
    _odbc(stage, "[Firebird]\nDriver=libc.so.6\n")
    (stage.folder / "odbc" / "odbc.ini").write_text("[practice]\nDriver=Firebird\nCHARSET=UTF8\nLOCKTIMEOUT=5\n")
    stage.monkeypatch.delenv("ODBCINI", raising=False)
