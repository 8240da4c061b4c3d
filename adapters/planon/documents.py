"""Turns what was composed into documents that passed their dry run; one that does not is refused, never repaired."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from lxml import etree

from adapters.planon.destination import INCIDENT, NOTE
from adapters.planon.elements import Composed, Element, as_bytes, provenance
from adapters.planon.forms import Form, Forms
from adapters.planon.outcomes import AppSuiteReplies
from adapters.planon.responsible import by_input
from contracts.delivery import Document, FollowOn
from contracts.desks import AdapterMisconfigured
from contracts.errors import DryRunRefused, Violation
from contracts.facility import CreateIncidentRequest, FacilityNoteRequest
from contracts.spans import span
from schemas.dry_run import DryRun

_FREE_TEXT: Final = frozenset({"description", "attachments", "text"})
"""Sources whose words are not shown."""
_FOLLOW_ON: Final = "log_note"


class Documents:
    """The two kinds of document, and the schemas that judge them. May be used by several threads at once.

    Args:
        forms: of this installation.
        fingerprints: by kind, of what documents are validated with.

    Raises:
        AdapterMisconfigured: a schema is missing or unusable.
    """

    def __init__(self, forms: Forms, fingerprints: Mapping[str, str] | None = None) -> None:
        self._fingerprints = fingerprints or {}
        try:
            self._incidents = {mandant: _Judge(form) for mandant, form in forms.incidents.items()}
            # Without a declaration, because it goes into an envelope as it is.
            self._note = _Judge(forms.note, declaration=False)
            reply = etree.XMLSchema(file=str(forms.reply))
        except (OSError, etree.LxmlError) as error:
            raise AdapterMisconfigured(f"a schema cannot be used: {error}") from error
        self.replies = AppSuiteReplies(reply, forms.reply_namespace)

    def incident(self, composed: Composed, mandant: str, request: CreateIncidentRequest) -> Document:
        """Return an incident that satisfies the vendor's schema and the mandant's SLA profile, and its follow-on notes.

        Raises:
            DryRunRefused: with every violation, by the fields of the request.
        """
        note = Document(NOTE, b"", request.tenant, request.reported_at, follows_kind=INCIDENT)
        return Document(
            INCIDENT,
            self._incidents[mandant].accepted(composed.elements),
            request.tenant,
            request.reported_at,
            provenance=provenance(composed.elements),
            follow_ons=self._follow_ons(composed, note),
            fingerprint=self._fingerprints.get(INCIDENT),
        )

    def note(self, composed: Composed, request: FacilityNoteRequest) -> Document:
        """Return a communication-log record that satisfies its schema, and its follow-on notes.

        Raises:
            DryRunRefused: with every violation, by the fields of the request.
        """
        note = Document(
            NOTE,
            b"",
            request.tenant,
            request.reported_at,
            about=request.incident,
            about_kind=INCIDENT,
            follows=request.delivery,
            follows_kind=INCIDENT,
        )
        return replace(self._note_of(composed, note), follow_ons=self._follow_ons(composed, note))

    def _follow_ons(self, composed: Composed, note: Document) -> tuple[FollowOn, ...]:
        return tuple(FollowOn(_FOLLOW_ON, rest.reference, self._note_of(rest, note)) for rest in composed.rest)

    def _note_of(self, composed: Composed, note: Document) -> Document:
        """Fill a note in that has everything but its words."""
        return replace(
            note,
            body=self._note.accepted(composed.elements),
            slot=composed.slot.encode() if composed.slot else None,
            provenance=provenance(composed.elements),
            fingerprint=self._fingerprints.get(NOTE),
        )


class _Judge:
    """Writes and judges one kind of document."""

    def __init__(self, form: Form, *, declaration: bool = True) -> None:
        free_text = {field.name for field in form.fields if field.source in _FREE_TEXT}
        self._form = form
        self._declaration = declaration
        self._dry_run = DryRun(*form.schemas, free_text=free_text)

    def accepted(self, elements: Sequence[Element]) -> bytes:
        body = self._written(elements)
        with span("dry run"):
            violations = self._dry_run.check(body)
        if violations:
            responsible = by_input(violations, elements, self._violations)
            raise DryRunRefused("the document breaks the backend's schema; it was not queued", responsible)
        return body

    def _violations(self, elements: Sequence[Element]) -> list[Violation]:
        return self._dry_run.check(self._written(elements))

    def _written(self, elements: Sequence[Element]) -> bytes:
        return as_bytes(self._form.root, self._form.namespace, elements, declaration=self._declaration)
