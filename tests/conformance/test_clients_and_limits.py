"""Clients, keys and counted requests mean the same on SQLite and on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from contracts.errors import Unauthenticated
from shim.admission.client import ClientLimits
from shim.admission.clients import ClientExists, Clients, ClientUnknown
from shim.admission.limits import RequestLimits
from tests.conformance.outbox_store import Store


def test_keys_live_and_end(store: Store) -> None:
    """Made, rotated, revoked; the database's clock decides."""
    clients = Clients(store.open(), store.clock)
    first = clients.add("agent", ["planon:read"], ClientLimits(attempts=3))
    with pytest.raises(ClientExists):
        clients.add("agent", [])
    second = clients.rotate("agent", timedelta(hours=1))
    assert clients.authenticate(first).client == clients.authenticate(second).client
    third = clients.rotate("agent", timedelta(0))
    for ended in (first, second):
        with pytest.raises(Unauthenticated):
            clients.authenticate(ended)
    known = clients.authenticate(third)
    assert (known.client.name, known.client.limits.attempts, known.used_ms_ago) == ("agent", 3, None)
    with pytest.raises(ClientUnknown):
        clients.revoke("agent", first[3:11])
    clients.revoke("agent")
    with pytest.raises(Unauthenticated):
        clients.authenticate(third)
    assert clients.rows()[0].revoked_at is not None


def test_requests_are_counted_over_all_processes(store: Store) -> None:
    """Exactly as many as the limit pass in one minute of the database; the last use is written beside the count."""
    databases = [store.open(), store.open()]
    clients = Clients(databases[0], store.clock)
    key = clients.add("agent", [], ClientLimits(requests_per_minute=20))
    known = clients.authenticate(key)
    processes = [RequestLimits(database, 0) for database in databases]
    with ThreadPoolExecutor(8) as pool:
        refusals = list(pool.map(lambda number: processes[number % 2].count(known), range(80)))
    counted = databases[0].read("SELECT minute, requests FROM client_minute ORDER BY minute")
    passed = refusals.count(None)
    # The minute may have ended meanwhile: then there are two windows.
    assert passed == sum(min(int(row["requests"]), 20) for row in counted)
    assert passed in range(20, 20 * len(counted) + 1)
    firsts = [refusal for refusal in refusals if refusal and refusal.first]
    assert all(0 <= (refusal.error.retry_after_s or 0) <= 60 for refusal in firsts)
    used = clients.authenticate(key).used_ms_ago
    assert used is not None
    assert 0 <= used < 60_000
