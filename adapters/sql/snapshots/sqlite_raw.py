"""All bytes of a SQLite file in which a value may stand: live, deleted or freed.

A text that is longer than its page goes on in a chain of overflow pages, so that a value may be cut where a page
ends. What is live is therefore given once more, decoded. Of what was freed, each page is given together with the page
that its first four bytes name, as a link of a chain would. What is missed: a freed value that is cut between its row's
own page and the first page of its chain, and numbers in freed rows, which stand there in binary.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from adapters.sql.snapshots.sqlite_files import codec_of, reading
from adapters.sql.snapshots.sqlite_schema import quoted
from contracts.snapshots import SnapshotRefused, Tell

_CHUNK: Final = 1 << 20
_END: Final = b"\x00\x00"  # in two bytes as well as in one
_LINK: Final = 4
_LARGEST: Final = 65_536
_HEADER: Final = 100


def raw(file: Path, tell: Tell) -> Iterator[bytes]:
    """Yield the bytes of the file and of what lies beside it, the seams of its chains, and its live values decoded.

    Raises:
        SnapshotRefused: it cannot be read, or is damaged.
    """
    total, done = file.stat().st_size, 0
    for part in (file, *(file.with_name(file.name + ending) for ending in ("-wal", "-journal"))):
        if part.exists():
            with part.open("rb") as opened:
                while chunk := opened.read(_CHUNK):
                    yield chunk
                    done += len(chunk)
                    tell("bytes", done, max(done, total))
    yield b"\x00"
    yield from _seams(file)
    yield from _live(file)


def _seams(file: Path) -> Iterator[bytes]:
    """Yield, for each page that may be a link of a chain, its content and that of the page it names."""
    with file.open("rb") as opened:
        header = opened.read(_HEADER)
        if len(header) < _HEADER:
            raise SnapshotRefused(f"{file} is truncated")
        size = int.from_bytes(header[16:18], "big")
        size = _LARGEST if size == 1 else size
        pages = file.stat().st_size // size if size else 0
        for number in range(1, pages):
            opened.seek(number * size)
            page = opened.read(size)
            following = int.from_bytes(page[:_LINK], "big")
            if 1 < following <= pages and following != number + 1:
                opened.seek((following - 1) * size)
                yield page[_LINK:] + opened.read(size)[_LINK:] + b"\x00"


def _live(file: Path) -> Iterator[bytes]:
    """Yield every value as text, with zeros after each."""
    codec = codec_of(file)
    gathered = bytearray()
    with reading(file) as connection:
        names = connection.execute("select name from sqlite_master where type = 'table' and rootpage > 0").fetchall()
        for (name,) in names:
            for row in connection.execute(f"select * from {quoted(name)}"):  # noqa: S608 - a quoted name of the schema
                for cell in row:
                    if cell is not None:
                        gathered += cell if isinstance(cell, bytes) else str(cell).encode(codec, "replace")
                        gathered += _END
                if len(gathered) > _CHUNK:
                    yield bytes(gathered)
                    gathered.clear()
    yield bytes(gathered)
