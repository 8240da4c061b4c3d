"""One-time links and sessions: kept in the state as hashes, so that several shims share them, and no copy of it is one.

They expire by the database's clock. A link is used up and its session begun in one commit, with its row of the audit.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from outbox.database import Database, Transaction
from outbox.entry import from_ms
from outbox.statements import Statements
from shim.audit.events import Event
from shim.audit.log import Append, AuditLog
from shim.settings import AdminSection

SQL: Final = Statements("shim", "admin")
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")
"""256 random bits, as `secrets.token_urlsafe(32)` writes them."""


class LinkUnusable(Exception):
    """Raised when a token opens nothing: it was never made, has been used, or has expired; nobody is told which."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in.

    Attributes:
        id: names the session where it is listed, 8 hexadecimal digits; it opens nothing.
        actor: who, as the audit tells it.
        csrf: what each form of this session carries in its field `csrf`.
        expires_at: until when, by the database's clock.
        correlation: of the request that it was found for.
    """

    id: str
    actor: str
    csrf: str
    expires_at: datetime
    correlation: str | None = None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as it is listed; `made_by` made its link."""

    id: str
    actor: str
    made_by: str
    since: datetime
    expires_at: datetime


class Sessions:
    """The links and sessions of a deployment. Thread-safe; several processes may use the same ones."""

    def __init__(self, database: Database, audit: AuditLog, section: AdminSection) -> None:
        self._database = database
        self._audit = audit
        self._section = section

    def invite(self, actor: str, made_by: str | None = None, link_s: int | None = None) -> str:
        """Return the token of a new link, which is not stored and cannot be shown again.

        Args:
            actor: who signs in with it.
            made_by: who made it, if that is somebody else.
            link_s: how long it works, seconds, in place of the configured time.
        """
        token = secrets.token_urlsafe(32)
        values = {"sha256": _digest(token), "actor": actor, "made_by": made_by or actor}
        link_ms = 1000 * (link_s or self._section.link_s)
        self._database.write(lambda tx: tx.execute(SQL["insert_link"], {**values, "link_ms": link_ms}).fetchone())
        return token

    def redeem(self, token: str, told: Callable[[Session, str], Event] | None = None) -> tuple[str, Session]:
        """Use a link up, and return the value of a cookie and the session that it opens; both are new.

        Args:
            token: of the link.
            told: makes the row of the audit that is in the same commit, of the session and of who made the link.

        Raises:
            LinkUnusable: it opens nothing.
            StateUnavailable: it could not be used; nobody is signed in.
        """
        if not is_secret(token) or not self._database.read(SQL["is_link"], sha256=_digest(token)):
            raise LinkUnusable
        cookie, name = secrets.token_urlsafe(32), secrets.token_hex(4)

        def begin(tx: Transaction, append: Append) -> Session | None:
            link = tx.execute(SQL["use_link"], {"sha256": _digest(token)}).fetchone()
            if link is None:
                return None
            values = {"sha256": _digest(cookie), "id": name, "actor": link["actor"], "made_by": link["made_by"]}
            session_ms = 1000 * self._section.session_s
            row = tx.execute(SQL["insert_session"], {**values, "session_ms": session_ms}).fetchone()
            session = Session(name, link["actor"], _csrf(cookie), from_ms(row["expires_at"]))
            if told is not None:
                append(told(session, link["made_by"]))
            return session

        session = self._audit.write_with(begin)
        if session is None:
            raise LinkUnusable
        return cookie, session

    def find(self, cookie: str, correlation: str | None = None) -> Session | None:
        """Return the session that a cookie's value opens; None if it opens none (any more).

        Raises:
            StateUnavailable: nobody can tell.
        """
        if not is_secret(cookie):
            return None
        for row in self._database.read(SQL["select_session"], sha256=_digest(cookie)):
            return Session(row["id"], row["actor"], _csrf(cookie), from_ms(row["expires_at"]), correlation)
        return None

    def end(self, cookie: str) -> None:
        """End the session that a cookie's value opens."""
        self._database.write(lambda tx: tx.execute(SQL["end_session"], {"sha256": _digest(cookie)}))

    def end_all(self, who: str | None = None) -> tuple[int, int]:
        """End every session, or one by its id, or all of an actor, and the links that wait; return how many of both."""

        def end(tx: Transaction) -> tuple[int, int]:
            void = tx.execute(SQL["end_links"], {"who": who}).rowcount
            return tx.execute(SQL["end_sessions"], {"who": who}).rowcount, void

        return self._database.write(end)

    def rows(self) -> list[SessionRow]:
        """Return the sessions that are open, the oldest first."""
        return [
            SessionRow(row["id"], row["actor"], row["made_by"], from_ms(row["since"]), from_ms(row["expires_at"]))
            for row in self._database.read(SQL["list_sessions"])
        ]


def forget(database: Database) -> None:
    """Delete what has expired."""
    for name in ("forget_links", "forget_sessions"):
        database.write(lambda tx, name=name: tx.execute(SQL[name]))  # type: ignore[misc]


def is_secret(text: str) -> bool:
    """Whether a text could be a token of ours."""
    return _SECRET.fullmatch(text) is not None


def _csrf(cookie: str) -> str:
    """Return what only a page of this session knows; the cookie cannot be told from it."""
    return hmac.new(cookie.encode(), b"csrf", hashlib.sha256).hexdigest()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
