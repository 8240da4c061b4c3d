"""The disk as a power cut leaves it: what was synced is certain, of the rest only some has arrived, in no order.

A name counts as synced when its folder was synced after the name was made, as POSIX says it.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import compress, pairwise
from pathlib import Path

from tests.reliability.power_journal import Kind, Record

_OF_BYTES = {Kind.WRITTEN, Kind.TRUNCATED, Kind.SYNCED}
_SHARES = (0.0, 0.1, 0.5, 0.9, 1.0)
"""How likely it is that a change has arrived; names and bytes have shares of their own."""
SECTOR = 512
"""Bytes that arrive together or not at all."""


Changes = list[tuple[int, bytes | None]]
"""Offsets and the bytes that were written there; None cuts the file off there, or lengthens it."""


@dataclass
class File:
    """A file's synced bytes, and the changes that came after them."""

    synced: bytearray = field(default_factory=bytearray)
    pending: Changes = field(default_factory=list)

    def sync(self) -> None:
        for offset, data in self.pending:
            _apply(self.synced, offset, data)
        self.pending.clear()


class Gone:
    """Marks a name that was taken away."""


Renaming = dict[str, File | type[Gone] | None]
"""Names that change together."""
Names = dict[str, File | None]
"""By absolute path; None is a folder."""


class Disk:
    """Files of one folder, replayed from a journal."""

    def __init__(self, folder: Path) -> None:
        """Begin with what is in the folder now, all of it synced."""
        self._now: Names = {
            str(path): None if path.is_dir() else File(bytearray(path.read_bytes())) for path in folder.rglob("*")
        }
        self._synced: Names = dict(self._now)
        self._renamed: list[Renaming] = []

    def replay(self, records: Iterable[Record]) -> None:
        """Take in what a program did."""
        for record in records:
            self._replay(record)

    def _replay(self, record: Record) -> None:
        file = self._now.get(record.path)
        if record.kind is Kind.SYNCED_FOLDER:
            self._sync_folder(record.path)
        elif record.kind not in _OF_BYTES:
            self._name(self._names(record))
        elif file is None:
            raise AssertionError(f"{record.kind.name} of {record.path}, which the journal does not know")
        elif record.kind is Kind.SYNCED:
            file.sync()
        else:
            file.pending.append((record.offset, record.data if record.kind is Kind.WRITTEN else None))

    def _names(self, record: Record) -> Renaming:
        path, new = record.path, record.data.decode()
        match record.kind:
            case Kind.CREATED:
                return {path: File()}
            case Kind.MADE_FOLDER:
                return {path: None}
            case Kind.REMOVED:
                return {path: Gone}
            case Kind.LINKED:
                return {new: self._now[path]}
            case _:
                return {path: Gone, new: self._now[path]}

    def _sync_folder(self, folder: str) -> None:
        here = [all(str(Path(name).parent) == folder for name in names) for names in self._renamed]
        _rename(self._synced, compress(self._renamed, here))
        self._renamed = [names for names, synced in zip(self._renamed, here, strict=True) if not synced]

    def _name(self, names: Renaming) -> None:
        _rename(self._now, [names])
        self._renamed.append(names)

    def everything(self) -> dict[str, bytes]:
        """Return the files as the program saw them last."""
        return {path: _content(file, file.pending) for path, file in self._now.items() if file is not None}

    def cut(self, chance: random.Random) -> dict[str, bytes | None]:
        """Return the files, and as None the folders, that are there when the power comes back."""
        names = dict(self._synced)
        share = chance.choice(_SHARES)
        _rename(names, [change for change in self._renamed if chance.random() < share])
        reachable = {path: file for path, file in names.items() if _parents(path, self._now) <= names.keys()}
        share = chance.choice(_SHARES)
        arrive = chance.choice((_in_order, _any_writes, _any_sectors))
        return {
            path: None if file is None else _content(file, arrive(file.pending, chance, share))
            for path, file in reachable.items()
        }


def _rename(names: Names, changes: Iterable[Renaming]) -> None:
    for change in changes:
        for path, what in change.items():
            if isinstance(what, type):
                names.pop(path, None)
            else:
                names[path] = what


def _parents(path: str, known: Names) -> set[str]:
    return {str(parent) for parent in Path(path).parents if str(parent) in known}


def _in_order(pending: Changes, chance: random.Random, share: float) -> Changes:
    """Let the first changes arrive, the last of them perhaps in part."""
    parts = [part for offset, data in pending for part in _sectors(offset, data)]
    return parts[: chance.randint(0, len(parts))] if 0 < share < 1 else parts[: int(share) * len(parts)]


def _any_writes(pending: Changes, chance: random.Random, share: float) -> Changes:
    """Let any changes arrive, each as a whole."""
    return [change for change in pending if chance.random() < share]


def _any_sectors(pending: Changes, chance: random.Random, share: float) -> Changes:
    """Let any sectors of any changes arrive."""
    return _any_writes([part for offset, data in pending for part in _sectors(offset, data)], chance, share)


def _sectors(offset: int, data: bytes | None) -> Changes:
    if data is None:
        return [(offset, None)]
    edges = [0, *range(SECTOR - offset % SECTOR, len(data), SECTOR), len(data)]
    return [(offset + begin, data[begin:end]) for begin, end in pairwise(edges)]


def _content(file: File, changes: Changes) -> bytes:
    content = bytearray(file.synced)
    for offset, data in changes:
        _apply(content, offset, data)
    return bytes(content)


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    """Write, or cut off or lengthen where `data` is None; a gap is zeros."""
    end = offset if data is None else offset + len(data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    if data is None:
        del content[offset:]
    else:
        content[offset:end] = data


def write_folder(folder: Path, files: dict[str, bytes | None], was: Path) -> None:
    """Write what `cut` returned of the folder `was` into a new folder."""
    folder.mkdir(mode=0o700)
    for path in sorted(files):
        target = folder / Path(path).relative_to(was)
        content = files[path]
        if content is None:
            target.mkdir(mode=0o700)
        else:
            target.write_bytes(content)
            target.chmod(0o600)
