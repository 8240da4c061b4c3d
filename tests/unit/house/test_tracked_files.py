"""What is committed names no machine and no registry."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# Put together here, so that this file does not name what it looks for.
REGISTRIES = ["py" + "pi.org", "python" + "hosted", "registry." + "npmjs", " --index" + "-url", " --find" + "-links"]
FOLDERS = re.compile(rb"(?<![A-Za-z0-9_.])/(?:wo" + rb"rk|ro" + rb"ot|ho" + rb"me|fa" + rb"rm)/")


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("this is no git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def test_no_registry_and_no_path_of_a_machine_is_named() -> None:
    """A clone works anywhere, and tells nothing of where it was made."""
    found = [
        f"{path.relative_to(ROOT)}: {what}"
        for path in tracked()
        if path.suffix != ".fbk" and path.is_file()
        for what in [*REGISTRIES, *({"a path"} if FOLDERS.search(path.read_bytes()) else set())]
        if what == "a path" or what.encode() in path.read_bytes()
    ]
    assert found == []


def test_locked_dependencies_carry_hashes() -> None:
    """Every pinned package has at least one."""
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text(encoding="utf-8")
        pins = re.findall(r"^[a-z0-9][^ ]*==[^\n]*(?:\n    [^\n]*)*", text, re.MULTILINE)
        assert len(pins) > 10
        assert [pin.split()[0] for pin in pins if "--hash=sha256:" not in pin] == []
