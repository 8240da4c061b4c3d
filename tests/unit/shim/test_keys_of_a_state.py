"""What a state knows of its keys: which it needs to be opened, and the key of its names, which stays what it was."""

from pathlib import Path

import pytest

from shim.keys import Blind, Key, file
from shim.settings import ConfigurationError
from tests.unit.shim.rotating import FIRST, rotating

OLD = Key(FIRST).id


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "master.key"


def opened_again(tmp_path: Path, path: Path) -> bytes:
    """Open the state as a start would; return the key of names."""
    with rotating(tmp_path / "shim.db", path, full=False) as again:
        return again.naming()


def test_a_new_state_needs_the_key_that_seals(tmp_path: Path, path: Path) -> None:
    """And its names have a key of their own, which is not derived."""
    with rotating(tmp_path / "shim.db", path, full=False) as state:
        assert state.needed() == {OLD}
        assert len(state.naming()) == 32
        assert state.naming() != state.ring.derive("blind")


def test_a_lost_key_stops_the_start(tmp_path: Path, path: Path) -> None:
    """It is named by its id, and nothing is made in its place."""
    with rotating(tmp_path / "shim.db", path, full=False) as state:
        state.rotation.rotate()
        secrets = state.secrets()
    file.replace(path, file.Contents(secrets[:1]))
    with pytest.raises(ConfigurationError, match=f"another master key: {OLD} is not in the key file"):
        opened_again(tmp_path, path)
    file.replace(path, file.Contents((secrets[0], bytes([9]) * 32)))
    with pytest.raises(ConfigurationError, match=OLD):
        opened_again(tmp_path, path)
    file.replace(path, file.Contents(secrets))
    opened_again(tmp_path, path)


def test_a_state_of_the_release_before_keeps_its_names(tmp_path: Path, path: Path) -> None:
    """They were derived from its one key; a repeat must find what was stored under them, and after a rotation, too."""
    with rotating(tmp_path / "shim.db", path, full=False) as state, state.database.transaction() as tx:
        tx.execute("UPDATE deployment SET naming = NULL")
        tx.execute("DELETE FROM ring_key")
    name = Blind(Key(FIRST).derive("blind"))("idempotency", "agent", "key")
    with rotating(tmp_path / "shim.db", path, full=False) as state:
        assert state.needed() == {OLD}
        for _ in range(2):
            assert Blind(state.naming())("idempotency", "agent", "key") == name
            state.rotation.rotate()
        state.rotation.retire(OLD, pause=lambda _s: None)
    assert Blind(opened_again(tmp_path, path))("idempotency", "agent", "key") == name


def test_a_damaged_key_of_names_stops_the_start(tmp_path: Path, path: Path) -> None:
    """With another one every name would be another."""
    with rotating(tmp_path / "shim.db", path, full=False) as state, state.database.transaction() as tx:
        tx.execute("UPDATE deployment SET naming = :junk", {"junk": bytes(80)})
    with pytest.raises(ConfigurationError, match="is damaged"):
        opened_again(tmp_path, path)
