import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.planon.at_risk import list_at_risk
from adapters.planon.connecting import STATEMENTS
from adapters.planon.replica import Replica
from adapters.planon.tenants import Tenants
from adapters.planon.within import ALL, Mandants
from contracts.desks import Call
from contracts.errors import BackendUnavailable, NotFound
from contracts.facility import FindTenantRequest
from tests.unit.planon.planon_replica import made, replica_of
from tests.unit.planon.test_planon_references import ALL as ROWS
from tests.unit.planon.test_planon_references import staged

NOW = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)
LATE = (
    "'Reported', 2, '2026-11-18T10:00:00+00:00', 'lekt', '2026-11-18T10:00:00+00:00', '2026-11-19T11:0{}:00+00:00', ''"
)
SCH = Mandants(frozenset({"SCH"}))


def late(number: int, mandant: str, minute: int = 9) -> str:
    """Insert an incident that is overdue."""
    who = f"{number}, 'INC-{number}', 'LS', 'T', '{mandant}', 'C'"
    return f"INSERT INTO incident VALUES ({who}, {LATE.format(minute)})"  # noqa: S608 - the test's own values


def at_risk(replica: Replica, mandants: Mandants, limit: int = 10) -> list[str]:
    return [incident.incident for incident in list_at_risk(replica, NOW, limit, mandants).incidents]


def site_file(folder: Path, name: str, *, told: bool = False) -> Path:
    """Write a site's own statement as it was before there were limits; `told`: with the column all the same."""
    text = (STATEMENTS / f"{name}.sql").read_text(encoding="utf-8")
    text = re.sub(r"^(-- parameter mandant_code|  AND \(:mandant_code).*\n", "", text, flags=re.MULTILINE)
    if not told:
        text = re.sub(r"^-- column mandant_code.*\n", "", text, flags=re.MULTILINE).replace(" mandant_code,", "")
    folder.mkdir()
    (folder / f"{name}.sql").write_text(text, encoding="utf-8")
    return folder


def test_a_mandant_is_compared_exactly_but_for_padding() -> None:
    """On both sides; a row without one is of none, and no code is none too."""
    some = Mandants.of(Call(within=frozenset({" SCH ", "", "WB%"})))
    assert [some.has({"mandant_code": code}) for code in ("SCH", "SCH   ", "sch", "WBV", "", None)] == [True] * 2 + [
        False
    ] * 4
    assert not some.has({})
    assert ALL.has({}) and ALL.has({"mandant_code": None})  # noqa: PT018 - one thing
    assert not Mandants.of(Call(within=frozenset())).has({"mandant_code": ""})


def test_rows_that_disagree_on_the_mandant_are_nobodys() -> None:
    """Whoever is limited is told nothing of a tenant that may be another mandant's."""
    ours, theirs = {"mandant_code": "SCH"}, {"mandant_code": "WBV"}
    assert SCH.have([ours, ours])
    assert not SCH.have([ours, theirs])
    assert not SCH.have([])


def test_one_mandants_incidents_are_not_cut_off_behind_anothers(tmp_path: Path) -> None:
    """On a day on which more is late than the statement gives, each mandant is asked for by itself."""
    numbers = "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 10200)"
    who = "SELECT i, 'INC-' || i, 'LS', 'T', 'WBV', 'C'"
    many = f"{numbers} INSERT INTO incident {who}, {LATE.format(0)} FROM n"
    replica, reader = replica_of(made(tmp_path / "r.sqlite", many, late(1, "SCH", 1), late(2, "SCH   ", 0)))
    assert at_risk(replica, SCH) == ["INC-2", "INC-1"]
    assert at_risk(replica, SCH, 1) == ["INC-2"]
    assert reader.calls == 2


def test_a_statement_that_gives_more_than_was_asked_shows_no_more(tmp_path: Path) -> None:
    """Capitals may be the same to a database; another code is another mandant, and nothing is listed twice."""
    shipped = (STATEMENTS / "at_risk.sql").read_text(encoding="utf-8")
    own = shipped.replace("RTRIM(mandant_code) = :mandant_code", "UPPER(mandant_code) = UPPER(:mandant_code)")
    (tmp_path / "at_risk.sql").write_text(own, encoding="utf-8")
    replica, _ = replica_of(made(tmp_path / "r.sqlite", late(1, "SCH", 1), late(2, "sch", 2)), tmp_path)
    assert at_risk(replica, SCH) == ["INC-1"]
    assert at_risk(replica, Mandants(frozenset({"SCH", "sch"}))) == ["INC-1", "INC-2"]
    assert at_risk(replica, Mandants(frozenset({"Sch"}))) == []


@pytest.mark.parametrize("with_column", [True, False])
def test_a_sites_older_list_refuses_who_is_limited(
    tmp_path: Path, with_column: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """It cannot tell whose an incident is; an empty list would say that all is well. Others get what they got."""
    site = site_file(tmp_path / "site", "at_risk", told=with_column)
    replica, reader = replica_of(made(tmp_path / "r.sqlite", late(1, "WBV"), late(2, "SCH")), site)
    assert at_risk(replica, ALL) == ["INC-1", "INC-2"]
    with pytest.raises(BackendUnavailable, match="at_risk does not know of mandant_code"):
        at_risk(replica, SCH)
    assert reader.calls == 1
    warned = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warned) == 1


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("tenants_by_code", {"tenant_code": "4711"}),
        ("tenants_by_telephone", {"telephone": "06-12345678"}),
        ("tenants_by_number", {"address": "W 14, 5017 AB"}),
    ],
)
def test_a_sites_older_look_up_refuses_who_is_limited(tmp_path: Path, name: str, facts: dict[str, str]) -> None:
    """Before anything is asked, and whoever is meant; who is not limited is served."""
    site = site_file(tmp_path / "site", name)
    stage = staged(tmp_path, *ROWS, site=site)
    tenants = Tenants(replica_of(stage.file, site)[0], stage.references)
    request = FindTenantRequest.model_validate(facts)
    assert tenants.find(request).tenant == "T"
    with pytest.raises(BackendUnavailable, match=f"{name} does not know of mandant_code"):
        tenants.find(request, SCH)
    others = {"tenants_by_code": {"telephone": "06-12345678"}}.get(name, {"tenant_code": "4711"})
    assert tenants.find(FindTenantRequest.model_validate(others), SCH).tenant == "T"
    assert tenants.find(FindTenantRequest.model_validate(others), Mandants(frozenset({"WBV"}))).match == "none"


@pytest.mark.parametrize("tenant", ["T", "nobody's"])
@pytest.mark.parametrize("down", [False, True])
def test_what_is_elsewhere_costs_what_is_unknown_costs(tmp_path: Path, tenant: str, down: bool) -> None:
    """One look and no write, so that time tells nothing either."""
    stage, elsewhere = staged(tmp_path, *ROWS), Mandants(frozenset({"WBV"}))
    stage.references.of_report("T", "CV-1")
    calls, written = stage.reader.calls, stage.kept.written
    if down:
        stage.break_replica()
    asks: tuple[Callable[[], object], ...] = (
        lambda: stage.references.of_report(tenant, "CV-1", elsewhere),
        lambda: stage.references.of_tenant(tenant, elsewhere),
        lambda: stage.references.check(tenant, elsewhere),
    )
    for number, ask in enumerate(asks, start=1):
        with pytest.raises(BackendUnavailable if down else NotFound):
            ask()
        assert (stage.reader.calls, stage.kept.written) == (calls + number, written)
