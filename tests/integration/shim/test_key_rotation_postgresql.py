"""Key rotation on PostgreSQL: the same statements there, several machines with a key file each, and a move to it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shim.cli.commands import app
from shim.demo import planon_section, write_configuration
from shim.keys import RestCipher, file
from shim.keys.cipher import key_of
from shim.keys.following import Follower
from shim.keys.keyed import admitting
from shim.settings import ConfigurationError
from simulators.launch import PlanonAddress
from tests.unit.shim.rotating import FIRST, rotating

WHY = ("--reason", "a key is a year old")
NOWHERE = PlanonAddress("http://127.0.0.1:9", Path("missing.db"))


def test_everything_is_sealed_anew(create_database: Callable[[], str], tmp_path: Path) -> None:
    """Every place of a full state, and nothing is named otherwise."""
    with rotating(create_database(), tmp_path / "master.key") as full:
        before, names, old = full.plain(FIRST), full.naming(), full.ring.current
        new = full.rotation.rotate()
        done = full.rotation.retire(old, pause=lambda _s: None)
        assert (done.rows, done.damaged) == (len({place[:2] for place in before}) - 1, 0)
        assert full.ids() == full.needed() == {new.id}
        (secret,) = full.secrets()
        assert full.plain(secret) == before
        assert full.naming() == names


def test_two_machines_rotate_one_after_the_other(create_database: Callable[[], str], tmp_path: Path) -> None:
    """Staged, copied, used, copied, retired: at no moment does one of them seal what the other cannot open."""
    url, here, there = create_database(), tmp_path / "here.key", tmp_path / "there.key"
    with rotating(url, here, full=False) as one:
        file.replace(there, file.read(here))
        with rotating(url, there, full=False) as two:
            old = one.ring.current
            assert two.naming() == one.naming()
            ciphers = [RestCipher(one.ring), RestCipher(two.ring)]

            def both_open() -> list[str | None]:
                sealed = [cipher.seal(b"text", "a") for cipher in ciphers]
                assert {cipher.open(each, "a") for cipher in ciphers for each in sealed} == {b"text"}
                return [key_of(each) for each in sealed]

            new = one.rotation.stage().id
            assert both_open() == [old, old]
            file.replace(there, file.read(here))
            one.rotation.use(new)
            assert both_open() == [new, old]  # the second reads its file again when it meets the new key
            file.replace(there, file.read(here))
            Follower(two.ring, there, admitting(two.database)).look()
            assert both_open() == [new, new]
            one.rotation.retire(old, pause=lambda _s: None)
            assert both_open() == [new, new]
        file.replace(there, file.read(here))
        with rotating(url, there, full=False) as again:
            assert again.naming() == one.naming()
            assert [key.id for key in again.ring.keys] == [new]


def test_a_machine_without_the_new_key_does_not_start(create_database: Callable[[], str], tmp_path: Path) -> None:
    """It is told which key it lacks; one that runs goes on with the old one."""
    url, here, there = create_database(), tmp_path / "here.key", tmp_path / "there.key"
    with rotating(url, here, full=False) as one:
        file.replace(there, file.read(here))
        with rotating(url, there, full=False) as two:
            old = two.ring.current
            new = one.rotation.rotate().id
            assert key_of(RestCipher(two.ring).seal(b"x", "a")) == old
        with pytest.raises(ConfigurationError, match=new), rotating(url, there, full=False):
            pass


def test_a_move_keeps_names_and_keys(
    create_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a rotation; with other names every repeated Idempotency-Key would be a new report."""
    configuration = write_configuration(tmp_path, {"planon": planon_section(NOWHERE)})
    state, path, url = tmp_path / "shim.db", tmp_path / "master.key", create_database()
    with rotating(state, path, deployment="demo") as full:
        full.rotation.rotate()
        names, needed, secrets = full.naming(), full.needed(), full.secrets()
        before = full.plain(*secrets)
    moved = CliRunner().invoke(app, ["--config", str(configuration), "outbox", "migrate-store", "--to", url, *WHY])
    assert moved.exit_code == 0, moved.output
    with rotating(url, path, full=False, deployment="demo") as there:
        assert (there.naming(), there.needed()) == (names, needed)
        assert there.plain(*secrets) == before
    monkeypatch.setenv("SHIM_STATE", url)
    assert CliRunner().invoke(app, ["--config", str(configuration), "keys", "list"]).exit_code == 0
