"""One request as an endpoint sees it: what it is, and how to execute it once the scenario has decided to."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hmac import compare_digest

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
    """A request that was read and not yet executed; `operation` is one of `scenario.OPERATIONS`, or empty."""

    operation: str
    execute: Callable[[], Answer]


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
