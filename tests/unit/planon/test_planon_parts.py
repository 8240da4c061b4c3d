import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.planon.parts import heading, parts_of

SIGNS = st.sampled_from(["a", " ", "\n", "e\u0301", "👩\u200d🔧", "🇳🇱", "👍\U0001f3fd", "3\ufe0f\u20e3", "💧"])


def rejoined(parts: list[str]) -> str:
    """Put parts together again, without their headings."""
    bare = [part.removeprefix(heading(number, len(parts))) for number, part in enumerate(parts[1:], start=2)]
    return "".join([parts[0], *bare])


@settings(deadline=None)
@given(st.text(max_size=3000), st.integers(100, 400), st.integers(100, 400))
@example("\u0301" * 2000, 100, 100)
@example("\u200d" * 2000, 101, 103)
@example("🇳" * 999, 100, 100)
@example("x" * 1400, 100, 100)
def test_nothing_is_cut_off(text: str, first: int, others: int) -> None:
    """Together the parts are the text, each fits its field, and only the whole text may be empty."""
    parts = parts_of(text, first, others)
    assert rejoined(parts) == text
    assert len(parts[0]) <= first
    assert all(len(part) <= others for part in parts[1:])
    assert all(parts) or text == ""
    assert parts == parts_of(text, first, others)


@settings(deadline=None)
@given(st.lists(SIGNS, min_size=100, max_size=600), st.integers(100, 130))
def test_a_sign_is_never_cut(signs: list[str], limit: int) -> None:
    """Emoji of several parts, flags, accents and keycaps stay whole."""
    ends, end = set(), 0
    for sign in signs:
        end += len(sign)
        ends.add(end)
    parts, cut = parts_of("".join(signs), limit, limit), 0
    for number, part in enumerate(parts, start=1):
        cut += len(part.removeprefix(heading(number, len(parts))))
        assert cut in ends


@pytest.mark.parametrize("sign", ["👩\u200d🔧", "🇳🇱", "👍\U0001f3fd", "e\u0301", "3\ufe0f\u20e3"])
def test_a_sign_at_the_end_of_a_part_goes_to_the_next(sign: str) -> None:
    """Wherever in it the limit falls."""
    for before in range(101 - len(sign), 100):
        assert parts_of("x" * before + sign + "x" * 90, 100, 100)[0] == "x" * before


def test_a_line_is_preferred_then_a_word() -> None:
    """A part ends behind a line or a word when one ends in its last quarter."""
    words = "x" * 90 + " yyy\nzz " + "w" * 60
    assert parts_of(words, 100, 100)[0].endswith("yyy\n")
    assert parts_of(words.replace("\n", "-"), 100, 100)[0].endswith("zz ")
    assert len(parts_of("x" * 20 + " " + "x" * 200, 100, 100)[0]) == 100


@pytest.mark.parametrize(("length", "count"), [(100, 1), (101, 2), (100 + 8 * 86, 9), (100 + 8 * 86 + 1, 10)])
def test_parts_are_as_few_as_they_can_be(length: int, count: int) -> None:
    """Up to nine parts a heading has 14 characters with its line break, so that 86 remain; then two more."""
    parts = parts_of("x" * length, 100, 100)
    assert len(parts) == count
    assert [part.partition("\n")[0] for part in parts[1:]] == [f"(vervolg {n}/{count})" for n in range(2, count + 1)]


def test_without_a_limit_there_is_one_part() -> None:
    """A schema without maxLength takes everything; one for notes alone takes the whole rest."""
    assert parts_of("x" * 9000, None, 100) == ["x" * 9000]
    assert [len(part) for part in parts_of("x" * 9000, 6000, None)] == [6000, 3000 + len(heading(2, 2))]


def test_what_is_attached_is_what_unicode_says() -> None:
    """The table is our own so that all Pythons cut alike; everything in it is a mark, a joiner, a colour or a tag."""
    from adapters.planon.parts import _ATTACHED  # noqa: PLC0415 - only this test looks inside

    kinds = {unicodedata.category(chr(code)) for low, high in _ATTACHED for code in range(low, high + 1)}
    assert kinds <= {"Mn", "Me", "Cf", "Sk", "Cn"}
