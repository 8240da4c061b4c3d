from contracts.telephone import normalise_telephone
from simulators.intramed.names import FAMILY_NUMBER
from simulators.intramed.practice import practice_rows


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
