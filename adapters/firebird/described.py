"""Which diagnosis an error of the engine is: by its codes, and by the one name in its text that says what is meant."""

import re
from collections.abc import Collection
from typing import Any, Final

from adapters.firebird.diagnosed import (
    CHARSET_UNKNOWN,
    CLIENT_MISSING,
    ENCRYPTION_DISAGREED,
    ENGINE_MISSING,
    PROCEDURE_CHANGED,
    PROCEDURE_MISSING,
)
from adapters.network.silence import SERVER_SILENT
from adapters.sql.diagnosed import (
    COLUMN_MISSING,
    CONNECT_FAILED,
    DATABASE_MISSING,
    LOGIN_REFUSED,
    RIGHT_MISSING,
    STATEMENT_REFUSED,
    TABLE_MISSING,
)
from adapters.sql.faults import Fault
from adapters.sql.source import Source
from contracts.errors import BackendUnavailable
from contracts.examination import Diagnosis, Finding

_LOGIN: Final = 335544472
_NOT_ENCRYPTED: Final = 335545064
_NO_CHARSET: Final = 335544509
_NO_FILE: Final = frozenset({335544344, 335544734, 335544323, 335544379})  # no such file, or no database of this engine
_NO_ENGINE: Final = frozenset({335544375, 335545060})
_NAME: Final = r'["A-Z0-9_$.]+'
# With nothing but NULL for every parameter, these are names of the schema and never a value.
_TEXTS: Final[tuple[tuple[re.Pattern[str], Diagnosis], ...]] = (
    (re.compile(rf"Procedure unknown\s*-?\s*({_NAME})"), PROCEDURE_MISSING),
    (re.compile(rf"Table unknown\s*-?\s*({_NAME})"), TABLE_MISSING),
    (re.compile(rf"Column unknown\s*-?\s*({_NAME})"), COLUMN_MISSING),
    (re.compile(rf"[Pp]arameter mismatch for procedure ({_NAME})"), PROCEDURE_CHANGED),
    (re.compile(rf"no permission for (\S+ access to \w+ {_NAME})"), RIGHT_MISSING),
)


def refused_connection(source: Source, error: Exception, *, embedded: bool) -> Finding:
    """Say why an account got no connection; names the account and codes, never the engine's text."""
    at = source.name
    if isinstance(error, BackendUnavailable):
        return SERVER_SILENT.found(f"{at}: {error.detail}")
    original: Any = getattr(error, "orig", None)
    if original is None:
        return CLIENT_MISSING.found(type(error).__name__)
    codes = frozenset(getattr(original, "gds_codes", None) or ())
    told = f"{at}: {source.describe(original)}"
    return _of_codes(codes, source.fault_of(original), embedded).found(told)


def _of_codes(codes: Collection[int], fault: Fault, embedded: bool) -> Diagnosis:
    if _NOT_ENCRYPTED in codes:
        return ENCRYPTION_DISAGREED
    if _NO_CHARSET in codes:
        return CHARSET_UNKNOWN
    if embedded and _NO_ENGINE.intersection(codes):
        return ENGINE_MISSING
    if _NO_FILE.intersection(codes):
        return DATABASE_MISSING
    if _LOGIN in codes or fault is Fault.FORBIDDEN:
        return LOGIN_REFUSED
    return SERVER_SILENT if fault is Fault.LOST else CONNECT_FAILED


def refused_statement(name: str, source: Source, error: Any) -> Finding:
    """Say why a statement could not be prepared, by the first name of the schema in the engine's text."""
    text = str(error)
    for pattern, diagnosis in _TEXTS:
        if (match := pattern.search(text)) is not None:
            return diagnosis.found(f"{match[1]}, in the statement {name}")
    return STATEMENT_REFUSED.found(f"statement {name}: {source.describe(error)}")
