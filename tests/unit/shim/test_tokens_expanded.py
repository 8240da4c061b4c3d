"""A message to a person: tokens become words, and what was found in the words is told as a place in what was sent."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from contracts.fields import TokenKind
from shim.keys import KeyRing
from shim.opaque.expansion import OTHERS, UNKNOWN, WORDLESS, Expanded, Refused
from shim.opaque.tokens import Tokens
from shim.opaque.wording import said

NOW = datetime(2026, 11, 19, 21, 14, tzinfo=UTC)
TOKENS = Tokens(KeyRing(bytes(32)), lambda: NOW)
MINE = TOKENS.mint(TokenKind.PATIENT, "agent", "intramed", "1", "Jansen")
OTHER = TOKENS.mint(TokenKind.PATIENT, "agent", "intramed", "2", "De Vries")
TENANT = TOKENS.mint(TokenKind.TENANT, "agent", "intramed", "1")
MY_TIME = TOKENS.mint(TokenKind.APPOINTMENT, "agent", "intramed", "7", "vrijdag 27 november om 9:00", "1")
OTHER_TIME = TOKENS.mint(TokenKind.HOLD, "agent", "intramed", "8", "vrijdag", "2")
NOBODYS_TIME = TOKENS.mint(TokenKind.APPOINTMENT, "agent", "intramed", "9", "maandag")
FREE = TOKENS.mint(TokenKind.SLOT, "agent", "intramed", "s", "dinsdag")


def expand(text: str, recipient: str | None = None) -> Expanded:
    return TOKENS.expand(text, "agent", "intramed", recipient)


def at(text: str, part: str, reason: str) -> Refused:
    begin = text.index(part)
    return Refused(reason, begin, begin + len(part))


def test_a_time_is_told_in_dutch() -> None:
    """In the offset that it carries, whatever this machine's language and zone."""
    amsterdam = timezone(timedelta(hours=1))
    assert said(datetime(2026, 11, 26, 14, 30, tzinfo=amsterdam)) == "donderdag 26 november om 14:30"
    assert said(datetime(2026, 3, 1, 9, 5, tzinfo=UTC)) == "zondag 1 maart om 09:05"
    assert said("De Vries") == "De Vries"
    assert said(None) is None
    assert said("x" * 200) is None


def test_tokens_become_what_a_person_is_told() -> None:
    """Several in one message, for their own person or for nobody in particular."""
    text = f"Beste {MINE}, uw afspraak is op {MY_TIME}. Of {FREE}, {NOBODYS_TIME}?"
    for recipient in ("1", None):
        found = expand(text, recipient)
        assert found.text == "Beste Jansen, uw afspraak is op vrijdag 27 november om 9:00. Of dinsdag, maandag?"
        assert found.refused == ()


@pytest.mark.parametrize("behind", [".", ",", "-", "_", "--", "-uw", "_x", ")", "\n", "é", "'s", f"{MINE}", "A"])
@pytest.mark.parametrize("before", ["", "*", "_", "-", "(", "Beste", "a-"])
def test_what_stands_beside_a_token_stays(before: str, behind: str) -> None:
    """A hyphen and an underscore are characters of a token as well."""
    expected = f"{before}Jansen{behind.replace(MINE, 'Jansen')}"
    assert expand(f"{before}{MINE}{behind}").text == expected


def test_what_cannot_be_expanded_is_named_with_its_place() -> None:
    """It stays as it was sent, and the rest is expanded."""
    unknown, foreign = "PT_AbT3kQ", TOKENS.mint(TokenKind.PATIENT, "another", "intramed", "1", "Jansen")
    text = f"{MINE} {unknown}. {foreign} {TENANT} {OTHER} {OTHER_TIME} {MY_TIME}"
    found = expand(text, "1")
    assert found.refused == (
        at(text, unknown, UNKNOWN),
        at(text, foreign, UNKNOWN),
        at(text, TENANT, WORDLESS),
        at(text, OTHER, OTHERS),
        at(text, OTHER_TIME, OTHERS),
    )
    assert found.text == text.replace(MINE, "Jansen").replace(MY_TIME, "vrijdag 27 november om 9:00")


def test_a_message_to_nobody_in_particular_is_for_the_first_whose_token_it_has() -> None:
    """What belongs to nobody decides nothing, and a token without words belongs to somebody all the same."""
    assert expand(f"{OTHER} {OTHER_TIME}").refused == ()
    text = f"PT_x {FREE} {NOBODYS_TIME} {MINE} {OTHER_TIME} {MY_TIME} {OTHER}"
    assert expand(text).refused == (at(text, "PT_x", UNKNOWN), at(text, OTHER_TIME, OTHERS), at(text, OTHER, OTHERS))
    text = f"{OTHER_TIME} {MINE}"
    assert expand(text).refused == (at(text, MINE, OTHERS),)
    text = f"{TENANT} {OTHER}"
    assert expand(text).refused == (at(text, TENANT, WORDLESS), at(text, OTHER, OTHERS))


@pytest.mark.parametrize("before", ["", "Beste ", "é", "x", "_", f"{MINE}", f"{OTHER} AP_x "])
@pytest.mark.parametrize(
    "token",
    [
        *(
            MINE.lower(),
            f"pt_{MINE[3:]}",
            f"pT_{MINE[3:]}",
            f"\uff30\uff34_{MINE[3:]}",
            f"PT\uff3f{MINE[3:]}",
            f"P\u200bT_{MINE[3:]}",
        ),
        *(f"PT\u00ad_{MINE[3:]}", f"PT_\u200b{MINE[3:]}", f"P\u0301T_{MINE[3:]}", "sl_" + "a1" * 21),
    ],
)
def test_a_token_in_disguise_is_refused(before: str, token: str) -> None:
    """It would reach a person as it is: full-width, in small letters, or with something in it that nobody sees."""
    text = f"{before}{token} morgen"
    begin = len(before)
    for found in (expand(text, "1").refused, expand(f"{text} {MINE} PT_x", "1").refused):
        assert Refused(UNKNOWN, begin, begin + len(token)) in found
        assert list(found) == sorted(found, key=lambda each: each.begin)


def test_a_long_word_is_no_token() -> None:
    """A page's name, what is shorter than any token, and the words that tokens became."""
    for text in (
        "https://example.nl/routemap_van-de-praktijk-naar-de-apotheek-en-weer-terug",
        "https://example.nl/map_" + "a" * 30 + "1",
        "pt_" + "a1" * 20,
        f"p{MINE}t_{MINE}{MY_TIME}{MINE}",
    ):
        assert expand(text).refused == ()


def test_words_that_only_look_a_little_like_it_are_left_alone() -> None:
    """Within a word a token would be as long as a token."""
    assert expand("De map SAP_test en PT_, AP-1 en pt_abc").refused == ()
    glued = "xPT_" + "A" * 43
    assert expand(glued).refused == (Refused(UNKNOWN, 1, len(glued)),)
    assert expand("AP_test").refused == (Refused(UNKNOWN, 0, 7),)


def test_a_place_in_the_words_is_told_as_a_place_in_what_was_sent() -> None:
    """Of a token the whole token, of everything else exactly itself, for every part of the text."""
    text = f"é{MINE}12 {MY_TIME}3"
    found = expand(text)
    assert found.text == "éJansen12 vrijdag 27 november om 9:003"
    owner: list[tuple[int, int]] = [(0, 1)]
    owner += [(1, 1 + len(MINE))] * len("Jansen")
    after = 1 + len(MINE)
    owner += [(after + n, after + n + 1) for n in range(3)]
    owner += [(after + 3, after + 3 + len(MY_TIME))] * len("vrijdag 27 november om 9:00")
    owner.append((len(text) - 1, len(text)))
    for begin in range(len(found.text)):
        for end in range(begin + 1, len(found.text) + 1):
            assert found.place(begin, end) == (owner[begin][0], owner[end - 1][1])


def test_a_long_message_of_nothing_but_prefixes_is_looked_through_once() -> None:
    """What an agent sends cannot make it slow: one opening per length and word."""
    tried: list[str] = []

    class Counting(Tokens):
        def _opened(self, *arguments: object) -> None:
            tried.append(str(arguments))

    Counting(KeyRing(bytes(32)), lambda: NOW).expand("PT_" * 1365, "agent", "intramed", None)
    assert len(tried) <= 20
