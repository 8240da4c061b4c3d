"""A shim with both systems as real processes behind it, asked to end again and again on the same address."""

import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from shim.demo import planon_section, write_configuration
from simulators.intramed.sandbox import OWNER, owner_connection
from simulators.intramed.server import READER, WRITER, FirebirdServer
from simulators.launch import running_planon, start_shim
from simulators.planon.control import SimulatorControl
from simulators.process import NotStarted, Program, lasting_port
from tests.integration.shim.site import FAST_OUTBOX, FAST_PLANON, add_client, until

GRACE_S = 20.0
"""Generous for a busy machine; an end that waits for anything idle takes all of it, and is seen."""
_ENDED = {"delivered", "parked", "discarded", "not_found"}
_TRIES = 5


@dataclass(frozen=True)
class Ended:
    """How a service ended: its exit code, and how long it took from the signal, seconds."""

    code: int
    seconds: float


@dataclass
class ShutdownSite:
    """Where everything is; the service is started and ended by the test."""

    configuration: Path
    planon: SimulatorControl
    database: str
    password: str
    key: str
    port: int
    service: Program | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self.configuration.with_name("shim.log").read_text(encoding="utf-8")

    def start(self) -> None:
        """Start the service where it was before."""
        for _ in range(_TRIES):
            try:
                self.service = start_shim(self.configuration, "--port", str(self.port))
            except NotStarted as error:
                failure = error
            else:
                return
        raise failure

    def end(self, *, signals: int = 1) -> Ended:
        """Ask the service to end, and wait until it has; one that does not is killed, and is a failure."""
        assert self.service is not None
        begun = time.monotonic()
        process = self.service._process
        for number in range(signals):
            process.send_signal(signal.SIGTERM)
            time.sleep(0.3 if number + 1 < signals else 0)  # two signals at once are one
        try:
            code = process.wait(GRACE_S * 4)
        except subprocess.TimeoutExpired:
            self.service.kill()
            raise AssertionError(f"the service had not ended after {GRACE_S * 4} s:\n{self.log[-3000:]}") from None
        seconds = time.monotonic() - begun
        self.service.__exit__(None, None, None)
        self.service = None
        return Ended(code, seconds)

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Read from the practice as its owner."""
        with owner_connection(self.database, self.password) as connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall())

    def attachments(self) -> int:
        """How many connections to the practice are open, beside the one that counts."""
        return int(self.query("select count(*) from MON$ATTACHMENTS where MON$SYSTEM_FLAG = 0")[0][0]) - 1

    def post(self, http: requests.Session, path: str, body: Any, key: str | None, **headers: str) -> requests.Response:
        """Call a contract on a thread's own connection."""
        sent = {"Authorization": f"Bearer {self.key}", **headers}
        if key is not None:
            sent["Idempotency-Key"] = key
        return http.post(f"{self.address}/v1/{path}", json=body, headers=sent, timeout=60)

    def states(self) -> dict[str, str]:
        """Return every delivery's state, as the service has stored it."""
        with closing(sqlite3.connect(self.configuration.with_name("shim.db"))) as state:
            return dict(state.execute("SELECT id, state FROM entry").fetchall())

    def await_deliveries(self) -> None:
        """Wait until nothing is left to be delivered; fail when a minute has gone by in which nothing was."""

        def left() -> int:
            return sum(state not in _ENDED for state in self.states().values())

        seen = left()
        while seen:
            until(left, lambda now, before=seen: now < before)  # type: ignore[misc]
            seen = left()


@contextmanager
def shutdown_site(folder: Path, server: FirebirdServer, database: Path) -> Iterator[ShutdownSite]:
    """Prepare everything; the service is started."""
    with running_planon(folder) as (planon, address):
        practice = {
            "adapter": "intramed",
            "database": server.database(database),
            "read_password": server.passwords[READER],
            "write_password": server.passwords[WRITER],
        }
        configuration = write_configuration(
            folder,
            {"planon": planon_section(address, **FAST_PLANON), "intramed": practice},
            outbox={**FAST_OUTBOX, "grace_s": GRACE_S, "threads": 4},
            http={"requests_per_minute": 0},
            identity={"people_per_client": 100_000, "attempts_per_client": 100_000},
        )
        key = add_client(configuration, "agent", "planon:*", "intramed:*")
        site = ShutdownSite(configuration, planon, practice["database"], server.passwords[OWNER], key, lasting_port())
        site.start()
        try:
            yield site
        finally:
            if site.service is not None:
                site.service.kill()
