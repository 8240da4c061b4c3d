"""The key file: made for its owner alone, and refused when it is anything less than whole and private."""

from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.snapshots import SnapshotRefused
from shim.pseudonyms.key import PseudonymKey


def test_a_key_that_was_made_is_loaded(tmp_path: Path) -> None:
    """What is loaded is what was made, in a file for its owner alone."""
    made = PseudonymKey.make(tmp_path / "key")
    assert PseudonymKey.load(tmp_path / "key") == made
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert len(made.secret) == 32


def test_a_key_tells_nothing_of_itself(tmp_path: Path) -> None:
    """Neither its id nor its repr holds its bytes, and two purposes have two keys."""
    made = PseudonymKey.make(tmp_path / "key")
    assert made.secret.hex() not in repr(made)
    assert len(made.id) == 8
    assert not made.secret.hex().startswith(made.id)
    assert made.derived("one") != made.derived("other")


def test_two_keys_are_two(tmp_path: Path) -> None:
    """Nothing of the machine or the moment makes a key."""
    assert PseudonymKey.make(tmp_path / "one").id != PseudonymKey.make(tmp_path / "other").id


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    """The file of a key that exists stays as it is."""
    made = PseudonymKey.make(tmp_path / "key")
    with pytest.raises(SnapshotRefused, match="there already"):
        PseudonymKey.make(tmp_path / "key")
    assert PseudonymKey.load(tmp_path / "key") == made


def into_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: path.unlink(), "there is no key file"),
    "of the group": (lambda path: path.chmod(0o640), "others can read"),
    "of everybody": (lambda path: path.chmod(0o604), "others can read"),
    "empty": (lambda path: path.write_bytes(b""), "no key file"),
    "something else": (lambda path: path.write_bytes(b"\x00\x01 a backup"), "no key file"),
    "without its end": (lambda path: path.write_bytes(path.read_bytes()[:-6]), "truncated"),
    "without its key": (lambda path: path.write_text("".join(path.read_text().splitlines(True)[:2])), "truncated"),
    "with another letter": (lambda path: path.write_text(path.read_text().replace("key ", "key AAAA", 1)), "damaged"),
    "of another id": (lambda path: path.write_text(path.read_text().replace("id ", "id f", 1)), "damaged"),
    "a folder": (into_a_folder, "key file"),
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_spoilt_key_file_is_refused(spoilt: str, tmp_path: Path) -> None:
    """It is named, and never read as another key."""
    path = tmp_path / "key"
    PseudonymKey.make(path)
    spoil, says = SPOILT[spoilt]
    spoil(path)
    with pytest.raises(SnapshotRefused, match=says) as refused:
        PseudonymKey.load(path)
    assert str(path) in str(refused.value)
