"""Planon behind somebody who answers, every other time, with what he was asked: in faults, in pages and in headers."""

import html
import itertools
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape

import requests

_TAG: Final = re.compile(r"<[^>]+>")
_UNFIT: Final = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SESSION: Final = ("login", "logout")
_FAULT: Final = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>{code}</faultcode>'
    "<faultstring>{text}</faultstring><detail><row>{text}</row></detail></s:Fault></s:Body></s:Envelope>"
)
_REFUSED: Final = '<Fault xmlns="{namespace}"><Code>SCHEMA_VIOLATION</Code><Text>{text}</Text></Fault>'
_PAGE: Final = "<html><title>{text}</title><body>Error while processing {text}</body></html>"

Reply = tuple[int, str, dict[str, str], str]
"""Status, reason phrase, headers and body."""


@dataclass
class Parrot:
    """What has been answered, by kind."""

    url: str
    answered: Counter[str] = field(default_factory=Counter)


def _fault(code: str) -> Callable[[str], Reply]:
    return lambda text: (500, "Internal Server Error", _xml(), _FAULT.format(code=code, text=escape(text)))


def _refused(text: str) -> Reply:
    body = _REFUSED.format(namespace="urn:appsuite:reply:1", text=escape(text))
    return 400, "Bad Request", _xml("application/xml"), body


def _page(status: int) -> Callable[[str], Reply]:
    headers = {"Content-Type": "text/html; charset=utf-8"}
    return lambda text: (status, "Error", headers, _PAGE.format(text=html.escape(text)))


def _head(text: str) -> Reply:
    told = quote(text[:300])
    headers = {"Content-Type": f"text/{told}", "Retry-After": told, "Server": told, "Content-Encoding": told}
    return 503, told, headers, text


def _moved(text: str) -> Reply:
    return 302, "Found", {"Location": f"http://127.0.0.1:9/{quote(text[:300])}"}, text


def _broken(text: str) -> Reply:
    return 200, "OK", _xml(), f"<a>{escape(text)}</b>"


def _other(text: str) -> Reply:
    envelope = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><{name}>{text}</{name}></s:Body>'
    )
    return 200, "OK", _xml(), f"{envelope.format(name='otherReply', text=escape(text))}</s:Envelope>"


def _xml(media_type: str = "text/xml") -> dict[str, str]:
    return {"Content-Type": f"{media_type}; charset=utf-8"}


ANSWERS: Final[dict[str, Callable[[str], Reply]]] = {
    "fault of the client": _fault("s:Client"),
    "fault of the server": _fault("s:Server"),
    "fault of its own": _fault("planon.999"),
    "refused by AppSuite": _refused,
    "page with 200": _page(200),
    "page with 502": _page(502),
    "in the head": _head,
    "moved": _moved,
    "broken XML": _broken,
    "another reply": _other,
}


@contextmanager
def parroting(planon: str) -> Iterator[Parrot]:
    """Listen on loopback in front of a stand-in's address; sessions and every other call go through."""
    turns = itertools.cycle([None, *itertools.chain(*((name, None) for name in ANSWERS))])
    lock = threading.Lock()

    class Between(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            session = any(name in self.headers.get("SOAPAction", "") for name in _SESSION)
            with lock:
                turn = None if session else next(turns)
                parrot.answered[turn or "passed on"] += 1
            if turn is None:
                self._pass_on(body)
            else:
                self._say(*ANSWERS[turn](_words(body)))

        def _pass_on(self, body: bytes) -> None:
            wanted = {"Content-Type", "SOAPAction", "Authorization"}
            headers = {name: value for name, value in self.headers.items() if name in wanted}
            answer = requests.post(f"{planon}{self.path}", body, headers=headers, timeout=30)
            told = {"Content-Type": answer.headers.get("Content-Type", "")}
            self._say(answer.status_code, answer.reason, told, answer.text)

        def _say(self, status: int, reason: str, headers: dict[str, str], body: str) -> None:
            encoded = body.encode("utf-8", "replace")
            self.send_response(status, reason)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Between)
    server.daemon_threads = True
    parrot = Parrot(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield parrot
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def _words(body: bytes) -> str:
    """Return what a request says, without its markup."""
    return _UNFIT.sub("", html.unescape(_TAG.sub(" ", body.decode("utf-8", "replace"))))[-2000:]
