from dataclasses import replace
from pathlib import Path

import pytest

from adapters.firebird.native import NativeSource
from adapters.sql.statements import load_statements
from adapters.sql.transport import Transport
from contracts.errors import BackendUnavailable
from tests.integration.sql.places import Place, await_that, by_name, native, soon, statement
from tests.integration.sql.sources import WaitingSource


def rehearsed(place: Place, *statements: object) -> list[str]:
    """Rehearse these statements on this database."""
    chosen = replace(place, statements=by_name(*statements), used=place.used)  # type: ignore[arg-type]
    connections = chosen.connections()
    # Twice the same connections: a reader and a writer that agree tell everything twice.
    told = Transport(connections, connections).rehearse(soon())
    assert told[: len(told) // 2] == told[len(told) // 2 :]
    return told[: len(told) // 2]


def test_what_agrees_is_not_mentioned(firebird: Place) -> None:
    """All statements of these tests are as their heads say."""
    assert rehearsed(firebird, *firebird.statements.values()) == []


@pytest.mark.parametrize(
    ("sql", "columns", "told"),
    [
        (
            "select ID, HOLDER from SLOT",
            {"id": "text", "holder": "text"},
            ["statement s: column id must be text; found int"],
        ),
        (
            "select ID from SLOT",
            {"id": "integer", "holder": "text"},
            ["statement s: no column holder; found id"],
        ),
        (
            "select ID, HOLDER from SLOT",
            {"id": "integer"},
            ["statement s: column holder is not in the head"],
        ),
        (
            "select cast('NOW' as timestamp) as T, HOLDER as H from SLOT",
            {"t": "timestamp", "h": "timestamp"},
            ["statement s: column h must be timestamp; found str"],
        ),
    ],
)
def test_a_difference_is_named(firebird: Place, sql: str, columns: dict[str, str], told: list[str]) -> None:
    """Statement, column and what was found."""
    assert rehearsed(firebird, statement("s", sql, **columns)) == told


def test_every_statement_is_told_and_not_the_first_only(firebird: Place) -> None:
    """A table that is missing is told by its codes, and the statements after it are looked at too."""
    told = rehearsed(
        firebird,
        statement("a", "select X from NOWHERE", x="text"),
        statement("b", "select HOLDER from HIDDEN(:x)", "x", holder="text"),
        statement("c", "select ID from SLOT", id="text"),
    )
    assert [line.partition(":")[0] for line in told] == ["statement a", "statement b", "statement c"]
    assert "335544580" in told[0]


def test_a_procedure_is_not_executed(firebird: Place) -> None:
    """Neither by a rehearsal nor when connections are opened ahead; a call does execute it."""
    visit = statement("visit", "select N from VISIT", n="integer")
    visits = "select gen_id(VISITS, 0) from RDB$DATABASE"
    assert rehearsed(firebird, visit) == []
    opened = replace(firebird, statements=by_name(visit), used=firebird.used).transport()
    opened.open_ahead()
    await_that(lambda: firebird.left() == 2)
    assert firebird.rows(visits) == [(0,)]
    assert opened.read("visit", {}, soon()) == ({"n": 1},)


def test_a_site_statement_with_another_type_is_found(firebird: Place, tmp_path: Path) -> None:
    """The site's head agrees with ours; what its database gives does not."""
    shipped, site = tmp_path / "shipped", tmp_path / "site"
    for folder, column in ((shipped, "HOLDER"), (site, "ID")):
        folder.mkdir()
        head = "-- column holder text: who holds\n"
        (folder / "look.sql").write_text(f"{head}select {column} as HOLDER from SLOT", encoding="utf-8")  # noqa: S608 - the test's own names
    loaded = load_statements(["look"], shipped, site)
    assert rehearsed(firebird, loaded["look"]) == ["statement look: column holder must be text; found int"]


def test_a_database_that_cannot_be_asked_is_unavailable(firebird: Place) -> None:
    """A wrong password is no difference of a statement."""
    source = firebird.source
    assert isinstance(source, NativeSource)
    wrong = native(WaitingSource, source.address.dsn, source.user, "wrong")
    with pytest.raises(BackendUnavailable, match="335544472"):
        firebird.transport(wrong).rehearse(soon())
