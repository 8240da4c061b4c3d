"""Numbers that everybody recognises and that are nobody's: dates, times, ranges of years, tokens of ours, coordinates.

One number in eleven passes the check of a BSN; a text of dates and times would be full of them.
"""

import re
from collections.abc import Collection
from datetime import date
from typing import Final

from shim.guard.groups import Span

_PERSONAL: Final = r"(?:TN|PT|SL|HD|AP)_(?=[0-9_-]{0,60}[A-Za-z])[A-Za-z0-9_-]{20,}"
_ISSUED: Final = (
    r"dl_[0-9a-f]{32}|LS-(?=[2-7]{0,19}[A-Z])[A-Z2-7]{20}|ls_[0-9a-f]{8}_[A-Za-z0-9_-]{30,}"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|(?=[0-9]{0,60}[a-f])(?:[0-9a-f]{64}|[0-9a-f]{32}|[0-9a-f]{16})"
)
_TOKEN: Final = re.compile(rf"(?<![A-Za-z0-9])(?:{_PERSONAL}|{_ISSUED})(?![A-Za-z0-9])")
_NO_PERSONAL: Final = re.compile(rf"(?<![A-Za-z0-9])(?:{_ISSUED})(?![A-Za-z0-9])")
_INSTANT: Final = re.compile(
    r"(?<![0-9])[12][0-9]{3}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{1,9})?)?"
    r"(?:[Zz]|[+-][0-2][0-9]:[0-5][0-9])?(?![0-9])"
)
_PLACE: Final = re.compile(r"(?<![0-9.])[0-8]?[0-9]\.[0-9]{4,9}(?:, ?|; ?| )-?1?[0-9]{1,2}\.[0-9]{4,9}(?![0-9.])")
_END: Final = r"(?![0-9]|[-/.][0-9])"
_DATE: Final = re.compile(
    r"(?<![0-9])(?<![0-9][-/.])(?:([0-9]{1,2}) ?([-/. ]) ?([0-9]{1,2}) ?\2 ?((?:19|20)[0-9]{2})"
    rf"|((?:19|20)[0-9]{{2}})([-/.])([0-9]{{2}})\6([0-9]{{2}})){_END}"
)
_SHORT_DATE: Final = re.compile(
    rf"(?<![0-9])(?<![0-9][-/.])(?:0?[1-9]|[12][0-9]|3[01])([-/.])(?:0?[1-9]|1[0-2])\1[0-9]{{2}}{_END}"
)
_SOLID_DATE: Final = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_POSTCODE: Final = re.compile(r"(?<![0-9])[1-9][0-9]{3} ?[A-Z]{2}(?![A-Za-z])")
_TIME: Final = re.compile(
    r"(?<![0-9])(?<![0-9]:)(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?(?![0-9]|:[0-9])"
    r"|(?<![0-9])(?<![0-9]\.)(?:[01]?[0-9]|2[0-3])\.[0-5][0-9] ?u(?:ur|\b)"
)
_HOUR: Final = r"(?:[01]?[0-9]|2[0-3])[.:][0-5][0-9]"
_HOURS: Final = re.compile(rf"(?<![0-9])(?<![0-9][.:]){_HOUR} ?[-/] ?{_HOUR}(?![0-9]|[.:][0-9])")
_YEARS: Final = re.compile(r"(?<![0-9])(?<![0-9][-/.])(?:19|20)[0-9]{2} ?[-/] ?(?:19|20)[0-9]{2}(?![0-9]|[-/.][0-9])")
_AMOUNT: Final = re.compile(r"(?<![0-9][.,])[0-9]{1,3}(?:[. ]?[0-9]{3}){0,3}(?:,(?:[0-9]{2}|-))?(?![0-9])")
_CURRENCY: Final = re.compile(r" ?(?:€|euro?\b)", re.IGNORECASE)
_CURRENCY_BEFORE: Final = re.compile(r"(?<![0-9])(?<![0-9] )(?:€|euro?) ?$", re.IGNORECASE)
"""And not that of another amount before: "12,50 euro 9999"."""
_BEFORE: Final = 8
_DECIMAL: Final = r"[0-9]{1,4},[0-9]{2}"
_SUMS: Final = re.compile(rf"(?<![0-9])(?<![0-9][.,/-]){_DECIMAL}(?: ?[-+/;=] ?{_DECIMAL}){{1,9}}(?![0-9]|[-/.,][0-9])")


def solid(text: str, starts: Collection[int], *, tokens: bool) -> list[Span]:
    """Return what is no BSN even where nine digits stand together: tokens, instants, coordinates.

    Args:
        text: plain.
        starts: where the groups of digits begin that are looked at; so here and below.
        tokens: whether what has the shape of a token of a tenant, patient, slot, hold or appointment is one.
    """
    issued = _TOKEN if tokens else _NO_PERSONAL
    return [match.span() for match in issued.finditer(text)] + _at(text, starts, (_INSTANT, _PLACE))


def is_day(digits: str) -> bool:
    """Whether eight digits are a day as programs write it, 20261121."""
    return _SOLID_DATE.fullmatch(digits) is not None


def dates(text: str, starts: Collection[int]) -> list[Span]:
    """Return the days and instants of a text, which hold no telephone number either."""
    days = [match.span() for start in starts if (match := _DATE.match(text, start)) and _is_date(match)]
    return days + _at(text, starts, (_INSTANT,))


def times(text: str, starts: Collection[int]) -> list[Span]:
    """Return days, times, ranges of years and hours, and postcodes: no part of a BSN written in groups."""
    return dates(text, starts) + _at(text, starts, (_SHORT_DATE, _POSTCODE, _TIME, _HOURS, _YEARS))


def amounts(text: str, starts: Collection[int]) -> list[Span]:
    """Return amounts with their currency, and sums of several: no part of a BSN in groups that are not usual."""
    money = [match.span() for start in starts if (match := _AMOUNT.match(text, start)) and _is_money(text, match)]
    return money + _at(text, starts, (_SUMS,))


def _at(text: str, starts: Collection[int], shapes: Collection[re.Pattern[str]]) -> list[Span]:
    # Looking only where digits begin takes a tenth of the time of a search.
    return [match.span() for shape in shapes for start in starts if (match := shape.match(text, start))]


def _is_money(text: str, amount: re.Match[str]) -> bool:
    before = _CURRENCY_BEFORE.search(text[max(0, amount.start() - _BEFORE) : amount.start()])
    return before is not None or _CURRENCY.match(text, amount.end()) is not None


def _is_date(match: re.Match[str]) -> bool:
    day, month, year = (match[1], match[3], match[4]) if match[4] else (match[8], match[7], match[5])
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True
