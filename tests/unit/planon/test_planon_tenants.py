import pytest

from adapters.planon.replica import Row
from adapters.planon.tenants import decide
from contracts.address import read_address
from contracts.facility import FindTenantReply, FindTenantRequest

NUMBER = "06-12345678"
HERE = "Wilgenlaan 14, 5017 AB Tilburg"


def row(tenant_id: str, **changes: object) -> Row:
    stored: dict[str, object] = {
        "tenant_id": tenant_id,
        "tenant_code": "4711",
        "telephone": "06 1234 56 78 (dochter)",
        "telephone_2": None,
        "street": "Wilgenlaan",
        "house_number": 14,
        "house_addition": None,
        "postcode": "5017AB",
        "city": "TILBURG",
    }
    return stored | changes  # type: ignore[return-value]


def decided(rows: list[Row], **facts: str) -> FindTenantReply:
    request = FindTenantRequest.model_validate(facts)
    address = facts.get("address")
    return decide(request, read_address(address) if address else None, rows)


def test_every_fact_must_hold() -> None:
    """One wrong fact outweighs any number of right ones."""
    facts = {"telephone": NUMBER, "address": HERE, "tenant_code": "4711"}
    assert decided([row("A")], **facts).tenant == "A"
    for wrong in ({"telephone": "0687654321"}, {"address": "Wilgenlaan 16, 5017 AB"}, {"tenant_code": "4712"}):
        assert decided([row("A")], **facts | wrong).match == "none"


@pytest.mark.parametrize(
    ("facts", "ask_for"),
    [
        ({"telephone": NUMBER}, ["address", "tenant_code"]),
        ({"telephone": NUMBER, "address": HERE}, ["tenant_code"]),
        ({"telephone": NUMBER, "tenant_code": "4711"}, ["address"]),
        ({"tenant_code": "4711", "address": "bij de kerk"}, ["address"]),
    ],
)
def test_several_are_asked_for_what_is_missing(facts: dict[str, str], ask_for: list[str]) -> None:
    """The facts not given yet, and an address that was of no use; never a candidate."""
    reply = decided([row("A"), row("B")], **facts)
    assert (reply.match, reply.tenant, reply.ask_for) == ("confirm", None, ask_for)


def test_several_with_every_fact_are_handed_off() -> None:
    """Nothing is left to ask, and nobody is guessed."""
    reply = decided([row("A"), row("B")], telephone=NUMBER, address=HERE, tenant_code="4711")
    assert (reply.match, reply.ask_for) == ("none", [])


@pytest.mark.parametrize(
    "stored",
    [
        {"telephone": "weet niet", "telephone_2": "0031612345678"},
        {"telephone": "013-5000001 / 06-12345678"},
        {"telephone": "013-5000001 (overdag), 's avonds 06 12 34 56 78"},
    ],
)
def test_every_stored_number_counts(stored: dict[str, str]) -> None:
    """The second column, and the second number in a column."""
    assert decided([row("A", **stored)], telephone=NUMBER).tenant == "A"
    assert decided([row("A", telephone=None)], telephone=NUMBER).match == "none"


def test_one_certain_among_unsure_is_a_question() -> None:
    """Who writes 14 may live at 14 A and leave it out."""
    reply = decided([row("A"), row("B", house_addition="A")], address=HERE)
    assert (reply.match, reply.ask_for) == ("confirm", ["tenant_code"])


def test_housemates_are_told_apart_by_their_telephones() -> None:
    """One address, two tenants: it takes the number or the code of one of them."""
    book = [row("A"), row("B", telephone="0687654321", tenant_code="4712")]
    assert decided(book, address=HERE).ask_for == ["tenant_code"]
    assert decided(book, address=HERE, telephone="0687654321").tenant == "B"
    assert decided(book, address=HERE, tenant_code="4711").tenant == "A"


def test_a_family_with_two_homes_is_told_apart_by_the_address() -> None:
    """One telephone, two addresses: it takes the address, and a misspelled one is no address yet."""
    book = [row("A"), row("B", street="Lijnsheike", postcode="5056 TM")]
    assert decided(book, telephone=NUMBER, address="Lijnsheike 14").tenant == "B"
    assert decided(book, telephone=NUMBER, address="Lijnsheiken 14").ask_for == ["address", "tenant_code"]
    assert decided(book, telephone=NUMBER, address="Korvelseweg 14").match == "none"


@pytest.mark.parametrize("address", ["Wilgelaan 14", "wilgenlan 14 Tilburg", "Wilgen laan 14", "bij Wilgenlaam 14"])
def test_a_misspelled_street_is_a_question(address: str) -> None:
    """Even where only one tenant can be meant."""
    reply = decided([row("A"), row("B", street="Korvelseweg")], address=address)
    assert (reply.match, reply.ask_for) == ("confirm", ["address", "tenant_code"])


@pytest.mark.parametrize("address", ["Lindelaan 14", "Wilgelaan 16", "Wilgenlaan 16"])
def test_another_address_is_none(address: str) -> None:
    """A street that is only a little alike, and a number that is another one."""
    assert decided([row("A")], address=address).match == "none"


def test_an_exact_street_beats_one_that_is_like_it() -> None:
    """Both streets exist, in one spelling or the other."""
    book = [row("A"), row("B", street="Wilgelaan"), row("C", street="Oude Wilgenlaan")]
    for address, tenant in (("Wilgenlaan 14", "A"), ("Wilgelaan 14", "B"), ("Oude Wilgenlaan 14", "C")):
        assert decided(book, address=address).tenant == tenant
    assert decided(book[:1], address="Oude Wilgenlaan 14").match == "confirm"


def test_a_misspelled_address_tells_nothing_of_a_code() -> None:
    """Guesses at a code are counted by the address as written: a right and a wrong one must look alike."""
    replies = [decided([row("A")], address="Wilgelaan 14", tenant_code=code) for code in ("4711", "4712")]
    assert [reply.match for reply in replies] == ["none", "none"]
    assert decided([row("A")], address="Wilgelaan 14", tenant_code="4711", telephone=NUMBER).match == "confirm"


def test_a_row_with_holes_hides_no_other() -> None:
    """A tenant without an address in the backend is found by telephone, and by no address."""
    holes = {"street": None, "house_number": None, "postcode": None, "city": None}
    book = [row("A", **holes), row("B", telephone="0687654321")]
    assert decided(book, telephone=NUMBER).tenant == "A"
    assert decided(book, address="None 14").match == "none"
    assert decided(book, address=HERE).tenant == "B"
    assert decided(book, telephone=NUMBER, address=HERE).match == "none"
