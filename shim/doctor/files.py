"""The files that hold keys and secrets: who can read them, and whether they can be used."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from contracts.examination import Diagnosis, Finding, Level, Step
from outbox.sqlite.ownership import StateRefused, refuse_foreign
from shim.keys import file as key_file
from shim.settings import ConfigurationError, Settings

KEY_READABLE: Final = Diagnosis(
    "key-readable",
    Level.BROKEN,
    "others on this machine can read or change the key file",
    "With it every stored payload can be opened, and every token made.",
    "Run: chmod 600 FILE; then rotate the key, because nobody knows who has read it: shim keys rotate.",
)
KEY_FOREIGN: Final = Diagnosis(
    "key-foreign",
    Level.BROKEN,
    "the key file cannot be used by this account",
    "The service does not start.",
    "Run shim as the account that owns the file and its folder.",
)
KEY_MISSING: Final = Diagnosis(
    "key-missing",
    Level.BROKEN,
    "the state is there, and its key file is not",
    "Nothing of what is stored can be opened; a new key would not help.",
    "Put the key file back from its backup; docs/keys.md says what to do if there is none.",
)
KEY_DAMAGED: Final = Diagnosis(
    "key-damaged",
    Level.BROKEN,
    "the key file holds no keys, or something else besides",
    "The service does not start.",
    "Put the key file back from its backup; it has 64 hexadecimal digits per line.",
)
ALERT_SECRET: Final = Diagnosis(
    "alert-secret-unreadable",
    Level.BROKEN,
    "the key that signs alerts cannot be used",
    "The service does not start, and nobody is told of an outage.",
    "Correct outbox.alert_secret_file; the file holds one line, whsec_ and the key in base64.",
)
CHECKPOINTS: Final = Diagnosis(
    "checkpoints-unwritable",
    Level.BROKEN,
    "checkpoints of the audit cannot be written where they are to go",
    "Without them somebody with the state and its key could rewrite the audit unseen.",
    "Make the folder, or let this account append to the file; or correct audit.checkpoints_to.",
)
DIAGNOSES: Final = (KEY_READABLE, KEY_FOREIGN, KEY_MISSING, KEY_DAMAGED, ALERT_SECRET, CHECKPOINTS)

_OTHERS: Final = 0o077


def look(settings: Settings) -> Iterator[Step]:
    """Look at the key file, the alerts' secret and the checkpoints' files; make none of them."""
    yield _key(settings)
    if settings.outbox.alert_url is not None:
        yield Step("secret of alerts", tuple(_alerts(settings)))
    if settings.audit.checkpoints_to:
        targets = [target for target in settings.audit.checkpoints_to if "://" not in target]
        yield Step("checkpoints", tuple(found for target in targets for found in _checkpoints(Path(target))))


def has_state(settings: Settings) -> bool:
    """Whether there is a state already; of one on a server nobody can tell without asking it."""
    file = settings.state_file
    try:
        return file is not None and file.stat().st_size > 0
    except OSError:
        return False


def _key(settings: Settings) -> Step:
    path = settings.master_key
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        if has_state(settings):
            return Step("key file", (KEY_MISSING.found(str(path)),))
        return Step("key file", told=f"{path} is made at the first start")
    except OSError as error:
        return Step("key file", (KEY_FOREIGN.found(f"{path}: {error.strerror}"),))
    if mode & _OTHERS:
        return Step("key file", (KEY_READABLE.found(f"{path} has mode {mode:o}"),))
    return _ring(path)


def _ring(path: Path) -> Step:
    try:
        refuse_foreign(path, "the key file")
        contents = key_file.read(path)
    except (StateRefused, OSError) as error:
        return Step("key file", (KEY_FOREIGN.found(str(error)),))
    except ConfigurationError as error:
        return Step("key file", (KEY_DAMAGED.found(str(error)),))
    keys = len(contents.secrets)
    return Step("key file", told=f"{keys} key{'s' * (keys != 1)}")


def _alerts(settings: Settings) -> Iterator[Finding]:
    from shim.webhook import Webhook  # noqa: PLC0415 - it needs requests

    try:
        Webhook(settings.deployment, settings.outbox.alert_url or "", settings.outbox.secret_of_alerts())
    except OSError as error:
        yield ALERT_SECRET.found(f"{settings.outbox.alert_secret_file}: {error.strerror}")
    except ValueError as error:
        yield ALERT_SECRET.found(str(error) if settings.outbox.alert_secret_file is None else "it is no such key")


def _checkpoints(path: Path) -> Iterator[Finding]:
    place = path if path.exists() else path.parent
    if path.is_dir() or not place.exists():
        yield CHECKPOINTS.found(f"{path}: {'it is a folder' if path.is_dir() else 'there is no such folder'}")
    elif not os.access(place, os.W_OK):
        yield CHECKPOINTS.found(f"{path}: no right to write")
