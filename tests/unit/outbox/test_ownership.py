"""Another account, an open door or a network is refused before SQLite touches the file."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from outbox.actions import Audit
from outbox.carrying.asking import Asking
from outbox.carrying.backup import backup
from outbox.carrying.restore import Restoring, restore
from outbox.database import DurabilityError, open_database
from outbox.sqlite.filesystem import is_network, kind_of
from outbox.sqlite.ownership import StateRefused, check_place, refuse_foreign
from outbox.store import PACKAGE
from outbox.uptime import Uptime

NOBODY = 65534
"""An account that every machine has, and that is not ours."""
ROOT = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:20 / /proc rw - proc proc rw
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


def mounts(*lines: str) -> str:
    return ROOT + "".join(f"{line}\n" for line in lines)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state of ours, as this release makes it."""
    path = tmp_path / "shim.db"
    open_database(path, [PACKAGE]).close()
    check_place(path)
    return path


@pytest.mark.parametrize(
    "kind",
    [
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "fuse.sshfs", "fuse.glusterfs", "glusterfs", "lustre"),
        *("afs", "gpfs", "beegfs", "ocfs2", "gfs2", "davfs", "fuse.davfs2", "fuse.s3fs", "fuse"),
    ],
)
def test_a_network_is_refused(kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By the type of the mount that the file lies on."""
    listed = tmp_path / "mountinfo"
    listed.write_text(mounts(f"40 22 0:50 / {tmp_path} rw shared:9 - {kind} server:/export rw"), encoding="utf-8")
    monkeypatch.setattr("outbox.sqlite.filesystem.MOUNTS", listed)
    with pytest.raises(DurabilityError, match=rf"on a network file system \({kind}\).*PostgreSQL"):
        open_database(tmp_path / "shim.db", [PACKAGE])
    assert not (tmp_path / "shim.db").exists()


@pytest.mark.parametrize(
    "kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "fuse.fuse-overlayfs", "fuseblk", "virtiofs", "newfs"]
)
def test_a_disk_is_allowed(kind: str) -> None:
    """A container's layers, and what nobody here knows, too."""
    assert not is_network(kind)


@pytest.mark.parametrize(
    ("lines", "path", "kind"),
    [
        ((), "/srv/shim.db", "ext4"),
        (("30 22 0:30 / /srv rw - nfs4 s:/e rw",), "/srv/shim.db", "nfs4"),
        (("30 22 0:30 / /srv rw - nfs4 s:/e rw",), "/srv", "nfs4"),
        (("30 22 0:30 / /srv rw - nfs4 s:/e rw",), "/srv2/shim.db", "ext4"),
        (("30 22 0:30 / /srv rw - nfs4 s:/e rw", "31 30 8:2 / /srv/db rw - xfs d rw"), "/srv/db/shim.db", "xfs"),
        (("31 30 8:2 / /srv/db rw - xfs d rw", "30 22 0:30 / /srv rw - nfs4 s:/e rw"), "/srv/db/shim.db", "xfs"),
        (("30 22 8:2 / /srv rw - xfs d rw", "31 30 0:30 / /srv rw - nfs s:/e rw"), "/srv/shim.db", "nfs"),
        ((r"30 22 0:30 / /srv/my\040data rw - cifs //s/e rw",), "/srv/my data/shim.db", "cifs"),
        ((r"30 22 0:30 / /srv/a\134040b rw - cifs //s/e rw",), r"/srv/a\040b/shim.db", "cifs"),
        (("30 22 0:30 / /srv rw,a=1 shared:1 master:2 propagate_from:3 - nfs s:/e rw",), "/srv/x", "nfs"),
        (("30 22 0:30 / /srv rw - nfs s:/with - dash rw",), "/srv/x", "nfs"),
        (("nonsense", ""), "/srv/x", "ext4"),
    ],
)
def test_the_deepest_mount_decides(lines: tuple[str, ...], path: str, kind: str) -> None:
    """By whole names, the later of two on one place, and names as the kernel escapes them."""
    assert kind_of(Path(path), mounts(*lines)) == kind


def test_links_are_followed(tmp_path: Path) -> None:
    """A link on a disk to a folder on a network is on a network."""
    (tmp_path / "far").mkdir()
    (tmp_path / "near").symlink_to(tmp_path / "far")
    listed = mounts(f"30 22 0:30 / {tmp_path.resolve()}/far rw - nfs s:/e rw")
    assert kind_of(tmp_path / "near" / "shim.db", listed) == "nfs"
    assert kind_of(tmp_path / "shim.db", listed) == "ext4"


def test_where_the_kernel_does_not_tell_it_is_allowed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, state: Path
) -> None:
    """No /proc, no answer; and nothing in it that fits is none, either."""
    monkeypatch.setattr("outbox.sqlite.filesystem.MOUNTS", tmp_path / "nowhere")
    assert kind_of(state) is None
    check_place(state)
    assert kind_of(state, "") is None


def test_this_machine_has_a_disk(tmp_path: Path) -> None:
    """The kernel's own list, as it is here."""
    kind = kind_of(tmp_path / "shim.db")
    assert kind is not None
    assert not is_network(kind)
    assert kind_of(Path("/proc/self")) == "proc"


@as_root
@pytest.mark.parametrize("name", ["shim.db", "shim.db-wal", "shim.db-shm", "shim.db.owners"])
def test_what_another_account_owns_is_refused(state: Path, name: str) -> None:
    """Root as well: what SQLite makes beside the file would be root's. It says whose it is and what to type."""
    (state.parent / name).touch(mode=0o600)
    os.chown(state.parent / name, NOBODY, -1)
    with pytest.raises(StateRefused, match=r"sudo -u nobody shim|sudo chown root .*-(wal|shm)|\.owners") as refused:
        open_database(state, [PACKAGE])
    assert name in str(refused.value)


@as_root
def test_nothing_is_put_in_another_accounts_place(state: Path) -> None:
    """A restore by root would leave a state of root's; the one that is there is as it was."""
    kept = state.with_name("kept.db")
    backup(state, kept)
    before = state.read_bytes()
    os.chown(state, NOBODY, -1)
    asking = Asking(1, Uptime("boot", 1), "restored", (), ahead_s=0)
    with pytest.raises(StateRefused, match="sudo -u nobody shim"):
        restore(Restoring(kept, state, [PACKAGE], lambda _: None), asking, Audit("root", "test", 1))
    assert (state.read_bytes(), state.stat().st_uid) == (before, NOBODY)


@as_root
def test_an_account_without_a_name_is_told_by_number(state: Path) -> None:
    """As in a container."""
    os.chown(state, 4_242_424, -1)
    with pytest.raises(StateRefused, match="sudo -u '#4242424' shim"):
        check_place(state)


@as_root
def test_root_begins_no_state_in_the_services_folder(tmp_path: Path) -> None:
    """The service could not open it afterwards."""
    os.chown(tmp_path, NOBODY, -1)
    with pytest.raises(StateRefused, match=r"the folder .* of the state belongs to nobody.*sudo -u nobody shim"):
        open_database(tmp_path / "shim.db", [PACKAGE])
    assert not (tmp_path / "shim.db").exists()


@as_root
def test_a_process_that_gave_up_its_rights_is_told_whose_it_is() -> None:
    """By the file's owner, and not by a kernel that would have let it try."""
    script = (
        "import os, sys; from pathlib import Path; from outbox.sqlite.ownership import check_place\n"
        f"os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "try: check_place(Path(sys.argv[1]))\n"
        "except Exception as error: print(error)"
    )
    with TemporaryDirectory() as folder:  # pytest's own folders can be entered by nobody else
        path = Path(folder) / "shim.db"
        path.touch(mode=0o600)
        path.parent.chmod(0o755)
        told = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert told.stdout.strip().endswith("belongs to root, and this is nobody; run it as its owner: sudo -u root shim …")


@as_root
@pytest.mark.parametrize("name", ["shim.db", "missing.db", "below/shim.db"])
def test_a_folder_that_is_closed_to_us_is_told_by_its_owner(name: str) -> None:
    """As the documentation makes it, mode 0700: the kernel does not even say whether the state is there."""
    script = (
        "import os, sys; from pathlib import Path; from outbox.sqlite.ownership import check_place, refuse_foreign\n"
        "from outbox.database import DurabilityError\n"
        f"os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "for check in (check_place, lambda path: refuse_foreign(path, 'the key file')):\n"
        "    try: check(Path(sys.argv[1]))\n"
        "    except DurabilityError as error: print(error)"
    )
    with TemporaryDirectory() as folder:
        closed = Path(folder) / "closed"
        (closed / "below").mkdir(parents=True)
        (closed / "shim.db").touch(mode=0o600)
        closed.chmod(0o700)
        Path(folder).chmod(0o755)
        command = [sys.executable, "-c", script, str(closed / name)]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    by = "belongs to root, and this is nobody; run it as its owner: sudo -u root shim …"
    assert told == [f"the folder {closed.resolve()} of {what} {by}" for what in ("the state", "the key file")]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660])
@pytest.mark.parametrize("name", ["shim.db", "shim.db-wal", "shim.db-shm"])
def test_what_others_may_read_is_refused(state: Path, name: str, mode: int) -> None:
    """One line with what to type."""
    (state.parent / name).touch()
    (state.parent / name).chmod(mode)
    with pytest.raises(StateRefused, match=rf"run: chmod (600|go=) .*{name}"):
        open_database(state, [PACKAGE])


def test_a_folder_where_anybody_writes_is_refused(state: Path) -> None:
    """Whoever may write there may put another file in its place; unless only owners may, as in /tmp."""
    state.parent.chmod(0o777)
    with pytest.raises(StateRefused, match="chmod o-w"):
        check_place(state)
    state.parent.chmod(0o1777)
    check_place(state)


@as_root
def test_a_key_file_is_its_owners(tmp_path: Path) -> None:
    """The same for what seals the state."""
    key = tmp_path / "master.key"
    refuse_foreign(key, "the key file")
    key.touch(mode=0o600)
    refuse_foreign(key, "the key file")
    os.chown(key, NOBODY, -1)
    with pytest.raises(StateRefused, match=r"the key file .*master\.key belongs to nobody, and this is root"):
        refuse_foreign(key, "the key file")
