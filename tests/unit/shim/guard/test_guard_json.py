from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from shim.guard import IDENTIFIERS, Finding, Kind, Placed, find, mask, mask_json

BSN = "999911120"
CLEAN: JsonValue = {"a": [1, 2.5, True, None, "kraan lekt"], "b": {"c/d": -7, "e~f": 12345678901}, "": []}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_what_is_clean_stays() -> None:
    """Values, types and order."""
    masked, found = mask_json(CLEAN)
    assert masked == CLEAN
    assert repr(masked) == repr(CLEAN)
    assert found == []


@pytest.mark.parametrize("value", [BSN, int(BSN), -int(BSN), float(BSN), float(BSN) + 0.5])
def test_a_number_of_any_type_becomes_its_placeholder(value: JsonValue) -> None:
    """A number changes its type only then."""
    masked, found = mask_json({"a/b": [0, {"n": value}]}, IDENTIFIERS)
    assert masked == {"a/b": [0, {"n": "[BSN]"}]}
    assert found == [Placed("/a~1b/1/n", Finding(Kind.BSN, 0, 9))]


def test_names_are_masked_and_stay_apart() -> None:
    """Two members do not become one, and no path tells what a name was."""
    masked, found = mask_json({BSN: 1, "9999 11 120": {"x": f"bsn {BSN}"}, "y": 2})
    assert masked == {"[BSN]": 1, "[BSN] 2": {"x": "bsn [BSN]"}, "y": 2}
    assert [(placed.path, placed.in_name) for placed in found] == [
        ("/[BSN]", True),
        ("/[BSN] 2", True),
        ("/[BSN] 2/x", False),
    ]


def test_a_name_says_what_its_value_is() -> None:
    """The word that betrays a number is in the member's name; an order's name excuses nothing."""
    value: JsonValue = {
        "polisnummer": "A-123456",
        "agb": 4123456,
        "agbCode": "04123456",
        "telefoon": ["612345678"],
        "order": BSN,
        "note": "ordernummer 123456782",
    }
    masked, _ = mask_json(value)
    assert masked == {
        "polisnummer": "[INSURANCE]",
        "agb": 4123456,
        "agbCode": "[AGB]",
        "telefoon": ["[TELEPHONE]"],
        "order": "[BSN]",
        "note": "ordernummer 123456782",
    }


def test_members_that_a_contract_names_are_skipped() -> None:
    """At any depth, with all that is in them; their names are looked at all the same."""
    value: JsonValue = {"patient": BSN, "list": [{"patient": {"deep": BSN}, "text": BSN}]}
    masked, found = mask_json(value, skip=["patient", BSN])
    assert masked == {"patient": BSN, "list": [{"patient": {"deep": BSN}, "text": "[BSN]"}]}
    assert [placed.path for placed in found] == ["/list/0/text"]
    assert mask_json({BSN: BSN}, skip=[BSN])[0] == {"[BSN]": BSN}


@given(VALUES)
def test_any_value_has_an_answer(value: JsonValue) -> None:
    """NaN, infinities, lone surrogates and deep nesting included; a second look finds nothing new in texts."""
    masked, found = mask_json(value)
    assert (repr(masked) == repr(value)) == (not found)


@given(
    st.text(alphabet=st.one_of(st.sampled_from("0123456789 .-+()/%\\u&#;@NLabpolisnr\n"), st.characters()), max_size=80)
)
def test_findings_are_in_order_and_apart(text: str) -> None:
    """What stands between them stays, character for character."""
    found = find(text)
    assert all(0 <= each.begin < each.end <= len(text) for each in found)
    assert all(one.end <= other.begin for one, other in pairwise(found))
    masked = mask(text)
    assert masked.findings == tuple(found)
    rest, at = masked.text, 0
    for each in found:
        between = text[at : each.begin]
        assert rest.startswith(between + each.kind.placeholder)
        rest, at = rest[len(between) + len(each.kind.placeholder) :], each.end
    assert rest == text[at:]
