"""Numbers and codes: other ones of the same shape, one to one, and nobody's."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.bsn import is_bsn
from shim.pseudonyms.codes import Codes
from shim.pseudonyms.key import PseudonymKey
from shim.pseudonyms.permutation import Permutation
from shim.pseudonyms.shapes import Whole, leading_shape, number_shape, opaque_shape

KEY = PseudonymKey(bytes(range(32)))


class Originals:
    """Originals by their skeletons, and what had to step aside."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self.values = set(values)
        self.aside: set[bytes] = set()

    def __contains__(self, joined: object) -> bool:
        return joined in self.values

    def named(self, skeleton: str) -> None:
        """Nothing is searched in a text here."""

    def attempt(self, space: str, digest: bytes) -> int:  # noqa: ARG002 - the protocol's
        return 0

    def stepped_aside(self, space: str, digest: bytes) -> None:  # noqa: ARG002 - the protocol's
        self.aside.add(digest)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10, 26, 100, 1000, 2600])
def test_a_permutation_has_each_number_once(size: int) -> None:
    """And goes back to where it came from."""
    permutation = Permutation(KEY.derived("test"), size)
    there = [permutation.forward(number) for number in range(size)]
    assert sorted(there) == list(range(size))
    assert [permutation.back(number) for number in there] == list(range(size))


@settings(deadline=None)
@given(st.integers(1, 10**60), st.data())
def test_a_permutation_of_any_size_goes_back(size: int, data: st.DataObject) -> None:
    """Sizes beyond one digest too."""
    permutation = Permutation(KEY.derived("test"), size)
    number = data.draw(st.integers(0, size - 1))
    assert permutation.back(permutation.forward(number)) == number


def test_another_key_is_another_permutation() -> None:
    """Whoever lacks the key learns nothing from another's."""
    one, other = (Permutation(KEY.derived(purpose), 10**8) for purpose in ("one", "other"))
    assert sum(one.forward(number) == other.forward(number) for number in range(100)) == 0


def classes(text: str) -> str:
    return "".join(
        "9" if each.isdigit() else "A" if each.isupper() else "a" if each.islower() else each for each in text
    )


@settings(deadline=None)
@given(st.text("0123456789ABCXYZabcxyz-/ .", max_size=30))
def test_a_number_keeps_its_shape(text: str) -> None:
    """A digit for a digit, a letter of the same case for a letter, all else as it was."""
    new = Codes(KEY, Originals()).of("number:", number_shape(text), text)
    assert classes(new) == classes(text)


@settings(deadline=None)
@given(st.from_regex(r"[A-Z2-7]{4}-[A-Z2-7]{4,16}G[2-7]{0,3}", fullmatch=True))
def test_an_opaque_text_keeps_its_alphabet(text: str) -> None:
    """A reference in base 32 stays one, with its dashes where they were."""
    new = Codes(KEY, Originals()).of("opaque:", opaque_shape(text), text)
    assert len(new) == len(text)
    assert [each == "-" for each in new] == [each == "-" for each in text]
    assert set(new) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567-")


@settings(deadline=None)
@given(st.integers(0, 2**63 - 1))
def test_a_whole_number_keeps_its_digits_and_its_bytes(value: int) -> None:
    """So it fits the column it came from."""
    new = int(Codes(KEY, Originals()).of("number:", Whole(str(value)), str(value)))
    assert len(str(new)) == len(str(value))
    for limit in (2**15, 2**31, 2**63):
        assert (new < limit) == (value < limit)


def test_a_house_number_begins_with_no_zero_and_keeps_its_words() -> None:
    """`12 bis` is no `07 qxz`."""
    codes = Codes(KEY, Originals())
    new = [codes.of("house_number:", leading_shape(f"{number} bis"), f"{number} bis") for number in range(1, 300)]
    assert all(each[0] != "0" and each.endswith(" bis") for each in new)
    assert len(set(new)) == len(new)


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(0, 999_999), min_size=2, max_size=200).map(sorted).flatmap(st.permutations))
def test_no_original_comes_out_and_no_two_become_one(numbers: list[int]) -> None:
    """Whatever the originals are, and in whatever order they come."""
    originals = [f"{number:06d}" for number in numbers]
    first, second = Codes(KEY, Originals(originals)), Codes(KEY, Originals(originals))
    told = {value: first.of("number:", number_shape(value), value) for value in originals}
    assert {value: second.of("number:", number_shape(value), value) for value in sorted(originals)} == told
    assert len(set(told.values())) == len(originals)
    assert not set(told.values()) & set(originals)


def test_a_taken_place_is_stepped_aside_from() -> None:
    """A fifth of a shape are originals: many first choices are theirs, and still none comes out or comes twice."""
    originals = [f"{number:04d}" for number in range(2000)]
    avoided = Originals(originals)
    codes = Codes(KEY, avoided)
    told = [codes.of("number:", number_shape(value), value) for value in originals]
    assert len(set(told)) == len(originals)
    assert not set(told) & set(originals)
    assert 200 < len(avoided.aside) < 1000


def test_a_crowded_shape_is_still_one_to_one() -> None:
    """With 9 in 10 numbers taken some stay within them, are counted, and never meet."""
    originals = [f"{number:02d}" for number in range(90)]
    avoided = Originals(originals)
    codes = Codes(KEY, avoided)
    told = {value: codes.of("number:", number_shape(value), value) for value in originals}
    assert len(set(told.values())) == len(originals)
    assert len(avoided.aside) > 10


@pytest.mark.parametrize("text", ["привет мир", "é-ÀŠž", "٣٤٥٦٧٨", "αβγ 12"])
def test_letters_and_digits_of_any_script_are_replaced(text: str) -> None:
    """By others of the same case and character set."""
    codes = Codes(KEY, Originals())
    for shape in (number_shape, opaque_shape):
        new = codes.of("opaque:", shape(text), text)
        assert new != text
        assert [each.isupper() for each in new] == [each.isupper() for each in text]
        assert [each.isalnum() for each in new] == [each.isalnum() for each in text]
    assert codes.of("opaque:", opaque_shape("é-ÀŠž"), "é-ÀŠž").encode("cp1252")


def test_numbers_of_eight_or_nine_digits_are_nobodys() -> None:
    """No patient's number becomes a citizen service number by chance."""
    codes = Codes(KEY, Originals())
    new = [codes.of("number:", number_shape(value), value) for value in (f"{number:09d}" for number in range(500))]
    assert not any(is_bsn(value) for value in new)
    assert len(set(new)) == 500
