"""A bench: a running Firebird that tests ask for fresh copies of the practice, wherever it runs.

This module has the contract and the bench of this machine, which copies files; `wire.py` has the one across a network.
"""

import itertools
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from simulators.intramed.sandbox import OWNER, copy_sandbox, drop_sandbox, owner_connection
from simulators.intramed.server import FirebirdServer

Kind = Literal["url", "container", "server", "embedded"]


class Bench(Protocol):
    """A running Firebird with copies of the practice, for one session and one thread."""

    @property
    def kind(self) -> Kind:
        """Where it runs."""

    @property
    def passwords(self) -> Mapping[str, str]:
        """Of SYSDBA, SHIM_READ and SHIM_WRITE; empty for the embedded engine, which asks for none."""

    @property
    def server(self) -> FirebirdServer | None:
        """The process, where it is ours to kill and to start again."""

    def place(self, name: str = "practice") -> str:
        """Place a fresh copy of the practice and return what a client connects to.

        `name` (letters, digits, hyphens) shows in the file's name; no two copies share one.
        """

    def owner(self, database: str) -> AbstractContextManager[Any]:
        """Open a copy with every right; commits at the end."""

    def drop(self, database: str) -> None:
        """Remove a copy, also when somebody is still connected to it."""


@dataclass(frozen=True, slots=True)
class FileBench:
    """Copies of a restored file, opened by a server of this machine, or without one by the embedded engine.

    Attributes:
        source: the restored practice, which nobody opens.
        folder: where the copies go.
        server: who opens them; None for the embedded engine.
    """

    source: Path
    folder: Path
    server: FirebirdServer | None = None
    _serial: Iterator[int] = field(default_factory=itertools.count, repr=False)

    @property
    def kind(self) -> Kind:
        """Where it runs."""
        return "server" if self.server else "embedded"

    @property
    def passwords(self) -> Mapping[str, str]:
        """Of SYSDBA, SHIM_READ and SHIM_WRITE; empty without a server."""
        return self.server.passwords if self.server else {}

    def place(self, name: str = "practice") -> str:
        """Copy the restored file: 4.5 MB, 3 ms."""
        copy = copy_sandbox(self.source, self.folder / f"{name}-{next(self._serial)}.fdb")
        return self.server.database(copy) if self.server else str(copy)

    def owner(self, database: str) -> AbstractContextManager[Any]:
        """Open a copy with every right; commits at the end."""
        return owner_connection(database, self.passwords.get(OWNER))

    def drop(self, database: str) -> None:
        """Drop it as its server's owner, who disconnects the others; of the embedded engine, delete the file."""
        if self.server:
            drop_sandbox(database, self.server.passwords[OWNER])
        else:
            Path(database).unlink(missing_ok=True)
