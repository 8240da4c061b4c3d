"""Dates: whole weeks away, alike for everything of one person."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.snapshots import Cell
from shim.pseudonyms.kinds import What
from shim.pseudonyms.pseudonyms import NOTHING, Pseudonyms
from tests.unit.shim.pseudonyms.rewritten import KEY

PSEUDONYMS = Pseudonyms(KEY, NOTHING)


def of(kind: str, cell: Cell, person: str = "") -> Cell:
    return PSEUDONYMS.of(What(kind), cell, None, person)


@settings(deadline=None)
@given(st.dates(), st.sampled_from(["", "one", "other"]))
def test_a_birth_date_keeps_its_weekday_and_year(day: date, person: str) -> None:
    """And is never itself."""
    new = of("birth_date", day, person)
    assert isinstance(new, date)
    assert (new.year, new.weekday()) == (day.year, day.weekday())
    assert new != day


def test_no_birth_date_stays_and_all_weeks_are_used() -> None:
    """Every day of a leap year for one person, and one day for many people."""
    days = [date(2024, 1, 1) + timedelta(days=at) for at in range(366)]
    assert all(of("birth_date", day) != day for day in days)
    drawn = {of("birth_date", date(1951, 7, 19), f"number:patient={at}") for at in range(1000)}
    assert len(drawn) == 51
    assert date(1951, 7, 19) not in drawn


@settings(deadline=None)
@given(st.datetimes(), st.sampled_from(["", "one", "other"]))
def test_a_time_stamp_keeps_its_weekday_and_time(moment: datetime, person: str) -> None:
    """4 to 52 weeks earlier; later only where no earlier year is."""
    new = of("timestamp", moment, person)
    assert isinstance(new, datetime)
    assert new.time() == moment.time()
    weeks, rest = divmod((moment.date() - new.date()).days, 7)
    assert rest == 0
    assert 4 <= weeks <= 52 or (moment.year < 3 and -52 <= weeks <= -4)


def test_everything_of_one_person_is_shifted_alike() -> None:
    """Dates, time stamps and texts: what was a week apart still is."""
    days = [date(2026, 1, 5) + timedelta(days=at) for at in range(0, 60, 7)]
    shifts = {day - of_day for day in days if isinstance(of_day := of("date", day, "number:patient=1"), date)}
    assert len(shifts) == 1
    (shift,) = shifts
    moment = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
    assert of("timestamp", moment, "number:patient=1") == moment - shift
    assert of("timestamp", "2026-01-05T09:30:00+01:00", "number:patient=1") == f"{days[0] - shift}T09:30:00+01:00"
    assert len({of("date", days[0], f"number:patient={number}") for number in range(100)}) > 20


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("05-01-2026", "%d-%m-%Y"),
        ("20260105", "%Y%m%d"),
        ("2026-01-05 09:30", "%Y-%m-%d 09:30"),
        ("05/01/2026", "%d/%m/%Y"),
    ],
)
def test_a_date_that_is_a_text_keeps_its_form(text: str, form: str) -> None:
    """In the orders in which old systems write one."""
    shifted = of("date", date(2026, 1, 5), "somebody")
    assert isinstance(shifted, date)
    assert of("date", text, "somebody") == shifted.strftime(form)


@pytest.mark.parametrize("text", ["onbekend", "31-02-2026", "2026-13-01"])
def test_a_text_that_is_no_date_stays(text: str) -> None:
    """There is nothing to shift."""
    assert of("date", text, "somebody") == text
