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

PORTS = Ports("intramed", lambda: datetime(2026, 11, 19, tzinfo=UTC), cast("Any", None))
OFFERED = {"find_patient", "list_slots", "hold_slot", "confirm", "log_note"}


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
        "adapter.build(adapter.options(database='x.fdb'), Ports('x', None, None)).check(); assert not fbapi.has_api()"
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


def test_check_names_the_statement_that_is_missing(tmp_path: Path) -> None:
    """Without a backend, the delivered statements load and an empty folder does not."""
    adapter.build(adapter.options(database="x.fdb"), PORTS).check()
    with pytest.raises(AdapterMisconfigured, match=r"find_patient\.sql"):
        adapter.build(adapter.options(database="x.fdb", statements=tmp_path), PORTS).check()


def test_a_server_needs_passwords() -> None:
    """Only the embedded engine asks for none."""
    with pytest.raises(ValidationError, match="read_password and write_password"):
        adapter.options(database="db.practice.example/3050:intramed")
    adapter.options(database="practice.fdb")
