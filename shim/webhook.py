"""Tells alerts and checkpoints to an address that the administrator chose, signed as Standard Webhooks."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import requests
from pydantic import JsonValue
from standardwebhooks import Webhook as Signing

from outbox.alerts import Alert
from outbox.entry import from_ms
from outbox.telling import CannotTell

_TIMEOUT_S: Final = (5, 10)
"""To a connection, and for each wait on it."""
_TAKEN: Final = range(200, 300)


class Webhook:
    """Posts messages. Thread-safe."""

    def __init__(self, deployment: str, url: str, secret: str) -> None:
        """Prepare.

        Raises:
            ValueError: the secret is none; the text does not quote it.
        """
        self._deployment = deployment
        self._url = url
        try:
            self._signing = Signing(secret)
        except Exception as error:
            raise ValueError("alert_secret is no key of Standard Webhooks, whsec_ and base64") from error

    def tell(self, alert: Alert) -> None:
        """Post one alert; its id is the same at every attempt.

        Raises:
            CannotTell: nobody took it.
        """
        self.post(
            alert.id, f"destination.{alert.kind}", alert.at, {"system": alert.destination, "detail": alert.detail}
        )

    def post(self, message_id: str, kind: str, at: int, data: Mapping[str, JsonValue]) -> None:
        """Post a message of a kind, which happened at a moment in milliseconds since 1970.

        Raises:
            CannotTell: nobody took it.
        """
        body = json.dumps(
            {
                "type": kind,
                "timestamp": from_ms(at).isoformat(timespec="milliseconds"),
                "data": {"deployment": self._deployment, **data},
            }
        )
        now = datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signing.sign(message_id, now, body),
        }
        try:
            answer = requests.post(
                self._url, body.encode(), headers=headers, timeout=_TIMEOUT_S, allow_redirects=False, stream=True
            )
        except requests.RequestException as error:
            raise CannotTell(type(error).__name__) from None  # its text has the whole address, perhaps with a token
        answer.close()
        if answer.status_code not in _TAKEN:
            raise CannotTell(f"HTTP {answer.status_code}")
