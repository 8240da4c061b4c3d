"""Which Firebird a run stands on: a given one, else a container, else a private server, else the embedded engine."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Final, TypeAlias, get_args

from simulators import choice as ways
from simulators.choice import NotThere, first_of
from simulators.container import require_engine, require_image
from simulators.intramed.bench import Bench, FileBench, Kind
from simulators.intramed.container import PUBLIC_IMAGE, running_container
from simulators.intramed.engine import engine_folder
from simulators.intramed.sandbox import SNAPSHOT, restore
from simulators.intramed.server import require_server, running_server
from simulators.intramed.wire import read_address, wire_bench

Choice: TypeAlias = ways.Choice[Kind]
_ORDER: Final[tuple[Kind, ...]] = get_args(Kind)


def choose(environment: Mapping[str, str]) -> Choice:
    """Take the first kind that is there; at most 1.5 s, plus 60 s where an image has to be pulled.

    Reads FIREBIRD_URL, FIREBIRD_IMAGE, DOCKER_HOST, and FIREBIRD_BENCH, which names the one kind to consider.

    Raises:
        NotThere: none is there; names each reason.
        ValueError: FIREBIRD_URL cannot be read, or what FIREBIRD_BENCH asks for is not there.
    """
    asked = environment.get("FIREBIRD_BENCH", "")
    return first_of("Firebird", _ORDER, lambda kind: _require(kind, environment), "FIREBIRD_BENCH", asked)


@contextmanager
def running_bench(
    choice: Choice, folder: Path, first_monday: date, environment: Mapping[str, str], snapshot: Path = SNAPSHOT
) -> Iterator[Bench]:
    """Run what was chosen until the end of the block.

    Args:
        choice: from `choose(environment)`.
        folder: for everything that lies on this machine.
        first_monday: Monday on which the agenda of every copy begins.
        environment: the one that was chosen in.
        snapshot: backup of the practice; opened for reading only.
    """
    match choice.kind:
        case "url":
            yield wire_bench("url", read_address(environment["FIREBIRD_URL"]), first_monday, snapshot)
        case "container":
            with running_container(choice.place) as address:
                yield wire_bench("container", address, first_monday, snapshot)
        case "server":
            source = restore(snapshot, folder / "restored.fdb", first_monday)
            with running_server(folder / "server") as server:
                yield FileBench(source, folder, server)
        case "embedded":
            yield FileBench(restore(snapshot, folder / "restored.fdb", first_monday), folder)


def _require(kind: Kind, environment: Mapping[str, str]) -> str:
    match kind:
        case "url":
            if not environment.get("FIREBIRD_URL"):
                raise NotThere("FIREBIRD_URL is not set")
            address = read_address(environment["FIREBIRD_URL"])
            return f"{address.host}/{address.port}"
        case "container":
            image = environment.get("FIREBIRD_IMAGE") or PUBLIC_IMAGE
            require_engine(environment)
            require_image(image, environment)
            return image
        case "server":
            require_server()
        case "embedded":
            engine_folder()
    return ""
