"""A route without a policy stops the start; what is not in the table is denied."""

import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.types import Scope

from contracts.catalogue import CATALOGUE, STAFF
from contracts.errors import Forbidden
from shim.admission.client import READ_BUNDLE, WRITE_BUNDLE, Client
from shim.admission.policies import durable_scopes, policies_of
from shim.admission.policy import Policies, Policy, PolicyMissing
from tests.unit.shim.standing import SYSTEMS

OPEN = Policy("open", public=True)
NARROW = Policy("narrow", ("planon:find_tenant",))


def nothing() -> None:
    """Answer."""


def application() -> FastAPI:
    """An application with a route, one within a router, and a mounted one."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    inner = APIRouter(prefix="/v1")
    inner.add_api_route("/things/{thing}", nothing, methods=["GET"])
    inner.add_api_route("/things/one", nothing, methods=["POST"])
    app.include_router(inner)
    app.add_api_route("/open", nothing, methods=["GET"])
    app.mount("/files", Starlette())
    return app


def table(*left_out: str) -> Policies:
    policies = Policies()
    rows = {
        "GET /v1/things/{thing}": NARROW,
        "POST /v1/things/one": NARROW,
        "GET /open": OPEN,
        "GET /files": OPEN,
    }
    for row, policy in rows.items():
        if row not in left_out:
            method, _, path = row.partition(" ")
            policies.add(path, method, policy)
    return policies


def scope(method: str, path: str) -> Scope:
    return {"type": "http", "method": method, "path": path}


@pytest.mark.parametrize("left_out", ["GET /v1/things/{thing}", "POST /v1/things/one", "GET /open", "GET /files"])
def test_a_route_without_a_policy_is_named(left_out: str) -> None:
    """Within a router and under a mount as well."""
    with pytest.raises(PolicyMissing, match=left_out.rpartition(" ")[2].replace("{", r"\{")):
        table(left_out).check(application())


def test_a_method_without_a_policy_is_named() -> None:
    """A second method of a path is a route of its own."""
    app = application()
    app.add_api_route("/open", nothing, methods=["DELETE"])
    with pytest.raises(PolicyMissing, match="DELETE /open"):
        table().check(app)


def test_what_can_have_no_policy_is_refused() -> None:
    """Nothing here speaks WebSocket, so nobody would ask who is there."""
    app = application()
    app.add_api_websocket_route("/socket", nothing)
    with pytest.raises(PolicyMissing, match=r"/socket is a .*, which can have no policy"):
        table().check(app)


def test_a_policy_without_a_route_and_a_second_one_are_refused() -> None:
    """One that is mistyped protects nothing."""
    policies = table()
    with pytest.raises(PolicyMissing, match="two policies"):
        policies.add("/open", "GET", NARROW)
    policies.add("/opne", "GET", NARROW)
    with pytest.raises(PolicyMissing, match="/opne has a policy, but no route"):
        policies.check(application())


def test_before_the_check_nothing_is_admitted() -> None:
    """A table that nobody compared with the routes is no table."""
    policies = table()
    assert policies.of(scope("GET", "/open")).policy is None
    policies.check(application())
    assert policies.of(scope("GET", "/open")).policy is OPEN


@pytest.mark.parametrize(
    ("method", "path", "policy", "allowed", "public"),
    [
        ("GET", "/open", OPEN, ("GET",), True),
        ("GET", "/files/deep/x.css", OPEN, ("GET",), True),
        ("GET", "/v1/things/7", NARROW, ("GET",), False),
        ("POST", "/v1/things/one", NARROW, ("POST",), False),
        ("DELETE", "/open", None, ("GET",), True),
        ("PUT", "/v1/things/one", None, ("GET", "POST"), False),
        ("get", "/open", None, ("GET",), True),
        ("GET", "/open/", None, (), False),
        ("GET", "/OPEN", None, (), False),
        ("GET", "//open", None, (), False),
        ("GET", "/v1/things/7/8", None, (), False),
        ("GET", "/nowhere", None, (), False),
    ],
)
def test_a_request_is_matched_as_the_router_does(
    method: str, path: str, policy: Policy | None, allowed: tuple[str, ...], public: bool
) -> None:
    """The first route with path and method; another method is told from another path."""
    policies = table()
    policies.check(application())
    matched = policies.of(scope(method, path))
    assert (matched.policy, matched.allowed, matched.public) == (policy, allowed, public)


def test_a_policy_without_scopes_admits_nobody() -> None:
    """Such as deliveries where no system has a durable contract."""
    assert durable_scopes({}) == ()
    client = Client("agent", frozenset({"planon:find_tenant"}))
    NARROW.admit(client)
    with pytest.raises(Forbidden):
        Policy("deliveries", ()).admit(client)
    with pytest.raises(Forbidden) as refused:
        Policy("other", ("planon:log_note", "planon:write")).admit(client)
    assert refused.value.members == {"scope": "planon:log_note"}


def test_the_audit_is_told_what_a_route_is() -> None:
    """Operation id, system and contract of each; the service's own have none of the latter."""
    rows = policies_of(SYSTEMS).rows()
    note = rows["/v1/planon/log_note", "POST"]
    assert (note.action, note.system, note.contract) == ("facility_log_note", "planon", "log_note")
    assert rows["/metrics", "GET"] == Policy("metrics", ("shim:metrics",))


def test_no_contract_is_called_like_a_bundle() -> None:
    """Its scope would open all of a system."""
    assert not {READ_BUNDLE, WRITE_BUNDLE, STAFF} & {row.name for row in CATALOGUE}
