"""Finds in a text every sequence of words that may be a protected value, however its parts are separated."""

from collections.abc import Iterator
from itertools import accumulate, islice
from re import Match, Pattern
from re import compile as pattern
from typing import Final

from shim.snapshots.index import HEAD, RAW_LETTERS, SHORTEST, Index, in_raw
from shim.snapshots.words import WORD

_RUN: Final[Pattern[str]] = pattern(r"[^\W_]+(?:[\W_]{1,2}[^\W_]+)*")
"""Words with at most two other characters between two of them."""
_PART: Final[Pattern[str]] = pattern(r"\d+|[A-Z]+(?![^\W\d_A-Z])|[A-Z]?[^\W\d_A-Z]+")
"""A word, or what looks like one where fields stand without anything between them: `0610JansenAnna`."""
_MOMENT: Final[Pattern[str]] = pattern(r"(?<!\d)(?:19|20)\d\d-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?")
_DIGIT: Final[Pattern[str]] = pattern(r"\d")


def in_text(index: Index, text: str) -> Iterator[tuple[str, bool]]:
    """Yield each sequence of words of a text that is a value, as `joined`, and whether it is the whole text."""
    parts = [word.casefold() for word in WORD.findall(text)]  # as `words` does, which is slower for being a generator
    whole = "".join(parts)
    if len(whole) >= SHORTEST:
        for found, _ in _sequences(index, parts, whole, SHORTEST):
            if index.places(found):
                yield found, len(found) == len(whole)


def in_bytes(index: Index, text: str) -> Iterator[tuple[str, int]]:
    """Yield each value in what raw bytes decode to, and where in `text` it begins.

    Words of a value are separated by at most two other characters. A written date or time is no part of a number.
    """
    for run in _RUN.finditer(_MOMENT.sub(_blank, text)):
        seen = run[0]
        if len(seen) < RAW_LETTERS:
            continue
        parts = [part.casefold() for part in _PART.findall(seen)]
        for found, place in _sequences(index, parts, "".join(parts), RAW_LETTERS):
            if in_raw(found) and index.places(found):
                yield found, run.start() + next(islice(_PART.finditer(seen), place, None)).start()


def _sequences(index: Index, parts: list[str], whole: str, shortest: int) -> Iterator[tuple[str, int]]:
    """Yield the sequences of parts that the filter knows, and with which part each begins.

    The loop that everything waits for: it calls nothing of ours.
    """
    heads, heads_mask = index.heads.cells, index.heads.mask
    cells, mask, longest = index.filter.cells, index.filter.mask, index.longest
    ends = list(accumulate(map(len, parts)))
    begin = 0
    for place, end in enumerate(ends):
        if heads[hash(whole[begin : begin + HEAD]) & heads_mask]:
            last = begin + longest
        elif end - begin < HEAD and shortest < HEAD:
            last = begin + HEAD - 1  # a value that is no longer than its head
        else:
            begin = end
            continue
        for stop in ends[place : place + longest]:
            if stop > last:
                break
            if stop - begin >= shortest:
                found = hash(text := whole[begin:stop])
                if cells[found & mask] >> (found >> 40 & 7) & 1:
                    yield text, place
        begin = end


def _blank(moment: Match[str]) -> str:
    return "\0" * len(moment[0])


def has_digit(value: str) -> bool:
    """Return whether a value is more than letters."""
    return _DIGIT.search(value) is not None
