"""The shim with another way to its practice, for comparison: `python -m benchmarks.baselines WAY --config … serve …`.

Everything but the connections is the product's own: statements, accounts, drivers, text, the whole request path.
`per-request` opens a connection in the request's thread and closes it before the answer, without the product's knock
at the port. `pooled` keeps connections and uses them again, which the product must never do: it is the floor.
"""

import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine, NullPool, Pool, QueuePool, create_engine

from adapters.firebird import native
from adapters.firebird.address import Address
from adapters.intramed import connecting
from adapters.odbc import source as odbc
from adapters.sql.ahead import Keeping
from adapters.sql.faults import Fault
from adapters.sql.messages import Failed, Job, Rehearsed, Rows
from adapters.sql.session import Session
from adapters.sql.source import Source
from adapters.sql.statements import Statement
from shim.cli import main as shim

_POOLS: dict[str, type[Pool]] = {"per-request": NullPool, "pooled": QueuePool}


@dataclass(frozen=True)
class Shared:
    """A source whose one engine serves every thread, as engines do in a process without workers."""

    inner: Source

    @cached_property
    def one(self) -> Engine:
        """The engine; its pool, if any, is everybody's."""
        return self.inner.engine()

    @property
    def name(self) -> str:
        """The inner source's."""
        return self.inner.name

    @property
    def technology(self) -> str:
        """The inner source's."""
        return self.inner.technology

    @property
    def server(self) -> str:
        """The inner source's."""
        return self.inner.server

    @property
    def codec(self) -> str:
        """The inner source's."""
        return self.inner.codec

    def engine(self) -> Engine:
        """Return the one engine."""
        return self.one

    def fault_of(self, error: BaseException) -> Fault:
        """Ask the inner source."""
        return self.inner.fault_of(error)

    def rehearsal(self, sql: str) -> str:
        """As the source says."""
        return self.inner.rehearsal(sql)

    def describe(self, error: BaseException) -> str:
        """Ask the inner source."""
        return self.inner.describe(error)


class InTheRequest:
    """Stands in for `adapters.sql.ahead.Connections`: the work of its processes, done in the request's own thread."""

    def __init__(
        self, source: Source, statements: Mapping[str, Statement], keeping: Keeping, charsets: Mapping[str, str]
    ) -> None:
        del keeping
        shared = Shared(source)
        shared.engine()
        self._session = partial(Session, shared, statements, charsets)
        self._of_thread = threading.local()

    def call(self, job: Job, until: float) -> Rows | Failed:
        """Do a job; nothing ends it when the driver hangs."""
        del until
        if not hasattr(self._of_thread, "session"):
            self._of_thread.session = self._session()
        session: Session = self._of_thread.session
        try:
            return session.run(job, fresh=False, sent=lambda: None)
        finally:
            session.close()

    def rehearse(self, until: float) -> Rehearsed:
        """Compare the statements with the database."""
        del until
        session = self._session()
        try:
            return session.rehearse()
        finally:
            session.close()

    def open_ahead(self) -> None:
        """Open nothing."""

    def close(self) -> None:
        """Close nothing; the process ends."""


def main() -> None:
    """Run the shim's command with its connections replaced."""
    way = sys.argv.pop(1)
    made = partial(_engine, _POOLS[way])
    with (
        patch.object(connecting, "Connections", InTheRequest),
        patch.object(native, "create_engine", made),
        patch.object(odbc, "create_engine", made),
        patch.object(Address, "probe", lambda *_: None),
    ):
        shim()


def _engine(pool: type[Pool], *arguments: Any, **options: Any) -> Engine:
    return create_engine(*arguments, **{**options, "poolclass": pool})


if __name__ == "__main__":
    main()
