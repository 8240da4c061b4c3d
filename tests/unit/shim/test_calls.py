"""What a desk is told of the client that calls, and what a client is told when an outcome is not certain."""

from datetime import timedelta
from typing import Any, cast

import pytest

from contracts.catalogue import Effect
from contracts.delivery import Document
from contracts.desks import Call
from contracts.errors import BackendOutcomeUnknown, BackendUnavailable, ContractError, SlotTaken, StateUnavailable
from contracts.practice import CancelReply, ListSlotsReply
from outbox.database import Database
from shim.writing.idempotency import Idempotency, external_reference
from tests.unit.shim.calling import NOW, TOKENS, WRITE, Calling, caller, contract, system


class Listening:
    """A desk that keeps the calls it gets."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.errors: list[ContractError] = []

    def list_slots(self, request: Any, call: Call) -> ListSlotsReply:
        del request
        self.calls.append(call)
        return ListSlotsReply(slots=[])

    def cancel(self, request: Any, call: Call) -> CancelReply:
        self.calls.append(call)
        if self.errors:
            raise self.errors.pop(0)
        return CancelReply(appointment=request.appointment)

    def log_note(self, request: Any, call: Call) -> Document:
        self.calls.append(call)
        return Document("note", b"{}", request.patient, request.reported_at)


def request_for(name: str, client: str) -> Any:
    token = {kind: TOKENS.mint(cast("Any", kind), client, "intramed", "1") for kind in ("PT", "AP")}
    bodies: dict[str, dict[str, Any]] = {
        "list_slots": {"starts_from": NOW, "starts_before": NOW.replace(day=20)},
        "cancel": {"appointment": token["AP"], "patient": token["PT"]},
        "log_note": {"patient": token["PT"], "text": "x", "reported_at": NOW},
    }
    return contract(f"practice_{name}").request.model_validate(bodies[name])


@pytest.mark.parametrize("name", ["list_slots", "cancel", "log_note"])
@pytest.mark.parametrize(
    ("scopes", "staff"),
    [({"intramed:staff"}, True), ({"planon:staff", "intramed:list_slots"}, False), (set[str](), False)],
)
def test_a_desk_knows_the_client_and_whether_staff_use_it(
    state: Database, name: str, scopes: set[str], staff: bool
) -> None:
    """Reads, immediate and durable writes alike; the staff scope of another system is none."""
    desk, calling = Listening(), Calling(state)
    row = contract(f"practice_{name}")
    request, who = request_for(name, "agent"), caller(*scopes)
    if row.effect is Effect.DURABLE:
        calling.durable.accept(who, system(row, desk), row, request, WRITE)
    elif row.effect is Effect.READ:
        calling.immediate.read(who, system(row, desk), row, request)
    else:
        calling.immediate.write(who, system(row, desk), row, request, WRITE)
    calling.log.close()
    reference = "" if row.effect is Effect.READ else external_reference("tilburg", "agent", "intramed", "key-1")
    assert desk.calls == [Call(reference, "agent", staff)]


@pytest.fixture
def desk() -> Listening:
    return Listening()


def cancelled(state: Database, desk: Listening, errors: list[ContractError]) -> Any:
    """Cancel over and over under one key, once for each error and once more; return what came each time."""
    row, calling = contract("practice_cancel"), Calling(state)
    desk.errors = list(errors)
    came: list[str] = []
    for _ in range(len(errors) + 1):
        try:
            calling.immediate.write(caller(), system(row, desk), row, request_for("cancel", "agent"), WRITE)
        except ContractError as error:
            came.append(error.slug)
        else:
            came.append("done")
    return came


def test_an_outcome_stays_unknown_until_it_is_known(state: Database, desk: Listening) -> None:
    """A later attempt that was not executed says nothing about the first one: 503 would be believed."""
    errors: list[ContractError] = [BackendOutcomeUnknown("no answer"), BackendUnavailable("busy")]
    assert cancelled(state, desk, errors) == ["outcome-unknown", "outcome-unknown", "done"]
    assert [call.repeated for call in desk.calls] == [False, True, True]


def test_what_was_not_executed_is_said_to_be(state: Database, desk: Listening) -> None:
    """In an outage every repeat is as certain as the first attempt; after one without an answer none is."""
    down = BackendUnavailable("down")
    errors: list[ContractError] = [down, down, BackendOutcomeUnknown("no answer"), down]
    assert cancelled(state, desk, errors) == [
        *("backend-unavailable", "backend-unavailable", "outcome-unknown", "outcome-unknown", "done"),
    ]
    assert [call.repeated for call in desk.calls] == [False, False, False, True, True]


def test_an_answer_that_cannot_be_stored_is_not_called_refused(
    state: Database, desk: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has happened in the backend; "nothing was accepted" would let an agent book again elsewhere."""

    def full(*_: Any, **__: Any) -> None:
        raise StateUnavailable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(Idempotency, "finish", full)
        assert cancelled(state, desk, []) == ["outcome-unknown"]
    assert cancelled(state, desk, []) == ["done"]


def test_the_answer_that_was_stored_first_is_everybodys(state: Database) -> None:
    """Two shims on one state work on the same key at once: both clients get what the faster one stored."""
    row = contract("practice_cancel")
    request = request_for("cancel", "agent")
    faster = Listening()

    class Slower(Listening):
        def cancel(self, request: Any, call: Call) -> CancelReply:
            self.calls.append(call)
            first.append(
                twin.immediate.write(caller(), system(row, faster), row, request_for("cancel", "agent"), WRITE)
            )
            return CancelReply(appointment=f"{request.appointment}1")

    first: list[Any] = []
    twin, calling = Calling(state), Calling(state)  # each has a guard of its own, as two processes have
    answer = calling.immediate.write(caller(), system(row, Slower()), row, request, WRITE)
    assert (answer.status, answer.body) == (first[0].status, first[0].body)
    again = calling.immediate.write(caller(), system(row, Listening()), row, request, WRITE)
    assert again.body == answer.body
    twin.log.close()
    calling.log.close()


def raced(
    state: Database, of_the_twin: ContractError | None, ours: ContractError | None
) -> tuple[list[str], list[bool]]:
    """A request whose twin in another process comes and ends while the desk works; then a third request.

    Returns what the twin, the first and the third got, and whether each was told that it may be a repetition.
    """
    row, came, desk = contract("practice_cancel"), [], Listening()
    calling, twin = Calling(state), Calling(state)  # each has a guard of its own, as two processes have

    def ask(process: Calling, asked: Any) -> None:
        try:
            process.immediate.write(caller(), system(row, asked), row, request_for("cancel", "agent"), WRITE)
        except ContractError as error:
            came.append(error.slug)
        else:
            came.append("done")

    class Slower(Listening):
        def cancel(self, request: Any, call: Call) -> CancelReply:
            desk.calls.append(call)
            desk.errors = [of_the_twin] if of_the_twin else []
            ask(twin, desk)
            if ours is not None:
                raise ours
            return CancelReply(appointment=request.appointment)

    ask(calling, Slower())
    ask(calling, desk)
    twin.log.close()
    calling.log.close()
    return came, [call.repeated for call in desk.calls]


def test_a_refusal_is_not_true_of_a_twin_that_was_executed(state: Database) -> None:
    """The first meets the twin's lock in the backend; what the twin did stands, for everybody and for good."""
    assert raced(state, None, SlotTaken("taken")) == (["done", "done", "done"], [False, True])


def test_not_executed_is_not_true_of_a_twin_that_may_have_been(state: Database) -> None:
    """Nobody is told "not executed" before the backend has said what became of the twin."""
    came, repeated = raced(state, BackendOutcomeUnknown("no answer"), BackendUnavailable("busy"))
    assert came == ["outcome-unknown", "outcome-unknown", "done"]
    assert repeated == [False, True, True]


def test_a_refusal_is_not_stored_while_a_twin_is_unknown(state: Database) -> None:
    """It would be replayed for good."""
    came, repeated = raced(state, BackendOutcomeUnknown("no answer"), SlotTaken("taken"))
    assert came == ["outcome-unknown", "outcome-unknown", "done"]
    assert repeated == [False, True, True]


def test_an_expired_token_says_nothing_of_what_was_executed(state: Database, desk: Listening) -> None:
    """A repeat after a day of an unknown outcome is not a refusal."""
    row, later = contract("practice_cancel"), [NOW]
    calling = Calling(state, lambda: later[0])
    desk.errors = [BackendOutcomeUnknown("no answer")]
    request = request_for("cancel", "agent")
    for _ in range(2):
        with pytest.raises(BackendOutcomeUnknown):
            calling.immediate.write(caller(), system(row, desk), row, request, WRITE)
        later[0] = NOW + timedelta(days=2)
    assert len(desk.calls) == 1
    calling.log.close()
