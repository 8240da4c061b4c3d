import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import JsonValue

from adapters.planon.connecting import STATEMENTS
from adapters.planon.references import References
from contracts.desks import KeptRow
from contracts.errors import BackendUnavailable, NotFound, RuleMissing, StateUnavailable
from tests.unit.planon.planon_replica import ReaderHere, made, replica_of

ZONE = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 11, 19, 21, 14, 3, tzinfo=UTC)
TENANT = (
    "INSERT INTO tenant VALUES ('T', '4711', 'SCH', '06-12345678 / 013-5000001', '+31 6 87654321 (dochter)', 'W', 14,"
    " NULL, '5017AB', 'Tilburg', 'P', 'L', 'C')"
)
CONTRACT = "INSERT INTO contract VALUES ('C', 'SCH', 'S', 'K', 'X')"
MATRIX = "INSERT INTO priority_matrix VALUES ('C', 'high', 2), ('C', 'low', 4)"
CODES = "INSERT INTO priority_code VALUES ('SCH', 2, 1), ('WBV', 4, 4)"
ASSET = "INSERT INTO asset VALUES ('CV-1', 'L', 'Cv-ketel')"
ALL = (CONTRACT, TENANT, MATRIX, CODES, ASSET)


@dataclass
class Kept:
    """Kept rows, and how often one was written."""

    rows: dict[str, KeptRow] = field(default_factory=dict)
    written: int = 0
    broken: bool = False
    max_age: timedelta = timedelta(days=1)

    def keep(self, name: str, row: Mapping[str, JsonValue], read_at: datetime) -> None:
        if self.broken:
            raise StateUnavailable("full disk")
        self.written += 1
        self.rows[name] = KeptRow(row, read_at)

    def recall(self, name: str) -> KeptRow | None:
        return self.rows.get(name)


@dataclass
class Stage:
    """A replica in a file, kept rows, and a clock that a test moves."""

    file: Path
    references: References
    reader: ReaderHere
    kept: Kept
    now: datetime = NOW

    def break_replica(self) -> None:
        self.file.rename(self.file.with_suffix(".away"))


def staged(folder: Path, *rows: str, kept: Kept | None = None, site: Path | None = None) -> Stage:
    file = made(folder / "replica.sqlite", *rows)
    replica, reader = replica_of(file, site)
    kept = kept or Kept()
    stage = Stage(file, References(replica, kept, lambda: stage.now, ZONE), reader, kept)
    return stage


def test_a_replica_that_contradicts_itself_is_not_passed_over(tmp_path: Path) -> None:
    """Kept rows are for a replica that says nothing; two contracts of one tenant are an answer, and no rule."""
    stage = staged(tmp_path, *ALL)
    assert not stage.references.of_tenant("T").kept
    with closing(sqlite3.connect(stage.file)) as database:
        database.execute("ALTER TABLE contract RENAME TO old")
        database.execute("CREATE TABLE contract AS SELECT * FROM old UNION ALL SELECT 'C', 'SCH', 'S2', 'K', 'X'")
        database.commit()
    with pytest.raises(BackendUnavailable, match="several rows"):
        stage.references.of_tenant("T")


def test_rules_of_another_contract_are_refused(tmp_path: Path) -> None:
    """A site's statements may disagree on a tenant's contract, and a tenant may move between two of them."""
    site = tmp_path / "statements"
    site.mkdir()
    text = (STATEMENTS / "contract.sql").read_text(encoding="utf-8")
    (site / "contract.sql").write_text(text.replace("= t.contract_id", "= 'D'"), encoding="utf-8")
    stage = staged(tmp_path, *ALL, CONTRACT.replace("'C'", "'D'"), site=site)
    with pytest.raises(RuleMissing, match="another one") as caught:
        stage.references.of_tenant("T")
    assert caught.value.violations[0].rule == "its contract is C, and the rules read are those of D"
    assert not stage.kept.rows


def test_a_report_costs_one_call(tmp_path: Path) -> None:
    """Tenant, contract, matrix and asset are one look on one connection, and so is their keeping."""
    stage = staged(tmp_path, *ALL)
    rows, asset = stage.references.of_report("T", "CV-1")
    assert stage.reader.calls == 1
    assert rows.tenant == {
        "tenant_id": "T",
        "mandant_code": "SCH",
        "property_id": "P",
        "location_id": "L",
        "contract_id": "C",
    }
    assert rows.contract["cost_centre"] == "K"
    assert rows.matrix == {"high": {"priority": 2, "appsuite_code": 1}, "low": {"priority": 4, "appsuite_code": None}}
    assert asset is not None
    assert asset.row == {"asset_code": "CV-1", "location_id": "L"}
    assert stage.kept.rows.keys() == {"tenant/T", "asset/CV-1"}


@pytest.mark.parametrize(
    ("one", "other", "counts"), [("L", "ABOVE", "L"), ("L", "YARD", "L"), ("ABOVE", "YARD", "ABOVE")]
)
def test_an_asset_that_stands_in_two_rows_does_not_refuse_a_report(
    tmp_path: Path, one: str, other: str, counts: str
) -> None:
    """It is a hint: the row at the tenant's location counts, else the first one."""
    site = tmp_path / "site"
    site.mkdir()
    shipped = (STATEMENTS / "asset.sql").read_text()
    (site / "asset.sql").write_text(f"{shipped}\nUNION ALL SELECT 'CV-1', '{other}' ORDER BY location_id")
    stage = staged(tmp_path, *ALL[:-1], ASSET.replace("'L'", f"'{one}'"), site=site)
    _, asset = stage.references.of_report("T", "CV-1")
    assert asset is not None
    assert asset.row == {"asset_code": "CV-1", "location_id": counts}


def test_every_telephone_of_a_tenant_is_known(tmp_path: Path) -> None:
    """Also several in one column, and with a remark."""
    rows = staged(tmp_path, *ALL).references.of_tenant("T")
    assert rows.telephones == ("+31135000001", "+31612345678", "+31687654321")


def test_an_origin_names_row_column_and_time(tmp_path: Path) -> None:
    """By the keys of the row, in the site's own zone; kept rows say since when."""
    stage = staged(tmp_path, *ALL)
    rows, asset = stage.references.of_report("T", "CV-1")
    assert asset is not None
    read = "read 2026-11-19T22:14:03+01:00"
    assert rows.tenant_origin("mandant_code") == f"tenant[tenant_id=T].mandant_code, {read}"
    assert rows.contract_origin("sla_id") == f"contract[contract_id=C].sla_id, {read}"
    assert rows.priority_origin("high") == f"priority_matrix[contract_id=C, severity=high].priority, {read}"
    assert rows.code_origin("high") == f"priority_code[mandant_code=SCH, priority=2].appsuite_code, {read}"
    assert asset.origin("CV-1", "location_id") == f"asset[asset_code=CV-1].location_id, {read}"
    stage.break_replica()
    stage.now += timedelta(hours=3)
    rows, asset = stage.references.of_report("T", "CV-1")
    assert asset is not None
    assert rows.tenant_origin("x") == "tenant[tenant_id=T].x, kept since 2026-11-19T22:14:03+01:00"
    assert asset.origin("CV-1", "x") == "asset[asset_code=CV-1].x, kept since 2026-11-19T22:14:03+01:00"


def test_kept_rows_are_the_rows_that_were_read(tmp_path: Path) -> None:
    """Nothing but where they came from differs; an asset that was never seen is not known, and none is none."""
    stage = staged(tmp_path, *ALL)
    before, _ = stage.references.of_report("T", "CV-1")
    stage.break_replica()
    after, asset = stage.references.of_report("T", "CV-2")
    assert (after.tenant, after.contract, after.matrix) == (before.tenant, before.contract, before.matrix)
    assert (after.telephones, after.read_at, after.kept) == (before.telephones, before.read_at, True)
    assert asset is not None
    assert (asset.row, asset.known) == (None, False)
    assert stage.references.of_report("T", None)[1] is None


def test_without_kept_rows_the_replica_is_needed(tmp_path: Path) -> None:
    """Nothing is composed from nothing."""
    stage = staged(tmp_path, *ALL)
    stage.break_replica()
    with pytest.raises(BackendUnavailable):
        stage.references.of_tenant("T")


def test_columns_that_a_site_adds_are_known_and_kept(tmp_path: Path) -> None:
    """The mapping may name them; a telephone column is read as numbers and is none of them."""
    site = tmp_path / "statements"
    site.mkdir()
    for name, more in (("tenant", "city AS city, telephone AS telephone_3"), ("contract", "c.category AS department")):
        text = (STATEMENTS / f"{name}.sql").read_text(encoding="utf-8")
        head = "".join(f"-- column {each.split()[-1]} text: more\n" for each in more.split(", "))
        (site / f"{name}.sql").write_text(head + text.replace("\nFROM", f", {more}\nFROM", 1), encoding="utf-8")
    stage = staged(tmp_path, *ALL, site=site)
    stage.references.of_tenant("T")
    assert stage.references.columns["tenant"] >= {"tenant_id", "city"}
    assert "department" in stage.references.columns["contract"]
    assert not any(column.startswith("telephone") for column in stage.references.columns["tenant"])
    stage.break_replica()
    rows = stage.references.of_tenant("T")
    assert (rows.tenant["city"], rows.contract["department"]) == ("Tilburg", "X")


def test_rows_kept_before_a_column_was_added_are_of_no_use(tmp_path: Path) -> None:
    """An element would be composed from a column that is not there."""
    stage = staged(tmp_path, *ALL)
    stage.references.of_tenant("T")
    (kept,) = stage.kept.rows.values()
    stage.break_replica()
    tenant = dict(kept.row["tenant"])  # type: ignore[arg-type]
    del tenant["property_id"]
    for row in ({**kept.row, "tenant": tenant}, {name: kept.row[name] for name in ("tenant", "contract", "matrix")}):
        stage.kept.rows["tenant/T"] = KeptRow(row, NOW)
        with pytest.raises(BackendUnavailable):
            stage.references.of_tenant("T")


def test_an_unknown_tenant_is_not_found_and_one_without_contract_has_no_rule(tmp_path: Path) -> None:
    """The second is a hole in the backend's rows, which somebody there must fill."""
    stage = staged(tmp_path, TENANT)
    with pytest.raises(NotFound):
        stage.references.of_tenant("U")
    with pytest.raises(RuleMissing) as caught:
        stage.references.of_tenant("T")
    assert [violation.field for violation in caught.value.violations] == ["tenant"]
    assert stage.kept.rows == {}


def test_a_severity_that_is_laid_down_twice_is_laid_down_not_at_all(tmp_path: Path) -> None:
    """Of two priorities neither is chosen; twice the same one is no contradiction."""
    view = (
        "ALTER TABLE priority_matrix RENAME TO old",
        "CREATE VIEW priority_matrix AS SELECT * FROM old UNION ALL SELECT 'C', 'high', 3 UNION ALL SELECT 'C','low',4",
    )
    rows = staged(tmp_path, *ALL, *view).references.of_tenant("T")
    assert rows.matrix == {"low": {"priority": 4, "appsuite_code": None}}


@pytest.mark.parametrize(("max_age", "again"), [(timedelta(days=1), 15), (timedelta(minutes=20), 2)])
def test_unchanged_rows_are_written_again_only_after_a_while(tmp_path: Path, max_age: timedelta, again: int) -> None:
    """Each write costs a sync: after a quarter of an hour, and after a tenth of the time for which a row is good."""
    stage = staged(tmp_path, *ALL, kept=Kept(max_age=max_age))
    for minutes, written in ((0, 1), (again - 1, 1), (1, 2), (again - 1, 2)):
        stage.now += timedelta(minutes=minutes)
        stage.references.of_tenant("T")
        assert stage.kept.written == written


def test_changed_rows_are_written_at_once(tmp_path: Path) -> None:
    """The next report may have to be composed from them."""
    stage = staged(tmp_path, *ALL)
    stage.references.of_tenant("T")
    with closing(sqlite3.connect(stage.file)) as database:
        database.execute("UPDATE contract SET cost_centre = 'K2'")
        database.commit()
    stage.references.of_tenant("T")
    assert stage.kept.written == 2
    stage.break_replica()
    assert stage.references.of_tenant("T").contract["cost_centre"] == "K2"


def test_a_look_up_remembers_once(tmp_path: Path) -> None:
    """Rows that were kept just now cost no second call, and what goes wrong in it is no matter of the look-up."""
    stage = staged(tmp_path, *ALL)
    for _ in range(2):
        stage.references.remember("T", 0.0)
        assert (stage.reader.calls, stage.kept.written) == (1, 1)
    stage.now += timedelta(minutes=15)
    stage.kept.broken = True
    stage.references.remember("T", 0.0)
    stage.break_replica()
    stage.references.remember("T", 0.0)
    stage.references.remember("U", 0.0)
    assert stage.kept.written == 1
