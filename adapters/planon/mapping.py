"""What differs per installation: names, constants and where each element comes from, read from one TOML file.

`forms.py` compares it with the schemas.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import Field, StringConstraints, ValidationError, model_validator

from adapters.planon.record_names import RecordNames
from adapters.planon.section import Section
from contracts.desks import AdapterMisconfigured
from contracts.facility import SEVERITY

Channel = Literal["whatsapp", "sms", "webchat", "telephone", "email"]
Severity = Annotated[str, StringConstraints(pattern=SEVERITY)]

PACKAGED: Final = Path(__file__).parent / "mapping.toml"


class DocumentNames(Section):
    """One kind of document: its schema, and where each of its elements comes from; the schema gives the order."""

    schema_file: str = Field(alias="schema", description="The vendor's schema, relative to the folder of schemas.")
    root: str = Field(description="The root element.")
    elements: dict[str, str] = Field(description="Element, and its source; `sources.py` has the words.")
    constants: dict[str, str] = Field(default_factory=dict, description="Element, and its value in every document.")

    def element_of(self, source: str) -> str:
        """Return the element with a source that every such document has."""
        return next(element for element, given in self.elements.items() if given == source)


class IncidentNames(DocumentNames):
    """An incident document."""

    channel: dict[Channel, str] = Field(description="Channel of the contract, and the value of its element.")

    @model_validator(mode="after")
    def _every_channel(self) -> Self:
        if lacking := sorted({*get_args(Channel)} - {*self.channel}):
            raise ValueError(f"channel has no {lacking[0]}")
        return self


class MandantNames(Section):
    """What differs for one mandant. Severities and constants go before the general ones of the same name."""

    profile: str = Field(description="Schema of its SLA profile, relative to the folder of schemas.")
    severities: dict[Severity, str] = Field(default_factory=dict, description="As `severities` of the whole file.")
    constants: dict[str, str] = Field(default_factory=dict, description="Element of an incident, and its value.")


class ReplyNames(Section):
    """Names in the AppSuite endpoint's answers."""

    schema_file: str = Field(alias="schema", description="Schema of an answer, relative to the folder of schemas.")


class SessionNames(Section):
    """How the SOAP services speak of sessions."""

    expired: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4)] = Field(
        description="Whole text of the fault for a session that has ended, and of no other."
    )


class Mapping(Section):
    """The whole file."""

    incident: IncidentNames
    severities: dict[Severity, str] = Field(description="Severity as callers name it, and as the priority matrix does.")
    mandants: dict[str, MandantNames] = Field(min_length=1, description="By the mandant's code in the replica.")
    note: DocumentNames
    reply: ReplyNames
    session: SessionNames
    records: RecordNames


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
