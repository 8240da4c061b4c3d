"""What is stored to compose a document anew, and in which order entries of one system go."""

import json

from contracts.catalogue import CATALOGUE, Effect
from contracts.delivery import FollowOn
from tests.unit.shim.accepting import Accepting, contract, document


def test_a_request_is_stored_as_the_adapter_got_it(accepting: Accepting) -> None:
    """With its tokens opened, because they expire; sealed; and it is the request again when it is read."""
    entry = accepting.accept(document("note"))
    stored = accepting.outbox.request(entry)
    assert stored is not None
    told = json.loads(stored)
    assert told["staff"] is False
    again = contract("log_note").request.model_validate(told["request"])
    assert again.model_dump(mode="json") == told["request"]
    assert told["request"]["tenant"] == "T-0001"
    assert told["request"]["reported_at"] == "2026-11-19T22:14:03+01:00"
    ((sealed,),) = accepting.state.read("SELECT body FROM request")
    assert b"T-0001" not in sealed


def test_a_repeat_stores_nothing_more(accepting: Accepting) -> None:
    """One request, one entry."""
    accepting.accept(document("note"), key="same")
    accepting.accept(document("note"), key="same")
    assert len(accepting.state.read("SELECT body FROM request")) == 1


def test_reports_of_damage_go_before_all_else() -> None:
    """Only an incident has the first rank, among what is delivered."""
    ranks = {row.name: row.rank for row in CATALOGUE if row.effect is Effect.DURABLE}
    assert ranks == {"create_incident": 0, "log_note": 1}


def test_what_a_document_could_not_hold_goes_after_other_incidents(accepting: Accepting) -> None:
    """Its request is stored with the first part, which is composed anew as a whole."""
    rest = document("note", order_key=None)
    entry = accepting.accept(document("note", follow_ons=(FollowOn("log_note", "REST-1", rest),)))
    (continued,) = accepting.outbox.continuations(entry)
    assert continued.rank == 1
    assert accepting.outbox.request(continued) is None
