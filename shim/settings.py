"""The configuration: one `shim.toml`, every value overridable by environment (`SHIM_OUTBOX__CAP_S=60`)."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from outbox.database import URL_PREFIXES

ENV_PREFIX: Final = "SHIM_"
NAME: Final = r"^[a-z][a-z0-9-]{0,30}$"

SystemName = Annotated[str, StringConstraints(pattern=NAME)]


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


class OutboxSection(Section):
    """How the outbox retries."""

    first_s: float = Field(
        default=1, gt=0, description="Upper end of the first delay, seconds; doubles with each failure."
    )
    cap_s: float = Field(default=300, gt=0, description="Longest delay between attempts, seconds.")
    threads: int = Field(default=2, ge=1, le=64, description="Attempts at a time per system.")
    grace_s: float = Field(default=30, ge=0, description="How long a shutdown waits for running attempts, seconds.")


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
    master_key: Path = Field(description="File with the key that tokens and payloads are sealed with; made if absent.")
    reference_max_age_s: float = Field(
        default=86_400, ge=0, description="How old kept reference rows may be when the replica is down, seconds."
    )
    http: Http = Http()
    outbox: OutboxSection = OutboxSection()
    report_time: ReportTime = ReportTime()
    identity: Identity = Identity()
    systems: dict[SystemName, SystemSection] = Field(
        default_factory=dict, description="The legacy systems, by name; without any, only looking at the state works."
    )

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
