from datetime import UTC, datetime

import pytest

from outbox.alerts import Alert, Kind, insert_alert
from outbox.database import Database
from outbox.entry import to_ms
from outbox.telling import CannotTell, Teller
from tests.unit.outbox.stand_ins import Clock


class Ear:
    """Takes alerts, once it has refused as often as it was told to."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.heard: list[Alert] = []

    def __call__(self, alert: Alert) -> None:
        if self.refusals:
            self.refusals -= 1
            raise CannotTell("HTTP 503")
        self.heard.append(alert)


def raised(database: Database, clock: Clock, kind: Kind, destination: str = "planon") -> Alert:
    with database.transaction() as tx:
        return insert_alert(tx, destination, kind, "3 attempts in a row failed", to_ms(clock()))


def test_an_alert_is_told_once(database: Database, clock: Clock) -> None:
    """With everything that there is to know of it."""
    ear = Ear()
    teller, alert = Teller(database, clock, ear), raised(database, clock, "opened")
    assert teller.step()
    assert not teller.step()
    assert ear.heard == [alert]


def test_an_alert_that_nobody_took_is_told_again(database: Database, clock: Clock) -> None:
    """Under the same id, after a while, until it is taken."""
    ear = Ear(refusals=5)
    teller, alert = Teller(database, clock, ear), raised(database, clock, "opened")
    made = 0
    for _ in range(60):
        made += teller.step()
        clock.forward(60)
    assert ear.heard == [alert]
    assert made == 6


def test_an_end_is_not_told_before_its_beginning(database: Database, clock: Clock) -> None:
    """While the beginning waits for its next attempt, so does the end; another destination's does not."""
    ear = Ear(refusals=1)
    teller = Teller(database, clock, ear)
    opened = raised(database, clock, "opened")
    assert teller.step()
    closed, other = raised(database, clock, "closed"), raised(database, clock, "opened", "intramed")
    while teller.step():
        pass
    assert other in ear.heard
    clock.forward(600)
    while teller.step():
        pass
    assert [alert for alert in ear.heard if alert.destination == "planon"] == [opened, closed]


def test_an_old_alert_is_left_alone(database: Database, clock: Clock) -> None:
    """After a day it is news to nobody."""
    ear = Ear(refusals=10_000)
    teller = Teller(database, clock, ear)
    raised(database, clock, "opened")
    for _ in range(24 * 60 + 10):
        teller.step()
        clock.forward(60)
    assert 9_000 < ear.refusals < 10_000
    assert not teller.step()


def test_one_of_several_processes_tells(database: Database, clock: Clock) -> None:
    """Who claimed it has a minute for it; if it dies, another one tells."""
    ear = Ear()
    raised(database, clock, "opened")
    second = Teller(database, clock, ear)

    class Died(Exception):
        pass

    def dies(_: Alert) -> None:
        assert not second.step()
        raise Died

    with pytest.raises(Died):
        Teller(database, clock, dies).step()
    assert not second.step()
    clock.forward(61)
    assert second.step()
    assert len(ear.heard) == 1


def test_the_time_of_an_alert_is_that_of_what_it_tells(database: Database, clock: Clock) -> None:
    """Milliseconds since 1970 in UTC, whenever it is told."""
    at = clock.now
    alert = raised(database, clock, "opened")
    clock.forward(3600)
    assert datetime.fromtimestamp(alert.at / 1000, UTC) == at
