"""Whether what travels to a Firebird server is encrypted: seen on servers that can, must, and cannot."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.desks import Call
from contracts.errors import BackendUnavailable
from contracts.practice import FindPatientRequest
from simulators.intramed import server as launched
from simulators.intramed.server import FirebirdServer, running_server
from tests.integration.intramed.stage import Practice
from tests.practice_cast import Cast, spelled
from tests.practice_records import Patient


@pytest.fixture
def plain_server(engine: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FirebirdServer]:
    """A server that cannot encrypt, as one of 2.5 or one that somebody has set so."""
    del engine
    usual = launched._settings
    monkeypatch.setattr(launched, "_settings", lambda root, port: [*usual(root, port), "WireCrypt = Disabled"])
    with running_server(tmp_path / "root") as server:
        yield server


def find(practice: Practice, who: Patient, wire_crypt: str | None) -> str | None:
    desk = practice.desk(wire_crypt=wire_crypt)
    try:
        request = FindPatientRequest(telephone=spelled(min(who.numbers)))
        return desk.find_patient(request, Call()).name
    finally:
        desk.close()


def test_a_server_that_encrypts_is_reached(firebird_server: FirebirdServer, sandbox: Path, cast: Cast) -> None:
    """Required and enabled; it demands encryption itself, so that without it nobody is let in."""
    practice = Practice(firebird_server.database(sandbox), dict(firebird_server.passwords))
    assert find(practice, cast.alone, "required") == cast.alone.name
    assert find(practice, cast.alone, "enabled") == cast.alone.name
    with pytest.raises(BackendUnavailable, match=r"WireCrypt \(gds 335545064\)"):
        find(practice, cast.alone, "disabled")


def test_a_server_that_cannot_encrypt_is_refused_where_it_is_required(
    plain_server: FirebirdServer, sandbox: Path, cast: Cast
) -> None:
    """The library's own default would have talked to it in plain; on this machine that is no harm."""
    practice = Practice(plain_server.database(sandbox), dict(plain_server.passwords))
    with pytest.raises(BackendUnavailable, match=r"WireCrypt \(gds 335545064\)"):
        find(practice, cast.alone, "required")
    assert find(practice, cast.alone, None) == cast.alone.name


def test_the_embedded_engine_has_no_use_for_it(engine: None, sandbox: Path, cast: Cast) -> None:
    """Required or not, nothing travels."""
    del engine
    assert find(Practice(str(sandbox), {}), cast.alone, "required") == cast.alone.name
