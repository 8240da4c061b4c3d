"""Makes the folder, the key file, and the configuration: whole, for its owner alone, and over no other file."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from shim.initial.answers import KEY, Answers
from shim.keys import file as key_file
from shim.settings import ConfigurationError, load


def refuse_existing(path: Path, *, force: bool) -> None:
    """Refuse to go on where a configuration is already.

    Raises:
        ConfigurationError: there is one, and nothing says that it may be replaced.
    """
    if os.path.lexists(path) and not force:
        raise ConfigurationError(f"{path} is there already; name another file with --config, or use --force")


def make(path: Path, answers: Answers, *, force: bool = False) -> Path | None:
    """Make everything, and return the copy of the configuration that was replaced, if one was.

    Raises:
        ConfigurationError: it cannot be written, or there is one already, or it would not be read as it should.
    """
    refuse_existing(path, force=force)
    folder = answers.folder(path)
    try:
        with _unnamed(path, answers.document(path)) as unnamed:
            load(unnamed)
            folder.mkdir(mode=0o700, exist_ok=True)
            key_file.read_or_make(folder / KEY)
            return _named(unnamed, path, force=force)
    except FileExistsError as error:
        raise ConfigurationError(f"{path} has just been written by somebody else; look at it first") from error
    except UnicodeEncodeError as error:  # it quotes what it cannot write
        raise ConfigurationError("an answer has bytes that are no text in UTF-8; nothing was written") from error
    except OSError as error:
        where = error.filename or path
        raise ConfigurationError(f"{where} cannot be written ({error.strerror})") from error


@contextmanager
def _unnamed(path: Path, text: str) -> Iterator[Path]:
    unnamed = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(unnamed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield unnamed
    finally:
        unnamed.unlink(missing_ok=True)


def _named(unnamed: Path, path: Path, *, force: bool) -> Path | None:
    if not (force and os.path.lexists(path)):
        path.hardlink_to(unnamed)  # where a file is by now, this fails; a rename would replace it
        return None
    kept = path.with_name(f"{path.name}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{secrets.token_hex(2)}")
    kept.hardlink_to(path)
    unnamed.rename(path)
    return kept
