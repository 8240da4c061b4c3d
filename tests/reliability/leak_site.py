"""A whole shim in this process, wired by its own composition root, in front of the hostile desks."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, cast
from unittest.mock import patch
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel
from starlette.types import ASGIApp, Message

from contracts.catalogue import DeskKind
from contracts.desks import Adapter, Ports
from outbox.worker import Worker
from shim.admission.clients import ClientLimits
from shim.demo import write_configuration
from shim.opaque.tokens import Tokens
from shim.root import Shim, open_shim, utc_now
from shim.settings import load
from shim.writing.landings import Landings
from tests.reliability.leak_desks import Hostile, HostileFacility, HostilePractice
from tests.reliability.leak_requests import Ask
from tests.reliability.leak_texts import Supply

ALL: Final = ("planon", "intramed")
OUTBOX: Final = {
    "first_s": 0.001,
    "cap_s": 0.002,
    "probe_s": 0.001,
    "ramp_s": 0,
    "max_attempts": 3,
    "breaker_after": 2,
    "threads": 2,
    "alert_secret": "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
}

EVERY_LINE: Final = {"same_per_minute": 1_000_000}
"""The hunt reads every line of the log, and not only the first ten of a kind."""


class NoOptions(BaseModel):
    """A hostile desk has none."""


@dataclass(frozen=True)
class Answered:
    """What came back."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str

    @property
    def delivery(self) -> str | None:
        """The delivery that it tells of."""
        location = dict(self.headers).get("location", "")
        return location.rpartition("/")[2] if location.startswith("/v1/deliveries/dl_") else None


@dataclass
class Site:
    """The shim, its desks, the keys of its clients, and what its webhook was told."""

    shim: Shim
    app: ASGIApp
    worker: Worker
    desks: Mapping[str, Hostile]
    keys: Mapping[str, str]
    configuration: Path
    told: list[str] = field(default_factory=list)

    @property
    def state(self) -> Path:
        """The state's file."""
        return self.configuration.parent / "shim.db"

    def mint(self, *arguments: Any) -> str:
        """Return a token as a reply would have it."""
        return Tokens(self.shim.state.key, utc_now).mint(*arguments)

    def supply(self, supply: Supply) -> None:
        """Let the desks take their texts from here."""
        for desk in self.desks.values():
            desk.supply = supply

    async def call(self, ask: Ask) -> Answered:
        """Call the application as a server would."""
        headers = {**ask.headers}
        if ask.client is not None:
            headers.setdefault("Authorization", f"Bearer {self.keys[ask.client]}")
        split = urlsplit(f"http://shim{ask.path}") if not ask.path.startswith("//") else urlsplit(ask.path)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": ask.method,
            "scheme": "http",
            "path": unquote(split.path),
            "raw_path": split.path.encode(),
            "query_string": split.query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), _bytes(value)) for name, value in headers.items()],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 8080),
        }
        sent: list[Message] = []
        waiting: list[Message] = [{"type": "http.request", "body": ask.body, "more_body": False}]

        async def receive() -> Message:
            if waiting:
                return waiting.pop()
            await asyncio.sleep(3600)  # as of a client that waits
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        start = sent[0]
        body = b"".join(message.get("body", b"") for message in sent[1:])
        told = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"])
        return Answered(start["status"], told, body.decode(errors="replace"))


@contextmanager
def running_site(folder: Path, seed: int) -> Iterator[Site]:
    """Serve both desks; the worker delivers, and alerts go to a receiver on loopback."""
    desks: dict[str, Hostile] = {"planon": HostileFacility(seed), "intramed": HostilePractice(seed + 1)}
    with _receiver() as (url, told), installed(desks):
        systems = {name: {"adapter": name} for name in desks}
        limits = {"people_per_client": 1_000_000, "attempts_per_client": 1_000_000}
        http = {"requests_per_minute": 0, "wait_s": 0}
        outbox = {**OUTBOX, "alert_url": url}
        configuration = write_configuration(folder, systems, outbox=outbox, http=http, identity=limits, log=EVERY_LINE)
        with open_shim(load(configuration)) as shim:
            add = shim.state.clients.add
            everything = [row.scope(name) for name, system in shim.systems.items() for row in system.contracts]
            keys = {
                "agent": add("agent", [*everything, "shim:metrics"]),
                "strict": add("strict", everything, ClientLimits(strict=True)),
                "narrow": add("narrow", ["planon:find_tenant"], ClientLimits(within={"planon": frozenset({"SCH"})})),
                "limited": add("limited", everything, ClientLimits(attempts=2, people_per_hour=3)),
            }
            landings = Landings()
            worker = shim.worker(landings.tell)
            app = shim.app(worker.notify, landings, demo=False)
            worker.start()
            try:
                yield Site(shim, app, worker, desks, keys, configuration, told)
            finally:
                worker.stop(30)


@contextmanager
def installed(desks: Mapping[str, Hostile]) -> Iterator[None]:
    """Install adapters of the names of these desks, each of which builds that desk."""
    kinds = {"planon": DeskKind.FACILITY, "intramed": DeskKind.PRACTICE}

    class Point:
        def __init__(self, name: str) -> None:
            self.name = name

        def load(self) -> Any:
            desk = cast("Any", desks[self.name])

            def build(_options: NoOptions, _ports: Ports) -> Any:
                return desk

            return Adapter(kinds[self.name], NoOptions, build, exposures=lambda _options: [])

    with patch("shim.systems.entry_points", lambda **_: [Point(name) for name in desks]):
        yield


@contextmanager
def _receiver() -> Iterator[tuple[str, list[str]]]:
    told: list[str] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(f"{self.headers}\n{self.rfile.read(int(self.headers['Content-Length'])).decode()}")
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/alerts", told
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1", "replace")
