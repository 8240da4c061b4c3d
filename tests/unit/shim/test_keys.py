"""The master key's file: whole as soon as it has its name, and never replaced."""

from pathlib import Path

from shim.keys import MasterKey, _make


def test_a_faster_process_s_key_stays(tmp_path: Path) -> None:
    """Of two first starts at once the later one takes the key of the earlier one, and leaves nothing behind."""
    path = tmp_path / "master.key"
    first = MasterKey.load(path, create=True)
    _make(path)
    assert MasterKey.load(path, create=True).fingerprint == first.fingerprint
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o600
