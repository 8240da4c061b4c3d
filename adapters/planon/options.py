"""What an administrator configures for one Planon installation."""

from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, DirectoryPath, Field, FilePath, SecretStr, StringConstraints

SETTLE_S: Final = 300.0


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name} is not a time zone") from error
    return name


HttpAddress = Annotated[
    str, StringConstraints(pattern=r"^https?://(\[[0-9A-Fa-f:.]+\]|[^\s?#/:@]+)(:[0-9]{1,5})?(/[^\s?#]*)?$")
]


class PlanonOptions(BaseModel):
    """Section of one system in the configuration; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    soap_url: HttpAddress = Field(description="Address under which the SOAP services are, such as `…/Incident`.")
    appsuite_url: HttpAddress = Field(description="Whole address of the AppSuite endpoint for incidents.")
    user: str = Field(min_length=1, description="Account for SOAP and AppSuite.")
    password: SecretStr = Field(description="Its password.")
    replica_url: SecretStr = Field(description="SQLAlchemy URL of the read replica, with a reader's account.")
    replica_deadline_s: float = Field(
        default=5.0, gt=0, le=60, description="Seconds that one contract may take in the replica, connecting included."
    )
    replica_connections_ahead: int = Field(
        default=2, ge=0, le=32, description="Connections that stand open before anybody asks; none to a SQLite file."
    )
    replica_connections_max: int = Field(
        default=8, ge=1, le=64, description="Connections to the replica at a time; each is a process."
    )
    statements: Path | None = Field(
        default=None, description="Folder with the site's own .sql files, each in place of the shipped one of its name."
    )
    zone: Annotated[str, AfterValidator(_known_zone)] = Field(
        default="Europe/Amsterdam", description="Time zone in which the site reads its records."
    )
    settle_s: float = Field(
        default=SETTLE_S,
        gt=0,
        description="Seconds after which the backend cannot commit an earlier request any more: longer than its "
        "longest processing. A reference that is not found counts as absent only after it.",
    )
    sla_settle_s: float = Field(
        default=60.0,
        gt=0,
        le=3600,
        description="Seconds after a delivery within which the backend computes the SLA clock, if it ever does.",
    )
    session_idle_s: float = Field(
        default=1200.0,
        gt=0,
        description="A SOAP session that was unused for so many seconds is replaced before the next call; less than "
        "the time after which the backend ends it.",
    )
    connect_timeout_s: float = Field(default=3.0, gt=0, description="For a connection, seconds.")
    timeout_s: float = Field(default=20.0, gt=0, description="From a connection to the end of the answer, seconds.")
    ca_file: FilePath | None = Field(default=None, description="Certificates to trust instead of the public ones.")
    wsdl: FilePath | None = Field(
        default=None, description="The site's own WSDL; what it imports must lie in its folder."
    )
    mapping: Path | None = Field(default=None, description="TOML file with the site's own names.")
    xsd: DirectoryPath | None = Field(
        default=None, description="Folder of the site's own schemas, which the mapping names, instead of the shipped."
    )

    def service_address(self, service: str) -> str:
        """Return the address of one SOAP service."""
        return f"{self.soap_url.rstrip('/')}/{service}"
