"""Where an identifier once came out: each case was red before it was mended."""

import html
import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import quote, unquote

import pytest
from starlette.datastructures import Headers

from contracts import errors
from contracts.practice import ConfirmReply
from shim.admission.caller import incoming
from shim.cli.deployment import fail
from shim.guard import IDENTIFIERS, mask
from shim.guarding import guard_members
from shim.http.problems import problem_json, problem_response
from shim.writing.immediate import to_json

BSN = "999990019"
NOW = datetime(2026, 11, 26, 13, 30, tzinfo=UTC)


def test_a_members_name_is_guarded_like_its_value() -> None:
    """An adapter may put anything into a problem: as a value, as a name within one, as a number."""
    error = errors.NotFound("no", row={f"bsn {BSN}": [BSN, {"n": int(BSN)}]}, found=[{"field": BSN}])
    assert BSN not in problem_json(error).decode()
    assert guard_members({"line": 3, "field": "Title"}) == {"line": 3, "field": "Title"}


def test_a_limits_name_goes_into_a_header_only_as_a_word() -> None:
    """The header is written as it stands, past whatever guards the body."""
    answer = problem_response(errors.TooManyAttempts(BSN, 3, f"patient {BSN}", 5, 60))
    assert BSN not in str(answer.headers)
    assert answer.headers["ratelimit-policy"] == '"limit";q=5;w=60'
    assert '"people"' in problem_response(errors.TooManyAttempts("x", 3, "people", 5, 60)).headers["ratelimit"]


def test_a_character_reference_needs_no_semicolon() -> None:
    """Browsers read one without it, and a text that was cut at its length may have lost it."""
    escaped = "".join(f"&#{ord(digit)}" for digit in BSN)
    assert mask(f"bsn {escaped} of {escaped}; graag").text == "bsn [BSN] of [BSN] graag"
    assert BSN not in html.unescape(unquote(mask(quote(escaped)).text))


def test_a_time_of_day_takes_no_part_of_a_number_behind_it() -> None:
    """`07.45 99 99 26` would be a telephone number of Hengelo, and the rest would be nobody's."""
    assert mask("na 07.45 99\u200999\u200926\u2009196 bellen", IDENTIFIERS).text == "na 07.45 [BSN] bellen"
    assert mask("bel 074.5999926 of 07.45.99.99.26").text == "bel [TELEPHONE] of [TELEPHONE]"


@pytest.mark.parametrize(("trace", "kept"), [(f"{BSN:0>32}", False), ("0af7651916cd43dd8448eb211c80319c", True)])
def test_a_trace_id_of_digits_alone_is_not_taken_over(trace: str, kept: bool) -> None:
    """It comes back in a header and stands in the audit for years."""
    headers = Headers({"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    assert (incoming(headers).trace == trace) is kept


def test_a_number_where_a_name_should_be_is_a_defect() -> None:
    """A number is no text, so nothing would look at it; and what is said of it stays in the exception."""
    when: dict[str, Any] = {"starts_at": NOW, "ends_at": NOW, "clinic": "MCEN", "therapist": "T07"}
    reply = ConfirmReply.model_construct(appointment="AP_x", name=cast("str", int(BSN)), **when)
    with pytest.raises(ValueError, match="name"):
        to_json(reply)
    assert json.loads(to_json(ConfirmReply(appointment="AP_x", name="Jansen", **when)))["name"] == "Jansen"


def test_an_error_line_of_the_command_is_guarded(capsys: pytest.CaptureFixture[str]) -> None:
    """It may quote what a backend said when it was compared with what is expected."""
    fail(f"systems.intramed differs from what is expected: no column {BSN} for tel 06-12345678")
    told = capsys.readouterr().err
    assert BSN not in told
    assert "[BSN]" in told
    assert "06-12345678" in told  # an administrator's own address or number helps to mend it


_CRASH = f"""
import typer
from shim.cli import commands, main
commands.app = typer.Typer(pretty_exceptions_enable=False)
@commands.app.command()
def crash():
    raise ValueError("mevrouw {BSN}")
main()
"""


def test_a_defect_of_a_command_is_told_through_the_guard() -> None:
    """Typer's own hook prints an exception's message as it is."""
    ended = subprocess.run([sys.executable, "-c", _CRASH], capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert "ValueError: mevrouw [BSN]" in ended.stderr
    assert BSN not in ended.stdout + ended.stderr
