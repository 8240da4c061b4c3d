"""The one table that says what a failed exchange with Planon proves about the work that it asked for.

The same rows judge a POST to the AppSuite endpoint, a SOAP write and a look-up; of a look-up every failure means that
the question stays open. The first row that fits decides. What no row names proves nothing, so it is unknown.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from adapters.planon.outcomes import EndpointFault
from adapters.planon.session import LoginFailed, SessionEnded
from adapters.soap import BadAnswer, ExchangeFailed, Flaw, SoapFault
from contracts.delivery import NotSent, OutcomeUnknown, Rejected
from contracts.errors import BackendUnavailable

_RETRY_S: Final = 30.0


class Verdict(StrEnum):
    """What is known of a request that has failed."""

    NOT_SENT = "not sent"  # no byte of it left
    TRANSIENT = "transient"  # a well-formed answer proves that it was not executed, and it may be later
    REJECTED = "rejected"  # a well-formed answer proves that it was not executed, and it never will be
    UNKNOWN = "outcome unknown"  # it may have been executed


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of failure; an empty condition holds for every failure.

    Attributes:
        name: short, for a reason.
        seen: what is seen of it, in one sentence.
        verdict: what it proves.
        raised: kinds of exception.
        flaws: what was wrong.
        statuses: of HTTP.
        codes: of a fault.
        text: whole text of a SOAP fault.
    """

    name: str
    seen: str
    verdict: Verdict
    raised: tuple[type[ExchangeFailed], ...] = ()
    flaws: Collection[Flaw] = ()
    statuses: Collection[int] = ()
    codes: Collection[str] = ()
    text: str = ""

    def fits(self, error: ExchangeFailed) -> bool:
        """Return whether a failure is of this kind."""
        return (
            (not self.raised or isinstance(error, self.raised))
            and (not self.flaws or error.flaw in self.flaws)
            and (not self.statuses or error.evidence.status in self.statuses)
            and (not self.codes or error.evidence.code in self.codes)
            and (not self.text or (isinstance(error, SoapFault) and error.text.strip() == self.text))
        )


_WHOLE: Final = (BadAnswer, EndpointFault)
_CLIENT_ERRORS: Final = range(400, 500)

TABLE: Final = (
    Row(
        "session ended at once",
        "The session is refused, right after a new log-in too.",
        Verdict.TRANSIENT,
        (SessionEnded,),
    ),
    Row(
        "no session", "The log-in failed or took too long, so the call was not made.", Verdict.NOT_SENT, (LoginFailed,)
    ),
    Row("no time left", "The call's time was up before it began.", Verdict.NOT_SENT, flaws={Flaw.NO_TIME}),
    Row("no connection", "Refused, unreachable, or a name that is not known.", Verdict.NOT_SENT, flaws={Flaw.REFUSED}),
    Row("no connection in time", "Nobody answers the connection.", Verdict.NOT_SENT, flaws={Flaw.CONNECT_TIMED_OUT}),
    Row("certificate", "The server's certificate is not trusted.", Verdict.NOT_SENT, flaws={Flaw.CERTIFICATE}),
    Row("log-in refused", "HTTP 401 or 403, whatever the body.", Verdict.TRANSIENT, _WHOLE, statuses={401, 403}),
    Row("throttled", "HTTP 429; its Retry-After is kept.", Verdict.TRANSIENT, _WHOLE, statuses={429}),
    Row(
        "log-in refused by a fault",
        "AppSuite's fault UNAUTHORISED with another 4xx.",
        Verdict.TRANSIENT,
        (EndpointFault,),
        statuses=_CLIENT_ERRORS,
        codes={"UNAUTHORISED"},
    ),
    Row(
        "document refused",
        "AppSuite's fault about the document, with a 4xx.",
        Verdict.REJECTED,
        (EndpointFault,),
        statuses=_CLIENT_ERRORS,
    ),
    Row("fault unknown", "A SOAP fault whose text is `unknown`.", Verdict.UNKNOWN, (SoapFault,), text="unknown"),
    Row(
        "record refused",
        "The SOAP fault Client, with HTTP 500.",
        Verdict.REJECTED,
        (SoapFault,),
        statuses={500},
        codes={"Client"},
    ),
    Row("fault of the service", "Any other SOAP fault.", Verdict.UNKNOWN, (SoapFault,)),
    Row("misplaced fault", "AppSuite's fault without a 4xx.", Verdict.UNKNOWN, (EndpointFault,)),
    Row("fault of SOAP 1.2", "An envelope of another SOAP version.", Verdict.UNKNOWN, flaws={Flaw.SOAP_12}),
    Row("gateway", "HTTP 502, 503 or 504.", Verdict.UNKNOWN, (BadAnswer,), statuses={502, 503, 504}),
    Row("time-out", "Connected, and no whole answer in time.", Verdict.UNKNOWN, flaws={Flaw.TIMED_OUT}),
    Row("broken", "The connection was reset or closed.", Verdict.UNKNOWN, flaws={Flaw.BROKEN}),
    Row("truncated", "Fewer bytes than Content-Length says.", Verdict.UNKNOWN, flaws={Flaw.TRUNCATED}),
    Row("broken chunks", "Chunks that break off or have no length.", Verdict.UNKNOWN, flaws={Flaw.CHUNKS}),
    Row("too long", "An answer of more than a megabyte.", Verdict.UNKNOWN, flaws={Flaw.TOO_LONG}),
    Row("no HTTP", "A status line or headers that are none.", Verdict.UNKNOWN, flaws={Flaw.NO_HTTP}),
    Row("interim", "HTTP 1xx, and nothing after it.", Verdict.UNKNOWN, flaws={Flaw.INTERIM}),
    Row("no content", "HTTP 204 or 205, or an empty body.", Verdict.UNKNOWN, flaws={Flaw.EMPTY}),
    Row("redirect", "HTTP 3xx; it is not followed.", Verdict.UNKNOWN, flaws={Flaw.REDIRECT}),
    Row("encoded", "A Content-Encoding such as gzip.", Verdict.UNKNOWN, flaws={Flaw.ENCODED}),
    Row("multipart", "An answer in parts, such as MTOM.", Verdict.UNKNOWN, flaws={Flaw.MULTIPART}),
    Row("error page", "Another media type, such as HTML with 200.", Verdict.UNKNOWN, flaws={Flaw.MEDIA_TYPE}),
    Row("another status", "A status that the service does not have.", Verdict.UNKNOWN, flaws={Flaw.STATUS}),
    Row("wrong encoding", "The charset contradicts the XML.", Verdict.UNKNOWN, flaws={Flaw.CHARSET}),
    Row("refused XML", "Not well-formed, a DOCTYPE, or beyond a limit.", Verdict.UNKNOWN, flaws={Flaw.XML}),
    Row(
        "no reply",
        "XML that is not exactly one reply or fault to this call.",
        Verdict.UNKNOWN,
        flaws={Flaw.NO_ENVELOPE, Flaw.NOT_ONE, Flaw.NO_FAULT_CODE, Flaw.NO_REPLY, Flaw.OTHER_REPLY},
    ),
    Row("not as described", "A reply that breaks its schema.", Verdict.UNKNOWN, flaws={Flaw.NOT_AS_DESCRIBED}),
    Row("unreadable value", "A value that cannot be read or used.", Verdict.UNKNOWN, flaws={Flaw.UNREADABLE}),
    Row("anything else", "Whatever no other row names.", Verdict.UNKNOWN),
)


def row_of(error: ExchangeFailed) -> Row:
    """Return the first row that fits a failure."""
    return next(row for row in TABLE if row.fits(error))


def outcome_of(error: ExchangeFailed) -> Rejected | NotSent | OutcomeUnknown:
    """Return what a failed write is to the outbox; the reason ends with the evidence."""
    row = row_of(error)
    reason = f"{row.name}: {error}"
    match row.verdict:
        case Verdict.NOT_SENT | Verdict.TRANSIENT:
            return NotSent(reason, getattr(error, "retry_after_s", None))
        case Verdict.REJECTED:
            return Rejected(reason)
        case Verdict.UNKNOWN:
            return OutcomeUnknown(reason)


def unavailable(error: ExchangeFailed) -> BackendUnavailable:
    """Return what a failed look-up is to whoever asked."""
    retry_after_s: float | None = getattr(error, "retry_after_s", None)
    return BackendUnavailable(f"Planon could not be asked: {row_of(error).name}: {error}", retry_after_s or _RETRY_S)
