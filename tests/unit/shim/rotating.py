"""A full state whose key ring is in a file, and everything that is sealed in it; for every kind of database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from outbox.actions import Audit
from outbox.database import Database
from shim.keeping.rotation import Rotation
from shim.keys import Key, KeyRing, RestCipher, file
from shim.keys.cipher import key_of
from shim.keys.keyed import NAMING, naming
from shim.state import open_state
from tests.unit.outbox.stand_ins import Clock
from tests.unit.shim.filled import Filled, fill

FIRST = bytes(32)
"""The secret with which `fill` seals."""
SEALED = {
    "payload": ("entry_seq", ("body", "particulars")),
    "request": ("entry_seq", ("body",)),
    "pruned": ("entry_seq", ("particulars",)),
    "entry": ("seq", ("result",)),
    "idempotency": ("key", ("reply",)),
    "reference_row": ("name", ("row",)),
    "deployment": ("name", ("naming",)),
}
"""Each table with something sealed, what names a row, and the sealed columns."""


class Rotating:
    """A state and its ring."""

    def __init__(self, database: Database, ring: KeyRing, path: Path) -> None:
        self.database = database
        self.ring = ring
        self.path = path
        self.rotation = Rotation(database, ring, path, Audit("beheer", "a test", 0))

    def sealed(self) -> dict[tuple[str, object, str], bytes]:
        """Return everything that is sealed, by table, row and column."""
        return {
            (table, row[name], column): bytes(row[column])
            for table, (name, columns) in SEALED.items()
            for row in self.database.read(f"SELECT * FROM {table}")  # noqa: S608 - names of ours
            for column in columns
            if row[column] is not None
        }

    def ids(self) -> set[str | None]:
        """Return the ids of the keys that something is sealed with."""
        return {key_of(sealed) for sealed in self.sealed().values()}

    def plain(self, *secrets: bytes) -> dict[tuple[str, object, str], bytes]:
        """Open everything with these keys alone."""
        cipher = RestCipher(KeyRing(*secrets))
        names = {row["seq"]: row["id"] for row in self.database.read("SELECT seq, id FROM entry")}
        suffix = {("pruned", "particulars"): "pruned", ("request", "body"): "request"}
        contexts = {"idempotency": "idempotency/{}", "reference_row": "reference_row/{}", "deployment": NAMING}
        opened = {}
        for (table, row, column), sealed in self.sealed().items():
            of_entry = f"{names.get(row)}/{suffix.get((table, column), column)}"
            context = contexts[table].format(row) if table in contexts else of_entry
            opened[table, row, column] = cipher.open(sealed, context)
        return opened

    def secrets(self) -> tuple[bytes, ...]:
        return file.read(self.path).secrets

    def needed(self) -> set[str]:
        return {row["id"] for row in self.database.read("SELECT id FROM ring_key")}

    def naming(self) -> bytes:
        return naming(self.database, RestCipher(self.ring))


@contextmanager
def rotating(where: Path | str, path: Path, *, full: bool = True, deployment: str = "tilburg") -> Iterator[Rotating]:
    """Open a state whose ring begins with FIRST; a full one has a row in every table."""
    if not path.exists():
        file.replace(path, file.Contents((FIRST,)))
    database, ring = open_state(where, lambda create: KeyRing.load(path, create), deployment)
    try:
        if full:
            fill(Filled(database, Clock()))
        yield Rotating(database, ring, path)
    finally:
        database.close()


def key_ids(secrets: tuple[bytes, ...]) -> list[str]:
    return [Key(secret).id for secret in secrets]
