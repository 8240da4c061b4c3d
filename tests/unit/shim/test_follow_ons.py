"""What one document could not hold is accepted with it, and arrives after it."""

from typing import Any

import pytest

from contracts.delivery import Delivered, DeliveryState, Document, FollowOn, NotSent, Rejected
from outbox.entry import Entry
from tests.unit.outbox.stand_ins import REPORTED_AT, writer
from tests.unit.shim.accepting import AGENT, Accepting, document


def long(parts: int = 3, **both: Any) -> Document:
    """A document and the notes that continue it; `both` stands in the document and in them."""
    rest = {"kind": "note", "slot": b"SLOT", **both}
    if "about" in both:
        rest["slot"] = None
    follow_ons = tuple(
        FollowOn(
            "log_note", f"{both.get('subject', 'LS')}-{n}", document(**rest, body=f"<Note>{n}SLOT</Note>".encode())
        )
        for n in range(2, parts + 1)
    )
    kind = "note" if both else "incident"
    return document(kind, follow_ons=follow_ons, **({"slot": rest["slot"], **both} if both else {}))


def continuations(accepting: Accepting, entry: Entry) -> list[Entry]:
    return accepting.outbox.continuations(entry)


def sent(accepting: Accepting) -> list[tuple[bytes, str | None]]:
    return [(sending.body, sending.parent_backend_id) for sending in accepting.receiver.sent]


def test_the_rest_of_an_incident_is_filed_under_its_number(accepting: Accepting) -> None:
    """Entries of their own, by the same client, in order, with the incident's backend id in their slot."""
    incident = accepting.accept(long())
    parts = continuations(accepting, incident)
    assert [(part.contract, part.reference, part.client, part.state) for part in parts] == [
        ("log_note", "LS-2", "agent", DeliveryState.WAITING),
        ("log_note", "LS-3", "agent", DeliveryState.WAITING),
    ]
    assert {(part.follows, part.continues, part.order_key) for part in parts} == {
        (incident.id, incident.id, incident.order_key)
    }
    assert {part.traceparent for part in parts} == {incident.traceparent}
    assert incident.trace == AGENT.correlation
    assert len({incident.id, *(part.id for part in parts)}) == 3
    accepting.receiver.answers = [NotSent("refused"), Delivered("INC-000482")]
    accepting.deliver()
    assert sent(accepting) == [(b"<X/>", None)]
    accepting.clock.forward(60)
    accepting.deliver()
    assert sent(accepting)[1:] == [
        (b"<X/>", None),
        (b"<Note>2SLOT</Note>", "INC-000482"),
        (b"<Note>3SLOT</Note>", "INC-000482"),
    ]
    assert [part.reported_at for part in parts] == [REPORTED_AT] * 2


def test_the_rest_of_a_note_on_a_delivery_follows_that_delivery(accepting: Accepting) -> None:
    """Not the note: the number that all of them need is the incident's."""
    incident = accepting.accept(document())
    accepting.receiver.answers = [NotSent("refused"), Delivered("INC-000482"), Delivered("1001")]
    accepting.deliver()
    note = accepting.accept(long(follows=incident.id, follows_kind="incident"))
    later = accepting.accept(document("note", follows=incident.id, follows_kind="incident", body=b"later"))
    parts = continuations(accepting, note)
    assert {(part.follows, part.continues, part.order_key) for part in parts} == {
        (incident.id, note.id, incident.order_key)
    }
    accepting.clock.forward(60)
    accepting.deliver()
    assert sent(accepting)[2:] == [
        (b"<X/>", "INC-000482"),
        (b"<Note>2SLOT</Note>", "INC-000482"),
        (b"<Note>3SLOT</Note>", "INC-000482"),
        (b"later", "INC-000482"),
    ]
    assert accepting.entry(later.id).state is DeliveryState.DELIVERED


@pytest.mark.parametrize("brought", [True, False])
def test_the_rest_of_a_note_on_a_number_goes_in_the_incident_s_order(accepting: Accepting, brought: bool) -> None:
    """Whether this shim brought the incident or not; nothing waits for a slot."""
    accepting.receiver.answers = [Delivered("INC-000482")]
    incident = accepting.accept(document())
    accepting.deliver()
    number = "INC-000482" if brought else "INC-000111"
    note = accepting.accept(long(about=number, about_kind="incident"))
    parts = continuations(accepting, note)
    assert {(part.follows, part.continues, part.order_key) for part in parts} == {(None, note.id, note.order_key)}
    assert (note.order_key == incident.order_key) is brought
    accepting.receiver.answers = [NotSent("refused")]
    accepting.deliver()
    assert len(accepting.receiver.sent) == 2
    accepting.clock.forward(60)
    accepting.deliver()
    assert [body for body, _ in sent(accepting)[2:]] == [b"<X/>", b"<Note>2SLOT</Note>", b"<Note>3SLOT</Note>"]


def test_a_refused_part_is_told_as_any_other_delivery(accepting: Accepting) -> None:
    """The incident stays delivered; its rest waits for an administrator."""
    accepting.receiver.answers = [Delivered("INC-000482"), Rejected("E42")]
    incident = accepting.accept(long())
    accepting.deliver()
    assert accepting.entry(incident.id).state is DeliveryState.DELIVERED
    states = [part.state for part in continuations(accepting, incident)]
    assert states == [DeliveryState.REJECTED, DeliveryState.WAITING]


@pytest.mark.parametrize("not_found", [True, False])
def test_the_rest_of_what_was_given_up_is_not_sent_alone(accepting: Accepting, not_found: bool) -> None:
    """Part 2 without part 1 would mislead; only what names no incident of this tenant needs nobody."""
    accepting.receiver.answers = [Rejected("E42", not_found=not_found)]
    note = accepting.accept(long(about="INC-000111", about_kind="incident"))
    accepting.deliver()
    if not not_found:
        accepting.hand.discard(note.id, "typed over by hand")
        accepting.deliver()
    assert [body for body, _ in sent(accepting)] == [b"<X/>"]
    states = [part.state for part in continuations(accepting, note)]
    gone, stuck = DeliveryState.DISCARDED, DeliveryState.REJECTED
    assert states == ([gone, gone] if not_found else [stuck, DeliveryState.WAITING])


def test_a_repeat_continues_nothing_twice(accepting: Accepting) -> None:
    """The same key finds the delivery and its parts."""
    first = accepting.accept(long(), "key")
    assert accepting.accept(long(), "key").id == first.id
    assert len(continuations(accepting, first)) == 2


def test_all_of_it_is_one_commit(accepting: Accepting) -> None:
    """One sync for a report, however long."""
    commits: list[str] = []
    writer(accepting.state).set_trace_callback(lambda text: commits.append(text) if text == "COMMIT" else None)
    accepting.accept(long(parts=9))
    assert len(commits) == 1


@pytest.mark.parametrize(
    "rest",
    [
        {"subject": "T-0002"},
        {"follow_ons": (FollowOn("log_note", "LS-9", document("note")),)},
        {"about": "INC-000002"},
        {"follows": "dl_somebody"},
    ],
)
def test_a_follow_on_about_something_else_is_refused_whole(accepting: Accepting, rest: dict[str, Any]) -> None:
    """An adapter's defect must not file a tenant's words elsewhere; nothing of it is stored."""
    composed = document(follow_ons=(FollowOn("log_note", "LS-2", document("note", **rest)),))
    with pytest.raises(ValueError, match="a follow-on"):
        accepting.accept(composed, "key")
    assert accepting.outbox.counts() == []
    assert accepting.accept(document(), "key").state is DeliveryState.READY
