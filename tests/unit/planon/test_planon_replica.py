import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from adapters.planon.replica import Replica, load_statements
from contracts.desks import AdapterMisconfigured
from contracts.errors import BackendUnavailable

DDL = Path(__file__).parents[3] / "simulators" / "planon" / "replica.sql"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A replica with one padded asset."""
    path = tmp_path / "re plica?.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(DDL.read_text(encoding="utf-8"))
        database.execute("INSERT INTO asset VALUES ('CV-0114', 'LOC-20001       ', 'Cv-ketel')")
        database.commit()
    return path


def replica_of(file: Path) -> Replica:
    return Replica(f"sqlite:///{str(file).replace('?', '%3F')}")


def test_padding_is_cut_off(file: Path) -> None:
    """A CHAR column comes back without the blanks that the database added."""
    with replica_of(file).reading() as reader:
        assert reader.one("asset", asset_code="CV-0114") == {"asset_code": "CV-0114", "location_id": "LOC-20001"}


def test_a_missing_replica_is_unavailable_and_not_created(tmp_path: Path) -> None:
    """An empty replica would say that nobody is a tenant."""
    file = tmp_path / "gone.sqlite"
    with pytest.raises(BackendUnavailable), Replica(f"sqlite:///{file}").reading():
        pass
    assert not file.exists()


def test_the_replica_cannot_be_written(file: Path) -> None:
    """Not even by mistake."""
    with pytest.raises(BackendUnavailable), replica_of(file).reading() as reader:
        reader._connection.execute(text("DELETE FROM asset"))


def test_every_call_has_a_connection_of_its_own(file: Path) -> None:
    """A connection that was used is closed."""
    replica = replica_of(file)
    with replica.reading() as reader:
        reader.one("asset", asset_code="CV-0114")
        used = reader._connection.connection.dbapi_connection
    assert used is not None
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        used.cursor()


@pytest.mark.parametrize("url", ["not a url", "nosuchdialect://u:geheim@h/d", "postgresql+nosuch://u:geheim@h/d"])
def test_an_unusable_url_is_misconfigured(url: str) -> None:
    """In one line that names the option and does not show the password."""
    with pytest.raises(AdapterMisconfigured, match="replica_url") as caught:
        Replica(url)
    assert "geheim" not in str(caught.value)


def test_an_empty_statement_is_misconfigured(tmp_path: Path) -> None:
    """A damaged installation shows at start-up."""
    (tmp_path / "asset.sql").write_text("\n", encoding="utf-8")
    with pytest.raises(AdapterMisconfigured, match="asset"):
        load_statements(tmp_path)
    with pytest.raises(AdapterMisconfigured):
        load_statements(tmp_path / "none")
