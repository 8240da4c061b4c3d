"""The composition root: the one place that wires concrete classes together."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from fastapi import FastAPI

from contracts.desks import Ports
from contracts.errors import BackendUnavailable
from outbox.attempt import Limits
from outbox.backoff import Backoff
from outbox.database import Database
from outbox.destinations import Breaker
from outbox.hand import Hand
from outbox.looking import Looking
from outbox.store import Outbox
from outbox.telling import Teller
from outbox.verification import Verifications
from outbox.worker import Pace, Step, Worker
from shim import tokens
from shim.app import create_app
from shim.clients import Clients
from shim.durable import Durable
from shim.holds import KeptHolds
from shim.idempotency import Idempotency
from shim.identity import IdentityLimits
from shim.immediate import Immediate
from shim.keys import Blind, MasterKey, RestCipher
from shim.landings import Landings
from shim.order import Order
from shim.routes import Service
from shim.settings import ConfigurationError, Settings
from shim.state import KeptRows, open_state
from shim.systems import System, open_systems
from shim.webhook import Webhook

_log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class State:
    """The open state of a deployment, for commands that touch no backend."""

    key: MasterKey
    cipher: RestCipher
    blind: Blind
    database: Database
    outbox: Outbox
    hand: Hand
    verifications: Verifications
    clients: Clients


def _differences(named: tuple[str, System]) -> list[str]:
    name, system = named
    try:
        return system.desk.check_backend()
    except BackendUnavailable as error:
        _log.warning("%s is not compared with its backend: %s", name, error.detail)
        return []


@dataclass(frozen=True, slots=True)
class Shim:
    """A deployment with its systems, ready to serve or to deliver."""

    settings: Settings
    state: State
    systems: dict[str, System]

    def check_backends(self) -> None:
        """Compare every system with what its adapter expects; one that cannot be asked now is not in the way.

        Raises:
            ConfigurationError: naming what differs.
        """
        with ThreadPoolExecutor(len(self.systems)) as pool:  # one silent backend must not delay the others
            for name, differences in zip(self.systems, pool.map(_differences, self.systems.items()), strict=True):
                if differences:
                    raise ConfigurationError(f"systems.{name} differs from what is expected: {'; '.join(differences)}")

    def worker(
        self,
        watch: Callable[[Step], None] = lambda _step: None,
        only: str | None = None,
        limit: int | None = None,
        rate: float | None = None,
    ) -> Worker:
        """Return a worker for every system's destination, or for one system's; it has not begun.

        Args:
            watch: told of each attempt.
            only: the one system.
            limit: attempts at a time per system, in place of the configured number.
            rate: attempts per second per system, None for as many as come.
        """
        section = self.settings.outbox
        threads = limit or section.threads
        return Worker(
            self.state.outbox,
            {name: system.desk.destination for name, system in self.systems.items() if only in {None, name}},
            utc_now,
            Backoff(section.first_s, section.cap_s),
            Pace(threads, threads, rate),
            watch,
            {name: Limits(**section.limits(name).model_dump()) for name in self.systems},
            self._teller(),
        )

    def _teller(self) -> Teller | None:
        section = self.settings.outbox
        if section.alert_url is None:
            return None
        try:
            webhook = Webhook(self.settings.deployment, section.alert_url, section.secret_of_alerts())
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"outbox.alert_secret: {error}") from error
        return Teller(self.state.database, utc_now, webhook.tell)

    def looking(self) -> Looking:
        """Return what looks at delivered records."""
        destinations = {name: system.desk.destination for name, system in self.systems.items()}
        return Looking(self.state.outbox, self.state.verifications, destinations)

    def app(self, notify: Callable[[], None], landings: Landings, *, demo: bool) -> FastAPI:
        """Return the HTTP application. `notify` wakes the worker beside it, if there is one; that tells `landings`."""
        deployment, state = self.settings.deployment, self.state
        opaque = tokens.Tokens(state.key.derive("tokens", tokens.KEY_BYTES), utc_now)
        idempotency = Idempotency(state.database, state.cipher, state.blind, utc_now)
        order = Order(state.outbox, state.blind)
        durable = Durable(
            deployment, state.outbox, idempotency, opaque, self.settings.report_time, order, utc_now, notify, landings
        )
        limits = IdentityLimits(state.database, state.blind, self.settings.identity)
        immediate = Immediate(deployment, idempotency, opaque, limits)
        service = Service(self.systems, state.clients, immediate, durable, self.settings.http)
        return create_app(service, state.database, demo=demo)


@contextmanager
def open_deployment_state(settings: Settings) -> Iterator[State]:
    """Open state and keys.

    Raises:
        ConfigurationError: the state belongs to another key or deployment, or its folder does not exist.
    """
    file = settings.state_file
    if file is not None and not file.parent.is_dir():
        raise ConfigurationError(f"the folder {file.parent} of the state does not exist; create it")
    load_key = partial(MasterKey.load, settings.master_key)
    database, key = open_state(file or settings.state, load_key, settings.deployment)
    cipher = RestCipher(key.derive("rest"))
    try:
        blind = Blind(key.derive("blind"))
        section = settings.outbox
        breaker = Breaker(section.breaker_after, section.probe_s, section.ramp_s)
        outbox = Outbox(database, cipher, utc_now, breaker=breaker)
        verifications = Verifications(outbox, utc_now)
        hand = Hand(database, utc_now)
        yield State(key, cipher, blind, database, outbox, hand, verifications, Clients(database, utc_now))
    finally:
        database.close()


@contextmanager
def open_shim(settings: Settings) -> Iterator[Shim]:
    """Open state, keys and systems; close what the systems hold in the end.

    Raises:
        ConfigurationError: something in the configuration cannot work.
    """
    with open_deployment_state(settings) as state:

        def ports(system: str) -> Ports:
            rows = KeptRows(state.database, state.cipher, state.blind, system, settings.reference_max_age_s, utc_now)
            return Ports(system, utc_now, rows, KeptHolds(state.database, state.blind, system))

        systems = open_systems(settings.systems, ports)
        try:
            yield Shim(settings, state, systems)
        finally:
            for system in systems.values():
                system.desk.close()
