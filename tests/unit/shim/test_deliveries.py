"""What a client reads of its ended deliveries, and the cursor that says up to where."""

from dataclasses import replace

import pytest

from contracts.delivery import Delivered, EndedDeliveries
from contracts.errors import MalformedRequest, NotFound, StateUnavailable
from outbox.ended import Place
from outbox.entry import Entry
from shim.cursors import LENGTH, cursor_of, place_of
from shim.deliveries import DAMAGED, Deliveries
from shim.keys import Blind
from tests.unit.shim.accepting import AGENT, Accepting, contract, document
from tests.unit.shim.test_anew import again, refused, rest

BLIND = Blind(bytes(32))
CLIENT = AGENT.client.name


def reading(accepting: Accepting, *, configured: bool = True) -> Deliveries:
    def contract_of(entry: Entry) -> object:
        if not configured:
            raise NotFound("the delivery's system is not configured any more")
        return contract(entry.contract)

    return Deliveries(accepting.outbox, BLIND, contract_of, accepting.durable.told)  # type: ignore[arg-type]


def everything(accepting: Accepting) -> EndedDeliveries:
    return reading(accepting).page(CLIENT, None, 200)


def test_the_rest_of_a_text_is_listed_with_what_it_continues(accepting: Accepting) -> None:
    """Nobody has told the client its identifier before."""
    entry = accepting.accept(document(follow_ons=(rest(1), rest(2))))
    accepting.deliver()
    told = everything(accepting).deliveries
    assert [one.continues for one in told] == [None, entry.id, entry.id]
    assert [one.delivery for one in told] == [entry.id, *(part.id for part in accepting.outbox.continuations(entry))]


def test_what_was_composed_anew_is_listed_with_the_identifier_that_the_client_knows(accepting: Accepting) -> None:
    """However often it was; the earlier ending of the old one shows the new one as well."""
    old = refused(accepting, document())
    for _ in range(2):
        composed = again(accepting, accepting.outbox.current(old.id) or old, document(body=b"<Today/>"))
        new = accepting.hand.supersede(composed.supersession, "the mapping was mended")
    waiting = everything(accepting).deliveries
    assert [(one.delivery, one.replaces, one.state) for one in waiting] == [(new.id, old.id, "ready")]
    accepting.deliver()
    told = everything(accepting).deliveries
    assert [(one.delivery, one.replaces, one.state) for one in told] == [(new.id, old.id, "delivered")] * 2


def test_what_cannot_be_told_in_full_holds_up_nothing(accepting: Accepting) -> None:
    """A stored reply that is damaged, or of a system that is gone: the rest of it is told, and so is what follows."""
    accepting.receiver.answers = [Delivered("INC-000001", {"note": "N-1"}), Delivered("INC-000002", {"note": "N-2"})]
    first, second = (accepting.accept(document()) for _ in range(2))
    accepting.deliver()
    with accepting.state.transaction() as tx:
        values = {"id": first.id, "sealed": accepting.outbox.seal_result(second, {"note": "N-1"})}
        tx.execute("UPDATE entry SET result = :sealed WHERE id = :id", values)
    told = everything(accepting).deliveries
    assert [(one.delivery, one.state) for one in told] == [(first.id, "delivered"), (second.id, "delivered")]
    assert [one.attention for one in told] == [DAMAGED, None]
    assert [getattr(one, "note", None) for one in told] == [None, "N-2"]
    elsewhere = reading(accepting, configured=False).page(CLIENT, None, 200).deliveries
    assert [one.delivery for one in elsewhere] == [first.id, second.id]


def test_a_result_that_does_not_fit_holds_up_nothing(accepting: Accepting) -> None:
    """An adapter's, or of a release with another model: else every ending behind it would be out of reach."""
    accepting.receiver.answers = [Delivered("1", {"note": ["no", "text"]}), Delivered("2", {"note": "N-2"})]
    for _ in range(2):
        accepting.accept(document())
        accepting.deliver()
    told = everything(accepting).deliveries
    assert [one.attention for one in told] == [DAMAGED, None]
    assert [getattr(one, "note", None) for one in told] == [None, "N-2"]


def test_what_was_pruned_is_listed(accepting: Accepting) -> None:
    """A delivery's text is let go after some days; that it was delivered is not."""
    accepting.receiver.answers = [Delivered("INC-000001", {"note": "N-1"})]
    entry = accepting.accept(document())
    accepting.deliver()
    with accepting.state.transaction() as tx:
        tx.execute("DELETE FROM payload")
        tx.execute("DELETE FROM request")
    (told,) = everything(accepting).deliveries
    assert (told.delivery, told.model_dump()["note"]) == (entry.id, "N-1")


def test_a_state_that_cannot_be_read_tells_no_end(accepting: Accepting) -> None:
    """An empty answer would be taken for the truth."""
    accepting.state.close()
    accepting.state.path.unlink()
    with pytest.raises(StateUnavailable):
        everything(accepting)


@pytest.mark.parametrize("place", [Place(), Place(1, 0), Place(42, 1_790_000_000_000), Place(2**63, 2**63)])
def test_a_cursor_is_the_place_that_it_was_made_of(place: Place) -> None:
    """Always the same text, of the same length, whatever the place."""
    cursor = cursor_of(place, CLIENT, BLIND)
    assert place_of(cursor, CLIENT, BLIND) == place
    assert cursor == cursor_of(replace(place), CLIENT, Blind(bytes(32)))
    assert len(cursor) == LENGTH


def test_a_cursor_is_its_client_s_alone_and_to_the_letter() -> None:
    """Another client, another deployment, or any letter changed."""
    cursor = cursor_of(Place(3, 0), CLIENT, BLIND)
    for client, blind in ((f"{CLIENT}2", BLIND), (CLIENT, Blind(b"\x01" * 32))):
        with pytest.raises(MalformedRequest):
            place_of(cursor, client, blind)
    wrong = {cursor[:at] + letter + cursor[at + 1 :] for at in range(LENGTH) for letter in "AZaz09-_+/=\n é"} - {cursor}
    for text in [*wrong, "", "DC_", cursor + "=", cursor + "\n", cursor[3:]]:
        with pytest.raises(MalformedRequest) as refused_:
            place_of(text, CLIENT, BLIND)
        assert refused_.value.members["violations"][0]["field"] == "since"  # type: ignore[index,call-overload]
