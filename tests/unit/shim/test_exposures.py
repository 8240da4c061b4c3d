"""What is open on the wire is told from the configuration alone; a reason lets it start, and stays in sight."""

import logging
from typing import Any

import pytest

from shim.exposures import DELIVERING, SERVING, Exposed, exposed, refuse, warn
from shim.settings import ConfigurationError, Settings

EVERYWHERE = "0.0.0.0"  # noqa: S104 - it is what these tests are about
WHY = "the switch between the two is ours alone"
PLANON = {
    "adapter": "planon",
    "soap_url": "https://planon.example/services",
    "appsuite_url": "https://planon.example/appsuite",
    "user": "shim",
    "password": "geheim",
    "replica_url": "sqlite:////srv/replica.db",
}
INTRAMED = {
    "adapter": "intramed",
    "database": "db.example:/srv/practice.fdb",
    "read_password": "geheim",
    "write_password": "geheim",
}
ALERTS = {"alert_url": "https://alerts.example/geheim", "alert_secret": "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw=="}


def settings(**changes: Any) -> Settings:
    given = {"deployment": "tilburg", "state": "shim.db", "master_key": "master.key", **changes}
    return Settings.model_validate(given)


def told(configured: Settings, environment: dict[str, str] | None = None) -> list[Exposed]:
    return exposed(configured, SERVING, environment or {})


def planon(**options: Any) -> Settings:
    return settings(systems={"planon": PLANON | options})


def intramed(**options: Any) -> Settings:
    return settings(systems={"practice": INTRAMED | options})


CLOSED = {
    "whole": settings(systems={"planon": PLANON, "practice": INTRAMED}, outbox=ALERTS),
    "planon here": planon(soap_url="http://127.0.0.1:1/", appsuite_url="http://localhost/"),
    "replica checked": planon(replica_url="postgresql+psycopg://u@db/x?sslmode=verify-full"),
    "embedded engine": intramed(database="/srv/practice.fdb", wire_crypt="disabled"),
    "windows path": intramed(database=r"C:\practice.fdb"),
    "server here": intramed(database="localhost:/srv/practice.fdb", wire_crypt="disabled"),
    "server here, by ipv6": intramed(database="[::1]/3051:/srv/practice.fdb", transport="odbc"),
    "firebird required": intramed(wire_crypt="required"),
    "http with tls": settings(http={"host": EVERYWHERE, "tls_certificate": "c.pem", "tls_key": "k.pem"}),
    "alerts here": settings(outbox=ALERTS | {"alert_url": "http://[::1]:9/"}),
    "traces here": settings(tracing={"endpoint": "http://127.0.0.1:4318/v1/traces"}),
    "traces checked": settings(tracing={"endpoint": "https://traces.example/v1/traces"}),
    "postgresql here": settings(state="postgresql://shim@localhost/shim"),
    "postgresql by socket": settings(state="postgresql:///shim?host=/run/postgresql"),
    "postgresql checked": settings(state="postgresql://shim@db.example/shim?sslmode=verify-full"),
}
OPEN = {
    "soap": (planon(soap_url="http://planon.example/"), "systems.planon", "soap_url", "https://"),
    "appsuite": (planon(appsuite_url="http://10.0.0.9/"), "systems.planon", "appsuite_url", "https://"),
    "replica": (planon(replica_url="postgresql+psycopg://u:p@db/x"), "systems.planon", "replica_url", "verify-full"),
    "odbc": (intramed(transport="odbc"), "systems.practice", "transport", "native"),
    "firebird enabled": (intramed(wire_crypt="enabled"), "systems.practice", "wire_crypt", "required"),
    "firebird off": (intramed(wire_crypt="disabled"), "systems.practice", "wire_crypt", "required"),
    "firebird, by ipv6": (
        intramed(database="[2001:db8::1]:/p.fdb", wire_crypt="enabled"),
        "systems.practice",
        "wire_crypt",
        "required",
    ),
    "firebird, a port by its name": (
        intramed(database="db.example/gds_db:/p.fdb", wire_crypt="enabled"),
        "systems.practice",
        "wire_crypt",
        "required",
    ),
    "every address": (settings(http={"host": EVERYWHERE}), "http", "host 0.0.0.0", "tls_certificate"),
    "every address of ipv6": (settings(http={"host": "::"}), "http", "host ::", "tls_certificate"),
    "a name": (settings(http={"host": "shim.example"}), "http", "host shim.example", "tls_certificate"),
    "no host": (settings(http={"host": ""}), "http", "host everywhere", "tls_certificate"),
    "alerts": (settings(outbox=ALERTS | {"alert_url": "http://alerts.example/"}), "outbox", "alert_url", "https://"),
    "traces": (settings(tracing={"endpoint": "http://traces.example/v1"}), "tracing", "endpoint", "https://"),
    "postgresql": (settings(state="postgresql://shim@db.example/shim"), "state", "state", "verify-full"),
    "postgresql unchecked": (
        settings(state="postgresql://shim@db.example/shim?sslmode=require"),
        "state",
        "state",
        "verify-full",
    ),
}


@pytest.mark.parametrize("configured", CLOSED.values(), ids=CLOSED)
def test_what_nobody_can_read_is_not_told(configured: Settings) -> None:
    """TLS that is checked, encryption that is required, or this machine."""
    assert told(configured) == []
    refuse(told(configured))


@pytest.mark.parametrize(("configured", "section", "option", "remedy"), OPEN.values(), ids=OPEN)
def test_what_is_open_stops_the_start(configured: Settings, section: str, option: str, remedy: str) -> None:
    """One line with section, option, remedy, and where a reason would go; no password in it."""
    (found,) = told(configured)
    assert (found.section, found.reason) == (section, None)
    (line,) = found.open
    assert line.startswith(option)
    assert remedy in line
    with pytest.raises(ConfigurationError) as refused:
        refuse([found])
    assert str(refused.value) == f"{section}: {line}; or name the reason in {found.option}"
    assert "geheim" not in str(refused.value)


def test_all_that_is_open_is_told_at_once() -> None:
    """Nobody mends one to meet the next."""
    open_everywhere = settings(
        state="postgresql://shim@db.example/shim",
        http={"host": EVERYWHERE},
        outbox=ALERTS | {"alert_url": "http://alerts.example/"},
        systems={
            "planon": PLANON | {"soap_url": "http://p.example/", "appsuite_url": "http://p.example/"},
            "practice": INTRAMED | {"transport": "odbc"},
        },
    )
    with pytest.raises(ConfigurationError) as refused:
        refuse(told(open_everywhere))
    sections = [line.removeprefix("shim: ").partition(": ")[0] for line in str(refused.value).splitlines()]
    assert sections == ["state", "http", "outbox", "systems.planon", "systems.planon", "systems.practice"]


ACCEPTED = {
    "state": settings(state="postgresql://shim@db.example/shim", state_accepted_risk=WHY),
    "http": settings(http={"host": EVERYWHERE, "accepted_risk": WHY}),
    "outbox": settings(outbox=ALERTS | {"alert_url": "http://alerts.example/", "accepted_risk": WHY}),
    "tracing": settings(tracing={"endpoint": "http://traces.example/v1", "accepted_risk": WHY}),
    "systems.planon": planon(soap_url="http://planon.example/", accepted_risk=WHY),
    "systems.practice": intramed(transport="odbc", accepted_risk=WHY),
}


@pytest.mark.parametrize(("section", "configured"), ACCEPTED.items(), ids=ACCEPTED)
def test_with_a_reason_it_starts_and_is_logged(
    section: str, configured: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """The reason belongs to its own section, and whoever reads the log reads both."""
    (found,) = told(configured)
    assert (found.section, found.reason) == (section, WHY)
    refuse([found])
    with caplog.at_level(logging.WARNING):
        warn([found])
    assert f"{section}: {found.open[0]}. Accepted: {WHY}" in caplog.text


def test_a_reason_is_about_its_own_section() -> None:
    """One for the alerts lets no listener in the open."""
    configured = settings(http={"host": EVERYWHERE}, outbox=ALERTS | {"accepted_risk": WHY})
    with pytest.raises(ConfigurationError, match=r"^http: host 0\.0\.0\.0"):
        refuse(told(configured))


def test_a_reason_that_nothing_needs_any_more_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """It is no mistake, and should go."""
    (found,) = told(planon(accepted_risk=WHY))
    assert (found.open, found.refused) == ((), ())
    with caplog.at_level(logging.WARNING):
        warn([found])
    assert "nothing is open any more" in caplog.text


@pytest.mark.parametrize("reason", ["", "  ", "because", "two\nlines of a reason", "x" * 401])
def test_a_reason_says_something_in_one_line(reason: str) -> None:
    """An empty one would be a switch."""
    with pytest.raises(ValueError, match="accepted_risk"):
        settings(http={"host": EVERYWHERE, "accepted_risk": reason})


def test_a_command_that_delivers_does_not_care_who_listens() -> None:
    """The listener is the service's; a drain on the same machine opens none."""
    configured = settings(http={"host": EVERYWHERE}, systems={"planon": PLANON})
    assert exposed(configured, DELIVERING, {}) == []


def test_libpqs_variables_decide_with_the_url() -> None:
    """As they would when it connects."""
    configured = settings(state="postgresql:///shim")
    assert told(configured) == []
    assert told(configured, {"PGHOST": "db.example"}) != []
    assert told(configured, {"PGHOST": "db.example", "PGSSLMODE": "verify-full"}) == []
    assert told(settings(state="postgresql://localhost/shim"), {"PGHOSTADDR": "192.0.2.1"}) != []


def test_a_certificate_needs_its_key() -> None:
    """And a proxy is an address, or a network of them."""
    with pytest.raises(ValueError, match="go together"):
        settings(http={"tls_certificate": "c.pem"})
    with pytest.raises(ValueError, match="an address or a network"):
        settings(http={"trusted_proxies": ["*"]})
    assert settings(http={"trusted_proxies": ["10.0.0.0/8", "::1"]}).http.trusted_proxies == ["10.0.0.0/8", "::1"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"keep_text_days": 0}, "keep_text_days"), ({"idempotency_days": 0}, "idempotency_days")],
)
def test_nothing_is_kept_for_no_time(changes: dict[str, int], named: str) -> None:
    """A day at least: what is being repeated or looked at is needed."""
    with pytest.raises(ValueError, match=named):
        settings(**changes)
    assert (settings().keep_text_days, settings().idempotency_days) == (14, 30)
