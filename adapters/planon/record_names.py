"""What one installation's SOAP services call things: part of its mapping, checked against its WSDL at start-up."""

from pydantic import Field

from adapters.planon.section import Section


class NoteAttributes(Section):
    """Attributes of a communication-log record, as `read` returns it."""

    syscode: str = Field(description="The record's own key.")
    number: str = Field(description="Number of the incident.")
    reference: str = Field(description="The external reference.")
    tenant: str = Field(description="The tenant's key.")
    reported_at: str = Field(description="The report time.")


class IncidentAttributes(NoteAttributes):
    """Attributes of an incident record, as `read` returns it."""

    status: str = Field(description="The state, in the vendor's words.")
    priority: str = Field(description="The priority code.")
    sla_start: str = Field(description="Start of the SLA clock.")
    sla_due: str = Field(description="Due time of the SLA clock.")


class RecordNames(Section):
    """Names in filters and records of the SOAP services."""

    by_reference: str = Field(description="Field that holds the external reference, to search by.")
    by_number: str = Field(description="Field that holds an incident's number, to search by.")
    incident: IncidentAttributes
    note: NoteAttributes
    same: dict[str, str] = Field(
        description="Attribute of an incident record, and the element of the incident document whose text it must hold."
    )

    def of_incident(self) -> set[str]:
        """Return every attribute of an incident record that is read."""
        return {*self.incident.model_dump().values(), *self.same}

    def of_note(self) -> set[str]:
        """Return every attribute of a communication-log record that is read."""
        return set(self.note.model_dump().values())
