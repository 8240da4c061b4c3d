"""The verifier says what is wrong, and where it begins."""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from outbox.carrying.tables import file_snapshot, reading, snapshot
from outbox.entry import to_ms
from shim.audit import pruning
from shim.audit.checkpoints import FORMAT, Checkpoint
from shim.audit.files import add, lines_of
from shim.audit.findings import TOLD_MOST, Finding, Verified
from shim.audit.pruning import PruneRefused
from shim.audit.rows import COLUMNS, canonical, hash_of
from shim.audit.signing import Signer
from shim.audit.verifying import verify
from shim.keys import KeyRing
from tests.unit.shim.audit.record import Record, tampering


@pytest.fixture
def chain(audit: Record) -> str:
    """A chain of twelve rows; checkpoints know five and ten of them."""
    log = audit.write(5)
    audit.checkpoint()
    audit.write(5, log)
    audit.checkpoint()
    audit.write(2, log)
    (chain,) = {row["chain"] for row in audit.rows()}
    return str(chain)


def found(audit: Record, *, with_file: bool = True) -> list[tuple[str, int | None, str]]:
    return [(one.what, one.n or one.number, one.wrong) for one in audit.verify(with_file=with_file).findings]


def rehash(audit: Record, chain: str, begin: int) -> None:
    """Mend every hash from a row on, as somebody does who knows how."""
    with tampering(Path(audit.database.where)) as connection:
        rows = connection.execute("SELECT * FROM audit_event WHERE chain = ? ORDER BY n", [chain]).fetchall()
        previous = rows[begin - 2]["hash"] if begin > 1 else ""
        for row in rows[begin - 1 :]:
            previous = hash_of(previous, {name: row[name] for name in COLUMNS})
            connection.execute("UPDATE audit_event SET hash = ? WHERE chain = ? AND n = ?", [previous, chain, row["n"]])


def test_what_was_written_verifies(audit: Record, chain: str) -> None:
    """And it is told how much of it the checkpoints cover."""
    verified = audit.verify()
    assert (verified.rows, verified.covered, verified.chains, verified.checkpoints) == (12, 10, 1, 2)
    assert verified.findings == []
    assert chain


def test_an_empty_audit_verifies(audit: Record) -> None:
    """There is nothing in it."""
    assert audit.verify(with_file=False) == Verified()


def test_a_changed_value_is_named(audit: Record, chain: str) -> None:
    """The row itself."""
    audit.tamper("UPDATE audit_event SET purpose = 'a caller at the desK' WHERE n = 7")
    assert found(audit) == [("row", 7, "it was changed, or what stood before it was")]
    assert chain


def test_a_changed_value_with_every_hash_mended_is_found_by_the_checkpoint(audit: Record, chain: str) -> None:
    """At the first head that is another one."""
    audit.tamper("UPDATE audit_event SET client = 'nobody' WHERE n = 3")
    rehash(audit, chain, 3)
    assert found(audit) == [("row", 5, "it is not what checkpoint 1 knows: it was changed, or one before it")]


def test_a_missing_row_is_named(audit: Record, chain: str) -> None:
    """Its number is told, though it is not there."""
    audit.tamper("DELETE FROM audit_event WHERE n = 4")
    assert found(audit) == [("row", 4, "it is missing")]
    assert chain


def test_a_missing_end_is_found_as_far_as_a_checkpoint_knows_it(audit: Record, chain: str) -> None:
    """What came after it could be cut off unseen; that is said by every verification."""
    audit.tamper("DELETE FROM audit_event WHERE n > 10")
    assert found(audit) == []
    audit.tamper("DELETE FROM audit_event WHERE n > 8")
    assert found(audit) == [("row", 9, "it is missing, with all after it: checkpoint 2 knows it")]
    assert chain


def test_a_row_in_between_is_found(audit: Record, chain: str) -> None:
    """All after it have another number, and another hash."""
    audit.tamper("UPDATE audit_event SET n = n + 1000 WHERE n >= 6")
    audit.tamper("UPDATE audit_event SET n = n - 999 WHERE n >= 1000")
    names = ", ".join((*COLUMNS[2:], "hash"))
    audit.tamper(f"INSERT INTO audit_event (chain, n, {names}) SELECT chain, 6, {names} FROM audit_event WHERE n = 2")  # noqa: S608
    assert found(audit) == [("row", 6, "it was changed, or what stood before it was")]
    rehash(audit, chain, 6)
    assert found(audit) == [("row", 10, "it is not what checkpoint 2 knows: it was changed, or one before it")]


def test_rows_that_changed_places_are_found(audit: Record, chain: str) -> None:
    """Each has its number in its hash."""
    for before, after in ((3, -1), (4, 3), (-1, 4)):
        audit.tamper("UPDATE audit_event SET n = ? WHERE n = ?", after, before)
    assert found(audit) == [("row", 3, "it was changed, or what stood before it was")]
    assert chain


def test_a_chain_that_is_gone_is_named(audit: Record, chain: str) -> None:
    """From its first row on."""
    audit.tamper("DELETE FROM audit_event")
    assert found(audit) == [("chain", 1, "it is not there, though checkpoint 1 knows it")]
    assert chain


def test_a_chain_that_is_dated_back_is_found(audit: Record, chain: str) -> None:
    """Whoever invents an access of last week has to put it where no checkpoint knows it."""
    audit.clock.forward(days=7)
    audit.checkpoint()
    audit.clock.now -= timedelta(days=3)
    audit.write(1)
    assert found(audit) == [("row", 1, "it is dated before checkpoint 3, which does not know it")]
    audit.clock.forward(days=4)
    audit.checkpoint()
    assert found(audit) == [("row", 1, "it is dated before checkpoint 3, which does not know it")]
    with snapshot(audit.database) as tx:
        assert not verify(tx, audit.trusted, late=timedelta(days=4)).found
    assert chain


@pytest.mark.parametrize(("value", "column"), [(b"ok", "purpose"), (1.5, "status"), (b"x", "hash"), ("x", "n")])
def test_a_value_of_another_kind_is_found(audit: Record, chain: str, value: object, column: str) -> None:
    """SQLite lets anything stand in a column."""
    audit.tamper(f"UPDATE audit_event SET {column} = ? WHERE n = 9", value)  # noqa: S608
    assert [place for _, place, _ in found(audit)] == [9]
    assert chain


def test_a_missing_checkpoint_is_named(audit: Record, chain: str) -> None:
    """In the middle by the one after it, at the end by the file."""
    audit.checkpoint()
    audit.tamper("DELETE FROM audit_checkpoint WHERE number = 2")
    missing = [("checkpoint", 2, "it is missing")]
    broken = ("checkpoint", 3, "the one before it is not the one that it was made after")
    assert found(audit, with_file=False) == [*missing, broken]
    assert found(audit) == [("checkpoint", 2, "it is in the file and not in the state")]
    audit.tamper("DELETE FROM audit_checkpoint")
    assert [number for _, number, _ in found(audit)] == [1, 2, 3]
    assert chain


def test_a_changed_checkpoint_is_named(audit: Record, chain: str) -> None:
    """By its signature, by the file, and by the one after it."""
    audit.tamper("UPDATE audit_checkpoint SET body = replace(body, '\"rows\":5', '\"rows\":6') WHERE number = 1")
    assert found(audit, with_file=False) == [
        ("checkpoint", 1, "it was changed: its signature does not fit"),
        ("checkpoint", 2, "the one before it is not the one that it was made after"),
    ]
    assert found(audit) == [("checkpoint", 1, "it is another one than in the file")]
    assert chain


@pytest.mark.parametrize("body", ["", "[]", '{"heads":1}', "{}", b"\xff"])
def test_what_is_no_checkpoint_is_named(audit: Record, chain: str, body: str | bytes) -> None:
    """Whatever stands there."""
    audit.tamper("UPDATE audit_checkpoint SET body = ? WHERE number = 2", body)
    assert ("checkpoint", 2, "it is no checkpoint") in found(audit, with_file=False)
    assert chain


def test_a_checkpoint_by_another_key_is_not_believed(audit: Record, chain: str) -> None:
    """Somebody who has no key of ours cannot bless what they did."""
    stranger = Signer(KeyRing(bytes([9]) * 32))
    (_, second) = [line.checkpoint for line in lines_of(audit.file)]
    assert second is not None
    body = second.body.replace(audit.signer.public, stranger.public)
    audit.tamper("UPDATE audit_checkpoint SET body = ?, signature = ? WHERE number = 2", body, stranger.sign(body))
    (told,) = found(audit, with_file=False)
    assert told[:2] == ("checkpoint", 2)
    assert "a key that is not known here" in told[2]
    assert chain


def foreign(number: int, previous: str, **values: object) -> Checkpoint:
    """A checkpoint that somebody signed who has no key of ours."""
    stranger = Signer(KeyRing(bytes([9]) * 32))
    known = {"format": FORMAT, "number": number, "previous": previous, "deployment": "tilburg", "at": 0}
    body = canonical({**known, "heads": {}, "anchors": {}, "public_key": stranger.public, **values})
    return Checkpoint(number, body, stranger.sign(body.encode("utf-8", "replace").decode()))


BEYOND = {
    "a head beyond all numbers": {"heads": {"a": [2**63, "ab" * 32]}},
    "a head that is true": {"heads": {"a": [True, "ab" * 32]}},
    "a hash of another length": {"heads": {"a": [1, "ab"]}},
    "a head of one": {"heads": {"a": [1]}},
    "a time after all time": {"at": 10**30},
    "a time before all time": {"at": -1},
    "anchors in a list": {"anchors": []},
    "an anchor that is a list": {"anchors": {"a": []}},
    "half a pair": {"deployment": "\ud800"},
}


@pytest.mark.parametrize("values", BEYOND.values(), ids=BEYOND)
def test_what_nobody_of_ours_says_stops_nothing(audit: Record, chain: str, values: dict[str, object]) -> None:
    """In the file or in the state: it is a finding, and so is what is wrong with the rows."""
    audit.tamper("DELETE FROM audit_event WHERE n = 4")
    text, missing = audit.file.read_text(), ("row", 4, "it is missing")
    made = foreign(3, "", **values)
    line = {"body": json.loads(made.body), "signature": made.signature}
    audit.file.write_text(text + json.dumps(line) + "\n")
    told = found(audit)
    assert told[-1] == missing
    assert told[0][:2] in {("checkpoint", 3), ("file", 3)}
    audit.file.write_text(text)
    stored = made.body.encode("utf-8", "replace").decode()
    statement = "INSERT INTO audit_checkpoint (number, body, signature) VALUES (3, ?, ?)"
    audit.tamper(statement, stored, made.signature)
    told = found(audit, with_file=False)
    assert told[0][:2] == ("checkpoint", 3)
    assert told[-1] == missing
    json.dumps(audit.verify().as_json())
    with pytest.raises(PruneRefused, match="nothing was pruned: checkpoint 3"):
        pruning.plan(audit.database, audit.trusted, 0)
    assert chain


@pytest.mark.parametrize(
    "line",
    [
        "[" * 200_000,
        '{"body":' * 200_000,
        '{"body":{"number":' + "9" * 5_000 + '},"signature":""}',
        '{"body":{"number":' + "9" * 400 + '},"signature":""}',
        '{"body":{"number":0},"signature":""}',
        '{"body":{"number":true},"signature":""}',
        '{"body":{"number":3},"signature":null}',
        '{"body":{"number":3,"more":' + '{"a":' * 900 + "1" + "}" * 900 + '},"signature":""}',
    ],
    ids=lambda line: line[:30],
)
def test_a_line_that_nobody_can_read_is_named(audit: Record, chain: str, line: str) -> None:
    """And the others are read."""
    (first, second) = audit.file.read_text().splitlines()
    audit.file.write_text(f"{first}\n{line}\n{second}\n")
    audit.tamper("DELETE FROM audit_event WHERE n = 4")
    told = found(audit)
    assert told[0][:2] in {("file", 2), ("checkpoint", 3)}
    assert told[-1] == ("row", 4, "it is missing")
    assert chain


@pytest.mark.parametrize("at", [10**30, -1, True, "noon", None])
def test_a_time_that_nobody_can_show_is_named(audit: Record, chain: str, at: object) -> None:
    """Even signed by us; the newest is the one before it."""
    (_, second) = [line.checkpoint for line in lines_of(audit.file) if line.checkpoint]
    known = {**json.loads(second.body), "number": 3, "previous": second.hash, "heads": {}, "at": at}
    made = Checkpoint(3, canonical(known), audit.signer.sign(canonical(known)))
    statement = "INSERT INTO audit_checkpoint (number, body, signature) VALUES (3, ?, ?)"
    audit.tamper(statement, made.body, made.signature)
    assert found(audit) == [("checkpoint", 3, "it is no checkpoint")]
    assert audit.verify().newest_at == json.loads(second.body)["at"]
    assert chain


def test_what_a_stranger_says_is_not_used(audit: Record, chain: str) -> None:
    """Neither its time, by which a row would be dated back, nor its heads, which would say that a chain is longer."""
    (_, second) = [line.checkpoint for line in lines_of(audit.file) if line.checkpoint]
    says = {"at": to_ms(audit.clock()) + 10**10, "heads": {chain: [500, "ab" * 32], "another": [1, "cd" * 32]}}
    add(audit.file, [foreign(3, second.hash, **says)])
    assert [(what, number) for what, number, _ in found(audit)] == [("checkpoint", 3)] * 2
    verified = audit.verify()
    assert (verified.covered, verified.newest_at) == (10, json.loads(second.body)["at"])


def test_what_an_old_key_says_is_used_once_it_is_vouched_for(audit: Record, chain: str) -> None:
    """By the first checkpoint after the rotation; what it knows of a chain is not lost with the key."""
    audit.clock.forward(hours=1)
    audit.retire()
    assert audit.verify().findings == []
    assert audit.verify().covered == 12
    audit.tamper("UPDATE audit_event SET client = 'nobody' WHERE n = 3")
    rehash(audit, chain, 3)
    assert found(audit) == [("row", 5, "it is not what checkpoint 1 knows: it was changed, or one before it")]


def test_a_time_of_another_kind_is_found(audit: Record, chain: str) -> None:
    """Even with every hash mended, by somebody who hopes that it cannot be compared."""
    audit.tamper("UPDATE audit_event SET at = 'noon' WHERE n = 11")
    rehash(audit, chain, 11)
    assert found(audit) == [("row", 11, "it was changed, or what stood before it was")]


def test_a_checkpoint_of_another_deployment_is_named(audit: Record, chain: str) -> None:
    """Even one that the same key has signed."""
    (first, second) = [line.checkpoint for line in lines_of(audit.file) if line.checkpoint]
    body = second.body.replace('"tilburg"', '"breda"')
    audit.tamper("UPDATE audit_checkpoint SET body = ?, signature = ? WHERE number = 2", body, audit.signer.sign(body))
    assert found(audit, with_file=False) == [("checkpoint", 2, "it is of deployment 'breda'")]
    assert first.number == 1
    assert chain


def test_a_checkpoint_in_anothers_place_is_named(audit: Record, chain: str) -> None:
    """Its number is signed."""
    (first, _) = [line.checkpoint for line in lines_of(audit.file) if line.checkpoint]
    audit.tamper("UPDATE audit_checkpoint SET body = ?, signature = ? WHERE number = 2", first.body, first.signature)
    assert ("checkpoint", 2, "it stands in another one's place") in found(audit, with_file=False)
    assert chain


def test_a_file_that_was_changed_is_named(audit: Record, chain: str) -> None:
    """The file is believed rather than the state, and it must be signed as well."""
    text = audit.file.read_text()
    audit.file.write_text(text.replace('"rows":5', '"rows":6'))
    assert ("checkpoint", 1, "it was changed: its signature does not fit") in found(audit)
    audit.file.write_text("what is this\n" + text)
    assert found(audit) == [("file", 1, "it is no checkpoint")]
    assert chain


def test_a_state_that_was_put_back_is_found(audit: Record, chain: str, tmp_path: Path) -> None:
    """Rows that the file knows and that an older copy has not."""
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(audit.database.where)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    audit.write(3)
    audit.checkpoint()
    with file_snapshot(copy) as connection:
        verified = verify(reading(connection), audit.trusted, lines_of(audit.file))
    assert {one.what for one in verified.findings} == {"checkpoint", "chain"}
    assert chain


def test_only_the_first_wrong_thing_of_a_chain_is_told(audit: Record, chain: str) -> None:
    """What follows from it is noise; what is wrong in another chain is not."""
    audit.write(5)
    audit.tamper("UPDATE audit_event SET purpose = 'x'")
    assert [(one.what, one.n) for one in audit.verify().findings] == [("row", 1), ("row", 1)]
    assert len({one.chain for one in audit.verify().findings}) == 2
    assert chain


def test_of_too_many_only_the_number_is_told() -> None:
    """Memory stays flat."""
    verified = Verified()
    for n in range(TOLD_MOST + 5):
        verified.add(Finding("row", "it was changed", chain="c", n=n))
    assert (len(verified.findings), verified.found) == (TOLD_MOST, TOLD_MOST + 5)


def test_it_is_told_for_a_program(audit: Record, chain: str) -> None:
    """Every finding with its place."""
    audit.tamper("DELETE FROM audit_event WHERE n = 4")
    told = json.loads(json.dumps(audit.verify().as_json()))
    assert told["findings"] == [{"what": "row", "wrong": "it is missing", "chain": chain, "n": 4}]
    assert (told["found"], told["rows"]) == (1, 11)


def test_a_forged_line_cannot_be_added_to_the_file(audit: Record, chain: str) -> None:
    """It would have to be signed, and to have the hash of the one before."""
    (_, second) = [line.checkpoint for line in lines_of(audit.file) if line.checkpoint]
    body = second.body.replace('"number":2', '"number":3')
    add(audit.file, [Checkpoint(3, body, second.signature)])
    assert ("checkpoint", 3, "it was changed: its signature does not fit") in found(audit)
    assert chain
