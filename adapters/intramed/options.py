"""The options of an Intramed system, as its section of the configuration gives them."""

from pathlib import Path
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from adapters.firebird.address import Address
from adapters.firebird.charset import codec_of

STATEMENTS: Final = Path(__file__).parent / "statements"


def _charset(value: str) -> str:
    codec_of(value)
    return value.upper()


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("must be a time zone, such as Europe/Amsterdam") from error
    return value


class IntramedOptions(BaseModel):
    """Where the database is, who we are to it, and how it stores text and time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    database: str = Field(
        min_length=1,
        description="Firebird's notation: a path for the embedded engine, or host/port:path for a server.",
        examples=["db.practice.example/3050:intramed"],
    )
    read_user: str = Field(default="SHIM_READ", description="Account that may only select.")
    read_password: SecretStr = Field(default=SecretStr(""), description="Empty for the embedded engine.")
    write_user: str = Field(default="SHIM_WRITE", description="Account that may only execute the procedures.")
    write_password: SecretStr = Field(default=SecretStr(""), description="Empty for the embedded engine.")
    charset: Annotated[str, AfterValidator(_charset)] = Field(
        default="WIN1252", description="Character set that the texts were written in."
    )
    zone: Annotated[str, AfterValidator(_zone)] = Field(
        default="Europe/Amsterdam", description="Time zone of the times in the database."
    )
    hold_s: int = Field(default=90, ge=1, le=900, description="Seconds that a slot is held.")
    settle_s: float = Field(
        default=60.0, gt=0, description="Seconds after which the database cannot commit an earlier write any more."
    )
    connect_timeout_s: float = Field(default=5.0, gt=0, le=60, description="Seconds that a connect may take.")
    lock_timeout_s: int = Field(default=2, ge=1, le=60, description="Seconds that a write may wait for a lock.")
    statements: Path = Field(default=STATEMENTS, description="Folder with the .sql files, to replace the given ones.")

    @model_validator(mode="after")
    def _passwords(self) -> Self:
        if Address.parse(self.database).host and not (
            self.read_password.get_secret_value() and self.write_password.get_secret_value()
        ):
            raise ValueError("a server needs read_password and write_password")
        return self
