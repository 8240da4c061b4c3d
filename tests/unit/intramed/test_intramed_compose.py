import json
from zoneinfo import ZoneInfo

import pytest

from adapters.intramed.journal import NotesMode, compose_note
from contracts.delivery import Document
from contracts.errors import NotFound
from contracts.practice import PracticeNoteRequest

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def compose(*, mode: NotesMode = "column", **changes: str) -> Document:
    """Compose a note under reference REF-A."""
    given = {"patient": "00000101", "text": "Ik ben “ziek” 💧", "reported_at": "2026-11-19T21:14:03.999Z"} | changes
    return compose_note(PracticeNoteRequest.model_validate(given), "REF-A", AMSTERDAM, "cp1252", mode)


def test_a_note_is_frozen_as_canonical_json() -> None:
    """Sorted keys and no spare blank: these very bytes are hashed, stored and sent."""
    assert compose().body.decode() == (
        '{"mode":"column","patient":"00000101","reference":"REF-A","reported":"2026-11-19T22:14:03",'
        '"reported_at":"2026-11-19T21:14:03+00:00","text":"Ik ben “ziek” [U+1F4A7]","utc_minutes":60}'
    )


def test_a_journal_without_a_reference_column_gets_it_at_the_end_of_the_text() -> None:
    """On a line of its own, for a journal that is searched by its text; what was written stays as it was."""
    assert json.loads(compose(mode="text").body)["text"] == "Ik ben “ziek” [U+1F4A7]\n[REF-A]"


def test_the_report_time_is_rounded_down_and_kept_with_its_offset() -> None:
    """Fractions are cut off, in the document's own time too, so that a look-up compares equal."""
    document = compose(reported_at="2026-11-19T22:14:03.999+05:30")
    assert document.reported_at.isoformat() == "2026-11-19T22:14:03+05:30"
    assert json.loads(document.body)["reported"] == "2026-11-19T17:44:03"


@pytest.mark.parametrize(("offset", "minutes"), [("+02:00", 120), ("+01:00", 60)])
def test_the_repeated_hour_keeps_which_one_it_was(offset: str, minutes: int) -> None:
    """02:30 on the last Sunday of October is written twice, with two offsets."""
    content = json.loads(compose(reported_at=f"2026-10-25T02:30:00{offset}").body)
    assert (content["reported"], content["utc_minutes"]) == ("2026-10-25T02:30:00", minutes)


def test_notes_of_one_patient_keep_their_order_and_say_where_they_come_from() -> None:
    """One key per patient; one source per element, and none holds the text."""
    document = compose()
    assert (document.kind, document.subject, document.order_key) == ("note", "00000101", "patient:00000101")
    assert {source.element for source in document.provenance} == set(json.loads(document.body))
    assert "ziek" not in repr(document.provenance)


@pytest.mark.parametrize(
    ("mode", "told"),
    [("column", "in a column"), ("text", "at the end of the text, in brackets"), ("park", "not written")],
)
def test_provenance_says_what_became_of_the_reference(mode: NotesMode, told: str) -> None:
    """A year later somebody looks for it in the journal."""
    (rule,) = [source.rule for source in compose(mode=mode).provenance if source.element == "reference"]
    assert rule.endswith(told)


def test_an_impossible_patient_is_refused_before_it_is_queued() -> None:
    """A key of the wrong shape can never be delivered."""
    with pytest.raises(NotFound):
        compose(patient="nobody")
