"""The transitions of a delivered entry whose record is looked at again, each one a named function and one commit.

The delivery itself is over: nothing here sends, and no state changes. A look that dies with its process is simply made
again when its lease has run out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from contracts.delivery import Checked
from outbox.actions import Audit
from outbox.endings import Fenced
from outbox.entry import Entry, check_at, from_ms, to_ms
from outbox.store import Outbox
from outbox.stored import CHECK_SQL as SQL
from outbox.uptime import Uptime

LEASE_S: Final = 60.0
"""For how long nobody else looks; longer than an adapter's calls take, so that two rarely look at the same record."""
OK: Final = "ok"
PENDING: Final = "pending"
FAILED: Final = "failed"
SEEN: Final = "seen"


@dataclass(frozen=True, slots=True)
class Look:
    """The right to look at one delivered record. `age_s` is how many seconds ago it was delivered."""

    entry: Entry
    started_at: datetime
    age_s: float


class Verifications:
    """Looks at delivered records: which are due, and what they showed. Thread-safe, as the outbox is."""

    def __init__(self, outbox: Outbox, clock: Callable[[], datetime]) -> None:
        self._outbox = outbox
        self._database = outbox.database
        self._clock = clock

    def next_due(self, destination: str) -> datetime | None:
        """When the next look at a record of a destination is due that nobody makes now; None if none is."""
        ((at,),) = self._database.read(SQL["next_check"], destination=destination, **_lease(self._clock()))
        return None if at is None else from_ms(at)

    def claim(self, destination: str) -> Look | None:
        """Take the next due look; nobody else gets it before the lease has run out."""
        now = self._clock()
        due = self.next_due(destination)
        if due is None or due > now:
            return None  # so that an idle worker takes no writer's lock for this
        with self._database.transaction() as tx:
            row = tx.execute(SQL["claim_check"], {"destination": destination, **_lease(now)}).fetchone()
        return None if row is None else Look(entry := Entry.of(row), now, self._age_s(entry, now))

    def checked(self, look: Look, answer: Checked) -> None:
        """Write down what a look showed.

        Raises:
            Fenced: a newer look has begun meanwhile, or somebody has acknowledged what this one was about.
        """
        result = None if answer.result is None else self._outbox.seal_result(look.entry, answer.result)
        good = OK if answer.check_again_s is None else PENDING
        attention = None if answer.attention is None else self._outbox.storable(answer.attention)
        values = {
            "result": result,
            "attention": attention,
            "check_at": check_at(self._clock(), answer.check_again_s),
            "read": answer.read,
        }
        self._write(look, "to_checked", attention or good, answer.evidence, values)

    def failed(self, look: Look, reason: str, again_s: float | None, attention: str | None) -> None:
        """Write down that a look failed by a defect, and was not told in `Checked`; None for `again_s` gives it up.

        Raises:
            Fenced: as of `checked`.
        """
        values = {"attention": attention, "check_at": check_at(self._clock(), again_s)}
        self._write(look, "to_check_failed", FAILED, reason, values)

    # --- an administrator's hand

    def make_due(self, entry_id: str) -> list[Entry]:
        """Make a look at one delivered record due now; empty if it is not delivered."""
        return self._make_due("make_check_due", id=entry_id)

    def make_all_due(self, destination: str) -> list[Entry]:
        """Make every look due now at records that are looked at again anyhow, or that somebody should look at."""
        return self._make_due("make_checks_due", destination=destination)

    def seen(self, entry_id: str, reason: str, audit: Audit | None = None) -> Entry | None:
        """Somebody has looked: it is not counted, nor looked at, any more. None if nothing asked for attention."""
        now = to_ms(self._clock())
        with self._database.transaction() as tx:
            row = tx.execute(SQL["select_attention"], {"id": entry_id}).fetchone()
            if row is None:
                return None
            (n,) = tx.execute(SQL["to_seen"], {"entry_seq": row["seq"]}).fetchone()
            told = {"entry_seq": row["seq"], "n": n, "started_at": now, "now": now}
            evidence = self._outbox.storable(f"{row['attention']}: {reason}")
            tx.execute(SQL["insert_verification"], {**told, "outcome": SEEN, "evidence": evidence})
            if audit is not None:
                audit.write(tx, SEEN, entry_id, {"was": row["attention"]})
        return self._outbox.get(entry_id)

    # ---

    def _make_due(self, statement: str, **values: str) -> list[Entry]:
        with self._database.transaction() as tx:
            rows = tx.execute(SQL[statement], {**values, "now": to_ms(self._clock())}).fetchall()
        return [Entry.of(row) for row in rows]

    def _write(
        self, look: Look, transition: str, outcome: str, evidence: str, values: Mapping[str, bytes | str | int | None]
    ) -> None:
        entry = look.entry
        fence = {"entry_seq": entry.seq, "n": entry.checks}
        times = {"started_at": to_ms(look.started_at), "now": to_ms(self._clock())}
        told = {"outcome": outcome, "evidence": self._outbox.storable(evidence)}
        with self._database.transaction() as tx:
            if tx.execute(SQL[transition], {**values, **fence}).rowcount != 1:
                raise Fenced(entry.id)
            tx.execute(SQL["insert_verification"], {**fence, **times, **told})

    def _age_s(self, entry: Entry, now: datetime) -> float:
        """By the boot-time clock; after a reboot by the wall clock, which may have been set back: never below 0."""
        if entry.delivered_boot is not None and entry.delivered_uptime is not None:
            passed_ms = self._outbox.uptime().since_ms(Uptime(entry.delivered_boot, entry.delivered_uptime))
            if passed_ms is not None:
                return max(0.0, passed_ms / 1000)
        return 0.0 if entry.ended_at is None else max(0.0, (now - entry.ended_at).total_seconds())


def _lease(now: datetime) -> dict[str, int]:
    return {"now": to_ms(now), "lease": to_ms(now + timedelta(seconds=LEASE_S))}
