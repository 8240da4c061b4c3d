import ssl
from http.client import RemoteDisconnected

import pytest
import requests
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)
from urllib3.exceptions import SSLError as Urllib3SslError

from adapters.soap.causes import nothing_was_sent

POOL = HTTPConnectionPool("planon.invalid")
CONNECTION = HTTPConnection("planon.invalid")


def exhausted(reason: Exception) -> MaxRetryError:
    return MaxRetryError(POOL, "/", reason)


@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectTimeout(exhausted(ConnectTimeoutError())),
        requests.ConnectionError(exhausted(NewConnectionError(CONNECTION, "refused"))),
        requests.ConnectionError(exhausted(NameResolutionError("planon.invalid", CONNECTION, OSError()))),  # type: ignore[arg-type]
        requests.exceptions.SSLError(exhausted(Urllib3SslError(ssl.SSLCertVerificationError("expired")))),
        requests.exceptions.InvalidURL("no host"),
    ],
)
def test_nothing_was_sent(error: Exception) -> None:
    """The failures that come before the first byte, as requests wraps them."""
    assert nothing_was_sent(error)


@pytest.mark.parametrize(
    "error",
    [
        requests.ReadTimeout(ReadTimeoutError(POOL, "/", "late")),
        requests.ConnectionError(ProtocolError("aborted", ConnectionResetError(104, "reset"))),
        requests.ConnectionError(ProtocolError("aborted", RemoteDisconnected("closed"))),
        requests.ConnectionError(ConnectionRefusedError(111, "by whom?")),
        requests.ConnectionError(exhausted(ProtocolError("aborted"))),
        requests.exceptions.SSLError(exhausted(Urllib3SslError(ssl.SSLError("bad record")))),
        requests.exceptions.ChunkedEncodingError(ProtocolError("truncated")),
        BrokenPipeError(),
        Exception(),
    ],
)
def test_something_may_have_been_sent(error: Exception) -> None:
    """Everything else is no proof, whatever its name suggests."""
    assert not nothing_was_sent(error)
