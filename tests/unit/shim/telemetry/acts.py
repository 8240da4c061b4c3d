"""A state, and a process that serves it, with whatever a test lets happen to them; and a scrape of both."""

from typing import Any

from contracts.spans import Phase
from outbox.sqlite.database import SqliteDatabase
from outbox.store import Outbox
from shim.admission.turns import Bulkheads
from shim.guarding import LeakCounter
from shim.keys import RestCipher
from shim.settings import Http
from shim.telemetry.observation import Observation
from shim.telemetry.scraping import registry_of, scraped
from shim.telemetry.watch import Watch
from tests.unit.outbox.stand_ins import Clock
from tests.unit.shim.standing import SYSTEMS
from tests.unit.shim.telemetry.scrapes import Scrape, parsed


def request(**told: Any) -> Observation:
    known: dict[str, Any] = {"system": "planon", "contract": "find_tenant", "status": 200}
    return ended(Observation("request", "t", "POST", "facility_find_tenant", **{**known, **told}))


def ended(observation: Observation) -> Observation:
    observation.phases = {Phase.QUEUE: 0.001, Phase.CONNECT: 0.02, Phase.BACKEND: 0.3}
    observation.seconds = 0.325
    return observation


class Stage:
    """A state with something of everything, and a scrape of it."""

    def __init__(self, state: SqliteDatabase) -> None:
        self.state = state
        self.clock = Clock()
        self.outbox = Outbox(state, RestCipher(bytes(32)), self.clock, lambda: self.clock.up)
        self.leaks = LeakCounter()
        self.watch = Watch.of(SYSTEMS)
        self.bulkheads = Bulkheads(SYSTEMS, Http())
        self.read_only_systems: dict[str, str] = {}
        self.writable = True

    def read_only(self, system: str) -> str | None:
        return self.read_only_systems.get(system)

    def scrape(self, database: Any = None) -> Scrape:
        database = database or self.state
        calls = self.bulkheads.all()
        registry = registry_of(
            database, SYSTEMS, self.watch.metrics, self.leaks, self, calls, lambda: self.writable, self.clock
        )
        return parsed(scraped(registry).decode())
