"""What the client asked is composed anew; what must not change is compared."""

from dataclasses import replace
from typing import Any, cast

import pytest

from contracts.catalogue import DeskKind
from contracts.delivery import Delivered, DeliveryState, Document, FollowOn, Rejected, Source
from contracts.desks import Call
from contracts.errors import NotFound
from outbox.entry import Entry
from outbox.superseding import Refused
from shim.systems import System
from shim.writing.anew import Change, Composed, compose
from tests.unit.outbox.stand_ins import REPORTED_AT
from tests.unit.shim.accepting import AGENT, Accepting, document

BEFORE = (Source("BO_CHANNEL", "WEBCHAT", "channel", "request"), Source("BO_TEXT", None, "text", "request"))
TODAY = (Source("BO_CHANNEL", "WHATSAPP", "channel", "request"), Source("BO_TEXT", None, "text", "request"))


class Desk:
    """Composes what a test prepared, and keeps what it was asked."""

    def __init__(self, composed: Document | Exception) -> None:
        self.composed = composed
        self.asked: list[tuple[Any, Call]] = []

    def log_note(self, request: Any, call: Call) -> Document:
        self.asked.append((request, call))
        if isinstance(self.composed, Exception):
            raise self.composed
        return self.composed


def again(accepting: Accepting, old: Entry, composed: Document | Exception, **options: Any) -> Composed:
    desk = Desk(composed)
    systems = {"planon": System("planon", DeskKind.FACILITY, cast("Any", desk))}
    told = compose(accepting.outbox, systems, old, **options)
    ((request, call),) = desk.asked
    first = accepting.entry(old.continues) if old.continues else old
    assert (request.tenant, request.incident, request.text) == ("T-0001", "INC-000001", "x")
    assert (call.reference, call.client) == (first.reference, AGENT.client.name)
    assert not call.staff
    assert not call.repeated
    return told


def refused(accepting: Accepting, composed: Document) -> Entry:
    """Return an entry that the backend refused."""
    accepting.receiver.answers.append(Rejected("E42"))
    entry = accepting.accept(composed)
    accepting.deliver()
    return accepting.entry(entry.id)


def rest(number: int, body: bytes = b"<Note>SLOT</Note>") -> FollowOn:
    return FollowOn("log_note", f"LS-rest-{number}", document("note", slot=b"SLOT", body=body))


def test_it_is_sent_as_it_is_composed_today(accepting: Accepting) -> None:
    """Under the old reference and report time, in the old one's turn; the client sees it where it saw the old one."""
    old = refused(accepting, document(provenance=BEFORE, order_key="tap"))
    behind = accepting.accept(document(order_key="tap"))
    told = again(accepting, old, document(body=b"<Today/>", provenance=TODAY, order_key="another"))
    assert told.changes == (Change("BO_CHANNEL", "WEBCHAT", "WHATSAPP"),)
    assert accepting.entry(old.id) == old
    new = accepting.hand.supersede(told.supersession, "the mapping was mended")
    assert (new.order_key, new.reference, new.reported_at) == (old.order_key, old.reference, old.reported_at)
    assert (new.traceparent, new.trace) == (old.traceparent, AGENT.correlation)
    assert accepting.durable.of_client(AGENT.client, old.id) == new
    accepting.deliver()
    sent = [(sending.body, sending.reference) for sending in accepting.receiver.sent]
    assert sent[1:] == [(b"<Today/>", old.reference), (b"<X/>", behind.reference)]
    assert accepting.outbox.request(new) == accepting.outbox.request(old)


def test_its_parts_are_composed_with_it(accepting: Accepting) -> None:
    """As many as there are today."""
    old = refused(accepting, document(follow_ons=(rest(1), rest(2))))
    told = again(accepting, old, document(follow_ons=(rest(1), rest(2), rest(3))))
    new = accepting.hand.supersede(told.supersession, "the schema is another one")
    accepting.deliver()
    parts = accepting.outbox.continuations(new)
    assert [(part.reference, part.state) for part in parts] == [
        (f"LS-rest-{number}", DeliveryState.DELIVERED) for number in (1, 2, 3)
    ]
    assert {part.follows for part in parts} == {new.id}


def test_a_part_alone_is_composed_where_its_whole_ended(accepting: Accepting) -> None:
    """The whole was delivered; while that is not over, the whole is superseded instead."""
    accepting.receiver.answers = [Delivered("INC-000482"), Rejected("E42")]
    whole = document(follow_ons=(rest(1), rest(2)))
    first = accepting.accept(whole)
    part, behind = accepting.outbox.continuations(first)
    with pytest.raises(Refused, match=f"a part of {first.id}"):
        compose(accepting.outbox, {}, accepting.entry(part.id))
    accepting.deliver()
    assert accepting.entry(part.id).state is DeliveryState.REJECTED
    cut_elsewhere = replace(whole, body=b"<X>more of it</X>")
    for other in (cut_elsewhere, replace(whole, follow_ons=(rest(2),))):
        with pytest.raises(Refused, match="in another form"):
            again(accepting, accepting.entry(part.id), other)
    today = replace(whole, follow_ons=(rest(1, b"<Today>SLOT</Today>"), rest(2)))
    told = again(accepting, accepting.entry(part.id), today)
    new = accepting.hand.supersede(told.supersession, "the schema is another one")
    assert (new.follows, new.continues, new.reference) == (first.id, first.id, part.reference)
    accepting.deliver()
    assert [sending.body for sending in accepting.receiver.sent[2:]] == [b"<Today>SLOT</Today>", b"<Note>SLOT</Note>"]
    assert {accepting.entry(entry.id).state for entry in (new, behind)} == {DeliveryState.DELIVERED}


def test_what_cannot_be_composed_today_stays_as_it_is(accepting: Accepting) -> None:
    """A hole in the mapping, somebody else, a system that is gone."""
    old = refused(accepting, document())
    with pytest.raises(Refused, match="cannot be composed today: no priority"):
        again(accepting, old, NotFound("no priority"))
    with pytest.raises(Refused, match="about somebody else"):
        again(accepting, old, document(subject="T-0002"))
    with pytest.raises(Refused, match="does not take log_note any more"):
        compose(accepting.outbox, {}, old)
    told = again(accepting, old, document(reported_at=REPORTED_AT.replace(minute=15)))
    with pytest.raises(Refused, match="would differ in report time"):
        accepting.hand.supersede(told.supersession, "the mapping was mended")
    assert accepting.entry(old.id) == old
