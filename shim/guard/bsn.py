"""Finds citizen service numbers (BSN): eight or nine digits that pass the check, solid or in groups.

A BTW number of a person or a company embeds one that passes; it is treated as one. A number that passes and is none is
masked as well, unless its shape or its label says what it is: one in eleven nine-digit numbers passes.
"""

import re
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Final

from contracts.bsn import is_bsn
from contracts.plain import Plain
from shim.guard import shapes
from shim.guard.groups import SEPARATOR, Group, Span, Spans, Window, joints, windows
from shim.guard.orders import is_order

_SHORTEST: Final = 8
_LONGEST: Final = 9
_GAP: Final = re.compile(SEPARATOR + "{1,6}")
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
_COMMON: Final = frozenset({(3, 3, 3), (4, 2, 3), (4, 3, 2), (2, 2, 2, 3), (1,) * 9, (1,) * 8})
_USUAL: Final = _COMMON | {(4, 5), (5, 4), (3, 6), (6, 3), (3, 2, 2, 2), (2, 3, 4), (4, 4), (4, 2, 2), (2, 3, 3)}
"""Digits of the groups of nine, and of eight, in which people write a BSN."""
_PAUSE: Final = re.compile(r"[.!?;:]?\s+")
"""What ends a sentence, or a word."""
_AROUND: Final = 6
"""Groups before a candidate at which something may begin that it is a part of; an instant has seven."""
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

    def __init__(
        self, original: str, seen: Plain, groups: Sequence[Group], may_be: Sequence[Window], *, tokens: bool
    ) -> None:
        """Look at a text.

        Args:
            original: as it was given.
            seen: as it is looked at.
            groups: of the text as it is looked at.
            may_be: the candidates that will be asked about.
            tokens: whether a number in what has the shape of a token of ours is none.
        """
        near = {at for window in may_be for at in range(max(0, window.first - _AROUND), window.last + 1)}
        starts = [groups[at].begin for at in sorted(near)]
        self._original = original
        self._seen = seen
        self._groups = groups
        self._solid = Spans(shapes.solid(seen.text, starts, tokens=tokens))
        self._times = Spans(shapes.times(seen.text, starts))
        self._amounts = Spans(shapes.amounts(seen.text, starts))
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
        if self._times.touch(begin, end):
            return False
        return self._is_common(window) or (not self._amounts.touch(begin, end) and self._is_written_so(window))

    def span(self, window: Window) -> Span:
        """Return where it stands in the plain text."""
        return self._groups[window.first].begin, self._groups[window.last].end

    def _is_order(self, begin: int, end: int) -> bool:
        return is_order(self._original, self._seen.begins[begin], self._seen.ends[end - 1])

    def _is_common(self, window: Window) -> bool:
        """Whether it is grouped as most people do, and no list of numbers."""
        return self._sizes(window) in _COMMON and not any(map(_LIST.fullmatch, self._gaps(window)))

    def _is_written_so(self, window: Window) -> bool:
        """Whether people write one number in these groups, with these gaps."""
        gaps, usual = self._gaps(window), self._sizes(window) in _USUAL
        if any(map(_LIST.fullmatch, gaps)):
            return usual and not self._is_joined(window, _LIST_ON)
        mixed = len({_BLANK.sub("", gap) or " " for gap in gaps}) > 1
        # A sentence that ends directly before it is no part of it; a chain of equal gaps is.
        if self._is_joined(window, _TIGHT if mixed else None, {gap for gap in gaps if not _PAUSE.fullmatch(gap)}):
            return False
        return len(window.digits) == _LONGEST or self._named or (usual and not mixed)

    def _sizes(self, window: Window) -> tuple[int, ...]:
        return tuple(len(group.digits) for group in self._groups[window.first : window.last + 1])

    def _gaps(self, window: Window) -> set[str]:
        groups = self._groups[window.first : window.last + 1]
        return {self._seen.text[one.end : other.begin] for one, other in pairwise(groups)}

    def _is_joined(self, window: Window, by: re.Pattern[str] | None, gaps: Collection[str] = ()) -> bool:
        """Whether such a gap, or one of its own, is between it and a neighbour: it is a part of something longer."""
        text, groups = self._seen.text, self._groups
        pairs = [pair for pair in ((window.first - 1, window.first), (window.last, window.last + 1)) if pair[0] >= 0]
        between = [text[groups[one].end : groups[other].begin] for one, other in pairs if other < len(groups)]
        return any(gap in gaps or (by is not None and by.fullmatch(gap)) for gap in between)
