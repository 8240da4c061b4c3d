"""What the engine's error codes prove, because the driver raises one plain DatabaseError for everything."""

from typing import Any, Final

from adapters.sql.faults import Fault

_LOST: Final = frozenset(
    {
        335544721,  # network request failed
        335544722,  # connection failed
        335544726,  # read error
        335544727,  # write error
        335544741,  # connection lost
        335544856,  # attachment shut down
        335544528,  # database shut down
    }
)
# Update conflict, lock conflict and deadlock come in one error with all three codes; a unique violation means that
# the same record is being written by a twin, which a repetition will find.
_CONTENTION: Final = frozenset({335544336, 335544345, 335544451, 335544510, 335544878, 335544665, 335544349})
_USER_EXCEPTION: Final = 335544517
_TRANSLITERATION: Final = 335544565
_LOGIN: Final = 335544472
_NOT_ENCRYPTED: Final = 335545064


def fault_of(error: Any) -> Fault:
    """Classify a driver error (anything with `gds_codes` and `sqlstate`)."""
    codes, state = set(_codes(error)), getattr(error, "sqlstate", None) or ""
    if codes & _LOST or state.startswith("08"):
        return Fault.LOST
    if codes & _CONTENTION or state == "40001":
        return Fault.CONTENTION
    if _LOGIN in codes or state.startswith("28"):
        return Fault.FORBIDDEN
    if codes & {_USER_EXCEPTION, _TRANSLITERATION} or state.startswith(("22", "23")):
        return Fault.REFUSED
    return Fault.FORBIDDEN if state.startswith("42") else Fault.OTHER


def describe(error: Any) -> str:
    """Return the fault and its codes; never the engine's text, which may quote a value."""
    codes = ", ".join(str(code) for code in _codes(error))
    if _NOT_ENCRYPTED in _codes(error):
        return f"server and client do not agree on encryption: look at WireCrypt (gds {codes})"
    return f"{fault_of(error).value} (gds {codes or 'none'}, SQLSTATE {getattr(error, 'sqlstate', None) or 'none'})"


def _codes(error: Any) -> tuple[int, ...]:
    return tuple(getattr(error, "gds_codes", None) or ())
