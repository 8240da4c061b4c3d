"""What doctor can find, as a whole: the page has it all, codes are one each, and the texts sound alike."""

import re

import pytest

from contracts.examination import Diagnosis
from tests.unit.house import diagnoses

NAMES = ("Firebird", "Planon", "Intramed", "PostgreSQL", "SQLite", "TLS", "SOAP", "WSDL", "ODBC")
"""What a clause may begin with in capitals."""


def test_the_page_is_what_the_code_says() -> None:
    """Every diagnosis with its remedy; `python -m tests.unit.house.diagnoses` renders the table anew."""
    page = diagnoses.PAGE.read_text(encoding="utf-8")
    assert diagnoses.on_page(page) == diagnoses.render().strip("\n")


def test_a_code_is_one_diagnosis() -> None:
    """Two adapters may share one; none means two things."""
    seen: dict[str, Diagnosis] = {}
    for part, found in diagnoses.lists():
        assert len({diagnosis.code for diagnosis in found}) == len(found), part
        for diagnosis in found:
            assert seen.setdefault(diagnosis.code, diagnosis) == diagnosis, part


@pytest.mark.parametrize("diagnosis", diagnoses.every().values(), ids=diagnoses.every())
def test_the_texts_sound_alike(diagnosis: Diagnosis) -> None:
    """What is a clause, why and what to do are sentences; a code is words with hyphens."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", diagnosis.code)
    assert not diagnosis.what.endswith(".")
    assert diagnosis.what[0].islower() or diagnosis.what.startswith(NAMES)
    for text in (diagnosis.why, diagnosis.remedy):
        assert text.endswith((".", "…"))
        assert text[0].isupper()
    assert all("\n" not in text and text.isprintable() for text in (diagnosis.what, diagnosis.why, diagnosis.remedy))
