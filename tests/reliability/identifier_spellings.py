"""How identifiers get written: by people, by keyboards of other scripts, and by the programs that carry them."""

import html
import json
import random
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import quote, quote_plus

SEPARATORS: Final = [
    *(" ", ".", "-", "/", ",", "_", "\n", "\r\n", "\t", "\u00a0", "\u202f", "\u2009", "\u3000", "\u2003"),
    *("\u2013", "\u2014", "\u2011", "\u2212", " - ", ". ", " / ", "  ", "\u2028", "\n  ", " . ", "- ", ":", "\u00b7"),
]
UNSEEN: Final = ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u200e", "\u0301", "\u0336", "\ufe0f"]
SCRIPTS: Final = [0xFF10, 0x0660, 0x06F0, 0x0966, 0x09E6, 0x1D7CE, 0x1D7F6]
"""Zero of full-width, Arabic, Persian, Devanagari, Bengali and two mathematical alphabets."""
SUPERSCRIPT: Final = str.maketrans("0123456789", "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")
CIRCLED: Final = str.maketrans("0123456789", "\u24ea\u2460\u2461\u2462\u2463\u2464\u2465\u2466\u2467\u2468")
GROUPS: Final = [(3, 3, 3), (4, 2, 3), (4, 3, 2), (4, 5), (5, 4), (2, 2, 2, 3), (3, 6), (1,) * 9]

Spell = Callable[[str, random.Random], str]
Carry = Callable[[str, random.Random], str]


def cut(value: str, sizes: Sequence[int]) -> list[str]:
    parts, at = [], 0
    for size in sizes:
        parts.append(value[at : at + size])
        at += size
    return [part for part in [*parts, value[at:]] if part]


def solid(value: str, _: random.Random) -> str:
    return value


def one_separator(value: str, rng: random.Random) -> str:
    """As people group a BSN; other values in fours."""
    sizes = rng.choice(GROUPS) if len(value) == 9 else (4,) * (len(value) // 4)
    return rng.choice(SEPARATORS).join(cut(value, sizes))


def anywhere(value: str, rng: random.Random) -> str:
    """One separator at any places."""
    sizes, left = [], len(value)
    while left:
        sizes.append(rng.randint(1, min(5, left)))
        left -= sizes[-1]
    return rng.choice(SEPARATORS).join(cut(value, sizes))


def mixed(value: str, rng: random.Random) -> str:
    """Usual groups with another separator in each gap."""
    sizes = rng.choice(GROUPS[:6]) if len(value) == 9 else (4,) * (len(value) // 4)
    return "".join(part + rng.choice(SEPARATORS[:14]) for part in cut(value, sizes)).rstrip("".join(SEPARATORS[:14]))


def unseen(value: str, rng: random.Random) -> str:
    """Something that nobody sees, between some or all of its characters."""
    sign = rng.choice(UNSEEN)
    often = rng.choice([0.3, 1.0])
    return "".join(character + (sign if rng.random() < often else "") for character in value)


def another_script(value: str, rng: random.Random) -> str:
    zero = rng.choice(SCRIPTS)
    return "".join(chr(zero + int(each)) if each.isdigit() else each for each in value)


def wide(value: str, _: random.Random) -> str:
    return "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in value)


def signs(value: str, rng: random.Random) -> str:
    return value.translate(rng.choice([SUPERSCRIPT, CIRCLED]))


def everything(value: str, rng: random.Random) -> str:
    return unseen(another_script(one_separator(value, rng), rng), rng)


def as_text(text: str, _: random.Random) -> str:
    return text


def in_url(text: str, rng: random.Random) -> str:
    coded = rng.choice([quote(text, safe=""), quote_plus(text), "".join(f"%{byte:02x}" for byte in text.encode())])
    return rng.choice(
        ["https://zorg.example.nl/p/{}/intake", "/zoek?q={}&p=2", "https://x.example/?a=1&id={}#top"]
    ).format(coded)


def in_url_twice(text: str, _: random.Random) -> str:
    return "/door?naar=" + quote("https://x.example/?q=" + quote(text, safe=""), safe="")


def in_json(text: str, rng: random.Random) -> str:
    document = {"id": rng.randint(1, 999), "opmerking": f"zie {text}", "ok": True}
    return json.dumps(document, ensure_ascii=rng.random() < 0.7)


def in_json_twice(text: str, rng: random.Random) -> str:
    return json.dumps({"body": in_json(text, rng), "status": 422})


def in_html(text: str, rng: random.Random) -> str:
    some = "".join(f"&#{ord(each)};" if rng.random() < 0.5 else html.escape(each) for each in text)
    return f"<td>{some.replace(chr(0xA0), '&nbsp;')}</td>"


def in_repr(text: str, _: random.Random) -> str:
    return f"ValueError: invalid literal for int() with base 10: {text!a}"


def glued(text: str, rng: random.Random) -> str:
    return rng.choice(["bsn{}", "BSN_{}", "pat{}nl", "id-{}", "x{}", "({})", "#{}", '"{}"', "nr.{}", "{},"]).format(
        text
    )


SPELLINGS: Final[list[Spell]] = [
    *(solid, solid, one_separator, one_separator, one_separator, anywhere, mixed),
    *(unseen, another_script, wide, signs, everything),
]
CARRIED: Final[list[Carry]] = [
    *(as_text,) * 6,
    *(in_url, in_url, in_url_twice, in_json, in_json, in_json_twice, in_html, in_repr, glued),
]
