from types import SimpleNamespace

import pytest

from adapters.firebird.address import Address
from adapters.firebird.charset import codec_of
from adapters.firebird.faults import describe, fault_of
from adapters.sql.faults import Fault


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


@pytest.mark.parametrize(("charset", "codec"), [("WIN1252", "cp1252"), ("utf8", "utf-8"), ("ISO8859_1", "iso8859-1")])
def test_character_sets_have_a_codec(charset: str, codec: str) -> None:
    """Firebird's name, in any case."""
    assert codec_of(charset) == codec


@pytest.mark.parametrize("charset", ["", "OCTETS", "LATIN9"])
def test_a_character_set_without_characters_is_refused(charset: str) -> None:
    """OCTETS stores bytes; the others do not exist."""
    with pytest.raises(ValueError, match="charset must be"):
        codec_of(charset)
