"""What is stored names its key, opens in the old form too, and is never called damaged for want of a key."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from outbox.entry import KeyUnknown
from shim.keys import Key, KeyRing, RestCipher, file
from shim.keys.cipher import key_of

FIRST, SECOND, THIRD = (bytes([number]) * 32 for number in (1, 2, 3))


def old_form(secret: bytes, plain: bytes, context: str, nonce: bytes = bytes(12)) -> bytes:
    """Seal as the release before rings did."""
    return nonce + AESGCM(Key(secret).derive("rest")).encrypt(nonce, plain, context.encode())


def test_what_is_sealed_names_its_key_and_opens_after_a_rotation() -> None:
    """The new key seals, both open."""
    before, after = RestCipher(KeyRing(FIRST)), RestCipher(KeyRing(SECOND, FIRST))
    sealed = before.seal(b"text", "a")
    assert key_of(sealed) == Key(FIRST).id
    assert after.open(sealed, "a") == b"text"
    assert key_of(after.seal(b"text", "a")) == Key(SECOND).id


@pytest.mark.parametrize("place", [0, 1])
def test_the_old_form_opens_with_whatever_key_it_was_sealed(place: int) -> None:
    """Before and after rotations."""
    secrets = [SECOND, THIRD]
    secrets.insert(place, FIRST)
    assert RestCipher(KeyRing(*secrets)).open(old_form(FIRST, b"text", "a"), "a") == b"text"


def test_a_nonce_that_looks_like_a_head_opens_all_the_same() -> None:
    """One in 256 of the old form begins with the version byte; here it names a key, or one that never was."""
    cipher = RestCipher(KeyRing(SECOND, FIRST))
    for key_id in (Key(SECOND).id, Key(FIRST).id, "00000000"):
        nonce = b"\x01" + bytes.fromhex(key_id) + bytes(7)
        assert cipher.open(old_form(FIRST, b"text", "a", nonce), "a") == b"text"


def test_every_flipped_bit_and_another_context_is_damage() -> None:
    """Of a key that is there; a changed key id may also name one that never was."""
    ring = KeyRing(FIRST)
    ring.state_knows = lambda key_id: key_id == ring.current
    cipher = RestCipher(ring)
    sealed = cipher.seal(b"text", "a")
    spoiled = [
        sealed[:at] + bytes([sealed[at] ^ (1 << bit)]) + sealed[at + 1 :]
        for at in range(len(sealed))
        for bit in range(8)
    ]
    for text, context in [*((each, "a") for each in spoiled), (sealed, "b"), (sealed[:-1], "a"), (b"", "a")]:
        with pytest.raises(ValueError, match="sealed by another key"):
            cipher.open(text, context)


def test_a_key_that_is_missing_is_no_damage(tmp_path: Path) -> None:
    """The file is read again, and has it then; or whoever asks is told which one is missing."""
    path = tmp_path / "master.key"
    file.replace(path, file.Contents((FIRST,)))
    cipher = RestCipher(KeyRing.load(path, create=False))
    sealed = RestCipher(KeyRing(SECOND)).seal(b"text", "a")
    with pytest.raises(KeyUnknown, match=Key(SECOND).id):
        cipher.open(sealed, "a")
    file.replace(path, file.Contents((SECOND, FIRST)))
    assert cipher.open(sealed, "a") == b"text"
    assert key_of(cipher.seal(b"text", "a")) == Key(FIRST).id  # which key seals is not decided by what is read


def test_a_lost_file_is_a_missing_key(tmp_path: Path) -> None:
    """It may be back in a minute."""
    path = tmp_path / "master.key"
    file.replace(path, file.Contents((FIRST,)))
    cipher = RestCipher(KeyRing.load(path, create=False))
    path.unlink()
    with pytest.raises(KeyUnknown, match=Key(SECOND).id):
        cipher.open(RestCipher(KeyRing(SECOND)).seal(b"text", "a"), "a")


def test_what_was_sealed_with_a_retired_key_is_not_called_damaged() -> None:
    """A machine with an older file has sealed it meanwhile, and that file still has the key."""
    ring = KeyRing(FIRST, subjects={Key(SECOND).id: bytes(32)})
    ring.state_knows = lambda _key_id: False
    with pytest.raises(KeyUnknown, match=Key(SECOND).id):
        RestCipher(ring).open(RestCipher(KeyRing(SECOND)).seal(b"text", "a"), "a")
