"""Clients and their keys: who is let in, how keys are replaced, and what a name is worth for good."""

import json
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from contracts.errors import Unauthenticated
from outbox.sqlite.database import SqliteDatabase
from shim.admission.client import Client, ClientLimits
from shim.admission.clients import ClientExists, Clients, ClientUnknown, KnownClient, prefix_of
from tests.unit.outbox.stand_ins import Clock

LIMITS = ClientLimits(
    within={"planon": frozenset({"M1", "M2"})},
    networks=(ip_network("10.1.0.0/16"), ip_network("fd00::/8")),
    requests_per_minute=30,
    attempts=3,
    people_per_hour=12,
    strict=True,
)


@pytest.fixture
def clients(state: SqliteDatabase) -> Clients:
    return Clients(state, Clock())


@pytest.fixture
def age(state: SqliteDatabase) -> Callable[[float], None]:
    """Move the keys' times into the past: the database's clock cannot be set."""

    def older(seconds: float) -> None:
        with sqlite3.connect(state.path) as connection:
            for column in ("expires_at", "last_used_at"):
                connection.execute(f"UPDATE client_key SET {column} = {column} - ?", [round(seconds * 1000)])  # noqa: S608
        connection.close()

    return older


def refused(clients: Clients, key: str) -> str:
    with pytest.raises(Unauthenticated) as error:
        clients.authenticate(key)
    return error.value.detail


def test_a_key_names_its_client_with_all_that_narrows_it(clients: Clients) -> None:
    """Limits come back as they were given."""
    key = clients.add("agent", ["planon:read", "planon:read"], LIMITS)
    known = clients.authenticate(key)
    assert known == KnownClient(Client("agent", frozenset({"planon:read"}), LIMITS), key[3:11], None)
    assert clients.authenticate(clients.add("wide", [])).client.limits == ClientLimits()


def test_limits_are_stored_without_what_is_not_set() -> None:
    """They are read by people, too."""
    assert ClientLimits().as_json() == {}
    assert ClientLimits.of_json(json.loads(json.dumps(LIMITS.as_json()))) == LIMITS


def test_a_key_is_nowhere_in_the_state(clients: Clients, state: SqliteDatabase) -> None:
    """Only its hash and the part that is shown."""
    key = clients.add("agent", ["planon:read"])
    state.close()
    stored = b"".join(file.read_bytes() for file in state.path.parent.glob("shim.db*"))
    assert key[3:11].encode() in stored
    assert key[12:].encode() not in stored


def test_authentication_is_one_read_and_no_write(clients: Clients, state: SqliteDatabase) -> None:
    """Every request pays for it."""
    key = clients.add("agent", ["planon:read"])
    reads: list[object] = []

    class Counting:
        def read(self, statement: Any, **parameters: Any) -> list[Any]:
            reads.append(statement)
            return state.read(statement, **parameters)

    counting = Clients(Counting(), Clock())  # type: ignore[arg-type]  # nothing else may be used
    assert counting.authenticate(key).client.name == "agent"
    refused(counting, f"ls_00000000_{'A' * 43}")
    refused(counting, "no key at all")
    assert len(reads) == 2


def test_every_refusal_is_alike(clients: Clients, age: Callable[[float], None]) -> None:
    """Unknown, mistyped, expired and revoked keys cannot be told apart."""
    expired, revoked, unknown = (clients.add(name, ["planon:read"]) for name in ("old", "gone", "agent"))
    clients.rotate("old", timedelta(hours=1))
    age(3601)
    clients.revoke("gone")
    mistyped = unknown[:-1] + ("A" if unknown[-1] != "A" else "B")
    told = {refused(clients, key) for key in (expired, revoked, mistyped, f"ls_00000000_{'A' * 43}", "", "x" * 10_000)}
    assert len(told) == 1
    assert clients.authenticate(unknown).client.name == "agent"


def test_after_a_rotation_both_keys_are_good_until_the_overlap_is_over(
    clients: Clients, age: Callable[[float], None]
) -> None:
    """So that nobody has to be in two places at once."""
    old = clients.add("agent", ["planon:read"], LIMITS)
    new = clients.rotate("agent", timedelta(hours=24))
    assert clients.authenticate(old).client == clients.authenticate(new).client
    age(24 * 3600 - 60)
    assert clients.authenticate(old).client.name == "agent"
    age(61)
    refused(clients, old)
    assert clients.authenticate(new).client.limits == LIMITS
    (row,) = clients.rows()
    assert [key.prefix for key in row.keys] == [prefix_of(new)]


def test_a_second_rotation_does_not_prolong_a_key(clients: Clients) -> None:
    """Else one that leaked would live on with each."""
    first = clients.add("agent", ["planon:read"])
    clients.rotate("agent", timedelta(0))
    refused(clients, first)
    second = clients.rotate("agent", timedelta(minutes=1))
    clients.rotate("agent", timedelta(days=1))
    refused(clients, first)
    assert clients.authenticate(second).client.name == "agent"
    assert len(clients.rows()[0].keys) == 3


def test_one_key_can_be_revoked(clients: Clients) -> None:
    """The one that leaked, while the other goes on; what is not there is said."""
    old = clients.add("agent", ["planon:read"])
    new = clients.rotate("agent", timedelta(hours=1))
    other = clients.add("other", ["planon:read"])
    clients.revoke("agent", prefix_of(old))
    refused(clients, old)
    assert clients.authenticate(new).client.name == "agent"
    for prefix in (prefix_of(old), prefix_of(other), "00000000"):
        with pytest.raises(ClientUnknown, match="no key"):
            clients.revoke("agent", prefix)
    assert clients.authenticate(other).client.name == "other"


def test_a_revoked_client_is_gone_and_its_name_stays_taken(clients: Clients) -> None:
    """The name is part of external references: a second client of that name would meet the first one's records."""
    key = clients.add("agent", ["planon:read"])
    clients.revoke("agent")
    refused(clients, key)
    with pytest.raises(ClientExists):
        clients.add("agent", ["planon:read"])
    for again in (
        lambda: clients.revoke("agent"),
        lambda: clients.rotate("agent", timedelta(0)),
        lambda: clients.change("agent", lambda client: client),
    ):
        with pytest.raises(ClientUnknown):
            again()
    assert clients.rows()[0].revoked_at is not None


def test_a_change_holds_from_the_next_request_on(clients: Clients) -> None:
    """Before and after are told; the key stays."""
    key = clients.add("agent", ["planon:read"])
    after = Client("agent", frozenset({"planon:write"}), LIMITS)
    assert clients.change("agent", lambda _: after) == (Client("agent", frozenset({"planon:read"})), after)
    assert clients.authenticate(key).client == after
    with pytest.raises(ClientUnknown):
        clients.change("nobody", lambda client: client)
