"""Taking a snapshot: consistent while others write, whole or not at all, and every refusal says what to do."""

import errno
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.firebird import services
from adapters.firebird.snapshots import FirebirdSnapshots
from contracts.snapshots import Account, Origin, SnapshotRefused
from simulators.intramed.sandbox import OWNER, SNAPSHOT, owner_connection, restore
from simulators.intramed.server import READER, FirebirdServer
from tests.integration.firebird.conftest import quietly

STEPS = "create table LEFT_FOOT (N integer)", "create table RIGHT_FOOT (N integer)"


@pytest.fixture(scope="module")
def served_practice(firebird_server: FirebirdServer, engine: None, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A practice on a server of this machine."""
    del engine
    return firebird_server.database(restore(SNAPSHOT, tmp_path_factory.mktemp("served") / "practice.fdb"))


@pytest.fixture(scope="module")
def owner(firebird_server: FirebirdServer) -> Account:
    return Account(OWNER, firebird_server.passwords[OWNER])


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that nobody accepts at: its queue is full, so packets are dropped, as by a firewall."""
    with socket.socket() as listener, socket.socket() as filler, socket.socket() as more:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for each in (filler, more):
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_tables_stay_in_step_while_somebody_writes(
    firebird: FirebirdSnapshots, served_practice: str, owner: Account, tmp_path: Path
) -> None:
    """A writer keeps two tables in step, a commit for each pair; it wrote during the backup, and they are in step."""
    with owner_connection(served_practice, owner.password) as connection:
        for step in STEPS:
            connection.execute_immediate(step)
    stop, stepped, steps, during = threading.Event(), threading.Event(), [0], list[int]()

    def write() -> None:
        with owner_connection(served_practice, owner.password) as connection, connection.cursor() as cursor:
            while not stop.is_set():
                steps[0] += 1
                cursor.execute("insert into LEFT_FOOT values (?)", (steps[0],))
                cursor.execute("insert into RIGHT_FOOT values (?)", (steps[0],))
                connection.commit()
                stepped.set()

    def tell(stage: str, done: int, total: int | None) -> None:
        assert (stage, total) == ("reading", max(done, total or 0))
        during.append(steps[0])
        if len(during) < 10:  # the backup waits for the next commit
            stepped.clear()
            assert stepped.wait(30)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        firebird.take(served_practice, owner, tmp_path / "taken.fbk", tell)
    finally:
        stop.set()
        writer.join()
    assert during[-1] - during[0] >= 5
    with firebird.opened(tmp_path / "taken.fbk", tmp_path, quietly) as content:
        tables = {table.name: table for table in content.tables}
        left, right = (sorted(content.rows(tables[name])) for name in ("LEFT_FOOT", "RIGHT_FOOT"))
        assert left == right
        assert len(left) < steps[0]


def test_a_snapshot_is_private_and_names_no_path(firebird: FirebirdSnapshots, taken: Path) -> None:
    """Mode 0600; no run-length encoding, so a value stands there as it is; the path of the database does not."""
    data = taken.read_bytes()
    assert taken.stat().st_mode & 0o777 == 0o600
    assert firebird.is_snapshot(taken)
    assert b"06-10001001" in data
    assert str(taken.parent).encode() not in data
    assert b"copy.fdb" not in data
    assert b"snapshot.fdb" in data


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("{folder}/none.fdb", "there is no database"),
        ("{folder}/text.fdb", "is no Firebird database"),
        ("127.0.0.1/9:/x.fdb", "does not accept connections; check host, port and firewall"),
        ("127.0.0.1/{port}:/nowhere/x.fdb", "there is no database"),
    ],
)
def test_a_place_that_cannot_be_read(
    firebird: FirebirdSnapshots, firebird_server: FirebirdServer, owner: Account, tmp_path: Path, place: str, said: str
) -> None:
    """The reason is told and no file appears."""
    (tmp_path / "text.fdb").write_text("text" * 5000)
    place = place.format(folder=tmp_path, port=firebird_server.port)
    with pytest.raises(SnapshotRefused, match=said):
        firebird.take(place, owner if "/x.fdb" in place else Account(), tmp_path / "out.fbk", quietly)
    assert [each.name for each in tmp_path.iterdir()] == ["text.fdb"]


def test_a_firewall_that_drops_packets_does_not_hang(
    firebird: FirebirdSnapshots, silent_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The port is knocked at first, because the client library itself waits for ever."""
    monkeypatch.setattr(services.Place.__init__, "__defaults__", (0.2,))
    with pytest.raises(SnapshotRefused, match="does not accept connections"):
        firebird.take(f"127.0.0.1/{silent_port}:/x.fdb", Account("a", "b"), tmp_path / "out.fbk", quietly)


def test_an_account_that_may_not(
    firebird: FirebirdSnapshots, firebird_server: FirebirdServer, served_practice: str, tmp_path: Path
) -> None:
    """A wrong password and an account without rights are told apart."""
    with pytest.raises(SnapshotRefused, match="wrong user or password"):
        firebird.take(served_practice, Account(OWNER, "wrong"), tmp_path / "out.fbk", quietly)
    reader = Account(READER, firebird_server.passwords[READER])
    with pytest.raises(SnapshotRefused, match="not enough rights"):
        firebird.take(served_practice, reader, tmp_path / "out.fbk", quietly)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("moment", [0, 1_000_000])
def test_a_full_disk_leaves_nothing(
    firebird: FirebirdSnapshots, restored: Path, tmp_path: Path, moment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever the disk is full, nothing half-written remains."""
    (tmp_path / "copy.fdb").write_bytes(restored.read_bytes())
    out = tmp_path / "out.fbk"
    write = services._Counted.write

    def full(counted: services._Counted, data: bytes) -> None:
        if counted.done >= moment:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(counted, data)

    monkeypatch.setattr(services._Counted, "write", full)
    with pytest.raises(SnapshotRefused, match="No space left"):
        firebird.take(str(tmp_path / "copy.fdb"), Account(), out, quietly)
    assert [each.name for each in tmp_path.iterdir()] == ["copy.fdb"]


def test_a_folder_that_is_not_there(firebird: FirebirdSnapshots, restored: Path, tmp_path: Path) -> None:
    """It is not made."""
    (tmp_path / "copy.fdb").write_bytes(restored.read_bytes())
    with pytest.raises(SnapshotRefused, match="No such file or directory"):
        firebird.take(str(tmp_path / "copy.fdb"), Account(), tmp_path / "none" / "out.fbk", quietly)


def test_a_machine_without_the_engine(restored: Path, tmp_path: Path) -> None:
    """The packages are named. A process of its own: the client library looks for engines once."""
    (tmp_path / "firebird.conf").write_text("Providers = Remote\n")
    (tmp_path / "copy.fdb").write_bytes(restored.read_bytes())
    code = (
        "import sys; from pathlib import Path; from contracts.snapshots import *; "
        "from adapters.firebird.snapshots import FirebirdSnapshots as F\n"
        "try: F().take(sys.argv[1], Account(), Path(sys.argv[2]), lambda *_: None)\n"
        "except SnapshotRefused as refused: print(refused)"
    )
    root = {"FIREBIRD": str(tmp_path), "FIREBIRD_LOCK": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "copy.fdb", tmp_path / "out.fbk"],
        env=os.environ | root,
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    )
    assert b"install firebird3.0-server-core and libfbclient2" in done.stdout


@pytest.mark.parametrize(
    ("place", "is_one"),
    [
        *(("/data/practice.fdb", True), ("host/3051:practice", True), ("host:/data/x.fdb", True), ("x.FDB", True)),
        *((r"C:\data\x.fdb", True), ("sqlite:////x.db", False), ("postgresql://h/d", False), ("intramed", False)),
    ],
)
def test_notations(firebird: FirebirdSnapshots, place: str, is_one: bool) -> None:
    """Firebird's own notation; not a URL, and not the name of a system."""
    assert firebird.is_place(place) is is_one


def test_a_file_that_appeared_meanwhile_is_left_alone(firebird: FirebirdSnapshots, odd: Path, tmp_path: Path) -> None:
    """Another command wrote the same name first: its file stays, and nothing else remains."""
    out = tmp_path / "out.fbk"

    def tell(stage: str, *_: int | None) -> None:
        if stage == "writing the snapshot":
            out.write_text("somebody's")

    with (
        firebird.opened(odd, tmp_path, quietly) as content,
        pytest.raises(SnapshotRefused, match=r"out\.fbk .*left as it is"),
    ):
        content.write(out, lambda _, rows: rows, Origin("0123456789abcdef", "00c0ffee", "odd"), tell)
    with (
        firebird.opened(odd, tmp_path, quietly) as content,
        pytest.raises(SnapshotRefused, match=r"out\.fbk is there already"),
    ):
        content.write(out, lambda _, rows: rows, Origin("0123456789abcdef", "00c0ffee", "odd"), quietly)
    assert out.read_text() == "somebody's"
    assert [each.name for each in tmp_path.iterdir()] == ["out.fbk"]


@pytest.mark.parametrize("ending", ["", "raise SystemExit(0)", "raise KeyboardInterrupt"])
def test_no_lock_folder_outlives_the_process(odd: Path, tmp_path: Path, ending: str) -> None:
    """The library makes it again when it ends with a connection open, so it ends first."""
    script = f"""
from pathlib import Path
from adapters.firebird.address import Address
from adapters.firebird.sandboxes import restored_into
connection = restored_into(Path({str(odd)!r}), Path({str(tmp_path / "copy.fdb")!r}), lambda *_: None).connect()
assert list(Path({str(tmp_path)!r}).glob("legacy-shim-firebird-*"))
{ending}
"""
    environment = {name: value for name, value in os.environ.items() if name not in {"FIREBIRD_LOCK", "FIREBIRD_TMP"}}
    command = [sys.executable, "-c", script]
    ended = subprocess.run(
        command, env={**environment, "TMPDIR": str(tmp_path)}, capture_output=True, text=True, timeout=60, check=False
    )
    assert "AssertionError" not in ended.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["copy.fdb"]
