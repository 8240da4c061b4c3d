import pytest

from adapters.odbc.faults import describe, disconnected, fault_of
from adapters.sql.faults import Fault

FIREBIRD = "[{0}] [ODBC Firebird Driver][Firebird]{2} ({1}) (SQLExecDirectW)"


class OdbcError(Exception):
    """Has the arguments of a pyodbc error."""


@pytest.mark.parametrize(
    ("state", "native", "text", "fault"),
    [
        ("40001", -913, "deadlock\n-update conflicts with concurrent update", Fault.CONTENTION),
        ("23000", -803, "violation of PRIMARY or UNIQUE KEY constraint", Fault.CONTENTION),
        ("23000", -530, "violation of FOREIGN KEY constraint", Fault.REFUSED),
        ("23000", -625, "validation error for column", Fault.REFUSED),
        ("HY000", -836, "exception 1\n-E_REFUSED", Fault.REFUSED),
        ("HY000", -836, "exception 1\n-no (-803) (SQLFetch)", Fault.REFUSED),
        ("HY000", -802, "Cannot transliterate character between character sets", Fault.REFUSED),
        ("HY000", -104, "Token unknown", Fault.FORBIDDEN),
        ("42S02", -204, "Table unknown", Fault.FORBIDDEN),
        ("HY000", -551, "no permission for UPDATE access to TABLE T", Fault.FORBIDDEN),
        ("HY000", -817, "attempted update during read-only transaction", Fault.FORBIDDEN),
        ("HY000", -902, "connection shutdown", Fault.LOST),
        ("08S01", -902, "Error reading data from the connection.", Fault.LOST),
        ("HY000", -901, "something", Fault.OTHER),
    ],
)
def test_firebird_is_told_apart_by_its_native_code(state: str, native: int, text: str, fault: Fault) -> None:
    """Its driver says HY000 to most things; data in a message cannot pose as a code."""
    error = OdbcError(state, FIREBIRD.format(state, native, text))
    assert fault_of(error) is fault
    assert f"SQLSTATE {state}, native {native}" in describe(error)


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        ("08001", Fault.LOST),
        ("08S01", Fault.LOST),
        ("HYT00", Fault.LOST),
        ("HYT01", Fault.LOST),
        ("57P01", Fault.LOST),
        ("40003", Fault.LOST),
        ("40001", Fault.CONTENTION),
        ("40P01", Fault.CONTENTION),
        ("55P03", Fault.CONTENTION),
        ("23505", Fault.CONTENTION),
        ("23502", Fault.REFUSED),
        ("22003", Fault.REFUSED),
        ("P0001", Fault.REFUSED),
        ("28000", Fault.FORBIDDEN),
        ("42501", Fault.FORBIDDEN),
        ("IM002", Fault.FORBIDDEN),
        ("01000", Fault.FORBIDDEN),
        ("01004", Fault.OTHER),
        ("HY000", Fault.OTHER),
        ("57014", Fault.OTHER),
    ],
)
def test_elsewhere_the_state_decides(state: str, fault: Fault) -> None:
    """A native code of another database means something else."""
    assert fault_of(OdbcError(state, f"[{state}] [Other Driver]text (-803) (SQLExecute)")) is fault


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Your user name and password are not defined. Ask your database administrator.", Fault.FORBIDDEN),
        ("Unable to complete network request to host", Fault.LOST),
    ],
)
def test_a_wrong_password_is_no_lost_connection(text: str, fault: Fault) -> None:
    """The driver gives both the same state and the same code."""
    error = OdbcError("08004", f"[08004] [ODBC Firebird Driver]{text} (-902) (SQLDriverConnect)")
    assert fault_of(error) is fault


@pytest.mark.parametrize(
    ("arguments", "fault", "gone"),
    [
        ((), Fault.OTHER, False),
        ((5,), Fault.OTHER, False),
        (("Attempt to use a closed connection.",), Fault.LOST, True),
        (("The cursor's connection has been closed.",), Fault.LOST, True),
        (("The SQL contains 3 parameter markers, but 2 parameters were supplied", "HY000"), Fault.OTHER, False),
        (("HYT00", "[HYT00] [Other Driver]late (0) (SQLExecute)"), Fault.LOST, False),
        (("08S01", "[08S01] [Other Driver]gone (0) (SQLExecute)"), Fault.LOST, True),
    ],
)
def test_any_error_can_be_asked(arguments: tuple[object, ...], fault: Fault, gone: bool) -> None:
    """An error without codes raises nothing, and a time-out alone ends no connection."""
    error = OdbcError(*arguments)
    assert (fault_of(error), disconnected(error)) == (fault, gone)


def test_a_description_holds_codes_only() -> None:
    """The engine's text may hold a key value."""
    text = FIREBIRD.format("23000", -803, "Problematic key value is (\"NAME\" = 'Jansen')")
    assert describe(OdbcError("23000", text)) == "another transaction was first (SQLSTATE 23000, native -803)"
    assert describe(OdbcError("Jansen")) == "an unexpected error (SQLSTATE none)"
