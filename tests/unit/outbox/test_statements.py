"""Every statement exists in both dialects, under the same name and with the same parameters."""

import re
from importlib.resources import files

import pytest

from outbox.statements import Statements, bound, named

PACKAGES = ("outbox", "shim", "shim.audit")
NOT_STATEMENTS = re.compile(r"schema|\d{4}_\w+")
ONLY_POSTGRESQL = {("outbox", "owners")}
"""On one machine the kernel tells who lives."""
PARAMETER = re.compile(r"%\((\w+)\)s")


def statement_files(package: str, dialect: str) -> set[str]:
    folders = [folder for folder in (files(package) / dialect, files(package) / "sql") if folder.is_dir()]
    names = [file.name.removesuffix(".sql") for folder in folders for file in folder.iterdir() if ".sql" in file.name]
    assert len(names) == len(set(names))  # what stands once for both has no file of one dialect beside it
    return {name for name in names if not NOT_STATEMENTS.fullmatch(name)}


def parameters(statement: str) -> set[str]:
    uncommented = re.sub(r"--.*", "", statement)
    return set(PARAMETER.findall(bound(uncommented)))


EVERY = [(package, file) for package in PACKAGES for file in sorted(statement_files(package, "sqlite"))]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_dialect_has_a_file_of_its_own(package: str) -> None:
    """But for what the other one does not need."""
    only = {file for owner, file in ONLY_POSTGRESQL if owner == package}
    assert statement_files(package, "postgresql") - only == statement_files(package, "sqlite")


@pytest.mark.parametrize(("package", "file"), EVERY)
def test_both_dialects_are_called_alike(package: str, file: str) -> None:
    """Whoever runs a statement does not need to know where."""
    sqlite, postgresql = (named(package, dialect, file) for dialect in ("sqlite", "postgresql"))
    assert {name: parameters(text) for name, text in sqlite.items()} == {
        name: parameters(text) for name, text in postgresql.items()
    }
    assert len(sqlite) > 0


@pytest.mark.parametrize(("package", "file"), EVERY)
def test_every_statement_is_one(package: str, file: str) -> None:
    """A file's text before its first name is a comment, and a name has one statement."""
    for dialect in ("sqlite", "postgresql"):
        for name, text in named(package, dialect, file).items():
            uncommented = re.sub(r"--.*", "", text).strip()
            assert uncommented.endswith(";"), name
            assert uncommented.count(";") == 1, name
            assert set(PARAMETER.findall(bound(text))) == parameters(text), name  # none in a comment
    Statements(package, file)


def test_a_cast_is_no_parameter() -> None:
    """Nor is a percent sign one."""
    assert bound("SELECT :a::text, x % :b FROM t WHERE c LIKE '%'") == (
        "SELECT %(a)s::text, x %% %(b)s FROM t WHERE c LIKE '%%'"
    )
