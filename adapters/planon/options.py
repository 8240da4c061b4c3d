"""What an administrator configures for one Planon installation."""

from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FilePath, SecretStr, StringConstraints

SETTLE_S: Final = 300.0


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name} is not a time zone") from error
    return name


HttpAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^\s?#]+$")]


class PlanonOptions(BaseModel):
    """Section of one system in the configuration; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    soap_url: HttpAddress = Field(description="Address under which the SOAP services are, such as `…/Incident`.")
    appsuite_url: HttpAddress = Field(description="Whole address of the AppSuite endpoint for incidents.")
    user: str = Field(min_length=1, description="Account for SOAP and AppSuite.")
    password: SecretStr = Field(description="Its password.")
    replica_url: SecretStr = Field(description="SQLAlchemy URL of the read replica, with a reader's account.")
    zone: Annotated[str, AfterValidator(_known_zone)] = Field(
        default="Europe/Amsterdam", description="Time zone in which the site reads its records."
    )
    settle_s: float = Field(
        default=SETTLE_S,
        gt=0,
        description="Seconds after which the backend cannot commit an earlier request any more: longer than its "
        "longest processing. A reference that is not found counts as absent only after it.",
    )
    connect_timeout_s: float = Field(default=3.0, gt=0, description="For a connection, seconds.")
    timeout_s: float = Field(default=20.0, gt=0, description="From a connection to the end of the answer, seconds.")
    ca_file: FilePath | None = Field(default=None, description="Certificates to trust instead of the public ones.")
    mapping: Path | None = Field(default=None, description="TOML file with the site's own names.")

    def service_address(self, service: str) -> str:
        """Return the address of one SOAP service."""
        return f"{self.soap_url.rstrip('/')}/{service}"
