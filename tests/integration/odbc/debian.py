"""Databases behind Debian's ODBC drivers, so that the mechanics of ODBC are tested wherever the tests run."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine.default import DefaultDialect

from adapters.odbc.connector import OdbcConnector
from adapters.odbc.faults import describe, fault_of
from adapters.sql.charset import lenient
from adapters.sql.faults import Fault

POSTGRESQL = "PostgreSQL Unicode"
SQLITE = "SQLite3"


class PostgresOdbc(OdbcConnector, PGDialect):
    """PostgreSQL through psqlODBC."""

    driver = "pyodbc"
    supports_statement_cache = True


class SqliteOdbc(OdbcConnector, DefaultDialect):
    """SQLite through SQLiteODBC; SQLAlchemy's own dialect asks Python's sqlite3 module for its version."""

    name = "sqlite"
    driver = "pyodbc"
    supports_statement_cache = True

    def _get_server_version_info(self, connection: Any) -> tuple[int, ...]:
        version = connection.exec_driver_sql("select sqlite_version()").scalar_one()
        return tuple(int(part) for part in str(version).split("."))


@dataclass(frozen=True, slots=True)
class DebianSource:
    """An `adapters.sql.source.Source` over one of these drivers; `url` as SQLAlchemy writes it, with the password."""

    url: str = field(repr=False)
    name: str
    codec: str = "utf-8"
    technology: str = "odbc"
    server: str = ""

    def engine(self) -> Engine:
        """Return an engine without a pool."""
        register()
        lenient(self.codec)  # known in this process; the URL may come from another one
        return create_engine(self.url, hide_parameters=True)

    def rehearsal(self, sql: str) -> str:
        """Ask for no row."""
        return f"select * from ({sql}) rehearsed limit 0"  # noqa: S608 - the tests' own statements

    def fault_of(self, error: BaseException) -> Fault:
        """Classify by SQLSTATE."""
        return fault_of(error)

    def describe(self, error: BaseException) -> str:
        """Return the fault and its codes."""
        return describe(error)


def sqlite_source(path: str, codec: str = "utf-8", options: Mapping[str, str] | None = None) -> DebianSource:
    """Return the source of a SQLite file; `options` are more keywords of its driver."""
    query = {"driver": SQLITE, "encoding": lenient(codec), **(options or {})}
    url = URL.create("sqlite+pyodbc", database=path, query=query)
    return DebianSource(url.render_as_string(hide_password=False), "SQLite", codec)


def postgresql_source(
    host: str, port: int, user: str, password: str, database: str, options: Mapping[str, str] | None = None
) -> DebianSource:
    """Return the source of a PostgreSQL database; `options` are more keywords of its driver."""
    query = {"driver": POSTGRESQL, "encoding": lenient("utf-8"), **(options or {})}
    url = URL.create("postgresql+pyodbc", user, password, host, port, database, query)
    return DebianSource(url.render_as_string(hide_password=False), "PostgreSQL")


def register() -> None:
    """Make both dialects known to SQLAlchemy; idempotent."""
    registry.register("postgresql.pyodbc", __name__, "PostgresOdbc")
    registry.register("sqlite.pyodbc", __name__, "SqliteOdbc")


def need_driver(name: str) -> None:
    """Skip the test, or fail it under CI, when this driver is not registered with the driver manager."""
    import pyodbc  # noqa: PLC0415 - needs the driver manager, which a machine without ODBC has not

    if name in pyodbc.drivers():
        return
    reason = f"no ODBC driver {name!r}: install odbc-postgresql and libsqliteodbc"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
