"""Who gets in where: walked over the routes that are mounted, not over a list in a test."""

import re

import pytest

from contracts.catalogue import CATALOGUE
from tests.integration.shim.site import Site

LOG_NOTE = "/v1/planon/log_note"
MOUNTED = {
    "planon": {"find_tenant", "create_incident", "get_incident", "list_at_risk", "log_note", "check_outbound"},
    "intramed": {
        *("find_patient", "list_upcoming", "list_slots", "hold_slot", "confirm", "cancel", "log_note"),
        "check_outbound",
    },
}


def paths(site: Site) -> dict[str, dict[str, dict[str, object]]]:
    found: dict[str, dict[str, dict[str, object]]] = site.get("/openapi.json", client=None).json()["paths"]
    return {path: methods for path, methods in found.items() if path.startswith("/v1/")}


def test_what_the_adapters_implement_is_mounted_and_nothing_else(site: Site) -> None:
    """A contract without an implementation has no route: 404, never a stub."""
    mounted = {path for path in paths(site) if not path.startswith("/v1/deliveries")}
    assert mounted == {f"/v1/{system}/{name}" for system, names in MOUNTED.items() for name in names}
    for contract in CATALOGUE:
        for system, names in MOUNTED.items():
            if contract.name not in names:
                answer = site.post(f"/v1/{system}/{contract.name}", {})
                assert answer.status_code == 404
                assert answer.headers["content-type"] == "application/problem+json"


def test_operations_are_named_after_desk_and_contract(site: Site) -> None:
    """Operation ids make tool names for agents, so they are part of the promise."""
    named = {method["operationId"] for methods in paths(site).values() for method in methods.values()}
    assert named == {
        *(f"facility_{name}" for name in MOUNTED["planon"]),
        *(f"practice_{name}" for name in MOUNTED["intramed"]),
        "get_delivery",
        "list_deliveries",
    }


@pytest.mark.parametrize(
    "authorization", [None, "Bearer wrong", "Bearer ls_00000000_" + "A" * 43, "Basic YTpi", "Bearer "]
)
def test_every_route_refuses_without_a_valid_key(site: Site, authorization: str | None) -> None:
    """401 with a challenge, whatever else is wrong with the request."""
    for path, methods in paths(site).items():
        for method in methods:
            url = path.replace("{delivery}", "dl_" + "0" * 32)
            if method == "get":
                answer = site.get(url, client=None)
            else:
                answer = site.post(url, {}, client=None, Authorization=authorization)
            assert answer.status_code == 401, (path, answer.text)
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["type"] == "urn:problem-type:legacy-shim:unauthenticated"


def test_every_contract_needs_its_own_scope(site: Site) -> None:
    """A client with one scope gets 403 everywhere else, and is told which scope is missing."""
    for system, names in MOUNTED.items():
        for name in names:
            answer = site.post(f"/v1/{system}/{name}", {}, client="narrow")
            if (system, name) == ("planon", "find_tenant"):
                assert answer.status_code == 400
            else:
                assert (answer.status_code, answer.json()["scope"]) == (403, f"{system}:{name}")


def test_documentation_and_health_are_open(site: Site) -> None:
    """What tells nothing about anybody needs no key."""
    for path in ("/docs", "/openapi.json", "/healthz", "/readyz"):
        assert site.get(path, client=None).status_code == 200


def test_another_client_s_token_is_unknown(site: Site) -> None:
    """A token that leaked to another client is worth nothing there."""
    tenant = site.tenant(client="agent")
    answer = site.post("/v1/planon/create_incident", site.report(tenant), client="other")
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (404, "not-found")


def test_another_client_s_delivery_is_unknown(site: Site) -> None:
    """The same answer as for a delivery that never existed."""
    made = site.post("/v1/planon/create_incident", site.report(site.tenant())).json()
    foreign = site.get(f"/v1/deliveries/{made['delivery']}", client="other")
    invented = site.get("/v1/deliveries/dl_" + "0" * 32, client="other")
    assert (foreign.status_code, foreign.json()) == (404, invented.json())


def test_nothing_is_read_of_a_request_without_a_key(site: Site) -> None:
    """Malformed and endless bodies are 401 without a key; with one, an endless body is 413."""
    path = "/v1/planon/create_incident"
    assert site.post(path, b"{", client=None).status_code == 401
    assert site.post(path, b"x" * 200_000, client=None).status_code == 401
    too_large = site.post(path, b"x" * 200_000)
    assert (too_large.status_code, too_large.json()["type"].rpartition(":")[2]) == (413, "body-too-large")


def test_every_refusal_is_a_problem(site: Site) -> None:
    """Also for paths and methods that do not exist."""
    for answer, status in (
        (site.get("/nowhere", client=None), 401),
        (site.get("/nowhere"), 404),
        (site.get("/v1/nowhere"), 404),
        (site.get("/v1/planon/find_tenant"), 405),
        (site.get("/metrics", client=None), 401),
        (site.get("/metrics"), 403),
    ):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code == status


def test_every_answer_is_part_of_the_caller_s_trace(site: Site) -> None:
    """Also the ones that refuse; none is kept by a cache."""
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    for client in ("agent", "narrow", None):
        answer = site.post(LOG_NOTE, {}, client=client, traceparent=f"00-{trace}-00f067aa0ba902b7-01")
        assert answer.status_code == {"agent": 400, "narrow": 403, None: 401}[client]
        assert answer.headers["traceparent"].startswith(f"00-{trace}-")
        assert "00f067aa0ba902b7" not in answer.headers["traceparent"]
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_request_counts_against_a_client_s_own_limit(site: Site) -> None:
    """What the command sets holds from the next request on; so does its end."""
    assert site.command("clients", "set", "narrow", "--per-minute", "1").returncode == 0
    try:
        # The minute may end between two of them, so one of four is refused at the least.
        answers = [site.post("/v1/planon/find_tenant", {}, client="narrow") for _ in range(4)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert {answer.status_code for answer in answers} <= {400, 429}
        assert refused
        assert refused[0].headers["ratelimit-policy"] == '"requests";q=1;w=60'
        assert 1 <= int(refused[0].headers["retry-after"]) <= 60
    finally:
        assert site.command("clients", "set", "narrow", "--per-minute", "0").returncode == 0
    assert site.post("/v1/planon/find_tenant", {}, client="narrow").status_code == 400


def test_the_api_s_document_says_what_the_service_does(site: Site) -> None:
    """Writes need their key, malformed requests are 400, and a delivery has the models that it can be."""
    document = site.get("/openapi.json", client=None).json()
    assert "HTTPValidationError" not in str(document)
    for path, methods in paths(site).items():
        for method, operation in methods.items():
            told: dict[str, object] = operation["responses"]  # type: ignore[assignment]
            assert {"400", "401"} <= told.keys(), path
            keys = [p for p in operation.get("parameters", []) if p["name"] == "Idempotency-Key"]  # type: ignore[attr-defined]
            name = path.rpartition("/")[2]
            writes = method == "post" and not name.startswith(("find_", "get_", "list_", "check_"))
            assert [key["required"] for key in keys] == ([True] if writes else []), path
    delivery = document["paths"]["/v1/deliveries/{delivery}"]["get"]["responses"]["200"]
    assert len(delivery["content"]["application/json"]["schema"]["anyOf"]) == 3


def test_the_documentation_needs_no_other_host(site: Site) -> None:
    """A hospital's network has no way out: the page and all that it loads come from the shim."""
    page = site.get("/docs", client=None).text
    assert "https://" not in page
    for asset in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert site.get(asset, client=None).status_code == 200, asset
