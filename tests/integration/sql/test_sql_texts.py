import logging
from dataclasses import replace

import pytest

from adapters.firebird.address import Address
from adapters.firebird.native import NativeSource
from adapters.sql.ahead import Connections, Keeping
from adapters.sql.faults import Contention, StatementRefused
from adapters.sql.messages import Step
from adapters.sql.transport import Transport
from contracts.errors import BackendUnavailable
from tests.integration.sql.places import Place, soon


def store(place: Place, number: int, name: str, raw: bytes) -> None:
    """Write a row past everything that is tested."""
    with place.owner(commit=True) as cursor:
        cursor.execute(f"update SLOT set NAME = ?, RAW = x'{raw.hex()}' where ID = {number}", (name,))  # noqa: S608 - the test's own names


def test_texts_arrive_tidy(firebird: Place) -> None:
    """The padding of a CHAR column, a non-breaking space and a soft hyphen."""
    store(firebird, 1, "van\u00a0der  Jan\u00adsen", b"a\xa0 b")
    assert firebird.transport().read("texts", {"id": 1}, soon()) == ({"name": "van der Jansen", "raw": "a b"},)


def test_a_byte_that_is_no_character_costs_neither_row_nor_query(
    firebird: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """It is shown as U+FFFD, counted, and logged without the text."""
    store(firebird, 1, "Jansen", b"Vries\x81\x8d")
    transport = firebird.transport()
    caplog.set_level(logging.WARNING)
    assert transport.read("texts", {"id": 1}, soon()) == ({"name": "Jansen", "raw": "Vries\ufffd\ufffd"},)
    assert transport.undecodable == {"texts.raw": 2}
    assert "texts.raw: 2 bytes" in caplog.text
    assert "Vries" not in caplog.text


def test_a_column_can_have_a_character_set_of_its_own(firebird: Place) -> None:
    """Bytes of UTF-8 in a column without a character set, on a connection in WIN1252."""
    store(firebird, 1, "Zoë", "Zoë 5 €".encode())
    connections = Connections(firebird.source, firebird.statements, Keeping(), {"texts.raw": "utf-8"})
    firebird.used.append(connections)
    rows = Transport(connections, connections).read("texts", {"id": 1}, soon())
    assert rows == ({"name": "Zoë", "raw": "Zoë 5 €"},)


def test_a_parameter_that_cannot_be_written_is_refused(firebird: Place) -> None:
    """Nothing is guessed, and nothing is written."""
    transport = firebird.transport()
    with pytest.raises(StatementRefused, match="cp1252") as refused:
        transport.write([Step("hold", {"id": 1, "holder": "💧 Jansen"})], soon())
    assert "Jansen" not in str(refused.value)


def test_a_lock_is_contention_at_once(firebird: Place) -> None:
    """The native client waits for nobody; nothing is unknown."""
    transport = firebird.transport()
    with firebird.owner() as cursor:
        cursor.execute("update SLOT set HOLDER = 'B' where ID = 1")
        with pytest.raises(Contention, match=r"335544345|335544451|335544878"):
            transport.write([Step("hold", {"id": 1, "holder": "A"})], soon())


def test_steps_are_one_transaction(firebird: Place) -> None:
    """When a step ends otherwise than hoped, what came before it is undone; else both are kept."""
    transport = firebird.transport()
    first, held = Step("hold", {"id": 1, "holder": "A"}), frozenset({"HELD"})
    other = Step("hold", {"id": 2, "holder": "A"}, frozenset({"SOLD"}))
    rows = transport.write([first, other, first], soon())
    assert rows == (({"outcome": "HELD"},), ({"outcome": "HELD"},))
    assert transport.read("holder", {"id": 1}, soon()) == ({"holder": None},)
    transport.write([first, replace(other, go_on=held)], soon())
    assert transport.read("holder", {"id": 2}, soon()) == ({"holder": "A"},)


def test_a_read_is_never_committed(firebird: Place) -> None:
    """Even when somebody reads from a procedure that writes."""
    transport = firebird.transport()
    assert transport.read("hold", {"id": 1, "holder": "A"}, soon()) == ({"outcome": "HELD"},)
    assert transport.read("holder", {"id": 1}, soon()) == ({"holder": None},)


def test_an_account_that_only_reads_cannot_write(firebird: Place) -> None:
    """Its transactions are read-only, whatever its rights."""
    source = firebird.source
    assert isinstance(source, NativeSource)
    transport = firebird.transport(replace(source, writes=False))
    with pytest.raises(BackendUnavailable, match="335544361"):
        transport.read("hold", {"id": 1, "holder": "A"}, soon())


def test_the_same_on_the_embedded_engine(firebird: Place) -> None:
    """A path without a host: the engine runs in the workers, and none of them stands open in this process."""
    source = firebird.source
    assert isinstance(source, NativeSource)
    embedded = replace(source, address=Address(source.address.path), user="SYSDBA", password="")
    transport = firebird.transport(embedded)
    try:
        rows = transport.read("holder", {"id": 1}, soon())
    except BackendUnavailable as error:
        pytest.skip(f"the server has the file for itself: {error}")
    assert rows == ({"holder": None},)
