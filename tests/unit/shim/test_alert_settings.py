from pathlib import Path

import pytest

from shim.settings import ConfigurationError, load
from shim.webhook import Webhook

WHOLE = 'deployment = "test"\nstate = "state.db"\nmaster_key = "key"\n[outbox]\n'
KEY = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw=="


def written(folder: Path, text: str) -> Path:
    path = folder / "shim.toml"
    path.write_text(WHOLE + text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (f'alert_url = "ftp://alerts.example.org/"\nalert_secret = "{KEY}"', "alert_url"),
        ('alert_url = "https://alerts.example.org/"', "alert_secret"),
        (
            f'alert_url = "https://alerts.example.org/"\nalert_secret = "{KEY}"\nalert_secret_file = "key"',
            "either alert_secret or alert_secret_file",
        ),
        ("[outbox.systems.planon]\nmax_attempts = 3", "outbox.systems.planon"),
        ("max_attempts = 0", "max_attempts"),
    ],
)
def test_a_mistake_is_told_without_the_secret(tmp_path: Path, text: str, wrong: str) -> None:
    """One line that names the key, and never a value."""
    with pytest.raises(ConfigurationError, match=wrong) as refused:
        load(written(tmp_path, text))
    assert KEY not in str(refused.value)


def test_the_secret_comes_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is not shown by whatever prints the settings."""
    (tmp_path / "secret").write_text(KEY + "\n", encoding="ascii")
    address = 'alert_url = "https://alerts.example.org/"\n'
    from_file = load(written(tmp_path, f'{address}alert_secret_file = "{tmp_path}/secret"'))
    assert from_file.outbox.secret_of_alerts() == KEY
    monkeypatch.setenv("SHIM_OUTBOX__ALERT_SECRET", KEY)
    from_environment = load(written(tmp_path, address))
    assert from_environment.outbox.secret_of_alerts() == KEY
    assert KEY not in repr(from_environment)


def test_a_system_has_limits_of_its_own(tmp_path: Path) -> None:
    """What it does not say is as for all."""
    text = "max_attempts = 7\n[outbox.systems.planon]\nmax_age_s = 60\n[systems.planon]\nadapter = 'planon'"
    section = load(written(tmp_path, text)).outbox
    assert (section.limits("planon").max_attempts, section.limits("planon").max_age_s) == (7, 60)
    assert (section.limits("other").max_attempts, section.limits("other").max_age_s) == (7, 7 * 86_400)


def test_a_secret_that_is_none_is_not_quoted() -> None:
    """What is wrong with it is said without it."""
    with pytest.raises(ValueError, match="no key of Standard Webhooks") as refused:
        Webhook("test", "https://alerts.example.org/", "whsec_@")
    assert "@" not in str(refused.value)
