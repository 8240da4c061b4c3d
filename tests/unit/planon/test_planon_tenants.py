import pytest

from adapters.planon.address import read_address
from adapters.planon.replica import Row
from adapters.planon.tenants import decide
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
    return decide(request, read_address(facts.get("address", "")), rows)


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


def test_the_second_number_counts() -> None:
    """A tenant's second number is a number of the tenant."""
    stored = row("A", telephone="weet niet", telephone_2="0031612345678")
    assert decided([stored], telephone=NUMBER).tenant == "A"
    assert decided([row("A", telephone=None)], telephone=NUMBER).match == "none"


def test_one_certain_among_unsure_is_a_question() -> None:
    """Who writes 14 may live at 14 A and leave it out."""
    reply = decided([row("A"), row("B", house_addition="A")], address=HERE)
    assert (reply.match, reply.ask_for) == ("confirm", ["tenant_code"])
