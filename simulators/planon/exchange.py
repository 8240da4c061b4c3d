"""One request as an endpoint sees it: what it is, and how to execute it once the scenario has decided to."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hmac import compare_digest

from simulators.planon.strike import Strike

XML = "text/xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes
    content_type: str = XML
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that was read and not yet executed.

    Attributes:
        operation: one of `faults.OPERATIONS`, or empty for one that cannot be read.
        execute: does the work, changed by what strikes it.
        end_session: ends the session that the request names, if it names one.
    """

    operation: str
    execute: Callable[[Strike], Answer]
    end_session: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Account:
    """The one account of this stand-in."""

    user: str
    password: str = field(repr=False)

    def accepts(self, user: str, password: str) -> bool:
        """Whether these are the account's user and password."""
        return compare_digest(user.encode(), self.user.encode()) and compare_digest(
            password.encode(), self.password.encode()
        )

    def accepts_basic(self, header: str) -> bool:
        """Whether an HTTP Authorization header of the Basic scheme holds this account."""
        scheme, _, encoded = header.partition(" ")
        try:
            user, _, password = b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            return False
        return scheme.lower() == "basic" and self.accepts(user, password)
