"""Puts checkpoints where whoever can write the state cannot change them: a file, or an address that takes them."""

import json
from pathlib import Path
from urllib.parse import urlsplit

from contracts.exposure import is_private
from outbox.carrying.tables import snapshot
from outbox.database import Database, Transaction
from outbox.telling import CannotTell
from shim.audit.checkpoints import Checkpoint, stored
from shim.audit.files import add, newest_in
from shim.settings import Settings

KIND = "audit.checkpoint"


class NotSent(Exception):
    """Raised when a checkpoint is in the state and did not get where it was to be put."""


def shown(target: str) -> str:
    """Return a file, or an address without what may be a token in it."""
    return f"the address at {urlsplit(target).hostname}" if "://" in target else target


def send(configured: Settings, database: Database, target: str, made: Checkpoint) -> None:
    """Add to a file all checkpoints that it does not have, or post one to an `https://` address.

    Raises:
        NotSent: the file cannot be written or is of another state, the address is not private, or nobody took it there.
    """
    if "://" in target:
        _post(configured, target, made)
        return
    try:
        path = Path(target)
        newest = newest_in(path)  # before the snapshot: what another process adds to the file is in the state by then
        with snapshot(database) as tx:
            if newest is not None and not _knows(tx, newest):
                raise NotSent("the file knows checkpoints that this state has lost; begin a new file")
            add(path, stored(tx, newest.number if newest else 0))
    except OSError as error:
        raise NotSent(f"it cannot be written: {error.strerror}") from error


def _knows(tx: Transaction, checkpoint: Checkpoint) -> bool:
    """Whether a state has a checkpoint; one that was put back numbers on from its own, and has others."""
    same = next(stored(tx, checkpoint.number - 1), None)
    return same is not None and (same.number, same.hash) == (checkpoint.number, checkpoint.hash)


def _post(configured: Settings, url: str, made: Checkpoint) -> None:
    from shim.webhook import Webhook  # noqa: PLC0415 - commands that post nothing need no HTTP

    if not is_private(url):
        raise NotSent("write https://; who reads along could keep a checkpoint back")
    try:
        webhook = Webhook(configured.deployment, url, configured.outbox.secret_of_alerts())
        body = json.loads(made.body)
        data = {"body": body, "signature": made.signature}
        webhook.post(f"checkpoint_{made.number}_{made.hash[:16]}", KIND, body["at"], data)
    except (OSError, ValueError) as error:
        raise NotSent(f"outbox.alert_secret: {error}") from error
    except CannotTell as error:
        raise NotSent(str(error)) from error
