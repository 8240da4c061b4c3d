"""What both ports have in common: HTTP/1.1 with limits, one write per answer."""

from http.server import BaseHTTPRequestHandler
from typing import Any

from schemas.xml import LIMIT_BYTES
from simulators.planon.exchange import Answer


class HttpHandler(BaseHTTPRequestHandler):
    """HTTP/1.1 with keep-alive, one write per answer, and no log."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a second segment would otherwise wait 40 ms for the first one's acknowledgement
    wbufsize = -1

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the inherited name
        """Log nothing."""

    def body(self) -> bytes | None:
        """Return the request's body, or answer and return None when it is too long or has no length."""
        try:
            length = int(self.headers["Content-Length"])
        except (TypeError, ValueError):
            length = -1
        if not 0 <= length <= LIMIT_BYTES:
            self.close_connection = True
            self.answer(Answer(411 if length < 0 else 413, b"", "text/plain"))
            return None
        return self.rfile.read(length)

    def answer(self, answer: Answer) -> None:
        """Send an answer."""
        self._send(answer, len(answer.body))

    def answer_half(self, answer: Answer) -> None:
        """Send an answer up to the middle of its body, although the head promises all of it."""
        self._send(answer, len(answer.body) // 2)
        self.wfile.flush()

    def _send(self, answer: Answer, size: int) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body[:size])
