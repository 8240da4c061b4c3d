"""Raw bytes as texts that can be searched: as the database writes them, and as UTF-16; no chunk has an edge."""

from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from re import Match, Pattern
from re import compile as pattern
from typing import Final

OVERLAP: Final = 4096
"""Characters of a chunk that are seen again with the next one; the longest value with its separators is shorter."""
_WIDE: Final[Pattern[bytes]] = pattern(rb"(?:[\x20-\xff][\x00\x01]){5,}")
_LONGEST_TAIL: Final = 1 << 16
_LONGEST_WORD: Final = 256


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text from raw bytes.

    Attributes:
        text: what the bytes decode to; undecodable ones are separators.
        until: what begins from here on is found in the next piece, too, and counts there.
        offset: about where in the file it begins, bytes.
        coding: in words, how it was decoded, empty for the database's own codec.
    """

    text: str
    until: int
    offset: int
    coding: str = ""


def pieces(chunks: Iterable[bytes], codec: str) -> Iterator[Piece]:
    """Yield all bytes twice: in the database's own codec, and what of them is text in UTF-16."""
    narrow, wide = _Narrow(codec), _Wide()
    for chunk in chunks:
        yield narrow.piece(chunk)
        yield from wide.pieces(chunk)
    yield narrow.piece(b"", final=True)
    yield from wide.rest()


class _Narrow:
    def __init__(self, codec: str) -> None:
        self._decoder = getincrementaldecoder(codec)(errors="replace")
        self._kept = ""
        self._passed = 0

    def piece(self, chunk: bytes, *, final: bool = False) -> Piece:
        text = self._kept + self._decoder.decode(chunk, final)
        until = len(text) if final else _between_words(text, max(0, len(text) - OVERLAP))
        found = Piece(text, until, max(0, self._passed - len(self._kept)))
        self._kept = text[until:]
        self._passed += len(chunk)
        return found


class _Wide:
    """UTF-16, little end first, as programs of Windows leave it, at even and at odd offsets."""

    def __init__(self) -> None:
        self._tail = b""
        self._passed = 0

    def pieces(self, chunk: bytes) -> Iterator[Piece]:
        data = self._tail + chunk
        self._passed += len(chunk)
        found = list(_WIDE.finditer(data))
        begin = max(0, len(data) - 2 * _LONGEST_WORD)
        if found and found[-1].end() > begin:
            begin = max(found.pop().start(), len(data) - _LONGEST_TAIL)
        self._tail = data[begin:]
        yield from _decoded(found, self._passed - len(data))

    def rest(self) -> Iterator[Piece]:
        yield from _decoded(list(_WIDE.finditer(self._tail)), self._passed - len(self._tail))


def _decoded(found: list[Match[bytes]], offset: int) -> Iterator[Piece]:
    for run in found:
        text = run[0].decode("utf-16-le", errors="replace")
        yield Piece(text, len(text), offset + run.start(), "UTF-16")


def _between_words(text: str, at: int) -> int:
    """Return a place not far before `at` that is in no word: the second half of one would begin a value."""
    for place in range(at, max(0, at - _LONGEST_WORD), -1):
        if not (text[place - 1].isalnum() and text[place : place + 1].isalnum()):
            return place
    return at if at > _LONGEST_WORD else 0
