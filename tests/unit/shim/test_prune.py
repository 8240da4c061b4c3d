"""What is let go is final and old; what stays can be explained, and whether it is whole can be proven."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.delivery import Delivered, Rejected
from outbox.actions import Audit
from outbox.carrying import prune as pruning_module
from outbox.carrying.prune import Pruned, Pruning, What, count, prune
from outbox.carrying.whole import Found, verify
from outbox.entry import to_ms
from outbox.hand import Hand
from outbox.stored import PayloadPruned
from shim.explanation import explanation
from tests.unit.outbox.stand_ins import Clock, Receiver, accept
from tests.unit.shim.filled import CIPHER, Filled, fill, ours

DAY_S = 86_400


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Filled]:
    made = ours(tmp_path / "state.db", Clock())
    yield made
    made.database.close()


def pruned(state: Filled, days: int = 90, what: What = "payloads", pauses: list[float] | None = None) -> Pruned:
    now = state.clock()
    pruning = Pruning(what, to_ms(now) - days * DAY_S * 1000, to_ms(now))
    audit = Audit("beheer", "older than needed", to_ms(now))
    pause = (lambda _: None) if pauses is None else pauses.append
    counted = count(state.database, pruning)
    done = prune(state.database, CIPHER, pruning, audit, pause=pause)
    assert counted == done.entries + len(done.damaged)
    return done


def checked(state: Filled) -> Found:
    return verify(lambda statement, values: state.database.read(statement, **values), CIPHER)


def damage(state: Filled, seq: int, column: str) -> None:
    """Change a bit where nobody may."""
    with state.database.transaction() as tx:
        (body,) = tx.execute(f"SELECT {column} FROM payload WHERE entry_seq = {seq}").fetchone()  # noqa: S608
        rest = ", ".join({"body", "particulars"} - {column})
        changed = bytes([body[0] ^ 1]) + body[1:]
        (kept, sha256) = tx.execute(f"SELECT {rest}, sha256 FROM payload WHERE entry_seq = {seq}").fetchone()  # noqa: S608
        tx.execute(f"DELETE FROM payload WHERE entry_seq = {seq}")  # noqa: S608
        tx.execute(
            f"INSERT INTO payload (entry_seq, {column}, {rest}, sha256) VALUES (:seq, :changed, :kept, :sha256)",  # noqa: S608
            {"seq": seq, "changed": changed, "kept": kept, "sha256": sha256},
        )


def test_only_what_is_final_and_old_is_let_go(state: Filled) -> None:
    """Whatever has not left keeps what it is to be sent from, however old it is."""
    fill(state)
    state.clock.forward(200 * DAY_S)
    young = accept(state.outbox, "young")
    with state.database.transaction() as tx:
        values = {"seq": young.seq, "now": to_ms(state.clock()) - 1}
        tx.execute("UPDATE entry SET state = 'discarded', ended_at = :now WHERE seq = :seq", values)
    before = {row["id"] for row in state.database.read("SELECT id FROM entry JOIN payload ON entry_seq = seq")}
    assert pruned(state).entries == 2
    gone = before - {row["id"] for row in state.database.read("SELECT id FROM entry JOIN payload ON entry_seq = seq")}
    assert gone == {f"dl_{name:0>32}" for name in ("delivered", "discarded")}
    assert pruned(state).entries == 0
    assert pruned(state, days=0).entries == 1


@pytest.mark.parametrize("wants", [{"check_again_s": 60}, {"attention": "sla_missing"}], ids=["look", "attention"])
def test_one_that_is_looked_at_keeps_it(state: Filled, wants: dict[str, Any]) -> None:
    """Its adapter needs the document for that."""
    entry = accept(state.outbox)
    state.work(Receiver(answers=[Delivered("INC-000001", **wants)]))
    state.clock.forward(100 * DAY_S)
    assert pruned(state).entries == pruned(state, what="attempts").entries == 0
    assert state.outbox.payload(entry).body


def test_what_its_parts_are_composed_from_stays_until_they_have_left(state: Filled) -> None:
    """A part that is stuck is composed anew from what the client asked with the first document."""
    first = accept(state.outbox, "first")
    part = accept(state.outbox, "part", continues=first.id)
    state.work(Receiver(answers=[Delivered("INC-000001"), Rejected("no such field")]), steps=2)
    state.clock.forward(100 * DAY_S)
    assert pruned(state).entries == 0
    assert state.outbox.payload(first).body
    Hand(state.database, state.clock).discard(part.id, "told by telephone")
    state.clock.forward(100 * DAY_S)
    assert pruned(state).entries == 2


def test_what_changed_since_it_was_chosen_is_left(state: Filled) -> None:
    """The record began to want attention between the look and the commit."""
    entry = accept(state.outbox)
    state.work(Receiver())
    state.clock.forward(100 * DAY_S)
    now = to_ms(state.clock())

    def meanwhile(_row: object, _cipher: object) -> bytes:
        with state.database.transaction() as tx:
            tx.execute("UPDATE entry SET attention = 'sla_missing'")
        return b"sealed"

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pruning_module, "_kept", meanwhile)
        audit = Audit("beheer", "older than needed", now)
        assert prune(state.database, CIPHER, Pruning("payloads", now, now), audit, pause=lambda _: None).entries == 0
    assert state.outbox.payload(entry).body


def test_what_stays_explains_it(state: Filled) -> None:
    """Its hash and its sources, and nothing of a person; nor what the client asked."""
    fill(state)
    entry = state.outbox.get("dl_" + "pruned".rjust(32, "0"))
    assert entry
    told = explanation(state.outbox, entry)
    assert told.payload.sha256 is not None
    assert (told.payload.damage, told.payload.bytes, told.payload.intact) == (None, None, None)
    assert told.payload.pruned_at == state.outbox.pruned(entry).pruned_at  # type: ignore[union-attr]
    assert [source.element for source in told.sources] == ["BO_PRIORITY"]
    assert json.dumps(told.as_json(), default=str)
    with pytest.raises(PayloadPruned, match="was pruned on 20"):
        state.outbox.payload(entry)
    assert state.outbox.request(entry) is None
    assert told.attempts


def test_what_the_client_asked_goes_with_it(state: Filled) -> None:
    """A person's words are in both."""
    entry = accept(state.outbox)
    with state.database.transaction() as tx:
        sealed = CIPHER.seal(b"{}", f"{entry.id}/request")
        tx.execute("INSERT INTO request (entry_seq, body) VALUES (:seq, :body)", {"seq": entry.seq, "body": sealed})
    state.work(Receiver())
    assert state.outbox.request(entry) == b"{}"
    state.clock.forward(100 * DAY_S)
    assert pruned(state).entries == 1
    assert state.outbox.request(entry) is None


def test_attempts_are_let_go_apart(state: Filled) -> None:
    """With their outcomes and the looks at the record; the payload and what administrators did stay."""
    fill(state)
    state.clock.forward(200 * DAY_S)
    entry = state.outbox.get("dl_" + "delivered".rjust(32, "0"))
    assert entry
    assert state.outbox.attempts(entry)
    assert state.outbox.verifications(entry)
    assert pruned(state, what="attempts").entries == 2
    assert not state.outbox.attempts(entry)
    assert not state.outbox.verifications(entry)
    assert state.outbox.payload(entry).body
    assert pruned(state, what="attempts").entries == 0


def test_it_is_on_record(state: Filled) -> None:
    """Who let what go, and why."""
    accept(state.outbox)
    state.work(Receiver())
    state.clock.forward(100 * DAY_S)
    pruned(state)
    (row,) = state.database.read("SELECT * FROM admin_action")
    assert (row["actor"], row["action"], row["reason"]) == ("beheer", "prune", "older than needed")
    detail = json.loads(row["detail"])
    assert (detail["what"], detail["entries"]) == ("payloads", 1)


def test_it_goes_in_short_commits_with_pauses(state: Filled) -> None:
    """So that nobody else waits long for the writer's lock."""
    for number in range(250):
        accept(state.outbox, str(number))
    with state.database.transaction() as tx:
        tx.execute("UPDATE entry SET state = 'discarded', ended_at = 1")
    pauses: list[float] = []
    assert pruned(state, pauses=pauses).entries == 250
    assert len(pauses) == 3
    assert min(pauses) > 0
    assert len(state.database.read("SELECT * FROM admin_action")) == 3


def test_every_payload_is_proven(state: Filled) -> None:
    """By destination, also what was pruned."""
    fill(state)
    found = checked(state)
    assert not found.damaged
    assert (found.all.entries, found.all.payloads, found.all.pruned) == (9, 8, 1)
    assert found.destinations.keys() == {"planon"}


def test_what_is_damaged_is_named(state: Filled) -> None:
    """A changed bit, one entry's payload under another's name, a wrong hash, and one that is gone."""
    entries = [accept(state.outbox, str(number), body=str(number).encode()) for number in range(6)]
    damage(state, entries[0].seq, "body")
    damage(state, entries[1].seq, "particulars")
    with state.database.transaction() as tx:
        tx.execute("DELETE FROM payload WHERE entry_seq = :seq", {"seq": entries[2].seq})
        tx.execute("DELETE FROM payload WHERE entry_seq = :seq", {"seq": entries[3].seq})
        tx.execute(
            "INSERT INTO payload (entry_seq, body, sha256, particulars) "
            "SELECT :seq, body, sha256, particulars FROM payload WHERE entry_seq = :other",
            {"seq": entries[3].seq, "other": entries[5].seq},
        )
        sealed = CIPHER.seal(b"another", f"{entries[4].id}/body")
        (kept,) = tx.execute(f"SELECT particulars FROM payload WHERE entry_seq = {entries[4].seq}").fetchone()  # noqa: S608
        tx.execute(f"DELETE FROM payload WHERE entry_seq = {entries[4].seq}")  # noqa: S608
        tx.execute(
            "INSERT INTO payload (entry_seq, body, sha256, particulars) VALUES (:seq, :body, :sha256, :particulars)",
            {"seq": entries[4].seq, "body": sealed, "sha256": "0" * 64, "particulars": kept},
        )
    found = checked(state)
    assert list(found.damaged) == [entry.id for entry in entries[:5]]
    assert found.all.damaged == 5
    assert "not what was validated" in found.damaged[entries[4].id]
    assert "is lost" in found.damaged[entries[2].id]


@pytest.mark.parametrize("left", [("payload", "request"), ("payload",), ("request",)], ids="+".join)
def test_what_was_left_beside_what_stays_is_let_go(state: Filled, left: tuple[str, ...]) -> None:
    """An earlier release could seal it anew while it was pruned, and then it stayed for good."""
    entry = accept(state.outbox)
    with state.database.transaction() as tx:
        sealed = CIPHER.seal(b"{}", f"{entry.id}/request")
        tx.execute("INSERT INTO request (entry_seq, body) VALUES (:seq, :body)", {"seq": entry.seq, "body": sealed})
    state.work(Receiver())
    rows = {table: dict(state.database.read(f"SELECT * FROM {table}")[0]) for table in left}  # noqa: S608
    state.clock.forward(100 * DAY_S)
    assert pruned(state).entries == 1
    before = [tuple(row) for row in state.database.read("SELECT * FROM pruned")]
    with state.database.transaction() as tx:
        for table, row in rows.items():
            values = ", ".join(f":{name}" for name in row)
            tx.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})", row)  # noqa: S608
    actions = len(state.database.read("SELECT * FROM admin_action"))
    assert pruned(state).entries == ("payload" in left)
    assert [state.database.read(f"SELECT * FROM {table}") for table in ("payload", "request")] == [[], []]  # noqa: S608
    assert [tuple(row) for row in state.database.read("SELECT * FROM pruned")] == before
    assert len(state.database.read("SELECT * FROM admin_action")) == actions + 1
    assert pruned(state).entries == 0
    assert len(state.database.read("SELECT * FROM admin_action")) == actions + 1


def test_a_payload_that_does_not_open_is_left(state: Filled) -> None:
    """Nothing could stay of it, and somebody should know."""
    entry, whole = accept(state.outbox, "1"), accept(state.outbox, "2")
    state.work(Receiver(), steps=2)
    damage(state, entry.seq, "particulars")
    state.clock.forward(100 * DAY_S)
    done = pruned(state)
    assert (done.entries, done.damaged) == (1, (entry.id,))
    assert state.outbox.pruned(whole)
    assert state.outbox.pruned(entry) is None
