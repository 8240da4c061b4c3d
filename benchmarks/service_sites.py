"""What the benchmark of the service runs: shims with a stopwatch around them, the bare application, and their load."""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from benchmarks.service_load import Next, body_of, load, post
from benchmarks.service_side import STOPWATCH
from shim.admission.client import bundles_of
from shim.demo import write_configuration
from shim.root import open_deployment_state
from shim.settings import load as settings_of
from simulators.launch import address_of, start_shim
from simulators.process import Program

SLOW: Final = "planon"
_SYSTEMS: Final = ("practice", "facility", SLOW)
FIND: Final = "/v1/practice/find_patient"
_TELEPHONE: Final = {"telephone": "06-12345678"}
_WINDOW: Final = {"starts_from": "2031-03-03T00:00:00+01:00", "starts_before": "2031-03-10T00:00:00+01:00"}
WRITE: Final = "/v1/practice/hold_slot"
MIX: Final = (
    *(FIND, "/v1/practice/list_slots", FIND, "/v1/practice/list_upcoming", FIND),
    *("/v1/facility/get_incident", FIND, "/v1/practice/list_slots", "/v1/practice/list_upcoming", WRITE),
)
"""Ten requests, over and over: nine look-ups and a write."""
LOOK_UPS: Final = MIX[:-1]


@dataclass(frozen=True, slots=True)
class Site:
    """A running service and what is asked of it.

    Attributes:
        address: where it is.
        pid: its process.
        key: of the client that asks.
        bodies: what is asked of each path.
        answers: what was answered to each, once.
        watched: whether there is a stopwatch around it.
    """

    address: str
    pid: int
    key: str
    bodies: Mapping[str, bytes]
    answers: Mapping[str, Any]
    watched: bool = True

    def mix(self, mix: Sequence[str] = MIX, prefix: str = "") -> Next:
        """Return what gives the next request of a mix; each write has a key that was never used."""
        turns = itertools.cycle(mix)
        return lambda: self._request(next(turns), prefix)

    def only(self, path: str) -> Next:
        """Return what gives the next request of one path."""
        return lambda: self._request(path, "")

    def _request(self, path: str, prefix: str) -> bytes:
        key = f"Idempotency-Key: bench-{next(_NUMBERS)}\r\n" if path == WRITE else ""
        return post(self.address, prefix + path, self.bodies[path], f"Authorization: Bearer {self.key}\r\n{key}")

    def slow(self) -> Next:
        """Return what gives the next request for the slow desk: by telephone, which needs no token."""
        return lambda: self._request(f"/v1/{SLOW}/find_tenant", "")

    def own_ms(self) -> list[float]:
        """Return what the stopwatch has measured since it was asked last, milliseconds of each request."""
        if not self.watched:
            return []
        told: list[float] = json.loads(_get(self.address, STOPWATCH))
        return told


_NUMBERS: Final = itertools.count()


def _get(address: str, path: str) -> bytes:
    found: list[bytes] = []
    request = f"GET {path} HTTP/1.1\r\nHost: shim\r\n\r\n".encode()
    with load(address, 1, lambda: request) as asking:
        asking.run(0.0, on_answer=found.append)
    return body_of(found[0])


@contextmanager
def running(folder: Path, without: str = "nothing", slow_s: float = 5.0) -> Iterator[Site]:
    """Run `shim serve` with its state in `folder`; its desks answer at once, but for the one that takes `slow_s`."""
    folder.mkdir()
    systems: dict[str, dict[str, Any]] = {
        "practice": {"adapter": "practice"},
        "facility": {"adapter": "facility"},
        SLOW: {"adapter": "facility", "answer_s": slow_s},
    }
    configuration = write_configuration(folder, systems, identity={"people_per_client": 1_000_000})
    with open_deployment_state(settings_of(configuration)) as state:
        key = state.clients.add("agent", {scope for name in _SYSTEMS for scope in bundles_of(name)})
    with start_shim(configuration, program=("benchmarks.service_side", without)) as shim:
        yield _site(address_of(shim), shim.pid, key)


def _site(address: str, pid: int, key: str) -> Site:
    """Ask everything once: the answers are what the bare application answers, and their tokens what is asked with."""
    bodies: dict[str, bytes] = {}
    answers: dict[str, Any] = {}
    site = Site(address, pid, key, bodies, answers)

    def ask(path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        found: list[bytes] = []
        bodies[path] = json.dumps(body).encode()
        with load(address, 1, site.only(path)) as asking:
            asking.run(0.0, on_answer=found.append)
        answer: dict[str, Any] = json.loads(body_of(found[0]))
        answers[path] = answer
        return answer

    patient = ask(FIND, _TELEPHONE)["patient"]
    slot = ask("/v1/practice/list_slots", _WINDOW)["slots"][0]["slot"]
    ask("/v1/practice/list_upcoming", {"patient": patient})
    ask(WRITE, {"slot": slot, "patient": patient})
    tenant = ask("/v1/facility/find_tenant", _TELEPHONE)["tenant"]
    bodies[f"/v1/{SLOW}/find_tenant"] = bodies["/v1/facility/find_tenant"]
    ask("/v1/facility/get_incident", {"tenant": tenant, "incident": "INC-000482"})
    return site


@contextmanager
def running_bare(folder: Path, site: Site) -> Iterator[Site]:
    """Run the bare application, which answers what the service answered; it is asked the same."""
    file = folder / "answers.json"
    file.write_text(json.dumps(dict(site.answers)), encoding="utf-8")
    with Program(["-m", "benchmarks.service_bare", str(file)], folder / "bare.log") as bare:
        yield replace(site, address=address_of(bare), pid=bare.pid, watched=False)
