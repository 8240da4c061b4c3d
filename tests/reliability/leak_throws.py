"""Every way in which a backend, its driver or an adapter's defect can put a text into an exception."""

import logging
import warnings
from collections.abc import Callable
from typing import Any, Final, NoReturn

from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError

from contracts import errors

_log = logging.getLogger("adapters.hostile")

VIOLATIONS: Final = (errors.MalformedRequest, errors.RuleMissing, errors.DryRunRefused)
PLAIN: Final = (
    errors.ReportTimeRefused,
    errors.IdempotencyKeyMissing,
    errors.Unauthenticated,
    errors.Forbidden,
    errors.NotFound,
    errors.BodyTooLarge,
    errors.SlotTaken,
    errors.TooLate,
    errors.HoldExpired,
    errors.IdempotencyKeyReused,
    errors.RequestInFlight,
    errors.BackendUnavailable,
    errors.BackendOutcomeUnknown,
    errors.DeliveryFailed,
    errors.StateUnavailable,
    errors.StateDamaged,
)
LIMITS: Final = (errors.TooManyAttempts, errors.TooManyRequests)

Throw = Callable[[str], NoReturn]


def contract_errors() -> list[Throw]:
    """Return a throw for every error of `contracts.errors`, with the text in its detail and its members."""
    throws: list[Throw] = [_with_members(kind) for kind in PLAIN]
    throws += [_violated(kind) for kind in VIOLATIONS]
    throws += [_limited(kind) for kind in LIMITS]
    return [*throws, _blocked]


def _with_members(kind: type[errors.ContractError]) -> Throw:
    def throw(text: str) -> NoReturn:
        nested: Any = {"list": [text, {text: text}], "quoted": f'{{"id": "{text}"}}'}
        raise kind(text, value=text, nested=nested) from ValueError(text)

    return throw


def _violated(kind: Any) -> Throw:
    def throw(text: str) -> NoReturn:
        raise kind(text, [errors.Violation(f"field {text}", f"must not be {text}", text)])

    return throw


def _limited(kind: Any) -> Throw:
    def throw(text: str) -> NoReturn:
        raise kind(text, 3.0, text, 5, 60)

    return throw


def _blocked(text: str) -> NoReturn:
    raise errors.LeakBlocked(text, [{"kind": "bsn", "field": text}], note=text)


def _value(text: str) -> NoReturn:
    raise ValueError(text)


def _key(text: str) -> NoReturn:
    raise KeyError(text)


def _caused(text: str) -> NoReturn:
    try:
        _key(text)
    except KeyError as error:
        raise RuntimeError(f"while working on {text!r}") from error


def _failed_call(text: str) -> NoReturn:
    raise OSError(5, text, text)


def _in_context(text: str) -> NoReturn:
    try:
        _failed_call(text)
    except OSError:
        raise TypeError("no text of its own")  # noqa: B904 - the context is what is looked at


def _noted(text: str) -> NoReturn:
    error = ArithmeticError("see the note")
    error.add_note(text)
    raise error


def _grouped(text: str) -> NoReturn:
    raise ExceptionGroup(text, [ValueError(text), ExceptionGroup("inner", [KeyError(text)])])


def _validated(text: str) -> NoReturn:
    class Row(BaseModel):
        number: int

    Row.model_validate({"number": text})
    raise ValueError(text)


def _decoded(text: str) -> NoReturn:
    (text + "é").encode("ascii")
    raise ValueError(text)


def _driver(text: str) -> NoReturn:
    statement = f"INSERT INTO PATIENT VALUES ('{text}')"  # noqa: S608 - it is not run
    raise DBAPIError(statement, {"bsn": text}, ValueError(text))


def _asserted(text: str) -> NoReturn:
    raise AssertionError(text)


class _OfItsOwn(Exception):
    """Its repr, its arguments and its attributes hold the text."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __repr__(self) -> str:
        return f"OfItsOwn({self.text})"


def _own(text: str) -> NoReturn:
    raise _OfItsOwn(text)


def _logged(text: str) -> NoReturn:
    """What a driver's or an adapter's own log line and warning make of it, and then it fails."""
    try:
        _value(text)
    except ValueError as error:
        _log.exception("cannot write %s", text, extra={"row": text})
        _log.warning("%s: %r", text, {"bsn": text})
        _log.error(error)
        warnings.warn(text, UserWarning, stacklevel=2)
        raise errors.BackendUnavailable(f"not written: {error}", 1.0) from error


DEFECTS: Final[tuple[Throw, ...]] = (
    _value,
    _key,
    _caused,
    _in_context,
    _noted,
    _grouped,
    _validated,
    _decoded,
    _driver,
    _asserted,
    _own,
    _logged,
    _logged,
    _logged,
)
