from datetime import datetime, timedelta
from typing import Any

import pytest

from contracts.delivery import Absent, Conflicting, Delivered, Document, Finding, NotSent, Rejected, Sending
from contracts.errors import BackendUnavailable, NotFound
from tests.conformance.agent import Agent, new_reference
from tests.conformance.practice_stage import Noted
from tests.conformance.scene import Scene

REPORTED = "2026-11-19T22:14:03.987+01:00"
TEXT = "Één dag “pijn” in mijn knie, € 5.\r\n\r\nGroet,\tZoë"


class Note:
    """A note under a reference of its own, and the outbox's view of it."""

    def __init__(self, scene: Scene, reported_at: str = REPORTED, text: str = TEXT, patient: str | None = None) -> None:
        self.reference = new_reference()
        self._scene = scene
        self._facts = (patient or scene.patient, text, reported_at, self.reference)
        self.document: Document = scene.agent.note(*self._facts)

    def composed_by(self, agent: Agent) -> Document:
        """Compose it once more."""
        return agent.note(*self._facts)

    def sending(self, **changed: Any) -> Sending:
        """Wrap it as the outbox does."""
        document = self.document
        given: dict[str, Any] = {
            "subject": document.subject,
            "reported_at": document.reported_at,
            "reference": self.reference,
        }
        return Sending(document.kind, document.body, **(given | changed))

    def send(self) -> Delivered:
        """Send it; it must arrive."""
        outcome = self._scene.stage.desk.destination.send(self.sending())
        assert isinstance(outcome, Delivered)
        return outcome

    def find(self, **changed: Any) -> Finding:
        """Ask whether it landed."""
        return self._scene.stage.desk.destination.find(self.sending(**changed))


def written(scene: Scene, outcome: Delivered) -> Noted:
    """Return a note as it stands in the journal."""
    (found,) = [note for note in scene.stage.notes(scene.patient) if note.note == outcome.backend_id]
    return found


def test_composing_is_pure(scene: Scene) -> None:
    """The same call gives the same document, and needs no backend; it says whose it is and when it was told."""
    note = Note(scene)
    assert note.document == note.composed_by(scene.agent) == note.composed_by(Agent(scene.stage.unreachable_desk()))
    assert note.document.subject == scene.patient
    assert note.document.reported_at == datetime.fromisoformat(REPORTED).replace(microsecond=0)
    assert not [source for source in note.document.provenance if source.value and "knie" in source.value]


def test_notes_of_one_patient_keep_their_order(scene: Scene) -> None:
    """One key per patient, and another for another one."""
    first, second, theirs = Note(scene), Note(scene), Note(scene, patient=scene.stranger)
    assert first.document.order_key == second.document.order_key != theirs.document.order_key


def test_a_note_arrives_with_its_text_and_report_time(scene: Scene) -> None:
    """Every letter and line of it; the time is the message's and not the delivery's."""
    found = written(scene, Note(scene).send())
    assert found.text.startswith("Één dag “pijn” in mijn knie, € 5.\n\nGroet,\tZoë")
    assert found.reported_at == datetime.fromisoformat("2026-11-19T22:14:03+01:00")


def test_the_longest_message_arrives_whole(scene: Scene) -> None:
    """4,096 characters, also such as old systems cannot store; those stay visible in some form."""
    text = ("ï" * 99 + "\n") * 40 + "💧" + "z" * 95
    assert len(text) == 4096
    found = written(scene, Note(scene, text=text).send())
    assert found.text.startswith(text[:4000])
    assert "z" * 95 in found.text


def test_a_note_whose_answer_was_lost_is_found_or_a_person_is_asked(scene: Scene) -> None:
    """Before it landed there is nothing to find; afterwards it is found with its key, or somebody must look."""
    note = Note(scene)
    if scene.features.notes == "parked":
        assert isinstance(note.find(), Conflicting)
        note.send()
        assert isinstance(note.find(), Conflicting)
    else:
        assert note.find() == Absent()
        assert note.send() == note.find()


def test_a_note_that_is_sent_twice(scene: Scene) -> None:
    """One note where the backend keeps references; two, and a person is asked, where it does not."""
    note = Note(scene)
    first, second = note.send(), note.send()
    if scene.features.notes == "once":
        assert first == second == note.find()
    else:
        assert first != second
        assert isinstance(note.find(), Conflicting)


def test_a_reference_alone_is_no_proof(scene: Scene) -> None:
    """Patient and report time must agree: anything else is not what was sent."""
    note = Note(scene)
    note.send()
    later = note.document.reported_at + timedelta(seconds=1)
    for changed in ({"reported_at": later}, {"subject": scene.stranger}, {"reference": new_reference()}):
        assert not isinstance(note.find(**changed), Delivered)


@pytest.mark.needs("repeated_hour")
@pytest.mark.parametrize("offset", ["+02:00", "+01:00"])
def test_both_hours_of_an_october_night_are_told_apart(scene: Scene, offset: str) -> None:
    """02:30 comes twice; the journal says which one, and the other one is no match."""
    note = Note(scene, f"2026-10-25T02:30:00{offset}")
    assert written(scene, note.send()).reported_at == note.document.reported_at
    if scene.features.notes != "parked":
        assert isinstance(note.find(), Delivered)
    hour = timedelta(hours=1 if offset == "+02:00" else -1)
    assert isinstance(note.find(reported_at=note.document.reported_at + hour), Conflicting)


@pytest.mark.parametrize("patient", ["99999999", "x' or 1=1 --", "\u0661"])
def test_a_note_for_nobody_is_refused_for_good(scene: Scene, patient: str) -> None:
    """When it is composed, or by the backend when it is sent; nothing is written."""
    try:
        note = Note(scene, patient=patient)
    except NotFound:
        return
    assert isinstance(scene.stage.desk.destination.send(note.sending()), Rejected)


def test_a_backend_that_is_down_gets_nothing(scene: Scene) -> None:
    """That it was not sent is certain; whether an earlier one landed cannot be said."""
    note, destination = Note(scene), scene.stage.unreachable_desk().destination
    assert isinstance(destination.send(note.sending()), NotSent)
    if scene.features.notes != "parked":
        with pytest.raises(BackendUnavailable):
            destination.find(note.sending())
    assert destination.settle_s > 0
