"""Tells an alert to an address that the administrator chose, signed as Standard Webhooks."""

import json
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import requests
from standardwebhooks import Webhook as Signing

from outbox.alerts import Alert
from outbox.entry import from_ms
from outbox.telling import CannotTell

_TIMEOUT_S: Final = (5, 10)
"""To a connection, and for each wait on it."""
_TAKEN: Final = range(200, 300)


class Webhook:
    """Posts alerts. Thread-safe."""

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
        body = json.dumps(
            {
                "type": f"destination.{alert.kind}",
                "timestamp": from_ms(alert.at).isoformat(timespec="milliseconds"),
                "data": {"deployment": self._deployment, "system": alert.destination, "detail": alert.detail},
            }
        )
        now = datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": alert.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signing.sign(alert.id, now, body),
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


def is_private(url: str) -> bool:
    """Whether nobody can read along: by TLS, or within this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return bool(parts.hostname)
    host = parts.hostname or ""
    try:
        return parts.scheme == "http" and (host == "localhost" or ip_address(host).is_loopback)
    except ValueError:
        return False
