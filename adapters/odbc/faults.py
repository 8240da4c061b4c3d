"""What an ODBC error proves: by its SQLSTATE, and by Firebird's own code, because that driver mostly says HY000.

pyodbc gives the SQLSTATE as first argument; the native code stands only at the end of the text.
"""

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Self

from adapters.sql.faults import Fault

# The longest match counts. A unique violation means that a twin is writing the same record; a repetition finds it.
_STATES: Final = MappingProxyType(
    {
        "08": Fault.LOST,
        "HYT": Fault.LOST,  # a time-out, after which nothing is known
        "57P": Fault.LOST,  # PostgreSQL is shutting down or starting
        "40003": Fault.LOST,  # completion unknown, by its definition
        "40001": Fault.CONTENTION,
        "40P01": Fault.CONTENTION,  # PostgreSQL's deadlock
        "55P03": Fault.CONTENTION,  # PostgreSQL's NOWAIT
        "23505": Fault.CONTENTION,  # PostgreSQL's unique violation
        "22": Fault.REFUSED,
        "23": Fault.REFUSED,
        "P0001": Fault.REFUSED,  # PostgreSQL's user exception
        "28": Fault.FORBIDDEN,
        "42": Fault.FORBIDDEN,
        "25006": Fault.FORBIDDEN,  # a write in a read-only transaction
        "IM": Fault.FORBIDDEN,  # the driver manager finds no such driver or data source
        "01000": Fault.FORBIDDEN,  # it cannot load the driver's library; as a warning this is never raised
    }
)
# Firebird's SQLCODE as its ODBC driver reports it, all seen on 3.0.11.
_FIREBIRD: Final = MappingProxyType(
    {
        -902: Fault.LOST,  # attachment or database shut down, with HY000; dead links have 08S01 besides
        -913: Fault.CONTENTION,  # update conflict, deadlock, lock conflict
        -803: Fault.CONTENTION,  # unique violation
        -836: Fault.REFUSED,  # user exception
        -802: Fault.REFUSED,  # overflow, truncation, division by zero, no such character in the column's set
        -413: Fault.REFUSED,  # conversion error
        -303: Fault.REFUSED,  # conversion error of a parameter
        -625: Fault.REFUSED,  # NOT NULL
        -530: Fault.REFUSED,  # foreign key
        -297: Fault.REFUSED,  # CHECK
        -104: Fault.FORBIDDEN,  # syntax
        -204: Fault.FORBIDDEN,  # no such table or procedure
        -206: Fault.FORBIDDEN,  # no such column
        -804: Fault.FORBIDDEN,  # a parameter without a type
        -551: Fault.FORBIDDEN,  # privilege missing
        -817: Fault.FORBIDDEN,  # a write in a read-only transaction
    }
)
_FIREBIRD_DRIVER: Final = "[ODBC Firebird Driver]"
# A wrong password has state and code of an unreachable server; this sentence is the client library's, never data.
_LOGIN: Final = "[ODBC Firebird Driver]Your user name and password are not defined"
_CLOSED: Final = ("Attempt to use a closed connection.", "The cursor's connection has been closed.")
_STATE = re.compile(r"[0-9A-Z]{5}")
_NATIVE = re.compile(r"\((-?\d+)\) \(SQL[A-Za-z]+\)")


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """The first diagnostic record of an error: SQLSTATE and native code where there are any, and the text."""

    state: str | None
    native: int | None
    text: str

    @classmethod
    def of(cls, error: BaseException) -> Self:
        """Read any exception; one that is not from ODBC has neither state nor code."""
        arguments = [argument for argument in error.args if isinstance(argument, str)]
        # An error of the driver begins with its state; one that pyodbc found by itself ends with it.
        state = next((argument for argument in arguments if _STATE.fullmatch(argument)), None)
        text = next((argument for argument in arguments if argument != state), "")
        # The last match: a message may quote data that looks like a code.
        codes = _NATIVE.findall(text) if state else []
        return cls(state, int(codes[-1]) if codes else None, text)

    @property
    def from_firebird(self) -> bool:
        """Whether Firebird's driver wrote it."""
        return self.text.startswith((_FIREBIRD_DRIVER, f"[{self.state}] {_FIREBIRD_DRIVER}"))


def fault_of(error: BaseException) -> Fault:
    """Classify an error of pyodbc; any other is `OTHER`."""
    found = Diagnostic.of(error)
    if found.state is None:
        return Fault.LOST if found.text in _CLOSED else Fault.OTHER
    if found.from_firebird and found.state.startswith("08"):
        return Fault.FORBIDDEN if _LOGIN in found.text else Fault.LOST
    if found.from_firebird and found.native is not None and found.native in _FIREBIRD:
        return _FIREBIRD[found.native]
    lengths = (5, 3, 2)
    return next((_STATES[found.state[:n]] for n in lengths if found.state[:n] in _STATES), Fault.OTHER)


def disconnected(error: BaseException) -> bool:
    """Whether the connection that met this error can no longer be used."""
    state = Diagnostic.of(error).state or ""
    return fault_of(error) is Fault.LOST and not state.startswith("HYT")


def describe(error: BaseException) -> str:
    """Return the fault and its codes; never the text, which may quote a value."""
    found = Diagnostic.of(error)
    native = "" if found.native is None else f", native {found.native}"
    return f"{fault_of(error).value} (SQLSTATE {found.state or 'none'}{native})"
