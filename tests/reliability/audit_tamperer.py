"""Somebody who may write the state's file, and knows how the audit is made; every hand is one way to change it."""

import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from shim.audit.rows import COLUMNS, hash_of
from shim.audit.signing import Signer
from shim.keys import KeyRing

STRANGER: Final = Signer(KeyRing(bytes([9]) * 32))
ALL: Final = (*COLUMNS, "hash")


@dataclass(frozen=True)
class Done:
    """What was done: to which chain, and which row of it must be named at the latest; None where that is open."""

    chain: str | None = None
    n: int | None = None


Hand = Callable[["Tamperer"], Done | None]


class Tamperer:
    """Changes a state that has no triggers."""

    def __init__(self, connection: sqlite3.Connection, chance: random.Random, *, newest_at: int) -> None:
        self.connection = connection
        self.chance = chance
        self.newest_at = newest_at

    def run(self, statement: str, *values: Any) -> int:
        return self.connection.execute(statement, values).rowcount

    def chain(self) -> list[dict[str, Any]]:
        """The rows of some chain."""
        chains = [row[0] for row in self.connection.execute("SELECT DISTINCT chain FROM audit_event ORDER BY chain")]
        return self.rows(self.chance.choice(chains))

    def rows(self, chain: str) -> list[dict[str, Any]]:
        found = self.connection.execute("SELECT * FROM audit_event WHERE chain = ? ORDER BY n", [chain])
        return [dict(row) for row in found]

    def store(self, row: dict[str, Any]) -> None:
        places = ", ".join("?" * len(ALL))
        self.run(f"INSERT INTO audit_event ({', '.join(ALL)}) VALUES ({places})", *(row[name] for name in ALL))  # noqa: S608

    def replace(self, chain: str, rows: list[dict[str, Any]], *, rehash_from: int | None = None) -> None:
        """Write a chain anew, with its hashes mended from a place on."""
        self.run("DELETE FROM audit_event WHERE chain = ?", chain)
        previous = ""
        for place, row in enumerate(rows):
            if rehash_from is not None and place >= rehash_from:
                row["hash"] = hash_of(previous, {name: row[name] for name in COLUMNS})
            previous = row["hash"]
            self.store(row)

    def other(self, value: Any) -> Any:
        """Another value, of the same kind or not, mostly as near as can be."""
        if isinstance(value, int):
            return value + self.chance.choice((-1, 1))
        if value is None or not value or self.chance.random() < 0.1:
            return self.chance.choice(("x", "0", "another"))
        if self.chance.random() < 0.1:
            return None if self.chance.random() < 0.5 else ""
        place = self.chance.randrange(len(value))
        letter = self.chance.choice([one for one in '0123456789abcdef {}"' if one != value[place]])
        return value[:place] + letter + value[place + 1 :]


# --- rows


def edit(hand: Tamperer) -> Done | None:
    """One value of one row, often one character of it."""
    row, name = hand.chance.choice(hand.chain()), hand.chance.choice(ALL)
    other = hand.other(row[name])
    if other is None and name in {"chain", "n", "at", "action", "phase", "access", "detail", "hash"}:
        return None
    try:
        hand.run(f"UPDATE audit_event SET {name} = ? WHERE chain = ? AND n = ?", other, row["chain"], row["n"])  # noqa: S608
    except sqlite3.IntegrityError:  # there is such a row
        return None
    return Done() if name in {"chain", "n"} else Done(row["chain"], row["n"])


def edit_and_mend(hand: Tamperer) -> Done | None:
    """One value, and every hash after it."""
    rows = hand.chain()
    place, name = hand.chance.randrange(len(rows)), hand.chance.choice(COLUMNS[3:-1])
    rows[place][name] = hand.other(rows[place][name]) or "another"
    if rows[place]["n"] != place + 1:
        return None  # a pruned chain begins with a hash that only its anchor has
    hand.replace(rows[0]["chain"], rows, rehash_from=place)
    return Done(rows[0]["chain"], None)


def delete(hand: Tamperer) -> Done:
    """Some rows one after the other."""
    rows = hand.chain()
    first = hand.chance.randrange(len(rows))
    gone = rows[first : first + hand.chance.randint(1, 3)]
    for row in gone:
        hand.run("DELETE FROM audit_event WHERE chain = ? AND n = ?", row["chain"], row["n"])
    return Done(rows[0]["chain"], gone[0]["n"])


def delete_and_mend(hand: Tamperer) -> Done | None:
    """A row, and all after it move up."""
    rows = hand.chain()
    place = hand.chance.randrange(len(rows))
    if rows[0]["n"] != 1:
        return None
    del rows[place]
    for row in rows[place:]:
        row["n"] -= 1
    hand.run("DELETE FROM audit_event WHERE chain = ?", rows[0]["chain"]) if rows else None
    if rows:
        hand.replace(rows[0]["chain"], rows, rehash_from=place)
    return Done()


def insert(hand: Tamperer) -> Done | None:
    """A row that never was, between others."""
    rows = hand.chain()
    place, mend = hand.chance.randrange(len(rows)), hand.chance.random() < 0.5
    if mend and rows[0]["n"] != 1:
        return None
    rows.insert(place, {**rows[place], "client": "planner", "access": "ab" * 16})
    for row in rows[place + 1 :]:
        row["n"] += 1
    hand.replace(rows[0]["chain"], rows, rehash_from=place if mend else None)
    return Done(rows[0]["chain"])


def append(hand: Tamperer) -> Done:
    """A row that never was, at the end of a chain, dated when it should have been."""
    rows = hand.chain()
    row = {**rows[-1], "n": rows[-1]["n"] + 1, "access": "ab" * 16, "client": "planner"}
    row["at"] = hand.newest_at - hand.chance.randint(2, 20) * 3_600_000
    row["hash"] = hash_of(rows[-1]["hash"], {name: row[name] for name in COLUMNS})
    hand.store(row)
    return Done(row["chain"], row["n"])


def swap(hand: Tamperer) -> Done | None:
    """Two rows change places: all that they say, or with their hashes."""
    rows = hand.chain()
    if len(rows) < 2:
        return None
    one, other = sorted(hand.chance.sample(range(len(rows)), 2))
    names = ALL[2:] if hand.chance.random() < 0.5 else COLUMNS[2:]
    for name in names:
        rows[one][name], rows[other][name] = rows[other][name], rows[one][name]
    hand.replace(rows[0]["chain"], rows)
    return Done(rows[0]["chain"], rows[one]["n"])


def move(hand: Tamperer) -> Done | None:
    """A row goes to the end of another chain."""
    row, others = hand.chance.choice(hand.chain()), hand.chain()
    if others[0]["chain"] == row["chain"]:
        return None
    place = (others[0]["chain"], others[-1]["n"] + 1, row["chain"], row["n"])
    hand.run("UPDATE audit_event SET chain = ?, n = ? WHERE chain = ? AND n = ?", *place)
    return Done(row["chain"], row["n"])


# --- chains


def truncate(hand: Tamperer) -> Done:
    """The end of a chain, which checkpoints know."""
    rows = hand.chain()
    row = hand.chance.choice(rows)
    hand.run("DELETE FROM audit_event WHERE chain = ? AND n >= ?", row["chain"], row["n"])
    return Done(row["chain"], row["n"])


def behead(hand: Tamperer) -> Done:
    """The beginning of a chain, as if it had been pruned."""
    rows = hand.chain()
    row = hand.chance.choice(rows)
    hand.run("DELETE FROM audit_event WHERE chain = ? AND n <= ?", row["chain"], row["n"])
    return Done(row["chain"], rows[0]["n"])


def behead_with_anchor(hand: Tamperer) -> Done:
    """The same, with an anchor that somebody else has signed."""
    row = hand.chance.choice(hand.chain())
    hand.run("DELETE FROM audit_anchor WHERE chain = ?", row["chain"])
    values = (row["chain"], row["n"], row["hash"], 1, 0, STRANGER.public, STRANGER.sign("anything"))
    hand.run("INSERT INTO audit_anchor VALUES (?, ?, ?, ?, ?, ?, ?)", *values)
    hand.run("DELETE FROM audit_event WHERE chain = ? AND n <= ?", row["chain"], row["n"])
    return Done(row["chain"])


def delete_chain(hand: Tamperer) -> Done:
    """A whole chain, with its anchor if it has one."""
    rows = hand.chain()
    hand.run("DELETE FROM audit_event WHERE chain = ?", rows[0]["chain"])
    hand.run("DELETE FROM audit_anchor WHERE chain = ?", rows[0]["chain"])
    return Done(rows[0]["chain"])


def copy_chain(hand: Tamperer) -> Done | None:
    """A whole chain once more, under another name and with hashes that are right."""
    rows = hand.chain()
    if rows[0]["n"] != 1:
        return None
    copied = [{**row, "chain": "feedfacefeedface", "client": "planner"} for row in rows]
    hand.replace("feedfacefeedface", copied, rehash_from=0)
    return Done("feedfacefeedface", 1)


# --- checkpoints and anchors


def delete_checkpoints(hand: Tamperer) -> Done:
    """One, or all from one on."""
    number = hand.chance.choice([row[0] for row in hand.connection.execute("SELECT number FROM audit_checkpoint")])
    sign = hand.chance.choice(("=", ">="))
    hand.run(f"DELETE FROM audit_checkpoint WHERE number {sign} ?", number)  # noqa: S608
    return Done()


def edit_checkpoint(hand: Tamperer) -> Done | None:
    """One value, often one character."""
    row = hand.chance.choice(hand.connection.execute("SELECT * FROM audit_checkpoint").fetchall())
    name = hand.chance.choice(("number", "body", "signature"))
    other = hand.other(row[name]) if name != "number" else row[name] + 100
    if other is None:
        return None
    hand.run(f"UPDATE audit_checkpoint SET {name} = ? WHERE number = ?", other, row["number"])  # noqa: S608
    return Done()


def forge_checkpoint(hand: Tamperer) -> Done:
    """Signed again, with a key of one's own."""
    row = hand.chance.choice(hand.connection.execute("SELECT * FROM audit_checkpoint").fetchall())
    body = row["body"].replace('"rows":', '"rows":1')
    signed = (body, STRANGER.sign(body), row["number"])
    hand.run("UPDATE audit_checkpoint SET body = ?, signature = ? WHERE number = ?", *signed)
    return Done()


def edit_anchor(hand: Tamperer) -> Done | None:
    """One value of the anchor, or all of it."""
    row = dict(hand.connection.execute("SELECT * FROM audit_anchor").fetchone())
    if hand.chance.random() < 0.2:
        hand.run("DELETE FROM audit_anchor")
        return Done(row["chain"])
    name = hand.chance.choice(list(row))
    other = hand.other(row[name])
    if other is None:
        return None
    hand.run(f"UPDATE audit_anchor SET {name} = ?", other)  # noqa: S608
    return Done()


HANDS: Final[tuple[Hand, ...]] = (
    *(edit, edit, edit, edit_and_mend, delete, delete_and_mend, insert, append, swap, move),
    *(truncate, behead, behead_with_anchor, delete_chain, copy_chain),
    *(delete_checkpoints, edit_checkpoint, forge_checkpoint, edit_anchor),
)
