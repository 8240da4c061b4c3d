"""Changes of the key ring, file and state together: after a power cut the file has every key that the state needs."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from outbox.actions import Audit
from outbox.database import Database
from shim.audit import checkpoints
from shim.audit.checkpoints import SQL as CHECKPOINTS
from shim.audit.signing import Signer
from shim.keeping.resealing import Resealed, reseal
from shim.keys import Key, KeyRing, RestCipher, file, keyed
from shim.keys.cipher import key_of
from shim.keys.following import LOOK_S
from shim.keys.key import new_secret
from shim.keys.ring import SUBJECTS
from shim.settings import ConfigurationError
from shim.state import SQL as STATE

SETTLE_S: Final = 3 * LOOK_S
"""After a change of the file every process of this machine has noticed it by then."""
_PASSES: Final = 5


class RotationRefused(Exception):
    """Raised when a key cannot be what it is asked to be, in one line."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """Changes one deployment's ring. One at a time on a machine; who else tries is told so.

    Every method raises ConfigurationError if the file cannot be read or written, and StateUnavailable.
    """

    database: Database
    ring: KeyRing
    path: Path
    audit: Audit

    def stage(self) -> Key:
        """Add a new key that opens and does not seal yet: for other machines to have before it does."""
        with file.alone(self.path):
            key = self._add()
            self._note("stage-key", key)
        return key

    def use(self, key_id: str) -> Key:
        """Let a key of the file seal from now on.

        Raises:
            RotationRefused: it is not in the file, or seals already.
        """
        with file.alone(self.path):
            key = self._known(key_id)
            if key.id == self.ring.current:
                raise RotationRefused(f"{key.id} seals already")
            return self._seal_with(key, "use-key")

    def rotate(self) -> Key:
        """Make a new key that seals from now on; the old one opens."""
        with file.alone(self.path):
            return self._seal_with(self._add(), "rotate-keys")

    def retire(
        self,
        key_id: str,
        report: Callable[[int], None] = lambda _rows: None,
        pause: Callable[[float], None] = time.sleep,
    ) -> Resealed:
        """Seal anew what is sealed with a key, then forget the key; it names subjects for the audit, and opens nothing.

        Raises:
            RotationRefused: it seals now, is not in the file, or somebody goes on sealing with it.
        """
        with file.alone(self.path):
            key = self._known(key_id)
            if key.id == self.ring.current:
                raise RotationRefused(f"{key.id} seals now; first `shim keys rotate`")
            cipher = RestCipher(self.ring)
            keeping = {other.id for other in self.ring.keys} - {key.id}
            changed_s = time.time() - self.path.stat().st_mtime
            pause(min(SETTLE_S, max(0.0, SETTLE_S - changed_s)))
            done = self._reseal_all(key, cipher, keeping, report, pause)
            self._vouch()
            self._forget(key, cipher, done)
        return done

    # ---

    def _reseal_all(
        self,
        key: Key,
        cipher: RestCipher,
        keeping: set[str],
        report: Callable[[int], None],
        pause: Callable[[float], None],
    ) -> Resealed:
        rows = 0
        for turn in range(_PASSES):
            done = reseal(self.database, cipher, keeping, report)
            rows += done.rows
            if not done.rows:
                return Resealed(rows, done.damaged)
            if turn:  # the first pass finds what there is; a later one, only what was sealed since
                pause(SETTLE_S)
        raise RotationRefused(f"somebody still seals with {key.id}: is there a machine with an older key file?")

    def _vouch(self) -> None:
        """Let the audit's newest checkpoint be of a key that stays: what the key has signed is believed through it."""
        ((newest,),) = self.database.read(CHECKPOINTS["newest"])
        if newest:
            (deployment,) = self.database.read(STATE["select_deployment"])
            checkpoints.make(self.database, Signer(self.ring), deployment["name"], self.audit.now)

    def _forget(self, key: Key, cipher: RestCipher, done: Resealed) -> None:
        contents = file.read(self.path)
        ((naming,),) = self.database.read(keyed.SQL["select_naming"])
        plain = cipher.open(naming, keyed.NAMING)
        with self.database.transaction() as tx:
            if key_of(bytes(naming)) != self.ring.current:
                tx.execute(keyed.SQL["update_naming"], {"naming": cipher.seal(plain, keyed.NAMING)})
            tx.execute(keyed.SQL["delete_key"], {"id": key.id})
            self.audit.write(tx, "retire-key", None, {"key": key.id, "rows": done.rows, "damaged": done.damaged})
        left = tuple(secret for secret in contents.secrets if Key(secret).id != key.id)
        self._replace(file.Contents(left, {**contents.subjects, key.id: key.derive(SUBJECTS)}))

    def _known(self, key_id: str) -> Key:
        self.ring.follow(keyed.admitting(self.database))
        found = [Key(secret) for secret in file.read(self.path).secrets]
        chosen = [key for key in found if key.id == key_id]
        if not chosen:
            raise RotationRefused(f"{key_id} is not in the key file; there are: {', '.join(key.id for key in found)}")
        return chosen[0]

    def _add(self) -> Key:
        contents, secret = file.read(self.path), new_secret()
        self._replace(file.Contents((*contents.secrets, secret), contents.subjects))
        self.ring.reread()
        return Key(secret)

    def _seal_with(self, key: Key, action: str) -> Key:
        """The key is in the file, is then needed by the state, and then seals: after a power cut none is missing."""
        contents = file.read(self.path)
        with self.database.transaction() as tx:
            keyed.need(tx, [key])
            self.audit.write(tx, action, None, {"key": key.id, "was": self.ring.current})
        ordered = sorted(contents.secrets, key=lambda secret: Key(secret).id != key.id)
        self._replace(file.Contents(tuple(ordered), contents.subjects))
        self.ring.follow(keyed.admitting(self.database))
        return key

    def _note(self, action: str, key: Key) -> None:
        with self.database.transaction() as tx:
            self.audit.write(tx, action, None, {"key": key.id})

    def _replace(self, contents: file.Contents) -> None:
        try:
            file.replace(self.path, contents)
        except OSError as error:
            raise ConfigurationError(f"the key file {self.path} cannot be written ({error.strerror})") from error
