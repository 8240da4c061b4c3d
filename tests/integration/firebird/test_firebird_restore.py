"""Restoring a snapshot: into a free place, or into a sandbox marked for that very place, and into nothing else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from firebird.driver import connect_server, create_database

from adapters.files.whole import reserve
from adapters.firebird import sandboxes
from adapters.firebird.services import restore as restore_anew
from adapters.firebird.snapshots import FirebirdSnapshots
from contracts.snapshots import Account, SnapshotRefused
from simulators.intramed.dump import dump_rows
from simulators.intramed.sandbox import OWNER, SNAPSHOT, owner_connection, restore
from simulators.intramed.server import FirebirdServer
from tests.integration.firebird.conftest import quietly

UNMARKED = "is not marked as a sandbox of this place"


def texts(sandbox: Path) -> list[tuple[str]]:
    """What stands in one table of a sandbox."""
    with owner_connection(str(sandbox)) as connection, connection.cursor() as cursor:
        cursor.execute("select TEXT from NO_KEY")
        rows: list[tuple[str]] = cursor.fetchall()
        return rows


@pytest.fixture
def sandbox(firebird: FirebirdSnapshots, odd: Path, tmp_path: Path) -> Path:
    """A marked sandbox in a file."""
    place = tmp_path / "sandbox.fdb"
    firebird.restore(odd, str(place), Account(), quietly)
    return place


def test_a_sandbox_is_replaced(firebird: FirebirdSnapshots, odd: Path, sandbox: Path) -> None:
    """What was changed in it is gone; only its owner may read the file; the backup is followed in bytes."""
    with owner_connection(str(sandbox)) as connection:
        connection.execute_immediate("delete from NO_KEY")
    told = list[tuple[str, int, int | None]]()
    firebird.restore(odd, str(sandbox), Account(), lambda *each: told.append(each))
    assert texts(sandbox) == [("b",), ("a",)]
    assert sandbox.stat().st_mode & 0o777 == 0o600
    assert told[-1] == ("restoring", odd.stat().st_size, odd.stat().st_size)
    assert [each.name for each in sandbox.parent.iterdir()] == ["sandbox.fdb"]


def test_a_live_database_is_never_touched(firebird: FirebirdSnapshots, engine: None, odd: Path, tmp_path: Path) -> None:
    """Not a byte of it, and no file beside it."""
    del engine
    live = restore(SNAPSHOT, tmp_path / "live.fdb")
    before = live.read_bytes()
    with pytest.raises(SnapshotRefused, match=UNMARKED):
        firebird.restore(odd, str(live), Account(), quietly)
    assert live.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["live.fdb"]


def test_a_mark_is_for_one_place_only(firebird: FirebirdSnapshots, odd: Path, sandbox: Path, tmp_path: Path) -> None:
    """Neither a copy of a sandbox counts, nor its backup that somebody restored, even at the same path."""
    copy = tmp_path / "copy.fdb"
    copy.write_bytes(sandbox.read_bytes())
    with pytest.raises(SnapshotRefused, match=UNMARKED):
        firebird.restore(odd, str(copy), Account(), quietly)
    firebird.take(str(sandbox), Account(), tmp_path / "again.fbk", quietly)
    assert str(tmp_path).encode() not in (tmp_path / "again.fbk").read_bytes()
    sandbox.unlink()
    with (tmp_path / "again.fbk").open("rb") as backup, connect_server("", user=OWNER) as server:
        server.database.local_restore(backup_stream=backup, database=sandbox)  # as anybody might
    with pytest.raises(SnapshotRefused, match=UNMARKED):
        firebird.restore(odd, str(sandbox), Account(), quietly)


def test_a_sandbox_that_somebody_uses(firebird: FirebirdSnapshots, odd: Path, sandbox: Path) -> None:
    """It stays; the number of others is told."""
    with owner_connection(str(sandbox)), pytest.raises(SnapshotRefused, match="in use: 1 other"):
        firebird.restore(odd, str(sandbox), Account(), quietly)


HARM: dict[str, Callable[[bytes], bytes]] = {
    "is truncated: the backup ends": lambda data: data[: len(data) // 2],
    "is truncated": lambda data: data[:100],
    "is damaged": lambda data: data[:5000] + b"\xff" * 100 + data[5100:],
    "another version of gbak": lambda data: data[:4] + b"\x63" + data[5:],
    "is no Firebird backup": lambda _: b"PK\3\4" * 100,
    "no Firebird backup": lambda _: b"",
}


def test_a_broken_backup_leaves_the_old_sandbox(
    firebird: FirebirdSnapshots, taken: Path, sandbox: Path, tmp_path: Path
) -> None:
    """The reason is told, and the sandbox has its rows; a new place stays free."""
    broken = tmp_path / "broken.fbk"
    for said, harm in HARM.items():
        broken.write_bytes(harm(taken.read_bytes()))
        for place in (sandbox, tmp_path / "new.fdb"):
            with pytest.raises(SnapshotRefused, match=said):
                firebird.restore(broken, str(place), Account(), quietly)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["broken.fbk", "sandbox.fdb"]
    assert texts(sandbox) == [("b",), ("a",)]


def test_a_folder_that_is_not_there(firebird: FirebirdSnapshots, taken: Path, tmp_path: Path) -> None:
    """It is not made."""
    with pytest.raises(SnapshotRefused, match="there is no folder"):
        firebird.restore(taken, str(tmp_path / "none" / "x.fdb"), Account(), quietly)


def test_on_a_server(firebird: FirebirdSnapshots, firebird_server: FirebirdServer, taken: Path, tmp_path: Path) -> None:
    """The same rules; a live database stays, a used sandbox too, and a broken backup leaves nothing half-made."""
    account = Account(OWNER, firebird_server.passwords[OWNER])
    live = firebird_server.database(restore(SNAPSHOT, tmp_path / "live.fdb"))
    place = firebird_server.database(tmp_path / "sandbox.fdb")
    with pytest.raises(SnapshotRefused, match=UNMARKED):
        firebird.restore(taken, live, account, quietly)
    with owner_connection(live, account.password) as connection:
        assert len(dump_rows(connection)["PATIENT"]) == 420
    firebird.restore(taken, place, account, quietly)
    firebird.restore(taken, place.replace("127.0.0.1", "localhost"), account, quietly)
    with owner_connection(place, account.password), pytest.raises(SnapshotRefused, match="in use"):
        firebird.restore(taken, place, account, quietly)
    broken = tmp_path / "broken.fbk"
    broken.write_bytes(taken.read_bytes()[:-50_000])
    with pytest.raises(SnapshotRefused, match="truncated"):
        firebird.restore(broken, place, account, quietly)
    assert not (tmp_path / "sandbox.fdb").exists()


def test_a_database_that_appears_meanwhile_on_a_server(
    firebird: FirebirdSnapshots,
    firebird_server: FirebirdServer,
    taken: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody makes it after the place was found free: it is not dropped as a failed restore."""
    account = Account(OWNER, firebird_server.passwords[OWNER])
    place = firebird_server.database(tmp_path / "new.fdb")

    def late(*args: Any) -> None:
        create_database(place, user=OWNER, password=account.password).close()
        restore_anew(*args)

    monkeypatch.setattr(sandboxes, "restore", late)
    with pytest.raises(SnapshotRefused, match="made by somebody else meanwhile"):
        firebird.restore(taken, place, account, quietly)
    assert (tmp_path / "new.fdb").exists()


def test_a_file_that_appears_meanwhile(
    firebird: FirebirdSnapshots, engine: None, taken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the last look at a free place and the rename: it stays, and nothing is beside it."""
    del engine
    place, real = tmp_path / "new.fdb", reserve

    def late(target: Path) -> None:
        target.write_bytes(b"live")
        real(target)

    monkeypatch.setattr(sandboxes, "reserve", late)
    with pytest.raises(SnapshotRefused, match="made by somebody else meanwhile"):
        firebird.restore(taken, str(place), Account(), quietly)
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"new.fdb": b"live"}


def test_links_in_a_circle(firebird: FirebirdSnapshots, tmp_path: Path) -> None:
    """One line, as for every other place that is none."""
    (tmp_path / "loop.fdb").symlink_to(tmp_path / "loop.fdb")
    with pytest.raises(SnapshotRefused):
        firebird.restore(SNAPSHOT, str(tmp_path / "loop.fdb"), Account(), quietly)
