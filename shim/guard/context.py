"""Numbers that only the words before them betray: of a health insurance, and of a care provider (AGB).

Neither has a check digit. A word of these with a number close behind it is enough.
"""

import re
from collections.abc import Iterator
from typing import Final

from shim.guard.groups import SEPARATOR, Span

_NUMBER: Final = r"[ -]?(?:nummers?|nrs?|no|number|code|id)\b"
_INSURANCE: Final = re.compile(
    r"(?:(?:polis|verzekerden?|verzekerings?|relatie|zorgpas|zorgverzekerings?|zorgpolis|lidmaatschaps?|inschrijf)"
    rf"{_NUMBER}|(?:policy|insurance|insured|member){_NUMBER}|\b(?:zorg)?polis\b|\bzorgpas\b"
    r"|uzovi(?:[ -]?(?:code|nummer|nr))?\b)",
    re.IGNORECASE,
)
_WORDS: Final = (
    *("polis", "verzeker", "relatie", "zorgpas", "lidmaatschap", "inschrijf", "uzovi"),
    *("policy", "insur", "member"),
)
_AGB: Final = re.compile(r"agb(?:[ -]?(?:codes?|nummers?|nr))?(?![A-Za-z])", re.IGNORECASE)
_LETTERS: Final = r"(?:\b(?:[A-Z]{1,4}[-. ]?|[a-z]{1,4}-?))?"
_BETWEEN: Final = re.compile(rf"(?:(?!\n[ \t]*\n)(?![.!?][ ][A-Z])[^0-9]){{0,40}}?(?={_LETTERS}[0-9])")
_VALUE: Final = re.compile(rf"{_LETTERS}[0-9](?:[A-Za-z0-9]|{SEPARATOR}{{1,6}}(?=[0-9])){{2,40}}")
_GROUPED: Final = re.compile(rf"[0-9](?:{SEPARATOR}{{0,6}}[0-9]){{7}}(?![0-9])")
_DATE: Final = re.compile(r"[0-3]?[0-9][-/. ][01]?[0-9][-/. ](?:19|20)[0-9]{2}(?![0-9]|[-/.][0-9])")
_YEAR: Final = re.compile(r"(?:19|20)[0-9]{2}(?![0-9]|[-/.,_:][0-9])")
_BARE: Final = frozenset({"polis", "zorgpolis", "zorgpas"})
"""Said of a year as well as before a number."""
_FEWEST: Final = 4


def insurances(text: str) -> Iterator[Span]:
    """Yield where numbers of health insurances stand in a plain text."""
    lower = text.lower()
    if not any(word in lower for word in _WORDS):  # a hundred times faster than the pattern
        return
    for word in _INSURANCE.finditer(text):
        between = _BETWEEN.match(text, word.end())
        if between is None:
            continue
        value = _VALUE.match(text, between.end())
        if value is None or sum(each.isdigit() for each in value[0]) < _FEWEST:
            continue
        year = word[0].lower() in _BARE and _YEAR.match(text, between.end())
        if not year and not _DATE.match(text, between.end()):
            yield value.span()


def agb_codes(text: str) -> Iterator[Span]:
    """Yield where AGB codes stand in a plain text: eight digits behind the word."""
    for word in _AGB.finditer(text):
        between = _BETWEEN.match(text, word.end())
        code = _GROUPED.match(text, between.end()) if between else None
        if code is not None:
            yield code.span()
