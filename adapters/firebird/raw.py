"""Every byte that a snapshot or a database file holds, decompressed, for whoever looks for what should be gone."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from adapters.firebird.address import Address
from adapters.firebird.backup_file import HEAD, begins_backup, head_of
from adapters.firebird.charset import codec_of
from adapters.firebird.fields import UNDECLARED
from adapters.firebird.pages import Pages
from adapters.firebird.refusals import refusing
from adapters.firebird.sandboxes import restored_into
from adapters.firebird.services import Place, opened
from contracts.snapshots import Account, SnapshotRefused, Tell

_CHUNK: Final = 1 << 20


def raw_bytes(file: Path, folder: Path, tell: Tell) -> Iterator[bytes]:
    """Yield a backup without run-length encoding as it is; of one with it, and of a database file, what its pages hold.

    Raises:
        SnapshotRefused: it is neither, or cannot be read.
    """
    if not begins_backup(file):
        yield from _pages(file, tell)
    elif _compressed(file):
        copy = restored_into(file, folder / "raw.fdb", tell)
        try:
            yield from _pages(Path(copy.address.path), tell)
        finally:
            Path(copy.address.path).unlink(missing_ok=True)
    else:
        yield from _plain(file, tell)


def codec_of_database(file: Path, folder: Path) -> str:
    """Return the codec of the default character set, WIN1252's for NONE; of a backup and of a database file."""
    copy = folder / "codec.fdb"
    try:
        if begins_backup(file):
            restored_into(file, copy, lambda *_: None, metadata_only=True)
        else:
            with refusing(str(file)):
                shutil.copyfile(file, copy)  # to open a database changes its first page
        place = Place(Address(str(copy.resolve())), Account())
        with opened(place) as connection, connection.cursor() as cursor:
            cursor.execute("select cast(RDB$CHARACTER_SET_NAME as varchar(63) character set OCTETS) from RDB$DATABASE")
            name = (cursor.fetchone()[0] or b"NONE").decode("ascii").strip("\0 ")
    finally:
        copy.unlink(missing_ok=True)
    return UNDECLARED if name in {"", "NONE", "OCTETS"} else codec_of(name)


def _compressed(file: Path) -> bool:
    with refusing(str(file)), file.open("rb") as stream:
        head = head_of(stream.read(HEAD))
    if head is None:
        raise SnapshotRefused(f"{file} is truncated or damaged: its first record is not whole")
    return head.compressed


def _plain(file: Path, tell: Tell) -> Iterator[bytes]:
    size, done = file.stat().st_size, 0
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk
            done += len(chunk)
            tell("raw bytes", done, size)


def _pages(file: Path, tell: Tell) -> Iterator[bytes]:
    try:
        stream = file.open("rb")
    except OSError as error:
        raise SnapshotRefused(f"{file}: {error.strerror}") from error
    with stream:
        try:
            pages = Pages.of(stream)
        except ValueError as error:
            raise SnapshotRefused(f"{file} is neither a Firebird backup nor a Firebird database") from error
        size, held, length = file.stat().st_size, list[bytes](), 0
        for number, content in enumerate(pages.held(), start=1):
            held.append(content)
            length += len(content)
            if length >= _CHUNK:
                yield b"\0".join(held)
                held, length = [], 0
                tell("raw bytes", number * pages.size, size)
        yield b"\0".join(held)
