"""Where a database is: a local file for the embedded engine, or a file behind a server's host and port."""

import re
import socket
from dataclasses import dataclass
from typing import Final, Literal, Self

from contracts.errors import BackendUnavailable
from contracts.exposure import is_loopback

DEFAULT_PORT: Final = 3050
WireCrypt = Literal["required", "enabled", "disabled"]
"""Whether what travels is encrypted: or there is no connection; if the server can; or not at all."""
# A host has two characters or more, so that C:\practice.fdb stays a path.
_REMOTE = re.compile(r"(?P<host>[A-Za-z0-9_.-]{2,}|\[[0-9A-Fa-f:.]+\])(/(?P<port>[0-9]{1,5}))?:(?P<path>.+)")
_DRIVE = re.compile(r"[A-Za-z]:[^:]*")


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

    @property
    def server(self) -> str:
        """Host and port of the server, or the path where there is none."""
        return self.path if self.host is None else f"{self.host}:{self.port}"

    @property
    def is_here(self) -> bool:
        """Whether it is certain that the client library connects to no other machine."""
        if self.host is not None:
            return is_loopback(self.host)
        # What has a colon and was not understood here, such as a port by its name, the library takes for a host.
        return ":" not in self.path or _DRIVE.fullmatch(self.path) is not None

    def probe(self, timeout_s: float) -> None:
        """Knock at the server's port. The client library itself waits for ever when a firewall drops its packets.

        Raises:
            BackendUnavailable: nobody answered within `timeout_s`.
        """
        if self.host is None:
            return
        try:
            # As bytes: a text would load Python's codec for international names, for 0.1 ms a connection.
            host = self.host.strip("[]").encode()
            socket.create_connection((host, self.port), timeout=timeout_s).close()  # type: ignore[arg-type]
        except OSError as error:
            raise BackendUnavailable("the Firebird server does not accept connections") from error
