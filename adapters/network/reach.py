"""The first steps of every examination over a network: does the name resolve, does the port answer."""

import socket
import time
from collections.abc import Iterator
from typing import Final

from contracts.examination import Diagnosis, Level, Step

NAME_UNKNOWN: Final = Diagnosis(
    "name-unknown",
    Level.BROKEN,
    "the host's name does not resolve",
    "Nothing can be sent or read until it does.",
    "Check the spelling in the configuration; then ask this machine's resolver: getent hosts NAME.",
)
PORT_CLOSED: Final = Diagnosis(
    "port-closed",
    Level.BROKEN,
    "the host answers, and nobody listens on the port",
    "The service is not running, or listens elsewhere.",
    "Start the backend's service, or correct the port.",
)
PORT_UNANSWERED: Final = Diagnosis(
    "port-unanswered",
    Level.BROKEN,
    "the port does not answer at all",
    "A firewall drops the packets, or the machine is down: every call waits for its whole time-out.",
    "Open the way from this machine to that port, or start the machine.",
)
DIAGNOSES: Final = (NAME_UNKNOWN, PORT_CLOSED, PORT_UNANSWERED)


def reach(host: str, port: int, until: float) -> Iterator[Step]:
    """Look a host up and knock at its port; ends after the first step that fails.

    Args:
        host: name or address.
        port: of TCP.
        until: when to give up, by the monotonic clock.
    """
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "no name of a host"
        yield Step("name", (NAME_UNKNOWN.found(f"{host}: {reason}"),))
        return
    yield Step("name", told=", ".join(dict.fromkeys(str(address[4][0]) for address in addresses)))
    yield _port(host, port, until)


def _port(host: str, port: int, until: float) -> Step:
    begun = time.monotonic()
    try:
        socket.create_connection((host, port), timeout=max(0.1, until - begun)).close()
    except ConnectionRefusedError:
        return Step("port", (PORT_CLOSED.found(f"{host} port {port}"),))
    except OSError as error:
        why = "timed out" if isinstance(error, TimeoutError) else error.strerror or type(error).__name__
        return Step("port", (PORT_UNANSWERED.found(f"{host} port {port}: {why}"),))
    return Step("port", told=f"{port} answers in {(time.monotonic() - begun) * 1000:.0f} ms")
