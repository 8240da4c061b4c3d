"""Looks at a service over HTTP step by step, with requests that change nothing: TLS, an answer, the WSDL, the clock."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from lxml import etree

from adapters.network import services as diagnosed
from adapters.network.reach import reach
from adapters.network.silence import SERVER_SILENT
from adapters.soap.connections import trusting
from adapters.soap.errors import ExchangeFailed, Flaw
from contracts.examination import Diagnosis, Finding, Step
from schemas.xml import XmlRefused, parse

ANSWER_S: Final = 3.0
"""How long one answer is waited for; a service that takes longer for its WSDL is silent to its users, too."""
_LIMIT_BYTES: Final = 1_048_576
_EXPIRED: Final = frozenset({9, 10})
"""OpenSSL's codes: not valid yet, and not valid any more."""
_OTHER_NAME: Final = frozenset({62, 64})
_WSDL: Final = "{http://schemas.xmlsoap.org/wsdl/}"
_ADDRESS: Final = ("{http://schemas.xmlsoap.org/wsdl/soap/}address", "{http://schemas.xmlsoap.org/wsdl/soap12/}address")
_OF_FLAWS: Final[Mapping[Flaw, Diagnosis]] = {
    Flaw.CERTIFICATE: diagnosed.CERTIFICATE_UNTRUSTED,
    Flaw.TIMED_OUT: SERVER_SILENT,
    Flaw.CONNECT_TIMED_OUT: SERVER_SILENT,
    Flaw.REFUSED: diagnosed.ANSWER_BROKEN,
    Flaw.BROKEN: diagnosed.ANSWER_BROKEN,
    Flaw.TRUNCATED: diagnosed.ANSWER_BROKEN,
    Flaw.CHUNKS: diagnosed.ANSWER_BROKEN,
    Flaw.NO_FAULT_CODE: diagnosed.REPLY_NOT_AS_DESCRIBED,
    Flaw.OTHER_REPLY: diagnosed.REPLY_NOT_AS_DESCRIBED,
    Flaw.NOT_AS_DESCRIBED: diagnosed.REPLY_NOT_AS_DESCRIBED,
    Flaw.UNREADABLE: diagnosed.REPLY_NOT_AS_DESCRIBED,
}
_NOWHERE: Final = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Door:
    """Where a URL leads to."""

    host: str
    port: int
    tls: bool

    @classmethod
    def of(cls, url: str) -> "Door":
        """Return the door of an address."""
        parts = urlsplit(url)
        tls = parts.scheme == "https"
        return cls(parts.hostname or "", parts.port or (443 if tls else 80), tls)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a GET was answered; `date` is the server's clock, if it told."""

    status: int
    media_type: str
    body: bytes
    date: datetime | None
    took_s: float

    def __str__(self) -> str:
        """Say it on one line."""
        return f"HTTP {self.status}, {self.media_type or 'no media type'}"


def approach(door: Door, ca_file: str | None, until: float) -> Iterator[Step]:
    """Look the host up, knock at the port, and shake hands if TLS is spoken; ends after the first step that fails."""
    for step in reach(door.host, door.port, min(until, time.monotonic() + ANSWER_S)):
        yield step
        if step.is_broken:
            return
    if door.tls:
        yield _handshake(door, ca_file, until)


def get(url: str, ca_file: str | None, until: float, headers: Mapping[str, str] | None = None) -> Reply | Finding:
    """GET once, without following anything; a finding when there is no answer."""
    door, parts, begun = Door.of(url), urlsplit(url), time.monotonic()
    limit = min(until, begun + ANSWER_S)
    connection = (
        http.client.HTTPSConnection(door.host, door.port, timeout=_left(limit), context=trusting(ca_file))
        if door.tls
        else http.client.HTTPConnection(door.host, door.port, timeout=_left(limit))
    )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    # A time-out of the socket begins anew with every byte.
    cut = threading.Timer(_left(limit), _cut, [connection])
    try:
        cut.start()
        connection.request("GET", path, headers={"Connection": "close", **(headers or {})})
        response = connection.getresponse()
        body = _body(response)
    except (OSError, http.client.HTTPException) as error:
        return _unanswered(TimeoutError() if time.monotonic() >= limit else error, door)
    finally:
        cut.cancel()
        connection.close()
    if time.monotonic() >= limit:
        return _unanswered(TimeoutError(), door)
    media_type = (response.headers.get_content_type() if response.headers.get("Content-Type") else "") or ""
    return Reply(response.status, media_type, body, _date(response.headers.get("Date")), time.monotonic() - begun)


def of_failure(error: ExchangeFailed) -> Finding:
    """Return what a failed exchange says about the service; a fault is the caller's to judge."""
    if error.flaw is Flaw.STATUS and error.evidence.status in _NOWHERE:
        return diagnosed.PATH_UNKNOWN.found(str(error))
    return _OF_FLAWS.get(error.flaw, diagnosed.ANSWER_NOT_SOAP).found(str(error))


def wsdl_in(reply: Reply) -> etree._Element | None:
    """Return the WSDL in an answer; None when it is none."""
    if reply.status != http.client.OK:
        return None
    try:
        root = parse(reply.body)
    except XmlRefused:
        return None
    return root if root.tag == f"{_WSDL}definitions" else None


def operations_in(wsdl: etree._Element) -> frozenset[str]:
    """Return the names of all operations of a WSDL."""
    return frozenset(found.get("name", "") for found in wsdl.iterfind(f"{_WSDL}portType/{_WSDL}operation"))


def fingerprint_of(wsdl: etree._Element) -> str:
    """Return the fingerprint of a WSDL as it is served: each node of a cluster writes its own address into it."""
    for address in wsdl.iter(*_ADDRESS):
        address.attrib.pop("location", "")
    return sha256(etree.tostring(wsdl, method="c14n", with_comments=False)).hexdigest()


def _handshake(door: Door, ca_file: str | None, until: float) -> Step:
    where = f"{door.host} port {door.port}"
    try:
        context = trusting(ca_file)
        limit_s = _left(min(until, time.monotonic() + ANSWER_S))
        with (
            socket.create_connection((door.host, door.port), limit_s) as plain,
            context.wrap_socket(plain, server_hostname=door.host) as secure,
        ):
            return Step("TLS", told=f"{secure.version()}, certificate trusted")
    except (OSError, ValueError) as error:
        found = _unanswered(error, door) if isinstance(error, OSError) else diagnosed.TLS_NONE.found(where)
        return Step("TLS", (found,))


def _unanswered(error: OSError | http.client.HTTPException, door: Door) -> Finding:
    where = f"{door.host} port {door.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return _of_certificate(error).found(f"{where}: {error.verify_message}")
    if isinstance(error, TimeoutError):
        return SERVER_SILENT.found(f"{where}: nothing within {ANSWER_S:.0f} s")
    if isinstance(error, ssl.SSLError):
        return diagnosed.TLS_NONE.found(f"{where}: {error.reason or 'no handshake'}")
    if isinstance(error, OSError):
        return diagnosed.ANSWER_BROKEN.found(f"{where}: {error.strerror or type(error).__name__}")
    return diagnosed.ANSWER_NOT_SOAP.found(f"{where}: no HTTP")


def _of_certificate(error: ssl.SSLCertVerificationError) -> Diagnosis:
    if error.verify_code in _EXPIRED:
        return diagnosed.CERTIFICATE_EXPIRED
    return diagnosed.CERTIFICATE_OF_ANOTHER if error.verify_code in _OTHER_NAME else diagnosed.CERTIFICATE_UNTRUSTED


def _cut(connection: http.client.HTTPConnection) -> None:
    if connection.sock is not None:
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def _body(response: http.client.HTTPResponse) -> bytes:
    body = bytearray()
    while chunk := response.read1(65_536):
        body += chunk
        if len(body) > _LIMIT_BYTES:
            raise http.client.HTTPException  # no service's WSDL is so long
    return bytes(body)


def _date(header: str | None) -> datetime | None:
    try:
        found = None if header is None else parsedate_to_datetime(header)
    except ValueError:
        return None
    return found if found is None or found.tzinfo is not None else found.replace(tzinfo=UTC)


def _left(until: float) -> float:
    return max(0.1, until - time.monotonic())
