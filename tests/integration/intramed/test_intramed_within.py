"""A client that is limited to clinics, beside what the conformance suite asks: what it costs, and what a site needs."""

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.intramed.desk import IntramedDesk
from adapters.sql.messages import Step
from adapters.sql.transport import Transport
from contracts.desks import Call
from contracts.errors import BackendUnavailable, NotFound
from contracts.practice import CancelRequest, ConfirmRequest, HoldSlotRequest, ListSlotsRequest
from tests.integration.intramed.direct import STATEMENTS
from tests.integration.intramed.stage import Practice
from tests.practice_cast import Cast

ZONE = ZoneInfo("Europe/Amsterdam")
UNLIMITED = Call("LS-B", "agent")
BOTSING = "and not exists (select 1 from AGENDA_BOTSING Z where Z.SLOT = A.NUMMER)"

pytestmark = pytest.mark.parametrize("practice", ["embedded"], indirect=True)


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said to the database, in order: a word for the account, and its statements."""
    said: list[str] = []

    def noted(word: str, do: Callable[..., Any]) -> Callable[..., Any]:
        def noting(transport: Transport, steps: Sequence[Step], until: float) -> Any:
            said.append(" ".join((word, *(step.statement for step in steps))))
            return do(transport, steps, until)

        return noting

    monkeypatch.setattr(Transport, "read_all", noted("read", Transport.read_all))
    monkeypatch.setattr(Transport, "write", noted("write", Transport.write))
    return said


def limited(cast: Cast) -> Call:
    """Return the call of a client that sees the first of the two clinics."""
    return Call("LS-A", "agent", within=frozenset(cast.clinics[:1]))


def a_slot(desk: IntramedDesk, cast: Cast, clinic: int) -> str:
    """Return a free slot of one of the two clinics."""
    begin = cast.moment.replace(tzinfo=ZONE)
    window = {"starts_from": begin, "starts_before": begin + timedelta(days=1), "clinic": cast.clinics[clinic]}
    return desk.list_slots(ListSlotsRequest.model_validate(window), UNLIMITED).slots[0].slot


def test_what_is_elsewhere_costs_what_is_unknown_costs(desk: IntramedDesk, jobs: list[str], cast: Cast) -> None:
    """One look and no write, so that time tells nothing; who has no limit pays for no look."""
    slot, unknown = a_slot(desk, cast, 1), "999999999"
    held = desk.hold_slot(HoldSlotRequest(slot=slot, patient=cast.alone.number), UNLIMITED)
    made = desk.confirm(ConfirmRequest(hold=held.hold, patient=cast.alone.number), UNLIMITED)
    assert jobs[1:] == ["write hold_slot", "write confirm"]

    def refused(contract: str, request: Any) -> list[str]:
        jobs.clear()
        with pytest.raises(NotFound):
            getattr(desk, contract)(request, limited(cast))
        return list(jobs)

    for key in (slot, unknown):
        assert refused("hold_slot", HoldSlotRequest(slot=key, patient=cast.alone.number)) == ["read slot"]
    here = desk.hold_slot(HoldSlotRequest(slot=a_slot(desk, cast, 0), patient=cast.alone.number), limited(cast))
    for key in (made.appointment, unknown):
        assert refused("cancel", CancelRequest(appointment=key, patient=cast.alone.number)) == ["read appointment"]
        instead = ConfirmRequest(hold=here.hold, patient=cast.alone.number, replaces=key)
        assert refused("confirm", instead) == ["read slot appointment"]


def test_a_site_of_an_earlier_release_starts_and_serves_who_is_not_limited(
    practice: Practice, tmp_path: Path, caplog: pytest.LogCaptureFixture, cast: Cast
) -> None:
    """It has no file for the looks, and tables of its own: whoever is limited gets 503, and nothing is written."""
    practice.change("revoke select on AGENDA_BOTSING from SHIM_READ")
    shipped = (STATEMENTS / "list_slots.sql").read_text(encoding="utf-8")
    (tmp_path / "list_slots.sql").write_text(shipped.replace(BOTSING, "and A.STATUS = 'F'"), encoding="utf-8")
    desk = practice.desk(statements=tmp_path)
    with caplog.at_level(logging.WARNING):
        assert desk.check_backend() == []
    (warned,) = [record.getMessage() for record in caplog.records if "limited" in record.getMessage()]
    assert "statement slot:" in warned
    slot = a_slot(desk, cast, 0)
    with pytest.raises(BackendUnavailable):
        desk.hold_slot(HoldSlotRequest(slot=slot, patient=cast.alone.number), limited(cast))
    desk.hold_slot(HoldSlotRequest(slot=slot, patient=cast.alone.number), UNLIMITED)


def test_a_sites_own_look_that_is_wrong_stops_the_start(practice: Practice, tmp_path: Path) -> None:
    """Somebody wrote it for this site; and where the shim holds, everybody needs it."""
    practice.change("revoke select on AGENDA_BOTSING from SHIM_READ")
    for name, old, new in (("list_slots", BOTSING, "and A.STATUS = 'F'"), ("slot", "AGENDA A", "NERGENS A")):
        shipped = (STATEMENTS / f"{name}.sql").read_text(encoding="utf-8")
        (tmp_path / f"{name}.sql").write_text(shipped.replace(old, new), encoding="utf-8")
    (told,) = practice.desk(statements=tmp_path).check_backend()
    assert told.startswith("statement slot:")
    (tmp_path / "slot.sql").unlink()
    (told,) = practice.desk(statements=tmp_path, holds="shim").check_backend()
    assert told.startswith("statement slot:")
