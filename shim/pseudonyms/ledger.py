"""The originals of one database, as keyed digests in a temporary file: memory does not grow with their number."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from contracts.snapshots import SnapshotRefused
from shim.pseudonyms.invented import invent
from shim.pseudonyms.key import PseudonymKey
from shim.pseudonyms.kinds import KINDS, What
from shim.pseudonyms.sieve import Sieve
from shim.pseudonyms.spelling import skeleton

_TABLES: Final = """
pragma journal_mode = off; pragma synchronous = off; pragma temp_store = memory; pragma cache_size = -16000;
create table seen (digest blob, space integer, primary key (digest, space)) without rowid;
create table name (space integer, digest blob, primary key (space, digest)) without rowid;
create table again (space text, digest blob, attempt integer, primary key (space, digest)) without rowid;
create table taken (digest blob primary key) without rowid;
create table aside (digest blob primary key) without rowid;
"""
_DIGEST: Final = 16
_AT_ONCE: Final = 10_000
_ORDER: Final = {kind: number for number, kind in enumerate(KINDS)}


class Ledger:
    """What must not be invented, and which invention is whose. For one thread; its file is deleted by `close`."""

    def __init__(self, folder: Path, key: PseudonymKey) -> None:
        """Begin an empty ledger.

        Args:
            folder: private; the file is made in it.
            key: of the pseudonyms.
        """
        self._path = folder / "ledger"
        self._key = key.derived("ledger")
        self._spaces: list[What] = []
        self._numbers: dict[What, int] = {}
        self._sieve = Sieve()
        self._seen: set[tuple[bytes, int]] = set()
        self._names: set[tuple[int, bytes]] = set()
        self._any_again = False
        with _refused():
            self._file = sqlite3.connect(self._path, isolation_level=None)
            self._file.executescript(_TABLES)
            self._file.execute("begin")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Delete the ledger. Idempotent."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    def see(self, what: What, plain: str) -> None:
        """Note a value that is searched for, and that texts may name, by its skeleton."""
        digest = self._digest(plain)
        self._sieve.add(digest)
        self._seen.add((digest, self._number(what)))
        if len(self._seen) >= _AT_ONCE:
            self._write()

    def name(self, what: What, digest: bytes) -> None:
        """Note a name that needs an invention, by the digest that it is invented from."""
        self._names.add((self._number(what), digest))
        if len(self._names) >= _AT_ONCE:
            self._write()

    def assign(self) -> None:
        """Settle which invention is whose; in the order of space and digest, whatever order they were noted in."""
        with _refused():
            self._write()
            for what in sorted(self._spaces, key=str):
                number = self._numbers[what]
                for (digest,) in self._file.execute(
                    "select digest from name where space = ? order by digest", [number]
                ):
                    self._assign(what, digest)
            self._file.execute("commit")

    @property
    def aside(self) -> int:
        """How many values have another pseudonym than their first."""
        (count,) = self._file.execute("select count(*) from aside").fetchone()
        return int(count)

    def __contains__(self, joined: object) -> bool:
        """Whether this is an original, as `joined()` gives it; case and diacritics aside."""
        return isinstance(joined, str) and self.named(skeleton(joined)) is not None

    def named(self, skeleton: str) -> What | None:
        """Return what an original is; of several, the kind that comes first among the kinds."""
        digest = self._digest(skeleton)
        if digest not in self._sieve:
            return None
        found = [self._spaces[space] for (space,) in self._file.execute(_SPACES, [digest])]
        return min(found, key=lambda what: (_ORDER[what.kind], what.domain), default=None)

    def attempt(self, space: str, digest: bytes) -> int:
        """Return which invention is a name's own."""
        if not self._any_again:
            return 0
        row = self._file.execute("select attempt from again where space = ? and digest = ?", [space, digest]).fetchone()
        return int(row[0]) if row else 0

    def stepped_aside(self, space: str, digest: bytes) -> None:
        """Count a value once, however often it comes."""
        told = blake2b(space.encode() + digest, key=self._key, digest_size=_DIGEST).digest()
        with _refused():
            self._file.execute("insert or ignore into aside values (?)", [told])

    def _assign(self, what: What, digest: bytes) -> None:
        attempt = 0
        while not self._takes(what, invent(what.kind, digest, attempt)):
            attempt += 1
        if attempt:
            self._any_again = True
            self._file.execute("insert into again values (?, ?, ?)", [what.space, digest, attempt])
            self.stepped_aside(what.space, digest)

    def _takes(self, what: What, invented: str) -> bool:
        if self.named(skeleton(invented)) is not None:
            return False
        told = blake2b(f"{what.space}\x1e{invented}".encode(), key=self._key, digest_size=_DIGEST).digest()
        return self._file.execute("insert or ignore into taken values (?)", [told]).rowcount == 1

    def _write(self) -> None:
        with _refused():
            self._file.executemany("insert or ignore into seen values (?, ?)", sorted(self._seen))
            self._file.executemany("insert or ignore into name values (?, ?)", sorted(self._names))
        self._seen.clear()
        self._names.clear()

    def _number(self, what: What) -> int:
        if what not in self._numbers:
            self._numbers[what] = len(self._spaces)
            self._spaces.append(what)
        return self._numbers[what]

    def _digest(self, skeleton: str) -> bytes:
        return blake2b(skeleton.encode(), key=self._key, digest_size=_DIGEST).digest()


_SPACES: Final = "select space from seen where digest = ?"


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise SnapshotRefused(
            f"the ledger of originals cannot be written: {error}; is there room on the disk?"
        ) from error
