"""SOAP sessions: an id per log-in that idles out, or is thrown away when a test says so."""

import secrets
from threading import Lock
from time import monotonic
from typing import Final

from simulators.planon.exchange import Account

SESSION_ENDED: Final = "Session is not valid"


class SoapFault(Exception):
    """Raised when a SOAP call ends in a fault; the text is what the client sees."""


class Sessions:
    """Sessions of one account. Safe for several threads.

    Args:
        account: who may log in.
        idle_s: a session that was not used for this long is gone.
    """

    def __init__(self, account: Account, idle_s: float) -> None:
        self._account = account
        self._idle_s = idle_s
        self._used_at: dict[str, float] = {}
        self._lock = Lock()

    def login(self, user: str, password: str) -> str:
        """Return a new session id.

        Raises:
            SoapFault: with the text `unknown`, which is all that the real one says.
        """
        if not self._account.accepts(user, password):
            raise SoapFault("unknown")
        session = secrets.token_hex(16)
        with self._lock:
            self._used_at[session] = monotonic()
        return session

    def touch(self, session: str) -> None:
        """Note that a session is used.

        Raises:
            SoapFault: if there is no such session any more.
        """
        now = monotonic()
        with self._lock:
            if now - self._used_at.get(session, float("-inf")) > self._idle_s:
                self._used_at.pop(session, None)
                raise SoapFault(SESSION_ENDED)
            self._used_at[session] = now

    def logout(self, session: str) -> None:
        """End a session.

        Raises:
            SoapFault: if there is no such session any more.
        """
        self.touch(session)
        self.expire(session)

    def expire(self, session: str) -> None:
        """End a session, if there is one."""
        with self._lock:
            self._used_at.pop(session, None)

    def expire_all(self) -> None:
        """End every session."""
        with self._lock:
            self._used_at.clear()
