"""What a request may be: how long its URL, headers and body, and how fast it has to arrive."""

import asyncio
from typing import Final

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from contracts.errors import BodyTooLarge, HeadersTooLarge, RequestTooSlow, UrlTooLong

BODY_LIMIT_BYTES: Final = 128 * 1024
"""A message of 4,096 characters takes 48 KiB when every one of them is an escaped emoji."""
HEADERS_LIMIT_BYTES: Final = 16 * 1024
HEADERS_LIMIT: Final = 100
URL_LIMIT_BYTES: Final = 4 * 1024

_LENGTH_DIGITS: Final = 12
"""A longer Content-Length is too long, whatever it says: reading thousands of digits is refused by Python itself."""

_WITHOUT_BODY: Final = frozenset({"GET", "HEAD"})
_LENGTHS: Final = frozenset({b"content-length", b"transfer-encoding"})


class Gone(Exception):
    """Raised when the client has gone before its body was there: nobody can be answered."""


def check_head(scope: Scope) -> None:
    """Refuse what is too long before its body.

    Raises:
        UrlTooLong: path and query together.
        HeadersTooLarge: in number or in bytes.
    """
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > URL_LIMIT_BYTES:
        raise UrlTooLong(f"path and query may have {URL_LIMIT_BYTES} bytes")
    if len(headers) > HEADERS_LIMIT or sum(len(name) + len(value) for name, value in headers) > HEADERS_LIMIT_BYTES:
        raise HeadersTooLarge(f"there may be {HEADERS_LIMIT} headers with {HEADERS_LIMIT_BYTES} bytes in all")


def _check_length(scope: Scope) -> None:
    length = Headers(scope=scope).get("content-length", "")
    if length.isdecimal() and (len(length) > _LENGTH_DIGITS or int(length) > BODY_LIMIT_BYTES):
        raise _too_long()


async def with_whole_body(scope: Scope, receive: Receive, within_s: float) -> Receive:
    """Return what the application receives when the body is there; one that is too long is not read to its end.

    Raises:
        BodyTooLarge: by what it says of itself, or when so much of it has been read.
        RequestTooSlow: it was not there within so many seconds.
        Gone: the client has gone.
    """
    if scope["method"] in _WITHOUT_BODY and not _LENGTHS.intersection(name for name, _ in scope["headers"]):
        return receive
    _check_length(scope)
    try:
        async with asyncio.timeout(within_s):
            body = await _whole(receive)
    except TimeoutError:
        raise RequestTooSlow(f"a body has {within_s:g} s to arrive; nothing was done", 1) from None
    first: Message | None = {"type": "http.request", "body": body, "more_body": False}

    async def received() -> Message:
        nonlocal first
        if first is None:
            return await receive()
        message, first = first, None
        return message

    return received


async def _whole(receive: Receive) -> bytes:
    parts: list[bytes] = []
    read = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        part = message.get("body", b"")
        read += len(part)
        if read > BODY_LIMIT_BYTES:
            raise _too_long()
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def _too_long() -> BodyTooLarge:
    return BodyTooLarge(f"a body may have {BODY_LIMIT_BYTES} bytes")
