from contracts.telephone import normalise_telephone
from simulators.intramed.names import FAMILY_NUMBER
from simulators.intramed.practice import Practice, practice_rows


def test_rows_depend_on_the_seed_alone() -> None:
    """Twice the same, and another seed makes others: the snapshot can be made again anywhere."""
    assert practice_rows(1) == practice_rows(1)
    assert practice_rows(1)["PATIENT"] != practice_rows(2)["PATIENT"]


def test_every_text_can_be_stored() -> None:
    """All invented names fit the database's character set."""
    for _, rows in practice_rows().values():
        for row in rows:
            for value in row:
                if isinstance(value, str):
                    value.encode("cp1252")


def test_the_family_number_is_spelled_in_four_ways() -> None:
    """Only a person, or normalising, can see that these are one number."""
    _, rows = practice_rows()["TELEFOON"]
    readable = [text for _, patient, _, text in rows if "00000102" <= patient <= "00000105"]
    spelled = {text for text in readable if normalise_telephone(text) == normalise_telephone(FAMILY_NUMBER)}
    assert len(spelled) == 4


def test_a_practice_of_any_size_hangs_together() -> None:
    """Keys are unique, who is referred to is there, and tables can be read in any order, again and again."""
    tables = Practice(seed=5, patients=4_500).tables()
    notes = [*tables["JOURNAAL"][1]()]
    rows = {name: [*stream()] for name, (_, stream) in tables.items()}
    assert rows["JOURNAAL"] == notes
    assert rows == {name: stored for name, (_, stored) in practice_rows(5, 4_500).items()}
    keys = {name: {row[0] for row in found} for name, found in rows.items()}
    assert {name: len(found) for name, found in keys.items()} == {name: len(found) for name, found in rows.items()}
    assert len(rows["PATIENT"]) == 4_500
    assert len(rows["MEDEWERKER"]) == 28
    assert {row[1] for row in rows["TELEFOON"]} <= keys["PATIENT"]
    assert {row[1] for row in rows["AFSPRAAK"]} <= keys["AGENDA"]
    assert {row[2] for row in rows["AFSPRAAK"]} | {row[1] for row in notes} <= keys["PATIENT"]
    assert {row[1] for row in rows["AGENDA"]} == keys["MEDEWERKER"]


def test_rows_are_made_as_they_are_asked_for() -> None:
    """The first row of a practice of a hundred million patients costs no more than any other."""
    _, stream = Practice(patients=100_000_000).tables()["TELEFOON"]
    assert next(stream())[:2] == (1, "00000101")
