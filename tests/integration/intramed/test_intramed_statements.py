from datetime import datetime
from typing import Final

import pytest
from firebird.driver import DatabaseError

from adapters.sql.statements import KINDS, load_statement
from tests.integration.intramed.direct import MOMENT, NOBODY, STATEMENTS, Direct, Given
from tests.integration.intramed.stage import Practice
from tests.practice_cast import Cast

FILES: Final = sorted(path.stem for path in STATEMENTS.glob("*.sql"))
REPORTED: Final = datetime(2031, 3, 6, 14, 30)  # noqa: DTZ001 - the practice's local time
WRITES: Final = {"hold_slot", "confirm", "cancel", "book", "log_note", "log_note_text"}


@pytest.mark.parametrize("name", FILES)
def test_every_statement_gives_the_columns_of_its_head(name: str, writer: Direct, reader: Direct) -> None:
    """With the rights of the account that runs it, and no procedure opened."""
    statement = load_statement(STATEMENTS / f"{name}.sql")
    found = (writer if name in WRITES else reader).found(statement)
    assert found == {column: KINDS[kind] for column, kind in statement.columns.items()}


def test_the_reader_writes_nothing_and_the_writer_reads_nothing(writer: Direct, reader: Direct) -> None:
    """Each account is refused what the other one is for."""
    for account, name in ((reader, "hold_slot"), (reader, "cancel"), (writer, "list_upcoming"), (writer, "slot")):
        with pytest.raises(DatabaseError, match="no permission"):
            account.found(load_statement(STATEMENTS / f"{name}.sql"))


def test_list_upcoming_shows_what_is_live_and_to_come(writer: Direct, reader: Direct, given: Given, cast: Cast) -> None:
    """The cancelled and the begun are left out."""
    first, second = (given.booked(writer, place.slot, f"K{place.slot}") for place in cast.thursday[:2])
    asked = {"patient": given.patient, "max_rows": 10_000}

    def listed(moment: datetime) -> set[int]:
        reader.rollback()
        return {row["appointment"] for row in reader.rows("list_upcoming", moment=moment, **asked)}

    assert listed(MOMENT) >= {first, second}
    assert listed(cast.moment).isdisjoint({first, second})
    assert writer.outcome("cancel", appointment=first, patient=given.patient, moment=MOMENT) == "CANCELLED"
    assert listed(MOMENT) & {first, second} == {second}


def test_a_note_without_a_reference_column_is_found_by_its_text(
    writer: Direct, reader: Direct, given: Given, cast: Cast
) -> None:
    """Only the patient's own notes, and never all of them."""
    note = {"patient": given.patient, "reported": REPORTED, "utc_minutes": 60, "note_text": "Knie nog stijf. [LS-7QK2]"}
    assert writer.outcome("log_note_text", **note) == "LOGGED"
    found = reader.row("find_note_text", patient=given.patient, reference="LS-7QK2")
    assert (found["reported"], found["utc_minutes"]) == (REPORTED, 60)
    for patient, reference in ((cast.another.number, "LS-7QK2"), (given.patient, "LS-XXXX"), (given.patient, "")):
        assert reader.rows("find_note_text", patient=patient, reference=reference) == []
    with pytest.raises(DatabaseError, match="onbekende patient"):
        writer.outcome("log_note_text", **note | {"patient": NOBODY})


def test_a_name_can_be_stored_with_a_byte_of_no_character(
    reader: Direct, practice: Practice, given: Given, cast: Cast
) -> None:
    """0x81 means nothing in WIN1252: the engine keeps it, and the driver's strict decoding fails on it."""
    practice.change(
        "update PATIENT set ACHTERNAAM = cast(_OCTETS x'4A816E73656E' as varchar(6)) where NUMMER = ?", given.patient
    )
    ((octets,),) = practice.rows(
        "select cast(substring(ACHTERNAAM from 1 for 6) as char(6) character set OCTETS) from PATIENT where NUMMER = ?",
        given.patient,
    )
    assert octets == b"J\x81nsen"
    with pytest.raises(UnicodeDecodeError):
        reader.rows("find_patient", digits=f"%{'%'.join(min(cast.alone.numbers)[-6:])}%")
