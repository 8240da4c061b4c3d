"""A verification finds each value that survives, wherever it stands, and nothing else."""

from dataclasses import replace

import pytest

from contracts.snapshots import Origin, SnapshotRefused
from shim.pseudonyms.key import PseudonymKey
from shim.snapshots.dates import shifting
from shim.snapshots.unchanged import Summing, differences
from shim.snapshots.verdict import Verdict
from tests.unit.shim.snapshots.stage import CLINIC, FEW, PATIENT, Stage

NUMBER, FAMILY, FULL, STREET, TELEPHONE, NOTE, BIRTH, PICTURE = range(8)


def found(verdict: Verdict) -> set[tuple[str, str]]:
    """Return kind and place of each survivor."""
    return {(one.of.rsplit("(", 1)[1].rstrip(")"), one.where) for one in verdict.survivors}


def test_a_result_that_holds_nobody_is_clean(stage: Stage) -> None:
    """And it is told what was searched for, where, and what stood there by right."""
    verdict = stage.run()
    assert verdict.clean, (verdict.survivors, verdict.differences)
    values = {one.column: one.values for one in verdict.searched}
    assert values["NUMMER"] == values["TELEFOON"] == FEW
    assert verdict.rows == {"PATIENT": FEW, "VESTIGING": 2}
    assert verdict.raw_bytes > 1000
    assert [(one.where, one.count) for one in verdict.by_right] == [("VESTIGING.NAAM", 1), ("raw bytes", 1)]


def test_the_original_itself_is_found_whole(stage: Stage) -> None:
    """So the search works: every value of every column, in rows and in raw bytes."""
    stage.people = [list(row) for row in stage.originals]
    verdict = stage.run()
    for column in ("NUMMER", "ACHTERNAAM", "NAAM", "STRAAT", "TELEFOON"):
        of = [one for one in verdict.survivors if f".{column} (" in one.of]
        assert sum(one.count for one in of if one.where == f"PATIENT.{column}") == FEW
        assert sum(one.count for one in of if one.where == "raw bytes") >= FEW or column in {"NAAM", "ACHTERNAAM"}


@pytest.mark.parametrize(
    "written",
    [
        "bel {}",
        "bel {} terug",
        "(06) {6}{7}{8}{9} {rest}",
        "0 6.{6}/{7}-{8}_{9}, {rest}",
        "tel:{upper}!",
    ],
)
def test_a_number_in_a_note_survives_however_it_is_spelled(stage: Stage, written: str) -> None:
    """Only letters and digits count."""
    number = stage.text(2, TELEPHONE)
    digits = dict(zip("6789", number[3:7], strict=True))
    note = written.replace("{}", number).replace("{rest}", number[7:]).replace("{upper}", number.upper())
    for place, digit in digits.items():
        note = note.replace(f"{{{place}}}", digit)
    stage.people[4][NOTE] = note
    verdict = stage.run()
    assert ("telephone", "PATIENT.OPMERKING") in found(verdict)
    assert next(one for one in verdict.survivors if one.where == "PATIENT.OPMERKING").first == (5,)


def test_names_survive_in_any_case_and_behind_padding(stage: Stage) -> None:
    """A family name alone is one in a note; in its own column, too."""
    stage.people[0][NOTE] = "moeder is VAN OMMELANDERWIJK."
    stage.people[1][FAMILY] = "kerkwegh".ljust(40)
    verdict = stage.run()
    assert {("family_name", "PATIENT.OPMERKING"), ("family_name", "PATIENT.ACHTERNAAM")} <= found(verdict)


def test_what_is_no_word_of_its_own_is_none(stage: Stage) -> None:
    """Kerkwegh is not in Kerkweghlaantje."""
    stage.people[0][NOTE] = "de Kerkweghlaantje en 1060000"
    assert stage.run().clean


def test_no_output_holds_a_value(stage: Stage) -> None:
    """Neither the survivors' lines nor the JSON."""
    stage.people = [list(row) for row in stage.originals]
    verdict = stage.run()
    told = f"{verdict} {verdict.as_json()}".casefold()
    for row in stage.originals:
        assert not [cell for cell in row[:5] if str(cell).strip().casefold() in told]


def test_kept_columns_may_have_words_but_no_numbers(stage: Stage) -> None:
    """A clinic that is called after a street is no survivor; somebody's number or whole name is one."""
    stage.clinics[1][1] = f"Kerkwegh {stage.text(1, TELEPHONE)}"
    verdict = stage.run()
    assert ("telephone", "VESTIGING.NAAM") in found(verdict)
    assert not [one for one in verdict.survivors if "family_name" in one.of]
    assert "VESTIGING: columns that the policy keeps are not what they are in the original" in verdict.differences


def test_a_whole_name_in_a_kept_column_survives(stage: Stage) -> None:
    """It names somebody, though it is letters only."""
    stage.clinics[1][1] = f"Praktijk {stage.text(3, FULL)}"
    assert ("full_name", "VESTIGING.NAAM") in found(stage.run())


def test_what_the_policy_empties_must_be_empty(stage: Stage) -> None:
    """Whatever is in it."""
    stage.people[3][PICTURE] = "x"
    assert stage.run().differences == ("PATIENT.FOTO must be empty and 1 cells are not",)


@pytest.mark.parametrize(
    "spelled", ["{}", "\x00\x01{}\x00", "x\x00\xfe{}", "|{0}{1}-{rest}|"], ids=["plain", "binary", "torn", "spelled"]
)
def test_a_freed_page_is_searched(stage: Stage, spelled: str) -> None:
    """What is in no row any more is in the raw bytes."""
    number = stage.text(5, TELEPHONE)
    text = spelled.replace("{0}{1}", number[:2]).replace("{rest}", number[3:]).replace("{}", number)
    stage.tail = text.encode("latin-1")
    (survivor,) = stage.run().survivors
    assert (survivor.where, survivor.count) == ("raw bytes", 1)
    assert "telephone" in survivor.of


@pytest.mark.parametrize(("times", "survives"), [(1, False), (2, True)])
def test_what_two_fields_of_a_row_make_together_is_chance(stage: Stage, times: int, survives: bool) -> None:
    """Bytes have nothing between two fields; what stands there more often than rows explain has survived."""
    number = stage.text(5, TELEPHONE)
    stage.people[3][STREET], stage.people[3][NOTE] = f"Zandpad {number[:4]}", f"{number[4:]} belt terug"
    stage.tail = b"\x00\x00".join([b"Zandpad " + number.encode("latin-1") + b" belt terug"] * times)
    verdict = stage.run()
    assert {(one.where, one.count) for one in verdict.survivors} == ({("raw bytes", 2)} if survives else set())
    assert (("raw bytes, where two fields meet", 1) in {(one.where, one.count) for one in verdict.by_right}) != survives


@pytest.mark.parametrize("edge", [0, 1, 2, 3, 4, 7, 12, 15, 16, 17])
@pytest.mark.parametrize("after", [0, 9000])
def test_no_edge_of_a_chunk_hides_a_value(stage: Stage, edge: int, after: int) -> None:
    """A value that begins in one chunk and ends in the next is found, and once."""
    stage.edge = edge
    stage.tail = stage.text(4, FULL).encode() + b"." * after
    assert [(one.of, one.count) for one in stage.run().survivors if "full_name" in one.of] == [
        ("PATIENT.NAAM (full_name)", 1)
    ]


@pytest.mark.parametrize("odd", [b"", b"."], ids=["even", "odd"])
def test_text_of_windows_is_searched(stage: Stage, odd: bytes) -> None:
    """UTF-16 in a BLOB or a page, at any offset, across chunks."""
    name = stage.text(1, FULL)
    for stage.edge in (0, 9, 10, 50):
        stage.tail = odd + b"\x07\x07" + name.encode("utf-16-le") + b"\x07" * 9000
        (survivor,) = [one for one in stage.run().survivors if "full_name" in one.of]
        assert (survivor.where, survivor.count) == ("raw bytes as UTF-16", 1)
        stage.anew()


def test_fields_without_anything_between_them_are_parted(stage: Stage) -> None:
    """SQLite writes the fields of a row so."""
    family, number = stage.text(0, FAMILY), stage.text(0, NUMBER)
    stage.tail = f"{family}Anna{number}Rotterdam".encode()
    assert {("family_name", "raw bytes"), ("number", "raw bytes")} <= found(stage.run())


def test_a_date_is_no_number(stage: Stage) -> None:
    """A written day would be somebody's number in a large practice."""
    stage.originals[0][NUMBER], stage.originals[1][NUMBER] = "19580304", "20261106"
    stage.tail = b"1958-03-04 10:11:12|2026-11-06T09:08"
    assert stage.run().clean
    stage.anew()
    stage.tail = b"1958-0304|19580304"
    assert [one.count for one in stage.run().survivors] == [2]


def test_rows_and_schema_must_be_those_of_the_original(stage: Stage) -> None:
    """Fewer rows, a lost procedure, another table."""
    stage.people.pop()
    del stage.shape["table VESTIGING"]
    stage.shape["table PATIENT"] += " "
    stage.shape["procedure NEW"] = "begin end"
    assert set(stage.run().differences) == {
        "PATIENT has 6 rows, and the original 7",
        "the schema lacks table VESTIGING",
        "the schema has procedure NEW, and the original does not",
        "table PATIENT is another one than in the original",
    }


def test_a_number_in_a_procedure_survives(stage: Stage) -> None:
    """Whoever wrote it there did so before any policy."""
    stage.shape["table PATIENT"] += f" -- ask {stage.text(0, TELEPHONE)}"
    assert ("telephone", "the schema") in found(stage.run())


def test_another_policy_or_key_is_refused_by_name(stage: Stage) -> None:
    """And so are files in the wrong order."""
    other = replace(stage.policy, fingerprint="f" * 16, schema="planon")
    with pytest.raises(SnapshotRefused, match=f"made with another policy .*{stage.policy.fingerprint}.*planon"):
        stage.run(policy=other)
    with pytest.raises(SnapshotRefused, match=r"a wrong key: .* was made with key 0a0b0c0d, and this is "):
        stage_again(stage).run(key=PseudonymKey(b"k" * 32))
    stage.origin = None
    with pytest.raises(SnapshotRefused, match="never pseudonymised"):
        stage_again(stage).run()


def test_a_result_is_no_original(stage: Stage) -> None:
    """And so is a result that is compared with itself."""
    stage.original_origin = stage.origin
    with pytest.raises(SnapshotRefused, match="name what the result was made from"):
        stage.run()


def stage_again(stage: Stage) -> Stage:
    stage.anew()
    return stage


def with_dates_of(stage: Stage, key: PseudonymKey) -> Stage:
    """Give the result the dates that a key makes."""
    shifted = shifting(stage.policy, key)
    for person, original in zip(stage.people, stage.originals, strict=True):
        person[BIRTH] = shifted(PATIENT, tuple(original))[BIRTH]
    stage.origin = Origin(stage.policy.fingerprint, key.id, "practice")
    return stage


def test_dates_are_compared_with_what_the_key_makes(stage: Stage) -> None:
    """Row by row, whatever order the rows are in; without the key that is not checked, and it is said."""
    key = PseudonymKey(b"k" * 32)
    with_dates_of(stage, key).people.reverse()
    verdict = stage.run(key=key)
    assert verdict.clean, verdict
    assert "compared" in verdict.dates
    assert "not checked" in stage_again(stage).run().dates


def test_a_date_of_somebody_else_or_of_the_original_is_found(stage: Stage) -> None:
    """The shift of another person is wrong as well."""
    key = PseudonymKey(b"k" * 32)
    with_dates_of(stage, key).people[2][BIRTH] = stage.originals[2][BIRTH]
    assert stage.run(key=key).differences == ("PATIENT: dates are not shifted as this key shifts them",)
    with_dates_of(stage_again(stage), key)
    people = stage.people
    assert people[1][BIRTH] != people[3][BIRTH]
    people[1][BIRTH] = people[3][BIRTH]
    assert stage.run(key=key).differences == ("PATIENT: dates are not shifted as this key shifts them",)


@pytest.mark.parametrize(("kept", "became"), [(-1, -2), (0, 2**61 - 1)])
def test_a_kept_number_that_became_another_is_seen(stage: Stage, kept: int, became: int) -> None:
    """Python's own hash is the same for both."""
    sums = []
    for number in (kept, became):
        summing = Summing(CLINIC, stage.policy, None)
        summing.add((number, "Praktijk Centrum"))
        sums.append({"VESTIGING": summing.sums})
    (line,) = differences(*sums)
    assert line.startswith("VESTIGING: columns that the policy keeps")
    assert not [*differences(sums[0], sums[0])]
