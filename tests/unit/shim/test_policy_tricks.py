"""Requests that try to get around the gate by how they are written: none of them is answered 200."""

from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from tests.unit.shim.asgi import ask
from tests.unit.shim.standing import Standing, standing_in

FIND = "/v1/planon/find_tenant"
JSON = ("content-type", "application/json")


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    with standing_in(tmp_path_factory.mktemp("standing")) as made:
        yield made


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "get", "Get", "TRACE", "CONNECT", "GET ", "", "PATCH"])
def test_no_other_method_opens_a_route(standing: Standing, method: str) -> None:
    """Metrics with a client that has no scope for them, and with none at all; a key with the scope is told 405."""
    narrow, wide = standing.key("planon:find_tenant"), standing.key("shim:metrics")
    assert ask(standing.app, method, "/metrics").status == 401
    assert ask(standing.app, method, "/metrics", key=narrow).status == 405
    assert ask(standing.app, method, "/metrics", key=wide).status == 405


@pytest.mark.parametrize(
    "header", ["x-http-method-override", "x-http-method", "x-method-override", "x-original-url", "x-rewrite-url"]
)
def test_no_header_changes_method_or_path(standing: Standing, header: str) -> None:
    """The route is the request line's alone."""
    narrow = standing.key("planon:find_tenant")
    for value in ("GET", "POST", "/healthz", FIND):
        assert ask(standing.app, "GET", "/metrics", (header, value)).status == 401
        assert ask(standing.app, "GET", "/metrics", (header, value), key=narrow).status == 403
        assert ask(standing.app, "POST", "/healthz", (header, value)).status == 405


@pytest.mark.parametrize(
    "path",
    [
        *("//metrics", "/metrics/", "/./metrics", "/healthz/../metrics", "/%2e/metrics", "/healthz/%2e%2e/metrics"),
        *("/METRICS", "/Metrics", "/metrics;x=1", "/metrics%00", "/metrics%20", "/metrics%2f", "/%252e/metrics"),
        *("/metrics%0a", "/metrics%0d%0a", "metrics", "", "/static-offline-docs/../metrics", "*"),
        *("http://shim/metrics", "/docs/../metrics", "/metrics%23", "/metrics%3f"),
    ],
)
def test_no_spelling_of_a_path_opens_a_route(standing: Standing, path: str) -> None:
    """Whatever a path means elsewhere, here it is another one; without a key nothing but public files is told."""
    narrow = standing.key("planon:find_tenant")
    public = path.startswith("/static-offline-docs/")
    assert ask(standing.app, "GET", path).status == (404 if public else 401)
    answer = ask(standing.app, "GET", path, key=narrow)
    assert answer.status in {403, 404}
    assert b"legacy_shim" not in answer.body


@pytest.mark.parametrize("path", ["/%6detrics", "/metrics?x=/healthz", "/metrics?", "/%6D%65trics"])
def test_the_same_path_in_other_letters_has_the_same_policy(standing: Standing, path: str) -> None:
    """An escaped letter is that letter."""
    assert ask(standing.app, "GET", path).status == 401
    assert ask(standing.app, "GET", path, key=standing.key("planon:find_tenant")).status == 403
    assert ask(standing.app, "GET", path, key=standing.key("shim:metrics")).status == 200


def test_there_is_one_authorization_or_none(standing: Standing) -> None:
    """Which of two counts would be a guess, and a proxy may guess otherwise."""
    key, other = standing.key("shim:metrics"), standing.key("planon:find_tenant")
    sent = ("authorization", f"Bearer {key}")
    assert ask(standing.app, "GET", "/metrics", sent).status == 200
    for second in (f"Bearer {key}", f"Bearer {other}", "Basic YTpi", ""):
        assert ask(standing.app, "GET", "/metrics", sent, ("authorization", second)).status == 401
        assert ask(standing.app, "GET", "/metrics", ("authorization", second), sent).status == 401


def test_only_the_bearer_scheme_with_exactly_a_key(standing: Standing) -> None:
    """Spaces between the two may be several, and the scheme may be in any letters (RFC 9110); nothing else may."""
    key = standing.key("shim:metrics")
    for good in (f"Bearer {key}", f"bearer {key}", f"BEARER   {key}"):
        assert ask(standing.app, "GET", "/metrics", ("authorization", good)).status == 200
    for bad in (
        *(
            key,
            f"Basic {key}",
            f"Bearer{key}",
            f"Bearer\t{key}",
            f"Bearer {key},",
            f"Bearer {key} x",
            "Bearer",
            "Bearer ",
        ),
        *(f"Basic YTpi, Bearer {key}", f"Bearer {key}, Basic YTpi", f"Bearer Bearer {key}", f'Bearer "{key}"'),
        *(f"Bearer {key}\xa0", f"Bearer \x85{key}", f"Bearer {key}\n", f"Bearer {key}é", f"Bearer {key[:-1]}ÿ"),
        *(
            f"Bearer {key}A",
            f"Bearer {key[:-1]}",
            f"Bearer {key.upper()}",
            f"Bearer {key * 200}",
            "Bearer " + "A" * 16_000,
        ),
        *(f"Bearer {key[:12]}{'A' * 43}", f"Bearer ls_{'%' * 8}_{'A' * 43}", "Bearer ls_00000000_" + "A" * 43),
    ):
        answer = ask(standing.app, "GET", "/metrics", ("authorization", bad))
        assert (answer.status, answer.problem) == (401, "unauthenticated"), bad[:100]


def test_a_head_that_is_too_large_is_not_looked_at(standing: Standing) -> None:
    """What is in it decides nothing, so nobody learns more by it than without a key."""
    for sent in (f"Bearer {standing.key('shim:metrics')}", "Bearer x"):
        answer = ask(standing.app, "GET", "/metrics", ("authorization", sent), ("x-long", "A" * 16_384))
        assert (answer.status, answer.problem) == (431, "headers-too-large")


def test_a_body_is_judged_after_whoever_sends_it(standing: Standing) -> None:
    """Nobody without a key, or with one for something else, is told how long it may be; and none of it is read."""
    sent, path = ("content-length", "200000"), "/v1/planon/find_tenant"
    told = [
        ask(standing.app, "POST", path, sent, key=key, body=b"x" * 200_000)
        for key in (None, standing.key("shim:metrics"), standing.key("planon:find_tenant"))
    ]
    assert [(answer.status, answer.read) for answer in told] == [(401, 0), (403, 0), (413, 0)]


@pytest.mark.parametrize("name", ["cookie", "x-api-key", "proxy-authorization", "x-forwarded-authorization"])
def test_a_key_elsewhere_is_none(standing: Standing, name: str) -> None:
    """Not in another header, nor in the address, where it would be logged."""
    key = standing.key("shim:metrics")
    assert ask(standing.app, "GET", "/metrics", (name, f"Bearer {key}")).status == 401
    assert ask(standing.app, "GET", f"/metrics?authorization=Bearer%20{key}&access_token={key}").status == 401


def test_a_network_is_the_connection_s(standing: Standing) -> None:
    """What a header says of where a request comes from is not believed."""
    key = standing.key("shim:metrics", networks=(ip_network("10.1.0.0/16"), ip_network("fd00::/8")))
    for address, status in (
        *(("10.1.2.3", 200), ("::ffff:10.1.2.3", 200), ("fd00::7", 200)),
        *(("10.2.0.1", 403), ("127.0.0.1", 403), ("::1", 403), ("", 403), ("unix", 403)),
    ):
        answer = ask(standing.app, "GET", "/metrics", key=key, address=address)
        assert answer.status == status, address
        assert b"10.1" not in answer.body
    for header in ("x-forwarded-for", "x-real-ip", "forwarded", "true-client-ip"):
        sent = (header, "for=10.1.2.3" if header == "forwarded" else "10.1.2.3")
        refused = ask(standing.app, "GET", "/metrics", sent, key=key, address="127.0.0.1")
        assert (refused.status, refused.problem) == (403, "forbidden")
    assert "10.1.0.0" not in str(standing.audit.events)


def test_a_malformed_header_of_the_audit_is_a_400(standing: Standing) -> None:
    """Whoever is acted for has to be written down, so it is not dropped in silence."""
    key = standing.key("shim:metrics")
    assert ask(standing.app, "GET", "/metrics", ("x-on-behalf-of", "ward 3"), key=key).status == 200
    for bad in ("", " ", "é", "x" * 101):
        assert ask(standing.app, "GET", "/metrics", ("x-on-behalf-of", bad), key=key).status == 400
        assert ask(standing.app, "GET", "/metrics", ("x-purpose", bad), key=key).status == 400


@pytest.mark.parametrize("header", ["x-on-behalf-of", "x-purpose"])
def test_a_malformed_header_is_no_way_around_network_limit_and_scope(standing: Standing, header: str) -> None:
    """A stolen key is not confirmed by a 400 from where it may not be used, and every try is counted."""
    bad = (header, "é")
    abroad = standing.key("shim:metrics", networks=(ip_network("10.1.0.0/16"),))
    before = len(standing.audit.events)
    assert ask(standing.app, "GET", "/metrics", bad, key=abroad, address="127.0.0.1").status == 403
    assert ask(standing.app, "GET", "/nowhere", bad, key=abroad, address="127.0.0.1").status == 403
    assert ask(standing.app, "GET", "/metrics", bad, key=standing.key("planon:find_tenant")).status == 403
    rows = standing.audit.events[before:]
    assert [(row.outcome, row.on_behalf_of, row.purpose) for row in rows] == [("forbidden", None, None)] * 3
    counted = standing.key("shim:metrics", requests_per_minute=2)
    assert [ask(standing.app, "GET", "/metrics", bad, key=counted).status for _ in range(4)] == [400, 400, 429, 429]
