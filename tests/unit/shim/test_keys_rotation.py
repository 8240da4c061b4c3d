"""Rotation: what seals, what opens, what the state needs, and what is left when the power fails in between."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.errors import StateUnavailable
from outbox.carrying.whole import verify
from shim.audit import checkpoints
from shim.audit.signing import Signer
from shim.keeping.rotation import RotationRefused
from shim.keys import Key, KeyRing, RestCipher, file
from shim.keys.cipher import key_of
from shim.state import open_state
from tests.unit.shim.rotating import FIRST, Rotating, key_ids, rotating

OLD = Key(FIRST).id


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "master.key"


@pytest.fixture
def full(tmp_path: Path, path: Path) -> Iterator[Rotating]:
    with rotating(tmp_path / "shim.db", path) as made:
        yield made


@pytest.fixture
def bare(tmp_path: Path, path: Path) -> Iterator[Rotating]:
    with rotating(tmp_path / "shim.db", path, full=False) as made:
        yield made


def _rotated_and_retired(state: Rotating) -> None:
    state.rotation.rotate()
    state.rotation.retire(OLD, pause=lambda _s: None)


def opened_again(tmp_path: Path, path: Path) -> tuple[str, bytes]:
    """Open the state as a start would; return the key that seals and the key of names."""
    with rotating(tmp_path / "shim.db", path, full=False) as again:
        return again.ring.current, again.naming()


def test_a_new_key_seals_and_the_old_one_opens(full: Rotating) -> None:
    """Nothing that is stored changes, and the state needs both from now on."""
    before = full.sealed()
    new = full.rotation.rotate()
    assert full.ring.current == new.id != OLD
    assert key_ids(full.secrets()) == [new.id, OLD]
    assert full.needed() == {new.id, OLD}
    assert full.sealed() == before
    assert key_of(RestCipher(full.ring).seal(b"x", "a")) == new.id
    assert full.plain(*full.secrets())


def test_a_staged_key_opens_and_does_not_seal_until_it_is_used(bare: Rotating) -> None:
    """Other machines may begin without it until then."""
    new = bare.rotation.stage()
    assert (bare.ring.current, key_ids(bare.secrets()), bare.needed()) == (OLD, [OLD, new.id], {OLD})
    assert bare.ring.get(new.id) is not None
    with pytest.raises(RotationRefused, match=f"{OLD} seals already"):
        bare.rotation.use(OLD)
    assert bare.rotation.use(new.id).id == new.id
    assert (bare.ring.current, key_ids(bare.secrets()), bare.needed()) == (new.id, [new.id, OLD], {OLD, new.id})


def test_retiring_seals_everything_anew_and_changes_no_hash(full: Rotating) -> None:
    """Afterwards the new key alone opens all of it, and what is named is named as before."""
    before, names = full.plain(FIRST), full.naming()
    hashes = [tuple(row) for row in full.database.read("SELECT entry_seq, sha256 FROM payload ORDER BY 1")]
    identities = [tuple(row) for row in full.database.read("SELECT client, key, fingerprint FROM idempotency")]
    new = full.rotation.rotate()
    done = full.rotation.retire(OLD, pause=lambda _s: None)
    tables = {table for table, _, _ in before} - {"deployment"}
    rows = {(table, row) for table, row, _ in before if table != "deployment"}
    assert len(tables) == 6, tables
    assert (done.rows, done.damaged) == (len(rows), 0)
    assert full.ids() == {new.id}
    (secret,) = full.secrets()
    assert full.plain(secret) == before
    assert full.naming() == names
    assert full.needed() == {new.id}
    assert [tuple(row) for row in full.database.read("SELECT entry_seq, sha256 FROM payload ORDER BY 1")] == hashes
    assert [tuple(row) for row in full.database.read("SELECT client, key, fingerprint FROM idempotency")] == identities
    found = verify(lambda statement, values: full.database.read(statement, **values), RestCipher(KeyRing(secret)))
    assert not found.damaged


def test_what_was_done_and_why_is_written_down(full: Rotating) -> None:
    """Without a key in it."""
    new = full.rotation.rotate()
    done = full.rotation.retire(OLD, pause=lambda _s: None)
    rows = full.database.read("SELECT action, actor, reason, detail FROM admin_action ORDER BY id DESC LIMIT 2")
    assert [(row["action"], row["actor"], row["reason"]) for row in rows] == [
        ("retire-key", "beheer", "a test"),
        ("rotate-keys", "beheer", "a test"),
    ]
    assert rows[0]["detail"] == f'{{"damaged":0,"key":"{OLD}","rows":{done.rows}}}'
    assert rows[1]["detail"] == f'{{"key":"{new.id}","was":"{OLD}"}}'


def test_a_retired_key_names_subjects_for_the_audit(bare: Rotating) -> None:
    """After a restart as well; whoever it named is found for years."""
    subjects = bare.ring.derive("audit-subject")
    new = bare.rotation.rotate()
    bare.rotation.retire(OLD, pause=lambda _s: None)
    again = KeyRing.load(bare.path, create=False)
    assert again.derive_all("audit-subject")[OLD] == subjects
    assert list(again.derive_all("rest")) == [new.id]


def test_the_audit_goes_on_after_its_signing_key_is_retired(full: Rotating) -> None:
    """A checkpoint of the key that stays vouches for those of the one that goes."""
    before = full.database.read("SELECT MAX(number) AS n FROM audit_checkpoint")[0]["n"]
    assert before
    full.rotation.rotate()
    full.rotation.retire(OLD, pause=lambda _s: None)
    again = KeyRing.load(full.path, create=False)
    assert checkpoints.make(full.database, Signer(again), "tilburg", 0).number == before + 2


def test_the_key_that_seals_is_not_retired_nor_one_that_is_not_there(bare: Rotating) -> None:
    """Nothing is changed."""
    for key_id, why in ((OLD, "seals now"), ("00000000", f"there are: {OLD}")):
        with pytest.raises(RotationRefused, match=why):
            bare.rotation.retire(key_id, pause=lambda _s: None)
    assert key_ids(bare.secrets()) == [OLD]


def test_a_key_that_somebody_seals_with_is_not_retired(full: Rotating) -> None:
    """A machine with an older key file: the old key stays until that one has the new file."""
    full.rotation.rotate()
    elsewhere = RestCipher(KeyRing(FIRST))
    sealed: list[str] = []

    def seal_elsewhere(_rows: int) -> None:
        sealed.append(f"{len(sealed):03}")
        with full.database.transaction() as tx:
            values = {"name": sealed[-1], "row": elsewhere.seal(b"{}", f"reference_row/{sealed[-1]}")}
            tx.execute("INSERT INTO reference_row (system, name, row, read_at) VALUES ('a', :name, :row, 0)", values)

    with pytest.raises(RotationRefused, match=f"still seals with {OLD}"):
        full.rotation.retire(OLD, seal_elsewhere, lambda _s: None)
    assert len(full.secrets()) == 2
    assert OLD in full.needed()
    full.rotation.retire(OLD, pause=lambda _s: None)
    assert full.plain(*full.secrets())


def test_retiring_that_ends_early_goes_on_where_it_was(full: Rotating) -> None:
    """What was committed stays; everything opens at every moment."""
    full.rotation.rotate()
    before = full.plain(*full.secrets())

    def fail(rows: int) -> None:
        if rows > 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        full.rotation.retire(OLD, fail, lambda _s: None)
    assert full.ids() == {OLD, full.ring.current}
    assert full.plain(*full.secrets()) == before
    full.rotation.retire(OLD, pause=lambda _s: None)
    assert full.plain(*full.secrets()) == before


def test_what_does_not_open_is_left_as_it_is(full: Rotating) -> None:
    """A damaged row is counted, and does not keep a key from being retired."""
    with full.database.transaction() as tx:
        tx.execute("UPDATE entry SET result = :junk WHERE result IS NOT NULL", {"junk": b"junk"})
    damaged = len(full.database.read("SELECT 1 FROM entry WHERE result IS NOT NULL"))
    full.rotation.rotate()
    assert full.rotation.retire(OLD, pause=lambda _s: None).damaged == damaged > 0
    assert {
        bytes(row["result"]) for row in full.database.read("SELECT result FROM entry WHERE result IS NOT NULL")
    } == {b"junk"}


def test_what_is_not_what_was_validated_is_left_as_it_is(full: Rotating) -> None:
    """Its hash says so; sealed anew it would look as good as the rest."""
    row = full.database.read("SELECT * FROM payload ORDER BY entry_seq LIMIT 1")[0]
    with full.database.transaction() as tx:
        tx.execute("DELETE FROM payload WHERE entry_seq = :entry_seq", {"entry_seq": row["entry_seq"]})
        statement = "INSERT INTO payload VALUES (:entry_seq, :body, :sha256, :particulars)"
        tx.execute(statement, {**dict(row), "sha256": "0" * 64})
    full.rotation.rotate()
    assert full.rotation.retire(OLD, pause=lambda _s: None).damaged == 1
    assert full.sealed()["payload", row["entry_seq"], "body"] == bytes(row["body"])


@pytest.mark.parametrize("writes", range(3))
def test_a_power_cut_never_leaves_a_state_that_needs_a_key_that_is_gone(
    tmp_path: Path, path: Path, writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever write of the key file is the last: the state opens, and names things as before."""
    with rotating(tmp_path / "shim.db", path, full=False) as state:
        names, left = state.naming(), [writes]
        replace = file.replace

        def last(where: Path, contents: file.Contents) -> None:
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            replace(where, contents)

        with monkeypatch.context() as failing:
            failing.setattr(file, "replace", last)
            with pytest.raises(KeyboardInterrupt):
                _rotated_and_retired(state)
    current, again = opened_again(tmp_path, path)
    assert again == names
    assert (current == OLD) is (writes < 2)


def test_a_state_that_cannot_be_written_changes_no_key(bare: Rotating, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new key is in the file, and seals nothing."""

    def full(*_: object) -> None:
        raise StateUnavailable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr("shim.keys.keyed.need", full)
        with pytest.raises(StateUnavailable):
            bare.rotation.rotate()
    assert key_ids(bare.secrets())[0] == OLD
    database, ring = open_state(
        bare.path.parent / "shim.db", lambda _: KeyRing.load(bare.path, create=False), "tilburg"
    )
    database.close()
    assert ring.current == OLD
