"""Makes a person's text fit for XML 1.0 without losing a character: what XML forbids becomes visible, the rest stays.

XML forbids most control characters outright, and a parser turns CR into LF: text that kept either would come out of the
backend different from what was validated.
"""

from typing import Final

_TAB: Final = 0x09
_LF: Final = 0x0A
_DELETE: Final = 0x7F
_C0: Final = range(0x20)
_BARE: Final = [*range(0x80, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF]
"""C1 controls, lone surrogates and two non-characters: they have no picture, so their number is shown."""

_VISIBLE: Final[dict[int, str]] = (
    {code: chr(0x2400 + code) for code in _C0 if code not in {_TAB, _LF}}
    | {_DELETE: "\u2421"}
    | {code: f"[U+{code:04X}]" for code in _BARE}
)


def visible(text: str) -> str:
    """Return `text` with CR LF and CR as LF and forbidden characters made visible; nothing else changes."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_VISIBLE)


def description(summary: str, message: str, images: list[str]) -> str:
    """Return an incident's description: the summary, then the message word for word, then the images' file names."""
    parts = [visible(summary), "", "Verbatim:", visible(message)]
    if images:
        parts.append(f"Images: {', '.join(map(visible, images))}")
    return "\n".join(parts)
