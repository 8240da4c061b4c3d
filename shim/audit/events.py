"""What is remembered of an access: the questions of NEN 7513, and no contents."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import JsonValue

Phase = Literal["intent", "outcome"]


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the audit, before it has a place in a chain.

    Attributes:
        action: an operation's id such as `practice_find_patient`, or a command such as `shim outbox retry`.
        phase: an intent is written before the action, an outcome after it.
        access: pairs the two, as `new_access` makes it.
        outcome: of an outcome `ok`, a problem's slug, or how a command ended; None of an intent.
        status: the HTTP status, or the exit code.
        client: who asked over HTTP; None of a command.
        actor: the account of the operating system that ran a command.
        on_behalf_of: whom the client named.
        system: which legacy system.
        contract: which of its contracts.
        subject: whom it was about, as `shim.audit.subjects.Subjects` names persons.
        subject_key: the id of the ring's key that the subject was named with.
        purpose: why, as the client or the administrator said.
        correlation: what ties it to the caller's own log.
        detail: a few values more, without contents and without floats.
    """

    action: str
    phase: Phase
    access: str
    outcome: str | None = None
    status: int | None = None
    client: str | None = None
    actor: str | None = None
    on_behalf_of: str | None = None
    system: str | None = None
    contract: str | None = None
    subject: str | None = None
    subject_key: str | None = None
    purpose: str | None = None
    correlation: str | None = None
    detail: Mapping[str, JsonValue] = field(default_factory=dict)


def new_access() -> str:
    """Return the id of another access: 32 hexadecimal digits."""
    return secrets.token_hex(16)
