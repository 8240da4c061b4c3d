"""A real server by its URL: read-only, its columns known before a row is asked for, its codes told and no text."""

import time
from dataclasses import replace

import pytest

from adapters.sql.ahead import Connections, Keeping
from adapters.sql.messages import Step
from adapters.sql.reader import Reader
from contracts.errors import BackendUnavailable
from simulators.postgresql.server import PostgresServer
from tests.integration.odbc.debian import postgresql_source
from tests.integration.sql.faulty import proxy_to
from tests.integration.sql.places import Place, await_that, by_name, soon, statement
from tests.integration.sql.sources import DebianUrlSource

DEADLINE_S = 0.6


def by_url(server: PostgresServer, port: int | None = None) -> DebianUrlSource:
    """The test's own account in this server, by a URL."""
    port = port or server.port
    return DebianUrlSource(postgresql_source(server.host, port, "shim_test", "secret", server.database).url)


def connections_of(place: Place, source: DebianUrlSource, **keeping: int) -> Connections:
    """Return connections that the place closes."""
    connections = Connections(source, place.statements, Keeping(**keeping))
    place.used.append(connections)
    return connections


def reader_of(place: Place, source: DebianUrlSource, **keeping: int) -> Reader:
    """Return a reader whose processes have started; the place closes it."""
    connections = connections_of(place, source, **keeping)
    connections.open_ahead()
    await_that(lambda: any(not child.busy_since for child in list(connections._idle)), 20)
    return Reader(connections)


def test_several_queries_are_one_connection(postgres: Place, postgresql_server: PostgresServer) -> None:
    """And the next call has another one."""
    reader = reader_of(postgres, by_url(postgresql_server))
    who = Step("who", {})
    first, holder, again = reader.read_all((who, Step("holder", {"id": 1}), who), soon())
    assert holder == ({"holder": None},)
    assert first == again
    assert reader.read("who", {}, soon()) != first


def test_a_transaction_cannot_write(postgres: Place, postgresql_server: PostgresServer) -> None:
    """Whatever the account may do: by a query that calls a procedure which does."""
    reader = reader_of(postgres, by_url(postgresql_server))
    with pytest.raises(BackendUnavailable, match="25006"):
        reader.read("hold", {"id": 1, "holder": "A"}, soon())
    assert postgres.rows("select holder from slot where id = 1")[0][0] is None


def test_columns_are_compared_with_the_database(postgres: Place, postgresql_server: PostgresServer) -> None:
    """Names and kinds, without executing anything; a table that is missing is told by its code."""
    told = replace(
        postgres,
        statements=by_name(
            statement("a", "select id, holder from slot order by id limit 1", id="text", name="text"),
            statement("b", "select x from nowhere", x="text"),
            *postgres.statements.values(),
        ),
    )
    reader = reader_of(told, by_url(postgresql_server))
    assert sorted(reader.rehearse(soon())) == [
        "statement a: column holder is not in the head",
        "statement a: column id must be text; found int",
        "statement a: no column name; found id, holder",
        "statement b: the account or the statement is wrong (42P01)",
    ]
    assert postgres.rows("select holder from slot where id = 1")[0][0] is None


def test_a_server_that_says_nothing_costs_a_call_its_deadline(
    postgres: Place, postgresql_server: PostgresServer
) -> None:
    """Then everything works again."""
    with proxy_to("127.0.0.1", postgres.port) as proxy:
        reader = reader_of(postgres, by_url(postgresql_server, proxy.port))
        assert len(reader.read("who", {}, soon())) == 1
        proxy.silent = True
        proxy.forget()
        begun = time.monotonic()
        with pytest.raises(BackendUnavailable):
            reader.read("who", {}, begun + DEADLINE_S)
        assert time.monotonic() - begun < DEADLINE_S + 10  # without a deadline it would wait for ever
        proxy.silent = False
        assert len(reader.read("who", {}, soon())) == 1
    reader.close()
    await_that(lambda: postgres.left() == 0)


def test_a_wrong_password_is_told_by_its_code(postgresql_server: PostgresServer, postgres: Place) -> None:
    """Without account, address or what the server wrote."""
    url = by_url(postgresql_server).url.replace("secret", "wrong")
    with pytest.raises(BackendUnavailable) as caught:
        Reader(connections_of(postgres, DebianUrlSource(url))).read("who", {}, soon(60))
    assert "shim_test" not in caught.value.detail
    assert "wrong)" not in caught.value.detail.replace("is wrong (", "")
