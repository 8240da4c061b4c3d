"""The head of a gbak file: what tells a backup, whether its records are compressed, and the path that it names.

A backup begins with two records of attributes, each a byte, a length and a value, ended by a zero byte (read from
Firebird's burp.h): one of the backup, one of the database.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FORMAT: Final = 2
_COMPRESSED: Final = 4
_BACKUP_PATH: Final = 7
_DATABASE_PATH: Final = 1
_DATABASE_RECORD: Final = 14
_BACKUP_BEGINS: Final = b"\x00\x02\x04"
HEAD: Final = 4096
NEUTRAL: Final = b"snapshot.fdb"


@dataclass(frozen=True, slots=True)
class Head:
    """Attributes of the two records, in order, and how many bytes they take together."""

    backup: tuple[tuple[int, bytes], ...]
    database: tuple[tuple[int, bytes], ...]
    length: int

    @property
    def compressed(self) -> bool:
        """Whether runs of equal bytes are stored as one, so that a value may not stand there as its bytes."""
        return any(kind == _COMPRESSED for kind, _ in self.backup)

    def without_paths(self) -> bytes:
        """Return both records with a neutral name instead of the database's path."""
        return b"".join(
            [
                b"\x00",
                *(_attribute(kind, value, kind == _BACKUP_PATH) for kind, value in self.backup),
                bytes([0, _DATABASE_RECORD]),
                *(_attribute(kind, value, kind == _DATABASE_PATH) for kind, value in self.database),
                b"\x00",
            ]
        )


def begins_backup(file: Path) -> bool:
    """Return whether a file begins as every backup does, whole or not."""
    try:
        with file.open("rb") as stream:
            return stream.read(len(_BACKUP_BEGINS)) == _BACKUP_BEGINS
    except OSError:
        return False


def head_of(data: bytes) -> Head | None:
    """Read the first bytes of a backup; None when they are none of a backup, or too few."""
    if not data.startswith(_BACKUP_BEGINS):
        return None
    try:
        backup, at = _attributes(data, 1)
        if data[at] != _DATABASE_RECORD:
            return None
        database, at = _attributes(data, at + 1)
    except IndexError:
        return None
    return Head(backup, database, at)


@dataclass(slots=True)
class Neutral:
    """A stream to write a backup to: passes it on to `write` without the path of the database.

    The path in a backup is the one that was given to gbak; it is a path of this machine.
    """

    write_on: Callable[[bytes], object]
    _held: bytes | None = b""

    def write(self, data: bytes) -> int:
        """Pass on, once the head is there as a whole."""
        if self._held is None:
            self.write_on(data)
            return len(data)
        self._held += data
        head = head_of(self._held)
        if head is not None:
            self.write_on(head.without_paths() + self._held[head.length :])
            self._held = None
        elif len(self._held) > HEAD:
            self.close()
        return len(data)

    def close(self) -> None:
        """Pass on what is still held: a head that was not understood."""
        held, self._held = self._held, None
        if held:
            self.write_on(held)


def _attribute(kind: int, value: bytes, is_path: bool) -> bytes:
    value = NEUTRAL if is_path else value
    return bytes([kind, len(value)]) + value


def _attributes(data: bytes, at: int) -> tuple[tuple[tuple[int, bytes], ...], int]:
    found: list[tuple[int, bytes]] = []
    while data[at]:
        kind, length = data[at], data[at + 1]
        end = at + 2 + length
        data[end]  # what is cut off here is no head yet
        found.append((kind, data[at + 2 : end]))
        at = end
    return tuple(found), at + 1
