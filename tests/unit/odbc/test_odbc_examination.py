"""What is read of the driver manager's files, without any driver."""

from pathlib import Path

import pytest

from adapters.odbc.examination import examine


def codes(folder: Path, driver: str = "Firebird", charset: str = "WIN1252") -> list[str]:
    """Return what is found with the files of this folder; every library can be loaded."""
    environment = {"ODBCSYSINI": str(folder), "HOME": str(folder)}
    steps = examine(driver, charset, environment, lambda _library: None)
    return [finding.diagnosis.code for step in steps for finding in step.findings]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A driver manager's folder with the driver, and nothing wrong."""
    (tmp_path / "driver.so").touch()
    (tmp_path / "odbcinst.ini").write_text(f"[ODBC]\nPooling=No\n[Firebird]\nDriver={tmp_path / 'driver.so'}\n")
    return tmp_path


def test_nothing_is_found_where_nothing_is_wrong(folder: Path) -> None:
    """By the driver's name in any case, by its file, and with a data source of another driver."""
    (folder / "odbc.ini").write_text("[other]\nDriver=SQLite3\nCHARSET=UTF8\nLOCKTIMEOUT=5\n")
    assert codes(folder) == codes(folder, "FIREBIRD") == codes(folder, str(folder / "driver.so")) == []


def test_the_options_own_charset_counts_too(folder: Path) -> None:
    """UTF8 over this driver cuts names, wherever it is said."""
    assert codes(folder, charset="utf8") == ["odbc-charset-cuts"]
    (folder / ".odbc.ini").write_text("[practice]\nDriver=Firebird\nCharacterSet=utf8\n")
    assert codes(folder) == ["odbc-charset-cuts"]


@pytest.mark.parametrize("text", ["no section\n", "[half\n", "\xff"])
def test_files_that_are_none_break_nothing(folder: Path, text: str) -> None:
    """The driver is not registered then, and that is what is said."""
    (folder / "odbcinst.ini").write_text(text, encoding="latin-1")
    assert codes(folder) == ["odbc-driver-unknown"]
