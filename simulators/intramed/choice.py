"""Which Firebird a run stands on: a given one, else a container, else a private server, else the embedded engine."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, get_args

from simulators.intramed.bench import Bench, FileBench, Kind
from simulators.intramed.container import PUBLIC_IMAGE, require_engine, require_image, running_container
from simulators.intramed.engine import EngineMissing, engine_folder
from simulators.intramed.sandbox import SNAPSHOT, restore
from simulators.intramed.server import require_server, running_server
from simulators.intramed.wire import read_address, wire_bench

_ORDER: Final[tuple[Kind, ...]] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a run stands on.

    Attributes:
        kind: the first of url, container, server, embedded that is there.
        place: host and port, or the image; empty for a private server and the embedded engine.
        missed: the kinds before it, each with the reason.
        forced: FIREBIRD_BENCH asked for this one.
    """

    kind: Kind
    place: str
    missed: Mapping[Kind, str]
    forced: bool

    def __str__(self) -> str:
        reasons = "; ".join(f"{kind}: {reason}" for kind, reason in self.missed.items())
        why = "FIREBIRD_BENCH asks for it" if self.forced else reasons
        return " ".join(part for part in (self.kind, self.place, f"({why})" if why else "") if part)


def choose(environment: Mapping[str, str]) -> Choice:
    """Take the first kind that is there; at most 1.5 s, plus 60 s where an image has to be pulled.

    Reads FIREBIRD_URL, FIREBIRD_IMAGE, DOCKER_HOST, and FIREBIRD_BENCH, which names the one kind to consider.

    Raises:
        EngineMissing: none is there; names each reason.
        ValueError: FIREBIRD_URL cannot be read, or what FIREBIRD_BENCH asks for is not there.
    """
    asked = environment.get("FIREBIRD_BENCH", "")
    if asked and asked not in _ORDER:
        raise ValueError(f"FIREBIRD_BENCH must be one of {', '.join(_ORDER)}, not {asked}")
    missed: dict[Kind, str] = {}
    for kind in _ORDER:
        if asked in ("", kind):
            try:
                return Choice(kind, _require(kind, environment), missed, forced=bool(asked))
            except EngineMissing as missing:
                missed[kind] = str(missing)
    reasons = "; ".join(f"{kind}: {reason}" for kind, reason in missed.items())
    if asked:
        raise ValueError(f"FIREBIRD_BENCH asks for what is not there: {reasons}")
    raise EngineMissing(f"no Firebird to test: {reasons}")


@contextmanager
def running_bench(choice: Choice, folder: Path, first_monday: date, environment: Mapping[str, str]) -> Iterator[Bench]:
    """Run what was chosen until the end of the block.

    Args:
        choice: from `choose(environment)`.
        folder: for everything that lies on this machine.
        first_monday: Monday on which the agenda of every copy begins.
        environment: the one that was chosen in.
    """
    match choice.kind:
        case "url":
            yield wire_bench("url", read_address(environment["FIREBIRD_URL"]), first_monday)
        case "container":
            with running_container(choice.place) as address:
                yield wire_bench("container", address, first_monday)
        case "server":
            source = restore(SNAPSHOT, folder / "restored.fdb", first_monday)
            with running_server(folder / "server") as server:
                yield FileBench(source, folder, server)
        case "embedded":
            yield FileBench(restore(SNAPSHOT, folder / "restored.fdb", first_monday), folder)


def _require(kind: Kind, environment: Mapping[str, str]) -> str:
    match kind:
        case "url":
            if not environment.get("FIREBIRD_URL"):
                raise EngineMissing("FIREBIRD_URL is not set")
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
