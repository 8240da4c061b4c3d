"""What a reply or a problem may not have in it, and what must stay as it was issued."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.errors import LeakBlocked, NotFound, RuleMissing, Violation
from contracts.fields import Model
from contracts.practice import Appointment, FindPatientReply, ListUpcomingReply, PracticeNoteDelivery
from outbox.database import Database
from shim.guarding import guard_reply
from shim.http.problems import problem_json
from tests.unit.shim.calling import WRITE, Calling, caller, contract, system

BSN = "999911120"
AT = datetime(2026, 11, 26, 14, 30, tzinfo=UTC)


def patient(name: str, **more: Any) -> FindPatientReply:
    return FindPatientReply(match="certain", patient="00000101", name=name, **more)


def test_an_identifier_in_a_name_is_replaced_and_told() -> None:
    """By a placeholder of its kind; where it was is said, the value is not."""
    guarded = guard_reply(patient(f"Jansen {BSN}"))
    assert guarded.reply.name == "Jansen [BSN]"
    assert [leak.as_json() for leak in guarded.leaks] == [{"kind": "bsn", "field": "name"}]
    assert guarded.counts == {"bsn": 1}


def test_what_was_issued_stays_as_it_is() -> None:
    """Nine digits of a token, a record's number, a link or a clinic's code may pass the check by chance."""
    reply = patient("Jansen", link=f"intramed://patient/{BSN}")
    assert guard_reply(reply).reply is reply
    place = {"starts_at": AT, "ends_at": AT, "clinic": BSN, "therapist": "T07"}
    listed = ListUpcomingReply(appointments=[Appointment(appointment=BSN, **place)])
    assert guard_reply(listed).reply is listed
    delivered = {"delivery": f"dl_{'0' * 32}", "system": "intramed", "contract": "log_note", "state": "delivered"}
    times = {"reported_at": AT, "accepted_at": AT, "attempts": 1}
    note = PracticeNoteDelivery(**delivered, **times, note=BSN, reason=f"of {BSN}")
    guarded = guard_reply(note).reply
    assert (guarded.note, guarded.reason) == (BSN, "of [BSN]")


def test_a_list_s_leak_names_its_place() -> None:
    """The field's path has the position in the list."""

    class Named(Model):
        name: str

    class Many(Model):
        people: list[Named]
        words: list[str]

    many = Many(people=[Named(name="A"), Named(name=f"B {BSN}")], words=["x", f"{BSN}"])
    guarded = guard_reply(many)
    assert [leak.field for leak in guarded.leaks] == ["people.1.name", "words.1"]
    assert guarded.reply.people[1].name == "B [BSN]"
    assert BSN not in guarded.reply.model_dump_json()


def test_a_problem_tells_no_identifier() -> None:
    """Not in its detail, nor in its members, however deep."""
    refused = RuleMissing(f"no rule for {BSN}", [Violation("severity", f"{BSN} is none", BSN)])
    assert BSN not in problem_json(refused).decode()
    assert BSN not in problem_json(NotFound("x", deep={"in": [{"text": f"NL91ABNA0417164300 {BSN}"}]})).decode()


class Named:
    """A desk whose rows have a citizen service number in a name."""

    def __init__(self) -> None:
        self.calls = 0

    def find_patient(self, *_: object) -> FindPatientReply:
        return patient(f"Jansen {BSN}")

    def confirm(self, request: Any, _call: object) -> Any:
        self.calls += 1
        made = {"appointment": "7", "name": f"Jansen {BSN}", "starts_at": AT, "ends_at": AT}
        return contract("practice_confirm").reply.model_validate(
            {**made, "clinic": "MCEN", "therapist": "T07", "replaced": request.replaces}
        )


@pytest.mark.parametrize("strict", [False, True])
def test_a_strict_client_gets_a_problem_in_place_of_a_reply(state: Database, strict: bool) -> None:
    """It names kind and field; either way the audit counts what was found, and the metrics do."""
    calling, row = Calling(state), contract("practice_find_patient")
    request = row.request.model_validate({"telephone": "06-12345678"})
    answer = calling.immediate.read(caller(strict=strict), system(row, Named()), row, request)
    body = json.loads(answer.body)
    assert BSN not in answer.body.decode()
    if strict:
        assert (answer.status, body["type"].rpartition(":")[2]) == (422, LeakBlocked.slug)
        assert (body["found"], body["executed"]) == ([{"kind": "bsn", "field": "name"}], False)
    else:
        assert (answer.status, body["name"]) == (200, "Jansen [BSN]")
    outcome = calling.audit()[-1]
    assert outcome["detail"] == {"masked": {"bsn": 1}}
    assert outcome["outcome"] == (LeakBlocked.slug if strict else "ok")
    (metric,) = calling.leaks.found.collect()
    (sample,) = [each for each in metric.samples if each.name.endswith("_total")]
    assert (sample.labels, sample.value) == ({"system": "intramed", "contract": "find_patient", "kind": "bsn"}, 1)


def test_a_strict_client_s_write_is_not_repeated(state: Database) -> None:
    """It was executed, and says so; the same key gets the same answer, and the backend is asked once."""
    calling, row, desk = Calling(state), contract("practice_confirm"), Named()
    tokens = {
        name: calling.tokens.mint(kind, "agent", "intramed", key)  # type: ignore[arg-type]  # the kinds' values
        for name, kind, key in (("hold", "HD", "1:LS-A"), ("patient", "PT", "1"))
    }
    request = row.request.model_validate(tokens)
    answers = [calling.immediate.write(caller(strict=True), system(row, desk), row, request, WRITE) for _ in range(2)]
    assert [answer.status for answer in answers] == [422, 422]
    assert answers[0].body == answers[1].body
    assert json.loads(answers[0].body)["executed"] is True
    assert desk.calls == 1
