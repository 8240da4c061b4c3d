"""The configuration: one `shim.toml`, every value overridable by environment (`SHIM_OUTBOX__CAP_S=60`)."""

import tomllib
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from outbox.database import URL_PREFIXES

ENV_PREFIX: Final = "SHIM_"
NAME: Final = r"^[a-z][a-z0-9-]{0,30}$"
SERVICE: Final = "shim"
"""What the scopes of the service itself begin with."""

SystemName = Annotated[str, StringConstraints(pattern=NAME)]
_REASON_LEAST: Final = 10


def _reason(value: str) -> str:
    if len(value) < _REASON_LEAST or not value.isprintable():
        raise ValueError(f"must say in one line why, in {_REASON_LEAST} characters or more")
    return value


AcceptedRisk = Annotated[str, StringConstraints(strip_whitespace=True, max_length=400), AfterValidator(_reason)]
"""Why something stays open on the wire."""


def _network(value: str) -> str:
    try:
        ip_network(value)
    except ValueError as error:
        raise ValueError("must be an address or a network, such as 10.0.0.0/8") from error
    return value


class ConfigurationError(Exception):
    """Raised when the configuration cannot be used, in one line that says what to do."""


class Section(BaseModel):
    """A table of the file; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Http(Section):
    """Where the service listens and how long it waits."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    wait_s: float = Field(default=5, ge=0, description="How long a durable write waits for its delivery, seconds.")
    wait_max_s: float = Field(default=30, ge=0, description="Longest wait that `Prefer: wait=n` can ask for, seconds.")
    tls_certificate: Path | None = Field(
        default=None, description="PEM file with the certificate and those between it and its root: HTTPS is served."
    )
    tls_key: Path | None = Field(default=None, description="PEM file with the certificate's key.")
    trusted_proxies: list[Annotated[str, AfterValidator(_network)]] = Field(
        default_factory=list,
        description="Addresses or networks of proxies whose `X-Forwarded-For` is believed; nobody's unless named.",
        examples=[["10.0.0.5"]],
    )
    accepted_risk: AcceptedRisk | None = Field(
        default=None, description="Why others than this machine may be served without `tls_certificate`."
    )

    @model_validator(mode="after")
    def _whole_certificate(self) -> Self:
        if (self.tls_certificate is None) is not (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together")
        return self

    calls_per_system: int = Field(
        default=24, ge=1, le=256, description="Calls of one system at a time; a slow one keeps none from the others."
    )
    queue_s: float = Field(
        default=2, ge=0, description="How long a call waits for its turn before it is answered 503, seconds."
    )
    connections: int = Field(default=1000, ge=1, description="Most connections of clients at a time.")
    deadline_s: float = Field(
        default=60,
        gt=0,
        description="After which a call is answered, whatever it waits for, seconds: 504, and a write asks its "
        "backend when it is repeated. What `Prefer: wait=n` waits comes on top.",
    )
    receive_s: float = Field(
        default=10, gt=0, description="How long the headers, and then the body, of a request may take, seconds."
    )
    requests_per_minute: int = Field(
        default=600,
        ge=0,
        description="How many requests each process takes in a minute from a client without a limit of its own; 0 for "
        "any number.",
    )


class OutboxLimits(Section):
    """When an entry is given up, which parks it; one system may have limits of its own."""

    max_attempts: int = Field(
        default=20, ge=1, description="How often an entry is sent that is in trouble by itself; an outage costs none."
    )
    max_age_s: float = Field(
        default=7 * 86_400, gt=0, description="How old an entry gets, not counting outages of its system, seconds."
    )


class OutboxSystem(Section):
    """What differs for one system, `[outbox.systems.NAME]`."""

    max_attempts: int | None = Field(default=None, ge=1, description="In place of `outbox.max_attempts`.")
    max_age_s: float | None = Field(default=None, gt=0, description="In place of `outbox.max_age_s`.")


class OutboxSection(OutboxLimits):
    """How the outbox retries, how gently, and who is told of an outage."""

    first_s: float = Field(
        default=1, gt=0, description="Upper end of the first delay, seconds; doubles with each failure."
    )
    cap_s: float = Field(default=300, gt=0, description="Longest delay between attempts, seconds.")
    threads: int = Field(
        default=2, ge=1, le=64, description="Attempts at a time per system, over all processes and machines."
    )
    grace_s: float = Field(
        default=30, ge=0, description="How long a shutdown waits for running requests and attempts, seconds."
    )
    breaker_after: int = Field(
        default=3, ge=1, description="Attempts in a row that reach nobody, after which a system is out of reach."
    )
    probe_s: float = Field(
        default=30, gt=0, description="From one attempt to the next while a system is out of reach, seconds."
    )
    ramp_s: float = Field(
        default=5,
        ge=0,
        description="After an outage attempts go one at a time, and twice as many after every so many seconds.",
    )
    alert_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/\s]",
        description="Told of each outage's beginning and end by a POST signed as Standard Webhooks; `https://`, or "
        "`http://` on this machine.",
    )
    alert_secret: SecretStr | None = Field(
        default=None, description="Key of that signature, `whsec_…`; better in a file or the environment."
    )
    alert_secret_file: Path | None = Field(default=None, description="File with that key, in place of `alert_secret`.")
    accepted_risk: AcceptedRisk | None = Field(
        default=None, description="Why `alert_url` may be `http://` to another machine, so that alerts can be read."
    )
    systems: dict[SystemName, OutboxSystem] = Field(
        default_factory=dict,
        description="`max_attempts` and `max_age_s` of single systems, in tables `[outbox.systems.NAME]`.",
    )

    @model_validator(mode="after")
    def _alerts_are_signed(self) -> Self:
        if self.alert_url is None:
            return self
        if (self.alert_secret is None) is (self.alert_secret_file is None):
            raise ValueError("alert_url needs either alert_secret or alert_secret_file")
        return self

    def secret_of_alerts(self) -> str:
        """Return the key of the alerts' signature; never show it.

        Raises:
            OSError: its file cannot be read.
        """
        if self.alert_secret_file is not None:
            return self.alert_secret_file.read_text(encoding="ascii").strip()
        return "" if self.alert_secret is None else self.alert_secret.get_secret_value()

    def limits(self, system: str) -> OutboxLimits:
        """Return the limits of one system's entries."""
        own = self.systems.get(system, OutboxSystem())
        return OutboxLimits(
            max_attempts=own.max_attempts or self.max_attempts, max_age_s=own.max_age_s or self.max_age_s
        )


class AuditSection(Section):
    """Where checkpoints of the audit go by themselves."""

    checkpoints_to: tuple[str, ...] = Field(
        default=(),
        description="Files that only grow, on another disk or machine, or addresses that take what "
        "`outbox.alert_secret` signs; without any, checkpoints are made by `shim audit checkpoint` only.",
    )
    checkpoint_every_s: float = Field(default=3600, ge=1, description="From one checkpoint to the next, seconds.")


class LogSection(Section):
    """What the log on standard error looks like, and how much of the same it takes."""

    format: Literal["console", "json"] = Field(
        default="console", description="`console`, a line to read; `json`, an object per line for what collects logs."
    )
    same_per_minute: int = Field(
        default=10,
        ge=1,
        description="How often the same message is written in a minute; then only how many more there were.",
    )


class TracingSection(Section):
    """Where traces go."""

    endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^/\s]",
        description="OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`; without one nothing is traced.",
    )
    ratio: float = Field(
        default=1, ge=0, le=1, description="Share of the traces that are kept, where the caller does not say."
    )
    accepted_risk: AcceptedRisk | None = Field(
        default=None, description="Why `endpoint` may be `http://` to another machine, so that traces can be read."
    )


class AdminSection(Section):
    """The operations page at `/admin`."""

    enabled: bool = Field(default=True, description="Whether there is one; nobody gets in without a link.")
    link_s: int = Field(
        default=600, ge=10, le=86_400, description="How long a link of `shim admin link` can be used, once, seconds."
    )
    session_s: int = Field(default=3600, ge=60, le=86_400, description="How long somebody stays signed in, seconds.")


class ReportTime(Section):
    """Which report times are believed."""

    max_ahead_s: float = Field(default=300, ge=0, description="How far `reported_at` may lie in the future, seconds.")
    max_age_s: float = Field(default=7 * 86_400, gt=0, description="How old `reported_at` may be, seconds.")


class Identity(Section):
    """How often somebody may ask who a person is."""

    attempts_per_number: int = Field(
        default=5,
        ge=1,
        description="How often facts for one telephone number may fail to identify a person, within `window_s`; for a "
        "tenant without a telephone, facts for one address.",
    )
    attempts_per_client: int = Field(
        default=30,
        ge=1,
        description="How often a client's facts that name neither a telephone number nor one home, such as a tenant "
        "code alone, may fail to identify a person, within `window_s`.",
    )
    window_s: int = Field(default=3600, ge=1, description="For how long a failed attempt counts, seconds.")
    people_per_client: int = Field(
        default=120, ge=1, description="How many different people a client may identify in an hour, over all systems."
    )


class SystemSection(BaseModel):
    """One installation of a legacy system: the adapter, and its options, which the adapter's own model checks."""

    model_config = ConfigDict(extra="allow", frozen=True)

    adapter: str = Field(description="Name of an entry point in the group `legacy_shim.adapters`.")
    accepted_risk: AcceptedRisk | None = Field(
        default=None, description="Why what goes to and from this system may be read on its way."
    )

    @property
    def options(self) -> dict[str, Any]:
        """The adapter's options as they stand in the file."""
        return dict(self.model_extra or {})


class Settings(BaseSettings):
    """Everything that a deployment decides. Relative paths are relative to the working directory."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix=ENV_PREFIX, env_nested_delimiter="__", case_sensitive=False
    )

    deployment: SystemName = Field(
        description="Name of this deployment; part of every external reference. Never change it."
    )
    state: str = Field(
        min_length=1,
        description="The outbox and all other state: path of an SQLite file, or `postgresql://user@host/database` for "
        "several machines; the password comes from PGPASSWORD or a password file.",
    )
    state_accepted_risk: AcceptedRisk | None = Field(
        default=None, description="Why what goes to a `state` on another machine may be read on its way."
    )
    master_key: Path = Field(
        description="File with the keys that tokens and payloads are sealed with, see `shim keys`; made if absent."
    )
    reference_max_age_s: float = Field(
        default=86_400, ge=0, description="How old kept reference rows may be when the replica is down, seconds."
    )
    keep_text_days: int = Field(
        default=14,
        ge=1,
        le=3650,
        description="How long people's words are kept after delivery or discarding, days; hashes and sources stay.",
    )
    idempotency_days: int = Field(
        default=30,
        ge=1,
        le=3650,
        description="How long the answer of an immediate write is kept for a repeat with its key, days.",
    )
    http: Http = Http()
    outbox: OutboxSection = OutboxSection()
    report_time: ReportTime = ReportTime()
    identity: Identity = Identity()
    audit: AuditSection = AuditSection()
    log: LogSection = LogSection()
    tracing: TracingSection = TracingSection()
    admin: AdminSection = AdminSection()
    systems: dict[SystemName, SystemSection] = Field(
        default_factory=dict, description="The legacy systems, by name; without any, only looking at the state works."
    )

    @model_validator(mode="after")
    def _names_are_free(self) -> Self:
        if SERVICE in self.systems:
            raise ValueError(f"a system cannot be called {SERVICE!r}: the service's own scopes begin with it")
        return self

    @model_validator(mode="after")
    def _limits_of_known_systems(self) -> Self:
        if unknown := sorted(self.outbox.systems.keys() - self.systems.keys()):
            raise ValueError(f"outbox.systems.{unknown[0]} is about no system of this configuration")
        return self

    @property
    def state_file(self) -> Path | None:
        """The SQLite file; None when the state is on a database server."""
        return None if self.state.startswith(URL_PREFIXES) else Path(self.state)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, which comes in as init values."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def load(path: Path) -> Settings:
    """Read the configuration.

    Raises:
        ConfigurationError: the file is missing, unreadable, no TOML, or holds a value that cannot be.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror}); name the file with --config") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}") from error
    try:
        return Settings(**values)
    except ValidationError as error:
        raise ConfigurationError(f"{path}: {explain(error)}") from error


def explain(error: ValidationError) -> str:
    """Say in one line which keys are wrong and why, without the values: one may be a secret."""
    return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_input=False))
