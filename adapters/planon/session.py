"""The SOAP session: logged in once, shared by all threads, renewed before it idles out or when the server ended it."""

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Condition
from typing import Any, Final, TypeVar

from pydantic import SecretStr

from adapters.soap import Evidence, ExchangeFailed, Flaw, Secrets, SoapClient, SoapFault
from contracts.spans import Phase, span

SERVICE: Final = "PlanonSession"
SECRETS: Final = Secrets(
    of_all={"args0": "SESSION"},
    of_one={f"{SERVICE}.login": {"args0": "USER", "args1": "PASSWORD"}},
    answers={f"{SERVICE}.login": "SESSION"},
)
"""What no observer sees: each call begins with the session id, and the log-in has the account and answers with one."""
_LOGOUT_S: Final = 1.0
_CLOSED: Final = ExchangeFailed(Flaw.NO_TIME, detail="the desk is being closed")

ResultT = TypeVar("ResultT")


class LoginFailed(ExchangeFailed):
    """Raised when no session could be had, so the call that needed it was not made; the cause says why."""

    def __init__(self, cause: ExchangeFailed) -> None:
        super().__init__(cause.flaw, cause.evidence, cause.detail)
        self.retry_after_s: float | None = getattr(cause, "retry_after_s", None)


class SessionEnded(LoginFailed):
    """Raised when the server refuses a session that it has just given: the call was not executed."""


class _Login:
    """One log-in under way, for which several threads may wait."""

    def __init__(self) -> None:
        self.failed: ExchangeFailed | None = None


class Session:
    """Lends its session id to calls. Safe for several threads."""

    def __init__(
        self, client: SoapClient, user: str, password: SecretStr, expired: str, idle_s: float, timeout_s: float
    ) -> None:
        """Prepare; the first call logs in.

        Args:
            client: of the WSDL with the session service.
            user: of the account.
            password: of the account.
            expired: whole text of the fault for a session that has ended.
            idle_s: a session that was not used for so long is not used any more.
            timeout_s: longest wait for a log-in, unless a call has less time.
        """
        self._client = client
        self._user = user
        self._password = password
        self._expired = expired
        self._idle_s = idle_s
        self._timeout_s = timeout_s
        self._changed = Condition()
        self._id: str | None = None
        self._used_at = 0.0
        self._login: _Login | None = None
        self._closed = False

    def with_id(self, call: Callable[[str], ResultT], within_s: float | None = None) -> ResultT:
        """Run `call` with a session id; once more with a new one if the server says that the session had ended.

        That fault proves that the first call was not executed. `within_s` limits each wait for a log-in.

        Raises:
            LoginFailed: the call was not made, or not executed.
            ExchangeFailed: what `call` raised.
        """
        session = self._current(None, within_s)
        try:
            return call(session)
        except SoapFault as fault:
            if fault.text.strip() != self._expired:  # a text that quotes a note may contain the same words
                raise
        renewed = self._current(session, within_s)
        try:
            return call(renewed)
        except SoapFault as fault:
            if fault.text.strip() == self._expired:
                self._forget(renewed)
                raise SessionEnded(fault) from fault
            raise

    def close(self) -> None:
        """Log out, if that is quick; a session that stays behind idles out. Idempotent."""
        with self._changed:
            self._closed = True
            session, self._id = self._id, None
            self._changed.notify_all()
        self._log_out(session)

    def _current(self, stale: str | None, within_s: float | None) -> str:
        until = time.monotonic() + min(self._timeout_s, within_s or self._timeout_s)
        with self._changed:
            waited: _Login | None = None
            while not self._usable(stale):
                if waited is not None and waited.failed is not None:
                    raise LoginFailed(waited.failed) from waited.failed  # one log-in for all who waited for it
                if self._login is None:
                    self._id, self._login = None, _Login()
                    break
                waited = self._login
                with span("log-in of another", Phase.CONNECT):
                    ended = self._changed.wait(max(0.0, until - time.monotonic()))
                if not ended:
                    raise LoginFailed(ExchangeFailed(Flaw.TIMED_OUT, detail="another thread's log-in has not ended"))
            else:
                self._used_at = time.monotonic()
                return str(self._id)
            mine = self._login
        return self._renewed(mine, until)

    def _usable(self, stale: str | None) -> bool:
        if self._closed:
            raise LoginFailed(_CLOSED)
        fresh = time.monotonic() - self._used_at < self._idle_s
        return self._id is not None and self._id != stale and fresh

    def _renewed(self, mine: _Login, until: float) -> str:
        """Log in without holding the lock: a server that hangs holds nobody up beyond his own time-out."""
        session: str | None = None
        try:
            with span("session", Phase.CONNECT):
                session = self._logged_in(until)
        except ExchangeFailed as error:
            mine.failed = error
            raise LoginFailed(error) from error
        finally:
            with self._changed:
                self._login = None
                self._id, self._used_at = None if self._closed else session, time.monotonic()
                self._changed.notify_all()
        if self._closed:
            self._log_out(session)
            raise LoginFailed(_CLOSED)
        return session

    def _logged_in(self, until: float) -> str:
        left_s = max(0.01, until - time.monotonic())
        begun = time.monotonic()
        # The text of a failed log-in is `unknown`, whatever the cause.
        session: Any = self._client.call(
            SERVICE, "login", self._user, self._password.get_secret_value(), timeout_s=left_s
        )
        if not session:
            raise ExchangeFailed(Flaw.UNREADABLE, Evidence(time.monotonic() - begun), "log-in gave no session")
        return str(session)

    def _forget(self, session: str) -> None:
        with self._changed:
            if self._id == session:
                self._id = None

    def _log_out(self, session: str | None) -> None:
        if session is not None:
            with suppress(ExchangeFailed):
                self._client.call(SERVICE, "logout", session, timeout_s=_LOGOUT_S)
