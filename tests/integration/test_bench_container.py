"""Where containers cannot be had, the bench says so in time: no engine, a silent one, one without the image."""

import contextlib
import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from simulators import container
from simulators.choice import NotThere
from simulators.container import require_engine, require_image

IMAGE = "invented/server:3"


class Registryless(BaseHTTPRequestHandler):
    """A container engine that has no image and reaches no registry."""

    def do_GET(self) -> None:
        if self.path == "/_ping":
            self.reply(200, b"OK")
        elif self.path == "/version":
            self.reply(200, b'{"ApiVersion": "1.44"}')
        else:
            self.reply(404, b'{"message": "No such image"}')

    def do_POST(self) -> None:
        self.reply(500, b'{"message": "no route to the registry"}')

    def reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


class Trickling(Registryless):
    """A container engine whose pull reports progress for ever."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        line = b'{"status": "Downloading"}\n'
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                time.sleep(0.05)


@contextlib.contextmanager
def engine_of(handler: type[BaseHTTPRequestHandler]) -> Iterator[dict[str, str]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield {"DOCKER_HOST": f"tcp://127.0.0.1:{server.server_port}"}
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    "place", ["unix:///nowhere/engine.sock", "tcp://127.0.0.1:1", "ssh://engine.example", "tcp://"]
)
def test_no_engine_is_told_at_once(place: str) -> None:
    """The reason names where it was looked for."""
    started = time.monotonic()
    with pytest.raises(NotThere, match=place):
        require_engine({"DOCKER_HOST": place})
    assert time.monotonic() - started < 5


def test_a_silent_engine_is_given_up_in_two_seconds() -> None:
    """An engine that accepts and says nothing does not hold up the run."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        started = time.monotonic()
        with pytest.raises(NotThere):
            require_engine({"DOCKER_HOST": f"tcp://127.0.0.1:{listener.getsockname()[1]}"})
        assert time.monotonic() - started < 10


def test_an_image_that_cannot_be_pulled_is_no_container() -> None:
    """The engine is there; the reason names the image."""
    with engine_of(Registryless) as environment:
        require_engine(environment)
        with pytest.raises(NotThere, match=IMAGE):
            require_image(IMAGE, environment)


def test_a_pull_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress alone does not buy more time than the limit."""
    monkeypatch.setattr(container, "_PULL_S", 0.5)
    with engine_of(Trickling) as environment:
        started = time.monotonic()
        with pytest.raises(NotThere, match="pull it beforehand"):
            require_image(IMAGE, environment)
        assert time.monotonic() - started < 5
