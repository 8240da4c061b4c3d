"""Which PostgreSQL a run stands on: a given one, else a container, else a private server."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TypeAlias, get_args
from urllib.parse import urlsplit

import psycopg

from simulators import choice as ways
from simulators.choice import NotThere, first_of
from simulators.container import require_engine, require_image, running_container
from simulators.postgresql.bench import Kind, PostgresBench, private_bench
from simulators.postgresql.programs import programs
from simulators.postgresql.server import DURABLE, USER, running_postgresql

Choice: TypeAlias = ways.Choice[Kind]
PUBLIC_IMAGE: Final = "postgres:16"
_ORDER: Final[tuple[Kind, ...]] = get_args(Kind)
_PORT: Final = 5432


def choose(environment: Mapping[str, str]) -> Choice:
    """Take the first kind that is there; at most 1.5 s, plus 60 s where an image has to be pulled.

    Reads POSTGRESQL_URL, POSTGRESQL_IMAGE, DOCKER_HOST, and POSTGRESQL_BENCH, which names the one kind to consider.

    Raises:
        NotThere: none is there; names each reason.
        ValueError: POSTGRESQL_URL cannot be read, or what POSTGRESQL_BENCH asks for is not there.
    """
    asked = environment.get("POSTGRESQL_BENCH", "")
    return first_of("PostgreSQL", _ORDER, lambda kind: _require(kind, environment), "POSTGRESQL_BENCH", asked)


@contextmanager
def running_bench(choice: Choice, environment: Mapping[str, str]) -> Iterator[PostgresBench]:
    """Run what was chosen until the end of the block; a container and a private server keep what was committed.

    Args:
        choice: from `choose(environment)`.
        environment: the one that was chosen in.
    """
    match choice.kind:
        case "url":
            yield PostgresBench("url", environment["POSTGRESQL_URL"])
        case "container":
            password = secrets.token_hex(8)
            with running_container(choice.place, _PORT, {"POSTGRES_PASSWORD": password}) as published:
                address = f"postgresql://{USER}:{password}@{published.host}:{published.port}"
                bench = PostgresBench("container", address)
                published.await_login(lambda: psycopg.connect(bench.url()).close(), psycopg.OperationalError)
                yield bench
        case "server":
            with running_postgresql(DURABLE) as server:
                yield private_bench(server)


def _require(kind: Kind, environment: Mapping[str, str]) -> str:
    match kind:
        case "url":
            if not environment.get("POSTGRESQL_URL"):
                raise NotThere("POSTGRESQL_URL is not set")
            return _place(environment["POSTGRESQL_URL"])
        case "container":
            image = environment.get("POSTGRESQL_IMAGE") or PUBLIC_IMAGE
            require_engine(environment)
            require_image(image, environment)
            return image
        case "server":
            programs()
    return ""


def _place(url: str) -> str:
    """Return host and port of a URL; the error does not repeat it, because it holds a password."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORT
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme != "postgresql" or not parts.hostname or not parts.username:
        raise ValueError("POSTGRESQL_URL must read postgresql://superuser:password@host:port/")
    return f"{parts.hostname}:{port}"
