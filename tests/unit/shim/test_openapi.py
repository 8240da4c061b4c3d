"""The OpenAPI document: names that stay, words for everything, and examples that are what they say."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from contracts import examples, guidance
from contracts.catalogue import CATALOGUE, Contract, Effect
from contracts.examples import Example
from shim.http.links import of as links_of
from shim.http.openapi import moved
from shim.http.problem_types import BY_SLUG
from tests.unit.shim.asgi import ask
from tests.unit.shim.standing import standing_in

OPERATIONS = {
    "facility_find_tenant": "POST /v1/planon/find_tenant",
    "facility_create_incident": "POST /v1/planon/create_incident",
    "facility_get_incident": "POST /v1/planon/get_incident",
    "facility_list_at_risk": "POST /v1/planon/list_at_risk",
    "facility_log_note": "POST /v1/planon/log_note",
    "facility_check_outbound": "POST /v1/planon/check_outbound",
    "practice_find_patient": "POST /v1/intramed/find_patient",
    "practice_list_upcoming": "POST /v1/intramed/list_upcoming",
    "practice_list_slots": "POST /v1/intramed/list_slots",
    "practice_hold_slot": "POST /v1/intramed/hold_slot",
    "practice_confirm": "POST /v1/intramed/confirm",
    "practice_cancel": "POST /v1/intramed/cancel",
    "practice_log_note": "POST /v1/intramed/log_note",
    "practice_check_outbound": "POST /v1/intramed/check_outbound",
    "get_delivery": "GET /v1/deliveries/{delivery}",
    "list_deliveries": "GET /v1/deliveries",
    "healthz": "GET /healthz",
    "readyz": "GET /readyz",
}
"""Frozen: an agent's tools have these names. One may be added; one that is changed or taken away breaks agents."""

CONTRACTS = {row.operation: row for row in CATALOGUE}


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with standing_in(tmp_path_factory.mktemp("standing")) as standing:
        made: dict[str, Any] = ask(standing.app, "GET", "/openapi.json").json()
        return made


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_operation_ids_stay(document: dict[str, Any]) -> None:
    """They are names of tools: changing one is changing every agent."""
    assert {operation["operationId"]: asked for asked, operation in operations(document)} == OPERATIONS
    assert all(re.fullmatch("[a-z][a-z_]{0,63}", name) for name in OPERATIONS)


def test_the_first_screen_says_how_to_begin(document: dict[str, Any]) -> None:
    """A key, the headers, the classes of problem; a title, a version, a server, tags with words."""
    info = document["info"]
    for word in (
        "shim clients add",
        "Authorization",
        "Idempotency-Key",
        "Prefer",
        "RFC 3339",
        "TN_",
        "/problems",
        "504",
    ):
        assert word in info["description"], word
    assert info["description"].count("\n") < 50
    assert {"title", "version", "summary"} <= info.keys()
    assert document["openapi"] == "3.1.0"
    assert document["servers"]
    assert document["externalDocs"]["url"] == "/problems"
    used = {tag for _, operation in operations(document) for tag in operation["tags"]}
    assert used == {tag["name"] for tag in document["tags"] if tag["description"]}
    (scheme,) = document["components"]["securitySchemes"].values()
    assert "shim clients add" in scheme["description"]


def test_everything_has_words_and_an_example(document: dict[str, Any]) -> None:
    """Operations, parameters, answers, their headers, and each field of a request and a reply."""
    for asked, operation in operations(document):
        assert operation["summary"].endswith("."), asked
        assert "service" in operation["tags"] or len(operation["description"]) > 100, asked
        for parameter in operation.get("parameters", []):
            assert len(parameter["description"]) > 20, (asked, parameter["name"])
            shown = {"example", "examples"} & (parameter.keys() | parameter["schema"].keys())
            assert shown, (asked, parameter["name"])
        for status, response in operation["responses"].items():
            assert response["description"] not in {"", "Successful Response"}, (asked, status)
    for name, header in document["components"]["headers"].items():
        assert header["description"], name
        assert header["example"] or header["example"] == 0, name
    for name, schema in document["components"]["schemas"].items():
        for field, described in schema.get("properties", {}).items():
            assert "description" in described or "$ref" in described, f"{name}.{field}"


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """Components, and the operations that links name."""
    for found in re.findall(r"'\$ref': '#/([^']+)'", str(document)):
        place: Any = document
        for part in found.split("/"):
            place = place[part]
    links = [
        link
        for _, operation in operations(document)
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    ]
    assert {link["operationId"] for link in links} <= OPERATIONS.keys()
    meant = [link for row in CATALOGUE for link in links_of(row.operation, row).values()]
    assert {link["operationId"] for link in meant} <= OPERATIONS.keys()
    for link in meant:
        fields = CONTRACTS[link["operationId"]].request.model_fields
        assert link["requestBody"].keys() <= fields.keys(), link


def test_every_contract_is_told_of() -> None:
    """Guidance and examples, for each row of the catalogue and for nothing else."""
    assert guidance.OF.keys() == CONTRACTS.keys()
    assert examples.OF.keys() == CONTRACTS.keys()
    for operation, text in guidance.OF.items():
        assert text.startswith("Use it "), operation
        for name in re.findall(r"`([a-z]+_[a-z_]+)`", text):
            fields = {field for row in CATALOGUE for model in (row.request, row.reply) for field in model.model_fields}
            assert name in fields | {row.name for row in CATALOGUE} | OPERATIONS.keys(), (operation, name)


@pytest.mark.parametrize("contract", CATALOGUE, ids=lambda row: str(row.operation))
def test_examples_are_what_they_say(contract: Contract, document: dict[str, Any]) -> None:
    """Each is accepted by the model and the schema, and stands in the document; both outcomes of a durable one."""
    shown = examples.OF[contract.operation]
    operation = dict(operations(document))[OPERATIONS[contract.operation]]
    sent = operation["requestBody"]["content"]["application/json"]
    for example in shown.requests:
        contract.request.model_validate(example.value)
        # The document may have been asked for before midnight.
        days = [(datetime.now(UTC) - timedelta(days=ago)).date() for ago in (0, 1)]
        dated = [replace(example, value=moved(example.value, day)) for day in days]
        same = [each for each in dated if each.value == sent["examples"][example.name]["value"]]
        check(document, sent["schema"], (same or dated)[0], sent["examples"])
    for example in shown.replies:
        contract.reply.model_validate(example.value)
        came = operation["responses"][str(example.status)]["content"]["application/json"]
        check(document, came["schema"], example, came["examples"])
    statuses = {example.status for example in shown.replies}
    assert statuses == ({201, 202} if contract.effect is Effect.DURABLE else {200})
    if contract.identifies:
        assert {"certain", "confirm", "none"} <= {example.name for example in shown.replies}


def test_an_example_was_reported_yesterday() -> None:
    """By the service's own day: times move by whole days, a window stays as long as it is, words stay."""
    report = {"text": "Kraan lekt", "reported_at": "2026-11-19T22:14:03+01:00"}
    assert moved(report, date(2028, 3, 1)) == {"text": "Kraan lekt", "reported_at": "2028-02-29T22:14:03+01:00"}
    window = {"starts_from": "2026-11-23T08:00:00+01:00", "starts_before": "2026-11-28T00:00:00+01:00"}
    assert moved(window, date(2026, 12, 1)) == {
        "starts_from": "2026-12-04T08:00:00+01:00",
        "starts_before": "2026-12-09T00:00:00+01:00",
    }


def test_examples_follow_the_day_of_a_service_that_stays_up(tmp_path: Path) -> None:
    """The document is made once; its examples are dated whenever it is asked for."""
    with standing_in(tmp_path) as standing:
        ask(standing.app, "GET", "/openapi.json")
        sent = standing.app.openapi()["paths"]["/v1/intramed/log_note"]["post"]["requestBody"]["content"]
        shown = sent["application/json"]["examples"]["note"]
        shown["value"] = dict(examples.OF["practice_log_note"].requests[0].value, reported_at="2020-01-01T00:00:00Z")
        ask(standing.app, "GET", "/openapi.json")
        age = datetime.now(UTC) - datetime.fromisoformat(shown["value"]["reported_at"])
        assert timedelta(0) < age < timedelta(days=2)


def test_a_tool_needs_no_other_document(document: dict[str, Any]) -> None:
    """A language model's tool takes the schema of each request, which refers to nothing, and the 1,024 characters."""
    for contract in CATALOGUE:
        described = dict(operations(document))[OPERATIONS[contract.operation]]["description"]
        assert len(described) <= 1024, contract.operation
        schema = document["components"]["schemas"][contract.request.__name__]
        assert "$ref" not in json.dumps(schema), contract.operation
        for shown in examples.OF[contract.operation].requests:
            jsonschema_rs.validator_for(schema).validate(dict(shown.value))


@pytest.mark.parametrize(
    ("name", "shown"), [("get_delivery", examples.DELIVERIES), ("list_deliveries", examples.LISTED)]
)
def test_deliveries_are_shown(name: str, shown: tuple[Example, ...], document: dict[str, Any]) -> None:
    """On its way, delivered, refused; a page with one and a page without."""
    operation = dict(operations(document))[OPERATIONS[name]]
    came = operation["responses"]["200"]["content"]["application/json"]
    for example in shown:
        check(document, came["schema"], example, came["examples"])


def check(document: dict[str, Any], schema: dict[str, Any], example: Example, shown: dict[str, Any]) -> None:
    assert shown[example.name]["value"] == example.value
    whole = {**schema, "components": document["components"]}
    jsonschema_rs.validator_for(whole, validate_formats=True).validate(dict(example.value))


def test_every_problem_of_an_operation_is_shown(document: dict[str, Any]) -> None:
    """Its type is named, leads to its page, has an example that the schema takes, and the headers that come with it."""
    seen: set[str] = set()
    for asked, operation in operations(document):
        for status, response in operation["responses"].items():
            told = response.get("content", {}).get("application/problem+json")
            assert (told is not None) is (int(status) >= 400), (asked, status)
            if told is None:
                continue
            slugs = told["examples"].keys()
            seen |= slugs
            assert told["schema"]["allOf"][1]["properties"]["type"]["enum"] == [BY_SLUG[slug].urn for slug in slugs]
            validator = jsonschema_rs.validator_for({**told["schema"], "components": document["components"]})
            for slug in slugs:
                assert BY_SLUG[slug].status == int(status)
                assert f"[`{slug}`](/problems/{slug})" in response["description"]
                validator.validate(BY_SLUG[slug].example)
                if "retry_after" in BY_SLUG[slug].members:
                    assert "Retry-After" in response["headers"]
            assert {"traceparent", "Link"} <= response["headers"].keys(), (asked, status)
    assert seen | {"method-not-allowed"} == BY_SLUG.keys()


def test_what_comes_with_a_durable_write_is_told(document: dict[str, Any]) -> None:
    """Where the delivery is, and when to ask."""
    responses = dict(operations(document))[OPERATIONS["facility_create_incident"]]["responses"]
    assert {"Location", "traceparent"} <= responses["201"]["headers"].keys()
    assert {"Location", "Retry-After", "traceparent"} <= responses["202"]["headers"].keys()
    assert {"RateLimit-Policy", "RateLimit", "Retry-After"} <= responses["429"]["headers"].keys()
    assert "WWW-Authenticate" in responses["401"]["headers"]
