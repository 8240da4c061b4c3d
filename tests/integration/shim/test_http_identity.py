"""Guessing at people over HTTP: what is refused, with which headers, and what the answer does not tell."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from shim.demo import planon_section, write_configuration
from simulators.launch import address_of, running_planon, start_shim
from simulators.planon.reference import reference
from tests.integration.shim.site import FAST_PLANON, Site, add_client

FIND = "/v1/planon/find_tenant"
ALONE = [
    tenant.telephone
    for tenant in reference().tenants[:60]
    if tenant.telephone and sum(other.telephone == tenant.telephone for other in reference().tenants) == 1
]
"""Numbers as they are stored, in every spelling; most of them are one tenant's."""


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that believes 5 guesses for a number, and 8 people an hour."""
    folder = tmp_path_factory.mktemp("strict")
    with running_planon(folder) as (control, address):
        systems = {"planon": planon_section(address, **FAST_PLANON)}
        configuration = write_configuration(folder, systems, identity={"people_per_client": 8, "window_s": 1800})
        clients = ("agent", "other", "curious", "beside")
        keys = {name: add_client(configuration, name, "planon:*") for name in clients}
        with start_shim(configuration) as service:
            yield Site(folder, address_of(service), keys, control)


def problem(answer: requests.Response, policy: str, quota: int, window_s: int) -> dict[str, Any]:
    """Return the body of a 429 after checking what every such answer has."""
    assert answer.status_code == 429, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["RateLimit-Policy"] == f'"{policy}";q={quota};w={window_s}'
    left = re.fullmatch(rf'"{policy}";r=0;t=([0-9]+)', answer.headers["RateLimit"])
    assert left is not None
    assert 1 <= int(left[1]) <= window_s
    body: dict[str, Any] = answer.json()
    assert answer.headers["Retry-After"] == left[1] == str(body["retry_after"])
    assert body["type"] == "urn:problem-type:legacy-shim:too-many-attempts"
    assert (body["policy"], body["quota"], body["window_s"]) == (policy, quota, window_s)
    return body


def test_the_sixth_wrong_guess_for_a_number_is_429(strict: Site) -> None:
    """For every client; then even the right code is not told, the number alone still is, and so are other numbers."""
    tenant = reference().tenants[1]
    for guess in range(5):
        wrong = {"telephone": tenant.telephone, "tenant_code": f"{guess:04}"}
        assert strict.post(FIND, wrong).json()["match"] == "none"
    right = {"telephone": tenant.telephone, "tenant_code": tenant.tenant_code}
    for client in ("agent", "other"):
        body = problem(strict.post(FIND, right, client=client), "identity", 5, 1800)
        assert set(body) == {"type", "title", "status", "detail", "retry_after", "policy", "quota", "window_s"}
    assert strict.post(FIND, {"telephone": tenant.telephone}).json()["match"] == "certain"
    other = reference().tenants[3]
    facts = {"telephone": other.telephone, "tenant_code": other.tenant_code}
    assert strict.post(FIND, facts).json()["match"] == "certain"


def test_thirty_guesses_at_once_are_five(strict: Site) -> None:
    """A race does not buy more attempts."""
    telephone = reference().tenants[6].telephone

    def guess(number: int) -> int:
        return strict.post(FIND, {"telephone": telephone, "tenant_code": f"{number:04}"}).status_code

    with ThreadPoolExecutor(30) as threads:
        answers = list(threads.map(guess, range(30)))
    assert (answers.count(200), answers.count(429)) == (5, 25)


def test_right_facts_may_come_as_often_as_they_like(strict: Site) -> None:
    """An attempt that identifies is no failed one."""
    tenant = reference().tenants[0]
    facts = {"telephone": tenant.telephone, "tenant_code": tenant.tenant_code}
    assert {strict.post(FIND, facts).json()["match"] for _ in range(12)} == {"certain"}


def test_while_the_backend_is_down_nothing_is_counted(strict: Site) -> None:
    """Nothing was learnt."""
    tenant = reference().tenants[9]
    wrong = {"telephone": tenant.telephone, "tenant_code": "0000"}
    strict.control.apply(replica_down=True)
    try:
        assert {strict.post(FIND, wrong).status_code for _ in range(7)} == {503}
    finally:
        strict.control.apply(replica_down=False)
    assert [strict.post(FIND, wrong).status_code for _ in range(6)] == [200] * 5 + [429]


def test_without_a_number_codes_are_counted_by_the_address(strict: Site) -> None:
    """However it is punctuated."""
    for guess, address in enumerate(("Besterdring 26, 5014 HK", "besterdring 26 5014HK") * 3):
        answer = strict.post(FIND, {"address": address, "tenant_code": f"{guess:04}"})
        assert answer.status_code == (429 if guess == 5 else 200), answer.text


def test_a_client_meets_eight_people_an_hour(strict: Site) -> None:
    """Who varies the number gets no further: not told who, not told whether; people met before are still free."""
    met: list[str] = []
    answers = []
    for telephone in ALONE:
        answer = strict.post(FIND, {"telephone": telephone}, client="curious")
        answers.append(answer.status_code)
        if answer.status_code == 200 and answer.json()["match"] == "certain":
            met.append(telephone)
    assert len(met) == 8
    assert answers.index(429) >= 8
    assert set(answers[answers.index(429) :]) == {429}
    refused = strict.post(FIND, {"telephone": ALONE[-1]}, client="curious")
    nobody = strict.post(FIND, {"telephone": "06-87654321"}, client="curious")
    somebody, none = (problem(answer, "people", 8, 3600) for answer in (refused, nobody))
    assert somebody | {"retry_after": 0} == none | {"retry_after": 0}
    assert "TN_" not in refused.text
    assert strict.post(FIND, {"telephone": met[0]}, client="curious").json()["match"] == "certain"
    assert strict.post(FIND, {"telephone": ALONE[-1]}, client="beside").json()["match"] == "certain"


def test_the_api_s_document_tells_of_the_limit(strict: Site) -> None:
    """429 with its headers on every contract, for too many requests; too many attempts where one identifies only."""
    document = strict.get("/openapi.json", client=None).json()
    for path, methods in document["paths"].items():
        told = methods.get("post", {}).get("responses", {})
        if told:
            assert "too-many-requests" in told["429"]["description"], path
            assert ("too-many-attempts" in told["429"]["description"]) is path.endswith("/find_tenant"), path
    told = document["paths"][FIND]["post"]["responses"]["429"]
    assert {"Retry-After", "RateLimit-Policy", "RateLimit"} <= set(told["headers"])
    assert "too-many-attempts" in told["description"]
    assert {"policy", "quota", "window_s"} <= document["components"]["schemas"]["Problem"]["properties"].keys()


def test_staff_is_a_scope_of_its_own(strict: Site) -> None:
    """It is given by name only, for a system that exists; a scope that is no contract is refused in one line."""
    made = strict.command("clients", "add", "desk", "-s", "planon:staff", "-s", "planon:find_tenant", "--json")
    assert json.loads(made.stdout)["scopes"] == ["planon:find_tenant", "planon:staff"]
    everything = strict.command("clients", "add", "agent-2", "-s", "planon:*", "--json")
    assert "planon:staff" not in json.loads(everything.stdout)["scopes"]
    for scope, told in (("planon:stuff", "no scope 'stuff' for planon"), ("plan:staff", "no system 'plan'")):
        refused = strict.command("clients", "add", "desk-2", "-s", scope)
        assert (refused.returncode, refused.stdout) == (2, "")
        (line,) = refused.stderr.splitlines()
        assert told in line
