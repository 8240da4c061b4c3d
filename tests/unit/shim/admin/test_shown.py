"""What a page prints of a text that somebody else wrote."""

from datetime import UTC, datetime

import pytest
from jinja2 import UndefinedError

from shim.admin.page import rendered
from shim.admin.shown import Code, as_told, clock, dated, shown, visible

BSN = "123456782"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain, with (brackets) and 0.02 s", "plain, with (brackets) and 0.02 s"),
        ("Ünïcode, ירושלים and 中文 stay", "Ünïcode, ירושלים and 中文 stay"),
        ("two\nlines", "two⏎lines"),
        ("\u202eturned", "⟨U+202E⟩turned"),
        ("zero\u200bwidth\u2060", "zero⟨U+200B⟩width⟨U+2060⟩"),
        ("\x00\x1b[31m\x7f", "⟨U+0000⟩⟨U+001B⟩[31m⟨U+007F⟩"),
        ("\u2028\u2029\ue000", "⟨U+2028⟩⟨U+2029⟩⟨U+E000⟩"),
        ("blank\u3164\u2800", "blank⟨U+3164⟩⟨U+2800⟩"),
        ("\ufeff", "⟨U+FEFF⟩"),
        ("\ud800", "⟨U+D800⟩"),
    ],
)
def test_every_character_is_seen(text: str, seen: str) -> None:
    """What hides, or turns a line around, is named; letters of any script are what they are."""
    assert visible(text) == seen
    assert shown(text) == seen


def test_a_person_is_not_shown_and_a_code_is() -> None:
    """Also when something invisible stands between the digits; a delivery's id may look like a number."""
    assert shown(f"of {BSN}") == "of [BSN]"
    assert BSN[5:] not in str(shown(f"of {BSN[:5]}\u200b{BSN[5:]}"))
    assert shown(Code(f"dl_{BSN}")) == f"dl_{BSN}"
    assert shown([f"of {BSN}", "\u202e"]) == "['of [BSN]', '\\u202e']"
    assert (shown(3), shown(0.5), shown(None)) == (3, 0.5, None)
    assert shown(Code("a\u202eb")) == "a⟨U+202E⟩b"
    assert shown(12) == 12


def test_a_time_is_read_by_people_and_by_programs() -> None:
    """With its offset, in each form."""
    moment = datetime(2026, 11, 19, 21, 14, 3, tzinfo=UTC)
    for made in (clock(moment), dated(moment)):
        assert made.startswith('<time datetime="2026-11-19T21:14:03+00:00">')
    amsterdam = datetime.fromisoformat("2026-11-19T22:14:03+01:00")
    assert as_told(amsterdam) == '<time datetime="2026-11-19T22:14:03+01:00">2026-11-19 22:14:03+01:00</time>'


def test_a_template_without_a_value_is_an_error() -> None:
    """Nothing is left out silently; and what is given is escaped and guarded, wherever it stands."""
    with pytest.raises(UndefinedError):
        rendered("refused.html", 404, title="x")
    page = bytes(rendered("refused.html", 404, status=404, title="<b>", sentence=f'"><script> of {BSN}').body).decode()
    assert "&lt;b&gt;" in page
    assert "&lt;script&gt; of [BSN]" in page
    assert "<script" not in page
