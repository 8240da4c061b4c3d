"""Reads what the AppSuite endpoint answers: a number, a fault, or nothing that means anything."""

from dataclasses import dataclass, replace
from typing import Final

from lxml import etree

from adapters.soap import Answer, Evidence, ExchangeFailed, Flaw, document_in

_OK: Final = 200
_NUMBER: Final = "IncidentNumber"
_CODE: Final = "Code"
_WITH_FAULT: Final = frozenset(range(400, 500)) - {401, 403, 429}
"""A refused log-in and a throttled call are proved by their status alone, and such a body comes from anywhere."""
_XML: Final = frozenset({"application/xml", "text/xml"})


class EndpointFault(ExchangeFailed):
    """Raised when the endpoint answered with a fault that satisfies its schema.

    `evidence.code` is one of the codes that the schema lists; the fault's text, which may quote, is not kept.
    """

    def __init__(self, evidence: Evidence, retry_after_s: float | None) -> None:
        super().__init__(Flaw.FAULT, evidence)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Accepted:
    """The AppSuite endpoint stored the incident under this number."""

    number: str


@dataclass(frozen=True, slots=True)
class AppSuiteReplies:
    """Reads the AppSuite endpoint's answers.

    Attributes:
        schema: of an answer. Compiled once; only whether it is satisfied is asked, so threads may share it.
        namespace: of an answer.
    """

    schema: etree.XMLSchema
    namespace: str

    @property
    def names(self) -> frozenset[str]:
        """Names of the elements that an answer may have, as they are read here."""
        return frozenset({"IncidentReply", _NUMBER, "Fault", _CODE, "Text"})

    def accepted(self, answer: Answer) -> Accepted:
        """Return what HTTP 200 with a reply that satisfies its schema says.

        Raises:
            EndpointFault: a fault that satisfies its schema.
            BadAnswer: anything else.
        """
        if answer.status != _OK and answer.status not in _WITH_FAULT:
            raise answer.bad(Flaw.STATUS)
        reply = document_in(answer, _XML)
        if not self.schema.validate(reply):
            raise answer.bad(Flaw.NOT_AS_DESCRIBED)
        number = reply.findtext(f"{{{self.namespace}}}{_NUMBER}")
        if number is None:
            code = reply.findtext(f"{{{self.namespace}}}{_CODE}")
            raise EndpointFault(replace(answer.evidence, code=code), answer.retry_after_s)
        if answer.status != _OK:
            raise answer.bad(Flaw.OTHER_REPLY)
        return Accepted(number)
