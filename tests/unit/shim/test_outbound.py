"""check_outbound: what an agent may send to a person, with its tokens expanded."""

import json
from typing import Any

import pytest

from contracts.errors import LeakBlocked, NotFound
from contracts.fields import TokenKind
from outbox.database import Database
from shim.outbound import LISTED
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
        assert found["kind"] == "token_of_another_person"
        assert found["begin"] == len("Uw afspraak: ")


def test_what_is_no_token_of_this_client_is_refused(state: Database) -> None:
    """It would reach a person as it is."""
    foreign = patient(client="other")
    (found,) = refused(state, f"Beste {foreign}")
    assert (found["kind"], found["begin"]) == ("unknown_token", len("Beste "))
    with pytest.raises(NotFound):
        checked(state, "Beste", patient=foreign)


def test_a_message_names_one_person_also_without_a_recipient(state: Database) -> None:
    """One patient's name does not go out with another's appointment."""
    text = f"Beste {patient()}, uw afspraak is op {appointment('00000202')}."
    (found,) = refused(state, text)
    assert found["kind"] == "token_of_another_person"
    assert text[found["begin"] : found["end"]] == appointment("00000202")


def test_no_number_leaves_in_the_shape_of_a_token(state: Database) -> None:
    """Glued to a letter, with something invisible in it, full-width or in small letters: the number is read."""
    hidden = f"{BSN}aaaaaaaaaaaaaaa"
    for shape in (
        "éPT_{}",
        "xAP_{}",
        "P\u200bT_{}",
        "PT_\u200b{}",
        "\uff30\uff34_{}",
        "pt_{}",
        "éHD_a-{}",
        "SL_\u00ad{}",
        "TN\uff3f{}",
    ):
        text = shape.format(hidden)
        assert BSN in [text[each["begin"] : each["end"]] for each in refused(state, text) if each["kind"] == "bsn"]


def test_what_others_issued_is_left_alone(state: Database) -> None:
    """A delivery's number and a trace have digits of their own."""
    text = f"Uw melding: dl_{BSN}{'a' * 23}, spoor {BSN}{'a' * 7}"
    body, _ = checked(state, text)
    assert body == {"text": text}


def test_a_refusal_has_an_end(state: Database) -> None:
    """A message of a thousand refusals names the first 20 places, to the agent and to the audit."""
    calling, row = Calling(state), contract("practice_check_outbound")
    request = row.request.model_validate({"text": "PT_a " * 819})
    with pytest.raises(LeakBlocked) as blocked:
        calling.outbound.check(caller(), system(row, object()), row, request)
    first = [{"kind": "unknown_token", "begin": 5 * at, "end": 5 * at + 4} for at in range(LISTED)]
    assert blocked.value.members == {"found": first, "more": 819 - LISTED}
    (outcome,) = calling.audit()
    assert outcome["detail"] == {"found": first, "more": 819 - LISTED}
    with pytest.raises(LeakBlocked) as whole:
        checked(state, "PT_a " * LISTED)
    assert whole.value.members == {"found": first}


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
