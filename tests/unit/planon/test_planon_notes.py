import pytest

from adapters.planon.documents import Documents
from adapters.planon.notes import compose_note, needs_telephones
from adapters.planon.parts import heading
from adapters.planon.slot import placeholder
from contracts.delivery import Document
from contracts.facility import FacilityNoteRequest
from schemas.xml import parse
from tests.unit.planon.planon_rows import FORMS, REFERENCE, ZONE, compose, request_of, rows_of

DOCUMENTS = Documents(FORMS)
DELIVERY = "dl_" + "0" * 32
NS = "{urn:planon:communicationlog:1}"


def note_request(**changes: object) -> FacilityNoteRequest:
    request = {"tenant": "TNT-WBV", "text": "het lekt nog", "reported_at": "2026-11-19T21:14:03Z"}
    return FacilityNoteRequest.model_validate(request | changes)


def note(**changes: object) -> Document:
    request = note_request(**changes)
    return DOCUMENTS.note(compose_note(request, REFERENCE, (), FORMS.note, ZONE), request)


def texts(documents: list[Document]) -> list[str]:
    return [parse(each.body).findtext(f"{NS}TEXT") or "" for each in documents]


def test_a_placeholder_cannot_come_from_the_text() -> None:
    """A text that guesses the placeholder gets another one, so it occurs exactly once in the document."""
    composed = note(text=f"PARENT-{REFERENCE}-0 PARENT-{REFERENCE}-1", delivery=DELIVERY)
    assert composed.slot == placeholder(REFERENCE, f"PARENT-{REFERENCE}-0 PARENT-{REFERENCE}-1").encode()
    assert composed.body.count(composed.slot) == 1


@pytest.mark.parametrize("about", [{"incident": "INC-000482"}, {"delivery": DELIVERY}])
def test_a_long_note_is_carried_on(about: dict[str, str]) -> None:
    """Each part is a note of its own about the same incident, with its own reference; together they are the text."""
    first = note(text="\x85" * 2000, **about)
    rest = [follow_on.document for follow_on in first.follow_ons]
    assert [follow_on.reference for follow_on in first.follow_ons] == [f"{REFERENCE}-2", f"{REFERENCE}-3"]
    assert {follow_on.contract for follow_on in first.follow_ons} == {"log_note"}
    for document in rest:
        assert (document.about, document.follows) == (first.about, first.follows)
        assert (document.slot is None) == (first.slot is None)
        assert document.slot is None or document.body.count(document.slot) == 1
        assert (document.kind, document.subject, document.reported_at) == ("note", "TNT-WBV", first.reported_at)
        assert document.follow_ons == ()
    bare = [text.removeprefix(heading(number, 3)) for number, text in enumerate(texts([first, *rest]), start=1)]
    assert "".join(bare) == "[U+0085]" * 2000
    assert all(len(text) <= 6000 for text in texts([first, *rest]))


def test_the_rest_of_an_incident_follows_it() -> None:
    """Its notes wait for its number; each has its own slot, and says in its provenance which part it is."""
    request = request_of("SCH", message="\x85" * 1500)
    document = DOCUMENTS.incident(compose(request, rows_of("SCH")), "SCH", request)
    (follow_on, last) = document.follow_ons
    assert (follow_on.document.about, follow_on.document.follows) == (None, None)
    assert follow_on.document.slot is not None
    assert [source.rule for source in last.document.provenance if source.element == "TEXT"] == [
        "the incident's text, carried on; part 3 of 3"
    ]


@pytest.mark.parametrize(
    ("text", "needed"), [("het lekt", False), ("bel 06-10001000", False), ("bel 610001000", True), ("999911120", True)]
)
def test_only_a_number_that_may_be_a_bsn_needs_the_tenants_rows(text: str, needed: bool) -> None:
    """Every other note is composed without asking anybody."""
    assert needs_telephones(note_request(text=text, incident="INC-1")) is needed


def test_a_bsn_in_a_note_is_replaced_and_told() -> None:
    """How many, and never which."""
    composed = note(text="bsn 999911120", incident="INC-000482")
    assert texts([composed]) == ["bsn [BSN]"]
    (source,) = [it for it in composed.provenance if it.element == "TEXT"]
    assert source.rule == "the text word for word; numbers that pass as a BSN replaced: 1 in text"
    assert "999911120" not in str(composed)
