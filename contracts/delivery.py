"""What travels through the outbox: a frozen document, the outcome of an attempt, the answer to "did it land?"."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Protocol

from pydantic import Field, JsonValue, SerializeAsAny

from contracts.fields import CODED, DeliveryId, Instant, Model


class DeliveryState(StrEnum):
    """Every state that a delivery can be in; the outbox stores these words and HTTP shows them."""

    READY = "ready"  # may be sent now, or at its next attempt
    WAITING = "waiting"  # behind an earlier entry of its key
    IN_FLIGHT = "in_flight"  # an attempt has begun
    UNKNOWN = "unknown"  # an attempt ended without proof of what it did; the backend is asked before any resend
    DELIVERED = "delivered"
    REJECTED = "rejected"  # the backend refused it for good; somebody must act
    PARKED = "parked"  # the backend's record contradicts ours; somebody must act
    DISCARDED = "discarded"  # given up: by an administrator, or because what it is about does not exist

    @property
    def ended(self) -> bool:
        """Whether nothing will happen any more unless a person acts."""
        return self in {self.DELIVERED, self.REJECTED, self.PARKED, self.DISCARDED}


class Delivery(Model):
    """Reply to every durable write: the delivery's current state."""

    delivery: DeliveryId
    system: Annotated[str, CODED] = Field(description="Name of the system in the configuration.", examples=["planon"])
    contract: Annotated[str, CODED] = Field(description="The contract that was called.", examples=["create_incident"])
    state: DeliveryState = Field(
        description="Where the delivery is now. ready: sent at the next attempt; waiting: behind an earlier one about "
        "the same record; in_flight: being sent; unknown: an answer was lost, the backend is being asked; delivered; "
        "rejected or parked: an administrator must act; discarded: given up. Repeating the call is safe in every state."
    )
    reported_at: Instant = Field(description="Report time of the original message, unchanged by any retry.")
    accepted_at: Instant = Field(description="When the shim made it durable, RFC 3339 in UTC.")
    attempts: int = Field(ge=0, description="Times it was sent.")
    reason: str | None = Field(default=None, description="Why it was rejected or parked, or what the last attempt met.")
    attention: str | None = Field(
        default=None,
        description="Delivered, and yet an administrator should look at the record: a short code.",
        examples=["sla_missing"],
    )
    continues: DeliveryId | None = Field(
        default=None,
        description="The delivery whose text did not fit into one document: this is the rest of it, or a part of that.",
    )
    replaces: DeliveryId | None = Field(
        default=None,
        description="The identifier that this delivery was accepted under, if an administrator has had it composed "
        "anew since: asked for by that one, it answers as well.",
    )


class EndedDeliveries(Model):
    """What has ended since a cursor, the earliest first."""

    deliveries: list[SerializeAsAny[Delivery]] = Field(
        description="Each as it is now, in the reply of its contract. One that an administrator has taken up again "
        "after it was rejected or parked is listed once more when it ends again."
    )
    next: Annotated[str, CODED] = Field(
        description="Cursor behind these: keep it, and send it as `since` next time. It does not expire.",
        examples=["DC_AAAAAAAAACoAAAAAAAAAAB8ny2u4rVE1"],
    )
    more: bool = Field(description="Whether there is more to read at once; else ask again later.")


@dataclass(frozen=True, slots=True)
class Source:
    """Where one element of a document came from."""

    element: str
    value: str | None
    rule: str
    origin: str


@dataclass(frozen=True, slots=True)
class Document:
    """A business document, composed and validated once; nothing changes `body` afterwards.

    Attributes:
        kind: what it is to its adapter, such as `incident` or `note`.
        body: the bytes that were validated and will be sent, at every attempt.
        subject: the backend's key of the person it is about; a match on reconcile must agree with it.
        reported_at: when the person sent the message; aware.
        about: backend id of the record that it adds to, and `about_kind` what that record is. It goes behind whatever
            else is on its way to that record, and is refused when this shim brought the record for somebody else.
        order_key: documents with the same key go in the order they were accepted; None for a key of its own. Not
            needed with `about` or `follows`.
        follows: the delivery that must have landed first, and `follows_kind` what that delivery must be.
        slot: placeholder in `body` that the transport fills with the backend id of `follows`.
        provenance: one source per element.
        fingerprint: of the schemas and the mapping that it was validated with; it is not sent when the destination's is
            another one by then. None when the adapter does not tell.
    """

    kind: str
    body: bytes
    subject: str
    reported_at: datetime
    about: str | None = None
    about_kind: str | None = None
    order_key: str | None = None
    follows: str | None = None
    follows_kind: str | None = None
    slot: bytes | None = None
    provenance: tuple[Source, ...] = ()
    follow_ons: tuple["FollowOn", ...] = ()
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class FollowOn:
    """What a document could not hold: accepted in the same commit, sent after it, in order.

    It is a delivery of its own, with its own state; the reply and its waiting are about the document that it continues.

    Attributes:
        contract: whose delivery it is, such as `log_note`.
        reference: its own external reference, derived from that of the document that it continues.
        document: about the same subject, without follow-ons of its own; its order key is that of the document it
            continues. What it adds to is one of these, and anything else is an adapter's defect:
            - the record of the document that it continues, with `follows` and `about` None (the rest of an incident's
              text): its slot is filled with that document's backend id;
            - the delivery that its document follows, with `follows` the same (the rest of a note on an incident that is
              still on its way): its slot is filled as its document's is;
            - the record that its document is about, with `about` the same (the rest of a note on an incident that is
              known by number): it has no slot.
    """

    contract: str
    reference: str
    document: Document


@dataclass(frozen=True, slots=True)
class Sending:
    """One attempt's view of an entry: the frozen document and the identifiers around it."""

    kind: str
    body: bytes
    subject: str
    reported_at: datetime
    reference: str
    parent_backend_id: str | None = None
    slot: bytes | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """The backend has it.

    Attributes:
        backend_id: the record's key, or number, in the backend.
        result: fills the reply fields that are not the delivery's own.
        attention: a short code when somebody should look at the record, such as `sla_missing`; the delivery is none the
            less delivered. None when all is well, or not known yet.
        check_again_s: seconds after which `Destination.check` looks at the record again; None when there is no need.
    """

    backend_id: str
    result: Mapping[str, JsonValue] = field(default_factory=dict)
    attention: str | None = None
    check_again_s: float | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at a delivered record showed; members as of `Delivered`, which it updates.

    Attributes:
        result: replaces the earlier one; None leaves it as it is.
        attention: replaces the earlier one; None does so only when nobody looks again.
        evidence: one line on what was seen, without a person's text.
        check_again_s: as of `Delivered`.
        read: False when the record could not be read: whoever asked for attention before still does.
    """

    result: Mapping[str, JsonValue] | None
    attention: str | None
    evidence: str
    check_again_s: float | None = None
    read: bool = True


@dataclass(frozen=True, slots=True)
class Rejected:
    """A well-formed answer says that it was not executed and never will be.

    `not_found` says that what it is about does not exist, or is somebody else's: the client's mistake, which no
    administrator can mend.
    """

    reason: str
    not_found: bool = False


@dataclass(frozen=True, slots=True)
class NotSent:
    """Proof that it was not executed and that it may be later: connection refused, log-in failed, throttled.

    Attributes:
        reason: one line, without a person's text.
        retry_after_s: how long the backend asked to be left alone.
        about_entry: it is this document's own trouble, such as a locked record, while others may pass. It uses one of
            the entry's attempts up; what concerns the whole destination uses up nobody's.
    """

    reason: str
    retry_after_s: float | None = None
    about_entry: bool = False


@dataclass(frozen=True, slots=True)
class OutcomeUnknown:
    """The attempt failed after its first byte, without proof of what the backend did."""

    reason: str


Outcome = Delivered | Rejected | NotSent | OutcomeUnknown


@dataclass(frozen=True, slots=True)
class Absent:
    """The backend has no record with this reference now; one may still appear while the backend is processing."""


@dataclass(frozen=True, slots=True)
class Conflicting:
    """The backend has a record, or several, with this reference that disagree in subject or report time."""

    reason: str


Finding = Delivered | Absent | Conflicting


Unknown = Literal["verify", "park", "resend"]
"""verify: the backend is asked by reference; park: it cannot be asked, so a person must look; resend: sent again, which
only an adapter whose backend drops a second copy may declare."""


class Destination(Protocol):
    """Where the outbox delivers. Methods are called from several threads at once."""

    settle_s: float
    """Seconds after which the backend cannot commit an earlier request any more."""

    unknown: Unknown
    """What is done about an outcome that nobody knows."""

    def fingerprint(self, kind: str) -> str | None:
        """Return the fingerprint of the schemas and the mapping that documents of a kind are validated with now.

        A document with another one is not sent. None when the adapter does not tell.
        """
        ...

    def send(self, sending: Sending) -> Outcome:
        """Send once. Not idempotent. An exception counts as an unknown outcome."""
        ...

    def find(self, sending: Sending) -> Finding:
        """Ask the backend itself, by external reference, whether it landed. Idempotent.

        Raises:
            BackendUnavailable: the question could not be answered; the outcome stays unknown.
        """
        ...

    def check(self, sending: Sending, backend_id: str, age_s: float) -> Checked:
        """Look at a delivered record again, as `check_again_s` asked for. Idempotent; changes nothing in the backend.

        `age_s` is how many seconds ago it was delivered. A look that fails is told in `Checked`, not raised.
        """
        ...
