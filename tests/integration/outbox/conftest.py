"""One database for the session, on the PostgreSQL under test, and what its superuser sees of it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from outbox.postgresql.database import PostgresqlDatabase
from simulators.postgresql.bench import PostgresBench

Superuser = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(scope="session")
def url(durable_postgresql: PostgresBench) -> Iterator[str]:
    """An empty database with a table `kept`."""
    with durable_postgresql.database() as made:
        with psycopg.connect(made, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (n BIGINT PRIMARY KEY, said TEXT CHECK (said <> 'never'))")
        yield made


@pytest.fixture
def superuser(url: str) -> Iterator[Superuser]:
    """Run a statement in a session that is not the state's."""
    with psycopg.connect(url, autocommit=True) as connection:

        def run(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
            cursor = connection.execute(statement.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

        yield run
        connection.execute("DELETE FROM kept")


@pytest.fixture
def state(url: str, superuser: Superuser) -> Iterator[PostgresqlDatabase]:
    """The state on that database, without a package's tables."""
    del superuser  # it cleans after the test
    opened = PostgresqlDatabase(url, [])
    yield opened
    opened.close()


def with_settings(url: str, settings: Mapping[str, str]) -> str:
    """Return the URL with settings of PostgreSQL for its sessions."""
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return f"{url}{'&' if '?' in url else '?'}options={quote(options)}"
