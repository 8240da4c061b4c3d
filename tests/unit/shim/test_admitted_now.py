"""Whoever may be let in without waiting: the same people, counted once, and nobody for longer than the state says."""

import sqlite3
import time
from ipaddress import ip_network

import pytest
from starlette.datastructures import Headers

from contracts.errors import Forbidden, MalformedRequest, TooManyRequests, Unauthenticated
from outbox.sqlite.database import SqliteDatabase
from shim.admission.client import ClientLimits
from shim.admission.clients import Clients
from shim.admission.denials import Denials
from shim.admission.gate import Asked, Gate
from shim.admission.limits import RequestLimits
from shim.admission.policy import Policy
from shim.root import utc_now

SCOPE = "practice:find_patient"
POLICY = Policy("practice_find_patient", (SCOPE,), "practice", "find_patient")


class Unwritten:
    """An audit that keeps nothing."""

    def write(self, *events: object) -> None:
        del events


def gate(state: SqliteDatabase, quota: int = 0) -> Gate:
    return Gate(Clients(state, utc_now), RequestLimits(state, quota), Denials(Unwritten()))


def asked(key: str, *headers: tuple[str, str], address: str = "127.0.0.1") -> Asked:
    sent = {"authorization": f"Bearer {key}", **dict(headers)}
    return Asked(POLICY, Headers(sent), "a" * 32, address)


def known(state: SqliteDatabase, limits: ClientLimits | None = None, *scopes: str) -> str:
    """Add a client whose key was used a moment ago: the first use is written down, so that it takes a commit."""
    clients = Clients(state, utc_now)
    key = clients.add("agent", scopes or (SCOPE,), limits)
    RequestLimits(state, 0).count(clients.authenticate(key))
    return key


def test_they_are_the_same_callers(state: SqliteDatabase) -> None:
    """Who asks, for whom and why is read as by the way that waits."""
    request = asked(known(state), ("x-on-behalf-of", "desk 111222333"), ("x-purpose", "planning"))
    caller = gate(state).admit_now(request)
    assert caller is not None
    assert caller == gate(state).admit(request)
    assert caller.on_behalf_of == "desk [BSN]"


def test_who_is_revoked_is_out_at_once(state: SqliteDatabase) -> None:
    """Nothing is remembered between two requests: what another process has revoked opens nothing."""
    request, ours = asked(known(state)), gate(state)
    assert ours.admit_now(request) is not None
    other = SqliteDatabase(state.path, [])
    try:
        Clients(other, utc_now).revoke("agent")
    finally:
        other.close()
    assert ours.admit_now(request) is None
    with pytest.raises(Unauthenticated):
        ours.admit(request)


def test_scopes_and_limits_are_those_of_now(state: SqliteDatabase) -> None:
    """What an administrator has changed counts from the next request on."""
    request, ours = asked(known(state)), gate(state)
    assert ours.admit_now(request) is not None
    Clients(state, utc_now).change("agent", lambda client: type(client)(client.name, frozenset({"practice:cancel"})))
    assert ours.admit_now(request) is None
    with pytest.raises(Forbidden):
        ours.admit(request)


@pytest.mark.parametrize(
    ("header", "address", "error"),
    [
        (("x-purpose", "é"), "127.0.0.1", MalformedRequest),
        (("x-purpose", "planning"), "10.0.0.1", Forbidden),
        (("authorization", "Bearer ls_00000000_" + "a" * 43), "127.0.0.1", Unauthenticated),
        (("authorization", "Basic YTpi"), "127.0.0.1", Unauthenticated),
    ],
)
def test_a_refusal_is_left_to_the_way_that_waits(
    state: SqliteDatabase, header: tuple[str, str], address: str, error: type[Exception]
) -> None:
    """It writes what it refuses, so nothing is refused here; and what is not let in here is not counted here."""
    key = known(state, ClientLimits(networks=(ip_network("127.0.0.0/8"),)))
    ours = gate(state, quota=1)
    assert ours.admit_now(asked(key, header, address=address)) is None
    with pytest.raises(error):
        ours.admit(asked(key, header, address=address))
    if error is not Forbidden:  # the way that waits counts whom it knows
        ours = gate(state, quota=1)
        assert ours.admit_now(asked(key, header, address=address)) is None
    assert ours.admit_now(asked(key)) is not None


def test_both_ways_count_together(state: SqliteDatabase) -> None:
    """A minute's requests are as many as they were, whichever way each took."""
    request, ours = asked(known(state)), gate(state, quota=4)
    for _ in range(2):
        ours.admit(request)
        assert ours.admit_now(request) is not None
    assert ours.admit_now(request) is None
    with pytest.raises(TooManyRequests):
        ours.admit(request)


def test_a_limit_of_its_own_is_counted_in_a_commit(state: SqliteDatabase) -> None:
    """It is exact over all processes, so that nobody counts it in memory."""
    request = asked(known(state, ClientLimits(requests_per_minute=5)))
    assert gate(state).admit_now(request) is None


def test_a_key_s_first_use_is_written_down(state: SqliteDatabase) -> None:
    """That takes a commit, so it waits; what comes after it does not."""
    request = asked(Clients(state, utc_now).add("agent", (SCOPE,)))
    ours = gate(state)
    assert ours.admit_now(request) is None
    ours.admit(request)
    assert ours.admit_now(request) is not None


def test_nobody_is_waited_for(state: SqliteDatabase) -> None:
    """A file that somebody has locked is no reason to hold up everybody else's requests."""
    key = known(state)
    state.close()
    held = sqlite3.connect(state.path, isolation_level=None)
    try:
        held.execute("PRAGMA locking_mode = EXCLUSIVE")
        held.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        assert gate(state).admit_now(asked(key)) is None
        assert time.monotonic() - began < 5  # a reader with patience waits for ten seconds
    finally:
        held.close()
