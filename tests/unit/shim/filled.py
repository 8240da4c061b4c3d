"""A state with a row in every table, and its export; for every kind of database."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from contracts.delivery import Delivered
from contracts.desks import Hold
from outbox.actions import Audit
from outbox.alerts import insert_alert
from outbox.backoff import Backoff
from outbox.carrying.asking import Asking
from outbox.carrying.lines import written
from outbox.carrying.load import Loaded, Target, load
from outbox.carrying.prune import Pruning, prune
from outbox.carrying.tables import counts, snapshot
from outbox.database import Database
from outbox.entry import Entry, to_ms
from outbox.store import Outbox
from outbox.stored import SQL
from outbox.verification import Verifications
from outbox.worker import Pace, Worker
from shim.admission.clients import Clients
from shim.audit import pruning
from shim.audit.checkpoints import make
from shim.audit.events import Event, new_access
from shim.audit.log import AuditLog
from shim.audit.signing import Signer, Trusted
from shim.drift.comparing import SQL as DRIFT
from shim.holds import KeptHolds
from shim.keeping.carried import TABLES, header
from shim.keys import Blind, MasterKey, RestCipher
from shim.keys.keyed import take
from shim.state import KeptRows, open_state
from shim.writing.idempotency import Idempotency, Write
from tests.unit.outbox.stand_ins import REPORTED_AT, Clock, Receiver, accept

RING = MasterKey(bytes(32))
CIPHER = RestCipher(RING)
BLIND = Blind(bytes(32))
TOUCHED_BY_LOADING = {
    *("state", "owner", "failures", "next_attempt_at", "unknown_since", "unknown_boot", "unknown_uptime"),
    *("reason", "error_group", "paused_at", "paused_reason", "open_since", "probe_at", "probes", "closed_at"),
    *("outage_ms", "restored_at"),
}


@dataclass
class Filled:
    """A state, and what works on it."""

    database: Database
    clock: Clock

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.database, CIPHER, self.clock, lambda: self.clock.up)

    def export(self) -> list[bytes]:
        with snapshot(self.database) as tx:
            return list(written(tx, header(tx, self.clock(), counts(tx, TABLES)), TABLES))

    def load(self, lines: Iterable[bytes], *, last: Callable[[], None] = lambda: None) -> Loaded:
        kept = list(lines)
        now = to_ms(self.clock())
        asking = Asking(now, self.clock.up, "loaded; asked first", ("planon",), keep_pause=True)
        return load(lambda: kept, self.target(last), asking, Audit("beheer", "a new machine", now))

    def target(self, last: Callable[[], None] = lambda: None) -> Target:
        with snapshot(self.database) as tx:
            identity = header(tx, self.clock(), {})
        return Target(self.database, CIPHER, TABLES, identity, lambda tx, found: take(tx, found, RING), last)

    def rows(self) -> dict[str, int]:
        with snapshot(self.database) as tx:
            return counts(tx, TABLES)

    def contents(self) -> dict[str, list[dict[str, object]]]:
        """All rows, without what loading changes."""
        return {
            table.name: [
                {name: value for name, value in dict(row).items() if name not in TOUCHED_BY_LOADING}
                for row in self.database.read(f"SELECT * FROM {table.name} ORDER BY {', '.join(table.key)}")  # noqa: S608
            ]
            for table in TABLES
        }

    def work(self, receiver: Receiver, steps: int = 1) -> None:
        worker = Worker(self.outbox, {"planon": receiver}, self.clock, Backoff(first_s=1, cap_s=8), Pace(threads=0))
        worker.start()
        for _ in range(steps):
            worker.step("planon")
        assert worker.stop(1)


def ours(where: object, clock: Clock, deployment: str = "tilburg", key: bytes = bytes(32)) -> Filled:
    """Open a state of this deployment; `where` as of `open_state`."""
    database, _ = open_state(where, lambda _: MasterKey(key), deployment)  # type: ignore[arg-type]
    return Filled(database, clock)


def fill(state: Filled, *, audited: bool = True) -> Filled:
    """Put at least one row into every table, and an entry into every state; without the audit if that is so said."""
    clock, outbox, database = state.clock, state.outbox, state.database
    Clients(database, clock).add("agent", ["planon:log_note"])
    pruned = accept(outbox, "pruned")
    state.work(Receiver())
    clock.forward(86_400 * 100)
    now = to_ms(clock())
    audit = Audit("beheer", "old", now)
    assert prune(database, CIPHER, Pruning("payloads", now, now), audit, pause=lambda _: None).entries == 1
    assert outbox.pruned(pruned)
    accept(outbox, "delivered")
    state.work(Receiver(answers=[Delivered("INC-000002", {"sla": {"state": "pending"}}, check_again_s=1)]))
    clock.forward(2)
    look = Verifications(outbox, clock).claim("planon")
    assert look
    Verifications(outbox, clock).failed(look, "it did not answer", None, "not_checked")
    Verifications(outbox, clock).seen(look.entry.id, "looked myself")
    for entry_state, columns in STATES.items():
        entry = accept(outbox, entry_state, order_key="k" if entry_state in {"rejected", "waiting"} else None)
        with database.transaction() as tx:
            tx.execute(f"UPDATE entry SET state = '{entry_state}'{columns} WHERE seq = {entry.seq}")  # noqa: S608
            if entry_state == "in_flight":
                tx.execute(SQL["insert_attempt"], {"entry_seq": entry.seq, **UNDER_WAY, "now": to_ms(clock())})
    _beside(state, entry)
    if audited:
        _audited(database, clock)
    return state


UNDER_WAY = {"step": 1, "owner": "somebody", "action": "send"}


STATES = {
    "ready": "",
    "rejected": ", reason = 'no such field', ended_at = 1",
    "waiting": "",
    "parked": ", reason = 'another subject', ended_at = 1",
    "in_flight": ", owner = 'somebody', step = 1, sends = 1",
    "unknown": ", unknown_since = 1, unknown_boot = 'b', unknown_uptime = 1",
    "discarded": ", reason = 'twice', ended_at = 1",
}


def _beside(state: Filled, entry: Entry) -> None:
    database, clock = state.database, state.clock
    idempotency = Idempotency(database, CIPHER, BLIND, clock)
    sealed = CIPHER.seal(b'{"staff":false}', f"{entry.id}/request")
    now = to_ms(clock())
    with database.transaction() as tx:
        tx.execute("INSERT INTO request (entry_seq, body) VALUES (:seq, :body)", {"seq": entry.seq, "body": sealed})
        insert_alert(tx, "planon", "opened", "it does not answer", now)
        tx.execute("INSERT INTO destination (name, paused_at) VALUES ('other', :now)", {"now": now})
        tx.execute("INSERT INTO destination (name, failures) VALUES ('planon', 2)")
        tx.execute("INSERT INTO client_minute (client, minute, requests) VALUES ('agent', 1, 1)")
        tx.execute("INSERT INTO identity_attempt (subject, at) VALUES ('blinded', 1)")
        tx.execute("INSERT INTO identity_person (client, subject, at) VALUES ('agent', 'blinded', 1)")
        accepted = {"system": "planon", "name": "wsdl planon.wsdl", "fingerprint": "f", "by": "root", "reason": "new"}
        tx.execute(DRIFT["accept"], accepted)
        tx.execute(DRIFT["tell_differs"], {"system": "planon", "name": "mapping mapping.toml", "fingerprint": "g"})
        idempotency.insert(tx, Write("agent", "key", "print"), entry.id)
        idempotency.insert(tx, Write("agent", "key-2", "print"), None)
        idempotency.finish(tx, Write("agent", "key-2", "print"), 200, b"{}")
    KeptRows(database, CIPHER, BLIND, "planon", 60, clock).keep("matrix", {"SCH": 2}, clock())
    hold = Hold("slot", "chair 1", REPORTED_AT, REPORTED_AT + timedelta(hours=1), "LS-hold", "P-1", "agent")
    assert KeptHolds(database, BLIND, "planon").hold(hold, 60)


def _audited(database: Database, clock: Clock) -> None:
    """Leave a row, a checkpoint, and an anchor in place of the rows before."""
    ring = MasterKey(bytes(32))
    log, signer, now = AuditLog(database, clock), Signer(ring), to_ms(clock())
    log.write(Event("practice_find_patient", "intent", new_access(), client="agent", detail={"fields": ["telephone"]}))
    make(database, signer, "tilburg", now)
    cuts, _ = pruning.plan(database, Trusted.of_ring(ring), now + 1)
    pruning.prune(database, signer, cuts, now)
    log.write(Event("practice_find_patient", "intent", new_access(), subject="ab", subject_key="cd"))
    make(database, signer, "tilburg", now)
