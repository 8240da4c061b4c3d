"""The way to the campaign's receiver: what an adapter is to the outbox, with the same strict reading of failures."""

import http.client
import json
import time
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from contracts.delivery import (
    Absent,
    Checked,
    Conflicting,
    Delivered,
    Finding,
    NotSent,
    Outcome,
    OutcomeUnknown,
    Sending,
    Unknown,
)
from contracts.errors import BackendUnavailable
from tests.reliability.outbox_receiver import DEADLINE

_UNREADABLE: Final = (OSError, http.client.HTTPException, ValueError, KeyError, TypeError)
"""What a broken answer can raise: lost, cut off, no HTTP, no JSON, not what it should say."""


@dataclass(slots=True)
class ReceiverDestination:
    """Delivers by HTTP.

    Attributes:
        port: of the proxy on loopback.
        settle_s: longer than `longest_s`, after which the receiver cannot commit a request any more.
        timeout_s: limit of each wait for the receiver.
    """

    port: int
    settle_s: float
    longest_s: float
    timeout_s: float
    unknown: Unknown = "verify"

    def fingerprint(self, kind: str) -> str | None:
        """Nothing is validated."""
        del kind
        return None

    def send(self, sending: Sending) -> Outcome:
        """Send once; only a connection that never stood, and the receiver's own word, prove that it did not land."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout_s)
        try:
            connection.connect()
        except OSError as error:
            return NotSent(f"no connection: {type(error).__name__}")
        headers = {
            "X-Reference": sending.reference,
            "X-Key": sending.subject,
            "X-Reported-At": sending.reported_at.isoformat(),
            DEADLINE: str(time.monotonic() + self.longest_s),
        }
        try:
            connection.request("POST", "/records", sending.body, headers)
            status, answer = _answer(connection)
            if status == HTTPStatus.CREATED:
                return Delivered(f"R-{answer['sequence']}")
            if status == HTTPStatus.SERVICE_UNAVAILABLE and answer["committed"] is False:
                return NotSent("the receiver was too late and has not committed it", about_entry=True)
        except _UNREADABLE as error:
            return OutcomeUnknown(type(error).__name__)
        finally:
            connection.close()
        return OutcomeUnknown(f"status {status}")

    def find(self, sending: Sending) -> Finding:
        """Ask for the records with this reference."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout_s)
        try:
            connection.request("GET", f"/records?reference={quote(sending.reference)}")
            status, records = _answer(connection)
            if status != HTTPStatus.OK:
                raise BackendUnavailable(f"status {status}")
            return _finding(sending, records)
        except _UNREADABLE as error:
            raise BackendUnavailable(type(error).__name__) from error
        finally:
            connection.close()

    def check(self, sending: Sending, backend_id: str, age_s: float) -> Checked:
        """Nothing is ever looked at again."""
        raise NotImplementedError(sending, backend_id, age_s)


def _answer(connection: http.client.HTTPConnection) -> tuple[int, Any]:
    reply = connection.getresponse()
    return reply.status, json.loads(reply.read())


def _finding(sending: Sending, records: list[dict[str, Any]]) -> Finding:
    if not records:
        return Absent()
    if len(records) > 1:
        return Conflicting(f"{len(records)} records have this reference")
    (record,) = records
    same_time = datetime.fromisoformat(record["reported_at"]) == sending.reported_at
    if not same_time or (record["key"], record["sha256"]) != (sending.subject, sha256(sending.body).hexdigest()):
        return Conflicting("the record is of another document")
    return Delivered(f"R-{record['sequence']}")
