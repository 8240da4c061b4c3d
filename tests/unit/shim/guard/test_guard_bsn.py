import html
import json
from itertools import pairwise
from urllib.parse import quote, quote_plus

import pytest
from stdnum.nl import bsn

from contracts.bsn import is_bsn
from shim.guard import IDENTIFIERS, Finding, Kind, find, mask

BSN = "999911120"
MOBILE = "610001000"
"""A mobile number without its zero that passes the check of a BSN, as one in eleven does."""
WIDE, MATHEMATICAL, ARABIC = ("".join(chr(zero + int(digit)) for digit in BSN) for zero in (0xFF10, 0x1D7F6, 0x0660))
ORDER = "123456782"
"""A number that passes, too."""


@pytest.mark.parametrize("between", [*" .-/,_:;|\u00a0\u2013\u2011\u3000\u2028\n\t+", " - ", "\r\n", "\n   ", ", "])
@pytest.mark.parametrize("groups", [(0, 3, 6, 9), (0, 4, 6, 9), (0, 4, 9)])
def test_groups_hide_nothing(between: str, groups: tuple[int, ...]) -> None:
    """Whatever single separator is between the groups in which people write one."""
    written = between.join(BSN[begin:end] for begin, end in pairwise(groups))
    assert mask(f"van {written} dus", IDENTIFIERS).text == "van [BSN] dus"


@pytest.mark.parametrize(
    "written",
    [
        "9 9 9 9 1 1 1 2 0",
        "99\u200b99\u00ad11\u2060120",
        "9\u0301999\u03361112\ufe0f0",
        WIDE,
        ARABIC,
        MATHEMATICAL,
        "⑨⑨⑨⑨①①①②⓪",
        "⁹⁹⁹⁹¹¹¹²⁰",
        "99.991-11 20",
        "999-911/120",
    ],
)
def test_signs_that_look_alike_hide_nothing(written: str) -> None:
    """Invisible characters, combining marks, and digits of any script; with several separators, too."""
    assert mask(f"nummer {written}!").text == "nummer [BSN]!"


SPELLED = "9999\u00a011 120"


@pytest.mark.parametrize(
    "carried",
    [
        quote(SPELLED),
        quote_plus(SPELLED),
        quote(quote(SPELLED)),
        quote(quote(quote(SPELLED))),
        "".join(f"%{ord(digit):x}" for digit in BSN),
        "%u0039%u0039" + BSN[2:],
        json.dumps(SPELLED),
        json.dumps(json.dumps({"a": SPELLED})),
        repr("9999\n11\t120"),
        ascii(WIDE),
        ascii(MATHEMATICAL),
        json.dumps(MATHEMATICAL),
        "".join(f"&#{ord(digit)};" for digit in BSN),
        "".join(f"&amp;#x{ord(digit):x};" for digit in BSN),
        html.escape("9999&11").replace("&amp;", "&nbsp;") + "&zwnj;120",
        rf"\u{{39}}{BSN[1:]}",
    ],
)
def test_escapes_hide_nothing(carried: str) -> None:
    """URLs, JSON in JSON, Python's repr and HTML, as deep as programs nest them."""
    text = f"https://zorg.example.nl/?id={carried}&x=1"
    masked = mask(text, IDENTIFIERS).text
    assert masked.count("[BSN]") == 1
    assert masked.startswith("https://zorg.example.nl/?id=")
    assert masked.endswith("&x=1")


@pytest.mark.parametrize("glue", ["bsn{}", "BSN_{}", "pat{}nl", "NL{}B01", "x-{}", "({})", "{},-", '"{}"', "op.{}"])
def test_a_word_that_clings_to_it_hides_nothing(glue: str) -> None:
    """A BTW number embeds one, of a person or not: it is treated as one."""
    assert mask(glue.format(BSN)).text == glue.format("[BSN]")


@pytest.mark.parametrize(
    "text",
    [
        "PT_AbT3kQm" + BSN + "aZ0123456789",
        "dl_a" + BSN + "f" * 22,
        "LS-A" + "2345672" * 2 + "ABCDE",
        "e" + BSN + "f" * 22,
        f"ls_{ORDER[:8]}_" + "Ab3" * 14,
        "2026-11-21T19:17:03.999911120Z",
        "12345678-1234-4234-8234-999911120abc",
    ],
)
def test_tokens_and_instants_stay(text: str) -> None:
    """Digits inside of what this service itself gives out are nobody's number."""
    assert mask(f"zie {text}, of {text}").findings == ()


@pytest.mark.parametrize(
    "text",
    [
        f"ordernummer {ORDER}",
        f"Order: {ORDER}, factuur nr. {ORDER}.",
        f"artikelnummer #{ORDER}?",
        f"melding INC-{ORDER}",
        f"meldingsnummer {ORDER}",
        "om 14.30-15.30 uur, 12-03-2025 14:30, 2024/2025, 19-11-20 12",
        "€ 125.000,00 of 12,50 - 113,75",
        "Kerkplein 35-17, 2265 HX",
        "50.85142, 5.69103",
        "kamers 172, 391, 387, 212, 320",
        "gemaakt op 20100516",
        "999911121 99991112 9999111200",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    """Shapes that everybody knows, and solid numbers directly behind a plain label."""
    assert find(text, IDENTIFIERS) == []


@pytest.mark.parametrize(
    "text",
    [
        f"bsn en ordernummer {BSN}",
        f"ordernummer {BSN[:4]} {BSN[4:]}",
        f"ordernummer van mij {BSN}",
        f'{{"order": {BSN}}}',
        f"{{ order: {BSN} }}",
        f"https://x.example/order {BSN}/regels",
        f"?order={BSN}",
        f"order {BSN}/regels",
        f"order {BSN}-12",
        f"ordernummer%20{BSN}",
        f"ordernummer {WIDE}",
        f"preorder {BSN}",
    ],
)
def test_a_label_costs_nothing_so_it_excuses_little(text: str) -> None:
    """Nothing but solid ASCII digits, directly behind it, in running text that does not speak of a BSN."""
    assert [finding.kind for finding in find(text)] == [Kind.BSN]


@pytest.mark.parametrize("text", ["bsn 12-11-2026", "BSN: 2010.05.16", "burgerservicenummer is 20261101"])
def test_its_own_label_outweighs_its_shape(text: str) -> None:
    """What is called a BSN and passes the check is one, even if it were a date."""
    digits = "".join(filter(str.isdigit, text))
    assert (find(text) != []) == is_bsn(digits)


def test_a_labelled_number_that_looks_like_a_day_is_found() -> None:
    """One day in eleven passes the check."""
    day = next(f"202611{day:02d}" for day in range(1, 31) if is_bsn(f"202611{day:02d}"))
    assert find(f"gemaakt {day}") == []
    assert mask(f"bsn: {day}").text == "bsn: [BSN]"


def test_amounts_that_pass_the_check_stay() -> None:
    """One in eleven does; without a currency beside it, it may be one."""
    euros = next(f"1.{euros}" for euros in range(125, 999) if is_bsn(f"1{euros}00050"))
    for amount in (f"€ {euros}.000,50", f"EUR {euros}.000,50", f"{euros}.000,50 euro"):
        assert find(f"voor {amount}.", IDENTIFIERS) == []
    assert find(f"voor {euros}.000,50.", IDENTIFIERS) != []
    assert mask("12,50 euro 9999-11120").text == "12,50 euro [BSN]"


@pytest.mark.parametrize("between", [", ", ",", ". ", "\n", ": ", " / "])
def test_house_number_31_is_no_country(between: str) -> None:
    """A BSN behind it would be a complete telephone number."""
    assert mask(f"nummer 31{between}555555021", IDENTIFIERS).text == f"nummer 31{between}[BSN]"


def test_eight_digits_may_be_one() -> None:
    """The zero before it is often left out."""
    assert is_bsn("10001001")
    assert mask("nummer 10001001 of 1000.10.01").text == "nummer [BSN] of [BSN]"


@pytest.mark.parametrize("spelling", ["06-{0}", "0{1}", "+31 {1}", "+31 (0)6 {0}", "0031 6 {0}", "31{1}", "tel. {1}"])
def test_a_telephone_number_is_no_bsn(spelling: str) -> None:
    """Also when telephone numbers are not asked for; without its zero it is one only behind a word for it."""
    written = spelling.format(MOBILE[1:], MOBILE)
    assert find(f"dit is {written}", IDENTIFIERS) == []
    assert find(f"dit is {MOBILE}", IDENTIFIERS) == [Finding(Kind.BSN, 7, 16)]


@pytest.mark.parametrize(
    "before", ["14 ", "kamer 0, ", "06-10001000 ", "31, ", "12-03-2025 ", "tel 06-10001000, bsn ", "12,50 euro "]
)
def test_numbers_beside_it_hide_nothing(before: str) -> None:
    """Neither a house number nor a telephone number takes it for a part of itself."""
    assert mask(f"{before}{BSN} 12", IDENTIFIERS).text == f"{before}[BSN] 12"


def test_the_check_is_that_of_the_library() -> None:
    """Weights 9 to 2 and -1, modulo 11; a number of zeros is none."""
    for digits in [*(f"9999{number:05d}" for number in range(0, 99_999, 97)), "000000000", "12345678", "10001001"]:
        assert is_bsn(digits) == bsn.is_valid(digits)


@pytest.mark.parametrize("prefix", ["TN", "PT", "SL", "HD", "AP"])
def test_where_no_token_can_be_its_shape_hides_nothing(prefix: str) -> None:
    """Elsewhere a token stays what it is; a delivery's number does in any case."""
    text = f"voor {prefix}_999911120aaaaaaaaaaaaaaa"
    assert find(text) == []
    assert find(text, tokens=False) == [Finding(Kind.BSN, 8, 17)]
    assert find(f"bsn {text[5:]}", IDENTIFIERS, tokens=False) == [Finding(Kind.BSN, 7, 16)]
    assert find(f"dl_999911120{'a' * 23}", tokens=False) == []
