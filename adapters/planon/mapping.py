"""The names that differ per installation, read from one small TOML file and checked when the adapter is built."""

import tomllib
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.desks import AdapterMisconfigured

PACKAGED: Final = Path(__file__).parent / "mapping.toml"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChannelNames(_Section):
    """The value of BO_CHANNEL per channel of the contract."""

    whatsapp: str
    sms: str
    webchat: str
    telephone: str
    email: str


class IncidentNames(_Section):
    """Names in an incident document."""

    namespace: str = Field(description="Namespace of the incident document.")
    order_type: str = Field(description="BO_ORDER_TYPE of every report.")
    status: str = Field(description="BO_STATUS of a new incident.")
    channel: ChannelNames


class NoteNames(_Section):
    """Names in a communication-log record."""

    namespace: str = Field(description="Namespace of the record.")
    log_type: str = Field(description="LOG_TYPE of every note.")


class ReplyNames(_Section):
    """Names in the AppSuite endpoint's answers."""

    namespace: str = Field(description="Namespace of the answer.")


class SessionNames(_Section):
    """How the SOAP services speak of sessions."""

    expired: str = Field(min_length=1, description="Part of the text of the fault for a session that has ended.")


class Mapping(_Section):
    """The whole file."""

    incident: IncidentNames
    note: NoteNames
    reply: ReplyNames
    session: SessionNames


def load_mapping(file: Path | None) -> Mapping:
    """Read a mapping; None is the packaged one.

    Raises:
        AdapterMisconfigured: the file cannot be read, or a name is missing or unknown.
    """
    path = file or PACKAGED
    try:
        return Mapping.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise AdapterMisconfigured(f"mapping: {path} cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise AdapterMisconfigured(f"mapping: {where} in {path}: {first['msg']}") from error
