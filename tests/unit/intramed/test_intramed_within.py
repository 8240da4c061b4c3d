from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from adapters.intramed.calls import Deadline
from adapters.intramed.listing import Listing
from adapters.intramed.within import Clinics
from adapters.sql.messages import Row, Step
from contracts.desks import Call, Hold
from contracts.errors import NotFound
from contracts.practice import ListSlotsRequest

BEGIN = datetime(2031, 3, 6, 8, 0, tzinfo=UTC)
CODES = ("MCEN", "mcen") * 12 + ("MEER",)
SOME = Clinics.of(Call(within=frozenset({" MCEN ", "", "mcen", "X" * 11, "日本"})))


class Agenda:
    """A database that takes capitals for the same and has three slots an hour, each in the next clinic."""

    def __init__(self, **clinic_of: str) -> None:
        self.clinic_of = clinic_of

    def read_all(self, steps: Sequence[Step], until: float) -> list[list[Row]]:
        del until
        return [self._found(**step.parameters) if step.statement == "list_slots" else self._one(step) for step in steps]

    def _found(self, clinic: str, max_rows: int, **_: Any) -> list[Row]:
        local = BEGIN.astimezone(ZoneInfo("Europe/Amsterdam")).replace(tzinfo=None)
        slots: list[Row] = [
            {
                "slot": n,
                "starts_at": local + timedelta(minutes=20 * n),
                "minutes": 20,
                "clinic": code,
                "therapist": code,
            }
            for n, code in enumerate(CODES)
        ]
        return [slot for slot in slots if clinic.casefold() in {"", str(slot["clinic"]).casefold()}][:max_rows]

    def _one(self, step: Step) -> list[Row]:
        key = str(next(iter(step.parameters.values())))
        return [{"clinic": self.clinic_of[key]}] if key in self.clinic_of else []


def deadline(**clinic_of: str) -> Deadline:
    return Deadline(cast("Any", Agenda(**clinic_of)), 0.0)


def listed(clinics: Clinics, limit: int, *held: Hold) -> list[int]:
    request = ListSlotsRequest(starts_from=BEGIN, starts_before=BEGIN + timedelta(days=1), limit=limit)
    listing = Listing(request, clinics, BEGIN, ZoneInfo("Europe/Amsterdam"), held)
    return [int(slot.slot) for slot in listing.read(clinics.to_list(None, "cp1252"), deadline())]


def test_only_codes_that_a_clinic_can_have_are_asked_for() -> None:
    """Without padding; none stands for all clinics by accident, and none makes the database refuse the others."""
    assert SOME.to_list(None, "cp1252") == ["MCEN", "mcen"]
    assert SOME.to_list(" MCEN ", "cp1252") == ["MCEN"]
    assert SOME.to_list("MEER", "cp1252") == Clinics.of(Call(within=frozenset())).to_list(None, "cp1252") == []
    assert (Clinics(None).to_list(None, "cp1252"), Clinics(None).to_list("meer ", "cp1252")) == ([""], ["meer "])


def test_a_row_is_of_a_clinic_by_its_exact_code() -> None:
    """A row without one is of none; without a limit every row counts."""
    assert [SOME.has({"clinic": code}) for code in ("MCEN", "mcen", "Mcen", "MEER", "", None)] == [True] * 2 + [
        False
    ] * 4
    assert Clinics(None).has({"clinic": None})


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_a_database_that_takes_capitals_for_the_same_shows_no_more(limit: int) -> None:
    """Nothing of another code, nothing twice, and not fewer than asked for."""
    assert listed(Clinics(frozenset({"MCEN"})), limit) == list(range(0, 24, 2))[:limit]
    assert listed(Clinics(frozenset({"MCEN", "mcen"})), limit) == list(range(24))[:limit]
    assert listed(Clinics(frozenset({"Mcen"})), limit) == []
    assert listed(Clinics(None), limit) == list(range(25))[:limit]


def test_what_one_hold_takes_away_is_made_up_for_in_each_clinic() -> None:
    """A later slot of another clinic does not jump the queue."""
    held = Hold("0", "MCEN", BEGIN, BEGIN + timedelta(minutes=20 * 13), "", "", "")
    assert listed(Clinics(frozenset({"MCEN", "MEER"})), 1, held) == [14]
    assert listed(Clinics(frozenset({"MCEN", "MEER"})), 50, held) == [*range(14, 24, 2), 24]


def test_what_is_elsewhere_and_what_is_nowhere_are_refused_alike() -> None:
    """The words are those of what was looked for; without a limit nothing is looked at."""
    there = deadline(**{"1": "MCEN", "2": "MEER"})
    here = Clinics(frozenset({"MCEN"}))
    here.check_slot(1, "no slot", there)
    here.check_confirm(1, 1, "P", there)
    for key in (2, 3):
        asks: tuple[tuple[Callable[[], None], str], ...] = (
            (lambda: here.check_slot(key, "no slot", there), "no slot"),  # noqa: B023 - called here, and the next ones
            (lambda: here.check_confirm(key, 1, "P", there), "no such hold"),  # noqa: B023
            (lambda: here.check_confirm(1, key, "P", there), "nothing was changed"),  # noqa: B023
            (lambda: here.check_appointment(key, "P", there), "no such appointment"),  # noqa: B023
        )
        for ask, words in asks:
            with pytest.raises(NotFound, match=words):
                ask()
        Clinics(None).check_confirm(key, key, "P", cast("Any", None))
