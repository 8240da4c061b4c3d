"""The replica as a real database in real processes: rehearsed, locked, replaced, silent, and with another dialect."""

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.planon.at_risk import list_at_risk
from adapters.planon.connecting import STATEMENTS, open_replica
from adapters.planon.references import References
from adapters.planon.replica import Replica
from adapters.planon.tenants import Tenants
from adapters.planon.within import ALL, Mandants
from adapters.sql.ahead import Connections, Keeping
from adapters.sql.reader import Reader
from adapters.sql.statements import load_statements
from contracts.errors import BackendUnavailable
from contracts.facility import FindTenantRequest
from simulators.planon.reference import reference
from simulators.planon.replica_rows import reference_rows
from simulators.planon.simulator import PlanonSimulator
from simulators.postgresql.server import PostgresServer
from tests.integration.odbc.debian import POSTGRESQL, postgresql_source
from tests.integration.planon.planon_site import TENANT, RowsInMemory, Site, options_for
from tests.integration.sql.faulty import proxy_to
from tests.integration.sql.places import await_that
from tests.integration.sql.sources import DebianUrlSource

ZONE = ZoneInfo("Europe/Amsterdam")
DDL = Path(__file__).parents[3] / "simulators" / "planon" / "replica.sql"
DEADLINE_S = 0.8
SLACK_S = 3.0
"""For a busy machine; a driver that waits by itself does so for 5 s and more."""
SCHEMA = "planon_replica"


def references_of(replica: Replica, kept: RowsInMemory | None = None) -> References:
    return References(replica, kept or RowsInMemory(), lambda: datetime.now(UTC), ZONE)


@contextmanager
def opened(simulator: PlanonSimulator, **changes: object) -> Iterator[Replica]:
    """The simulator's replica, its process started, with time enough for a busy machine."""
    replica = open_replica(options_for(simulator, replica_deadline_s=20, **changes))
    try:
        replica.rehearse()
        yield replica
    finally:
        replica.close()


def test_the_shipped_statements_are_as_their_heads_say(simulator: PlanonSimulator) -> None:
    """On the replica of the stand-in."""
    with opened(simulator) as replica:
        assert replica.rehearse() == []


def test_every_difference_is_named(simulator: PlanonSimulator, tmp_path: Path) -> None:
    """A site's statement that names another column, and one that names a table that is not there."""
    site = tmp_path / "statements"
    site.mkdir()
    for name, old, new in (
        ("asset", "SELECT asset_code, location_id", "SELECT asset_code, name"),
        ("matrix", "m.s", "m.t"),
    ):
        text = (STATEMENTS / f"{name}.sql").read_text(encoding="utf-8")
        (site / f"{name}.sql").write_text(text.replace(old, new), encoding="utf-8")
    with opened(simulator, statements=site) as replica:
        told = sorted(replica.rehearse())
    assert told == [
        "statement asset: column name is not in the head",
        "statement asset: no column location_id; found asset_code, name",
        "statement matrix: an unexpected error (SQLITE_ERROR)",
    ]


def test_a_replica_that_is_down_cannot_be_rehearsed(simulator: PlanonSimulator) -> None:
    """That is no difference of a statement."""
    with opened(simulator) as replica:
        simulator.apply({"replica_down": True})
        with pytest.raises(BackendUnavailable) as caught:
            replica.rehearse()
        assert caught.value.retry_after_s


def test_a_locked_replica_costs_a_call_its_deadline(simulator: PlanonSimulator) -> None:
    """Kept rows are used then, and say so; a look-up is refused; afterwards everything works as before."""
    with opened(simulator) as replica:
        references = references_of(replica)
        assert not references.of_report(TENANT, "CV-0114")[0].kept
        simulator.apply({"replica_stalled": True})
        replica._deadline_s = DEADLINE_S
        begun = time.monotonic()
        rows, asset = references.of_report(TENANT, "CV-0114")
        assert DEADLINE_S - 0.1 < time.monotonic() - begun < DEADLINE_S + SLACK_S
        assert rows.kept
        assert asset is not None
        assert asset.kept
        with pytest.raises(BackendUnavailable):
            Tenants(replica, references).find(FindTenantRequest(telephone="0612345678"))
        simulator.apply({"replica_stalled": False})
        replica._deadline_s = 20
        assert not references.of_tenant(TENANT).kept
        assert Tenants(replica, references).find(FindTenantRequest(telephone="0612345678")).tenant == TENANT


def test_a_replica_that_was_replaced_is_read_anew(simulator: PlanonSimulator, tmp_path: Path) -> None:
    """No connection stands open to a file that is not there any more."""
    with opened(simulator) as replica:
        references = references_of(replica)
        assert references.of_tenant(TENANT).contract["cost_centre"] == "KP-4100"
        copy = tmp_path / "next.sqlite"
        with closing(sqlite3.connect(simulator.replica.path)) as now, closing(sqlite3.connect(copy)) as later:
            now.backup(later)
            later.execute("UPDATE contract SET cost_centre = 'KP-9999'")
            later.commit()
        copy.rename(simulator.replica.path)
        assert references.of_tenant(TENANT).contract["cost_centre"] == "KP-9999"


@pytest.fixture
def server(postgresql_server: PostgresServer) -> Iterator[PostgresServer]:
    """A PostgreSQL with the replica's tables and rows in a schema of its own."""
    import pyodbc  # noqa: PLC0415 - where it is missing, other tests run

    it = postgresql_server
    login = (
        f"DRIVER={POSTGRESQL};SERVER={it.host};PORT={it.port};DATABASE={it.database};UID={it.user};PWD={it.password}"
    )
    with closing(pyodbc.connect(login, autocommit=True)) as connection:
        connection.execute(f"drop schema if exists {SCHEMA} cascade")
        connection.execute(f"create schema {SCHEMA}")
        connection.execute(f"set search_path to {SCHEMA}")
        connection.execute("\n".join(line.partition("--")[0] for line in DDL.read_text(encoding="utf-8").splitlines()))
        for statement, rows in reference_rows(reference()):
            for row in rows:
                connection.execute(statement, row)
        yield it
        connection.execute(f"drop schema {SCHEMA} cascade")


def on_postgresql(server: PostgresServer, port: int | None = None) -> Replica:
    """The replica in this server; through psqlODBC, for want of another driver."""
    options = {"ConnSettings": f"set search_path to {SCHEMA}"}
    database = (server.host, port or server.port, server.user, server.password, server.database)
    names = [path.stem for path in STATEMENTS.glob("*.sql")]
    statements = load_statements(names, STATEMENTS)
    source: Any = DebianUrlSource(postgresql_source(*database, options).url)
    replica = Replica(Reader(Connections(source, statements, Keeping())), statements, 20)
    replica.open_ahead()
    return replica


def test_another_database_gives_the_same_rows(server: PostgresServer, simulator: PlanonSimulator) -> None:
    """The statements say what they say in both dialects, and the padding of CHAR columns is gone."""
    there = on_postgresql(server)
    try:
        assert there.rehearse() == []
        with opened(simulator) as here:
            for tenant in ("TNT-10001", "TNT-10005", "TNT-10010"):
                (ours, our_asset), (theirs, their_asset) = (
                    references_of(replica).of_report(tenant, "CV-0114") for replica in (here, there)
                )
                assert (ours.tenant, ours.contract, ours.matrix) == (theirs.tenant, theirs.contract, theirs.matrix)
                assert ours.telephones == theirs.telephones
                assert our_asset is not None
                assert their_asset is not None
                assert our_asset.row == their_asset.row
            for facts in ({"telephone": "0612345678"}, {"address": "Wilgenlaan 14"}, {"tenant_code": "4711"}):
                request = FindTenantRequest.model_validate(facts)
                found = [Tenants(replica, references_of(replica)).find(request).tenant for replica in (here, there)]
                assert found == [TENANT, TENANT]
        for mandants in (ALL, Mandants(frozenset({"WBV", "SCH"}))):
            assert list_at_risk(there, datetime.now(UTC), 50, mandants).incidents == []
    finally:
        there.close()


def test_a_silent_server_costs_a_call_its_deadline(server: PostgresServer) -> None:
    """Packets arrive and nothing comes back: kept rows, by the deadline, and fresh ones as soon as it speaks again."""
    with proxy_to("127.0.0.1", server.port) as proxy:
        replica = on_postgresql(server, proxy.port)
        try:
            references = references_of(replica)
            assert not references.of_tenant(TENANT).kept
            proxy.silent = True
            proxy.forget()
            replica._deadline_s = DEADLINE_S
            begun = time.monotonic()
            assert references.of_tenant(TENANT).kept
            assert time.monotonic() - begun < DEADLINE_S + SLACK_S
            proxy.silent = False
            replica._deadline_s = 20
            await_that(lambda: not references.of_tenant(TENANT).kept, 30)
        finally:
            replica.close()


def test_a_desk_rehearses_its_statements(site: Site) -> None:
    """At start-up, and again whenever somebody asks."""
    assert site.desk.check_backend() == []
    with closing(sqlite3.connect(site.simulator.replica.path)) as database:
        database.execute("ALTER TABLE asset RENAME COLUMN location_id TO place_id")
        database.commit()
    assert site.desk.check_backend() == ["statement asset: an unexpected error (SQLITE_ERROR)"]


def test_a_stalled_replica_does_not_hold_up_the_others(site: Site) -> None:
    """More reports at once than there are connections: each is composed from kept rows, and then from fresh ones."""
    site.desk.check_backend()
    site.incident()
    site.desk._replica._deadline_s = DEADLINE_S
    site.simulator.apply({"replica_stalled": True})
    begun = time.monotonic()
    with ThreadPoolExecutor(12) as pool:
        stalled = list(pool.map(lambda number: site.incident(f"LS-{number}"), range(12)))
    assert time.monotonic() - begun < DEADLINE_S * 10  # one after the other they take twelve times as long
    assert all("kept since" in str(document.provenance) for document in stalled)
    site.simulator.apply({"replica_stalled": False})
    site.desk._replica._deadline_s = 20
    assert "kept since" not in str(site.incident("LS-AFTER").provenance)
