import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from adapters.odbc import pooling
from adapters.planon import connecting
from adapters.planon.connecting import STATEMENTS, open_replica
from adapters.planon.replica import only
from adapters.sql.messages import Step
from contracts.desks import AdapterMisconfigured
from contracts.errors import BackendUnavailable
from tests.unit.planon.planon_replica import made, options, replica_of

ASSET = Step("asset", {"asset_code": "CV-0114"})
BOILER = "INSERT INTO asset VALUES ('CV-0114', 'LOC-20001       ', 'Cv-ketel')"


def test_padding_is_cut_off(tmp_path: Path) -> None:
    """A CHAR column comes back without the blanks that the database added."""
    replica, _ = replica_of(made(tmp_path / "r.sqlite", BOILER))
    assert replica.ask([ASSET], replica.until()) == [[{"asset_code": "CV-0114", "location_id": "LOC-20001"}]]


def test_a_missing_replica_is_unavailable(tmp_path: Path) -> None:
    """With the time after which to come back, and without a name of the file."""
    replica, _ = replica_of(tmp_path / "gone.sqlite")
    with pytest.raises(BackendUnavailable, match="SQLITE_CANTOPEN") as caught:
        replica.ask([ASSET], replica.until())
    assert caught.value.retry_after_s == 30
    assert "gone" not in caught.value.detail


def test_a_value_of_another_kind_is_not_believed(tmp_path: Path) -> None:
    """SQLite keeps a text in a column of numbers, and tells it to nobody before."""
    file = made(tmp_path / "r.sqlite", "INSERT INTO contract VALUES ('C', 'WBV', 'S', 'K', 'X')")
    with closing(sqlite3.connect(file)) as database:
        database.execute("INSERT INTO priority_matrix VALUES ('C', 'high', 'hoog')")
        database.execute(
            "INSERT INTO tenant VALUES ('T', '4711', 'WBV', NULL, NULL, 'W', 1, NULL, '5017AB', 'T', 'P', 'L', 'C')"
        )
        database.commit()
    replica, _ = replica_of(file)
    with pytest.raises(BackendUnavailable, match=r"matrix\.priority must be integer, not str") as caught:
        replica.ask([Step("matrix", {"tenant_id": "T"})], replica.until())
    assert "hoog" not in str(caught.value)


def test_several_rows_for_one_key_are_not_chosen_from() -> None:
    """A view that doubles its rows shows; none of them is taken."""
    assert only([]) is None
    assert only([{"a": 1}]) == {"a": 1}
    with pytest.raises(BackendUnavailable, match="several"):
        only([{"a": 1}, {"a": 1}])


@pytest.mark.parametrize("url", ["not a url", "nosuchdialect://u:geheim@h/d", "postgresql+nosuch://u:geheim@h/d"])
def test_an_unusable_url_is_misconfigured(url: str) -> None:
    """In one line that names the option and does not show the password."""
    with pytest.raises(AdapterMisconfigured, match="replica_url") as caught:
        open_replica(options(url))
    assert "geheim" not in str(caught.value)


def test_a_driver_manager_that_pools_is_misconfigured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over ODBC a connection would be used twice; the file that says so is named."""
    (tmp_path / "odbcinst.ini").write_text("[ODBC]\nPooling=Yes\n", encoding="utf-8")
    monkeypatch.setattr(connecting, "pooling_enabled", lambda: pooling.pooling_enabled({"ODBCSYSINI": str(tmp_path)}))
    with pytest.raises(AdapterMisconfigured, match=r"odbcinst\.ini says Pooling=Yes"):
        open_replica(options("mssql+pyodbc://reader@db.example/planon?driver=x"))
    open_replica(options(f"sqlite:///{tmp_path}/r.sqlite"))


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("asset", "-- column location_id text: where it is\n", "", "head"),
        ("tenant", "-- column contract_id text: contract\n", "", "head"),
        ("asset", "-- parameter", "-- column name text: name\n-- parameter", "head"),
        ("asset", "SELECT", "DELETE", "select"),
        ("assets", "", "", "replaces none"),
    ],
)
def test_a_site_statement_that_cannot_be_used_is_misconfigured(
    tmp_path: Path, name: str, old: str, new: str, told: str
) -> None:
    """At start-up, naming the file."""
    text = (STATEMENTS / f"{name.removesuffix('s')}.sql").read_text(encoding="utf-8")
    (tmp_path / f"{name}.sql").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(AdapterMisconfigured, match=rf"statements: .*{name}\.sql.*{told}"):
        open_replica(options(f"sqlite:///{tmp_path}/r.sqlite", statements=tmp_path))
