"""The service's own parts on a real state file, and the audit as it was written."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

from contracts.catalogue import CATALOGUE, Contract
from outbox.database import Database
from outbox.store import Outbox
from shim.admission.caller import Caller
from shim.admission.client import Client, ClientLimits
from shim.admission.identity import IdentityLimits
from shim.admission.turns import Bulkheads
from shim.audit.accesses import Accesses
from shim.audit.log import AuditLog
from shim.audit.subjects import Subjects
from shim.guarding import LeakCounter
from shim.keys import Blind, KeyRing, RestCipher
from shim.opaque.tokens import Tokens
from shim.outbound import Outbound
from shim.settings import Http, Identity, ReportTime
from shim.systems import System
from shim.writing.durable import Durable
from shim.writing.idempotency import Idempotency, Write
from shim.writing.immediate import Immediate
from shim.writing.landings import Landings
from shim.writing.order import Order

NOW: Final = datetime(2026, 11, 19, 21, 14, tzinfo=UTC)
RING: Final = KeyRing(bytes(32))
BLIND: Final = Blind(bytes(32))
TOKENS: Final = Tokens(RING, lambda: NOW)
WRITE: Final = Write("agent", "key-1", "fingerprint")
TRACE: Final = "0af7651916cd43dd8448eb211c80319c"


def clock() -> datetime:
    return NOW


def caller(*scopes: str, **limits: Any) -> Caller:
    return Caller(Client("agent", frozenset(scopes), ClientLimits(**limits)), TRACE, "j.devries", "rebooking")


def contract(operation: str) -> Contract:
    return next(row for row in CATALOGUE if row.operation == operation)


def system(row: Contract, desk: object) -> System:
    return System("intramed" if row.desk == "practice" else "planon", row.desk, cast("Any", desk))


@dataclass
class Calling:
    """What the routes delegate to, before desks that a test gives."""

    state: Database
    now: Callable[[], datetime] = clock

    def __post_init__(self) -> None:
        self.cipher = RestCipher(bytes(32))
        self.log = AuditLog(self.state, self.now)
        self.subjects = Subjects(RING)
        self.accesses = Accesses(self.log, self.subjects)
        self.leaks = LeakCounter()
        self.tokens = Tokens(RING, self.now)
        self.idempotency = Idempotency(self.state, self.cipher, BLIND, self.now)
        self.outbox = Outbox(self.state, self.cipher, self.now)
        limits = IdentityLimits(self.state, BLIND, Identity())
        self.immediate = Immediate("tilburg", self.idempotency, self.tokens, limits, self.accesses, self.leaks)
        self.outbound = Outbound(self.tokens, self.accesses, self.leaks)
        self.durable = Durable(
            "tilburg",
            self.outbox,
            self.idempotency,
            self.tokens,
            ReportTime(),
            Order(self.outbox, BLIND),
            self.now,
            lambda: None,
            Landings(),
            Bulkheads((), Http()).look_ups,
            self.accesses,
            self.leaks,
        )

    def audit(self) -> list[dict[str, Any]]:
        """Return what is in the audit, in the order of writing, when everything that waits has been written."""
        self.log.close()
        rows = self.state.read("SELECT * FROM audit_event ORDER BY at, chain, n")
        return [{**dict(row), "detail": json.loads(row["detail"])} for row in rows]
