"""A look has one limit for all its calls, however many log-ins come in between."""

import time
from collections.abc import Callable
from typing import Any, cast

import pytest

from adapters.planon.mapping import load_mapping
from adapters.planon.records import Records
from adapters.planon.session import Session
from adapters.soap import ExchangeFailed, Flaw, SoapClient

LOGIN_S = 0.05


class SlowSession:
    """Logs in before every call."""

    def with_id(self, call: Callable[[str], Any], within_s: float | None = None) -> Any:
        del within_s
        time.sleep(LOGIN_S)
        return call("sid")


class Client:
    """Finds nothing, and keeps the time that it was given."""

    def __init__(self) -> None:
        self.given: list[float | None] = []

    def call(self, *_: Any, timeout_s: float | None) -> list[int]:
        self.given.append(timeout_s)
        return []


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def records(client: Client) -> Records:
    names = load_mapping(None).records
    return Records(cast("SoapClient", client), cast("Session", SlowSession()), names)


def test_a_log_in_uses_up_the_time_of_the_call_after_it(records: Records, client: Client) -> None:
    """The number is known already, and somebody waits for it."""
    records.incidents(number="INC-000001", within_s=10.0)
    (given,) = client.given
    assert given is not None
    assert given <= 10.0 - LOGIN_S


def test_a_call_for_which_no_time_is_left_is_not_made(records: Records, client: Client) -> None:
    """Nothing is asked that nobody waits for any more."""
    with pytest.raises(ExchangeFailed) as ended:
        records.incidents(number="INC-000001", within_s=LOGIN_S / 2)
    assert (ended.value.flaw, client.given) == (Flaw.NO_TIME, [])


def test_without_a_limit_the_usual_one_holds(records: Records, client: Client) -> None:
    """A question of the outbox has the time of any call."""
    records.incidents(reference="LS-TAP")
    assert client.given == [None]
