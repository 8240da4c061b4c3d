"""Over generated tenant books: what is certain is so by construction, and what is misspelled is never certain."""

from collections import Counter
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.planon.replica import Row
from adapters.planon.tenants import decide
from contracts.address import read_address
from contracts.facility import FindTenantRequest

STREETS = {
    "Wilgenlaan": "5017 AB",
    "Oude Wilgenlaan": "5017 AC",
    "Plein 1944": "5017AD",
    "'t Heike": "5038 DX",
    "Sint-Josephstraat": "5017GG",
}
MISSPELT = {
    "Wilgenlaan": "Wilgelaan",
    "Oude Wilgenlaan": "Oude Wilgenlan",
    "Plein 1944": "Plain 1944",
    "'t Heike": "t Hijke",
    "Sint-Josephstraat": "St. Josefstraat",
}
NUMBERS = (14, 38, 50)
ADDITIONS = (None, "A", "bis", "2")
TELEPHONES = {
    "+31612345678": ("06-12345678", "00316 12345678 (dochter)", "013-5000009 / 06 1234 5678"),
    "+31687654321": ("0687654321", "06.87.65.43.21", "+31(0)6-87654321 of 013-5000009"),
    "+31135000001": ("013-5000001", "(013) 500 00 01"),
}
CODES = ("4711", "4712")


@dataclass(frozen=True)
class Known:
    """A tenant, and the number that is written in its row in some way."""

    home: tuple[str, int, str | None]
    telephone: str
    code: str
    written: str

    def row(self, key: int) -> Row:
        street, number, addition = self.home
        return {
            "tenant_id": str(key),
            "tenant_code": self.code,
            "telephone": self.written,
            "telephone_2": None,
            "street": street,
            "house_number": number,
            "house_addition": addition,
            "postcode": STREETS[street],
            "city": "Tilburg",
        }


HOMES = st.tuples(st.sampled_from(sorted(STREETS)), st.sampled_from(NUMBERS), st.sampled_from(ADDITIONS))


@st.composite
def known(draw: st.DrawFn) -> Known:
    telephone = draw(st.sampled_from(sorted(TELEPHONES)))
    return Known(draw(HOMES), telephone, draw(st.sampled_from(CODES)), draw(st.sampled_from(TELEPHONES[telephone])))


FORMS = (
    "{street} {number}{glued}, {postcode} Tilburg",
    "{small}{number}{glued}",
    "{postcode} huis nummer {number} {addition}",
    "huisnr. {number}-{addition} {postcode}",
    "{street} {number} {addition}",
    "ik woon op {street} {number}-{addition} in tilburg",
    "{street} nr {number}{glued} TILBURG",
)


@settings(max_examples=600, deadline=None)
@given(
    book=st.lists(known(), max_size=6),
    home=HOMES,
    form=st.sampled_from(FORMS),
    misspelt=st.booleans(),
    given_facts=st.sampled_from(["a", "t", "c", "at", "ac", "tc", "atc"]),
    telephone=st.sampled_from(sorted(TELEPHONES)),
    code=st.sampled_from(CODES),
)
def judged(
    seen: Counter[str],
    book: list[Known],
    home: tuple[str, int, str | None],
    form: str,
    misspelt: bool,
    given_facts: str,
    telephone: str,
    code: str,
) -> None:
    street, number, addition = home
    named = MISSPELT[street] if misspelt else street
    text = form.format(
        street=named,
        postcode=STREETS[street],
        small=STREETS[street].lower(),
        number=number,
        addition=addition or "",
        glued=f"-{addition}" if addition == "2" else addition or "",
    )
    misspelt = misspelt and named in text
    facts = {"address": text, "telephone": telephone, "tenant_code": code}
    facts = {name: value for name, value in facts.items() if name.removeprefix("tenant_")[0] in given_facts}
    request = FindTenantRequest.model_validate(facts)
    rows = [tenant.row(key) for key, tenant in enumerate(book)]
    reply = decide(request, read_address(text) if request.address else None, rows)

    def other_facts(tenant: Known) -> bool:
        return ("t" not in given_facts or tenant.telephone == telephone) and (
            "c" not in given_facts or tenant.code == code
        )

    holding = [key for key, it in enumerate(book) if other_facts(it) and ("a" not in given_facts or it.home == home)]
    near = [it for it in book if other_facts(it) and it.home[:2] == home[:2] and it.home != home]
    if reply.match == "certain":
        assert holding == [int(reply.tenant or "-1")]
        assert not (misspelt and "a" in given_facts)
    elif len(holding) == 1 and not ("a" in given_facts and (misspelt or (near and addition is None))):
        raise AssertionError(f"{text!r} names one tenant, and the reply is {reply}")
    assert reply.match == "confirm" or not reply.ask_for
    seen[f"{reply.match}{' misspelt' if misspelt and 'a' in given_facts else ''}"] += 1


def test_certain_is_exactly_one_tenant_with_every_fact() -> None:
    """Never on a misspelling, never another's; and where exactly one tenant is named, that one is found."""
    seen: Counter[str] = Counter()
    judged(seen)
    assert seen.keys() == {"certain", "confirm", "none", "confirm misspelt", "none misspelt"}
