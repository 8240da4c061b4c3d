"""The whole HTTP application before stand-in desks: every route is there, and nothing behind it is reached."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI

from contracts.catalogue import DeskKind
from contracts.errors import StateUnavailable
from outbox.database import Database
from shim.admission.client import ClientLimits
from shim.admission.clients import Clients
from shim.admission.denials import Denials
from shim.admission.gate import Gate
from shim.admission.limits import RequestLimits
from shim.admission.turns import Bulkheads
from shim.audit.events import Event
from shim.guarding import LeakCounter
from shim.http.app import create_app
from shim.http.routes import Service
from shim.keys import KeyRing
from shim.settings import Http
from shim.state import open_state
from shim.stopping import Stopping
from shim.systems import System
from shim.telemetry.watch import Watch
from tests.unit.outbox.stand_ins import Clock


class EveryContract:
    """A desk that has a method for every contract."""

    def __getattr__(self, name: str) -> Callable[..., object]:
        def reached(*_: object) -> object:
            raise AssertionError(f"{name} was reached")

        return reached


@dataclass
class Written:
    """An audit that can be read, and that can fail."""

    events: list[Event] = field(default_factory=list)
    broken: bool = False

    def write(self, *events: Event) -> None:
        if self.broken:
            raise StateUnavailable("the disk is full")
        self.events += events


SYSTEMS = {
    "planon": System("planon", DeskKind.FACILITY, cast("Any", EveryContract())),
    "intramed": System("intramed", DeskKind.PRACTICE, cast("Any", EveryContract())),
}


@dataclass
class Standing:
    """An application and its clients."""

    database: Database
    default_per_minute: int = 0
    audit: Written = field(default_factory=Written)
    now: float = 0.0
    made: int = 0
    stopping: Stopping | None = None

    def __post_init__(self) -> None:
        self.clients = Clients(self.database, Clock())
        self.limits = RequestLimits(self.database, self.default_per_minute, lambda: self.now)
        self.gate = Gate(self.clients, self.limits, Denials(self.audit, lambda: self.now))
        behind: dict[str, Any] = dict.fromkeys(part.name for part in fields(Service))
        behind |= {"immediate": EveryContract(), "outbound": EveryContract()}
        service = Service(
            **{**behind, "systems": SYSTEMS, "gate": self.gate, "http": Http(), "bulkheads": Bulkheads(SYSTEMS, Http())}
        )
        self.leaks, self.watch = LeakCounter(), Watch.of(SYSTEMS)
        self.app: FastAPI = create_app(
            service, self.database, self.leaks, stopping=self.stopping, watch=self.watch, demo=False
        )

    def key(self, *scopes: str, **limits: Any) -> str:
        """Return the key of a new client."""
        self.made += 1
        return self.clients.add(f"client-{self.made}", scopes, ClientLimits(**limits))


@contextmanager
def standing_in(folder: Path, **options: Any) -> Iterator[Standing]:
    """Open an application with a state of its own; making one takes longer than a hundred requests to it."""
    state, _ = open_state(folder / "shim.db", lambda _: KeyRing(bytes(32)), "tilburg")
    try:
        yield Standing(state, **options)
    finally:
        state.close()
