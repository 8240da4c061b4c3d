import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.planon.at_risk import at_risk, list_at_risk
from adapters.planon.replica import Row
from adapters.planon.status import status_of
from tests.unit.planon.planon_replica import made, replica_of

NOW = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)
AMSTERDAM = "2026-11-19T13:00:00+01:00"  # the same moment
WINDOW = timedelta(minutes=100)


def row(number: str = "INC-1", left: timedelta = timedelta(minutes=10), **changes: object) -> Row:
    due = NOW + left
    stored: dict[str, object] = {
        "incident_number": number,
        "status": "Reported",
        "priority": 2,
        "reported_on": (due - WINDOW).isoformat(),
        "sla_start": (due - WINDOW).isoformat(),
        "sla_due": due.isoformat(),
    }
    return stored | changes  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("left", "listed"),
    [
        (timedelta(minutes=25), False),
        (timedelta(minutes=25) - timedelta(seconds=1), True),
        (timedelta(minutes=25) + timedelta(seconds=1), False),
        (timedelta(0), True),
        (timedelta(days=-3), True),
        (timedelta(minutes=100), False),
    ],
)
def test_less_than_a_quarter_is_at_risk(left: timedelta, listed: bool) -> None:
    """Of the backend's own window; exactly a quarter is not less, and what is overdue has nothing left."""
    assert bool(at_risk([row(left=left)], NOW)) is listed


def test_an_incident_is_told_as_the_backend_has_it() -> None:
    """Its number, code, state and times, with their offsets."""
    (incident,) = at_risk([row(sla_due=AMSTERDAM)], NOW)
    assert incident.model_dump(mode="json") == {
        "incident": "INC-1",
        "status": "reported",
        "reported_at": "2026-11-19T10:30:00Z",
        "priority": 2,
        "sla": {"state": "running", "started_at": "2026-11-19T10:30:00Z", "due_at": "2026-11-19T13:00:00+01:00"},
    }


def test_the_nearest_due_comes_first() -> None:
    """By the moment and not by the text: 13:00 in Amsterdam is before 12:30 in UTC."""
    rows = [
        row("INC-UTC", sla_due="2026-11-19T12:30:00+00:00", sla_start="2026-11-19T06:00:00+00:00"),
        row("INC-AMS", sla_due=AMSTERDAM),
        row("INC-OLD", timedelta(hours=-1)),
    ]
    assert [incident.incident for incident in at_risk(rows, NOW)] == ["INC-OLD", "INC-AMS", "INC-UTC"]


@pytest.mark.parametrize("status", ["In progress", "Completed", "Canceled"])
def test_only_new_incidents_are_listed(status: str) -> None:
    """Also where a site's statement gives others."""
    assert at_risk([row(status=status)], NOW) == []


@pytest.mark.parametrize(
    "broken",
    [
        {"sla_due": "2026-11-19T12:10:00"},
        {"sla_start": "gisteren"},
        {"sla_due": None},
        {"reported_on": None},
        {"priority": None},
        {"status": "Wachtend op Jansen"},
        {"incident_number": "INC 1 Jansen"},
    ],
)
def test_a_row_that_cannot_be_read_hides_no_other(broken: Row, caplog: pytest.LogCaptureFixture) -> None:
    """It is left out and logged, without what stands in it."""
    caplog.set_level(logging.WARNING)
    (incident,) = at_risk([{**row("INC-1"), **broken}, row("INC-2")], NOW)
    assert incident.incident == "INC-2"
    assert len(caplog.records) == 1
    assert not any(word in caplog.text for word in ("Jansen", "gisteren", "INC"))


@pytest.mark.parametrize(("broken", "lines"), [(0, []), (1, ["1 of 3"]), (500, ["500 of 502"])])
def test_rows_that_cannot_be_read_are_one_line(broken: int, lines: list[str], caplog: pytest.LogCaptureFixture) -> None:
    """With their number: a column that lost its offsets would fill the log at every call."""
    caplog.set_level(logging.WARNING)
    rows = [row("INC-1"), *[row("INC-3", sla_due=None)] * broken, row("INC-2")]
    assert [incident.incident for incident in at_risk(rows, NOW)] == ["INC-1", "INC-2"]
    assert [record.getMessage().partition(" incidents ")[0] for record in caplog.records] == lines


def stored(number: int, minutes_left: float, status: str = "Reported", due: bool = True) -> str:
    start, end = (NOW + timedelta(minutes=minutes_left) - each for each in (WINDOW, timedelta(0)))
    clock = f"'{start.isoformat()}', '{end.isoformat()}'" if due else "NULL, NULL"
    return (
        f"INSERT INTO incident VALUES ({number}, 'INC-{number}', 'LS-{number}', 'T', 'WBV', 'C', '{status}', 2,"  # noqa: S608 - the test's own names
        f" '{start.isoformat()}', 'lekt', {clock}, '{start.isoformat()}')"
    )


def test_the_limit_counts_what_is_at_risk(tmp_path: Path) -> None:
    """The replica has four at risk, and others before, between and behind them; two are asked for."""
    incidents = (
        stored(1, 10),
        stored(2, -5, "In progress"),
        stored(3, -10, due=False),
        stored(4, 60),
        stored(5, -20),
        stored(6, 5),
        stored(7, 20),
    )
    replica, reader = replica_of(made(tmp_path / "r.sqlite", *incidents))
    reply = list_at_risk(replica, NOW, 2)
    assert [incident.incident for incident in reply.incidents] == ["INC-5", "INC-6"]
    assert reply.read_at == NOW
    assert reader.calls == 1
    assert len(list_at_risk(replica, NOW, 200).incidents) == 4


def test_more_than_can_be_read_leaves_the_nearest(tmp_path: Path) -> None:
    """After a long outage everything is late; the list is short, and not an error."""
    many = (
        "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 10200)"
        " INSERT INTO incident SELECT i, 'INC-' || i, 'LS', 'T', 'WBV', 'C', 'Reported', 2, '2026-11-18T10:00:00+00:00'"
        ", '', '2026-11-18T10:00:00+00:00', '2026-11-19T11:00:00+00:00', '' FROM n"
    )
    replica, _ = replica_of(made(tmp_path / "r.sqlite", many, stored(99_999, -300)))
    assert list_at_risk(replica, NOW, 1).incidents[0].incident == "INC-99999"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Reported", "reported"),
        ("In progress", "in_progress"),
        ("COMPLETED", "completed"),
        ("Canceled", "cancelled"),
    ],
)
def test_a_state_has_a_word_of_the_contract(word: str, status: str) -> None:
    """In any case of letters."""
    assert status_of(word) == status


def test_an_unknown_state_is_no_state() -> None:
    """None is invented."""
    with pytest.raises(ValueError, match="unknown"):
        status_of("Reportedly")
