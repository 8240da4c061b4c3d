"""Whether a connection to any SQLAlchemy URL can be read along, as far as the URL itself promises that it cannot."""

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from contracts.exposure import is_loopback, postgresql_hosts

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

_SQLITE: Final = "sqlite"
_LIBPQ: Final = frozenset({"psycopg", "psycopg_async", "psycopg2", "psycopg2cffi"})
"""Drivers of PostgreSQL that read libpq's parameters and variables."""
_YES: Final = frozenset({"yes", "true", "1", "mandatory", "strict", "on"})


def readable(url: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the remedy when what goes to a database may be read by others; None when it cannot be.

    Of a database that is neither a file nor on this machine the URL must say that the server's certificate is checked;
    for a driver about which nothing is known here, it cannot say so. ValueError is raised when it is no URL.
    """
    if url.startswith(_SQLITE + ":"):
        return None
    from sqlalchemy import make_url  # noqa: PLC0415 - 0.1 s, for a site whose replica is a file
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    try:
        parsed = make_url(url)
        if parsed.get_driver_name() == "pyodbc":
            return _odbc(parsed)
        hosts = list(_hosts(parsed, environment))
        if hosts and all(map(is_loopback, hosts)):
            return None
        return _remedy(parsed, environment)
    except (SQLAlchemyError, ImportError) as error:
        raise ValueError(f"cannot be used: {type(error).__name__}") from error


def _remedy(url: "URL", environment: Mapping[str, str]) -> str | None:
    kind, query = url.get_backend_name(), {name.lower(): value for name, value in url.query.items()}
    if kind == "postgresql" and url.get_driver_name() in _LIBPQ:
        mode = query.get("sslmode", environment.get("PGSSLMODE"))
        return None if mode == "verify-full" else "add sslmode=verify-full to it"
    if kind in {"mysql", "mariadb"}:
        verified = query.get("ssl_mode") == "VERIFY_IDENTITY" or _is_yes(query.get("ssl_verify_identity"))
        return None if verified else "add ssl_ca=… and ssl_verify_identity=true (mysqlclient: ssl_mode=VERIFY_IDENTITY)"
    return "nothing in it can promise TLS with this driver; use a tunnel that ends on this machine"


def _hosts(url: "URL", environment: Mapping[str, str]) -> Iterator[str]:
    """Yield every host that may be connected to; none where nobody can tell."""
    if url.get_backend_name() == "postgresql" and url.get_driver_name() in _LIBPQ:
        yield from postgresql_hosts({"host": url.host or "", **_flat(url)}, environment)
    elif url.host:
        yield url.host


def _odbc(url: "URL") -> str | None:
    """A name of odbc.ini may mean any machine, so only a server that is named here counts."""
    query = {name.lower(): value for name, value in url.query.items() if isinstance(value, str)}
    whole = query.get("odbc_connect")
    from adapters.odbc.connect_string import keyword_of  # noqa: PLC0415 - it needs SQLAlchemy

    def said(*names: str) -> str:
        if whole is not None:
            return keyword_of(whole, *names) or ""
        return next((query[name.lower()] for name in names if name.lower() in query), "")

    server = said("Server", "Servername", "Host") or (url.host if url.database else "") or ""
    if server and is_loopback(server.removeprefix("tcp:").split(",")[0].split("\\")[0]):
        return None
    if url.get_backend_name() == _SQLITE or said("Driver").lower().startswith("sqlite"):
        return None
    if _is_yes(said("Encrypt")) and not _is_yes(said("TrustServerCertificate")):
        return None
    if said("SSLmode").lower() == "verify-full":
        return None
    return "say in it that TLS is used and the certificate checked (Encrypt=yes, or SSLmode=verify-full)"


def _flat(url: "URL") -> dict[str, str]:
    return {name: value if isinstance(value, str) else ",".join(value) for name, value in url.query.items()}


def _is_yes(value: object) -> bool:
    return isinstance(value, str) and value.lower() in _YES
