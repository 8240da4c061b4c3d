"""Composition over tenants, contracts, matrices and messages of every kind (Must show 3)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.planon.compose import compose_incident, mandant_of
from adapters.planon.documents import Documents
from adapters.planon.notes import compose_note
from adapters.planon.parts import heading
from adapters.planon.reference import AssetRow, Reference
from adapters.planon.text import words_of
from adapters.planon.wording import description
from contracts.delivery import Document
from contracts.errors import ContractError, Violation
from contracts.facility import CreateIncidentRequest, FacilityNoteRequest
from schemas.dry_run import DryRun
from schemas.xml import parse
from tests.unit.planon.planon_rows import FORMS, READ_AT, REFERENCE, ZONE, request_of, rows_of

DOCUMENTS = Documents(FORMS)
DRY_RUNS = {mandant: DryRun(*form.schemas) for mandant, form in FORMS.incidents.items()}
NOTE_DRY_RUN = DryRun(*FORMS.note.schemas)
INPUTS = set(CreateIncidentRequest.model_fields) | {"asset.code"}
TELEPHONE = "+31610001000"

# JSON cannot carry a lone surrogate into a request: pydantic refuses it.
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)
LOADED = st.lists(
    st.sampled_from(
        [
            *"\x00\x1b\r\n\t\x7f\x85\ufffe\uffff\u200d\u0301<&>]",
            "]]>",
            " ",
            "999911120",
            "610001000",
            "👩\u200d🔧",
            "lek",
        ]
    ),
    min_size=1,
    max_size=120,
).map("".join)
MESSAGES = st.one_of(WORDS, LOADED, st.builds(lambda unit, n: (unit * n)[:4096], LOADED, st.integers(1, 4096)))
KEYS = st.one_of(
    st.sampled_from(["A-1", "A" * 20, "A" * 21, "a", "", " ", "A ", "\x00", "Å"]), st.none(), st.integers()
)
CODES: st.SearchStrategy[Any] = st.one_of(st.integers(-1, 7), st.none())
RECENT = st.integers(1_577_836_800, 2_051_222_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
MOMENTS = st.one_of(RECENT, st.integers(0, 4).flatmap(lambda n: RECENT if n else st.datetimes(timezones=st.just(UTC))))


@st.composite
def requests(draw: st.DrawFn) -> CreateIncidentRequest:
    images = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\"), min_size=1))
    return CreateIncidentRequest(
        tenant="TNT-1",
        severity=draw(st.sampled_from(["emergency", "high", "normal", "low", "low", "planned", "other"])),
        summary=draw(st.one_of(WORDS, LOADED))[:500],
        message=draw(MESSAGES)[:4096],
        reported_at=draw(MOMENTS),
        channel=draw(st.sampled_from(["whatsapp", "sms", "webchat", "telephone", "email"])),
        asset=draw(st.sampled_from([None, {"code": "CV-1", "confidence": 0.95}, {"code": "CV-1", "confidence": 0.9}])),
        images=[name[:120] for name in draw(images)][:10],
    )


@st.composite
def references(draw: st.DrawFn) -> Reference:
    """Rows of which four in five are usable; the others contradict the request, each other, or the schemas."""
    mandant = draw(st.sampled_from(["WBV", "SCH"]))
    usual = rows_of(mandant)
    tenant, contract = dict(usual.tenant), dict(usual.contract)
    severities = ["emergency", "high", "normal", "low", "planned"]
    matrix: dict[str, dict[str, Any]] = {
        name: {"priority": it, "appsuite_code": it - (mandant == "SCH")} for it, name in enumerate(severities, 1)
    }
    if draw(st.integers(0, 4)) == 0:
        row = draw(st.sampled_from([tenant, contract]))
        row[draw(st.sampled_from(sorted(row)))] = draw(KEYS)
    if draw(st.integers(0, 4)) == 0:
        matrix[draw(st.sampled_from(severities))] = {"priority": draw(CODES), "appsuite_code": draw(CODES)}
        matrix.pop(draw(st.sampled_from(severities)))
    return Reference(tenant, contract, matrix, READ_AT, draw(st.booleans()), (TELEPHONE,))


def asset_of(request: CreateIncidentRequest, rows: Reference) -> AssetRow | None:
    return (
        AssetRow({"asset_code": "CV-1", "location_id": rows.tenant["location_id"]}, READ_AT) if request.asset else None
    )


def composed(request: CreateIncidentRequest, rows: Reference) -> Document | list[Violation]:
    """Return the document, or why it was refused; anything else is a defect."""
    try:
        made = compose_incident(request, REFERENCE, rows, asset_of(request, rows), FORMS, ZONE)
        return DOCUMENTS.incident(made, mandant_of(rows), request)
    except ContractError as refused:
        violations: list[Violation] = getattr(refused, "violations", [])
        return violations


def noted(request: FacilityNoteRequest) -> Document | list[Violation]:
    """As composed(), of a note."""
    try:
        return DOCUMENTS.note(compose_note(request, REFERENCE, (TELEPHONE,), FORMS.note, ZONE), request)
    except ContractError as refused:
        violations: list[Violation] = getattr(refused, "violations", [])
        return violations


def whole_text(document: Document, element: str) -> str:
    """Return the text of a document and its follow-on notes, without the headings."""
    texts = [next(it.text or "" for it in parse(document.body) if it.tag.endswith(f"}}{element}"))]
    rests = [parse(rest.document.body) for rest in document.follow_ons]
    texts += [rest.findtext("{urn:planon:communicationlog:1}TEXT") or "" for rest in rests]
    return "".join(
        text.removeprefix(heading(number, len(texts))) if number > 1 else text
        for number, text in enumerate(texts, start=1)
    )


@settings(max_examples=300, deadline=None)
@given(requests(), references())
@example(request_of("WBV", message="\x85" * 4096, images=["\x85" * 120] * 10), rows_of("WBV"))
@example(request_of("WBV", reported_at="0001-01-01T00:00:00Z"), rows_of("WBV"))
@example(request_of("WBV", reported_at="9999-12-31T23:59:59Z"), rows_of("WBV"))
@example(request_of("WBV", reported_at="1936-05-01T12:00:00Z"), rows_of("WBV"))
def test_composition_passes_or_names_an_input(request: CreateIncidentRequest, rows: Reference) -> None:
    """It is total and deterministic; what it yields passes both steps, else a field of the request is responsible."""
    result = composed(request, rows)
    assert result == composed(request, rows)
    if isinstance(result, list):
        assert result
        assert {violation.field for violation in result} <= INPUTS
        return
    assert DRY_RUNS[mandant_of(rows)].check(result.body) == []
    for rest in result.follow_ons:
        assert NOTE_DRY_RUN.check(rest.document.body) == []
        assert len(rest.reference) <= 32
    assert {source.element for source in result.provenance} >= {it.name for it in FORMS.incidents["WBV"].fields[:8]} - {
        "BO_ASSET"
    }


@settings(deadline=None)
@given(st.one_of(WORDS, LOADED), MESSAGES, st.lists(st.sampled_from(["IMG_1.jpg", "\x85" * 120, "é"]), max_size=10))
def test_nothing_is_cut_off(summary: str, message: str, images: list[str]) -> None:
    """Description and follow-on notes together give every character of summary, message and image names."""
    request = request_of("SCH", summary=summary[:500], message=message, images=images)
    document = composed(request, rows_of("SCH", telephones=(TELEPHONE,)))
    assert isinstance(document, Document)
    written = [words_of(text, (TELEPHONE,)).text for text in (request.summary, request.message, *request.images)]
    assert whole_text(document, "BO_DESCRIPTION") == description(written[0], written[1], written[2:])


@settings(deadline=None)
@given(MESSAGES, MOMENTS, st.sampled_from([{"incident": "INC-1"}, {"delivery": "dl_" + "0" * 32}]))
def test_a_note_passes_or_names_an_input(text: str, reported_at: datetime, about: dict[str, str]) -> None:
    """As an incident: total, deterministic, valid or refused by name, and nothing is cut off."""
    request = FacilityNoteRequest.model_validate({"tenant": "TNT-1", "text": text, "reported_at": reported_at, **about})
    document = noted(request)
    if isinstance(document, list):
        assert {violation.field for violation in document} == {"reported_at"}
        return
    for each in (document, *(rest.document for rest in document.follow_ons)):
        assert NOTE_DRY_RUN.check(each.body) == []
        assert each.slot is None or each.body.count(each.slot) == 1
    assert whole_text(document, "TEXT") == words_of(text, (TELEPHONE,)).text


@pytest.mark.parametrize(
    ("table", "column", "element"),
    [
        ("contract", "sla_id", "BO_SLA"),
        ("tenant", "location_id", "BO_LOCATION"),
        ("tenant", "tenant_id", "BO_TENANT_ID"),
    ],
)
def test_a_bad_row_names_its_column(table: str, column: str, element: str) -> None:
    """No field of the request is to blame for a row with a blank; the tenant chose the row, the rule says which."""
    usual = rows_of("WBV")
    rows = {"tenant": dict(usual.tenant), "contract": dict(usual.contract)}
    rows[table][column] = "A 1"
    result = composed(request_of("WBV", asset=None), Reference(rows["tenant"], rows["contract"], usual.matrix, READ_AT))
    assert isinstance(result, list)
    (violation,) = result
    assert (violation.field, violation.value) == ("tenant", "A 1")
    assert violation.rule.startswith(f"as {element}, from {table}.{column}, must match ")
