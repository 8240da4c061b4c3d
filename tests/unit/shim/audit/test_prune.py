"""What is old goes, up to a checkpoint; what stays verifies, and nothing that was done to a row goes with it."""

from datetime import timedelta

import pytest

from outbox.entry import to_ms
from shim.audit import pruning
from shim.audit.pruning import PruneRefused
from shim.audit.signing import Signer, Trusted
from shim.keys import KeyRing
from tests.unit.shim.audit.record import Record


def prune(audit: Record, *, older_than_days: float = 0) -> pruning.Pruned:
    before = to_ms(audit.clock() - timedelta(days=older_than_days))
    cuts, left = pruning.plan(audit.database, audit.trusted, before)
    done = pruning.prune(audit.database, audit.signer, cuts, to_ms(audit.clock()))
    return pruning.Pruned(done.rows, done.chains, left)


def numbers(audit: Record) -> list[int]:
    return [row["n"] for row in audit.rows()]


def told(audit: Record, *, with_file: bool = True) -> list[str]:
    return [str(finding) for finding in audit.verify(with_file=with_file).findings]


@pytest.fixture
def aged(audit: Record) -> Record:
    """Five rows of day 0 and of day 10, each with a checkpoint, and three of day 20 without."""
    log = audit.write(5)
    for rows in (5, 3):
        audit.checkpoint()
        audit.clock.forward(days=10)
        audit.write(rows, log)
    return audit


def test_only_what_is_old_goes(aged: Record) -> None:
    """And the rest verifies, with the file of the checkpoints and without it."""
    assert prune(aged, older_than_days=15).rows == 5
    assert numbers(aged) == [6, 7, 8, 9, 10, 11, 12, 13]
    assert told(aged) == told(aged, with_file=False) == []


def test_it_ends_at_a_checkpoint(aged: Record) -> None:
    """Rows that are old enough stay until one knows them, and between two heads nothing is cut."""
    assert prune(aged).rows == 10
    assert numbers(aged) == [11, 12, 13]
    aged.checkpoint()
    assert prune(aged).rows == 3
    assert told(aged) == []


def test_a_row_that_is_young_keeps_all_after_it(aged: Record) -> None:
    """A chain is cut from its beginning; a clock that was wrong for a while does not tear it."""
    aged.tamper("UPDATE audit_event SET at = at + 1")  # and every hash is wrong: nothing may go
    assert prune(aged).rows == 0
    aged.tamper("UPDATE audit_event SET at = at - 1")
    assert prune(aged, older_than_days=15).rows == 5


def test_it_can_be_done_again_and_again(aged: Record) -> None:
    """The last anchor of a chain takes the place of the one before."""
    prune(aged, older_than_days=15)
    prune(aged)
    assert [tuple(row) for row in aged.database.read("SELECT n, checkpoint FROM audit_anchor")] == [(10, 2)]
    assert told(aged) == []
    assert prune(aged).rows == 0


def test_a_chain_that_is_gone_as_a_whole_stays_known(aged: Record) -> None:
    """Its anchor says so; without it the chain is missing."""
    aged.checkpoint()
    aged.write(1)
    assert prune(aged).rows == 13
    assert told(aged) == []
    aged.tamper("DELETE FROM audit_anchor")
    (missing,) = told(aged)
    assert missing.endswith("it is not there, though checkpoint 1 knows it")


def test_the_chain_goes_on_after_it(aged: Record) -> None:
    """A running process does not notice."""
    log = aged.write(1)
    aged.checkpoint()
    prune(aged)
    aged.write(2, log)
    aged.checkpoint()
    assert told(aged) == []


def test_a_pruned_row_that_is_there_again_is_found(aged: Record) -> None:
    """Nobody writes history anew below an anchor."""
    before = aged.database.read("SELECT * FROM audit_event WHERE n = 5")[0]
    prune(aged, older_than_days=15)
    names = ", ".join(before.keys())
    aged.tamper(f"INSERT INTO audit_event ({names}) VALUES ({', '.join('?' * len(before.keys()))})", *before)  # noqa: S608
    (found,) = told(aged)
    assert found.endswith("row 5: it was pruned and is there again")


@pytest.mark.parametrize(
    ("change", "values"),
    [
        ("n = 6", ()),
        ("n = 4", ()),
        ("hash = ?", ("0" * 64,)),
        ("checkpoint = 2", ()),
        ("pruned_at = 0", ()),
        ("signature = ?", ("AAAA",)),
        ("key = ?", ("00" * 32,)),
        ("chain = 'another'", ()),
        ("n = ?", ("x",)),
        ("hash = ?", (b"x",)),
    ],
)
def test_an_anchor_that_was_changed_is_found(aged: Record, change: str, values: tuple[object, ...]) -> None:
    """Any of its columns."""
    prune(aged, older_than_days=15)
    aged.tamper(f"UPDATE audit_anchor SET {change}", *values)  # noqa: S608
    assert any("anchor" in line for line in told(aged)), told(aged)


def test_somebody_elses_anchor_hides_nothing(aged: Record) -> None:
    """Rows that were deleted by hand, with an anchor that no key of ours has signed."""
    cuts, _ = pruning.plan(aged.database, aged.trusted, to_ms(aged.clock()))
    pruning.prune(aged.database, Signer(KeyRing(bytes([9]) * 32)), cuts, 0)
    (found,) = told(aged)
    assert "a key that is not known here" in found


def test_an_anchor_is_vouched_for_after_its_key_is_gone(aged: Record) -> None:
    """By the next checkpoint, which knows it."""
    prune(aged)
    aged.checkpoint()
    aged.write(1)
    aged.retire()
    assert told(aged) == []


def test_a_chain_that_does_not_verify_is_left(aged: Record) -> None:
    """So that what was done to it can be looked at; the others are pruned."""
    aged.write(2)
    aged.checkpoint()
    aged.tamper("UPDATE audit_event SET purpose = 'x' WHERE n = 4")
    done = prune(aged)
    assert (done.rows, done.chains, len(done.left)) == (2, 1, 1)
    assert numbers(aged) == list(range(1, 14))


def test_nothing_goes_when_a_checkpoint_is_wrong(aged: Record) -> None:
    """Nobody knows then what may go."""
    aged.tamper("UPDATE audit_checkpoint SET signature = 'AAAA' WHERE number = 1")
    with pytest.raises(PruneRefused, match="nothing was pruned: checkpoint 1"):
        pruning.plan(aged.database, Trusted.of_ring(aged.ring), to_ms(aged.clock()))


def test_many_rows_go_in_many_commits(audit: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many at a time as the heads allow."""
    monkeypatch.setattr(pruning, "_TOGETHER", 10)
    log = audit.log()
    for _ in range(12):
        audit.write(4, log)
        audit.checkpoint()
    cuts, _ = pruning.plan(audit.database, audit.trusted, to_ms(audit.clock()))
    assert [cut.end for cut in cuts] == [8, 16, 24, 32, 40, 48]
    reported: list[int] = []
    pruning.prune(audit.database, audit.signer, cuts, 0, reported.append)
    assert reported == [16, 32, 48]
    assert told(audit) == []


def test_an_anchor_between_two_heads_is_found(aged: Record) -> None:
    """Even one that our own key has signed: what a checkpoint knows must be seen to be what is gone."""
    row = aged.rows()[2]
    cut = pruning.Cut(row["chain"], 0, row["n"], row["hash"], 1)
    assert pruning.prune(aged.database, aged.signer, [cut], 0).rows == 3
    (found,) = told(aged)
    assert found.endswith("row 3: no checkpoint knows the row that it says was the last")
