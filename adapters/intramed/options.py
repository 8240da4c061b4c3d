"""The options of an Intramed system, as its section of the configuration gives them."""

from pathlib import Path
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from adapters.firebird.address import Address, WireCrypt
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


def _link(value: str) -> str:
    if "{patient}" not in value:
        raise ValueError("must contain {patient}, where the patient number goes")
    return value


Charset = Annotated[str, AfterValidator(_charset)]


class IntramedOptions(BaseModel):
    """Where the database is, who we are to it, what its procedures can, and how long anything may take."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    database: str = Field(
        min_length=1,
        description="Firebird's notation: a path for the embedded engine, or host/port:path for a server.",
        examples=["db.practice.example/3050:intramed"],
    )
    transport: Literal["native", "odbc"] = Field(
        default="native", description="Client library of Firebird, or its ODBC driver."
    )
    odbc_driver: str = Field(
        default="Firebird", description="With transport odbc: the driver's name in odbcinst.ini, or its file."
    )
    wire_crypt: WireCrypt | None = Field(
        default=None,
        description="Whether the connection to a server is encrypted: `required`, or there is none; `enabled`, if the "
        "server can; `disabled`. Left out it is required to another machine and enabled on this one. Transport native.",
    )
    read_user: str = Field(default="SHIM_READ", description="Account that may only select.")
    read_password: SecretStr = Field(default=SecretStr(""), description="Empty for the embedded engine.")
    write_user: str = Field(default="SHIM_WRITE", description="Account that may only execute the procedures.")
    write_password: SecretStr = Field(default=SecretStr(""), description="Empty for the embedded engine.")
    charset: Charset = Field(default="WIN1252", description="Character set that the texts were written in.")
    column_charsets: dict[str, Charset] = Field(
        default_factory=dict,
        description="Character sets of result columns that differ, by `statement.column`.",
        examples=[{"find_patient.family_name": "DOS850"}],
    )
    zone: Annotated[str, AfterValidator(_zone)] = Field(
        default="Europe/Amsterdam", description="Time zone of the times in the database."
    )
    holds: Literal["backend", "shim"] = Field(
        default="backend", description="Where holds live: in the practice's procedures, or in the shim's state."
    )
    hold_s: int = Field(default=90, ge=1, le=900, description="Seconds that a slot is held.")
    notes: Literal["column", "text", "park"] = Field(
        default="column",
        description="How a note is found again after its answer was lost: by a reference column, by a reference at the "
        "end of its text, or not at all: then an administrator decides.",
    )
    settle_s: float = Field(
        default=60.0, gt=0, description="Seconds after which the database cannot commit an earlier write any more."
    )
    deadline_s: float = Field(
        default=5.0, gt=0, le=60, description="Seconds that one contract may take in the database, connecting included."
    )
    connect_timeout_s: float = Field(default=5.0, gt=0, le=60, description="Seconds that a connect may take.")
    connections_ahead: int = Field(
        default=2, ge=0, le=32, description="Connections of each account that stand open before anybody asks."
    )
    connections_max: int = Field(
        default=8, ge=1, le=64, description="Connections of each account at a time; each is a process."
    )
    connection_age_s: float = Field(
        default=30.0, ge=2, le=600, description="Age at which an unused connection is closed and opened anew, seconds."
    )
    staff_link: Annotated[str, AfterValidator(_link)] | None = Field(
        default=None,
        description="Link into Intramed for clients with the staff scope; `{patient}` stands for the patient number.",
        examples=["intramed://patient/{patient}"],
    )
    statements: Path | None = Field(
        default=None, description="Folder with the site's own .sql files, each in place of the shipped one of its name."
    )

    @property
    def address(self) -> Address:
        """Where the database is."""
        return Address.parse(self.database)

    @property
    def encryption(self) -> WireCrypt:
        """Whether the connection is encrypted."""
        return self.wire_crypt or ("enabled" if self.address.is_here else "required")

    @model_validator(mode="after")
    def _passwords(self) -> Self:
        if self.address.host and not (self.read_password.get_secret_value() and self.write_password.get_secret_value()):
            raise ValueError("a server needs read_password and write_password")
        return self

    @model_validator(mode="after")
    def _ahead(self) -> Self:
        if self.connections_ahead > self.connections_max:
            raise ValueError("connections_ahead must not exceed connections_max")
        return self
