"""Requests to an application without a socket, exactly as they were written: no client library tidies them up."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Scope


@dataclass(frozen=True)
class Answer:
    """What came back. `read` is how much of the request's body the application took."""

    status: int
    headers: dict[str, str]
    body: bytes
    read: int

    @property
    def problem(self) -> str:
        return str(json.loads(self.body)["type"]).rpartition(":")[2]

    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    app: ASGIApp,
    method: str,
    path: str,
    *headers: tuple[str, str],
    key: str | None = None,
    body: bytes = b"",
    address: str = "127.0.0.1",
    scheme: str = "http",
) -> Answer:
    """Send one request, as a server would hand it on: the path unquoted, header names in lower case."""
    return asyncio.run(asked(app, method, path, *headers, key=key, body=body, address=address, scheme=scheme))


async def asked(
    app: ASGIApp,
    method: str,
    path: str,
    *headers: tuple[str, str],
    key: str | None = None,
    body: bytes = b"",
    address: str = "127.0.0.1",
    scheme: str = "http",
) -> Answer:
    """Send one request within a running loop."""
    sent = [*headers, *([("authorization", f"Bearer {key}")] if key is not None else [])]
    plain, _, query = path.partition("?")
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": unquote(plain, encoding="latin-1"),
        "raw_path": plain.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in sent],
        "client": (address, 50_000),
        "server": ("shim", 80),
    }
    came: list[Message] = []
    read = 0

    async def receive() -> Message:
        nonlocal read
        read += len(body)
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        came.append(message)

    await app(scope, receive, send)
    start = came[0]
    told = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], told, b"".join(part.get("body", b"") for part in came[1:]), read)
