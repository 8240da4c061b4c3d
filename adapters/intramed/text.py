"""Makes a person's text storable in a column of an old character set, visibly and always in the same way."""

import unicodedata
from typing import Final

_KEPT_CONTROLS: Final = frozenset("\n\t")


def storable(text: str, codec: str) -> str:
    """Return `text` in NFC with LF line ends, where every character that `codec` cannot store reads `[U+1F4A7]`.

    Control characters become placeholders too, except LF and TAB: Intramed's screens cannot show them, and dropping
    them would lose what the person sent. Applying it twice changes nothing more.
    """
    plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(_stored(character, codec) for character in plain)


def _stored(character: str, codec: str) -> str:
    if character in _KEPT_CONTROLS:
        return character
    if unicodedata.category(character) != "Cc":
        try:
            character.encode(codec)
        except UnicodeEncodeError:
            pass
        else:
            return character
    return f"[U+{ord(character):04X}]"
