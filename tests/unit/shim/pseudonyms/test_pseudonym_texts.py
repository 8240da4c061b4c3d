"""Free texts: nobody in them, and every other character as it was."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.bsn import is_bsn
from contracts.snapshots import Column
from shim.guard import IDENTIFIERS, find
from shim.pseudonyms.kinds import What
from shim.pseudonyms.policy import load_policy
from shim.pseudonyms.pseudonyms import NOTHING, Pseudonyms
from shim.snapshots.words import joined, words
from tests.unit.shim.pseudonyms.rewritten import KEY, Rewritten

TEXT = What("text")
HARMLESS = (
    "Belt af wegens griep.",
    "Oefeningen thuis gaan goed.\nKnie nog stijf.",
    "Verwijzing ontvangen: €0,00, één bijlage",
    "komt om 14:30, 3 x 10 herhalen",
    "\x00\x1f \U0001f600 \u200d",
)


@pytest.fixture
def practice(rewritten: Rewritten) -> Rewritten:
    rewritten.have(
        ("family_name", ["Jansen", "van der Veen", "Groot", "Peeters-Simoëns"]),
        ("first_name", ["Noor", "Jan Willem", "Zoë"]),
        ("street", ["Sint Annadal", "Kastanjelaan"]),
        ("city", ["Maastricht", "Den Haag"]),
        ("number", ["00000108"]),
        ("postcode", ["6211 XX"]),
    )
    return rewritten


@pytest.mark.parametrize("text", HARMLESS)
def test_what_names_nobody_stays(text: str, practice: Rewritten) -> None:
    """Character for character, times of day and control characters too."""
    assert practice.text("text", text) == text


IDENTIFYING = {
    "BSN 999911120 van oude kaart": "999911120",
    "rekening NL91 ABNA 0417 1643 00": "NL91ABNA0417164300",
    "Verzekerdennummer NL-0087654321 doorgegeven": "NL0087654321",
    "mail noor.jansen@mail.test": "jansen",
    "belt vanaf 06-10001001": "0610001001",
    "zie https://jansen.test/noor?x=1.": "noor",
    "mevr. Pietersen belt": "Pietersen",
    "dhr. J. de Witte was er": "Witte",
    "Mw. Van Buren-Smit": "Smit",
    "Noor belt terug": "Noor",
    "overleg met JANSEN": "Jansen",
    "groot, zegt hij": "Groot",
    "van der Veen en zoon": "Veen",
    "Veen, van der": "Veen",
    "Jansens moeder": "Jansen",
    "Zoe was er niet": "Zoë",
    "woont Sint-Annadal 12": "sintannadal",
    "uit den haag": "denhaag",
    "postcode 6211xx": "6211XX",
    "patient 00000108": "00000108",
    "dossier 45671": "45671",
    "code 12 34": "1234",
    "geboren 12-04-1987": "12041987",
    "sinds 3 april 2021": "3april2021",
    "op 2026-01-05": "20260105",
}


def runs(text: str) -> set[str]:
    told = list(words(text))
    return {"".join(told[begin:end]) for begin in range(len(told)) for end in range(begin + 1, len(told) + 1)}


@pytest.mark.parametrize("text", IDENTIFYING)
def test_who_is_named_is_gone(text: str, practice: Rewritten) -> None:
    """No run of words is what stood there, and the words around it are."""
    told = joined(IDENTIFYING[text])
    assert told in runs(text) | {joined("Jansen"), joined("Zoë")}
    new = practice.text("text", text, "somebody")
    assert told not in runs(new)
    assert "zoe" not in runs(new)
    assert "jansens" not in runs(new)
    assert new.split(maxsplit=1)[0] == text.split(maxsplit=1)[0] or text.split(maxsplit=1)[0] in {
        "Noor",
        "groot,",
        "Veen,",
        "Jansens",
        "Zoe",
    }


@pytest.mark.parametrize(
    "text",
    ["JansenBV belt", "jansen1957 is haar login", "noorJansen", "Sint\nAnnadal 12", "Sint  --  Annadal", "JanWillem"],
)
def test_words_written_together_or_far_apart(text: str, practice: Rewritten) -> None:
    """`verify` finds them in raw bytes, so they must be gone."""
    new = joined(practice.text("text", text))
    assert not any(name in new for name in ("jansen", "noor", "sintannadal", "janwillem"))


@pytest.mark.parametrize("table", ["PATIENT", "MEDEWERKER"])
def test_a_name_in_the_column_of_particles_goes(table: str, practice: Rewritten) -> None:
    """The particles themselves stay."""
    kind = load_policy(Path("adapters/intramed/personal.toml")).what(table, "TUSSENVOEGSEL").kind
    assert [practice.text(kind, text) for text in ("van der", "in 't", "op den")] == ["van der", "in 't", "op den"]
    assert "Jansen" not in practice.text(kind, "Jansen-de")


def test_a_text_says_what_the_columns_say(practice: Rewritten) -> None:
    """A name, number and street of a text become what they become in their columns."""
    new = practice.text("text", "Noor Jansen (00000108), Kastanjelaan 12, 6211 XX")
    name = f"{practice.text('first_name', 'Noor')} {practice.text('family_name', 'Jansen')}"
    number, street = practice.text("number", "00000108"), practice.text("street", "Kastanjelaan")
    assert new == f"{name} ({number}), {street} 12, {practice.text('postcode', '6211 XX')}"


def test_a_particle_and_the_end_of_a_sentence_stay(practice: Rewritten) -> None:
    """Behind a title only the name is replaced."""
    assert re.fullmatch(
        r"Belt mevr\. van der [A-Z]\w+\. Morgen weer\.",
        (practice.text("text", "Belt mevr. van der Berg. Morgen weer.")),
    )


def test_dates_move_with_the_person(practice: Rewritten) -> None:
    """In each form, by as many weeks."""
    new = practice.text("text", "12-04-2021, 2021-04-12, 12/4/21 en 12 april 2021", "somebody")
    found = re.fullmatch(
        r"(\d\d)-(\d\d)-(\d{4}), (\d{4})-(\d\d)-(\d\d), (\d+)/(\d+)/(\d\d) en (\d+) [a-z]+ (\d{4})", new
    )
    assert found
    day, month, year, *rest = found.groups()
    assert rest == [year, month, day, day, str(int(month)), year[2:], str(int(day)), year]


def test_a_text_fits_its_column(practice: Rewritten) -> None:
    """Longer names are cut off at a word, never in the middle of the column's room."""
    new = practice.pseudonyms.of(TEXT, "Noor Jansen Noor", Column("C", "text", 16), "")
    assert isinstance(new, str)
    assert len(new) <= 16
    assert (practice.text("text", "Noor Jansen Noor")).startswith(new)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([*IDENTIFYING, *HARMLESS]), min_size=1, max_size=4), st.sampled_from([" ", "\n", "; "]))
def test_texts_are_harmless_however_they_are_joined(parts: list[str], gap: str) -> None:
    """No identifier that the guard finds is one of the original's, and no citizen service number is left."""
    text = gap.join(parts)
    new = str(Pseudonyms(KEY, NOTHING).of(TEXT, text, None, "somebody"))
    old = {joined(text[each.begin : each.end]) for each in find(text, IDENTIFIERS, tokens=False)}
    left = {joined(new[each.begin : each.end]) for each in find(new, IDENTIFIERS, tokens=False)}
    assert not old & left
    assert not any(is_bsn(each) for each in left if each.isdigit())
