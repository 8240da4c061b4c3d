"""Pseudonyms within free text: identifiers, dates, names that the database knows, names behind a title, and digits."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Final

from contracts.plain import plain, raw
from shim.guard import Finding, Kind, find
from shim.pseudonyms.avoiding import Avoided
from shim.pseudonyms.codes import Codes
from shim.pseudonyms.dates import Dates
from shim.pseudonyms.kinds import What
from shim.pseudonyms.shapes import digits_shape
from shim.pseudonyms.spelling import skeleton
from shim.pseudonyms.titled import titled

Change = tuple[int, int, str]
"""From where to where, and what stands there instead."""
Of = Callable[[What, str], str]
"""Gives the pseudonym of a value in a text."""

KINDS_OF: Final = {
    Kind.BSN: What("bsn"),
    Kind.IBAN: What("iban"),
    Kind.INSURANCE: What("insurance"),
    Kind.AGB: What("number", "agb"),
    Kind.EMAIL: What("email"),
    Kind.TELEPHONE: What("telephone"),
}
_URL: Final = re.compile(r"(?i)\b(?:https?://|www\.)[^\s<>\"]*[^\s<>\".,;:!?)\]]")
_MASKED_URL: Final = "https://masked.example"
_ESCAPED: Final = re.compile(r"[%&\\]")
_LONGEST: Final = 8
"""Parts of the longest street or city that is recognised."""
_PART: Final = re.compile(r"\d+|[A-Z]+(?![^\W\d_A-Z])|[A-Z]?[^\W\d_A-Z]+")
"""A word, or a part of `JansenBV` and `jansen1957`: so does `verify` part raw bytes."""
_SHORTEST_GENITIVE: Final = 5
_DIGITS: Final = re.compile(r"[0-9](?:[ \t\n.,:/()_*+\-]{0,4}[0-9])*")
_FEWEST: Final = 4
_CLOCK: Final = re.compile(
    r"(?<![0-9])(?<![0-9][ .:,/\-])(?:[01]?[0-9]|2[0-3])[:.][0-5][0-9](?![0-9])(?![ \t.,:/()_*+\-]{0,4}[0-9]{2})"
)
"""A time of day, and no part of a longer number."""
_MONTHS: Final = (
    *("januari", "februari", "maart", "april", "mei", "juni"),
    *("juli", "augustus", "september", "oktober", "november", "december"),
)
_DATE: Final = re.compile(
    r"(?<![0-9])(?:(?P<y1>[0-9]{4})(?P<s1>[-/.])(?P<m1>[0-9]{1,2})(?P=s1)(?P<d1>[0-9]{1,2})"
    r"|(?P<d2>[0-9]{1,2})(?P<s2>[-/.])(?P<m2>[0-9]{1,2})(?P=s2)(?P<y2>[0-9]{4}|[0-9]{2})"
    rf"|(?P<d3>[0-9]{{1,2}})[ ](?P<m3>(?i:{'|'.join(_MONTHS)}))[ ](?P<y3>[0-9]{{4}}))(?![0-9])"
)
_CENTURY: Final = 100
_PIVOT: Final = 40


class Texts:
    """Rewrites texts of one database under one key."""

    def __init__(self, of: Of, codes: Codes, dates: Dates, avoided: Avoided) -> None:
        self._of = of
        self._codes = codes
        self._dates = dates
        self._avoided = avoided

    def of(self, text: str, person: str) -> str:
        """Return a text without anybody in it; what no rule finds stays, character for character."""
        return _applied(text, self._urls, self._identifiers, lambda piece: self._days(piece, person), *self._wording)

    def remark(self, text: str) -> str:
        """Return the words around a number without anybody in them."""
        if not any(map(str.isalnum, text)):
            return text
        return _applied(text, *self._wording)

    def names(self, text: str) -> str:
        """Return a text with other names and the same digits."""
        return _applied(text, self._titled, self._named)

    @property
    def _wording(self) -> "tuple[Rule, ...]":
        return self._titled, self._named, self._times, self._digits

    @staticmethod
    def _urls(text: str) -> Iterator[Change]:
        for url in _URL.finditer(text):
            yield *url.span(), _MASKED_URL

    def _identifiers(self, text: str) -> Iterator[Change]:
        for finding in find(text, tokens=False):
            yield finding.begin, finding.end, self._identifier(text[finding.begin : finding.end], finding)

    def _identifier(self, written: str, finding: Finding) -> str:
        other = written
        if not _ESCAPED.search(written) and (finding.kind is not Kind.EMAIL or "@" in written):
            known = self._avoided.named(skeleton(written))
            default = KINDS_OF[finding.kind]
            other = self._of(known if known is not None and known.kind == default.kind else default, written)
        return finding.kind.placeholder if other == written else other

    def _days(self, text: str, person: str) -> Iterator[Change]:
        for found in _DATE.finditer(text):
            if (shifted := self._shifted(found, person)) is not None:
                yield *found.span(), shifted

    def _shifted(self, found: re.Match[str], person: str) -> str | None:
        form = next(number for number in "123" if found[f"d{number}"])
        year, month = found[f"y{form}"], found[f"m{form}"]
        full = int(year) if len(year) > 2 else int(year) + (2000 if int(year) < _PIVOT else 1900)  # noqa: PLR2004
        at = _MONTHS.index(month.lower()) + 1 if form == "3" else int(month)
        try:
            day = self._dates.day("date", date(full, at, int(found[f"d{form}"])), person)
        except ValueError:
            return None
        told = f"{day.day:0{len(found[f'd{form}'])}d}"
        if form == "3":
            told = told if found["d3"].startswith("0") else str(day.day)
            return f"{told} {_MONTHS[day.month - 1]} {day.year:04d}"
        number = f"{day.month:0{len(month)}d}"
        separator = found[f"s{form}"]
        if form == "1":
            return f"{day.year:04d}{separator}{number}{separator}{told}"
        return f"{told}{separator}{number}{separator}{day.year % _CENTURY if len(year) == 2 else day.year:02d}"  # noqa: PLR2004

    def _titled(self, text: str) -> Iterator[Change]:
        for begin, end in titled(text):
            word = text[begin:end]
            known = self._avoided.named(skeleton(word))
            yield begin, end, self._of(known or What("initials" if len(word) == 1 else "family_name"), word)

    def _named(self, text: str) -> Iterator[Change]:
        words = [found.span() for found in _PART.finditer(text)]
        first = 0
        while first < len(words):
            last, change = self._named_at(text, words, first)
            if change is not None:
                yield change
            first = last + 1

    def _named_at(self, text: str, words: list[tuple[int, int]], first: int) -> tuple[int, Change | None]:
        """Return the longest value that begins with a word, whatever stands between its words, and its last word."""
        begin = words[first][0]
        together, found = "", None
        for last in range(first, min(first + _LONGEST, len(words))):
            together += skeleton(text[slice(*words[last])])
            known = self._avoided.named(together)
            if known is not None:
                found = (last, (begin, words[last][1], self._of(known, text[begin : words[last][1]])))
        return found or (first, self._genitive(text[begin : words[first][1]], begin))

    def _genitive(self, word: str, begin: int) -> Change | None:
        """Return another name for that of `Jansens`, when Jansen is known; `alles` is not somebody called Alle."""
        if len(word) < _SHORTEST_GENITIVE or not word[0].isupper() or word[-1] not in "sS":
            return None
        known = self._avoided.named(skeleton(word[:-1]))
        return (begin, begin + len(word) - 1, self._of(known, word[:-1])) if known else None

    @staticmethod
    def _times(text: str) -> Iterator[Change]:
        for clock in _CLOCK.finditer(text):
            yield *clock.span(), clock[0]

    def _digits(self, text: str) -> Iterator[Change]:
        seen = plain(raw(text))
        for run in _DIGITS.finditer(seen.text):
            if sum(character.isdigit() for character in run[0]) < _FEWEST:
                continue
            yield seen.begins[run.start()], seen.ends[run.end() - 1], self._other(run[0])

    def _other(self, run: str) -> str:
        others = (self._codes.of(f"digits {turn}", digits_shape(run), run) for turn in range(_FEWEST))
        return next((other for other in others if other != run), "0" * len(run))


Rule = Callable[[str], Iterable[Change]]
"""Gives the changes of a text, in order and without overlaps."""


def _applied(text: str, *rules: Rule) -> str:
    """Apply one rule after the other; what one wrote, no later one sees."""
    pieces = [(text, False)]
    for rule in rules:
        pieces = [part for piece in pieces for part in ([piece] if piece[1] else _parts(piece[0], rule(piece[0])))]
    return "".join(piece for piece, _ in pieces)


def _parts(text: str, changes: Iterable[Change]) -> Iterator[tuple[str, bool]]:
    at = 0
    for begin, end, new in changes:
        if begin > at:
            yield text[at:begin], False
        yield new, True
        at = end
    if at < len(text):
        yield text[at:], False
