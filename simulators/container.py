"""Servers in containers, where an engine runs containers: is one there, has it the image, and one until the end."""

import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from simulators.choice import NotThere

_LOOPBACK: Final = "127.0.0.1"
_PING_S: Final = 1.5
_PULL_S: Final = 60.0
_SILENCE_S: Final = 15  # without a line of progress, a pull is over
_START_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Published:
    """A running container and where its port can be reached."""

    host: str
    port: int
    container: Any

    def await_login(self, log_in: Callable[[], object], refused: type[Exception]) -> None:
        """Call `log_in` until it does not raise `refused`.

        The engine's proxy takes connections before the server listens, so nothing but a login shows that it is up.

        Raises:
            TimeoutError: it took no login within 60 s; the container's log is in the message.
        """
        deadline = time.monotonic() + _START_S
        while True:
            try:
                log_in()
            except refused as reason:
                if time.monotonic() > deadline:
                    log = b"".join(self.container.get_logs()).decode(errors="replace")
                    raise TimeoutError(f"the container took no login within {_START_S:.0f} s: {log[-500:]}") from reason
                time.sleep(0.1)
            else:
                return


def require_engine(environment: Mapping[str, str]) -> None:
    """Ask the container engine whether it is there: at most 1.5 s, and without loading a library.

    Raises:
        NotThere: nothing that speaks HTTP is at $DOCKER_HOST, or at Docker's own socket.
    """
    place = environment.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    try:
        answered = _answers(place)
    except (OSError, ValueError):
        answered = False
    if not answered:
        raise NotThere(f"no container engine answers at {place}")


def require_image(image: str, environment: Mapping[str, str]) -> None:
    """Have the image on this machine: at once when it is, else by a pull that gets 60 s.

    Raises:
        NotThere: it could not be had in that time.
    """
    from docker.errors import DockerException, ImageNotFound  # noqa: PLC0415 - 0.3 s, only where an engine answers
    from requests import RequestException  # noqa: PLC0415 - comes with it

    try:
        with _docker(environment) as docker:
            try:
                docker.images.get(image)
            except ImageNotFound:
                _pull(docker.api, image)
    except (DockerException, RequestException) as refused:
        raise NotThere(f"the image {image} is not to be had: {type(refused).__name__}") from refused


@contextmanager
def running_container(image: str, port: int, variables: Mapping[str, str]) -> Iterator[Published]:
    """Run the image until the end of the block, its port published on loopback."""
    # Ryuk, which would clean up after a killed process, is one more image to pull and asks for the engine's socket.
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    # Where it finds that it runs in a container itself, it would take the gateway's address instead of loopback.
    os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")
    host = os.environ.setdefault("TESTCONTAINERS_HOST_OVERRIDE", _LOOPBACK)
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - reads the variables above when loaded

    ports: dict[str, Any] = {f"{port}/tcp": (_LOOPBACK,) if host == _LOOPBACK else None}
    container = DockerContainer(image)
    for name, value in variables.items():
        container.with_env(name, value)
    container.ports |= ports
    with container:
        yield Published(container.get_container_host_ip(), int(container.get_exposed_port(port)), container)


def _answers(place: str) -> bool:
    scheme, _, rest = place.partition("://")
    host, _, port = rest.partition(":")
    family, address = (socket.AF_UNIX, rest) if scheme == "unix" else (socket.AF_INET, (host, int(port)))
    with socket.socket(family) as asked:
        asked.settimeout(_PING_S)
        asked.connect(address)
        asked.sendall(b"GET /_ping HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n\r\n")
        return asked.recv(len(b"HTTP/")) == b"HTTP/"


@contextmanager
def _docker(environment: Mapping[str, str]) -> Iterator[Any]:
    import docker  # noqa: PLC0415 - only where an engine answers

    client = docker.from_env(timeout=_SILENCE_S, environment=dict(environment))
    try:
        yield client
    finally:
        client.close()


def _pull(api: Any, image: str) -> None:
    from docker.utils import parse_repository_tag  # noqa: PLC0415 - only where an engine answers

    name, tag = parse_repository_tag(image)
    deadline = time.monotonic() + _PULL_S
    for line in api.pull(name, tag or "latest", stream=True, decode=True):
        if "error" in line:
            raise NotThere(f"the image {image} is not to be had: {line['error']}")
        if time.monotonic() > deadline:
            raise NotThere(f"the image {image} was not here after {_PULL_S:.0f} s; pull it beforehand")
