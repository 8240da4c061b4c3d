"""What a state says of the keys that it needs, and the key of its blinded names, which no rotation changes."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from outbox.carrying.lines import Header
from outbox.carrying.refusal import CarryingRefused
from outbox.database import Database, Row, Transaction
from outbox.statements import Statement, Statements
from shim.keys import Key, KeyRing, RestCipher
from shim.keys.key import new_secret
from shim.settings import ConfigurationError

SQL: Final = Statements("shim", "keys")
NAMING: Final = "deployment/naming"
"""The context under which the key of blinded names is sealed."""
_BLIND: Final = "blind"
"""The purpose for which that key was derived before there were rings."""

Read = Callable[[Statement], Iterable[Row]]


def claim(tx: Transaction, ring: KeyRing, deployment: str) -> None:
    """Write down whose state it is, if nobody has; of a new one the key of blinded names is random."""
    sealed = RestCipher(ring).seal(new_secret(), NAMING)
    tx.execute(SQL["insert_deployment"], {"name": deployment, "key_fingerprint": ring.fingerprint, "naming": sealed})


def settle(tx: Transaction, ring: KeyRing, first: str) -> None:
    """Write down the sealing key, and of a state of an earlier release the key of blinded names as it was derived.

    Args:
        tx: a transaction of the state.
        ring: which opens the state.
        first: fingerprint of the key with which the state began.
    """
    need(tx, [ring.sealing])
    if tx.execute(SQL["select_naming"]).fetchone()["naming"] is None:
        key = next(key for key in ring.keys if key.fingerprint == first)
        need(tx, [key])
        sealed = RestCipher(ring).seal(key.derive(_BLIND), NAMING)
        tx.execute(SQL["update_naming"], {"naming": sealed})


def need(tx: Transaction, keys: Iterable[Key]) -> None:
    """Write down that something in the state may be sealed with these keys."""
    for key in keys:
        values = {"id": key.id, "fingerprint": key.fingerprint, "added_at": round(time.time() * 1000)}
        tx.execute(SQL["insert_key"], values)


def needed(rows: Iterable[Row], first: str) -> dict[str, str]:
    """Return the fingerprints, by id, of the keys that a state needs; one that knows no ring yet needs its first."""
    return {row["id"]: row["fingerprint"] for row in rows} or {first[: Key.ID_DIGITS]: first}


def missing(wanted: Mapping[str, str], keys: Iterable[Key]) -> list[str]:
    """Return the ids of the keys that are not there."""
    there = {key.fingerprint for key in keys}
    return [key_id for key_id, fingerprint in wanted.items() if fingerprint not in there]


def told_missing(where: str, ids: Iterable[str]) -> str:
    """Say what to do about keys that are not there."""
    return (
        f"{where} was written with another master key: {', '.join(ids)} is not in the key file; put the key file back "
        "that has it (docs/keys.md says what to do if there is none)"
    )


def naming(database: Database, cipher: RestCipher) -> bytes:
    """Return the key of blinded names.

    Raises:
        ConfigurationError: it does not open, so every name would be another.
    """
    ((sealed,),) = database.read(SQL["select_naming"])
    try:
        return cipher.open(sealed, NAMING)
    except ValueError as error:
        raise ConfigurationError(f"{database.where} is damaged: the key of its names does not open") from error


def admitting(database: Database) -> Callable[[list[Key]], None]:
    """Return what admits a ring's keys to a state: it names what is missing, and writes down which key seals now.

    It raises ConfigurationError if the ring lacks a key that the state needs, and StateUnavailable.
    """

    def admit(keys: list[Key]) -> None:
        rows = database.read(SQL["list_keys"])
        lost = missing({row["id"]: row["fingerprint"] for row in rows}, keys)
        if lost:
            raise ConfigurationError(told_missing(database.where, lost))
        if keys[0].id not in {row["id"] for row in rows}:
            database.write(lambda tx: need(tx, keys[:1]))

    return admit


def knows(database: Database) -> Callable[[str], bool]:
    """Return what tells whether a state needs a key; what names any other one as its own was changed."""
    return lambda key_id: any(row["id"] == key_id for row in database.read(SQL["list_keys"]))


def header_of(tx: Transaction, first: str) -> dict[str, Any]:
    """Return what the header of an export says of keys."""
    sealed = tx.execute(SQL["select_naming"]).fetchone()["naming"]
    if sealed is None:
        raise CarryingRefused("the state is of an earlier release: start this one once, then try again")
    return {"keys": needed(tx.execute(SQL["list_keys"]).fetchall(), first), "naming": bytes(sealed).hex()}


def take(tx: Transaction, header: Header, ring: KeyRing) -> None:
    """Let a state name things as the one did that an export is of; otherwise every repeat would be a new report.

    Raises:
        CarryingRefused: a key is missing, or the key of names does not open.
    """
    lost = missing(header.keys, ring.keys)
    if lost:
        raise CarryingRefused(f"it was sealed with another master key: {', '.join(lost)}; put that key file in place")
    cipher = RestCipher(ring)
    try:
        key = cipher.open(bytes.fromhex(header.naming), NAMING)
    except ValueError as error:
        raise CarryingRefused("the key of its names does not open") from error
    tx.execute(SQL["update_naming"], {"naming": cipher.seal(key, NAMING)})
    need(tx, [key for key in ring.keys if key.id in header.keys])
