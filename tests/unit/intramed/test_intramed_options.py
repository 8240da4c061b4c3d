import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import ValidationError

from adapters.intramed import adapter
from contracts.catalogue import CATALOGUE, DeskKind
from contracts.desks import AdapterMisconfigured, Ports

PORTS = Ports("intramed", lambda: datetime(2026, 11, 19, tzinfo=UTC), cast("Any", None), cast("Any", None))
OFFERED = {"find_patient", "list_upcoming", "list_slots", "hold_slot", "confirm", "cancel", "log_note"}


def test_it_offers_these_contracts_and_no_stub() -> None:
    """A contract without a method is not mounted: absent ones must be absent."""
    desk = adapter.build(adapter.options(database="x.fdb"), PORTS)
    rows = {row.name for row in CATALOGUE if row.desk is DeskKind.PRACTICE}
    assert adapter.kind is DeskKind.PRACTICE
    assert {name for name in rows if hasattr(desk, name)} == OFFERED


def test_building_a_desk_loads_no_client_library() -> None:
    """The library reads its environment when it loads, so only the first connection may load it."""
    script = (
        "from adapters.intramed import adapter; from contracts.desks import Ports; from firebird.driver import fbapi;"
        "adapter.build(adapter.options(database='x.fdb'), Ports('x', None, None, None)).check();"
        "assert not fbapi.has_api()"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize(
    "wrong",
    [{"zone": "Maastricht"}, {"charset": "LATIN9"}, {"hold_s": 0}, {"settle_s": 0}, {"port": 3050}, {"database": ""}],
)
def test_wrong_options_are_refused(wrong: dict[str, Any]) -> None:
    """A typing error stops the start instead of the first call."""
    with pytest.raises(ValidationError):
        adapter.options.model_validate({"database": "x.fdb"} | wrong)


def test_passwords_are_not_printed() -> None:
    """Options may end up in a log; their secrets may not."""
    options = adapter.options.model_validate({"database": "x", "read_password": "hush1", "write_password": "hush2"})
    assert "hush" not in repr(options) + options.model_dump_json()


def test_check_names_the_statement_that_cannot_be_used(tmp_path: Path) -> None:
    """Without a backend: the shipped statements load, also beside an empty folder of the site's own; a bad one not."""
    adapter.build(adapter.options(database="x.fdb"), PORTS).check()
    of_the_site = adapter.options(database="x.fdb", statements=tmp_path)
    adapter.build(of_the_site, PORTS).check()
    (tmp_path / "find_patient.sql").write_text("select 1 from RDB$DATABASE", encoding="utf-8")
    with pytest.raises(AdapterMisconfigured, match=r"find_patient"):
        adapter.build(of_the_site, PORTS).check()


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"column_charsets": {"find_patient.shoe_size": "DOS850"}}, r"find_patient\.shoe_size"),
        ({"transport": "odbc", "charset": "UTF8"}, "transport odbc"),
    ],
)
def test_check_names_the_option_that_cannot_work(changed: dict[str, Any], named: str) -> None:
    """What only shows when statements or a driver are looked at stops the start too."""
    options = adapter.options.model_validate({"database": "x.fdb"} | changed)
    with pytest.raises(AdapterMisconfigured, match=named):
        adapter.build(options, PORTS).check()


@pytest.mark.parametrize(("ahead", "at_most", "fits"), [(8, 8, True), (9, 8, False)])
def test_no_more_stand_open_than_there_may_be(ahead: int, at_most: int, fits: bool) -> None:
    """Connections opened ahead count among all."""
    given = {"database": "x.fdb", "connections_ahead": ahead, "connections_max": at_most}
    if fits:
        adapter.options.model_validate(given)
    else:
        with pytest.raises(ValidationError, match="connections_ahead"):
            adapter.options.model_validate(given)


def test_a_server_needs_passwords() -> None:
    """Only the embedded engine asks for none."""
    with pytest.raises(ValidationError, match="read_password and write_password"):
        adapter.options(database="db.practice.example/3050:intramed")
    adapter.options(database="practice.fdb")
