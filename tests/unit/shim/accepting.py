"""A shim's accepting half on a real state file, before a desk that composes what a test prepared."""

from dataclasses import dataclass, field
from typing import Any, cast

from contracts.catalogue import CATALOGUE, Contract, DeskKind
from contracts.delivery import Document
from contracts.fields import TokenKind
from outbox.backoff import Backoff
from outbox.entry import Entry
from outbox.hand import Hand
from outbox.sqlite.database import SqliteDatabase
from outbox.store import Outbox
from outbox.worker import Pace, Worker
from shim.admission.caller import Caller
from shim.admission.client import Client
from shim.admission.turns import Bulkheads
from shim.audit.accesses import Accesses
from shim.audit.log import AuditLog
from shim.audit.subjects import Subjects
from shim.guarding import LeakCounter
from shim.keys import Blind, KeyRing, RestCipher
from shim.opaque.tokens import Tokens
from shim.settings import Http, ReportTime
from shim.systems import System
from shim.writing.durable import Durable
from shim.writing.idempotency import Idempotency, Write
from shim.writing.landings import Landings
from shim.writing.order import Order
from tests.unit.outbox.stand_ins import REPORTED_AT, Clock, Receiver

AGENT = Caller(Client("agent", frozenset()), "0af7651916cd43dd8448eb211c80319c")


def contract(name: str) -> Contract:
    return next(row for row in CATALOGUE if row.operation == f"facility_{name}")


def document(kind: str = "incident", **changes: Any) -> Document:
    values: dict[str, Any] = {"kind": kind, "body": b"<X/>", "subject": "T-0001", "reported_at": REPORTED_AT}
    return Document(**values | changes)


@dataclass
class Accepting:
    """Accepts documents and delivers them to a receiver, one step at a time."""

    state: SqliteDatabase
    clock: Clock = field(default_factory=Clock)
    receiver: Receiver = field(default_factory=Receiver)
    landings: Landings = field(default_factory=Landings)
    keys: int = 0

    def __post_init__(self) -> None:
        cipher, blind = RestCipher(bytes(32)), Blind(bytes(32))
        self.outbox = Outbox(self.state, cipher, self.clock, lambda: self.clock.up)
        self.hand = Hand(self.state, self.clock)
        self.tokens = Tokens(KeyRing(bytes(32)), self.clock)
        self.durable = Durable(
            "tilburg",
            self.outbox,
            Idempotency(self.state, cipher, blind, self.clock),
            self.tokens,
            ReportTime(),
            Order(self.outbox, blind),
            self.clock,
            lambda: None,
            self.landings,
            Bulkheads((), Http()).look_ups,
            Accesses(AuditLog(self.state, self.clock), Subjects(KeyRing(bytes(32)))),
            LeakCounter(),
        )
        self.worker = Worker(
            self.outbox, {"planon": self.receiver}, self.clock, Backoff(), Pace(threads=0), watch=self.landings.tell
        )
        self.worker.start()

    def accept(self, composed: Document, key: str | None = None) -> Entry:
        """Accept what the desk composes; each call has a key of its own unless it names one."""
        self.keys += 1

        class Desk:
            def log_note(self, *_: Any) -> Document:
                return composed

        row = contract("log_note")
        tenant = self.tokens.mint(TokenKind.TENANT, AGENT.client.name, "planon", composed.subject)
        body = {"tenant": tenant, "incident": "INC-000001", "text": "x", "reported_at": REPORTED_AT.isoformat()}
        request = row.request.model_validate(body)
        write = Write(AGENT.client.name, key or f"key-{self.keys}", "fingerprint")
        system = System("planon", DeskKind.FACILITY, cast("Any", Desk()))
        return self.durable.accept(AGENT, system, row, request, write)

    def deliver(self) -> None:
        """Deliver until nothing is due."""
        while self.worker.step("planon"):
            pass

    def entry(self, entry_id: str) -> Entry:
        found = self.outbox.get(entry_id)
        assert found is not None
        return found
