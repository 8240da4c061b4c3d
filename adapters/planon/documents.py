"""Turns elements into documents that passed their dry run; a document that does not pass is refused, never repaired."""

from collections.abc import Mapping as Pairs
from typing import Final

from lxml import etree

import schemas
from adapters.planon.elements import Element, as_bytes
from adapters.planon.mapping import Mapping
from adapters.planon.outcomes import AppSuiteReplies
from contracts.desks import AdapterMisconfigured
from contracts.errors import DryRunRefused
from schemas.dry_run import DryRun

_INCIDENT: Final = "Incident"
_NOTE: Final = "CommunicationLog"
_FREE_TEXT: Final = ("BO_DESCRIPTION", "BO_ATTACHMENTS", "TEXT")


class Documents:
    """The two kinds of document, and the schemas that judge them. May be used by several threads at once."""

    def __init__(self, mapping: Mapping) -> None:
        """Load the schemas.

        Raises:
            AdapterMisconfigured: one of them is missing or unusable.
        """
        self._mapping = mapping
        try:
            self._incident = DryRun(
                schemas.path("xsd/appsuite/incident.xsd"),
                schemas.path("xsd/appsuite/incident-sla.xsd"),
                free_text=_FREE_TEXT,
            )
            self._note = DryRun(schemas.path("xsd/planon/communication-log.xsd"), free_text=_FREE_TEXT)
            reply = etree.XMLSchema(file=str(schemas.path("xsd/appsuite/reply.xsd")))
        except (OSError, etree.LxmlError) as error:
            raise AdapterMisconfigured(f"a schema cannot be used: {error}") from error
        self.replies = AppSuiteReplies(reply, mapping.reply.namespace)

    def incident(self, elements: list[Element]) -> bytes:
        """Return an incident document that satisfies the vendor's schema and the site's SLA profile.

        Raises:
            DryRunRefused: with every violation.
        """
        return _accepted(self._incident, as_bytes(_INCIDENT, self._mapping.incident.namespace, elements))

    def note(self, elements: list[Element]) -> bytes:
        """Return a communication-log record; without a declaration, because it goes into an envelope as it is.

        Raises:
            DryRunRefused: with every violation.
        """
        return _accepted(self._note, as_bytes(_NOTE, self._mapping.note.namespace, elements, declaration=False))

    def check(self) -> None:
        """Verify that the schemas know the mapping's names.

        Raises:
            AdapterMisconfigured: naming the element and the rule.
        """
        names, note = self._mapping.incident, self._mapping.note
        for channel in names.channel.model_dump().values():
            fixed = {"BO_ORDER_TYPE": names.order_type, "BO_STATUS": names.status, "BO_CHANNEL": channel}
            _known(self._incident, _INCIDENT, names.namespace, fixed)
        _known(self._note, _NOTE, note.namespace, {"LOG_TYPE": note.log_type})


def _accepted(dry_run: DryRun, body: bytes) -> bytes:
    violations = dry_run.check(body)
    if violations:
        raise DryRunRefused("the document breaks the backend's schema; it was not queued", violations)
    return body


def _known(dry_run: DryRun, root: str, namespace: str, fixed: Pairs[str, str]) -> None:
    """Run a document of the mapping's values alone; that all others are missing is no concern here."""
    elements = [Element(name, value, "", "mapping") for name, value in fixed.items()]
    for violation in dry_run.check(as_bytes(root, namespace, elements)):
        if violation.field in {root, *fixed}:
            raise AdapterMisconfigured(f"mapping: {violation.field} {violation.rule}")
