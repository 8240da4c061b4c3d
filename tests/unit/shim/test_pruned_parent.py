"""A note may come long after the words of its incident were let go."""

from typing import Any

import pytest

from contracts.delivery import Delivered, DeliveryState
from contracts.errors import NotFound
from outbox.actions import Audit
from outbox.carrying.prune import Pruning, prune
from outbox.entry import Entry, to_ms
from shim.keys import RestCipher
from tests.unit.shim.accepting import Accepting, document


@pytest.fixture
def incident(accepting: Accepting) -> Entry:
    """A delivered incident of T-0001 whose payload was let go."""
    accepting.receiver.answers = [Delivered("INC-000111")]
    entry = accepting.accept(document())
    accepting.deliver()
    accepting.clock.forward(3600)
    now = to_ms(accepting.clock())
    pruning = Pruning("payloads", now, now)
    audit = Audit("beheer", "older than needed", now)
    assert prune(accepting.state, RestCipher(bytes(32)), pruning, audit, pause=lambda _: None).entries == 1
    return entry


def note(incident: Entry, by: str, **changes: Any) -> Any:
    """A note on the incident, by its delivery or by its number."""
    if by == "delivery":
        return document("note", follows=incident.id, follows_kind="incident", **changes)
    return document("note", about="INC-000111", about_kind="incident", **changes)


@pytest.mark.parametrize("by", ["delivery", "number"])
def test_it_still_gets_notes(accepting: Accepting, incident: Entry, by: str) -> None:
    """Under its order key, as before."""
    entry = accepting.accept(note(incident, by))
    accepting.deliver()
    assert accepting.entry(entry.id).order_key == incident.order_key
    assert accepting.entry(entry.id).state is DeliveryState.DELIVERED


@pytest.mark.parametrize("by", ["delivery", "number"])
def test_nobody_else_can_add_to_it(accepting: Accepting, incident: Entry, by: str) -> None:
    """Whose it is outlives the words."""
    with pytest.raises(NotFound):
        accepting.accept(note(incident, by, subject="T-0002"))
