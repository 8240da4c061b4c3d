"""Checkpoints: small, chained, signed, and in a file that only grows."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from contracts.errors import StateUnavailable
from shim.audit import checkpoints
from shim.audit.files import lines_of, newest_in
from shim.audit.sending import NotSent, send
from shim.audit.signing import Signer, Trusted, Verdict
from shim.keys import KeyRing
from shim.settings import Settings
from tests.unit.shim.audit.record import Record, record

SETTINGS = Settings(deployment="tilburg", state="state.db", master_key=Path("master.key"))


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

    for _ in range(2):
        send(SETTINGS, audit.database, str(audit.file), audit.checkpoint(kept=False))
        assert newest_in(audit.file)
    assert [line.checkpoint.number for line in lines_of(audit.file) if line.checkpoint] == [1, 2, 3, 4, 5]
    assert not audit.verify().found


def test_a_line_that_a_power_cut_cut_off_is_written_again(audit: Record) -> None:
    """It is no finding once the whole one follows it."""
    audit.write(1)
    first = audit.checkpoint()
    with audit.file.open("a") as file:
        file.write(audit.checkpoint(kept=False).line[:50])
    assert [str(found) for found in audit.verify().findings] == ["line 2 of the file: it is no checkpoint"]
    send(SETTINGS, audit.database, str(audit.file), first)
    assert not audit.verify().found
    assert [line.split(":")[0] for line in audit.file.read_text().splitlines()] == ['{"body"'] * 3
    assert audit.file.read_text().startswith(first.line)


def test_a_file_that_knows_more_than_the_state_gets_nothing(audit: Record, tmp_path: Path) -> None:
    """A state that was put back numbers on from its own: whoever reads the file would never see what is new."""
    audit.write(1)
    send(SETTINGS, audit.database, str(audit.file), audit.checkpoint(kept=False))
    folder = tmp_path / "put back"
    folder.mkdir()
    with (
        closing(sqlite3.connect(audit.database.where)) as source,
        closing(sqlite3.connect(folder / "state.db")) as target,
    ):
        source.backup(target)
    (folder / "state.db").chmod(0o600)
    for _ in range(2):
        audit.clock.forward(hours=1)
        send(SETTINGS, audit.database, str(audit.file), audit.checkpoint(kept=False))
    before = audit.file.read_bytes()
    with record(folder) as back:
        for _ in range(3):  # 2, of which there is another one by then; 3, likewise; 4, which is after the file's last
            with pytest.raises(NotSent, match="checkpoints that this state has lost; begin a new file"):
                send(SETTINGS, back.database, str(audit.file), back.checkpoint(kept=False))
        assert audit.file.read_bytes() == before
        send(SETTINGS, back.database, str(back.file), back.checkpoint(kept=False))
        assert not back.verify().found


@pytest.mark.parametrize(
    ("number", "body"),
    [
        (2**63 - 1, None),
        (2, "["),
        (2, "[" * 100_000),
        (2, "[]"),
        (2, '{"at":0,"heads":{"a":[1]},"anchors":{}}'),
        (2, '{"at":0,"heads":{"a":[9223372036854775808,"' + "ab" * 32 + '"]},"anchors":{}}'),
        (2, '{"at":0,"heads":{},"anchors":{"a":[]}}'),
    ],
)
def test_none_follows_what_is_no_checkpoint(audit: Record, number: int, body: str | None) -> None:
    """Somebody put it there: it is named, and nothing is signed above it."""
    audit.write(1)
    first = audit.checkpoint()
    values = (number, first.body if body is None else body, first.signature)
    audit.tamper("INSERT INTO audit_checkpoint (number, body, signature) VALUES (?, ?, ?)", *values)
    with pytest.raises(StateUnavailable) as refused:
        audit.checkpoint()
    assert f"checkpoint {number} of the audit is none" in refused.value.detail


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
    audit.retire()
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


def test_a_checkpoint_vouches_for_none_of_a_stranger(audit: Record) -> None:
    """Whoever can write the state would have theirs believed through our next one."""
    audit.write(2)
    audit.checkpoint()
    stranger = Signer(KeyRing(bytes([9]) * 32))
    body = json.dumps({**json.loads(audit.checkpoint().body), "number": 3, "public_key": stranger.public})
    values = {"number": 3, "body": body, "signature": stranger.sign(body)}
    with audit.database.transaction() as tx:
        tx.execute(checkpoints.SQL["insert_checkpoint"], values)
    with pytest.raises(StateUnavailable, match="checkpoint 3 of the audit is signed with no key of the ring"):
        audit.checkpoint()
