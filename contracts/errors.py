"""Everything that can go wrong in a contract, grouped by what the caller can do about it.

Each error is one problem type: `slug` is its stable name, `status` its HTTP status, `title` one fixed sentence.
Instances carry fields, never a person's text.
"""

from dataclasses import asdict, dataclass
from typing import ClassVar

from pydantic import JsonValue


class ContractError(Exception):
    """Base of all errors that a contract may raise."""

    slug: ClassVar[str]
    status: ClassVar[int]
    title: ClassVar[str]

    def __init__(self, detail: str, **members: JsonValue) -> None:
        super().__init__(detail)
        self.detail = detail
        self.members = members


class FixRequest(ContractError):
    """The request can never succeed as it is: the caller must change it, or ask the person."""


class RepeatLater(ContractError):
    """The same request, with the same Idempotency-Key, may succeed later."""

    def __init__(self, detail: str, retry_after_s: float | None = None, **members: JsonValue) -> None:
        super().__init__(detail, **members)
        self.retry_after_s = retry_after_s


class PersonMustAct(ContractError):
    """Neither the caller nor time will mend it: an administrator has to look."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that an input breaks.

    Attributes:
        field: which field or element.
        rule: what is wrong; behind the field's name it reads as a sentence.
        value: the offending value, where it may be shown.
        line: of the document, counted from 1; None where there is no document.
    """

    field: str
    rule: str
    value: str | None = None
    line: int | None = None

    def as_json(self) -> dict[str, JsonValue]:
        """Return the violation without empty members."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class _Violated(FixRequest):
    def __init__(self, detail: str, violations: list[Violation]) -> None:
        super().__init__(detail, violations=[violation.as_json() for violation in violations])
        self.violations = violations


class MalformedRequest(_Violated):
    """Raised when the body is not what the contract's request model describes."""

    slug, status, title = "malformed-request", 400, "The request is malformed"


class RuleMissing(_Violated):
    """Raised when the backend's own rows have no rule for the request, such as a hole in the priority matrix."""

    slug, status, title = "rule-missing", 400, "The backend has no rule for this request"


class ReportTimeRefused(FixRequest):
    """Raised when reported_at lies in the future or too far in the past."""

    slug, status, title = "report-time-refused", 400, "The report time is refused"


class IdempotencyKeyMissing(FixRequest):
    """Raised when a write comes without a usable Idempotency-Key."""

    slug, status, title = "idempotency-key-missing", 400, "A write needs an Idempotency-Key"


class Unauthenticated(FixRequest):
    """Raised when the request carries no API key, or one that is not known."""

    slug, status, title = "unauthenticated", 401, "A valid API key is needed"


class Forbidden(FixRequest):
    """Raised when the client lacks the contract's scope."""

    slug, status, title = "forbidden", 403, "The client may not do this"


class NotFound(FixRequest):
    """Raised for a token, incident or delivery that is unknown, or is somebody else's."""

    slug, status, title = "not-found", 404, "Not found"


class BodyTooLarge(FixRequest):
    """Raised when a body is longer than any request of the catalogue can be."""

    slug, status, title = "body-too-large", 413, "The body is too large"


class UrlTooLong(FixRequest):
    """Raised when path and query of a request are longer than any that the service has."""

    slug, status, title = "url-too-long", 414, "The URL is too long"


class HeadersTooLarge(FixRequest):
    """Raised when the headers of a request are longer than any client of the contracts needs."""

    slug, status, title = "headers-too-large", 431, "The headers are too large"


class SlotTaken(FixRequest):
    """Raised when somebody else holds or has booked the slot."""

    slug, status, title = "slot-taken", 409, "The slot is taken"


class TooLate(FixRequest):
    """Raised when the slot or appointment has begun already."""

    slug, status, title = "too-late", 409, "It has begun already"


class HoldExpired(FixRequest):
    """Raised when a hold has run out before it was confirmed."""

    slug, status, title = "hold-expired", 410, "The hold has expired"


class DryRunRefused(_Violated):
    """Raised when a composed document breaks the backend's schema. It is neither queued nor repaired."""

    slug, status, title = "dry-run-refused", 422, "The document does not satisfy the backend's schema"


class IdempotencyKeyReused(FixRequest):
    """Raised when an Idempotency-Key comes back with another request."""

    slug, status, title = "idempotency-key-reused", 422, "The Idempotency-Key was used for another request"


class LeakBlocked(FixRequest):
    """Raised when a text would give away what may not leave. `found` says what kind and where, never the value."""

    slug, status, title = "leak-blocked", 422, "Something that may not leave was found"

    def __init__(self, detail: str, found: list[dict[str, JsonValue]], **members: JsonValue) -> None:
        super().__init__(detail, found=[*found], **members)
        self.found = found


class RequestInFlight(RepeatLater):
    """Raised when the first request with this Idempotency-Key is still being processed."""

    slug, status, title = "request-in-flight", 409, "The first request with this key is still being processed"


class LimitReached(RepeatLater):
    """A limit of the caller. `policy` names it, as in the RateLimit headers; it allows `quota` in `window_s` s."""

    def __init__(self, detail: str, retry_after_s: float, policy: str, quota: int, window_s: int) -> None:
        super().__init__(detail, retry_after_s, policy=policy, quota=quota, window_s=window_s)
        self.policy = policy
        self.quota = quota
        self.window_s = window_s


class TooManyAttempts(LimitReached):
    """Raised when a person's facts were tried too often, or a client has looked up too many people."""

    slug, status, title = "too-many-attempts", 429, "Too many attempts"


class TooManyRequests(LimitReached):
    """Raised when a client has sent more requests than it may in a minute."""

    slug, status, title = "too-many-requests", 429, "Too many requests"


class RequestTooSlow(RepeatLater):
    """Raised when a body does not arrive in time; nothing was done."""

    slug, status, title = "request-too-slow", 408, "The request took too long to arrive"


class Overloaded(RepeatLater):
    """Raised when as much is under way as the service, or one system, takes at a time; nothing was done."""

    slug, status, title = "overloaded", 503, "Too much is under way"


class BackendUnavailable(RepeatLater):
    """Raised when the backend did not execute the request and may do so later."""

    slug, status, title = "backend-unavailable", 503, "The backend is unavailable"


class SystemReadOnly(RepeatLater):
    """Raised for a write while what describes the system differs from what was accepted; nothing was stored or sent."""

    slug, status, title = "system-read-only", 503, "The system is read-only"


class BackendOutcomeUnknown(RepeatLater):
    """Raised when a write may or may not have happened; the same key reconciles."""

    slug, status, title = "outcome-unknown", 504, "The outcome is unknown"


class DeliveryFailed(PersonMustAct):
    """Raised when a durable write was accepted and has ended without being delivered. Nothing is lost: it is kept."""

    slug, status, title = "delivery-failed", 502, "The delivery has ended without success"


class StateUnavailable(RepeatLater):
    """Raised when the shim's own state cannot be written; nothing was accepted."""

    slug, status, title = "state-unavailable", 503, "The shim cannot store the request"


class StateDamaged(PersonMustAct):
    """Raised when something that the shim stored earlier is not what it stored any more; nothing is guessed from it."""

    slug, status, title = "state-damaged", 500, "What the shim has stored is damaged"
