"""Who may open a state: its owner, from a place that nobody else can change.

Root could open any file; but what SQLite makes beside it would be root's then, and the service could not go on with it.
"""

import os
import pwd
from contextlib import suppress
from pathlib import Path
from stat import S_ISVTX, S_IWOTH
from typing import Final

from outbox.database import DurabilityError
from outbox.sqlite.filesystem import is_network, kind_of

_OTHERS: Final = 0o077
_BESIDE: Final = ("-wal", "-shm", "-journal", ".owners")


class StateRefused(DurabilityError):
    """Raised when a file may not be used by this account, or from this place; in one line with what to type."""


def check_place(path: Path) -> None:
    """Refuse an SQLite file that is another account's, open to others, or on a network; it need not exist yet.

    Raises:
        StateRefused: naming the file and the remedy.
    """
    kind = kind_of(path)
    if kind is not None and is_network(kind):
        raise StateRefused(
            f"{path} is on a network file system ({kind}), whose locks and syncs cannot be relied on; "
            "keep it on a disk of this machine, or use PostgreSQL"
        )
    refuse_foreign(path, "the state")
    for end in _BESIDE:
        _refuse_beside(path.with_name(path.name + end), path)


def refuse_foreign(path: Path, what: str) -> None:
    """Refuse a file that is another account's, or that others may read or replace; it need not exist yet.

    Args:
        path: the file.
        what: what it is, such as "the state".

    Raises:
        StateRefused: naming the file and the remedy.
    """
    us, folder = os.geteuid(), path.resolve().parent
    inside = _stat_of(folder, what)
    try:
        found = _stat_of(path, what)
    except FileNotFoundError:
        # What root makes in the service's own folder, the service could not open.
        if us == 0 and inside.st_uid != 0:
            raise _foreign(f"the folder {folder} of {what}", inside.st_uid) from None
    else:
        if found.st_uid != us:
            raise _foreign(f"{what} {path}", found.st_uid)
        if found.st_mode & _OTHERS:
            raise StateRefused(f"{what} {path} can be read or written by others; run: chmod 600 {path}")
    if inside.st_mode & S_IWOTH and not inside.st_mode & S_ISVTX:
        raise StateRefused(f"anybody can replace {what} in the folder {folder}; run: chmod o-w {folder}")


def _refuse_beside(beside: Path, path: Path) -> None:
    try:
        found = beside.stat()
    except FileNotFoundError:
        return
    if found.st_uid != os.geteuid():
        raise StateRefused(
            f"{beside} belongs to {_name(found.st_uid)}, {path} does not; stop everything and run: "
            f"sudo chown {_name(os.geteuid())} {beside}"
        )
    if found.st_mode & _OTHERS:
        raise StateRefused(f"{beside} can be read or written by others; run: chmod go= {beside}")


def _stat_of(path: Path, what: str) -> os.stat_result:
    """Return what the kernel tells of a file; a folder on the way that is closed to us is refused by its owner."""
    try:
        return path.stat()
    except PermissionError as error:
        for folder in path.resolve().parents:
            with suppress(PermissionError):
                owner = folder.stat().st_uid
                raise (_foreign if owner != os.geteuid() else _shut)(f"the folder {folder} of {what}", owner) from error
        raise


def _shut(what: str, owner: int) -> StateRefused:
    return StateRefused(f"{what} is closed to {_name(owner)}, whose it is; run: chmod u+rwx on it")


def _foreign(what: str, owner: int) -> StateRefused:
    return StateRefused(
        f"{what} belongs to {_name(owner)}, and this is {_name(os.geteuid())}; run it as its owner: "
        f"sudo -u {_name(owner)} shim …"
    )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"'#{uid}'"  # as sudo takes a number
