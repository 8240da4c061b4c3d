"""The key file: whole as soon as it has its name, replaced as a whole, changed by one at a time."""

import secrets
from pathlib import Path

import pytest

from shim.keys import Key, KeyRing, file
from shim.keys.key import new_secret
from shim.keys.ring import SUBJECTS
from shim.settings import ConfigurationError

FIRST, SECOND, THIRD = (bytes([number]) * 32 for number in (1, 2, 3))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "master.key"


def written(path: Path, *secrets_of: bytes, subjects: dict[str, bytes] | None = None) -> Path:
    file.replace(path, file.Contents(secrets_of, subjects or {}))
    return path


def test_a_faster_process_s_key_stays(path: Path) -> None:
    """Of two first starts at once the later one takes the key of the earlier one, and leaves nothing behind."""
    first = KeyRing.load(path, create=True)
    file.make(path)
    assert KeyRing.load(path, create=True).fingerprint == first.fingerprint
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_of_one_line_is_a_ring_of_one(path: Path) -> None:
    """As the release before rings wrote it, and what was derived from it is derived now."""
    path.write_text("ab" * 32 + "\n", encoding="ascii")
    path.chmod(0o600)
    ring = KeyRing.load(path, create=False)
    assert [key.id for key in ring.keys] == [ring.current]
    assert ring.derive("rest").hex()[:16] == "12c87b8ceec4c21f"  # what that release derived


def test_the_first_line_seals_and_each_opens(path: Path) -> None:
    """In the order of the file."""
    ring = KeyRing.load(written(path, SECOND, FIRST), create=False)
    assert [key.id for key in ring.keys] == [Key(SECOND).id, Key(FIRST).id]
    assert ring.current == Key(SECOND).id
    assert ring.derive("tokens") == Key(SECOND).derive("tokens")
    assert list(ring.derive_all("tokens", 64)) == [Key(SECOND).id, Key(FIRST).id]
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_id_tells_nothing_of_its_key() -> None:
    """It is of a derived key's hash: 8 hexadecimal digits, another for each key, and none of the key's own."""
    found = [secrets.token_bytes(32) for _ in range(100)]
    ids = {Key(secret).id for secret in found}
    assert len(ids) == 100
    assert all(len(key_id) == 8 and int(key_id, 16) >= 0 for key_id in ids)
    assert not any(Key(secret).id in secret.hex() for secret in found)


def test_no_new_key_has_a_number_for_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """One in eleven of those passes as a citizen service number, and would be masked in the log that names the key."""
    number = next(secret for secret in (n.to_bytes(32) for n in range(10_000)) if Key(secret).id.isdecimal())
    given = [number, FIRST]
    monkeypatch.setattr(secrets, "token_bytes", lambda _n: given.pop(0))
    assert new_secret() == FIRST


def test_a_retired_key_only_names_subjects(path: Path) -> None:
    """For the audit's search; for no other purpose, and it opens nothing."""
    retired = Key(FIRST)
    written(path, SECOND, subjects={retired.id: retired.derive(SUBJECTS)})
    ring = KeyRing.load(path, create=False)
    assert ring.derive_all(SUBJECTS) == {ring.current: ring.derive(SUBJECTS), retired.id: retired.derive(SUBJECTS)}
    assert list(ring.derive_all("tokens", 64)) == [ring.current]
    assert ring.get(retired.id) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "zz" * 32,
        "ab" * 31,
        "ab" * 33,
        f"{'ab' * 32}\nxy\n",
        f"{'ab' * 32}\n{'ab' * 32}\n",
        f"retired 12345678 {'ab' * 32}",
    ],
)
def test_what_is_no_ring_is_refused(path: Path, text: str) -> None:
    """A damaged line, the same key twice, no key that seals; nothing of the file is repeated."""
    path.write_text(text, encoding="ascii")
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="64 hexadecimal") as raised:
        KeyRing.load(path, create=False)
    assert "abab" not in str(raised.value)


def test_a_write_that_fails_leaves_the_old_ring(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing beside it."""
    written(path, FIRST)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            file.replace(path, file.Contents((SECOND, FIRST)))
    assert KeyRing.load(path, create=False).current == Key(FIRST).id
    assert list(path.parent.iterdir()) == [path]


def test_a_link_to_the_file_stays_one(path: Path) -> None:
    """The ring behind it is replaced, and only its owner can read it."""
    behind = path.with_name("behind.key")
    path.symlink_to(written(behind, FIRST))
    file.replace(path, file.Contents((SECOND, FIRST)))
    assert path.is_symlink()
    assert KeyRing.load(behind, create=False).current == Key(SECOND).id
    assert behind.stat().st_mode & 0o777 == 0o600


def test_two_rotations_at_once_are_one(path: Path) -> None:
    """The second is told, and may try again afterwards."""
    with file.alone(path), pytest.raises(ConfigurationError, match="somebody else"), file.alone(path):
        pass
    with file.alone(path):
        pass


def test_a_running_ring_keeps_what_it_once_had(path: Path) -> None:
    """What was read before a key was retired opens after it, too."""
    ring = KeyRing.load(written(path, FIRST), create=False)
    written(path, SECOND, FIRST)
    assert ring.follow(lambda _keys: None)
    assert [ring.current, len(ring.keys)] == [Key(SECOND).id, 2]
    written(path, SECOND)
    assert not ring.follow(lambda _keys: None)
    assert [key.id for key in ring.keys] == [Key(SECOND).id, Key(FIRST).id]


def test_a_ring_that_is_not_admitted_changes_nothing(path: Path) -> None:
    """The state must know of a key before anything is sealed with it."""
    ring = KeyRing.load(written(path, FIRST), create=False)
    written(path, SECOND, FIRST)

    def refuse(keys: list[Key]) -> None:
        assert [key.id for key in keys] == [Key(SECOND).id, Key(FIRST).id]
        raise ConfigurationError("not now")

    with pytest.raises(ConfigurationError, match="not now"):
        ring.follow(refuse)
    assert [key.id for key in ring.keys] == [Key(FIRST).id]
