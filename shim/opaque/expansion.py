"""A message with its tokens expanded, and where in the message as it was sent each character came from."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from contracts.fields import TokenKind
from contracts.plain import plain, raw
from shim.marks import PERSONS
from shim.opaque.packing import MOST, STEP, Opened

UNKNOWN: Final = "unknown_token"
OTHERS: Final = "token_of_another_person"
WORDLESS: Final = "wordless_token"
"""A token that stands for no words, such as one without a name."""
_SHAPED: Final = re.compile(rf"({'|'.join(TokenKind)})_([A-Za-z0-9_-]+)")
_TAG_BYTES: Final = 16
_LENGTHS: Final = [-(-(_TAG_BYTES + size) * 8 // 6) for size in range(MOST, 0, -STEP)]
"""How many characters follow a token's prefix, the longest first: from 384 to 43."""
_GLUED_MOST: Final = 40
"""Inside a word, such as SAP_test, what is as short as this is no token."""
_DISGUISED: Final = re.compile(rf"(?:{'|'.join(TokenKind)})_[A-Z0-9_-]{{{_GLUED_MOST + 1},}}", re.ASCII | re.IGNORECASE)
_DIGIT: Final = re.compile(r"[0-9]")

Find = Callable[[TokenKind, str], Opened | None]
"""Opens a token of a kind; None when it does not open."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What cannot be expanded, and where it is in the message as it was sent; `end` is exclusive.

    Attributes:
        reason: `unknown_token`, `wordless_token` or `token_of_another_person`.
        begin: of the token.
        end: of the token.
    """

    reason: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A token's wording in the expanded text, and the token in the message as it was sent; ends are exclusive."""

    begin: int
    end: int
    sent_begin: int
    sent_end: int


@dataclass(frozen=True, slots=True)
class Expanded:
    """A message as a person would read it.

    Attributes:
        text: with the wording in each token's place; what is refused stands as it was sent.
        places: where the wordings are, in order.
        refused: what could not be expanded, in order.
    """

    text: str
    places: tuple[Piece, ...]
    refused: tuple[Refused, ...]

    def place(self, begin: int, end: int) -> tuple[int, int]:
        """Return where in the message as it was sent a part of the text came from; a part of a wording is its token."""
        return self._sent(begin)[0], self._sent(end - 1)[1] if end > begin else self._sent(begin)[0]

    def _sent(self, at: int) -> tuple[int, int]:
        """Return begin and end, in the message as it was sent, of what one character came from."""
        shift = 0
        for piece in self.places:
            if at < piece.begin:
                break
            if at < piece.end:
                return piece.sent_begin, piece.sent_end
            shift = piece.sent_end - piece.end
        return at + shift, at + shift + 1


def expand(text: str, find: Find, recipient: str | None) -> Expanded:
    """Put in each token's place what a person is told for it.

    Args:
        text: the message.
        find: opens a token.
        recipient: the backend's key of the person that the message is for; None if it is not told: then it is for
            whom the first token belongs to that belongs to anybody.
    """
    parts: list[str] = []
    places: list[Piece] = []
    refused: list[Refused] = []
    done = at = seen = 0
    for begin, end, kind, opened in _tokens(text, find):
        refused += _disguised(text, seen, begin)
        seen = end
        whose = _owner(kind, opened)
        recipient = whose if recipient is None else recipient
        reason = _refusal(opened, whose, recipient)
        if reason is not None:
            refused.append(Refused(reason, begin, end))
        elif opened is not None and opened.wording is not None:
            parts += [text[done:begin], opened.wording]
            at += begin - done
            places.append(Piece(at, at + len(opened.wording), begin, end))
            at += len(opened.wording)
            done = end
    refused += _disguised(text, seen, len(text))
    return Expanded("".join([*parts, text[done:]]), tuple(places), tuple(refused))


def _tokens(text: str, find: Find) -> Iterator[tuple[int, int, TokenKind, Opened | None]]:
    at = 0
    while (match := _SHAPED.search(text, at)) is not None:
        kind, at = TokenKind(match[1]), match.end()
        end, opened = _longest(match, kind, find)
        if opened is not None:
            at = end  # "-" and "_" are characters of a token, and may also be what stands behind it
        elif match.start() and text[match.start() - 1].isalnum() and len(match[2]) <= _GLUED_MOST:
            continue
        yield match.start(), at, kind, opened


def _longest(match: re.Match[str], kind: TokenKind, find: Find) -> tuple[int, Opened | None]:
    """Return the end of the longest beginning of a word that opens, and what it stands for."""
    for length in _LENGTHS:
        if length <= len(match[2]):
            opened = find(kind, f"{match[1]}_{match[2][:length]}")
            if opened is not None:
                return match.start(2) + length, opened
    return match.end(), None


def _disguised(text: str, begin: int, end: int) -> Iterator[Refused]:
    """Yield what reads as a token, between those that were looked up, and is not spelled as one.

    Written full-width, in small letters or with something invisible in it, it would reach a person as it is.
    """
    seen = plain(raw(text[begin:end]))
    for match in _DISGUISED.finditer(seen.text):
        first, last = match.start(), match.end() - 1
        # Within a word it may be a page's name, such as road-map_of-the-practice; of 1,000 tokens one has no digit.
        if first and seen.text[first - 1].isalnum() and not _DIGIT.search(match[0]):
            continue
        yield Refused(UNKNOWN, begin + seen.begins[first], begin + seen.ends[last])


def _owner(kind: TokenKind, opened: Opened | None) -> str | None:
    if opened is None:
        return None
    return opened.key if kind in PERSONS else opened.subject


def _refusal(opened: Opened | None, whose: str | None, recipient: str | None) -> str | None:
    if opened is None:
        return UNKNOWN
    if whose is not None and whose != recipient:
        return OTHERS
    return WORDLESS if opened.wording is None else None
