"""Broken set-ups of a Planon: the way to it, its answers, its sessions, its descriptions, and its read replica."""

import shutil
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import psycopg.conninfo
from psycopg import sql

import schemas
from adapters.planon.mapping import PACKAGED
from shim.root import open_shim
from shim.settings import load
from simulators.planon.simulator import PlanonSimulator
from simulators.postgresql.server import PostgresServer
from tests.integration.shim.doctor_stage import Stage, table
from tests.integration.soap.raw_server import answer, serving
from tests.integration.soap.tls import certificate, certificate_for, tls_server

SETUPS, broken = table()
POSTGRESQL, broken_postgresql = table()
READER = "planon_reader"
PASSWORD = "lezer"
REPLICA_SQL = Path(__file__).parents[3] / "simulators" / "planon" / "replica.sql"
HOUR_AGO = timedelta(hours=1)


def section(stage: Stage) -> dict[str, Any]:
    """The section of the one system."""
    return stage.systems["planon"]


def keep(stage: Stage, context: Any) -> Any:
    """Enter a context that is left after the test."""
    found = context.__enter__()
    stage.kept.append(_Leaving(context))
    return found


class _Leaving:
    def __init__(self, context: Any) -> None:
        self._context = context

    def close(self) -> None:
        self._context.__exit__(None, None, None)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def services_at(stage: Stage, url: str) -> None:
    """Both interfaces are there."""
    section(stage).update(soap_url=f"{url}/soap", appsuite_url=f"{url}/appsuite/incident")


def own_files(stage: Stage) -> Path:
    """Give the site a WSDL, schemas and a mapping of its own, below one folder, and return that."""
    folder = stage.folder / "described"
    shutil.copytree(schemas.path("xsd/PROVENANCE.md").parent, folder / "xsd")
    text = schemas.path("wsdl/planon.wsdl").read_text(encoding="utf-8")
    (folder / "planon.wsdl").write_text(text.replace("../xsd/", "xsd/"), encoding="utf-8")
    shutil.copy(PACKAGED, folder / "site.toml")
    section(stage).update(wsdl=str(folder / "planon.wsdl"), xsd=str(folder / "xsd"), mapping=str(folder / "site.toml"))
    return folder


def has_started(stage: Stage) -> None:
    """Let the service have started once: it has accepted what it found."""
    with open_shim(load(stage.configure())) as shim:
        shim.drift.look_at_served()


def delivered(stage: Stage, number: str) -> None:
    """Let the outbox have delivered an incident an hour ago."""
    ended = int((datetime.now(UTC) - HOUR_AGO).timestamp() * 1000)
    named = {"contract": "create_incident", "kind": "incident", "backend_id": number, "ended_at": ended}
    stage.entry("delivered", "planon", **named)


def has_incident(planon: PlanonSimulator, number: str) -> None:
    """Put an incident into the replica."""
    row = "insert into incident (syscode, incident_number, external_ref, status, committed_at) values (7, ?, ?, ?, ?)"
    with sqlite3.connect(planon.replica.path, timeout=10) as connection:
        connection.execute(row, [number, "LS-7", "Reported", "2026-11-19T22:14:03+01:00"])
    connection.close()


# --- the way


@broken("name-unknown")
def a_mistyped_host(stage: Stage, _planon: PlanonSimulator) -> None:
    services_at(stage, "https://planon.invalid")


@broken("port-closed")
def a_closed_port(stage: Stage, _planon: PlanonSimulator) -> None:
    services_at(stage, f"http://127.0.0.1:{closed_port()}")


@broken("server-silent")
def a_silent_port(stage: Stage, _planon: PlanonSimulator) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    stage.kept.append(listener)
    services_at(stage, f"http://127.0.0.1:{listener.getsockname()[1]}")


@broken("certificate-untrusted")
def a_certificate_of_nobody(stage: Stage, _planon: PlanonSimulator) -> None:
    services_at(stage, keep(stage, tls_server(certificate(stage.folder))))


@broken("certificate-expired")
def a_certificate_of_last_year(stage: Stage, _planon: PlanonSimulator) -> None:
    pem = certificate_for(stage.folder, "127.0.0.1", days=(-400, -35))
    section(stage)["ca_file"] = str(pem)
    services_at(stage, keep(stage, tls_server(pem)))


@broken("certificate-of-another")
def a_certificate_of_another_host(stage: Stage, _planon: PlanonSimulator) -> None:
    pem = certificate_for(stage.folder, "127.0.0.2")
    section(stage)["ca_file"] = str(pem)
    services_at(stage, keep(stage, tls_server(pem)))


@broken("tls-none")
def https_to_a_port_without_tls(stage: Stage, planon: PlanonSimulator) -> None:
    services_at(stage, planon.url.replace("http://", "https://"))


# --- the answers


@broken("answer-not-soap")
def a_proxys_page(_stage: Stage, planon: PlanonSimulator) -> None:
    planon.apply({"html_502": {"on": ["login", "find", "read"]}})


@broken("path-unknown")
def a_wrong_path(stage: Stage, planon: PlanonSimulator) -> None:
    section(stage)["soap_url"] = f"{planon.url}/services"


@broken("path-unknown")
def a_wrong_path_of_appsuite(stage: Stage, planon: PlanonSimulator) -> None:
    section(stage)["appsuite_url"] = f"{planon.url}/appsuite/meldingen"


@broken("soap-login-refused", "appsuite-login-refused")
def a_wrong_password(stage: Stage, _planon: PlanonSimulator) -> None:
    section(stage)["password"] = "verlopen"


@broken("soap-login-refused")
def a_wrong_password_at_soap(_stage: Stage, planon: PlanonSimulator) -> None:
    planon.apply({"unknown_fault": {"on": ["login"]}})


@broken("appsuite-login-refused")
def a_wrong_password_at_appsuite(stage: Stage, _planon: PlanonSimulator) -> None:
    server = keep(stage, serving(answer(401, "text/html", b"<html/>")))
    section(stage)["appsuite_url"] = f"{server.url}incident"


@broken("session-ends-at-once")
def a_session_that_ends_at_once(_stage: Stage, planon: PlanonSimulator) -> None:
    planon.apply({"expired": {"on": ["find", "read"]}})


@broken("soap-call-refused")
def an_account_that_may_not_search(_stage: Stage, planon: PlanonSimulator) -> None:
    planon.apply({"unknown_fault": {"on": ["find"]}})


@broken("expired-text-differs")
def another_fault_text(stage: Stage, _planon: PlanonSimulator) -> None:
    file = own_files(stage) / "site.toml"
    text = file.read_text(encoding="utf-8")
    assert '"Session is not valid"' in text
    file.write_text(text.replace('"Session is not valid"', '"Session has expired"'), encoding="utf-8")


@broken("clock-skewed")
def a_skewed_clock(_stage: Stage, planon: PlanonSimulator) -> None:
    planon.apply({"clock_ahead_s": 100})


# --- the descriptions


@broken("description-changed")
def a_wsdl_that_changed_on_disk(stage: Stage, _planon: PlanonSimulator) -> None:
    folder = own_files(stage)
    has_started(stage)
    with (folder / "planon.wsdl").open("a", encoding="utf-8") as file:
        file.write("<!-- generated anew -->\n")


@broken("description-changed", "operation-missing")
def a_wsdl_that_changed_at_the_backend(stage: Stage, planon: PlanonSimulator) -> None:
    planon.apply({"wsdl": "served"})
    has_started(stage)
    planon.apply({"wsdl": "changed"})


@broken("schema-unusable")
def a_broken_schema(stage: Stage, _planon: PlanonSimulator) -> None:
    (own_files(stage) / "xsd" / "appsuite" / "types.xsd").write_text("<xs:schema", encoding="utf-8")


@broken("wsdl-unusable")
def a_broken_wsdl(stage: Stage, _planon: PlanonSimulator) -> None:
    (own_files(stage) / "planon.wsdl").write_text("<html/>", encoding="utf-8")


@broken("mapping-unusable")
def a_mapping_that_the_schema_contradicts(stage: Stage, _planon: PlanonSimulator) -> None:
    file = own_files(stage) / "site.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("BO_DESCRIPTION =", "BO_OMSCHRIJVING =", 1), encoding="utf-8")


# --- the replica, as a file


def _replica(planon: PlanonSimulator, *statements: str) -> None:
    with sqlite3.connect(planon.replica.path, timeout=10) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


@broken("database-missing")
def a_replica_that_is_not_there(stage: Stage, _planon: PlanonSimulator) -> None:
    section(stage)["replica_url"] = f"sqlite:///{stage.folder / 'nowhere.db'}"


@broken("table-missing")
def a_missing_table(_stage: Stage, planon: PlanonSimulator) -> None:
    _replica(planon, "alter table asset rename to installation")


@broken("column-missing")
def a_changed_column(_stage: Stage, planon: PlanonSimulator) -> None:
    _replica(planon, "alter table incident rename column sla_due to sla_deadline")


@broken("replica-lagging")
def a_lagging_replica(stage: Stage, _planon: PlanonSimulator) -> None:
    stage.begin()
    delivered(stage, "INC-000042")


# --- the replica, on PostgreSQL


class Server:
    """The server of the replicas: makes one with the reader's account, as a site should."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    def url(self, database: str, **changed: Any) -> str:
        """Return the URL by which the reader reads it."""
        told = {"user": READER, "password": PASSWORD, "port": self._server.port, **changed}
        return f"postgresql+psycopg://{told['user']}:{told['password']}@{self._server.host}:{told['port']}/{database}"

    @contextmanager
    def owner(self, database: str) -> Iterator[psycopg.Connection]:
        """Open a database with every right."""
        server = self._server
        where = psycopg.conninfo.make_conninfo(
            host=server.host, port=server.port, user=server.user, password=server.password, dbname=database
        )
        with psycopg.connect(where, autocommit=True) as connection:
            yield connection

    def make(self, database: str, encoding: str = "UTF8") -> None:
        """Make a healthy replica without rows."""
        with self.owner(self._server.database) as connection:
            connection.execute(
                sql.SQL("create database {} template template0 encoding {} locale 'C'").format(
                    sql.Identifier(database), sql.Literal(encoding)
                )
            )
            if not connection.execute("select 1 from pg_roles where rolname = %s", [READER]).fetchone():
                connection.execute(f"create role {READER} login password '{PASSWORD}'")
        with self.owner(database) as connection:
            connection.execute(REPLICA_SQL.read_bytes())
            connection.execute(f"grant select on all tables in schema public to {READER}")

    def drop(self, database: str) -> None:
        """Drop it, whoever reads it."""
        with self.owner(self._server.database) as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database)))

    def change(self, database: str, statement: str) -> None:
        """Change it as its owner."""
        with self.owner(database) as connection:
            connection.execute(statement.encode())


DATABASE = "planon_replica"


@broken_postgresql("port-closed")
def a_replica_whose_port_is_closed(stage: Stage, server: Server) -> None:
    section(stage)["replica_url"] = server.url(DATABASE, port=closed_port())


@broken_postgresql("login-refused")
def a_wrong_password_at_the_replica(stage: Stage, server: Server) -> None:
    section(stage)["replica_url"] = server.url(DATABASE, password="verlopen")


@broken_postgresql("database-missing")
def a_replica_of_another_name(stage: Stage, server: Server) -> None:
    section(stage)["replica_url"] = server.url("planon_productie")


@broken_postgresql("server-silent")
def a_replica_that_says_nothing(stage: Stage, server: Server) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    stage.kept.append(listener)
    section(stage)["replica_url"] = server.url(DATABASE, port=listener.getsockname()[1])


@broken_postgresql("table-missing")
def a_table_that_was_dropped(_stage: Stage, server: Server) -> None:
    server.change(DATABASE, "alter table asset rename to installation")


@broken_postgresql("column-missing")
def a_column_that_was_renamed(_stage: Stage, server: Server) -> None:
    server.change(DATABASE, "alter table incident rename column sla_due to sla_deadline")


@broken_postgresql("right-missing")
def a_missing_right(_stage: Stage, server: Server) -> None:
    server.change(DATABASE, f"revoke select on tenant from {READER}")  # noqa: S608 - the test's own name


@broken_postgresql("reader-writes")
def a_reader_that_may_write(_stage: Stage, server: Server) -> None:
    server.change(DATABASE, f"grant update on incident to {READER}")


@broken_postgresql("charset-unknown")
def a_replica_in_sql_ascii(_stage: Stage, server: Server) -> None:
    server.drop(DATABASE)
    server.make(DATABASE, "SQL_ASCII")
