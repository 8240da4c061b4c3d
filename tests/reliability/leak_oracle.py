"""Finds planted values wherever they came out, in whatever spelling. It shares nothing with the guard under test."""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import unquote

from tests.reliability.identifiers import Planted

NAMED: Final = frozenset({"telephone", "email"})
"""Kinds that a message to a person may have in it."""

_JSON_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_SHORT_ESCAPE: Final = re.compile(r"\\[nrtbf]")
_HASH: Final = re.compile(r"(?<![0-9A-Za-z])(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{16,}(?![0-9A-Za-z])")
"""A hash or a random id: one in 50 has nine digits in a row, and every eleventh of those passes the elfproef."""
_DIGITS: Final = re.compile(r"\d(?:[\W_]{0,6}\d){6,}")
_LONGEST: Final = 34
"""Digits of an account, or of any other identifier with zeros before it."""
_GROUP: Final = re.compile(r"\d+")
_ALNUM: Final = re.compile(r"(?<![a-z0-9])[a-z](?:[\W_]{0,6}[a-z])(?:[\W_]{0,6}\d){2}(?:[\W_]{0,6}[a-z0-9]){9,40}")
_WORDED: Final = re.compile(r"(uzovi)[\W_]{0,6}(\d{4})(?!\d)")
"""Four digits are an identifier only behind the word that says so."""
_EMAIL: Final = re.compile(r"[a-z0-9._%+-]+@[a-z0-9.-]+")
_SEPARATORS: Final = re.compile(r"[\W_]+")
_PRINTABLE: Final = re.compile(rb"(?:[\x20-\x7e\t\r\n]|[\xc2-\xf4][\x80-\xbf]{1,3}){7,}")


class Oracle:
    """Knows what was planted. Not for several threads at once."""

    def __init__(self, planted: Iterable[Planted]) -> None:
        self._digits: dict[str, Planted] = {}
        self._others: dict[str, Planted] = {}
        for each in planted:
            for value in _values(each):
                (self._digits if value.isdigit() else self._others)[value] = each
        self._lengths = sorted({len(value) for value in self._others})

    def found(self, text: str) -> list[Planted]:
        """Return what of it is in a text, each once."""
        seen = {id(each): each for form in _forms(text) for each in self._in(form)}
        return list(seen.values())

    def found_in_bytes(self, raw: bytes) -> list[Planted]:
        """Return what stands in a file in plain; a sealed value is no text."""
        return self.found("\n".join({run.decode(errors="replace") for run in _PRINTABLE.findall(raw)}))

    def _in(self, text: str) -> Iterator[Planted]:
        for run in _DIGITS.findall(text):
            for joined in _joined(_GROUP.findall(run)):
                yield from (self._digits[digits] for digits in {joined, joined.lstrip("0")} & self._digits.keys())
        for run in _ALNUM.findall(text):
            compact = _SEPARATORS.sub("", run)
            yield from (self._others[compact[:n]] for n in self._lengths if compact[:n] in self._others)
        for word, digits in _WORDED.findall(text):
            if word + digits in self._others:
                yield self._others[word + digits]
        for address in _EMAIL.findall(text):
            if address.strip(".") in self._others:
                yield self._others[address.strip(".")]


def _joined(groups: Sequence[str]) -> Iterator[str]:
    """Yield the digits of every group, and of every group with those behind it, as long as an identifier may be."""
    for begin in range(len(groups)):
        joined = ""
        for group in groups[begin:]:
            joined += group
            if len(joined) > _LONGEST:
                break
            yield joined


def _values(planted: Planted) -> set[str]:
    """Return how a value is looked for: digits alone, or letters and digits in lower case."""
    value = planted.value.casefold()
    if planted.kind == "email":
        return {value}
    compact = _SEPARATORS.sub("", value)
    if planted.kind == "insurance" and len(compact) == 4:
        return {f"uzovi{compact}"}
    if planted.kind == "telephone" and compact.isdigit():
        national = compact.removeprefix("0031").removeprefix("31").removeprefix("0")
        return {national, f"0{national}", f"31{national}", f"0031{national}"}
    return {compact}


def _forms(text: str) -> Iterator[str]:
    """Yield a text as whoever reads it might read it: plain, and with JSON, HTML and URL escapes undone."""
    plain = _plain(text)
    yield plain
    undone = text
    for _ in range(2):  # an address in a JSON text in a reply
        undone = _undone(undone)
    if undone != text:
        yield _plain(undone)


def _undone(text: str) -> str:
    if "\\" in text:
        text = _SHORT_ESCAPE.sub(
            " ", _JSON_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text.replace("\\\\", "\\"))
        )
    if "&" in text:
        text = html.unescape(text)
    return unquote(text) if "%" in text else text


def _plain(text: str) -> str:
    """Return it in lower case with ASCII digits, and without what cannot be seen or only decorates."""
    if not text.isascii():
        text = "".join(map(_character, unicodedata.normalize("NFKC", text)))
    return _HASH.sub(" # ", text.casefold())


def _character(character: str) -> str:
    if character.isascii():
        return character
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.digit(character))
    return "" if category in {"Cf", "Mn", "Me", "Cs"} else character
