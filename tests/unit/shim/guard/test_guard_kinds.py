import pytest

from shim.guard import ALL, IDENTIFIERS, Finding, Kind, find, mask

IBAN = "NL91TEST0417164300"


def wide(text: str) -> str:
    """As a keyboard of East Asia writes it."""
    return "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text)


def valid(country: str, account: str) -> str:
    """With the check digits that belong to an account."""
    number = int("".join(str(int(each, 36)) for each in f"{account}{country}00"))
    return f"{country}{98 - number % 97:02d}{account}"


@pytest.mark.parametrize("account", [valid("NL", "TEST0417164300"), valid("DE", "000000001234567890")])
@pytest.mark.parametrize("size", [4, 1, 3])
@pytest.mark.parametrize("between", ["", " ", "-", ".", "\n", "\u200b", "\u00a0", " - ", "%20", "\\u00a0"])
def test_accounts(account: str, size: int, between: str) -> None:
    """In fours or letter by letter, in lower case, wide, glued to a word; the check decides."""
    for spelled in (account, account.lower(), wide(account)):
        written = between.join(spelled[at : at + size] for at in range(0, len(spelled), size))
        assert mask(f"rekening {written}. Dank").text == "rekening [IBAN]. Dank"
    wrong = account[:2] + f"{(int(account[2:4]) + 1) % 97:02d}" + account[4:]
    assert not any(finding.kind is Kind.IBAN for finding in find(f"rekening {wrong}. Dank"))


def test_an_account_is_in_one_piece() -> None:
    """Words end in letters and are followed by numbers: what is far apart is none."""
    account = valid("NL", "TEST0417164300")
    for between in (" = € ", " " * 7, " & "):
        assert not any(finding.kind is Kind.IBAN for finding in find(account[:2] + between + account[2:]))


def test_an_account_is_no_bsn() -> None:
    """Some of its digits may pass that check; it is one thing, and told as what was asked for."""
    account = valid("NL", "TEST0999911120")
    grouped = " ".join(account[at : at + 4] for at in range(0, len(account), 4))
    assert [finding.kind for finding in find(grouped)] == [Kind.IBAN]
    assert find(grouped, frozenset({Kind.BSN})) == []


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("polisnummer 123456789", "polisnummer [INSURANCE]"),
        ("mijn polisnummer bij CZ is 123 456 7", "mijn polisnummer bij CZ is [INSURANCE]"),
        ("Verzekerdennr.: A1234567, dank", "Verzekerdennr.: [INSURANCE], dank"),
        ("relatienummer:\n1931/4842/68", "relatienummer:\n[INSURANCE]"),
        ("UZOVI 3311", "UZOVI [INSURANCE]"),
        ('{"zorgpasnummer": "8075 2800"}', '{"zorgpasnummer": "[INSURANCE]"}'),
        ("polis%3A%20123456", "polis%3A%20[INSURANCE]"),
        ("AGB-code 04-123456", "AGB-code [AGB]"),
        ("mijn agb is 04 12 34 56.", "mijn agb is [AGB]."),
        (f"AGB {wide('04123456')}", "AGB [AGB]"),
    ],
)
def test_words_that_betray_a_number(text: str, masked: str) -> None:
    """Numbers of insurances and of care providers have no check; the word before them is all there is."""
    assert mask(text, IDENTIFIERS).text == masked


@pytest.mark.parametrize(
    "text",
    [
        "de polis 2024 is duurder",
        "polisnummer vanaf 01-01-2026 anders",
        "relatie 123456",
        "polisnummer onbekend. Bel mij. Kamer 1234567",
        "AGB-code 1234567",
        "agboek 12345678",
    ],
)
def test_words_that_betray_nothing(text: str) -> None:
    """Years, dates, other words, and what another sentence says."""
    assert not {Kind.INSURANCE, Kind.AGB} & {finding.kind for finding in find(text)}


@pytest.mark.parametrize(
    "address",
    [
        "jan@example.nl",
        "J.de-Vries+zorg@mail.example.co.uk",
        "jan%40example.nl",
        "jan\\u0040example.nl",
        "jan&#64;example.nl",
        "ja\u200bn@exam\u00adple.nl",
        wide("jan@example.nl"),
        "jan @ example.nl",
        "jan(at)example.nl",
        "renée@example.nl",
    ],
)
def test_addresses(address: str) -> None:
    """In the spellings in which people and programs write them."""
    assert mask(f"mail {address}, dank").text == "mail [EMAIL], dank"
    assert mask(f"mail {address}, dank", IDENTIFIERS).text == f"mail {address}, dank"


@pytest.mark.parametrize("text", ["kom @ 12.30", "@fatma", "a@b", "tien @ twaalf euro"])
def test_an_at_sign_alone_is_no_address(text: str) -> None:
    """A domain has a dot."""
    assert find(text) == []


@pytest.mark.parametrize(
    "number",
    [
        "06-10001000",
        "0610001000",
        "+31 6 1000 1000",
        "0031 6 10001000",
        "31610001000",
        "(043) 300 10 01",
        "+31 (0)43 3001001",
        *("043/300.10.01", "06%2D10001000", "0800-1234", "+32 2 234 56 78", "06\u201110001000", wide("0610001000")),
    ],
)
def test_telephones(number: str) -> None:
    """In the spellings in which people and programs write them, complete."""
    assert mask(f"bel {number} svp").text == "bel [TELEPHONE] svp"


@pytest.mark.parametrize("text", ["op 12-03-2025 14:30", "3001001", "order 612345", "bel 2 keer om 10.30"])
def test_no_telephones(text: str) -> None:
    """Dates and incomplete numbers."""
    assert find(text) == []


def test_kinds_overlap() -> None:
    """The graver kind stands for both; only what was asked for is told."""
    text = "mail 999911120@example.nl, verzekerdennummer 999911120"
    assert mask(text).text == "mail [BSN], verzekerdennummer [INSURANCE]"
    assert mask(text, frozenset({Kind.EMAIL})).text == "mail [EMAIL], verzekerdennummer 999911120"
    assert mask(text, frozenset({Kind.BSN})).text == "mail [BSN]@example.nl, verzekerdennummer [BSN]"
    assert find(text, frozenset()) == []


def test_places_are_those_of_the_text_as_given() -> None:
    """Characters before it that were normalised or unescaped move nothing."""
    text = "e\u0301\u200b ﬁ 👍 %20 &amp; \\u00e9 9999\u200b11120 \uff0a"
    (finding,) = find(text)
    assert text[finding.begin : finding.end] == "9999\u200b11120"
    assert finding == Finding(Kind.BSN, text.index("9999"), len(text) - 2)
    assert IDENTIFIERS < ALL == frozenset(Kind)
