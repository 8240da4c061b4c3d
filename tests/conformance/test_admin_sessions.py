"""Links and sessions of the operations page mean the same on SQLite and on PostgreSQL."""

import re

import pytest

from outbox.carrying.asking import Asking, ask_first
from outbox.database import Database
from shim.admin.sessions import LinkUnusable, Session, Sessions
from shim.audit.events import Event, new_access
from shim.audit.log import AuditLog
from shim.keeping.carried import LEFT_BEHIND
from shim.keeping.retention import Keeping, Retention
from shim.settings import AdminSection
from tests.conformance.outbox_store import CIPHER, Store
from tests.unit.outbox.stand_ins import at_once

TABLES = ("admin_link", "admin_session")


def opened(store: Store) -> tuple[Database, Sessions]:
    database = store.open()
    return database, Sessions(database, AuditLog(database, store.clock), AdminSection())


def rows(database: Database, table: str) -> list[dict[str, object]]:
    return [dict(row) for row in database.read(f"SELECT * FROM {table}")]  # noqa: S608 - a name of this file


def expire(database: Database, table: str) -> None:
    """Let an hour and a day pass for what is in a table."""
    with database.transaction() as tx:
        tx.execute(f"UPDATE {table} SET expires_at = expires_at - 90000000")  # noqa: S608 - likewise


def told(session: Session, made_by: str) -> Event:
    return Event("admin sign-in", "outcome", new_access(), "ok", 303, actor=session.actor, detail={"by": made_by})


def test_a_link_signs_in_once(store: Store) -> None:
    """The session is whose link it was, found by its cookie alone, and in the audit; the link is used up."""
    database, kept = opened(store)
    token = kept.invite("jan", "root")
    cookie, session = kept.redeem(token, told)
    assert (session.actor, kept.find(cookie, "c")) == (
        "jan",
        Session(session.id, "jan", session.csrf, session.expires_at, "c"),
    )
    assert [(row.id, row.actor, row.made_by) for row in kept.rows()] == [(session.id, "jan", "root")]
    assert [(row["actor"], row["detail"]) for row in rows(database, "audit_event")] == [("jan", '{"by":"root"}')]
    for used in (token, cookie, session.csrf, "", "x" * 43, token + "A", token[:-1]):
        with pytest.raises(LinkUnusable):
            kept.redeem(used)
    for other in (token, session.csrf, session.id, "", cookie + "=", f" {cookie}"):
        assert kept.find(other) is None


def test_of_two_hundred_at_once_one_gets_in(store: Store) -> None:
    """Over two views of the state, as of two processes; and no row is left of those who did not."""
    database, first = opened(store)
    _, second = opened(store)
    token = first.invite("jan")

    def redeem(number: int) -> str | None:
        try:
            return (first if number % 2 else second).redeem(token, told)[0]
        except LinkUnusable:
            return None

    cookies = [cookie for cookie in at_once(200, redeem) if cookie is not None]
    assert len(cookies) == len(rows(database, "admin_session")) == len(rows(database, "audit_event")) == 1
    assert second.find(cookies[0]) is not None


def test_the_database_tells_the_time(store: Store) -> None:
    """The clock of a process does not matter; what has expired opens nothing, and is forgotten."""
    database, kept = opened(store)
    store.clock.forward(-86_400 * 365)
    retention = Retention(database, CIPHER, store.clock, Keeping(1, 1, 1))
    used, unused = kept.invite("jan"), kept.invite("piet", link_s=1200)
    link = next(row for row in rows(database, "admin_link") if row["actor"] == "piet")
    assert int(str(link["expires_at"])) - int(str(link["made_at"])) == 1_200_000
    cookie, _ = kept.redeem(used)
    retention.run(lambda _: None)
    assert [len(rows(database, table)) for table in TABLES] == [2, 1]
    for table in TABLES:
        expire(database, table)
    assert (kept.find(cookie), kept.rows(), kept.end_all()) == (None, [], (0, 0))
    with pytest.raises(LinkUnusable):
        kept.redeem(unused)
    retention.run(lambda _: None)
    assert [len(rows(database, table)) for table in TABLES] == [0, 0]


def test_sessions_end(store: Store) -> None:
    """By the cookie, by id, of somebody with their links, and all of them."""
    _, kept = opened(store)
    cookies = [kept.redeem(kept.invite(actor))[0] for actor in ("jan", "jan", "piet", "kees")]
    waiting = kept.invite("jan")
    kept.end(cookies[3])
    assert [row.actor for row in kept.rows()] == ["jan", "jan", "piet"]
    assert kept.end_all(kept.rows()[2].id) == (1, 0)
    assert kept.end_all("nobody") == (0, 0)
    assert kept.end_all("jan") == (2, 1)
    with pytest.raises(LinkUnusable):
        kept.redeem(waiting)
    assert kept.end_all() == (0, 0)
    assert [kept.find(cookie) for cookie in cookies] == [None] * 4


def test_a_state_that_was_put_back_knows_nobody(store: Store) -> None:
    """A link that was used after the backup, or a session that was ended, would be good again."""
    database, kept = opened(store)
    token, (cookie, _) = kept.invite("jan"), kept.redeem(kept.invite("piet"))
    with database.transaction() as tx:
        ask_first(tx, Asking(1, store.clock.up, "restored; asked first", ("planon",), left_behind=LEFT_BEHIND))
    assert set(LEFT_BEHIND) == set(TABLES)
    assert [len(rows(database, table)) for table in TABLES] == [0, 0]
    assert kept.find(cookie) is None
    with pytest.raises(LinkUnusable):
        kept.redeem(token)


def test_nothing_that_opens_is_kept(store: Store) -> None:
    """Tokens, cookies and what forms carry are nowhere in the state, and are told by none of the others."""
    database, kept = opened(store)
    token = kept.invite("jan")
    cookie, session = kept.redeem(token, told)
    everything = str([rows(database, table) for table in (*TABLES, "audit_event")])
    for secret in (token, cookie, session.csrf):
        assert secret not in everything
    assert all(re.fullmatch(r"[0-9a-f]{64}", str(row["sha256"])) for table in TABLES for row in rows(database, table))
    assert len({token, cookie, session.csrf}) == 3
    assert kept.redeem(kept.invite("jan"))[1].csrf != session.csrf
