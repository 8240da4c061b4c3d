"""What an answer, or the lack of one, proves about a write. Everything that proves nothing is an unknown outcome."""

from dataclasses import dataclass
from typing import Final

from lxml import etree

from adapters.planon.session import LoginFailed
from adapters.soap import Answer, BadAnswer, NotConnected, SoapFault
from contracts.delivery import NotSent, OutcomeUnknown, Rejected
from schemas.xml import XmlRefused, parse

_OK: Final = 200
_REFUSED_LOGIN: Final = frozenset({401, 403})
_THROTTLED: Final = 429
_CLIENT_ERRORS: Final = range(400, 500)
_XML: Final = frozenset({"application/xml", "text/xml"})
_NOT_THE_DOCUMENT: Final = "UNAUTHORISED"  # a fault about us, not about what we sent

Failure = Rejected | NotSent | OutcomeUnknown


@dataclass(frozen=True, slots=True)
class Accepted:
    """The AppSuite endpoint stored the incident under this number."""

    number: str


@dataclass(frozen=True, slots=True)
class AppSuiteReplies:
    """Reads the AppSuite endpoint's answers.

    Attributes:
        schema: of an answer. Compiled once; validating is guarded by lxml itself.
        namespace: of an answer.
    """

    schema: etree.XMLSchema
    namespace: str

    def outcome(self, answer: Answer) -> Accepted | Failure:
        """Return what an answer proves.

        | status | body | outcome |
        |---|---|---|
        | 200 | an IncidentReply that satisfies its schema | accepted |
        | 401, 403 | anything | not sent |
        | 429 | anything | not sent, with its Retry-After |
        | other 4xx | a Fault that satisfies its schema | rejected; not sent if it is about the log-in |
        | anything else | anything | unknown |
        """
        if answer.status in _REFUSED_LOGIN:
            return NotSent(f"the endpoint refused the log-in: HTTP {answer.status}")
        if answer.status == _THROTTLED:
            return NotSent("the endpoint is throttling", answer.retry_after_s)
        reply = self._valid(answer)
        if reply is None:
            return OutcomeUnknown(f"HTTP {answer.status} without a well-formed answer")
        return self._of_reply(answer.status, reply)

    def _of_reply(self, status: int, reply: etree._Element) -> Accepted | Failure:
        number = reply.findtext(f"{{{self.namespace}}}IncidentNumber")
        code = reply.findtext(f"{{{self.namespace}}}Code")
        if status == _OK and number:
            return Accepted(number)
        if status in _CLIENT_ERRORS and code == _NOT_THE_DOCUMENT:
            return NotSent(f"the endpoint refused the log-in: {code}")
        if status in _CLIENT_ERRORS and code:
            return Rejected(f"the endpoint refused the document: {code}")
        return OutcomeUnknown(f"HTTP {status} with an answer that does not belong to it")

    def _valid(self, answer: Answer) -> etree._Element | None:
        if answer.media_type not in _XML:
            return None
        try:
            reply = parse(answer.body)
        except XmlRefused:
            return None
        return reply if self.schema.validate(reply) else None


def failure_of(error: Exception) -> Failure:
    """Return what an exception of a write proves.

    | exception | outcome |
    |---|---|
    | no connection, no session | not sent |
    | fault with code Client | rejected |
    | HTTP 401, 403, 429 | not sent |
    | any other | unknown |
    """
    match error:
        case NotConnected() | LoginFailed():
            return NotSent(str(error))
        case SoapFault(code="Client"):
            return Rejected("the service refused the record: fault Client")
        case BadAnswer(status=status) if status in _REFUSED_LOGIN or status == _THROTTLED:
            return NotSent(str(error), error.retry_after_s)
        case _:
            return OutcomeUnknown(str(error) or type(error).__name__)
