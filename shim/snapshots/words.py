"""What counts as the same value in a search: letters and digits alone, without case.

Whoever avoids an original value and whoever searches for one must mean the same by it.
"""

from collections.abc import Iterator
from re import Pattern
from re import compile as pattern
from typing import Final

WORD: Final[Pattern[str]] = pattern(r"[^\W_]+")


def words(text: str) -> Iterator[str]:
    """Yield the words of a text: runs of letters and digits, casefolded."""
    for found in WORD.finditer(text):
        yield found[0].casefold()


def joined(text: str) -> str:
    """Return a value as it is searched for: `06-1000 1001` is `0610001001`, `van der Veen` is `vanderveen`."""
    return "".join(words(text))
