import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from adapters.intramed import adapter
from adapters.intramed.options import STATEMENTS
from contracts.desks import Call, Ports
from contracts.practice import PracticeNoteRequest

PORTS = Ports("intramed", lambda: datetime(2026, 11, 19, tzinfo=UTC), cast("Any", None), cast("Any", None))
NOTE = {"patient": "1001", "text": "belde af", "reported_at": "2026-11-19T22:14:03+01:00"}


def desk(**options: object) -> Any:
    return adapter.build(adapter.options.model_validate({"database": "x.fdb"} | options), PORTS)


def test_a_note_carries_the_fingerprint_of_how_it_is_written() -> None:
    """And its destination tells the same one, of notes only."""
    made = desk()
    note = made.log_note(PracticeNoteRequest.model_validate(NOTE), Call("REF-A"))
    assert note.fingerprint is not None
    assert made.destination.fingerprint("note") == note.fingerprint
    assert made.destination.fingerprint("incident") is None


@pytest.mark.parametrize("notes", ["text", "park"])
def test_another_way_to_find_notes_is_another_fingerprint(notes: str) -> None:
    """A note that waited through the change is composed anew, not sent in one way and looked for in another."""
    assert desk(notes=notes).destination.fingerprint("note") != desk().destination.fingerprint("note")


def test_the_site_s_own_statement_is_another_fingerprint(tmp_path: Path) -> None:
    """Its text counts and its comments do not."""
    text = (STATEMENTS / "log_note.sql").read_text(encoding="utf-8")
    shipped = desk().destination.fingerprint("note")
    shutil.copy(STATEMENTS / "log_note.sql", tmp_path / "log_note.sql")
    assert desk(statements=tmp_path).destination.fingerprint("note") == shipped
    (tmp_path / "log_note.sql").write_text(text.replace("-- Adds", "-- We add"), encoding="utf-8")
    assert desk(statements=tmp_path).destination.fingerprint("note") == shipped
    (tmp_path / "log_note.sql").write_text(text.replace("WEB_LOG_NOTE(", "OUR_LOG_NOTE("), encoding="utf-8")
    assert desk(statements=tmp_path).destination.fingerprint("note") != shipped


@pytest.mark.parametrize(("notes", "unknown"), [("column", "verify"), ("text", "verify"), ("park", "park")])
def test_a_journal_that_keeps_no_reference_cannot_be_asked(notes: str, unknown: str) -> None:
    """So a lost outcome is a person's matter there."""
    assert desk(notes=notes).destination.unknown == unknown
