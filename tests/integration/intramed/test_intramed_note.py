import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

from adapters.intramed.desk import IntramedDesk
from adapters.intramed.options import STATEMENTS
from contracts.delivery import Absent, Conflicting, Delivered, Document, NotSent, Rejected, Sending
from contracts.desks import Call
from contracts.practice import PracticeNoteRequest
from tests.integration.intramed.direct import NOBODY
from tests.integration.intramed.stage import PASSWORDS, Ask, Practice
from tests.practice_cast import Cast

REFERENCE = "ABCDEFGH-IJKLMNOP234567-QR"
RANT = "Één dag, “pijn” in mijn knie…\r\nbelt u € 5 duur\x07 terug? 💧 İ e\u0301\n\n  Groet,\tZoë "
STORED = "Één dag, “pijn” in mijn knie…\nbelt u € 5 duur[U+0007] terug? [U+1F4A7] [U+0130] é\n\n  Groet,\tZoë "


def sending(document: Document, reference: str = REFERENCE, **changes: Any) -> Sending:
    """Wrap a document as the outbox would."""
    given: dict[str, Any] = {"subject": document.subject, "reported_at": document.reported_at} | changes
    return Sending(kind=document.kind, body=document.body, reference=reference, **given)


def composed(ask: Ask, patient: str, reference: str = REFERENCE, **changes: Any) -> Document:
    """Compose a note about a patient."""
    given = {"patient": patient, "text": RANT, "reported_at": "2026-11-19T22:14:03.987+01:00"} | changes
    document: Document = ask("log_note", PracticeNoteRequest, reference, **given)
    return document


def test_a_note_arrives_once_and_character_for_character(
    ask: Ask, desk: IntramedDesk, practice: Practice, cast: Cast
) -> None:
    """Absent, delivered, found; sent again it is the same record, with the composed text and the report time."""
    note = sending(composed(ask, cast.alone.number))
    assert desk.destination.find(note) == Absent()
    first = desk.destination.send(note)
    assert isinstance(first, Delivered)
    assert desk.destination.send(note) == first == desk.destination.find(note)
    assert first.result == {"note": first.backend_id}
    rows = practice.rows(
        "select NUMMER, PATIENT, MELDTIJD, MELD_UTC, TEKST from JOURNAAL where REFERENTIE = ?", REFERENCE
    )
    assert [(str(r[0]), r[1], r[2].isoformat(), r[3], r[4]) for r in rows] == [
        (first.backend_id, cast.alone.number, "2026-11-19T22:14:03", 60, STORED)
    ]


def test_four_thousand_characters_of_every_kind_survive(
    ask: Ask, desk: IntramedDesk, practice: Practice, cast: Cast
) -> None:
    """Every character of the character set, and a text longer than one BLOB segment, come back as composed."""
    every = bytes((*range(32, 127), *range(128, 256))).decode("cp1252", "ignore")
    text = (every * 20)[:4096]
    outcome = desk.destination.send(sending(composed(ask, cast.alone.number, text=text)))
    assert isinstance(outcome, Delivered)
    assert practice.rows("select TEKST from JOURNAAL where NUMMER = ?", int(outcome.backend_id)) == [(text,)]


def test_a_changed_way_of_finding_notes_doubles_none(ask: Ask, practice: Practice, cast: Cast) -> None:
    """Sent without a reference in its text it could not be found there: it is neither sent nor called absent."""
    note = sending(composed(ask, cast.alone.number))
    changed = practice.desk(notes="text").destination
    assert isinstance(changed.send(note), NotSent)
    found = changed.find(note)
    assert isinstance(found, Conflicting)
    assert "composed while notes was column" in found.reason


def test_both_hours_of_an_october_night_are_told_apart(ask: Ask, desk: IntramedDesk, cast: Cast) -> None:
    """02:30 comes twice; the record says which one, and the other one is no match."""
    early = composed(ask, cast.alone.number, reported_at="2026-10-25T02:30:00+02:00")
    assert isinstance(desk.destination.send(sending(early)), Delivered)
    assert isinstance(desk.destination.find(sending(early)), Delivered)
    late = sending(early, reported_at=early.reported_at + timedelta(hours=1))
    assert isinstance(desk.destination.find(late), Conflicting)


def test_a_record_about_somebody_or_sometime_else_is_a_conflict(ask: Ask, desk: IntramedDesk, cast: Cast) -> None:
    """The reference alone is no proof: patient and report time must agree."""
    note = composed(ask, cast.alone.number)
    desk.destination.send(sending(note))
    assert isinstance(desk.destination.find(sending(note, subject=cast.another.number)), Conflicting)
    later = note.reported_at + timedelta(seconds=1)
    assert isinstance(desk.destination.find(sending(note, reported_at=later)), Conflicting)
    other = composed(ask, cast.another.number)
    assert isinstance(desk.destination.send(sending(other)), Rejected)


def test_an_unknown_patient_is_rejected_and_leaves_nothing(ask: Ask, desk: IntramedDesk, practice: Practice) -> None:
    """The procedure's own exception is a refusal for good, and its transaction is rolled back."""
    note = sending(composed(ask, NOBODY))
    assert isinstance(desk.destination.send(note), Rejected)
    assert practice.rows("select 1 from JOURNAAL where REFERENTIE = ?", REFERENCE) == []


def test_two_workers_with_one_note_write_one_record(
    desk: IntramedDesk, practice: Practice, ask: Ask, cast: Cast
) -> None:
    """A twin that comes at the same moment proves not-sent or gets the same record."""
    note = sending(composed(ask, cast.alone.number))
    gate, outcomes = threading.Barrier(4), list[Any]()

    def work() -> None:
        gate.wait()
        outcomes.append(desk.destination.send(note))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {type(outcome) for outcome in outcomes} <= {Delivered, NotSent}
    found = desk.destination.find(note)
    assert found in outcomes
    assert len(practice.rows("select 1 from JOURNAAL where REFERENTIE = ?", REFERENCE)) == 1


def test_composing_is_pure(ask: Ask, desk: IntramedDesk, practice: Practice, cast: Cast) -> None:
    """The same call gives the same bytes, and needs no database."""
    unreachable = practice.desk(database="127.0.0.1/1:/nowhere.fdb", **PASSWORDS)
    request = PracticeNoteRequest.model_validate(
        {"patient": cast.alone.number, "text": RANT, "reported_at": "2026-11-19T22:14:03.987+01:00"}
    )
    assert (
        unreachable.log_note(request, Call(REFERENCE))
        == desk.log_note(request, Call(REFERENCE))
        == composed(ask, cast.alone.number)
    )


def test_an_outcome_that_nobody_knows_is_no_delivery(ask: Ask, practice: Practice, tmp_path: Path, cast: Cast) -> None:
    """A site's procedure that says ERROR has written nothing that counts: rolled back, and somebody must look."""
    shipped = (STATEMENTS / "log_note.sql").read_text(encoding="utf-8")
    changed = shipped.replace("UITKOMST as OUTCOME", "cast('ERROR' as varchar(10)) as OUTCOME")
    assert changed != shipped
    (tmp_path / "log_note.sql").write_text(changed, encoding="utf-8")
    outcome = practice.desk(statements=tmp_path).destination.send(sending(composed(ask, cast.alone.number)))
    assert isinstance(outcome, Rejected)
    assert practice.rows("select count(*) from JOURNAAL where REFERENTIE = ?", REFERENCE) == [(0,)]
