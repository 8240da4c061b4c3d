"""Where a database is: a local file for the embedded engine, or a file behind a server's host and port."""

import re
import socket
from dataclasses import dataclass
from typing import Final, Self

from contracts.errors import BackendUnavailable

DEFAULT_PORT: Final = 3050
# A host has two characters or more, so that C:\practice.fdb stays a path.
_REMOTE = re.compile(r"(?P<host>[A-Za-z0-9_.-]{2,})(/(?P<port>[0-9]{1,5}))?:(?P<path>.+)")


@dataclass(frozen=True, slots=True)
class Address:
    """A database; `host` is None for the embedded engine."""

    path: str
    host: str | None = None
    port: int = DEFAULT_PORT

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read Firebird's own notation: `/path`, `host:/path` or `host/port:/path`; an alias may stand for the path."""
        remote = _REMOTE.fullmatch(text)
        if remote is None:
            return cls(text)
        return cls(remote["path"], remote["host"], int(remote["port"] or DEFAULT_PORT))

    @property
    def dsn(self) -> str:
        """The notation that the client library takes."""
        return self.path if self.host is None else f"{self.host}/{self.port}:{self.path}"

    def probe(self, timeout_s: float) -> None:
        """Knock at the server's port. The client library itself waits for ever when a firewall drops its packets.

        Raises:
            BackendUnavailable: nobody answered within `timeout_s`.
        """
        if self.host is None:
            return
        try:
            # As bytes: a text would load Python's codec for international names, for 0.1 ms a connection.
            socket.create_connection((self.host.encode(), self.port), timeout=timeout_s).close()  # type: ignore[arg-type]
        except OSError as error:
            raise BackendUnavailable("the Firebird server does not accept connections") from error
