"""A legacy system of the campaign: a process with a ledger file of its own, which takes the same document twice.

It may commit late, but never after the deadline that a request carries: that is the promise behind `settle_s`.
"""

import hashlib
import json
import random
import sys
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tests.reliability.outbox_lines import Lines, read_lines

DEADLINE: Final = "X-Deadline"
"""Header: the latest moment to commit, on the host's monotonic clock, in seconds."""


class Ledger:
    """Every record that was ever committed. Thread-safe."""

    def __init__(self, path: Path) -> None:
        whole = read_lines(path)
        path.write_text("".join(json.dumps(line) + "\n" for line in whole), encoding="utf-8")  # no torn last line
        self._file = Lines(path)
        self._committing = threading.Lock()
        self._records = whole

    def commit(self, record: dict[str, Any], deadline: float) -> int | None:
        """Append a record and return its sequence number; None, and nothing is written, after the deadline."""
        with self._committing:
            if time.monotonic() > deadline:
                return None
            sequence = len(self._records) + 1
            line = {**record, "sequence": sequence, "received_at": datetime.now(UTC).isoformat()}
            self._file.append(line)
            self._records.append(line)
            return sequence

    def find(self, reference: str) -> list[dict[str, Any]]:
        with self._committing:
            return [record for record in self._records if record["reference"] == reference]


class Receiver(ThreadingHTTPServer):
    """Serves one ledger; `delays_s` bounds the delay before and the delay after a commit."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, ledger: Ledger, delays_s: tuple[float, float], seed: int) -> None:
        super().__init__(("127.0.0.1", port), Conversation)
        self.ledger = ledger
        self._delays_s = delays_s
        self._chance = random.Random(seed)  # noqa: S311 - delays, no secret

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients who hung up: they are what the campaign is about."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def linger(self, moment: int) -> None:
        """Let some time pass before (0) or after (1) a commit; half of the requests are quick."""
        longest_s = self._delays_s[moment]
        if longest_s and self._chance.random() < 0.5:
            time.sleep(self._chance.uniform(0, longest_s))


class Conversation(BaseHTTPRequestHandler):
    """One request: POST commits a document, GET answers which records have a reference."""

    server: Receiver

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            return  # the rest never came
        self.server.linger(0)
        record = {
            "reference": self.headers["X-Reference"],
            "key": self.headers["X-Key"],
            "sha256": hashlib.sha256(body).hexdigest(),
            "reported_at": self.headers["X-Reported-At"],
        }
        sequence = self.server.ledger.commit(record, float(self.headers[DEADLINE]))
        self.server.linger(1)
        if sequence is None:
            self._answer(503, {"committed": False})
        else:
            self._answer(201, {"sequence": sequence})

    def do_GET(self) -> None:
        (reference,) = parse_qs(urlsplit(self.path).query)["reference"]
        self._answer(200, self.server.ledger.find(reference))

    def _answer(self, status: int, value: object) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_told: object) -> None:
        """Say nothing: the ledger says it all."""


def serve(arguments: dict[str, Any]) -> None:
    """Serve until killed."""
    ledger = Ledger(Path(arguments["ledger"]))
    Receiver(arguments["port"], ledger, tuple(arguments["delays_s"]), arguments["seed"]).serve_forever()
