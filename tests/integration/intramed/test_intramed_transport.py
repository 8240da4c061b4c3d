import os
import subprocess
import sys
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from adapters.intramed.desk import IntramedDesk
from contracts.delivery import NotSent, Sending
from contracts.desks import Call
from contracts.errors import BackendUnavailable
from contracts.practice import (
    ConfirmRequest,
    FindPatientRequest,
    HoldSlotRequest,
    ListSlotsRequest,
    PracticeNoteRequest,
)
from simulators.intramed.sandbox import owner_connection
from simulators.intramed.server import READER, WRITER, FirebirdServer, running_server
from tests.integration.intramed.stage import Practice
from tests.practice_cast import Cast, spelled

FIND = FindPatientRequest(telephone="0610001001")
HOLD = HoldSlotRequest(slot="1", patient="00000101")
CALL = Call("REF-A")


def journey(desk: IntramedDesk, cast: Cast) -> list[str]:
    """Call every contract for the patient with the planted identifiers; return every reply as text."""
    who, day = cast.debtor.number, cast.moment.replace(hour=0, minute=0, tzinfo=UTC)
    planted = desk.find_patient(FindPatientRequest(telephone=spelled(min(cast.debtor.numbers))), Call())
    assert planted.patient == who
    window = {"starts_from": day, "starts_before": day + timedelta(days=1)}
    slots = desk.list_slots(ListSlotsRequest.model_validate(window), Call())
    held = desk.hold_slot(HoldSlotRequest(slot=slots.slots[0].slot, patient=planted.patient or ""), CALL)
    booked = desk.confirm(ConfirmRequest(hold=held.hold, patient=who), CALL)
    note = PracticeNoteRequest.model_validate(
        {"patient": who, "text": "Ik kom later.", "reported_at": "2026-11-19T22:14:03+01:00"}
    )
    document = desk.log_note(note, CALL)
    sent = desk.destination.send(Sending("note", document.body, document.subject, document.reported_at, "REF-A"))
    return [*(reply.model_dump_json() for reply in (planted, slots, held, booked)), repr(document), repr(sent)]


def test_no_contract_lets_a_planted_identifier_or_padding_out(
    desk: IntramedDesk, practice: Practice, cast: Cast
) -> None:
    """Nothing of the comment column or the notes comes along, and no text ends in blanks."""
    planted = practice.identifiers_of(cast.debtor)
    assert planted
    for reply in journey(desk, cast):
        assert not [identifier for identifier in planted if identifier in reply]
        assert str(cast.debtor.birth_year) not in reply
        assert ' "' not in reply.replace('": "', "")


def test_the_accounts_can_do_no_more_than_they_need(practice: Practice) -> None:
    """With the accounts exchanged the engine refuses both; the refusal is not taken for an unknown outcome."""
    swapped = practice.desk(
        read_user=WRITER,
        read_password=practice.passwords.get(WRITER, ""),
        write_user=READER,
        write_password=practice.passwords.get(READER, ""),
    )
    with pytest.raises(BackendUnavailable, match="335544352"):
        swapped.find_patient(FIND, Call())
    with pytest.raises(BackendUnavailable, match="335544352"):
        swapped.hold_slot(HOLD, CALL)


def a_note(desk: IntramedDesk) -> Sending:
    """One note, ready to send."""
    request = PracticeNoteRequest.model_validate(
        {"patient": "00000101", "text": "x", "reported_at": "2026-11-19T22:14:03+01:00"}
    )
    document = desk.log_note(request, CALL)
    return Sending("note", document.body, document.subject, document.reported_at, CALL.reference)


def assert_unavailable(desk: IntramedDesk) -> None:
    """Reads and immediate writes say unavailable, a delivery says not sent, a look-up cannot answer."""
    for call in (lambda: desk.find_patient(FIND, Call()), lambda: desk.hold_slot(HOLD, CALL)):
        with pytest.raises(BackendUnavailable):
            call()
    assert isinstance(desk.destination.send(a_note(desk)), NotSent)
    with pytest.raises(BackendUnavailable):
        desk.destination.find(a_note(desk))


def test_a_server_that_is_gone_is_unavailable(engine: None, sandbox: Path, tmp_path: Path, cast: Cast) -> None:
    """After a kill nothing is unknown: no connection, so nothing was sent."""
    del engine
    with running_server(tmp_path / "root") as server:
        practice = Practice(server.database(sandbox), dict(server.passwords))
        desk = practice.desk()
        request = FindPatientRequest(telephone=spelled(min(cast.alone.numbers)))
        assert desk.find_patient(request, Call()).name == cast.alone.name
        server.kill()
        assert_unavailable(desk)


def test_a_wrong_password_is_unavailable(firebird_server: FirebirdServer, sandbox: Path) -> None:
    """A failed log-in proves that nothing was executed."""
    practice = Practice(firebird_server.database(sandbox), {READER: "wrong", WRITER: "wrong"})
    assert_unavailable(practice.desk())


def test_two_processes_share_an_embedded_sandbox(sandbox: Path) -> None:
    """The demo reads back what the shim's process has written, while that process has the file open."""
    script = "import sys; from pathlib import Path; from simulators.intramed.sandbox import *\n"
    script += "use_private_engine(Path(sys.argv[2]))\n"
    script += "with owner_connection(sys.argv[1]) as c: print(c.info.name)"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FIREBIRD")}
    with owner_connection(str(sandbox)):
        other = subprocess.run(
            [sys.executable, "-c", script, str(sandbox), os.environ["FIREBIRD"]],
            capture_output=True,
            check=False,
            env=environment,
        )
    assert other.returncode == 0, other.stderr
