"""Every access is written down: an intent before anything is asked, an outcome whatever happens, and no contents."""

from collections.abc import Callable
from typing import Any

import pytest

from contracts.delivery import Document
from contracts.errors import BackendUnavailable, ContractError, NotFound, SlotTaken, StateUnavailable
from contracts.fields import TokenKind
from contracts.practice import CancelReply, FindPatientReply, ListUpcomingReply
from outbox.database import Database
from shim.audit.log import AuditLog
from tests.unit.shim.calling import NOW, TOKENS, TRACE, WRITE, Calling, caller, contract, system

Ask = Callable[[], Any]


class Desk:
    """A desk that notes when it was asked, and says what it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked = 0

    def _say(self, reply: Any) -> Any:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return reply

    def find_patient(self, *_: object) -> Any:
        return self._say(FindPatientReply(match="certain", patient="00000101", name="Jansen"))

    def list_upcoming(self, *_: object) -> Any:
        return self._say(ListUpcomingReply(appointments=[]))

    def cancel(self, request: Any, _: object) -> Any:
        return self._say(CancelReply(appointment=request.appointment))

    def log_note(self, request: Any, _: object) -> Any:
        return self._say(Document("note", b"{}", request.patient, request.reported_at))


BODIES: dict[str, dict[str, Any]] = {
    "find_patient": {"telephone": "06-12345678"},
    "list_upcoming": {"patient": "PT"},
    "cancel": {"patient": "PT", "appointment": "AP"},
    "log_note": {"patient": "PT", "text": "belt morgen terug", "reported_at": NOW},
}


def asking(calling: Calling, name: str, desk: Desk, **limits: Any) -> Ask:
    row = contract(f"practice_{name}")
    body = {
        field: TOKENS.mint(value, "agent", "intramed", "00000101") if value in {"PT", "AP"} else value
        for field, value in BODIES[name].items()
    }
    request, who, where = row.request.model_validate(body), caller(**limits), system(row, desk)
    if name in {"find_patient", "list_upcoming"}:
        return lambda: calling.immediate.read(who, where, row, request)
    if name == "cancel":
        return lambda: calling.immediate.write(who, where, row, request, WRITE)
    return lambda: calling.durable.accept(who, where, row, request, WRITE)


@pytest.mark.parametrize("name", BODIES)
def test_an_access_answers_the_questions(state: Database, name: str) -> None:
    """Who, for whom, why, which system and contract, which person, what came of it; never what was read or written."""
    calling = Calling(state)
    asking(calling, name, Desk())()
    rows = calling.audit()
    assert [row["phase"] for row in rows] == (["outcome"] if name == "log_note" else ["intent", "outcome"])
    assert len({row["access"] for row in rows}) == 1
    subject, subject_key = calling.subjects("intramed", "PT", "00000101")
    for row in rows:
        assert (row["action"], row["client"], row["system"]) == (f"practice_{name}", "agent", "intramed")
        assert (row["contract"], row["on_behalf_of"], row["purpose"]) == (name, "j.devries", "rebooking")
        assert row["correlation"] == TRACE
        known = row["phase"] == "outcome" or name != "find_patient"
        assert (row["subject"], row["subject_key"]) == ((subject, subject_key) if known else (None, None))
    assert rows[-1]["outcome"] == ("accepted" if name == "log_note" else "ok")
    told = str(rows)
    for word in ("00000101", "Jansen", "belt morgen", "12345678"):
        assert word not in told


@pytest.mark.parametrize("name", BODIES)
def test_what_cannot_be_written_down_does_not_happen(
    state: Database, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backend is not asked, and nothing is accepted."""
    calling, desk = Calling(state), Desk()

    def full(*_: object) -> None:
        raise StateUnavailable("the disk is full")

    monkeypatch.setattr(AuditLog, "_run", full)
    with pytest.raises(StateUnavailable):
        asking(calling, name, desk)()
    assert desk.asked == (1 if name == "log_note" else 0)  # to compose is to ask nobody
    assert state.read("SELECT COUNT(*) AS n FROM entry")[0]["n"] == 0
    assert state.read("SELECT COUNT(*) AS n FROM idempotency")[0]["n"] == 0


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("error", [NotFound("x"), SlotTaken("x"), BackendUnavailable("x"), ValueError("999911120")])
def test_a_failure_is_an_outcome(state: Database, name: str, error: Exception) -> None:
    """By its problem type, a defect without its words."""
    calling = Calling(state)
    with pytest.raises(type(error)):
        asking(calling, name, Desk(error))()
    outcome = calling.audit()[-1]
    slug, status = (error.slug, error.status) if isinstance(error, ContractError) else ("internal-error", 500)
    assert (outcome["phase"], outcome["outcome"], outcome["status"]) == ("outcome", slug, status)
    assert "999911120" not in str(calling.state.read("SELECT * FROM audit_event"))


@pytest.mark.parametrize("name", ["cancel", "log_note"])
def test_a_repeat_is_an_access_of_its_own(state: Database, name: str) -> None:
    """The stored answer is given to somebody again."""
    calling, desk = Calling(state), Desk()
    ask = asking(calling, name, desk)
    first, again = ask(), ask()
    assert desk.asked == 1
    assert (first.id, first.state) == (again.id, again.state) if name == "log_note" else first.body == again.body
    rows = calling.audit()
    assert [row["outcome"] for row in rows if row["phase"] == "outcome"] == [rows[-2]["outcome"], "replayed"]
    assert len({row["subject"] for row in rows}) == 1  # about the same person, who is looked at again
    assert rows[-1]["subject"]
    assert len({row["access"] for row in rows}) == 2


def test_an_unknown_token_is_written_down(state: Database) -> None:
    """Somebody tried; nobody was asked."""
    calling, desk, row = Calling(state), Desk(), contract("practice_list_upcoming")
    foreign = TOKENS.mint(TokenKind.PATIENT, "other", "intramed", "00000101")
    request = row.request.model_validate({"patient": foreign})
    with pytest.raises(NotFound):
        calling.immediate.read(caller(), system(row, desk), row, request)
    (outcome,) = calling.audit()
    assert (outcome["phase"], outcome["outcome"], outcome["subject"], desk.asked) == ("outcome", "not-found", None, 0)


@pytest.mark.parametrize("name", ["list_upcoming", "cancel", "log_note"])
def test_not_even_a_refusal_is_told_when_nothing_can_be_written(
    state: Database, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a full disk would leave somebody who asks and asks, and nobody who knows."""
    calling, row = Calling(state), contract(f"practice_{name}")
    foreign = {"PT": TokenKind.PATIENT, "AP": TokenKind.APPOINTMENT}
    body = {
        field: TOKENS.mint(foreign[value], "other", "intramed", "1") if value in foreign else value
        for field, value in BODIES[name].items()
    }
    request = row.request.model_validate(body)

    def full(*_: object) -> None:
        raise StateUnavailable("the disk is full")

    who, where = caller(), system(row, Desk())
    ask: dict[str, Ask] = {
        "list_upcoming": lambda: calling.immediate.read(who, where, row, request),
        "cancel": lambda: calling.immediate.write(who, where, row, request, WRITE),
        "log_note": lambda: calling.durable.accept(who, where, row, request, WRITE),
    }
    monkeypatch.setattr(AuditLog, "_run", full)
    with pytest.raises(StateUnavailable):
        ask[name]()
