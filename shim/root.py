"""The composition root: the one place that wires concrete classes together."""

import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from contracts.desks import AdapterMisconfigured, Ports
from contracts.errors import BackendUnavailable
from outbox.around import Around, unobserved
from outbox.attempt import Limits
from outbox.backoff import Backoff
from outbox.database import Database
from outbox.destinations import Breaker
from outbox.hand import Hand
from outbox.looking import Looking
from outbox.sqlite.ownership import check_place, refuse_foreign
from outbox.store import Outbox
from outbox.telling import Teller
from outbox.verification import Verifications
from outbox.worker import Pace, Step, Worker
from shim import exposures
from shim.admission.clients import Clients
from shim.audit.log import AuditLog
from shim.audit.subjects import Subjects
from shim.drift.comparing import Descriptions, files_of
from shim.drift.noticing import Drift, watching
from shim.drift.renewal import Renewal
from shim.holds import KeptHolds
from shim.keys import Blind, MasterKey, RestCipher, keyed
from shim.keys.following import following
from shim.settings import ConfigurationError, Settings
from shim.state import KeptRows, open_state
from shim.systems import System, adapter_and_options, open_systems
from shim.writing.landings import Landings

if TYPE_CHECKING:
    from fastapi import FastAPI

    from shim.admission.turns import Bulkheads
    from shim.keeping.regular import Regular
    from shim.stopping import Stopping
    from shim.telemetry.observed import Traces
    from shim.telemetry.watch import Watch

_log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


def masked(text: str) -> str:
    """Return what a backend or an administrator said, without identifiers: that is how the outbox keeps it."""
    from shim.guard import mask  # noqa: PLC0415 - a command that only looks at what waits keeps nothing

    return mask(text).text


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
    audit: AuditLog
    subjects: Subjects


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
    drift: Drift

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
        around: Around = unobserved,
    ) -> Worker:
        """Return a worker for every system's destination, or for one system's; it has not begun.

        Args:
            watch: told of each attempt.
            only: the one system.
            limit: attempts at a time per system, in place of the configured number.
            rate: attempts per second per system, None for as many as come.
            around: put around each attempt.
        """
        section = self.settings.outbox
        threads = limit or section.threads
        return Worker(
            self.state.outbox,
            {name: system.destination for name, system in self.systems.items() if only in {None, name}},
            utc_now,
            Backoff(section.first_s, section.cap_s),
            Pace(threads, threads, rate),
            watch,
            {name: Limits(**section.limits(name).model_dump()) for name in self.systems},
            self._teller(),
            lambda name: self.drift.read_only(name) is not None,
            around,
        )

    def _teller(self) -> Teller | None:
        section = self.settings.outbox
        if section.alert_url is None:
            return None
        from shim.webhook import Webhook  # noqa: PLC0415 - it needs requests

        try:
            webhook = Webhook(self.settings.deployment, section.alert_url, section.secret_of_alerts())
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"outbox.alert_secret: {error}") from error
        return Teller(self.state.database, utc_now, webhook.tell)

    def chores(self) -> "list[Regular]":
        """Return what is done by itself beside a worker; none has begun."""
        # A command that only looks does none of it.
        from shim.audit.regularly import checkpointing  # noqa: PLC0415
        from shim.keeping.retention import Keeping, Retention, RetentionThread  # noqa: PLC0415

        settings, state = self.settings, self.state
        keeping = Keeping(settings.keep_text_days, settings.idempotency_days, settings.identity.window_s)
        chores: list[Regular] = [RetentionThread(Retention(state.database, state.cipher, utc_now, keeping))]
        if settings.audit.checkpoints_to:
            chores.append(checkpointing(settings, state.database, state.key, utc_now))
        return chores

    def looking(self) -> Looking:
        """Return what looks at delivered records."""
        destinations = {name: system.destination for name, system in self.systems.items()}
        return Looking(self.state.outbox, self.state.verifications, destinations)

    def app(
        self,
        notify: Callable[[], None],
        landings: Landings,
        tracing: "Traces | None" = None,
        stopping: "Stopping | None" = None,
        bulkheads: "Bulkheads | None" = None,
        watch: "Watch | None" = None,
        *,
        demo: bool,
    ) -> "FastAPI":
        """Return the HTTP application; its parameters are those of `shim.http.serving.application`."""
        from shim.http.serving import application  # noqa: PLC0415 - a command that only looks has no use for FastAPI

        return application(self, notify, landings, tracing, stopping, bulkheads, watch, demo=demo)


@contextmanager
def open_deployment_state(settings: Settings) -> Iterator[State]:
    """Open state and keys.

    Raises:
        ConfigurationError: the state belongs to another key or deployment, or its folder does not exist; or what goes
            to it could be read, and no reason is named.
        DurabilityError: state or key are another account's, or lie where they must not.
    """
    exposures.refuse(exposures.exposed(settings, exposures.LOOKING))
    file = settings.state_file
    if file is not None and not file.parent.is_dir():
        raise ConfigurationError(f"the folder {file.parent} of the state does not exist; create it")
    if file is not None:
        check_place(file)  # before a key is made that its owner could not read
    if settings.master_key.parent.is_dir():
        refuse_foreign(settings.master_key, "the key file")
    load_key = partial(MasterKey.load, settings.master_key)
    database, key = open_state(file or settings.state, load_key, settings.deployment)
    cipher = RestCipher(key)
    try:
        blind = Blind(keyed.naming(database, cipher))
        section = settings.outbox
        breaker = Breaker(section.breaker_after, section.probe_s, section.ramp_s)
        outbox = Outbox(database, cipher, utc_now, breaker=breaker, guard=masked)
        verifications = Verifications(outbox, utc_now)
        hand = Hand(database, utc_now, guard=masked)
        audit = AuditLog(database, utc_now)
        subjects = Subjects(key)
        try:
            yield State(
                key, cipher, blind, database, outbox, hand, verifications, Clients(database, utc_now), audit, subjects
            )
        finally:
            audit.close()
    finally:
        database.close()


@contextmanager
def open_shim(settings: Settings) -> Iterator[Shim]:
    """Open state, keys and systems; close what the systems hold in the end.

    Raises:
        ConfigurationError: something in the configuration cannot work, or leaves open what no reason is named for.
    """
    exposures.refuse(exposures.exposed(settings, exposures.DELIVERING))
    with open_deployment_state(settings) as state:

        def ports(system: str) -> Ports:
            rows = KeptRows(state.database, state.cipher, state.blind, system, settings.reference_max_age_s, utc_now)
            return Ports(system, utc_now, rows, KeptHolds(state.database, state.blind, system))

        descriptions = Descriptions(state.database)
        read = {name: _files_of(name, settings) for name in settings.systems}  # before the desks read them
        systems = open_systems(settings.systems, ports)
        renewals = {name: Renewal(system, settings.systems[name], ports) for name, system in systems.items()}
        drift = Drift(descriptions, state.audit, [renewals[name].watched(read[name]) for name in systems])
        try:
            with following(state.key, keyed.admitting(state.database)), watching(drift):
                yield Shim(settings, state, systems, drift)
        finally:
            for renewal in renewals.values():
                renewal.close()


def _files_of(name: str, settings: Settings) -> Mapping[str, str]:
    """Return the fingerprints of a system's files; none of what cannot be read: building its desk tells why."""
    try:
        return files_of(*adapter_and_options(name, settings.systems[name]))
    except AdapterMisconfigured:
        return {}
