import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from adapters.odbc.connect_string import braced, connect_string, keyword_of, yes
from adapters.odbc.connector import OdbcConnector
from adapters.odbc.dialect import CLIENT, FirebirdPyodbc


def firebird(url: str) -> str:
    """Return the connection string that the Firebird dialect makes of a URL."""
    return str(FirebirdPyodbc().create_connect_args(make_url(url))[0][0])


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", "plain"),
        ("a=b,c d", "a=b,c d"),
        ("a;PWD=x", "{a;PWD=x}"),
        ("{a", "{{a}"),
        ("a}b", "{a}}b}"),
        ("a}b;c", "{a}}b;c}"),
        (" a", "{ a}"),
        ("a ", "{a }"),
    ],
)
def test_a_value_stays_one_value(value: str, written: str) -> None:
    """Whatever a password holds, it adds no keyword, and reads back as it was."""
    assert braced("PWD", value) == written
    assert keyword_of(f"UID=u;PWD={written};ROLE=r", "pwd") == value
    assert keyword_of(f"UID=u;PWD={written};ROLE=r", "ROLE") == "r"


@pytest.mark.parametrize("keyword", ["", "a;b", "a=b", "{a}", "a\n"])
def test_a_keyword_cannot_carry_a_value(keyword: str) -> None:
    """Keywords come from a URL's options, so they are as dangerous as values."""
    with pytest.raises(ArgumentError, match="no keyword"):
        connect_string({keyword: "x"})


def test_what_is_empty_is_left_out() -> None:
    """An empty keyword would override the data source's own."""
    assert connect_string({"DSN": "practice", "UID": "", "PWD": ""}) == "DSN=practice"


def test_the_refusal_does_not_tell_the_value() -> None:
    """A password must not reach a log by way of its own refusal."""
    with pytest.raises(ArgumentError) as refused:
        connect_string({"PWD": "secret\0"})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "firebird+pyodbc://u:p@db:3051//srv/p.fdb?driver=d.so&charset=WIN1252",
            f"DRIVER=d.so;DBNAME=db/3051:/srv/p.fdb;UID=u;PWD=p;CHARSET=WIN1252;CLIENT={CLIENT}",
        ),
        (
            "firebird+pyodbc://u:a%3Bb@db/practice?driver=Firebird&charset=WIN1252&role=R&client=fb.so",
            "DRIVER=Firebird;DBNAME=db/3050:practice;UID=u;PWD={a;b};CHARSET=WIN1252;ROLE=R;CLIENT=fb.so",
        ),
        (
            "firebird+pyodbc:////srv/p.fdb?driver=d.so&encoding=cp1252&ReadOnly=yes&nowait=1&SafeThread=N",
            f"DRIVER=d.so;DBNAME=/srv/p.fdb;CLIENT={CLIENT};readonly=Y;nowait=Y;safethread=N",
        ),
        (
            "firebird+pyodbc://u:p@?dsn=practice&charset=WIN1252&readonly=no",
            f"DSN=practice;UID=u;PWD=p;CHARSET=WIN1252;CLIENT={CLIENT};readonly=N",
        ),
        ("firebird+pyodbc://?odbc_connect=DSN%3Dp%3BCHARSET%3DWIN1252", "DSN=p;CHARSET=WIN1252"),
    ],
)
def test_a_url_becomes_a_connection_string(url: str, expected: str) -> None:
    """Host, alias, embedded, data source, and a string as it is."""
    assert firebird(url) == expected


@pytest.mark.parametrize(
    ("url", "about"),
    [
        ("firebird+pyodbc://db/p?charset=WIN1252", "driver="),
        ("firebird+pyodbc://db/p?driver=&charset=WIN1252", "driver="),
        ("firebird+pyodbc://db?driver=d&charset=WIN1252", "database"),
        ("firebird+pyodbc://db/p?driver=d", "charset= or encoding="),
        ("firebird+pyodbc://db/p?driver=d&charset=LATIN9", "charset must be"),
        ("firebird+pyodbc://db/p?driver=d&encoding=nope", "no codec"),
        ("firebird+pyodbc://db/p?driver=d&charset=WIN1252&readonly=perhaps", "readonly must be yes or no"),
        ("firebird+pyodbc://db/p?driver=d&charset=WIN1252&driver=e", "more than once"),
        (f"firebird+pyodbc://u:{'x' * 41}@db/p?driver=d&charset=WIN1252", "longer than 40"),
        (f"firebird+pyodbc://u:p@db/{'x' * 256}?driver=d&charset=WIN1252", "DBNAME is longer than 255"),
        ("firebird+pyodbc://u:%7Ba%7D@db/p?driver=d&charset=WIN1252", "PWD holds a closing brace"),
        ("firebird+pyodbc://db/p?driver=d&charset=WIN1252&a%3Bb=c", "no keyword"),
    ],
)
def test_what_the_driver_would_misread_is_refused(url: str, about: str) -> None:
    """The driver has fixed buffers and its own idea of braces; the text names the option."""
    with pytest.raises(ArgumentError, match=about):
        firebird(url)


@pytest.mark.parametrize("charset", ["UTF8", "utf8", "UNICODE_FSS"])
def test_utf8_is_refused_unless_no_char_column_is_read(charset: str) -> None:
    """Over ODBC CHAR(n) would arrive cut to n bytes, which cuts names with accents."""
    url = f"firebird+pyodbc://db/p?driver=d&encoding=utf-8&charset={charset}"
    with pytest.raises(ArgumentError, match="utf8_char_columns"):
        firebird(url)
    with pytest.raises(ArgumentError, match="utf8_char_columns"):
        firebird(f"firebird+pyodbc://?encoding=utf-8&odbc_connect=DSN%3Dp%3BCharacterSet%3D{charset}")
    assert f"CHARSET={charset}" in firebird(f"{url}&utf8_char_columns=no")


@pytest.mark.parametrize(
    ("options", "codec"),
    [
        ("charset=WIN1252", "cp1252"),
        ("charset=ISO8859_1&encoding=cp1252", "cp1252"),
        ("odbc_connect=DSN%3Dp%3BCHARSET%3DWIN1250", "cp1250"),
    ],
)
def test_the_encoding_follows_the_character_set(options: str, codec: str) -> None:
    """Unless it is said; a connection string is read for it too."""
    assert FirebirdPyodbc().encoding_of(make_url(f"firebird+pyodbc://db/p?driver=d&{options}")) == codec


def test_other_databases_get_the_usual_keywords() -> None:
    """The mixin alone makes connection strings that most drivers read."""
    url = make_url("x+pyodbc://u:a%7Db@db:5432/p?driver=PostgreSQL+ANSI&encoding=utf-8&SSLmode=require")
    written = OdbcConnector.create_connect_args(OdbcConnector.__new__(OdbcConnector), url)[0][0]
    assert written == "DRIVER=PostgreSQL ANSI;Server=db;Port=5432;Database=p;UID=u;PWD={a}}b};sslmode=require"


@pytest.mark.parametrize("word", ["", "y", "on"])
def test_only_yes_and_no_are_answers(word: str) -> None:
    """What could be a misspelt no must not count as yes."""
    with pytest.raises(ArgumentError, match="yes or no"):
        yes("readonly", word)
