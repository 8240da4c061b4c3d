"""A policy says what every column is, and names whatever does not fit."""

from dataclasses import replace
from pathlib import Path

import pytest

from contracts.snapshots import Column, Reference, SnapshotRefused, Table
from shim.pseudonyms.kinds import KINDS, What
from shim.pseudonyms.policy import Policy, load_policy

POLICY = """
schema = "invented"
[tables.PERSON]
person = "ID"
[tables.PERSON.columns]
ID = "number:person"
NAME = "family_name"
BORN = "birth_date"
[tables.CALL]
person = ["PERSON"]
[tables.CALL.columns]
ID = "keep"
PERSON = "number:person"
NOTE = "text"
[elements]
TenantName = "family_name"
"find/return" = "number:incident"
"""
PERSON = Table(
    "PERSON", (Column("ID", "text", 8), Column("NAME", "text", 40), Column("BORN", "date")), ("ID",), (("ID", "NAME"),)
)
CALL = Table(
    "CALL",
    (Column("ID", "integer"), Column("PERSON", "text", 8), Column("NOTE", "text")),
    ("ID",),
    (),
    (Reference(("PERSON",), "PERSON", ("ID",)),),
)


def policy(folder: Path, text: str = POLICY) -> Policy:
    path = folder / "personal.toml"
    path.write_text(text, encoding="utf-8")
    return load_policy(path)


def test_a_policy_says_what_a_column_is(tmp_path: Path) -> None:
    """Kind and domain, the person of a row, and elements by whatever names them."""
    told = policy(tmp_path)
    told.check([PERSON, CALL])
    assert told.what("CALL", "PERSON") == What("number", "person")
    assert told.tables["PERSON"].person == ("ID",)
    assert told.elements["find/return"] == What("number", "incident")
    assert told.schema == "invented"


def test_the_fingerprint_is_of_the_rules(tmp_path: Path) -> None:
    """A comment changes nothing, a rule does."""
    one = policy(tmp_path)
    assert policy(tmp_path, "# said\n" + POLICY).fingerprint == one.fingerprint
    assert policy(tmp_path, POLICY.replace('NOTE = "text"', 'NOTE = "keep"')).fingerprint != one.fingerprint
    assert len(one.fingerprint) == 16


def test_every_unknown_column_is_named_at_once(tmp_path: Path) -> None:
    """A column and a table that the policy does not know stop the run, in one line."""
    wider = replace(PERSON, columns=(*PERSON.columns, Column("SECRET", "text", 10)))
    diary = Table("DIARY", (Column("ENTRY", "text"),))
    with pytest.raises(SnapshotRefused, match=r"PERSON\.SECRET, DIARY\.ENTRY"):
        policy(tmp_path).check([wider, CALL, diary])


def test_a_policy_for_another_schema_is_told(tmp_path: Path) -> None:
    """What the database lacks is named."""
    narrower = replace(PERSON, columns=PERSON.columns[:2])
    with pytest.raises(SnapshotRefused, match=r"another schema: the database lacks CALL, PERSON\.BORN"):
        policy(tmp_path).check([narrower])


MISFITS = {
    "a reference of another domain": ('PERSON = "number:person"', 'PERSON = "number:other"', r"CALL\.PERSON is number"),
    "a name of a date": ('BORN = "birth_date"', 'BORN = "family_name"', r"PERSON\.BORN holds a value of kind date"),
    "a date that is unique": ('NAME = "family_name"', 'NAME = "date"', r"PERSON\.NAME is unique, and two values"),
    "a key that becomes NULL": ('\nID = "keep"', '\nID = "null"', r"CALL\.ID"),
    "no such kind": ('"text"', '"surname"', r"CALL\.NOTE is \"surname\".*family_name"),
    "no domain": ('"number:person"\nNAME', '"number:Q U"\nNAME', r"PERSON\.ID is .*lower-case"),
    "no text": ('"text"', "7", r"CALL\.NOTE must be a text"),
    "a person of no column": ('person = "ID"', 'person = "WHO"', "person of PERSON"),
    "no schema": ('schema = "invented"', "", "schema"),
    "an unknown part": ("[elements]", "[element]", "unknown parts: element"),
    "no TOML": ("[elements]", "[elements", "no TOML"),
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_a_rule_that_cannot_hold_is_named(misfit: str, tmp_path: Path) -> None:
    """By table, column and reason, before any row is read."""
    old, new, says = MISFITS[misfit]
    assert old in POLICY
    with pytest.raises(SnapshotRefused, match=says):
        policy(tmp_path, POLICY.replace(old, new, 1)).check([PERSON, CALL])


def test_a_name_needs_room_where_it_is_unique(tmp_path: Path) -> None:
    """A name that is cut to its column could be another's."""
    narrow = replace(PERSON, columns=(PERSON.columns[0], Column("NAME", "text", 8), PERSON.columns[2]))
    with pytest.raises(SnapshotRefused, match="too short for family_name"):
        policy(tmp_path).check([narrow, CALL])


def test_what_the_database_computes_is_not_judged(tmp_path: Path) -> None:
    """A computed column of any type may be of any kind: it is never written."""
    computed = replace(PERSON.columns[2], kind="float", computed=True)
    policy(tmp_path).check([replace(PERSON, columns=(*PERSON.columns[:2], computed)), CALL])


@pytest.mark.parametrize("vendor", ["intramed", "planon"])
def test_the_policies_of_the_vendors_are_read(vendor: str) -> None:
    """Every kind in them is one, and a table with people says whose its rows are."""
    told = load_policy(Path("adapters") / vendor / "personal.toml")
    assert told.schema == vendor
    for name, table in told.tables.items():
        shifted = {what.kind for what in table.columns.values()} & {"birth_date", "date", "timestamp"}
        assert table.person or not shifted, name
    assert KINDS.keys() >= {what.kind for table in told.tables.values() for what in table.columns.values()}
