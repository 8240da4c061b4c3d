"""What the configuration leaves open on the wire: refused at start-up, unless its section names the reason.

Told from the configuration alone, so that it stops the start before the first byte leaves. Reading along is what is
looked for: plain HTTP, databases without checked TLS, each unless it stays within this machine.
"""

import logging
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from contracts.exposure import is_loopback, plain_http, postgresql_hosts
from shim.settings import ConfigurationError, Settings
from shim.systems import adapter_and_options

Part = Literal["state", "http", "outbox", "tracing", "systems"]
SERVING: Final[tuple[Part, ...]] = ("state", "http", "outbox", "tracing", "systems")
"""What matters to the service."""
DELIVERING: Final[tuple[Part, ...]] = ("state", "outbox", "tracing", "systems")
"""What matters to a command that reaches the systems."""
LOOKING: Final[tuple[Part, ...]] = ("state",)
"""What matters to a command that only opens the state."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Exposed:
    """One section of the configuration with something open, or with a reason for it.

    Attributes:
        section: its name, such as `systems.planon`, `http`, `outbox` or `state`.
        option: where its reason belongs, as it is typed.
        open: what is open, one line each; none when the reason is not needed any more.
        reason: why that was accepted; None when nobody has said so.
    """

    section: str
    option: str
    open: tuple[str, ...]
    reason: str | None

    @property
    def refused(self) -> tuple[str, ...]:
        """What stops the start, one line each."""
        if self.reason is not None:
            return ()
        return tuple(f"{self.section}: {line}; or name the reason in {self.option}" for line in self.open)


def exposed(
    settings: Settings, parts: Collection[Part] = SERVING, environment: Mapping[str, str] = os.environ
) -> list[Exposed]:
    """Return every section of these parts that leaves something open, or names a reason.

    Raises:
        ConfigurationError: a system's options cannot be used.
    """
    http, outbox = settings.http, settings.outbox
    told: dict[Part, list[Exposed]] = {
        "state": [Exposed("state", "state_accepted_risk", _state(settings, environment), settings.state_accepted_risk)],
        "http": [Exposed("http", "accepted_risk of [http]", _listener(settings), http.accepted_risk)],
        "outbox": [Exposed("outbox", "accepted_risk of [outbox]", _alerts(settings), outbox.accepted_risk)],
        "tracing": [
            Exposed("tracing", "accepted_risk of [tracing]", _traces(settings), settings.tracing.accepted_risk)
        ],
        "systems": [_system(name, settings) for name in settings.systems] if "systems" in parts else [],
    }
    return [found for part in parts for found in told[part] if found.open or found.reason is not None]


def refuse(found: Collection[Exposed]) -> None:
    """Let nothing start that is open without a reason.

    Raises:
        ConfigurationError: with a line for each thing that is open.
    """
    if refused := [line for section in found for line in section.refused]:
        raise ConfigurationError("\nshim: ".join(refused))


def warn(found: Collection[Exposed]) -> None:
    """Write what was accepted into the log, once at the start."""
    for section in found:
        for line in section.open:
            _log.warning("%s: %s. Accepted: %s", section.section, line, section.reason)
        if not section.open:
            _log.warning("%s: nothing is open any more; the reason can go: %s", section.section, section.reason)


def _state(settings: Settings, environment: Mapping[str, str]) -> tuple[str, ...]:
    if settings.state_file is not None:
        return ()
    from psycopg import ProgrammingError  # noqa: PLC0415 - only where the state is on such a server
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    try:
        parameters = {name: str(value) for name, value in conninfo_to_dict(settings.state).items() if value is not None}
    except ProgrammingError:
        return ()  # refused with its own reason when it is opened
    hosts = list(postgresql_hosts(parameters, environment))
    if hosts and all(map(is_loopback, hosts)):
        return ()
    if parameters.get("sslmode", environment.get("PGSSLMODE")) == "verify-full":
        return ()
    what = "state is on another machine without checked TLS, so what waits for the systems can be read"
    return (f"{what}; add ?sslmode=verify-full to it",)


def _listener(settings: Settings) -> tuple[str, ...]:
    http = settings.http
    if http.tls_certificate is not None or is_loopback(http.host):
        return ()
    what = f"host {http.host or 'everywhere'} is served without TLS, so keys, requests and replies can be read"
    return (f"{what}; set tls_certificate and tls_key, or listen on 127.0.0.1 behind a proxy that has them",)


def _alerts(settings: Settings) -> tuple[str, ...]:
    url = settings.outbox.alert_url
    return () if url is None else tuple(plain_http("alert_url", url, "alerts"))


def _traces(settings: Settings) -> tuple[str, ...]:
    url = settings.tracing.endpoint
    return () if url is None else tuple(plain_http("endpoint", url, "traces"))


def _system(name: str, settings: Settings) -> Exposed:
    section = settings.systems[name]
    adapter, options = adapter_and_options(name, section)
    full = f"systems.{name}"
    return Exposed(full, f"accepted_risk of [{full}]", tuple(adapter.exposures(options)), section.accepted_risk)
