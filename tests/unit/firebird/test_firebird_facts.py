"""What facts and errors of a Firebird database mean, where no engine here can be made to tell them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.firebird.address import Address
from adapters.firebird.described import refused_connection, refused_statement
from adapters.firebird.examination import Examined, judged
from adapters.firebird.looking import Facts
from adapters.firebird.native import NativeSource
from adapters.network.clock import compared
from contracts.examination import Examination

SOURCE = NativeSource(Address("practice", "db.example"), "SHIM_READ", "geheim", "WIN1252", writes=False, connect_s=1)
NOW = datetime(2031, 3, 3, 12, 0, tzinfo=UTC)


def codes(**changes: Any) -> list[str]:
    """Return what is found in these facts, of a database that is healthy otherwise."""
    usual: dict[str, Any] = {
        "engine": "3.0.11",
        "ods": "12.0",
        "forced_writes": True,
        "read_only": False,
        "now": NOW.replace(tzinfo=None),
        "charsets": {"WIN1252": 10},
        "undecodable": {},
        "rights": frozenset(),
    }
    examined = Examined(SOURCE.address, (), "WIN1252", ZoneInfo("UTC"), 16)
    steps = judged(examined, Facts(**{**usual, **changes}), Examination("x", lambda: NOW, 0.0))
    return [finding.diagnosis.code for step in steps for finding in step.findings]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"engine": "2.5.9"}, ["firebird-too-old"]),
        ({"engine": "4.0.1"}, []),
        ({"engine": "6.0.0"}, ["firebird-too-new"]),
        ({"charsets": {"NONE": 40, "WIN1252": 3}}, []),
        ({"charsets": {"NONE": 40}}, []),
        ({"charsets": {"UTF8": 4, "WIN1252": 3}}, ["charset-differs"]),
        ({"charsets": {"UTF8": 2, "WIN1252": 3}}, []),
    ],
)
def test_facts_are_judged(changes: dict[str, Any], found: list[str]) -> None:
    """Columns without a character set say nothing; of the others the most frequent counts."""
    assert codes(**changes) == found


@pytest.mark.parametrize(
    ("seconds", "found"),
    [
        (0, []),
        (29, []),
        (31, ["clock-skewed"]),
        (-3 * 86_400 - 100, ["clock-skewed"]),
        (3600, ["zone-differs"]),
        (-9 * 3600 + 12, ["zone-differs"]),
        (20_700, ["zone-differs"]),
        (3600 + 45, ["clock-skewed"]),
    ],
)
def test_a_wrong_zone_and_a_wrong_clock_are_two_things(seconds: int, found: list[str]) -> None:
    """Whole quarters of an hour are a zone, give or take what a clock may err."""
    assert [one.diagnosis.code for one in compared(NOW + timedelta(seconds=seconds), NOW)] == found


class Refused(Exception):
    """An error of SQLAlchemy, with the driver's own inside."""

    def __init__(self, *gds: int, state: str = "08001") -> None:
        super().__init__("geheim")
        self.orig = self
        self.gds_codes, self.sqlstate = gds, state


@pytest.mark.parametrize(
    ("error", "embedded", "code"),
    [
        (Refused(335544472, state="28000"), False, "login-refused"),
        (Refused(335544375, state="08001"), True, "engine-missing"),
        (Refused(335544721), False, "server-silent"),
        (Refused(335544999, state="HY000"), False, "connect-failed"),
        (OSError("libfbclient.so.2"), False, "client-library-missing"),
    ],
)
def test_a_refused_connection_is_named_by_its_codes(error: Exception, embedded: bool, code: str) -> None:
    """With the account and never the engine's text or the password."""
    finding = refused_connection(SOURCE, error, embedded=embedded)
    assert finding.diagnosis.code == code
    assert "geheim" not in finding.detail


@pytest.mark.parametrize(
    ("text", "code", "name"),
    [
        ("SQL error code = -204\n-Procedure unknown\n-WEB_CANCEL\n-At line 3", "procedure-missing", "WEB_CANCEL"),
        ("[ODBC Firebird Driver][Firebird]Table unknown\nTELEFOON", "table-missing", "TELEFOON"),
        ("-Column unknown\n-T.NUMMER\n-At line 3", "column-missing", "T.NUMMER"),
        ("Input parameter mismatch for procedure WEB_BOOK", "procedure-changed", "WEB_BOOK"),
        ("no permission for SELECT access to TABLE PATIENT", "right-missing", "SELECT access to TABLE PATIENT"),
        ("Token unknown 'Jansen'", "statement-refused", "(gds none"),
    ],
)
def test_a_refused_statement_is_named_by_what_it_lacks(text: str, code: str, name: str) -> None:
    """Through either driver; of any other text nothing is quoted."""
    finding = refused_statement("cancel", SOURCE, Exception(text))
    assert finding.diagnosis.code == code
    assert name in finding.detail
    assert "cancel" in finding.detail
    assert "Jansen" not in finding.detail
