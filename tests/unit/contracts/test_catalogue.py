"""The catalogue is what clients build on: complete, described, and the only list of contracts."""

import typing
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from contracts.catalogue import CATALOGUE, STAFF, Contract, DeskKind, Effect, staff_scope
from contracts.delivery import Delivery
from contracts.desks import FacilityDesk, PracticeDesk
from contracts.facility import FindTenantRequest
from contracts.practice import FindPatientRequest
from shim.marks import token_fields

PROTOCOLS = {DeskKind.FACILITY: FacilityDesk, DeskKind.PRACTICE: PracticeDesk}
WRITING = {Effect.IMMEDIATE, Effect.DURABLE}
NAMES = {
    "find_tenant",
    "create_incident",
    "get_incident",
    "list_at_risk",
    "find_patient",
    "list_upcoming",
    "list_slots",
    "hold_slot",
    "confirm",
    "cancel",
    "log_note",
    "check_outbound",
}


def models(*roots: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield models and the models inside their fields."""
    for root in roots:
        yield root
        for field in root.model_fields.values():
            for part in parts(field.annotation):
                if isinstance(part, type) and issubclass(part, BaseModel):
                    yield from models(part)


def parts(annotation: object) -> Iterator[object]:
    yield annotation
    for part in typing.get_args(annotation):
        yield from parts(part)


def test_all_twelve_contracts_are_there() -> None:
    """log_note and check_outbound are on both desks, so twelve names make fourteen rows."""
    assert {row.name for row in CATALOGUE} == NAMES
    assert len(CATALOGUE) == len({row.operation for row in CATALOGUE}) == 14


@pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: row.operation)
def test_every_field_says_what_it_is(row: Contract) -> None:
    """Each property of request and reply has a description in the schema that a client reads."""
    for schema in (row.request.model_json_schema(), row.reply.model_json_schema()):
        for model in [schema, *schema.get("$defs", {}).values()]:
            for name, field in model.get("properties", {}).items():
                assert field.get("description"), f"{row.operation}: {model['title']}.{name} has no description"


@pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: row.operation)
def test_requests_refuse_what_they_do_not_know(row: Contract) -> None:
    """A field that the contract does not name is an error in every model, nested ones included."""
    for model in models(row.request, row.reply):
        assert model.model_config.get("extra") == "forbid", model
        assert model.model_config.get("frozen"), model


@pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: row.operation)
def test_the_protocol_has_a_method_of_the_same_name(row: Contract) -> None:
    """It takes the row's request; a read or immediate contract returns the row's reply. A local one asks no desk."""
    if row.effect is Effect.LOCAL:
        assert not hasattr(PROTOCOLS[row.desk], row.name)
        return
    method = getattr(PROTOCOLS[row.desk], row.name)
    hints = typing.get_type_hints(method)
    assert hints["request"] is row.request
    if row.effect is not Effect.DURABLE:
        assert hints["return"] is row.reply


def test_durable_contracts_carry_a_report_time_and_reply_with_a_delivery() -> None:
    """The service relies on both."""
    durable = [row for row in CATALOGUE if row.effect is Effect.DURABLE]
    assert {row.operation for row in durable} == {"facility_create_incident", "facility_log_note", "practice_log_note"}
    for row in durable:
        assert "reported_at" in row.request.model_fields
        assert issubclass(row.reply, Delivery)


def test_nothing_closes_changes_or_deletes_an_incident() -> None:
    """Create and comment only: it is not a permission, the contract does not exist."""
    writing = {row.name for row in CATALOGUE if row.desk is DeskKind.FACILITY and row.effect in WRITING}
    assert writing == {"create_incident", "log_note"}


def test_who_tells_a_person_says_what_is_guessed() -> None:
    """The limits on guessing are derived from the catalogue: its request names the fact, its reply one person."""
    identifying = [row for row in CATALOGUE if row.identifies]
    assert {row.operation for row in identifying} == {"facility_find_tenant", "practice_find_patient"}
    for row in identifying:
        assert isinstance(vars(row.request)["asked_about"], property)
        assert isinstance(vars(row.request)["confirms"], property)
        assert len(token_fields(row.reply)) == 1
        assert row.effect is Effect.READ


def test_no_contract_is_called_like_the_staff_scope() -> None:
    """Else `system:*` would make everybody staff."""
    assert STAFF not in {row.name for row in CATALOGUE}
    assert staff_scope("intramed") == "intramed:staff"


@pytest.mark.parametrize(
    ("facts", "asked_about", "confirms"),
    [
        ({"telephone": "06-12345678"}, "+31612345678", False),
        ({"telephone": "06-12345678", "address": "Wilgenlaan 14"}, "+31612345678", True),
        ({"telephone": "06-12345678", "tenant_code": "4711"}, "+31612345678", True),
        ({"address": "Wilgenlaan 14, 5017 AB"}, "5017AB 14", False),
        ({"address": "wilgenlaan 14 5017AB", "tenant_code": "4711"}, "5017AB 14", True),
        ({"address": "Wilgenlaan 14 Tilburg", "tenant_code": "4711"}, "wilgenlaan 14", True),
        ({"address": "nummer 14", "tenant_code": "4711"}, None, True),
        ({"tenant_code": "4711"}, None, True),
    ],
)
def test_a_tenant_is_asked_about_by_number_else_by_home(
    facts: dict[str, str], asked_about: str | None, confirms: bool
) -> None:
    """A number or an address is a question; a fact beside it is a guess, and so is a code alone."""
    request = FindTenantRequest(**facts)
    assert (request.asked_about, request.confirms) == (asked_about, confirms)


@pytest.mark.parametrize("facts", [{}, {"first_name": "Noor"}, {"birth_year": 1987}])
def test_a_patient_is_asked_about_by_number(facts: dict[str, Any]) -> None:
    """Every further fact is a guess."""
    request = FindPatientRequest(telephone="06-12345678", **facts)
    assert (request.asked_about, request.confirms) == ("+31612345678", bool(facts))
