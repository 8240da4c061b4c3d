"""What a technology must tell of itself, so that one worker can serve them all."""

from typing import Protocol

from sqlalchemy import Engine

from adapters.sql.faults import Fault


class Source(Protocol):
    """How one account opens one database. Pickled into the worker processes, where alone it is used."""

    @property
    def name(self) -> str:
        """Short name for messages and processes, without a password."""
        ...

    @property
    def technology(self) -> str:
        """What kind of database it is, such as `firebird`."""
        ...

    @property
    def server(self) -> str:
        """Where it is: host and port, or the path of a file; nothing of the account."""
        ...

    @property
    def codec(self) -> str:
        """Python codec of the connection's texts."""
        ...

    def engine(self) -> Engine:
        """Return an engine without a pool, whose connections decode by `adapters.sql.charset.lenient(codec)`.

        Its dialect's `do_ping` tells whether a connection is alive; its errors show no parameters.
        """
        ...

    def rehearsal(self, sql: str) -> str:
        """Return a query that prepares and describes another, gives no row, and executes no procedure in it."""
        ...

    def fault_of(self, error: BaseException) -> Fault:
        """Classify an error of the driver."""
        ...

    def describe(self, error: BaseException) -> str:
        """Return the fault and its codes; never the engine's text, which may quote a value."""
        ...
