"""Digits of a text in groups, and the runs of groups that may be one number."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

_GROUP: Final = re.compile(r"[0-9]+")
SEPARATOR: Final = r"[\s.,\-/_+:;|*()\[\]#~'\u2019\u00b7\u2022\u2026]"
"""What stands between the groups of a number that somebody wrote, or that some program broke into lines."""

Span = tuple[int, int]
"""Characters of a plain text, end exclusive."""


class Group(NamedTuple):
    """Digits with nothing between them, and where they stand in the plain text."""

    digits: str
    begin: int
    end: int


class Window(NamedTuple):
    """A run of groups.

    Attributes:
        digits: of all of them.
        first: index of the first group.
        last: of the last, inclusive.
    """

    digits: str
    first: int
    last: int


def groups_of(text: str) -> list[Group]:
    """Return the groups of a plain text, in order."""
    return [Group(match[0], *match.span()) for match in _GROUP.finditer(text)]


def joints(text: str, groups: Sequence[Group], gap: re.Pattern[str]) -> list[bool]:
    """Return for each group whether nothing but such a gap is between it and the next one."""
    return [gap.fullmatch(text, one.end, other.begin) is not None for one, other in pairwise(groups)] + [False]


def windows(groups: Sequence[Group], joined: Sequence[bool], first: int, longest: int) -> Iterator[Window]:
    """Yield each run of joined groups from `first` on that has at most `longest` digits, shortest first."""
    digits = groups[first].digits
    last = first
    while len(digits) <= longest:
        yield Window(digits, first, last)
        if not joined[last]:
            return
        last += 1
        digits += groups[last].digits


class Spans:
    """Parts of a text that are spoken for. Asking costs the logarithm of their number."""

    def __init__(self, spans: Sequence[Span]) -> None:
        """Keep them."""
        merged: list[Span] = []
        for begin, end in sorted(spans):
            if merged and begin < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((begin, end))
        self._merged = merged

    def touch(self, begin: int, end: int) -> bool:
        """Whether any of them has a character in common with this part."""
        low, high = 0, len(self._merged)
        while low < high:
            middle = (low + high) // 2
            if self._merged[middle][1] <= begin:
                low = middle + 1
            else:
                high = middle
        return low < len(self._merged) and self._merged[low][0] < end
