"""How an exchange over HTTP can fail, told apart by what is known about the other side's work.

Every failure has a flaw, which says what was wrong, and the evidence. Neither holds a part of a request or an answer;
a fault's own code and text are in fields of their own.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_SHOWN_MEDIA_TYPES: Final = frozenset(
    {
        "text/xml",
        "text/html",
        "text/plain",
        "application/xml",
        "application/json",
        "application/soap+xml",
        "application/octet-stream",
        "multipart/related",
    }
)


class Flaw(StrEnum):
    """What was wrong with an exchange; the words are for an administrator."""

    NO_TIME = "no time was left for it"
    REFUSED = "no connection"
    CONNECT_TIMED_OUT = "no connection in time"
    CERTIFICATE = "the server's certificate is not trusted"

    TIMED_OUT = "time-out before a whole answer"
    BROKEN = "the connection broke before a whole answer"
    TRUNCATED = "the answer is shorter than it says"
    CHUNKS = "the chunks of the answer are broken"
    TOO_LONG = "the answer is too long"
    NO_HTTP = "the answer is not HTTP"

    INTERIM = "an interim answer that nothing followed"
    EMPTY = "an answer without content"
    REDIRECT = "a redirect"
    ENCODED = "an answer in a content encoding that was not asked for"
    MULTIPART = "an answer in several parts"
    STATUS = "an unexpected status"
    MEDIA_TYPE = "an answer that is not XML by its media type"
    CHARSET = "a media type that contradicts the answer's encoding"
    XML = "the answer is refused as XML"
    NO_ENVELOPE = "XML that is not a SOAP envelope"
    SOAP_12 = "an envelope of SOAP 1.2"
    NOT_ONE = "a body that does not hold exactly one reply or fault"
    NO_FAULT_CODE = "a fault without exactly one code and text"
    NO_REPLY = "an error status without a fault"
    OTHER_REPLY = "the reply to another operation"
    NOT_AS_DESCRIBED = "a reply that its description forbids"
    UNREADABLE = "a value that cannot be read"

    FAULT = "a fault"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What may be kept of an exchange for good.

    Attributes:
        took_s: from before the connection to the end, seconds.
        status: HTTP status, when there was one.
        media_type: of the answer, lower case without parameters.
        length: bytes of the answer that were read.
        code: code of a fault; a standard one, or one from a schema.
    """

    took_s: float
    status: int | None = None
    media_type: str | None = None
    length: int | None = None
    code: str | None = None

    def __str__(self) -> str:
        """Return it on one line; a media type that nobody uses is not repeated."""
        told = []
        if self.status is not None:
            told.append(f"HTTP {self.status}")
        if self.media_type is not None:
            told.append(self.media_type if self.media_type in _SHOWN_MEDIA_TYPES else "another media type")
        if self.length is not None:
            told.append(f"{self.length} bytes")
        if self.code is not None:
            told.append(f"fault {self.code}")
        return ", ".join([*told, f"{self.took_s:.2f} s"])


NOTHING_SEEN: Final = Evidence(0.0)


class ExchangeFailed(Exception):
    """Base of all failures of one exchange.

    Attributes:
        flaw: what was wrong.
        evidence: what was seen.
        detail: more about the flaw, without a part of the answer; may be empty.
    """

    def __init__(self, flaw: Flaw, evidence: Evidence = NOTHING_SEEN, detail: str = "") -> None:
        super().__init__(f"{flaw}{f': {detail}' if detail else ''} ({evidence})")
        self.flaw = flaw
        self.evidence = evidence
        self.detail = detail


class NotConnected(ExchangeFailed):
    """Raised when no connection came about, so not one byte of the request was sent."""


class NoAnswer(ExchangeFailed):
    """Raised when the connection ended or ran out of time before a whole answer: the outcome is unknown."""


class BadAnswer(ExchangeFailed):
    """Raised when a whole answer came that is not what the service's description promises.

    Attributes:
        retry_after_s: its Retry-After header in seconds, if it had a usable one.
    """

    def __init__(self, flaw: Flaw, evidence: Evidence, detail: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(flaw, evidence, detail)
        self.retry_after_s = retry_after_s


class SoapFault(ExchangeFailed):
    """Raised when the service answered with a well-formed fault.

    Attributes:
        code: local name of a standard fault code, such as `Client`; empty for a code of the service's own.
        text: the fault string; written by the service, so it may quote the request.
    """

    def __init__(self, code: str, text: str, evidence: Evidence) -> None:
        super().__init__(Flaw.FAULT, evidence)
        self.code = code
        self.text = text
