from hypothesis import example, given
from hypothesis import strategies as st

from adapters.planon.elements import Element, as_bytes
from adapters.planon.text import Words, visible, words_of
from adapters.planon.wording import description
from schemas.xml import parse


def test_line_breaks_become_line_feeds() -> None:
    """CR LF and CR are line breaks; any number of them stays that number."""
    assert visible("a\r\nb\rc\n\r\n") == "a\nb\nc\n\n"


def test_forbidden_characters_become_visible() -> None:
    """C0 and DEL have pictures; others show their number; nothing disappears."""
    assert visible("\x00\x07\x1b\x7f\x85\x9f\ufffe\uffff\ud800") == "␀␇␛␡[U+0085][U+009F][U+FFFE][U+FFFF][U+D800]"


def test_everything_else_stays() -> None:
    """No normalising, no trimming: tabs, blanks, decomposed letters, emoji, zero-width and exotic blanks."""
    text = "\t  e\u0301 ﬁ 👩‍🔧 \u200b\u00a0\u2028 \U0001fffe "
    assert visible(text) == text


@given(st.text(alphabet=st.characters(), min_size=1))
@example("\r\n \r \x85 ]]> &amp; \ud800 \ufeff")
def test_a_parser_gives_back_what_was_composed(text: str) -> None:
    """Whatever a person writes, the backend's parser reads exactly the composed text."""
    composed = visible(text)
    root = parse(as_bytes("Incident", "urn:x", [Element("TEXT", composed, "", "")]))
    assert root[0].text == composed


def test_a_description_has_its_parts_in_order() -> None:
    """Summary, empty line, the message word for word, images."""
    assert description("Kraan lekt", "help!\n", ["a.jpg", "b.jpg"]) == (
        "Kraan lekt\n\nVerbatim:\nhelp!\n\nImages: a.jpg, b.jpg"
    )
    assert description("Kraan lekt", "help!", []) == "Kraan lekt\n\nVerbatim:\nhelp!"


def test_a_bsn_is_replaced_before_anything_becomes_visible() -> None:
    """A control character inside a number hides nothing, and none is left of it."""
    assert words_of("9999\x0011120\x00", ()) == Words("[BSN]␀", 1)
