"""A state that is carried elsewhere names things as before, and says which keys it needs."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from outbox.actions import Audit
from outbox.carrying.asking import Asking
from outbox.carrying.lines import Header, written
from outbox.carrying.load import Target, load
from outbox.carrying.refusal import CarryingRefused
from outbox.carrying.restore import Restoring, restore
from outbox.carrying.tables import counts, snapshot
from outbox.entry import to_ms
from shim.keeping.carried import PACKAGES, TABLES, Belonging, header
from shim.keys import Key, RestCipher, file
from shim.keys.keyed import take
from shim.settings import Settings
from tests.unit.outbox.stand_ins import Clock
from tests.unit.shim.rotating import FIRST, Rotating, rotating

OLD = Key(FIRST).id
CLOCK = Clock()
ASKING = Asking(to_ms(CLOCK()), CLOCK.up, "asked first", ("planon",))
AUDIT = Audit("beheer", "a new machine", to_ms(CLOCK()))


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Rotating]:
    with rotating(tmp_path / "shim.db", tmp_path / "master.key") as made:
        yield made


@pytest.fixture
def empty(tmp_path: Path, source: Rotating) -> Iterator[Rotating]:
    """A state of another machine that seals with a key of its own."""
    file.replace(tmp_path / "elsewhere.key", file.Contents((bytes([2]) * 32, *source.secrets())))
    with rotating(tmp_path / "elsewhere.db", tmp_path / "elsewhere.key", full=False) as made:
        yield made


def described(state: Rotating) -> Header:
    with snapshot(state.database) as tx:
        return header(tx, CLOCK(), counts(tx, TABLES))


def carry(source: Rotating, target: Rotating, **changes: object) -> None:
    with snapshot(source.database) as tx:
        lines = list(written(tx, replace(described(source), **changes), TABLES))  # type: ignore[arg-type]
    wanted = Target(
        target.database,
        RestCipher(target.ring),
        TABLES,
        described(target),
        lambda tx, found: take(tx, found, target.ring),
    )
    load(lambda: lines, wanted, ASKING, AUDIT)


def test_an_import_takes_over_names_and_keys(source: Rotating, empty: Rotating) -> None:
    """Otherwise every repeat would be a new report; and it needs the keys of both."""
    assert source.naming() != empty.naming()
    carry(source, empty)
    assert source.naming() == empty.naming()
    assert empty.needed() == {OLD, empty.ring.current}
    opened = {place: plain for place, plain in source.plain(FIRST).items() if place[1] != "tilburg"}
    assert {place: plain for place, plain in empty.plain(*empty.secrets()).items() if place[1] != "tilburg"} == opened


def test_an_import_without_one_of_its_keys_is_refused(source: Rotating, empty: Rotating) -> None:
    """It names the key, and nothing is written; a changed key of names neither."""
    new = source.rotation.rotate()
    names, mine = empty.naming(), empty.ring.current
    with pytest.raises(CarryingRefused, match=f"another master key: {new.id}"):
        carry(source, empty)
    file.replace(empty.path, file.Contents((*empty.secrets(), *source.secrets()[:1])))
    assert empty.ring.reread()
    with pytest.raises(CarryingRefused, match="key of its names does not open"):
        carry(source, empty, naming="00" * 80)
    assert empty.naming() == names
    assert empty.database.read("SELECT 1 FROM entry") == []
    carry(source, empty)
    assert empty.needed() == {OLD, new.id, mine}


def test_a_backup_is_restored_after_a_rotation_and_refused_after_its_key_was_retired(
    source: Rotating, tmp_path: Path
) -> None:
    """Its names are those of the state that it replaces."""
    names, backup = source.naming(), tmp_path / "kept.db"
    _copy(tmp_path / "shim.db", backup)
    source.rotation.rotate()
    source.database.close()
    settings = Settings(deployment="tilburg", state=str(tmp_path / "shim.db"), master_key=source.path)
    wanted = Restoring(backup, tmp_path / "shim.db", PACKAGES, Belonging(settings).check)
    restore(wanted, ASKING, AUDIT)
    with rotating(tmp_path / "shim.db", source.path, full=False) as again:
        assert again.naming() == names
        assert again.plain(*again.secrets())
        again.rotation.retire(OLD, pause=lambda _s: None)
    with pytest.raises(CarryingRefused, match=f"another master key, {OLD}"):
        restore(replace(wanted, belongs=Belonging(settings).check), ASKING, AUDIT)


def _copy(source: Path, target: Path) -> None:
    with sqlite3.connect(source) as opened, sqlite3.connect(target) as copy:
        opened.backup(copy)
    opened.close()
    copy.close()
