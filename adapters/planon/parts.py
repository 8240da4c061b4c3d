"""Cuts a text that one field cannot hold into parts that together are the whole text: equal texts, equal parts.

What belongs together on the screen is a table of our own: Python's grows with each version, and the same text must be
cut alike by all of them.
"""

from collections.abc import Iterator
from typing import Final

_JOINER: Final = "\u200d"
_FLAGS: Final = (0x1F1E6, 0x1F1FF)
_ATTACHED: Final = (
    (0x0300, 0x036F),  # diacritics
    (0x0483, 0x0489),
    (0x0591, 0x05BD),
    (0x064B, 0x065F),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x200D, 0x200D),  # the joiner of emoji
    (0x20D0, 0x20FF),  # keycaps
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFE20, 0xFE2F),
    (0x1F3FB, 0x1F3FF),  # skin colours
    (0xE0020, 0xE007F),  # tags, as in the flag of Scotland
)
"""Characters that change the one before them."""
_LOOK_BACK: Final = 64
"""Characters that are looked at for a place between two signs; a stack of marks that is higher is cut."""
_PREFERRED: Final = ("\n", " ")


def parts_of(text: str, first: int | None, others: int | None) -> list[str]:
    """Cut a text into parts; the second and following begin with a line such as `(vervolg 2/3)`.

    Without those lines the parts are the text. None of them is empty, unless the text is.

    Args:
        text: the whole.
        first: characters that the first part may have; None for no limit.
        others: characters that each of the others may have, its line included.
    """
    if first is None or len(text) <= first:
        return [text]
    digits = 1
    while True:
        room = None if others is None else others - len(heading(10**digits - 1, 10**digits - 1))
        parts = list(_cut(text, first, room))
        if len(parts) < 10**digits:
            break
        digits += 1
    return [parts[0], *(heading(number, len(parts)) + part for number, part in enumerate(parts[1:], start=2))]


def heading(number: int, count: int) -> str:
    """Return the line above a part."""
    return f"(vervolg {number}/{count})\n"


def _cut(text: str, first: int, others: int | None) -> Iterator[str]:
    begin = 0
    room: int | None = first
    while room is not None and len(text) - begin > room:
        end = _boundary(text, begin, begin + room)
        yield text[begin:end]
        begin, room = end, others
    yield text[begin:]


def _boundary(text: str, begin: int, end: int) -> int:
    """Return where to cut, at `end` or before: behind a line or a word of the last quarter, else between two signs."""
    late = begin + (end - begin) * 3 // 4
    for preferred in _PREFERRED:
        found = text.rfind(preferred, late, end)
        if found >= 0:
            return found + 1
    for at in range(end, max(begin, end - _LOOK_BACK), -1):
        if not _inside_a_sign(text, at):
            return at
    return end


def _inside_a_sign(text: str, at: int) -> bool:
    before, after = text[at - 1], ord(text[at])
    if before == _JOINER or any(low <= after <= high for low, high in _ATTACHED):
        return True
    if not _is_flag(text[at]):
        return False
    letters = 0
    while letters < at and _is_flag(text[at - 1 - letters]):
        letters += 1
    return letters % 2 == 1


def _is_flag(character: str) -> bool:
    low, high = _FLAGS
    return low <= ord(character) <= high
