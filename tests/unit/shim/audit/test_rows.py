"""A row's hash covers all of it, and what is stored is what was hashed."""

import hashlib
import json

import pytest

from shim.audit.rows import COLUMNS, LONGEST, canonical, hash_of, row_of
from tests.unit.shim.audit.record import Record, asked


def test_the_hash_is_what_the_docs_say() -> None:
    """SHA-256 over the previous hash and the other columns as canonical JSON."""
    row = row_of(asked(purpose="é"), "chain", 3, 1_000)
    text = json.dumps(row, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    assert hash_of("ff", row) == hashlib.sha256(f"ff{text}".encode()).hexdigest()


@pytest.mark.parametrize("name", COLUMNS)
def test_every_column_is_in_the_hash(name: str) -> None:
    """Another value, or none, is another hash."""
    row = row_of(asked(outcome="ok", status=200, actor="beheer"), "chain", 3, 1_000)
    assert row[name] is not None
    for other in ("another", None, 7):
        assert hash_of("", {**row, name: other}) != hash_of("", row)


def test_the_row_before_is_in_the_hash() -> None:
    """So no row can be taken elsewhere."""
    row = row_of(asked(), "chain", 3, 1_000)
    assert hash_of("", row) != hash_of("00", row)


@pytest.mark.parametrize("detail", [{"took": 0.5}, {"deep": [{"er": 1.0}]}])
def test_floats_are_refused(detail: dict[str, float]) -> None:
    """Every language writes them its own way, and then the hash of the same row differs."""
    with pytest.raises(TypeError, match="float"):
        canonical(detail)


def test_canonical_json_has_one_form() -> None:
    """Keys sorted, no blanks, UTF-8."""
    assert canonical({"b": [1, None, True], "a": "é\n"}) == '{"a":"é\\n","b":[1,null,true]}'


def test_what_a_database_would_change_is_changed_before(audit: Record) -> None:
    """A NUL, half a surrogate pair, and what is too long: the stored row still has its hash."""
    audit.log().write(asked(purpose="a\0b", on_behalf_of="\ud800", correlation="x" * 1000, detail={"k": "\ud800\0"}))
    (row,) = audit.rows()
    assert (row["purpose"], row["on_behalf_of"], len(row["correlation"])) == ("a\ufffdb", "?", LONGEST)
    assert json.loads(row["detail"]) == {"k": "?\0"}
    assert not audit.verify(with_file=False).found
