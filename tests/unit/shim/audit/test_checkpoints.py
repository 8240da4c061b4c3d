"""Checkpoints: small, chained, signed, and in a file that only grows."""

import json
from pathlib import Path

import pytest

from contracts.errors import StateUnavailable
from outbox.carrying.tables import snapshot
from shim.audit import checkpoints
from shim.audit.files import add, lines_of, newest_in
from shim.audit.signing import Signer, Trusted, Verdict
from shim.keys import KeyRing
from tests.unit.shim.audit.record import Record


def test_it_lists_what_moved(audit: Record) -> None:
    """Heads of chains that went on since the one before, whose hash it has; and how many rows there were ever."""
    log, other = audit.write(3), audit.write(1)
    first = audit.checkpoint()
    audit.write(2, log)
    second = audit.checkpoint()
    audit.write(0, other)
    third = audit.checkpoint()
    one, two, three = (json.loads(made.body) for made in (first, second, third))
    assert sorted(n for n, _ in one["heads"].values()) == [1, 3]
    assert [n for n, _ in two["heads"].values()] == [5]
    assert three["heads"] == {}
    assert (one["rows"], two["rows"], three["rows"], three["chains"]) == (4, 6, 6, 2)
    assert (one["previous"], two["previous"], three["previous"]) == ("", first.hash, second.hash)
    assert [made["number"] for made in (one, two, three)] == [1, 2, 3]


def test_two_at_once_get_two_numbers(audit: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that came too late is made anew, after the other."""
    audit.write(1)
    compose, slow = checkpoints._compose, [True]

    def interrupted(*arguments: object) -> checkpoints.Checkpoint:
        made = compose(*arguments)  # type: ignore[arg-type]
        if slow:
            slow.clear()
            audit.checkpoint()
        return made

    monkeypatch.setattr(checkpoints, "_compose", interrupted)
    assert audit.checkpoint().number == 2
    assert not audit.verify().found


def test_anybody_with_the_public_key_can_check_it(audit: Record) -> None:
    """And nobody else's signature passes."""
    audit.write(1)
    made, public = audit.checkpoint(), audit.signer.public
    assert Trusted([public.upper()]).judge(made.body, made.signature, public) is Verdict.GOOD
    assert Trusted([public]).judge(made.body + " ", made.signature, public) is Verdict.BAD
    assert Trusted([public]).judge(made.body, "no base64!", public) is Verdict.BAD
    assert made.signature.endswith("==")
    last = made.signature[-3]
    same = made.signature[:-3] + chr(ord(last) + 1) + "=="  # other letters for the same bytes
    assert Trusted([public]).judge(made.body, same, public) is Verdict.BAD
    another = Signer(KeyRing(bytes([1]) * 32))
    assert Trusted([public]).judge(made.body, another.sign(made.body), public) is Verdict.BAD
    assert Trusted([public]).judge(made.body, made.signature, another.public) is Verdict.UNKNOWN


@pytest.mark.parametrize("key", ["", "00", "zz" * 32, "00" * 33])
def test_what_is_no_public_key_is_refused(key: str) -> None:
    """Before anything is believed."""
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        Trusted([key])


def test_the_file_gets_what_it_lacks(audit: Record) -> None:
    """All since its last one, each once."""
    for _ in range(3):
        audit.write(1)
        audit.checkpoint(kept=False)

    def catch_up() -> int:
        with snapshot(audit.database) as tx:
            return add(audit.file, checkpoints.stored(tx, newest_in(audit.file)))

    assert (catch_up(), catch_up()) == (3, 0)
    audit.checkpoint(kept=False)
    assert catch_up() == 1
    assert [line.checkpoint.number for line in lines_of(audit.file) if line.checkpoint] == [1, 2, 3, 4]
    assert not audit.verify().found


def test_a_line_that_a_power_cut_cut_off_is_written_again(audit: Record) -> None:
    """It is no finding once the whole one follows it."""
    audit.write(1)
    first = audit.checkpoint()
    with audit.file.open("a") as file:
        file.write(audit.checkpoint(kept=False).line[:50])
    assert [str(found) for found in audit.verify().findings] == ["line 2 of the file: it is no checkpoint"]
    with snapshot(audit.database) as tx:
        assert add(audit.file, checkpoints.stored(tx, newest_in(audit.file))) == 1
    assert not audit.verify().found
    assert audit.file.read_text().startswith(first.line)


def test_the_file_is_its_owners(audit: Record) -> None:
    """It tells how much is done here."""
    audit.checkpoint()
    assert audit.file.stat().st_mode & 0o777 == 0o600


def test_after_a_rotation_the_old_ones_are_vouched_for(audit: Record) -> None:
    """By the next one, which has their hash; until then the old public key must be at hand."""
    audit.write(1)
    audit.checkpoint()
    old = audit.signer.public
    audit.ring = KeyRing(bytes([1]) * 32)
    (found,) = audit.verify().findings
    assert "a key that is not known here" in found.wrong
    assert not audit.verify(trusted=Trusted.of_ring(audit.ring, [old])).found
    audit.write(1)
    audit.checkpoint()
    assert not audit.verify().found
    assert audit.verify(trusted=Trusted([old])).found == 1


def test_nothing_is_made_of_a_state_that_cannot_be_written(audit: Record, tmp_path: Path) -> None:
    """And nothing is put into the file."""
    audit.write(1)
    audit.database.close()
    Path(audit.database.where).unlink()
    with pytest.raises(StateUnavailable):
        audit.checkpoint()
    assert not list(tmp_path.glob("*.jsonl"))
