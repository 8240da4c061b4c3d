"""Disks that refuse to be written until they are told otherwise, and a service whose state is on one."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from shim.demo import add_client, planon_section, write_configuration
from shim.settings import load
from simulators.launch import PlanonAddress, address_of, running_planon
from simulators.process import Program
from tests.integration.shim.site import FAST_OUTBOX, Site
from tests.reliability.power_library import environment

_LEFT_BYTES = 6000
"""What still fits when the preloaded disk becomes full: a page of SQLite's log, and part of the next."""
_PATIENT_S = 20.0
_TMPFS_BYTES = 4 * 1024 * 1024


class MountRefused(Exception):
    """Raised when this machine lets nobody mount a file system, as most containers do."""


class Disk(Protocol):
    """Where the state is."""

    @property
    def environment(self) -> dict[str, str] | None:
        """Of a program that writes to it; None for ours."""
        ...

    def refuse(self) -> None:
        """Take nothing more."""
        ...

    def allow(self) -> None:
        """Be as before."""
        ...


class PreloadedDisk:
    """A preloaded library refuses: `full`, `read-only`, or `unsyncable`."""

    def __init__(self, library: Path, state: Path, mode: str) -> None:
        switches = state.parent.with_name("switches")
        switches.mkdir()
        self._switch = switches / mode
        self.environment = environment(library, prefix=state, switch=switches)

    def refuse(self) -> None:
        """Take a few bytes more at the most."""
        ready = self._switch.with_name("ready")
        ready.write_text(str(_LEFT_BYTES))
        ready.rename(self._switch)

    def allow(self) -> None:
        """Be as before."""
        self._switch.unlink()


class SmallDisk:
    """A file system of four megabytes; another program's file fills it."""

    environment = None

    def __init__(self, folder: Path) -> None:
        self._filling = folder / "filling"

    def refuse(self) -> None:
        """Fill it to the last byte."""
        file = os.open(self._filling, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            for size in (4096, 1):
                self._fill(file, bytes(size))
        finally:
            os.close(file)

    def _fill(self, file: int, block: bytes) -> None:
        try:
            while os.write(file, block):
                pass
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise

    def allow(self) -> None:
        """Make room."""
        self._filling.unlink()


@contextmanager
def mounted(folder: Path) -> Iterator[None]:
    """Mount a small file system for as long as the context is open.

    Raises:
        MountRefused: we may not.
    """
    options = ["-t", "tmpfs", "-o", f"size={_TMPFS_BYTES},mode=700", "none", str(folder)]
    try:
        made = subprocess.run(["mount", *options], capture_output=True, text=True, check=False, timeout=30)
    except FileNotFoundError as missing:
        raise MountRefused("there is no mount") from missing
    if made.returncode != 0:
        raise MountRefused(made.stderr.strip())
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True, timeout=30)


class OnDisk(Protocol):
    """Makes the disk for a state."""

    def __call__(self, state: Path) -> AbstractContextManager[Disk]:
        """Keep it for as long as the context is open."""
        ...


def configure(folder: Path, planon: PlanonAddress, timeout_s: float = _PATIENT_S) -> tuple[Path, Path]:
    """Configure a shim with its state in a folder of its own; return both, the state yet to be made."""
    state = folder / "state" / "shim.db"
    state.parent.mkdir()
    section = planon_section(planon, timeout_s=timeout_s, connect_timeout_s=timeout_s / 4, settle_s=1.5)
    configuration = write_configuration(folder, {"planon": section}, outbox=FAST_OUTBOX)
    text = configuration.read_text(encoding="utf-8")
    configuration.write_text(text.replace(str(folder / "shim.db"), str(state)), encoding="utf-8")
    return configuration, state


def start_service(configuration: Path, disk: Disk) -> Program:
    """Start the shim on its disk; the caller stops it."""
    program = ["-m", "shim", "--config", str(configuration), "serve", "--port", "0"]
    return Program(program, configuration.with_name("shim.log"), disk.environment)


@contextmanager
def site_on(folder: Path, on_disk: OnDisk) -> Iterator[tuple[Site, Disk]]:
    """Run a site with Planon's stand-in, and its state on a disk that can refuse."""
    with running_planon(folder) as (control, address):
        configuration, state = configure(folder, address)
        with on_disk(state) as disk:
            keys = {"agent": add_client(load(configuration))}
            with start_service(configuration, disk) as service:
                yield Site(folder, address_of(service), keys, control), disk
