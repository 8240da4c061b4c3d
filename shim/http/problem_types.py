"""Every kind of problem that the service answers, and what an agent does about it: the one table of them.

The pages at `/problems`, docs/problems.md and the examples in the OpenAPI document are made from it. A test walks all
errors of the code: each has a row here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from contracts import errors
from contracts.errors import ContractError

TYPE_PREFIX: Final = "urn:problem-type:legacy-shim:"
PAGES: Final = "/problems"

INTERNAL_ERROR: Final = "internal-error"
METHOD_NOT_ALLOWED: Final = "method-not-allowed"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of problem.

    Attributes:
        slug: its stable name; with `TYPE_PREFIX` before it, the `type` of the answer.
        status: the HTTP status.
        title: the same sentence for every problem of this kind.
        means: what has happened, and what has not.
        repeat: whether the same request may be sent again, and with which Idempotency-Key.
        say: what an agent tells the person it talks with.
        detail: an example's detail.
        members: an example's further members.
    """

    slug: str
    status: int
    title: str
    means: str
    repeat: str
    say: str
    detail: str = ""
    members: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def urn(self) -> str:
        """The `type` member."""
        return TYPE_PREFIX + self.slug

    @property
    def page(self) -> str:
        """Where it is explained."""
        return f"{PAGES}/{self.slug}"

    @property
    def example(self) -> dict[str, JsonValue]:
        """One answer of this kind."""
        told: dict[str, JsonValue] = {"type": self.urn, "title": self.title, "status": self.status}
        return {**told, **({"detail": self.detail} if self.detail else {}), **self.members}


_CHANGED: Final = "Not as it is. Mend the request and send it with a new Idempotency-Key."
_NOTHING: Final = "Nothing that concerns them: the agent has to be mended, not the person's words."
_WAIT: Final = "Yes, with the same Idempotency-Key and the same body, after `retry_after` seconds. "
_SOON: Final = "That it takes a moment longer. Hand over to a person when it goes on for minutes."
_DELIVERY: Final[dict[str, JsonValue]] = {
    "delivery": "dl_0f3c2a9b5d714e6f8a1b2c3d4e5f6071",
    "system": "planon",
    "contract": "create_incident",
    "state": "rejected",
    "reported_at": "2026-11-19T22:14:03+01:00",
    "accepted_at": "2026-11-19T21:14:09Z",
    "attempts": 1,
    "reason": "the backend refused it",
}


def _of(kind: type[ContractError], means: str, repeat: str, say: str, detail: str, **members: JsonValue) -> ProblemType:
    return ProblemType(kind.slug, kind.status, kind.title, means, repeat, say, detail, members)


def _violated(name: str, rule: str) -> list[JsonValue]:
    return [{"field": name, "rule": rule}]


TYPES: Final = (
    _of(
        errors.MalformedRequest,
        "The body, a parameter or a header is not as the operation describes it: a field is missing, unknown or out of "
        "its bounds, a time has no offset, the body is no JSON. `violations` names each field. Nothing was done.",
        f"{_CHANGED} A field's value is never repeated in the answer, because it may be about a person.",
        "Ask again for the fact that is wrong, such as a telephone number that cannot be one.",
        "not as the contract describes: reported_at",
        violations=_violated("reported_at", "must be RFC 3339 with an offset, such as 2026-11-19T22:14:03+01:00"),
    ),
    _of(
        errors.RuleMissing,
        "The backend's own rows have no rule for this request, such as a severity without a priority, or a tenant "
        "without a contract. Only they decide, so nothing is guessed and nothing was stored.",
        "Not as it is. With another severity, if `violations` names that; else only after the backend was mended.",
        "That a person takes the report over, and hand it over at once: no work order exists.",
        "no priority is laid down for this severity",
        violations=_violated("severity", "has no row in the priority matrix"),
    ),
    _of(
        errors.ReportTimeRefused,
        "`reported_at` lies in the future, or further back than the deployment accepts: nobody can move an SLA clock. "
        "`server_time` is the service's own clock. Nothing was stored.",
        "With the time at which the person sent the message, and a new Idempotency-Key. Look at the agent's clock "
        "first.",
        _NOTHING,
        "reported_at lies in the future",
        field="reported_at",
        server_time="2026-11-19T21:14:09Z",
    ),
    _of(
        errors.IdempotencyKeyMissing,
        "A write came without an Idempotency-Key, or with one that is empty, too long or not visible ASCII. Without it "
        "a repeat could write twice. Nothing was done.",
        "Yes, with a key: one of your own for each write, such as the id of the message that it comes from.",
        _NOTHING,
        "send an Idempotency-Key of 1 to 255 visible ASCII characters",
    ),
    _of(
        errors.Unauthenticated,
        "There is no key, or not exactly one, or it is unknown, mistyped, expired or revoked. Which of these is not "
        "told. Nothing was done.",
        "Not with this key. Ask an administrator for one: `shim clients add`, or `shim clients rotate`.",
        "That the service is being mended; hand over to a person.",
        "send a valid API key as `Authorization: Bearer …`",
    ),
    _of(
        errors.Forbidden,
        "The key is good, but the client has not the scope that the operation needs (`scope` names it), or may not "
        "call from this address. Nothing was done.",
        "Only after an administrator has changed the client: `shim clients set NAME --scope …`.",
        "That you cannot do this; hand over to a person.",
        "the scope planon:create_incident is needed",
        scope="planon:create_incident",
    ),
    _of(
        errors.NotFound,
        "There is no such path (`/docs` has them all), or what a token, number or delivery names does not exist, has "
        "expired, or is somebody else's. These look alike on purpose. A note on a delivery that came to nothing "
        "carries that `delivery`.",
        "Not as it is. Fetch the token anew (`find_tenant`, `find_patient`, `list_slots`), and use a new "
        "Idempotency-Key.",
        "Ask for the number again. Never tell that it exists for somebody else.",
        "the tenant token is not known",
    ),
    ProblemType(
        METHOD_NOT_ALLOWED,
        405,
        "Method Not Allowed",
        "The path exists, and not with this method; the header `Allow` names those that it has. Contracts are POST, "
        "reads as well: telephone numbers do not belong in URLs.",
        "With a method that `Allow` names.",
        _NOTHING,
    ),
    _of(
        errors.RequestTooSlow,
        "The body did not arrive in time. Nothing was done.",
        f"{_WAIT}If it happens again, look at the network between you and the service.",
        _SOON,
        "the body did not arrive in time",
        retry_after=1,
    ),
    _of(
        errors.SlotTaken,
        "Somebody else holds the slot, or has booked it. It was free when it was listed. Nothing was changed.",
        "Not for this slot. Call `list_slots` again and hold another one with a new Idempotency-Key.",
        "That this time has just been taken, and which others there are.",
        "somebody else holds or has booked this slot",
    ),
    _of(
        errors.TooLate,
        "The slot or appointment has begun already. Nothing was changed.",
        "Not for this one. List again, and use a new Idempotency-Key.",
        "That the appointment has begun and cannot be changed any more; the front desk can be called.",
        "the appointment has begun already",
    ),
    _of(
        errors.RequestInFlight,
        "The first request with this Idempotency-Key is still being worked on. Nothing was done twice.",
        f"{_WAIT}You get the answer of the first one then.",
        _SOON,
        "repeat the request in a moment",
        retry_after=1,
    ),
    _of(
        errors.HoldExpired,
        "The hold has run out before it was confirmed. Nothing was booked.",
        "Not with this hold. Call `hold_slot` for the same slot with a new Idempotency-Key; it may still be free.",
        "That the time was kept for a while and is being asked for again.",
        "the hold has run out",
    ),
    _of(
        errors.BodyTooLarge,
        "The body is longer than any request can be. Nothing was done.",
        "Not as it is. A message has at most 4,096 characters; send the rest as a note of its own.",
        "Ask for a shorter message.",
        "a body may have 131072 bytes",
    ),
    _of(
        errors.UrlTooLong,
        "Path and query together are longer than any that the service has. Nothing was done.",
        "Not as it is. What an operation needs goes into the body.",
        _NOTHING,
        "path and query may have 4096 bytes",
    ),
    _of(
        errors.DryRunRefused,
        "The document that was composed from the request breaks the backend's schema. It was not queued, and nothing "
        "repairs it. `violations` names the elements.",
        "Only if a violation names a field that you sent: mend it, and use a new Idempotency-Key. Else an "
        "administrator has to look.",
        "That a person takes it over, and hand it over at once: no work order exists.",
        "the document breaks the backend's schema; it was not queued",
        violations=_violated("summary", "is longer than the backend's column"),
    ),
    _of(
        errors.IdempotencyKeyReused,
        "This Idempotency-Key came with another body before, or for another operation. The first request stands as it "
        "is; nothing was done for this one.",
        "With a new key if it is a new write; with the old body if it is a repeat.",
        _NOTHING,
        "use a new key for a new request; the key names one request for good",
    ),
    _of(
        errors.LeakBlocked,
        "A text has something in it that may not leave, such as a citizen service number, an IBAN, or another person's "
        "token. `found` says what kind and where, never the value. After a write, `executed` says whether it was made.",
        "A message (`check_outbound`): not as it is, have it written anew. A reply: no, an administrator has to look; "
        "with `executed` true the write was made all the same.",
        "Nothing of what was found. Say it in other words, without the number.",
        "the message has something in it that may not be sent",
        found=[{"kind": "bsn", "begin": 18, "end": 27}],
    ),
    _of(
        errors.TooManyAttempts,
        "One person's facts were tried too often, or the client has looked up too many people. `policy` names the "
        "limit, `quota` and `window_s` say how much it allows. Nobody was looked up.",
        "After `retry_after` seconds. Do not try other facts in the meantime: they would be counted.",
        "That you cannot find them in this way now, and hand over to a person.",
        "too many attempts for this person",
        policy="identity",
        quota=5,
        window_s=3600,
        retry_after=1312,
    ),
    _of(
        errors.TooManyRequests,
        "The client has sent more requests than it may in a minute. The headers `RateLimit-Policy` and `RateLimit` say "
        "the same for programs. Nothing was done.",
        f"{_WAIT}Spread the requests, or ask an administrator for a higher limit.",
        _SOON,
        "more than 120 requests in a minute",
        policy="requests",
        quota=120,
        window_s=60,
        retry_after=21,
    ),
    _of(
        errors.HeadersTooLarge,
        "The headers are longer than any client needs. Nothing was done.",
        "Not as it is. Send only the headers that the operation describes; cookies have no use here.",
        _NOTHING,
        "the headers are too large",
    ),
    ProblemType(
        INTERNAL_ERROR,
        500,
        "A defect in the shim",
        "The service has a defect. What it was stands in its log, under the trace id of the header `traceparent`. A "
        "write may have been made.",
        "Yes, once, with the same Idempotency-Key and the same body: it never writes twice. Then tell an administrator "
        "the trace id.",
        "That something went wrong and is being looked at; hand over to a person.",
    ),
    _of(
        errors.StateDamaged,
        "What the service has stored earlier is not what it stored any more. Nothing is guessed from it, and nothing "
        "was done.",
        "No. An administrator has to look; tell the trace id of the header `traceparent`.",
        "That something went wrong and is being looked at; hand over to a person.",
        "the answer that was stored under this key cannot be read any more",
    ),
    _of(
        errors.DeliveryFailed,
        "A durable write was accepted earlier and has ended without success: the backend refused it, or has a record "
        "that contradicts it. Nothing is lost: `delivery` has its state and the reason, and an administrator can send "
        "it again.",
        "No: neither with the same key nor with a new one. Follow the delivery; it may still be delivered after an "
        "administrator has acted.",
        "That a person looks at the report. Do not say that it is in the system.",
        "the backend refused it",
        delivery=_DELIVERY,
    ),
    _of(
        errors.Overloaded,
        "As much is under way as the service, or this one system, takes at a time. Nothing was done.",
        f"{_WAIT}Wait longer after each further one.",
        _SOON,
        "too much is under way; nothing was done",
        retry_after=2,
    ),
    _of(
        errors.BackendUnavailable,
        "The backend cannot be reached or refuses everything now. For a read or an immediate write nothing was done; a "
        "durable write that meets this was not accepted, because what it needs to be composed could not be read.",
        f"{_WAIT}Nothing of it was executed.",
        "That the system behind it is out of reach for now. Hand urgent damage over to a person.",
        "the backend is unavailable",
        retry_after=5,
    ),
    _of(
        errors.SystemReadOnly,
        "What describes the backend differs from what an administrator has accepted, so nothing is written to it. "
        "Reads go on. Nothing was stored or sent.",
        f"{_WAIT}An administrator has to look first, so this may take hours.",
        "That nothing can be entered now, and hand over to a person.",
        "planon is read-only until an administrator has looked at what changed",
        retry_after=60,
    ),
    _of(
        errors.StateUnavailable,
        "The service cannot write its own state, so it accepts and answers nothing that must be written down. Nothing "
        "was accepted.",
        _WAIT.rstrip(),
        _SOON,
        "the request cannot be stored",
        retry_after=5,
    ),
    _of(
        errors.BackendOutcomeUnknown,
        "A write may or may not have been executed: its answer was lost, or has not come in time. Nobody knows yet, "
        "and the service does not guess.",
        f"{_WAIT}That is how it is found out: it never writes twice. A new key could write a second time.",
        "That it is being checked. Say neither that it worked nor that it failed.",
        "an earlier attempt may have been executed; repeat with the same key",
        retry_after=1,
    ),
)
"""In the order of their status, and of the code."""

BY_SLUG: Final[Mapping[str, ProblemType]] = {kind.slug: kind for kind in TYPES}


def help_link(slug: str) -> dict[str, str]:
    """Return the header that leads from a problem to its page; none of a problem that only an adapter knows."""
    return {"Link": f'<{PAGES}/{slug}>; rel="help"'} if slug in BY_SLUG else {}
