import pytest

from adapters.sql.exposure import readable

CHECKED = "Encrypt=yes"


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////srv/replica.db",
        "postgresql+psycopg://u:p@127.0.0.1/db",
        "postgresql+psycopg:///db",
        "postgresql+psycopg:///db?host=/run/postgresql",
        "postgresql+psycopg://u:p@db/db?sslmode=verify-full",
        "mssql+pyodbc://u:p@localhost/db?driver=X",
        f"mssql+pyodbc://u:p@db/db?driver=X&{CHECKED}",
        "mssql+pyodbc:///?odbc_connect=Driver%3D%7BX%7D%3BServer%3Dtcp%3A127.0.0.1%2C1433",
        "mssql+pyodbc:///?odbc_connect=Driver%3DX%3BServer%3Ddb%3BEncrypt%3Dstrict",
        "mssql+pyodbc:///?odbc_connect=Driver%3DSQLite3%3BDatabase%3D/srv/replica.db",
    ],
)
def test_what_stays_here_or_is_checked_is_not_readable(url: str) -> None:
    """A file, a socket, a literal name of this machine, or TLS with a certificate that is checked."""
    assert readable(url, {}) is None


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("postgresql+psycopg://u:p@db/db", "sslmode=verify-full"),
        ("postgresql+psycopg://u:p@db/db?sslmode=require", "sslmode=verify-full"),
        ("postgresql+psycopg://u:p@db/db?sslmode=verify-ca", "sslmode=verify-full"),
        ("postgresql+psycopg://u:p@localhost/db?host=db", "sslmode=verify-full"),
        ("postgresql+psycopg://u:p@localhost/db?hostaddr=192.0.2.1", "sslmode=verify-full"),
        ("postgresql+psycopg:///db?host=localhost&host=db", "sslmode=verify-full"),
        ("postgresql+psycopg:///db?service=replica", "sslmode=verify-full"),
        ("mssql+pyodbc://u:p@db/db?driver=X", "Encrypt=yes"),
        (f"mssql+pyodbc://u:p@db/db?driver=X&{CHECKED}&TrustServerCertificate=yes", "Encrypt=yes"),
        ("mssql+pyodbc://u:p@planon_dsn", "Encrypt=yes"),
        ("mssql+pyodbc:///?odbc_connect=DSN%3Dplanon", "Encrypt=yes"),
    ],
)
def test_what_nobody_promises_is_readable(url: str, remedy: str) -> None:
    """Encryption without a check of the certificate ends at whoever answers; a data source may be anywhere."""
    assert remedy in str(readable(url, {}))


def test_libpqs_variables_count() -> None:
    """They are where a site may have said it."""
    url = "postgresql+psycopg://u:p@db/db"
    assert readable(url, {"PGSSLMODE": "verify-full"}) is None
    assert readable("postgresql+psycopg:///db", {"PGHOST": "db"}) is not None


def test_what_is_no_url_is_said_without_it() -> None:
    """It may hold a password."""
    with pytest.raises(ValueError, match="cannot be used") as caught:
        readable("geheim", {})
    assert "geheim" not in str(caught.value)
