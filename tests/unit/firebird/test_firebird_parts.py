from pathlib import Path
from types import SimpleNamespace

import pytest

from adapters.firebird.address import Address
from adapters.firebird.charset import codec_of
from adapters.firebird.faults import Fault, describe, fault_of
from adapters.firebird.statements import StatementInvalid, load_statement
from adapters.firebird.tidy import tidy


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Jansen      ", "Jansen"),
        (" van  der\tVeen ", "van der Veen"),
        ("06\u00a010001010", "06 10001010"),
        ("Jan\u200bsen\ufeff", "Jansen"),
        ("Zoe\u0308", "Zoë"),
        ("een  \r\n\r\n twee ", "een\n\ntwee"),
        ("", ""),
    ],
)
def test_tidy_text_reads_as_people_write_it(written: str, read: str) -> None:
    """Padding, invisible characters and decomposed letters go; line breaks stay."""
    assert tidy(written) == read


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("/srv/practice.fdb", Address("/srv/practice.fdb")),
        ("data/practice.fdb", Address("data/practice.fdb")),
        (r"C:\intramed\practice.fdb", Address(r"C:\intramed\practice.fdb")),
        ("db.example:/srv/p.fdb", Address("/srv/p.fdb", "db.example", 3050)),
        ("db.example/3051:intramed", Address("intramed", "db.example", 3051)),
        (r"db.example:C:\intramed\p.fdb", Address(r"C:\intramed\p.fdb", "db.example", 3050)),
    ],
)
def test_addresses_are_firebirds_own_notation(text: str, address: Address) -> None:
    """A drive letter is no host; a server without a port listens on 3050."""
    assert Address.parse(text) == address


@pytest.mark.parametrize(
    ("codes", "state", "fault"),
    [
        ((335544336, 335544451, 335544878), "40001", Fault.CONTENTION),
        ((335544665,), "23000", Fault.CONTENTION),
        ((335544517,), "HY000", Fault.REFUSED),
        ((335544321,), "22001", Fault.REFUSED),
        ((335544466,), "23000", Fault.REFUSED),
        ((335544472,), "28000", Fault.FORBIDDEN),
        ((335544352,), "28000", Fault.FORBIDDEN),
        ((335544569,), "42000", Fault.FORBIDDEN),
        ((335544721,), "08006", Fault.LOST),
        ((335544726,), "08006", Fault.LOST),
        ((335544856,), None, Fault.LOST),
        ((335544333,), "XX000", Fault.OTHER),
        ((), None, Fault.OTHER),
    ],
)
def test_codes_prove_what_they_prove(codes: tuple[int, ...], state: str | None, fault: Fault) -> None:
    """Only a code that is known to mean "not executed" is read so; an error without codes proves nothing."""
    error = SimpleNamespace(gds_codes=codes, sqlstate=state)
    assert fault_of(error) is fault
    assert all(str(code) in describe(error) for code in codes)


def test_a_description_never_quotes_the_engine() -> None:
    """The engine's text may hold a key value; codes cannot."""
    error = ValueError("Problematic key value is (\"NAME\" = 'Jansen')")
    assert "Jansen" not in describe(error)


def test_a_statement_is_its_text_without_its_head(tmp_path: Path) -> None:
    """Names in comments are no parameters, and a cast is no parameter either."""
    path = tmp_path / "look.sql"
    path.write_text(
        "-- Looks :around\n-- parameter key: k\n-- column name: n\nselect X as NAME from T where K = :key;\n"
    )
    statement = load_statement(path)
    assert (statement.name, statement.sql) == ("look", "select X as NAME from T where K = :key")
    assert (*statement.parameters, *statement.columns) == ("key", "name")


@pytest.mark.parametrize(
    "text",
    [
        "-- column name: n\nselect X as NAME from T where K = :key",
        "-- parameter key: k\n-- column name: n\nselect X as NAME from T",
        "-- parameter key: k\nselect X as NAME from T where K = :key",
    ],
)
def test_a_statement_that_breaks_its_own_head_is_invalid(tmp_path: Path, text: str) -> None:
    """Undeclared, unused, or without columns: found at start, and the file is named."""
    path = tmp_path / "look.sql"
    path.write_text(text)
    with pytest.raises(StatementInvalid, match=r"look\.sql"):
        load_statement(path)


@pytest.mark.parametrize(("charset", "codec"), [("WIN1252", "cp1252"), ("utf8", "utf-8"), ("ISO8859_1", "iso8859-1")])
def test_character_sets_have_a_codec(charset: str, codec: str) -> None:
    """Firebird's name, in any case."""
    assert codec_of(charset) == codec


@pytest.mark.parametrize("charset", ["", "OCTETS", "LATIN9"])
def test_a_character_set_without_characters_is_refused(charset: str) -> None:
    """OCTETS stores bytes; the others do not exist."""
    with pytest.raises(ValueError, match="charset must be"):
        codec_of(charset)
