"""The SOAP session: logged in once, shared by all threads, renewed when the server says that it has ended."""

from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Any, Final, TypeVar

from pydantic import SecretStr

from adapters.soap import ExchangeFailed, SoapClient, SoapFault

SERVICE: Final = "PlanonSession"
_LOGOUT_S: Final = 1.0

ResultT = TypeVar("ResultT")


class LoginFailed(Exception):
    """Raised when no session could be had, so the call that needed it was not made; the cause says why."""


class Session:
    """Lends its session id to calls. Safe for several threads."""

    def __init__(self, client: SoapClient, user: str, password: SecretStr, expired: str) -> None:
        """Prepare; the first call logs in.

        Args:
            client: of the WSDL with the session service.
            user: of the account.
            password: of the account.
            expired: part of the text of the fault for a session that has ended.
        """
        self._client = client
        self._user = user
        self._password = password
        self._expired = expired
        self._lock = Lock()
        self._id: str | None = None

    def with_id(self, call: Callable[[str], ResultT]) -> ResultT:
        """Run `call` with a session id; once more with a new one if the server says that the session had ended.

        That fault proves that the first call was not executed.

        Raises:
            LoginFailed: the call was not made, or not executed.
            ExchangeFailed: what `call` raised.
        """
        session = self._current(stale=None)
        try:
            return call(session)
        except SoapFault as fault:
            if self._expired not in fault.text:
                raise
        renewed = self._current(stale=session)
        try:
            return call(renewed)
        except SoapFault as fault:
            if self._expired in fault.text:
                raise LoginFailed("the session ended at once") from fault
            raise

    def close(self) -> None:
        """Log out, if that is quick; a session that stays behind idles out."""
        with self._lock:
            session, self._id = self._id, None
        if session is not None:
            with suppress(ExchangeFailed):
                self._client.call(SERVICE, "logout", session, timeout_s=_LOGOUT_S)

    def _current(self, stale: str | None) -> str:
        with self._lock:  # held while logging in: one log-in for all who wait
            if self._id is None or self._id == stale:
                self._id = None
                self._id = self._login()
            return self._id

    def _login(self) -> str:
        try:
            session: Any = self._client.call(SERVICE, "login", self._user, self._password.get_secret_value())
        except ExchangeFailed as error:
            # The text of a failed log-in is `unknown`, whatever the cause.
            raise LoginFailed(f"log-in failed: {error}") from error
        if not session:
            raise LoginFailed("log-in gave no session")
        return str(session)
