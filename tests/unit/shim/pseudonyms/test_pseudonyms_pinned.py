"""What one key gives today it gives on every machine and in every release, or two snapshots no longer agree."""

import sqlite3
from pathlib import Path

import pytest

from contracts.snapshots import SnapshotRefused
from shim.pseudonyms.kinds import What
from shim.pseudonyms.ledger import Ledger
from shim.pseudonyms.pseudonyms import Pseudonyms
from tests.unit.shim.pseudonyms.rewritten import KEY, Rewritten

PINNED = (
    ("family_name", "van der Veen", "van der Naarbankins"),
    ("first_name", "Zoë", "Iktoembalkù"),
    ("telephone", "+31 (0)6 10001001 (dochter)", "+31 (0)6 55571755 (dochter)"),
    ("bsn", "999911120", "402875512"),
    ("postcode", "6211 XX", "4935 UX"),
    ("number", "00000108", "15058072"),
    ("opaque", "ABCD-EFGH-2345", "NGPP-L7AO-ZF2V"),
    ("street", "Sint Annadal", "Vlavrumpoplein"),
    ("iban", "NL91 ABNA 0417 1643 00", "NL75 FLUL 7627 9685 50"),
    ("text", "mevr. Jansen, 12-04-2021", "mevr. Dielkusti, 19-10-2020"),
)


@pytest.mark.parametrize(("kind", "value", "pseudonym"), PINNED)
def test_a_pseudonym_is_the_same_everywhere(kind: str, value: str, pseudonym: str, alone: Pseudonyms) -> None:
    """A change here is a new version of the key file's first line."""
    assert alone.of(What(kind), value, None, "number:patient=1") == pseudonym


def test_the_ledger_holds_no_value(rewritten: Rewritten, tmp_path: Path) -> None:
    """Digests under the key alone: whoever finds the file finds nobody."""
    rewritten.have(("family_name", ["Jansen", "Pietersen"]), ("telephone", ["06-10001001"]), ("number", ["00000108"]))
    rewritten.of("family_name", "Jansen")
    raw = (tmp_path / "ledger").read_bytes().lower()
    assert len(raw) > 4096
    assert not any(value in raw for value in (b"jansen", b"pietersen", b"10001001", b"00000108"))


def _fill(ledger: Ledger) -> None:
    for number in range(20_000):
        ledger.see(What("number"), f"{number:09d}")


def test_a_ledger_without_room_is_refused(tmp_path: Path) -> None:
    """In one line, and its file is deleted all the same."""
    with Ledger(tmp_path, KEY) as ledger:
        ledger._file.execute("pragma max_page_count = 12")
        with pytest.raises(SnapshotRefused, match="room on the disk") as refused:
            _fill(ledger)
        assert isinstance(refused.value.__cause__, sqlite3.Error)
    assert list(tmp_path.iterdir()) == []
