"""What a client may send and how fast, over a real socket: each limit is a problem, and nobody holds a connection."""

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from shim.demo import planon_section, write_configuration
from simulators.launch import address_of, running_planon, start_shim
from tests.integration.shim.site import FAST_OUTBOX, FAST_PLANON, Site, add_client, until

RECEIVE_S = 1
CONNECTIONS = 8
PATIENCE_S = 60.0
FIND = "/v1/planon/find_tenant"


@dataclass(frozen=True)
class Told:
    """An answer as it came, and whether the connection ended after it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> str:
        assert self.headers["content-type"] == "application/problem+json"
        told: dict[str, Any] = json.loads(self.body)
        assert told["status"] == self.status
        return str(told["type"]).rpartition(":")[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A service with little patience."""
    folder = tmp_path_factory.mktemp("limits")
    with running_planon(folder) as (control, address):
        configuration = write_configuration(
            folder,
            {"planon": planon_section(address, **FAST_PLANON)},
            outbox=FAST_OUTBOX,
            http={"receive_s": RECEIVE_S, "connections": CONNECTIONS, "requests_per_minute": 100_000},
        )
        key = add_client(configuration, "agent", "planon:*")
        limited = add_client(configuration, "limited", "planon:find_tenant")
        with start_shim(configuration) as service:
            yield Site(folder, address_of(service), {"agent": key, "limited": limited}, control)


def connected(site: Site, buffer: int | None = None) -> socket.socket:
    """Open a connection, with a buffer of so many bytes for what is not read yet."""
    host, _, port = site.address.removeprefix("http://").partition(":")
    connection = socket.socket()
    if buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.settimeout(PATIENCE_S)
    connection.connect((host, int(port)))
    return connection


def rest(connection: socket.socket) -> bytes:
    """Read until the service ends the connection."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def tell(site: Site, sent: bytes) -> Told:
    """Send something, and read what comes until the service ends the connection."""
    with connected(site) as connection:
        connection.sendall(sent)
        return parsed(rest(connection))


def ends(connection: socket.socket, part: bytes, *, times: int) -> bool:
    """Send the same again and again, and return whether the service ends the connection meanwhile."""
    for _ in range(times):
        try:
            connection.sendall(part)
            if connection.gettimeout() != PATIENCE_S and not connection.recv(65536):
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def parsed(raw: bytes) -> Told:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Told(int(first.split()[1]), headers, body)


def request(site: Site, *lines: str, path: str = FIND, method: str = "POST") -> bytes:
    head = [f"{method} {path} HTTP/1.1", "Host: shim", f"Authorization: Bearer {site.keys['agent']}", *lines]
    return "\r\n".join([*head, "", ""]).encode("latin-1")


@pytest.mark.parametrize(
    ("sent", "status", "problem"),
    [
        (b"\x16\x03\x01nonsense\r\n\r\n", 400, "malformed-request"),
        (b"GET /healthz HTTP/1.1\r\nHost: shim\r\nX: " + b"x" * 100_000, 431, "headers-too-large"),
        (b"GET /healthz HTTP/1.1\r\nHost: shim\r\nConnection: close\r\nX: %s\r\n\r\n" % (b"x" * 17_000), 431, None),
        (b"GET /healthz HTTP/1.1\r\nHost: shim\r\nConnection: close\r\n%s\r\n" % (b"X: 1\r\n" * 100), 431, None),
        (b"GET /healthz?%s HTTP/1.1\r\nHost: shim\r\nConnection: close\r\n\r\n" % (b"x" * 4_097), 414, "url-too-long"),
        (b"GET /hea", 408, "request-too-slow"),
    ],
    ids=["garbage", "an endless header", "long headers", "many headers", "a long URL", "a head that never ends"],
)
def test_what_is_no_request_or_too_long_or_too_slow(site: Site, sent: bytes, status: int, problem: str | None) -> None:
    """A problem like any other, although no route was reached, and the connection ends."""
    told = tell(site, sent)
    assert (told.status, told.problem, told.headers["connection"]) == (status, problem or "headers-too-large", "close")


def test_a_broken_body_of_a_head_request_is_a_problem_without_its_body(site: Site) -> None:
    """An answer to HEAD has none, and nothing of this is a defect of the service."""
    with connected(site) as connection:
        connection.sendall(request(site, "Transfer-Encoding: chunked", method="HEAD") + b"no length\r\n")
        told = parsed(rest(connection))
    assert (told.status, told.body, told.headers["connection"]) == (400, b"", "close")


def test_headers_up_to_the_limit_are_fine(site: Site) -> None:
    """As many, and as long."""
    many = b"".join(b"X: %s\r\n" % (b"x" * 150) for _ in range(97))
    told = tell(site, b"GET /healthz?%s HTTP/1.1\r\nHost: s\r\nConnection: close\r\n%s\r\n" % (b"x" * 4_000, many))
    assert told.status == 200


def test_a_body_without_a_length_is_too_long(site: Site) -> None:
    """It is refused before it has ended, and the client reads the answer although it is still sending."""
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    told = tell(site, request(site, "Transfer-Encoding: chunked") + chunk * 3)
    assert (told.status, told.problem, told.headers["connection"]) == (413, "body-too-large", "close")


def test_a_body_that_is_sent_for_ever_is_not_read_for_ever(site: Site) -> None:
    """The answer is there after a little more than the limit, and soon nobody listens any more."""
    with connected(site) as connection:
        connection.sendall(request(site, "Transfer-Encoding: chunked"))
        chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
        assert ends(connection, chunk, times=1024)  # 64 MiB


def test_a_body_that_says_that_it_is_too_long(site: Site) -> None:
    """It is not read at all, and the connection ends without waiting for it."""
    told = tell(site, request(site, "Content-Length: 131073"))
    assert (told.status, told.problem, told.headers["connection"]) == (413, "body-too-large", "close")


def test_a_body_that_does_not_arrive(site: Site) -> None:
    """One byte after the other is no way around it."""
    with connected(site) as connection:
        connection.sendall(request(site, "Content-Length: 1000"))
        connection.settimeout(RECEIVE_S / 20)
        for _ in range(2_000):
            try:
                connection.sendall(b" ")
                raw = connection.recv(65536)
                break
            except TimeoutError:
                continue
        connection.settimeout(PATIENCE_S)
        told = parsed(raw + rest(connection))
    assert (told.status, told.problem, told.headers["connection"]) == (408, "request-too-slow", "close")
    assert told.headers["retry-after"] == "1"


def test_a_body_after_its_answer_is_not_waited_for(site: Site) -> None:
    """Whoever has no key is refused before the body; dripping it on keeps no connection."""
    with connected(site) as connection:
        connection.sendall(b"POST %s HTTP/1.1\r\nHost: shim\r\nContent-Length: 1000\r\n\r\n" % FIND.encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 401")
        connection.settimeout(RECEIVE_S / 20)
        assert ends(connection, b" ", times=900)


def test_a_connection_that_says_nothing_is_ended_without_a_word(site: Site) -> None:
    """An answer would be taken for that of the first request."""
    with connected(site) as connection:
        assert rest(connection) == b""


def test_an_answer_that_nobody_reads_is_not_kept(site: Site) -> None:
    """Clients ask for a lot and read nothing: their connections are broken off, and there is room for others."""
    held = [connected(site, buffer=4096) for _ in range(CONNECTIONS)]
    for connection in held:
        connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: shim\r\n\r\n" * 150)
    assert site.get("/v1/deliveries").status_code == 503
    until(lambda: site.get("/v1/deliveries").status_code, lambda status: status == 200)
    for connection in held:
        connection.close()


def test_more_connections_than_there_may_be(site: Site) -> None:
    """Whoever comes is told so, health is told as ever, and there is room again as soon as somebody has gone."""
    held = [connected(site) for _ in range(CONNECTIONS)]
    try:
        told = tell(site, request(site, "Content-Length: 2") + b"{}")
        assert (told.status, told.problem, told.headers["retry-after"]) == (503, "overloaded", "1")
        for path in ("/healthz", "/readyz"):
            assert tell(site, request(site, "Connection: close", path=path, method="GET")).status == 200
    finally:
        for connection in held:
            connection.close()
    until(lambda: site.post(FIND, {"telephone": "06-12345678"}).status_code, lambda status: status == 200)


def test_far_more_connections_than_there_may_be(site: Site) -> None:
    """Nothing of these is read, and nobody of them waits."""
    held = [connected(site) for _ in range(CONNECTIONS + 40)]
    last = held[-1]
    assert parsed(rest(last)).problem == "overloaded"
    for connection in held:
        connection.close()
    until(lambda: site.post(FIND, {"telephone": "06-12345678"}).status_code, lambda status: status == 200)


def test_a_client_is_told_what_it_has_left(site: Site) -> None:
    """With every answer, also of what it asked in vain; one with a limit of its own over all processes."""
    quota = re.compile(r'"requests";r=(\d+);t=(\d+)')
    left = []
    for body in ({"telephone": "06-12345678"}, {"telephone": "06-12345678"}, {"nonsense": 1}):
        answer = requests.post(
            f"{site.address}{FIND}", json=body, headers={"Authorization": f"Bearer {site.keys['limited']}"}, timeout=60
        )
        assert answer.headers["RateLimit-Policy"] == '"requests";q=100000;w=60'
        match = quota.fullmatch(answer.headers["RateLimit"])
        assert match
        assert 1 <= int(match[2]) <= 60
        left.append(int(match[1]))
    assert left[0] > left[1] > left[2]
    assert "RateLimit" not in requests.get(f"{site.address}/healthz", timeout=60).headers


def test_a_client_that_goes_away_loses_nothing(site: Site) -> None:
    """What it has asked for durably is there, although nobody took the answer."""
    body = json.dumps(site.report(site.tenant())).encode()
    with connected(site) as connection:
        lines = ("Content-Type: application/json", f"Content-Length: {len(body)}", "Idempotency-Key: gone-1")
        connection.sendall(request(site, *lines, path="/v1/planon/create_incident") + body)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    until(lambda: len(site.control.incidents()), lambda count: count == 1)
    again = site.post("/v1/planon/create_incident", body, Idempotency_Key="gone-1", Content_Type="application/json")
    assert again.status_code == 201
    assert len(site.control.incidents()) == 1
