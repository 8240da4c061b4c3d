"""Snapshots of Firebird databases: gbak files, made and restored through the services, without run-length encoding."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from adapters.firebird.address import Address
from adapters.firebird.backup_file import begins_backup
from adapters.firebird.delivered import delivered
from adapters.firebird.services import Place, back_up, close, opened
from contracts.snapshots import Account, Content, SnapshotRefused, Tell

_SUFFIXES: Final = (".fdb", ".gdb")


class FirebirdSnapshots:
    """contracts.snapshots.Technology for Firebird."""

    @property
    def name(self) -> str:
        """The technology."""
        return "firebird"

    def is_snapshot(self, file: Path) -> bool:
        """Return whether a file begins as a gbak file does."""
        return begins_backup(file)

    def is_place(self, place: str) -> bool:
        """Return whether this is Firebird's notation: `host:path`, `host/port:path`, or a path; a URL is not."""
        if not place or "://" in place or place.startswith("sqlite:"):
            return False
        address = Address.parse(place)
        return address.host is not None or "/" in place or "\\" in place or place.lower().endswith(_SUFFIXES)

    def take(self, place: str, account: Account, file: Path, tell: Tell) -> None:
        """Back a database up to `file`, while it is in use; told of bytes, the total is what its pages take."""
        source = _place(place, account)
        with opened(source) as connection:
            size = _size(connection)
        from adapters.firebird.refusals import refusing  # noqa: PLC0415 - it loads the driver

        with refusing(str(file)), delivered(file) as stream:
            back_up(source, stream, lambda done: tell("reading", done, max(size, done)))

    def restore(self, file: Path, place: str, account: Account, tell: Tell) -> None:
        """Make a marked sandbox of a snapshot.

        A local file is restored beside its place and then renamed, so a backup that fails leaves the old sandbox as it
        was. A server cannot rename: the old sandbox is dropped first, and what a failed backup leaves half-made too.
        """
        from adapters.firebird.sandboxes import restore_sandbox  # noqa: PLC0415 - it loads the driver

        restore_sandbox(file, _place(place, account), tell)

    @contextmanager
    def opened(self, file: Path, folder: Path, tell: Tell) -> Iterator[Content]:
        """Restore a snapshot into `folder` and open it; the copy is removed at the end."""
        from adapters.firebird.content import FirebirdContent  # noqa: PLC0415 - it loads the driver
        from adapters.firebird.sandboxes import restored_into  # noqa: PLC0415 - likewise

        copy = restored_into(file, folder / "content.fdb", tell)
        try:
            connection = copy.connect()
            try:
                yield FirebirdContent(copy, connection, folder, str(file))
            finally:
                close(connection)
        finally:
            Path(copy.address.path).unlink(missing_ok=True)

    def raw(self, file: Path, folder: Path, tell: Tell) -> Iterator[bytes]:
        """Yield the bytes of a backup without run-length encoding, or all that the pages of a database hold."""
        from adapters.firebird.raw import raw_bytes  # noqa: PLC0415 - it loads the driver

        yield from raw_bytes(file, folder, tell)

    def codec(self, file: Path, folder: Path) -> str:
        """Return the Python codec of the database's own character set; WIN1252's where it names none."""
        from adapters.firebird.raw import codec_of_database  # noqa: PLC0415 - it loads the driver

        return codec_of_database(file, folder)


def _place(place: str, account: Account) -> Place:
    address = Address.parse(place)
    if not address.is_here and address.host is None:
        raise SnapshotRefused(f"{place} is not understood: write host/port:path, or a path")
    if address.host is None:
        try:
            address = Address(str(Path(address.path).expanduser().resolve()))
        except (OSError, RuntimeError) as error:  # links in a circle, or a home that nobody has
            raise SnapshotRefused(f"{place} is no path: {error}") from error
    return Place(address, account)


def _size(connection: object) -> int:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    with contextlib.closing(cursor):
        cursor.execute("select MON$PAGES * MON$PAGE_SIZE from MON$DATABASE")
        return int(cursor.fetchone()[0])
