"""A private root folder for the Firebird engine, so that nothing of the machine's own configuration is used or touched.

The client library reads FIREBIRD and FIREBIRD_LOCK once, when it is loaded at the first connection of a process.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from firebird.driver import fbapi

from simulators.choice import NotThere

_ENGINE_FOLDERS: Final = ("usr/lib/*/firebird/3.0", "usr/lib/firebird/3.0")
_SECURITY_SCRIPTS: Final = ("usr/share/firebird/3.0/security.sql",)
REPOSITORY: Final = Path(__file__).resolve().parents[2]


class EngineMissing(NotThere):
    """Raised when a part of Firebird is not installed, in one line that says what to do."""


def engine_folder() -> Path:
    """Return the folder with the engine's plugins, character sets and messages.

    Raises:
        EngineMissing: Firebird's server core is not installed.
    """
    for root in (Path("/"), REPOSITORY / ".cache" / "firebird-server"):
        for pattern in _ENGINE_FOLDERS:
            for folder in sorted(root.glob(pattern)):
                if (folder / "plugins" / "libEngine12.so").exists():
                    return folder
    raise EngineMissing("Firebird's engine is missing: install firebird3.0-server-core and libfbclient2")


def security_script() -> Path:
    """Return the script that fills a new security database.

    Raises:
        EngineMissing: it is in none of the places where the packages put it.
    """
    for root in (Path("/"), REPOSITORY / ".cache" / "firebird-server"):
        for name in _SECURITY_SCRIPTS:
            if (root / name).exists():
                return root / name
    raise EngineMissing("Firebird's security.sql is missing: install firebird3.0-server-core")


def make_root(root: Path, settings: Sequence[str]) -> None:
    """Fill `root` with what the engine needs, again without harm; `settings` are the lines of its firebird.conf."""
    source = engine_folder()
    root.mkdir(parents=True, exist_ok=True)
    (root / "lock").mkdir(exist_ok=True)
    (root / "tmp").mkdir(exist_ok=True)
    (root / "firebird.conf").write_text("".join(f"{line}\n" for line in settings), encoding="utf-8")
    (root / "databases.conf").touch()
    shutil.copyfile(source / "plugins.conf", root / "plugins.conf")
    _link(root / "plugins", source / "plugins")
    _link(root / "firebird.msg", source / "firebird.msg")
    _copy(source / "intl", root / "intl")


def environment_of(root: Path) -> dict[str, str]:
    """Return the variables that make a process use this root."""
    return {"FIREBIRD": str(root), "FIREBIRD_LOCK": str(root / "lock"), "FIREBIRD_TMP": str(root / "tmp")}


def use_private_engine(root: Path) -> None:
    """Make this process, and those it starts, run the embedded engine from `root`. Later calls change nothing.

    SuperClassic lets several processes with the same root open one sandbox file; the default mode would lock the
    second one out.

    Raises:
        RuntimeError: the client library is loaded already and would not see the change.
    """
    if "FIREBIRD_LOCK" in os.environ:
        return
    if fbapi.has_api():
        raise RuntimeError("use_private_engine() must come before the first Firebird connection of the process")
    make_root(root, ["ServerMode = SuperClassic"])
    os.environ.update(environment_of(root))


def _link(link: Path, target: Path) -> None:
    if not link.is_symlink():
        link.symlink_to(target)


def _copy(source: Path, target: Path) -> None:
    # With intl linked instead of copied the engine says "CHARACTER SET WIN1252 is not installed". Copying over the
    # library while another process runs it would crash that process, so it appears at once or not at all.
    if target.exists():
        return
    partial = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.copytree(source, partial)
    try:
        partial.rename(target)
    except OSError:  # another process was first
        shutil.rmtree(partial)
