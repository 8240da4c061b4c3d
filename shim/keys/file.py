"""The key file: a line of 64 hexadecimal digits per key, the sealing one first, and a line per retired key.

It is replaced as a whole and never written in place: a power cut leaves the old ring or the new one.
"""

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from shim.keys.key import new_secret
from shim.settings import ConfigurationError

_KEY: Final = re.compile(r"[0-9a-fA-F]{64}")
_RETIRED: Final = re.compile(r"retired ([0-9a-f]{8}) ([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a key file holds.

    Attributes:
        secrets: of the keys that open, the sealing one first; at least one.
        subjects: by id of a retired key, what names subjects in the audit as that key did.
    """

    secrets: tuple[bytes, ...]
    subjects: dict[str, bytes] = field(default_factory=dict)


def read(path: Path) -> Contents:
    """Read a key file.

    Raises:
        ConfigurationError: it is absent, unreadable by us, readable by others, or no ring.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigurationError(f"the key file {path} can be read by others; run: chmod 600 {path}")
        text = path.read_text(encoding="ascii")
    except OSError as error:
        raise ConfigurationError(
            f"the key file {path} cannot be read ({error.strerror}); without it the stored state cannot be opened"
        ) from error
    except UnicodeDecodeError as error:
        raise _no_ring(path) from error
    return _parsed(path, text)


def read_or_make(path: Path) -> Contents:
    """Read a key file, or make one with a new key; errors as of `read`."""
    try:
        if not path.exists():
            make(path)
    except OSError as error:
        raise ConfigurationError(f"the key file {path} cannot be made ({error.strerror})") from error
    return read(path)


def make(path: Path) -> None:
    """Make a key file that is whole as soon as it has its name; one that is there already stays."""
    with _unnamed(path, Contents((new_secret(),))) as unnamed, suppress(FileExistsError):
        path.hardlink_to(unnamed)  # another process may be faster; a rename would take its key away
    _sync_folder(path.parent)


def replace(path: Path, contents: Contents) -> None:
    """Put a ring in a key file's place; OSError when it cannot, and then the old one is still there."""
    there = path.resolve()  # a link stays one
    with _unnamed(there, contents) as unnamed:
        unnamed.rename(there)
    _sync_folder(there.parent)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Let nobody else on this machine change the ring meanwhile.

    Raises:
        ConfigurationError: somebody does.
    """
    there = path.resolve()
    lock = there.with_name(f".{there.name}.lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigurationError(f"the folder of the key file cannot be written ({error.strerror}): {lock}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise ConfigurationError(f"somebody else is changing {path} at this moment; wait until it is done") from error
    finally:
        os.close(descriptor)


# ---


def _parsed(path: Path, text: str) -> Contents:
    found: list[bytes] = []
    subjects: dict[str, bytes] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        if _KEY.fullmatch(line):
            found.append(bytes.fromhex(line))
        elif retired := _RETIRED.fullmatch(line):
            subjects[retired[1]] = bytes.fromhex(retired[2])
        else:
            raise _no_ring(path)
    if not found or len(set(found)) != len(found):
        raise _no_ring(path)
    return Contents(tuple(found), subjects)


def _no_ring(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"the key file {path} does not hold 64 hexadecimal digits per line, each line another key"
    )


@contextmanager
def _unnamed(path: Path, contents: Contents) -> Iterator[Path]:
    """Write a ring durably under a name that nobody knows, and forget that name in the end."""
    lines = [secret.hex() for secret in contents.secrets]
    lines += [f"retired {key_id} {secret.hex()}" for key_id, secret in sorted(contents.subjects.items())]
    unnamed = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(unnamed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        yield unnamed
    finally:
        unnamed.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a new name survive a power cut, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
