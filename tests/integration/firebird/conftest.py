"""Snapshots of one practice, and of a small database in which everything odd stands."""

from pathlib import Path

import pytest
from firebird.driver import create_database

from adapters.firebird.snapshots import FirebirdSnapshots
from contracts.snapshots import Account
from simulators.intramed.sandbox import OWNER, owner_connection
from simulators.intramed.script import run_script

ODD = Path(__file__).with_name("odd.sql")


def quietly(stage: str, done: int, total: int | None) -> None:
    """Tell nobody."""
    del stage, done, total


@pytest.fixture(scope="session")
def firebird() -> FirebirdSnapshots:
    return FirebirdSnapshots()


@pytest.fixture(scope="session")
def taken(firebird: FirebirdSnapshots, restored: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot of the restored practice, taken once."""
    folder = tmp_path_factory.mktemp("taken")
    copy = folder / "copy.fdb"
    copy.write_bytes(restored.read_bytes())
    firebird.take(str(copy), Account(), folder / "taken.fbk", quietly)
    return folder / "taken.fbk"


@pytest.fixture(scope="session")
def odd(engine: None, firebird: FirebirdSnapshots, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot of a database with every kind of column, cycles, computed columns, identities and a NONE column."""
    del engine
    folder = tmp_path_factory.mktemp("odd")
    database = folder / "odd.fdb"
    create_database(str(database), user=OWNER, charset="UTF8", overwrite=True).close()
    with owner_connection(str(database)) as connection:
        run_script(connection, ODD)
    firebird.take(str(database), Account(), folder / "odd.fbk", quietly)
    return folder / "odd.fbk"
