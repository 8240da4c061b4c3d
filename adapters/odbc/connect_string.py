"""Connection strings of ODBC: `KEY=value;KEY={value; with a semicolon}`, where a careless value becomes a keyword."""

import re
from collections.abc import Callable, Mapping

from sqlalchemy import URL
from sqlalchemy.exc import ArgumentError

Quote = Callable[[str, str], str]
"""From a keyword and its value to the value as the driver reads it."""

_KEYWORD = re.compile(r"[A-Za-z][A-Za-z0-9_ ]*")
_BRACED = re.compile(r"\{((?:[^}]|\}\})*)\}")


def connect_string(attributes: Mapping[str, str], quote: Quote | None = None) -> str:
    """Join keywords and values, each value quoted if it needs to be; an empty value leaves its keyword out.

    Raises:
        ArgumentError: naming the keyword that cannot be written; the text never holds a value.
    """
    written = []
    for keyword, value in attributes.items():
        if not _KEYWORD.fullmatch(keyword):
            raise ArgumentError(f"{keyword!r} is no keyword of an ODBC connection string")
        if "\0" in value:
            raise ArgumentError(f"{keyword} holds a NUL character")
        if value:
            written.append(f"{keyword}={(quote or braced)(keyword, value)}")
    return ";".join(written)


def braced(_keyword: str, value: str) -> str:
    """Quote as the ODBC specification says: in braces, a closing brace doubled.

    Only where needed, because SQLite's driver knows no braces.
    """
    return "{" + value.replace("}", "}}") + "}" if needs_braces(value) or "}" in value else value


def needs_braces(value: str) -> bool:
    """Whether a driver would read this value differently when it stands without braces."""
    return ";" in value or value.startswith("{") or value != value.strip()


def keyword_of(connection: str, *names: str) -> str | None:
    """Return the value of the first of these keywords (any case) in a connection string."""
    rest = connection
    while rest:
        keyword, _, rest = rest.partition("=")
        rest = rest.lstrip()
        quoted = _BRACED.match(rest)
        value = quoted[1].replace("}}", "}") if quoted else rest.partition(";")[0]
        rest = rest[quoted.end() :].partition(";")[2] if quoted else rest.partition(";")[2]
        if keyword.strip(" ;").lower() in {name.lower() for name in names}:
            return value
    return None


def options_of(url: URL) -> dict[str, str]:
    """Return the query part of a URL, keys in lower case.

    Raises:
        ArgumentError: an option is given twice.
    """
    options: dict[str, str] = {}
    for key, value in url.query.items():
        if not isinstance(value, str) or key.lower() in options:
            raise ArgumentError(f"option {key} is given more than once")
        options[key.lower()] = value
    return options


def yes(name: str, value: str) -> bool:
    """Read an option that is yes or no.

    Raises:
        ArgumentError: it is neither.
    """
    answer = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}.get(value.lower())
    if answer is None:
        raise ArgumentError(f"option {name} must be yes or no")
    return answer
