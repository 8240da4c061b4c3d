"""Idempotency-Key as the IETF draft describes it, scoped per client."""

import hashlib
import json
import re
import threading
from base64 import b32encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from contracts.errors import IdempotencyKeyMissing, IdempotencyKeyReused, RequestInFlight, StateDamaged
from outbox.database import Database, Transaction
from outbox.entry import to_ms
from outbox.statements import Statements
from shim.keys import Blind, RestCipher

SQL: Final = Statements("shim", "idempotency")
_KEY: Final = re.compile(r"[!#-~]{1,255}")
_REFERENCE_CHARACTERS: Final = 20
"""100 bits of base32: enough that two writes of one deployment never share a reference."""


@dataclass(frozen=True, slots=True)
class Write:
    """One write as its client named it."""

    client: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Record:
    """What is stored of an earlier request with the same key."""

    delivery: str | None
    status: int | None
    reply: bytes | None
    not_executed: bool = False
    attempt: int = 1


def read_key(header: str | None) -> str:
    """Return the key out of the header; the draft's quotes may be left out.

    Raises:
        IdempotencyKeyMissing: there is none, or it is not 1 to 255 visible ASCII characters.
    """
    key = (header or "").strip()
    if len(key) > 1 and key.startswith('"') and key.endswith('"'):
        key = key[1:-1]
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyMissing("send an Idempotency-Key of 1 to 255 visible ASCII characters")
    return key


def fingerprint(system: str, contract: str, body: Any) -> str:
    """Recognise the request: the same system, contract and JSON value give the same fingerprint."""
    canonical = json.dumps([system, contract, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def external_reference(deployment: str, client: str, system: str, key: str) -> str:
    """Return the reference under which the backend will know this write, 23 characters of A-Z, 2-7 and '-'.

    It depends on no stored state, so the backend can be asked for it even when the state was lost.
    """
    parts = b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in (deployment, client, system, key))
    return "LS-" + b32encode(hashlib.sha256(parts).digest()).decode()[:_REFERENCE_CHARACTERS]


class Idempotency:
    """The records of writes, and which of them this process is working on."""

    def __init__(self, database: Database, cipher: RestCipher, blind: Blind, clock: Callable[[], datetime]) -> None:
        self.database = database
        self._cipher = cipher
        self.blind = blind
        self._clock = clock
        self._in_flight: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    @contextmanager
    def exclusive(self, write: Write) -> Iterator[Record | None]:
        """Work on a write alone, given what is stored of it.

        Raises:
            RequestInFlight: another request with this key is being worked on.
            IdempotencyKeyReused: the key belongs to another request.
        """
        name = (write.client, write.key)
        with self._lock:
            if name in self._in_flight:
                raise RequestInFlight("repeat the request in a moment", retry_after_s=1)
            self._in_flight.add(name)
        try:
            yield self.find(write)
        finally:
            with self._lock:
                self._in_flight.discard(name)

    def find(self, write: Write) -> Record | None:
        """Return what is stored of a write.

        Raises:
            IdempotencyKeyReused: the key belongs to another request.
            StateDamaged: it was answered, and nobody can tell how.
        """
        for row in self.database.read(SQL["select_idempotency"], client=write.client, key=self._key(write)):
            if row["fingerprint"] not in {self._fingerprint(write), write.fingerprint}:
                raise IdempotencyKeyReused("use a new key for a new request; the key names one request for good")
            reply = self._reply(write, row["reply"])
            return Record(row["delivery"], row["status"], reply, bool(row["not_executed"]), row["attempt"])
        return None

    def _reply(self, write: Write, sealed: bytes | None) -> bytes | None:
        try:
            return None if sealed is None else self._cipher.open(sealed, self._context(write))
        except ValueError as error:
            # Calling the backend again would be a guess: what was answered is known to nobody.
            raise StateDamaged("the answer that was stored under this key cannot be read any more") from error

    def insert(self, tx: Transaction, write: Write, delivery: str | None) -> None:
        """Store the write within the caller's transaction.

        Raises:
            ConstraintViolated: another process has stored this key meanwhile.
        """
        values = {
            "client": write.client,
            "key": self._key(write),
            "fingerprint": self._fingerprint(write),
            "created_at": to_ms(self._clock()),
            "delivery": delivery,
        }
        tx.execute(SQL["insert_idempotency"], values)

    def begin_again(self, tx: Transaction, write: Write, record: Record) -> int:
        """Begin the next attempt of an immediate write within the caller's transaction; return its number.

        Raises:
            RequestInFlight: another process has begun it meanwhile.
        """
        values = {"client": write.client, "key": self._key(write), "attempt": record.attempt}
        if tx.execute(SQL["begin_idempotent_attempt"], values).rowcount != 1:
            raise RequestInFlight("repeat the request in a moment", retry_after_s=1)
        return record.attempt + 1

    def not_executed(self, write: Write, attempt: int) -> bool:
        """Note that an attempt certainly was not executed; False if it is not the newest, which may have been."""
        values = {"client": write.client, "key": self._key(write), "attempt": attempt}
        with self.database.transaction() as tx:
            return tx.execute(SQL["set_idempotency_not_executed"], values).rowcount == 1

    def finish(self, tx: Transaction, write: Write, status: int, reply: bytes, *, only: int = 0) -> bool:
        """Store the certain outcome of an immediate write within the caller's transaction; a repeat gets the same.

        Args:
            tx: the transaction.
            write: what was asked.
            status: of the answer.
            reply: its body.
            only: the attempt that this is certain of, if it is not certain of all of them: a refusal.

        Returns:
            False if another process was faster, or has begun another attempt since `only`.
        """
        sealed = self._cipher.seal(reply, self._context(write))
        values = {"client": write.client, "key": self._key(write), "status": status, "reply": sealed, "attempt": only}
        return tx.execute(SQL["set_idempotency_reply"], values).rowcount == 1

    def is_answered(self, tx: Transaction, write: Write) -> bool:
        """Return whether an answer is stored, as a transaction sees it."""
        row = tx.execute(SQL["select_idempotency"], {"client": write.client, "key": self._key(write)}).fetchone()
        return row is not None and row["status"] is not None

    @staticmethod
    def forget(database: Database, before: int, limit: int) -> int:
        """Let records of immediate writes expire that are older; return how many, at most so many at a time.

        Only those whose outcome is certain: one that is not must be found by the next repeat, and a durable write's
        stays as long as its entry. A repeat of what was forgotten is made anew, under the same reference.

        Args:
            database: the state.
            before: first seen before this, in milliseconds since 1970.
            limit: of one commit.
        """
        values = {"before": before, "limit": limit}
        return database.write(lambda tx: tx.execute(SQL["delete_idempotency"], values).rowcount)

    def _fingerprint(self, write: Write) -> str:
        """Return what recognises the request and is stored: a plain hash of a short body could be guessed."""
        return self.blind("request", write.client, write.fingerprint)

    def _key(self, write: Write) -> str:
        return self.blind("idempotency", write.client, write.key)

    def _context(self, write: Write) -> str:
        return f"idempotency/{self._key(write)}"
