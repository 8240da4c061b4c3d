"""check_outbound: what an agent may send to a person, with its tokens expanded."""

import json
from typing import Any

import pytest

from contracts.errors import LeakBlocked, NotFound
from contracts.fields import TokenKind
from outbox.database import Database
from tests.unit.shim.calling import TOKENS, Calling, caller, contract, system

BSN = "999911120"


def patient(key: str = "00000101", name: str = "Jansen", client: str = "agent") -> str:
    return TOKENS.mint(TokenKind.PATIENT, client, "intramed", key, name)


def appointment(subject: str = "00000101") -> str:
    return TOKENS.mint(TokenKind.APPOINTMENT, "agent", "intramed", "7", "donderdag 26 november om 14:30", subject)


def checked(state: Database, text: str, **whom: Any) -> tuple[dict[str, Any], Calling]:
    calling, row = Calling(state), contract("practice_check_outbound")
    request = row.request.model_validate({"text": text, **whom})
    answer = calling.outbound.check(caller(), system(row, object()), row, request)
    return json.loads(answer.body), calling


def refused(state: Database, text: str, **whom: Any) -> list[dict[str, Any]]:
    with pytest.raises(LeakBlocked) as blocked:
        checked(state, text, **whom)
    return blocked.value.found


def test_tokens_become_what_a_person_reads(state: Database) -> None:
    """The name, and the time in words; what stands around them stays."""
    text = f"Beste {patient()}, uw afspraak is op {appointment()}. Vragen? Bel 043-3001001."
    body, calling = checked(state, text, patient=patient())
    assert body == {"text": "Beste Jansen, uw afspraak is op donderdag 26 november om 14:30. Vragen? Bel 043-3001001."}
    (outcome,) = calling.audit()
    assert (outcome["outcome"], outcome["subject"]) == ("ok", calling.subjects("intramed", "PT", "00000101")[0])


def test_an_identifier_is_named_by_kind_and_place(state: Database) -> None:
    """In characters of the message as it was given, also behind a token that expands to another length."""
    text = f"Beste {patient()}, uw BSN is 9999 11 120 en uw rekening NL91 ABNA 0417 1643 00."
    found = refused(state, text)
    assert [each["kind"] for each in found] == ["bsn", "iban"]
    assert [text[each["begin"] : each["end"]] for each in found] == ["9999 11 120", "NL91 ABNA 0417 1643 00"]
    assert all(set(each) == {"kind", "begin", "end"} for each in found)


def test_a_name_that_hides_an_identifier_is_found(state: Database) -> None:
    """It is looked at as a person would read it; its place is the token's."""
    token = patient(name=f"Jansen {BSN}")
    text = f"Beste {token}!"
    (found,) = refused(state, text)
    assert (found["kind"], text[found["begin"] : found["end"]]) == ("bsn", token)


def test_another_person_s_token_does_not_leave(state: Database) -> None:
    """Neither a patient's, nor that of an appointment of theirs."""
    for token in (patient("00000202", "Pieters"), appointment("00000202")):
        (found,) = refused(state, f"Uw afspraak: {token}", patient=patient())
        assert found["kind"] != "bsn"
        assert found["begin"] == len("Uw afspraak: ")


def test_what_is_no_token_of_this_client_is_refused(state: Database) -> None:
    """It would reach a person as it is."""
    foreign = patient(client="other")
    (found,) = refused(state, f"Beste {foreign}")
    assert found["begin"] == len("Beste ")
    with pytest.raises(NotFound):
        checked(state, "Beste", patient=foreign)


def test_a_refusal_repeats_nothing(state: Database) -> None:
    """Not the value, not the message; the audit has the kinds."""
    calling, row = Calling(state), contract("practice_check_outbound")
    request = row.request.model_validate({"text": f"geheim {BSN}"})
    with pytest.raises(LeakBlocked) as blocked:
        calling.outbound.check(caller(), system(row, object()), row, request)
    assert BSN not in str(blocked.value.members) + blocked.value.detail
    (outcome,) = calling.audit()
    assert outcome["outcome"] == "leak-blocked"
    assert outcome["detail"] == {"found": [{"kind": "bsn", "begin": 7, "end": 16}]}
    assert "geheim" not in str(outcome)
