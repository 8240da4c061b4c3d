import pytest

from contracts.exposure import is_loopback, is_private, plain_http, postgresql_hosts


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("127.200.0.9", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("LocalHost", True),
        ("/run/postgresql", True),
        ("", False),
        ("0.0.0.0", False),  # noqa: S104 - not listened on here
        ("::", False),
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("127.0.0.1.example.org", False),
        ("localhost.example.org", False),
        ("db", False),
    ],
)
def test_only_a_literal_name_is_this_machine(host: str, here: bool) -> None:
    """What a name resolves to is not asked, and every address of this machine is more than this machine."""
    assert is_loopback(host) is here


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("https://alerts.example.org/hook", True),
        ("http://127.0.0.1:9000/hook", True),
        ("http://[::1]:9000/", True),
        ("http://localhost:9000/", True),
        ("http://alerts.example.org/hook", False),
        ("http://192.0.2.1/hook", False),
        ("http://127.0.0.1.example.org/hook", False),
        ("http://127.0.0.1@example.org/hook", False),
        ("https:///hook", False),
        ("ftp://localhost/", False),
        ("http://[::1", False),
    ],
)
def test_a_url_is_private_by_tls_or_within_this_machine(url: str, private: bool) -> None:
    """Whatever stands before the host."""
    assert is_private(url) is private


def test_the_line_about_a_url_tells_its_host_only() -> None:
    """A password or a token may stand in the rest."""
    (line,) = plain_http("soap_url", "http://user:geheim@planon.example/token-1", "reports")
    assert "planon.example" in line
    assert "geheim" not in line
    assert "token-1" not in line
    assert plain_http("soap_url", "https://planon.example/", "reports") == []


@pytest.mark.parametrize(
    ("parameters", "environment", "hosts"),
    [
        ({}, {}, ["/"]),
        ({"host": "db"}, {}, ["db"]),
        ({"host": "localhost", "hostaddr": "192.0.2.1"}, {}, ["localhost", "192.0.2.1"]),
        ({"host": "localhost,db"}, {}, ["localhost", "db"]),
        ({"host": "localhost:5433"}, {}, ["localhost"]),
        ({}, {"PGHOST": "db"}, ["db"]),
        ({"host": "localhost"}, {"PGHOSTADDR": "192.0.2.1"}, ["localhost", "192.0.2.1"]),
        ({"host": "localhost"}, {"PGSERVICE": "shim"}, []),
        ({"host": "localhost", "service": "shim"}, {}, []),
    ],
)
def test_every_host_that_libpq_may_go_to_counts(
    parameters: dict[str, str], environment: dict[str, str], hosts: list[str]
) -> None:
    """Those of its variables, too; where a service file decides, nobody can tell."""
    assert list(postgresql_hosts(parameters, environment)) == hosts
