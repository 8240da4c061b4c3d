from pathlib import Path

import pytest

from shim.keys import MasterKey, RestCipher
from shim.settings import ConfigurationError, load
from shim.state import open_state

MINIMAL = """
deployment = "tilburg"
state = "shim.db"
master_key = "master.key"

[systems.planon]
adapter = "planon"
password = "from-the-file"
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "shim.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_are_filled_in(tmp_path: Path) -> None:
    """A minimal file is enough."""
    settings = load(write(tmp_path, MINIMAL))
    assert (settings.http.host, settings.http.port, settings.http.wait_s) == ("127.0.0.1", 8080, 5)
    assert settings.systems["planon"].options == {"password": "from-the-file"}


def test_the_environment_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also inside a system's own options, where secrets belong."""
    monkeypatch.setenv("SHIM_HTTP__PORT", "9000")
    monkeypatch.setenv("SHIM_SYSTEMS__PLANON__PASSWORD", "from-the-environment")
    settings = load(write(tmp_path, MINIMAL))
    assert settings.http.port == 9000
    assert settings.systems["planon"].options["password"] == "from-the-environment"
    assert settings.systems["planon"].adapter == "planon"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("deployment = ", "not valid TOML"),
        (MINIMAL.replace('deployment = "tilburg"', ""), "deployment: Field required"),
        (MINIMAL.replace("state =", "stat ="), "stat: Extra inputs"),
        (MINIMAL + "\n[http]\nport = 99999\n", "http.port"),
        (MINIMAL + "\n[http]\nprot = 1\n", "http.prot"),
        (MINIMAL.replace("[systems.planon]", "[systems.Plan_On]"), "systems"),
    ],
)
def test_a_configuration_that_cannot_be_is_one_line_that_names_the_key(tmp_path: Path, text: str, named: str) -> None:
    """Whoever reads it knows which key to mend, and no secret is printed."""
    with pytest.raises(ConfigurationError) as raised:
        load(write(tmp_path, text))
    assert named in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "from-the-file" not in str(raised.value)


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    """A mistyped path must never start anything."""
    with pytest.raises(ConfigurationError, match="--config"):
        load(tmp_path / "shmi.toml")


def test_the_key_is_made_once_and_guarded(tmp_path: Path) -> None:
    """It is made for its owner only, read again as the same key, and refused when others can read it."""
    path = tmp_path / "master.key"
    made = MasterKey.load(path, create=True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert MasterKey.load(path, create=False).fingerprint == made.fingerprint
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        MasterKey.load(path, create=False)


@pytest.mark.parametrize("content", ["", "zz" * 32, "ab" * 31])
def test_what_is_no_key_is_refused(tmp_path: Path, content: str) -> None:
    """A damaged key file is told, not used."""
    path = tmp_path / "master.key"
    path.write_text(content, encoding="ascii")
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="64 hexadecimal"):
        MasterKey.load(path, create=False)


def test_a_lost_key_is_not_replaced(tmp_path: Path) -> None:
    """A new key would open nothing of the old state."""
    with pytest.raises(ConfigurationError, match="cannot be read"):
        MasterKey.load(tmp_path / "master.key", create=False)


def test_a_state_belongs_to_its_key_and_deployment(tmp_path: Path) -> None:
    """Another key or another name stops the start, before anything is accepted under it."""
    first, other = MasterKey(b"1" * 32), MasterKey(b"2" * 32)
    open_state(tmp_path / "shim.db", lambda _: first, "tilburg")[0].close()
    open_state(tmp_path / "shim.db", lambda _: first, "tilburg")[0].close()
    with pytest.raises(ConfigurationError, match="another master key"):
        open_state(tmp_path / "shim.db", lambda _: other, "tilburg")[0]
    with pytest.raises(ConfigurationError, match="belongs to deployment 'tilburg'"):
        open_state(tmp_path / "shim.db", lambda _: first, "breda")[0]


def test_what_is_sealed_under_one_context_does_not_open_under_another() -> None:
    """A stored value cannot be moved to another row."""
    cipher = RestCipher(bytes(32))
    sealed = cipher.seal(b"text", "a")
    assert cipher.open(sealed, "a") == b"text"
    for spoiled, context in [(sealed, "b"), (sealed[:-1] + bytes([sealed[-1] ^ 1]), "a"), (b"", "a")]:
        with pytest.raises(ValueError, match="sealed by another key"):
            cipher.open(spoiled, context)
