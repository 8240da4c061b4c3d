"""What a hostile or broken server answers does no harm: it is refused for its own reason, and the next one is read."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from contracts.delivery import Delivered, OutcomeUnknown
from contracts.errors import BackendUnavailable
from tests.integration.planon.answering import GOOD, Answering, answering
from tests.integration.planon.attacks import ON_APPSUITE, ON_READ, Attack
from tests.integration.planon.services_stage import incident
from tests.integration.soap.raw_server import Behaviour, answer

LIMIT_S = 30.0
"""An attack of this size that succeeds takes minutes; refusing one takes milliseconds."""
LIMIT_BYTES = 60_000_000
"""The largest answer has two megabytes; the bombs unfold to a hundred and more."""
SECRET = "secret-of-this-machine"


@dataclass
class Canary:
    """A listener and a file that nobody may touch."""

    url: str
    file: Path
    touched: list[str] = field(default_factory=list)


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Canary]:
    file = tmp_path / "canary.dtd"
    file.write_text(f"<!ENTITY x '{SECRET}'>", encoding="utf-8")
    listener = socket.create_server(("127.0.0.1", 0))
    watched = Canary(f"http://127.0.0.1:{listener.getsockname()[1]}/x.dtd", file)

    def watch() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connection.close()
                watched.touched.append("network")

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    yield watched
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(30)
    assert watched.touched == []


@pytest.fixture(scope="module")
def planon() -> Iterator[Answering]:
    """One desk for all attacks: each must leave it usable."""
    with answering() as made:
        yield made


def served(attack: Attack, canary: Canary) -> Behaviour:
    body = attack.body.replace(b"CANARY", canary.url.encode()).replace(b"FILE", str(canary.file).encode())
    return answer(attack.status, attack.media_type, body, attack.headers.replace("CANARY", canary.url))


@pytest.mark.parametrize("attack", ON_APPSUITE, ids=lambda attack: attack.name)
def test_an_attack_on_the_appsuite_side(planon: Answering, canary: Canary, attack: Attack) -> None:
    """The outcome is unknown for the attack's own reason; nothing is fetched, read, unfolded or accepted."""
    planon.behaviours["incident"] = served(attack, canary)
    with bounded():
        outcome = planon.services.destination.send(incident())
    assert isinstance(outcome, OutcomeUnknown)
    assert attack.reason in outcome.reason
    assert SECRET not in outcome.reason
    planon.behaviours["incident"] = GOOD["incident"]
    assert isinstance(planon.services.destination.send(incident()), Delivered)


@pytest.mark.parametrize("attack", ON_READ, ids=lambda attack: attack.name)
def test_an_attack_on_the_soap_side(planon: Answering, canary: Canary, attack: Attack) -> None:
    """The question stays open for the attack's own reason: a record that cannot be read is neither ours nor absent."""
    planon.behaviours["read"] = served(attack, canary)
    with bounded(), pytest.raises(BackendUnavailable) as caught:
        planon.services.destination.find(incident())
    assert attack.reason in caught.value.detail
    assert SECRET not in caught.value.detail
    assert "Jansen" not in caught.value.detail
    planon.behaviours["read"] = GOOD["read"]
    assert isinstance(planon.services.destination.find(incident()), Delivered)


def test_there_are_many_and_each_cause_has_its_own_reason() -> None:
    """Sixty and more; the same reason only where the cause is the same."""
    attacks = (*ON_APPSUITE, *ON_READ)
    assert len(attacks) >= 60
    assert len({attack.name for attack in attacks}) == len(attacks)
    assert len({attack.reason for attack in attacks}) >= 40


@contextmanager
def bounded() -> Iterator[None]:
    """Fail when a block takes too long or too much memory; libxml2's is seen only in that of the whole process."""
    begun = time.monotonic()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the high-water mark begins anew
    before = _status("VmRSS")
    yield
    assert _status("VmHWM") - before < LIMIT_BYTES
    assert time.monotonic() - begun < LIMIT_S


def _status(name: str) -> int:
    told = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = [line for line in told.splitlines() if line.startswith(f"{name}:")]
    return int(line.split()[1]) * 1024
