from pathlib import Path

import pytest

from adapters.odbc.pooling import pooling_enabled


def environment(folder: Path) -> dict[str, str]:
    """Return an environment in which the driver manager looks into this folder only."""
    return {"ODBCSYSINI": str(folder), "HOME": str(folder / "home")}


@pytest.mark.parametrize("value", ["Yes", "yes", "Y", "1", "On", "on", "True", "Yes  "])
def test_pooling_is_found(tmp_path: Path, value: str) -> None:
    """Every spelling that switches it on, or is meant to; the file is named."""
    path = tmp_path / "odbcinst.ini"
    path.write_text(f"[ODBC]\nTrace = No\nPooling = {value}\n\n[Firebird]\nDriver=x.so\n")
    assert pooling_enabled(environment(tmp_path)) == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[ODBC]\nPooling=No\n",
        "[ODBC]\nPooling=0\n",
        "[ODBC]\nPooling=Off\n",
        "[ODBC]\nPooling=\n",
        "[ODBC]\n#Pooling=Yes\n;Pooling=Yes\n",
        "[ODBC]\nTrace=Yes\n[Firebird]\nPooling=Yes\n",
        "Pooling=Yes\n",
    ],
)
def test_no_pooling_is_no_complaint(tmp_path: Path, text: str) -> None:
    """Comments, other sections and other values do not count."""
    (tmp_path / "odbcinst.ini").write_text(text)
    assert pooling_enabled(environment(tmp_path)) is None


def test_the_file_may_have_another_name(tmp_path: Path) -> None:
    """ODBCINSTINI names it."""
    path = tmp_path / "other.ini"
    path.write_text("[ODBC]\nPooling=Yes\n")
    assert pooling_enabled(environment(tmp_path) | {"ODBCINSTINI": "other.ini"}) == path


def test_the_users_file_counts_where_the_system_says_nothing(tmp_path: Path) -> None:
    """The first section [ODBC] decides, even one that does not mention pooling."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".odbcinst.ini").write_text("[ODBC]\nPooling=Yes\n")
    assert pooling_enabled(environment(tmp_path)) == home / ".odbcinst.ini"
    (tmp_path / "odbcinst.ini").write_text("[ODBC]\nTrace=No\n")
    assert pooling_enabled(environment(tmp_path)) is None
