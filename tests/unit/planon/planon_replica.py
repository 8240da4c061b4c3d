"""A replica in a file, asked in this process: the same statements and checks, without a process around each call."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from adapters.planon.connecting import open_replica
from adapters.planon.options import PlanonOptions
from adapters.planon.replica import Replica
from adapters.sql.messages import Job, Row, Rows, Step
from adapters.sql.reader import Reader
from adapters.sql.session import Session
from adapters.sql.url import UrlSource
from contracts.errors import BackendUnavailable

DDL = Path(__file__).parents[3] / "simulators" / "planon" / "replica.sql"


class ReaderHere(Reader):
    """A `Reader` whose calls run in this process, and are counted."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.calls = 0

    def read_all(self, steps: Sequence[Step], until: float) -> Sequence[Sequence[Row]]:
        del until
        self.calls += 1
        reply = self.session.run(Job(tuple(steps), writes=False), fresh=True, sent=lambda: None)
        self.session.close()
        if not isinstance(reply, Rows):
            raise BackendUnavailable(reply.reason)
        return reply.steps


def made(file: Path, *changes: str) -> Path:
    """Create the replica's tables, and run these statements."""
    with closing(sqlite3.connect(file)) as database:
        database.executescript(DDL.read_text(encoding="utf-8"))
        for change in changes:
            database.execute(change)
        database.commit()
    return file


def options(url: str, **changes: object) -> PlanonOptions:
    addresses = {"soap_url": "http://localhost/soap", "appsuite_url": "http://localhost/incident"}
    return PlanonOptions.model_validate({**addresses, "user": "u", "password": "p", "replica_url": url, **changes})


def replica_of(file: Path, site: Path | None = None) -> tuple[Replica, ReaderHere]:
    """Return the replica in this file, with a site's own statements, and what counts its calls."""
    url = f"sqlite:///{file}"
    statements = open_replica(options(url, statements=site))._statements
    reader = ReaderHere(Session(UrlSource(url), statements, {}))
    return Replica(reader, statements, 5.0), reader
