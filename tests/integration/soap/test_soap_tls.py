"""TLS: certificates are demanded, read once, and the handshake counts towards the limit of an exchange."""

import socket
import ssl
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from adapters.soap import ExchangeFailed, Http, NotConnected
from adapters.soap.errors import Flaw
from tests.integration.soap.raw_server import answer
from tests.integration.soap.tls import REQUEST, certificate, tls_server


def test_a_site_names_the_certificate_that_it_trusts(tmp_path: Path) -> None:
    """With it the exchange happens, again and again; with the public bundle nothing is sent."""
    pem = certificate(tmp_path)
    with tls_server(pem, answer(200, "text/xml", b"<ok/>")) as url:
        trusted = Http(10, 20, str(pem))
        assert [trusted.post(url, REQUEST, {}).body for _ in range(3)] == [b"<ok/>"] * 3
        with pytest.raises(NotConnected) as refused:
            Http(10, 20).post(url, REQUEST, {})
        assert refused.value.flaw is Flaw.CERTIFICATE


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    """Trusting the certificate does not mean trusting whoever shows it."""
    pem = certificate(tmp_path)
    with tls_server(pem, answer(200, "text/xml", b"<ok/>")) as url, pytest.raises(NotConnected) as refused:
        Http(10, 20, str(pem)).post(url.replace("127.0.0.1", "localhost"), REQUEST, {})
    assert refused.value.flaw is Flaw.CERTIFICATE


def test_certificates_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the public bundle takes longer than an exchange; no connection does it."""
    pem = certificate(tmp_path)
    http = Http(10, 20, str(pem))

    def read(*_: object, **__: object) -> None:
        raise AssertionError("read again")

    with tls_server(pem, answer(200, "text/xml", b"<ok/>")) as url:
        monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", read)
        assert http.post(url, REQUEST, {}).status == 200


def test_a_file_without_certificates_is_refused_at_once(tmp_path: Path) -> None:
    """Not at the first call in the night."""
    (tmp_path / "empty.pem").write_text("")
    with pytest.raises(OSError, match=r"."):
        Http(10, 20, str(tmp_path / "empty.pem"))


def test_a_handshake_that_trickles_ends_in_time(tmp_path: Path) -> None:
    """Every byte comes well within the time-out of a packet; the exchange ends by its limit all the same."""
    certificate(tmp_path)
    listener = socket.create_server(("127.0.0.1", 0))
    enough = threading.Event()

    def trickle() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"\x16\x03\x03\x40\x00")  # a record of 16 kB begins
                while not enough.wait(0.1):
                    connection.sendall(b"\x02")

    thread = threading.Thread(target=trickle, daemon=True)
    thread.start()
    begun = time.monotonic()
    with pytest.raises(ExchangeFailed):
        Http(3, 0.6, str(tmp_path / "server.pem")).post(f"https://127.0.0.1:{listener.getsockname()[1]}", REQUEST, {})
    passed = time.monotonic() - begun
    enough.set()
    thread.join(30)
    listener.close()
    assert passed < 30  # the record alone would take half an hour
