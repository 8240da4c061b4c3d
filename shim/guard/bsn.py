"""Finds citizen service numbers (BSN): eight or nine digits that pass the check, solid or in groups.

A BTW number of a person or a company embeds one that passes; it is treated as one. A number that passes and is none is
masked as well, unless its shape or its label says what it is: one in eleven nine-digit numbers passes.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from contracts.bsn import is_bsn
from contracts.plain import Plain
from shim.guard import shapes
from shim.guard.groups import Group, Span, Spans, Window, joints, windows
from shim.guard.orders import is_order

_SHORTEST: Final = 8
_LONGEST: Final = 9
_GAP: Final = re.compile(r"[\s.,\-/_+:;|*()\[\]#~'\u2019\u00b7\u2022\u2026]{1,6}")
"""What stands between the groups of a number that somebody wrote, or some program broke into lines."""
_BLANK: Final = re.compile(r"\s+")
_LIST: Final = re.compile(r"[,;]\s+")
"""Between the numbers of a list, too."""
_LIST_ON: Final = re.compile(r"[,;]\s+|\s+(?:en|of|t/m|tot|and|or)\s+")
_WORD: Final = re.compile(r"bsn|burger[- ]?service|sofi[- ]?(?:nummer|nr)|citizen service number", re.IGNORECASE)
_LABEL: Final = re.compile(
    r"(?:bsn|burger[- ]?service(?:[- ]?(?:nummer|nr))?|sofi[- ]?(?:nummer|nr)|citizen service number)[^0-9A-Za-z]{0,3}"
    r"(?:nummer|nr|number)?[^0-9A-Za-z]{0,3}(?:is|was|luidt|van mij is)?[^0-9A-Za-z]{0,6}$",
    re.IGNORECASE,
)
_LABEL_WITHIN: Final = 60
_USUAL: Final = frozenset(
    {(3, 3, 3), (4, 2, 3), (4, 3, 2), (4, 5), (5, 4), (3, 6), (6, 3), (2, 2, 2, 3), (3, 2, 2, 2), (2, 3, 4), (1,) * 9}
    | {(4, 4), (4, 2, 2), (2, 3, 3), (1,) * 8}
)
"""Digits of the groups of nine, and of eight, in which people write a BSN."""
_TIGHT: Final = re.compile(r"[.,\-/:]")
"""Joins a number more closely than a blank does."""


def candidates(text: str, groups: Sequence[Group]) -> list[Window]:
    """Return the runs of groups that pass the check, whatever they are."""
    joined = joints(text, groups, _GAP)
    return [
        window
        for first in range(len(groups))
        for window in windows(groups, joined, first, _LONGEST)
        if len(window.digits) >= _SHORTEST and is_bsn(window.digits)
    ]


class BsnRule:
    """Says which candidates in one text are citizen service numbers."""

    def __init__(self, original: str, seen: Plain, groups: Sequence[Group]) -> None:
        """Look at a text.

        Args:
            original: as it was given.
            seen: as it is looked at.
            groups: of the text as it is looked at.
        """
        self._original = original
        self._seen = seen
        self._groups = groups
        self._solid = Spans(shapes.solid(seen.text))
        self._grouped = Spans(shapes.grouped(seen.text))
        self._named = _WORD.search(seen.text) is not None

    def labelled(self, window: Window) -> bool:
        """Whether the word for it stands directly before: then it is one, whatever else it looks like."""
        begin, end = self.span(window)
        before = self._seen.text[max(0, begin - _LABEL_WITHIN) : begin]
        return _LABEL.search(before) is not None and not self._solid.touch(begin, end)

    def accepts(self, window: Window, claimed: Spans) -> bool:
        """Whether it is one, and no part of what is something else."""
        begin, end = self.span(window)
        if claimed.touch(begin, end) or self._solid.touch(begin, end):
            return False
        if window.first == window.last:
            return self._named or not (shapes.is_day(window.digits) or self._is_order(begin, end))
        return not self._grouped.touch(begin, end) and self._is_written_so(window)

    def span(self, window: Window) -> Span:
        """Return where it stands in the plain text."""
        return self._groups[window.first].begin, self._groups[window.last].end

    def _is_order(self, begin: int, end: int) -> bool:
        return is_order(self._original, self._seen.begins[begin], self._seen.ends[end - 1])

    def _is_written_so(self, window: Window) -> bool:
        """Whether people write one number in these groups, with these gaps."""
        groups = self._groups[window.first : window.last + 1]
        text = self._seen.text
        gaps = {text[one.end : other.begin] for one, other in pairwise(groups)}
        usual = tuple(len(group.digits) for group in groups) in _USUAL
        if any(_LIST.fullmatch(gap) for gap in gaps):
            return usual and not self._is_joined(window, _LIST_ON)
        if len({_BLANK.sub("", gap) or " " for gap in gaps}) == 1 and usual:
            return True
        nine = len(window.digits) == _LONGEST
        return (nine or self._named) and not self._is_joined(window, _TIGHT)

    def _is_joined(self, window: Window, by: re.Pattern[str]) -> bool:
        """Whether such a gap is between it and a neighbour: it is a part of something longer."""
        text, groups = self._seen.text, self._groups
        before = window.first and by.fullmatch(text, groups[window.first - 1].end, groups[window.first].begin)
        following = window.last + 1 < len(groups)
        return bool(before) or bool(
            following and by.fullmatch(text, groups[window.last].end, groups[window.last + 1].begin)
        )
