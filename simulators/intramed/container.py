"""A Firebird server in a container: the public image or one that behaves like it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from firebird.driver import DatabaseError

from simulators import container
from simulators.intramed.wire import PORT, Address, services

PUBLIC_IMAGE: Final = "firebirdsql/firebird:3"


@contextmanager
def running_container(image: str) -> Iterator[Address]:
    """Run the image until the end of the block, its port published on loopback.

    Raises:
        TimeoutError: it took no login within 60 s; its log is in the message.
    """
    password = secrets.token_hex(8)
    with container.running_container(image, PORT, {"FIREBIRD_ROOT_PASSWORD": password}) as published:
        address = Address(published.host, published.port, password)

        def log_in() -> None:
            with services(address):
                pass

        published.await_login(log_in, DatabaseError)
        yield address
