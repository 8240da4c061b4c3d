"""Backup and restore through Firebird's services, as a stream: of a local file, or of a server wherever it is."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from adapters.firebird.address import Address
from adapters.firebird.backup_file import Neutral
from adapters.firebird.embedded import prepare_client
from adapters.firebird.refusals import refusing
from contracts.errors import BackendUnavailable
from contracts.snapshots import Account, SnapshotRefused

OWNER: Final = "SYSDBA"
CONNECT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Place:
    """A database and who connects to it.

    Attributes:
        address: where it is; a local path is absolute.
        account: empty for the embedded engine, which then takes the owner's name.
        connect_s: seconds that a connect may take.
    """

    address: Address
    account: Account
    connect_s: float = CONNECT_S

    @property
    def embedded(self) -> bool:
        """Whether the engine runs in this process."""
        return self.address.host is None

    @property
    def user(self) -> str:
        """Whose rights count."""
        return self.account.user or OWNER

    def connect(self, charset: str = "NONE") -> Any:
        """Open the database; the driver's own errors come through.

        Raises:
            SnapshotRefused: nobody answers at the server's port.
        """
        prepare_client()
        self.knock()
        from firebird import driver  # noqa: PLC0415 - only who touches a database loads the driver

        name = _registered(self.address, self.connect_s)
        return driver.connect(
            name,
            user=self.user,
            password=self.account.password or None,
            charset=charset,
            no_db_triggers=True if self.embedded else None,
        )

    def knock(self) -> None:
        """Look whether the server answers at all; a firewall that drops packets must not hang.

        Raises:
            SnapshotRefused: it does not.
        """
        try:
            self.address.probe(self.connect_s)
        except BackendUnavailable as error:
            raise SnapshotRefused(
                f"{self.address.host}/{self.address.port}: {error}; check host, port and firewall"
            ) from error


@contextmanager
def opened(place: Place, charset: str = "NONE") -> Iterator[Any]:
    """Open a database for one block, and close it whatever happens. Errors are raised as SnapshotRefused."""
    with refusing(place.address.dsn, embedded=place.embedded):
        connection = place.connect(charset)
        try:
            yield connection
        finally:
            close(connection)


def close(connection: Any) -> None:
    """Roll back what is open and close, also a connection that was lost."""
    from firebird.driver import Error  # noqa: PLC0415

    if connection.is_closed():
        return
    with suppress(Error):
        if connection.main_transaction.is_active():
            connection.rollback()
    with suppress(Error):
        connection.close()


def back_up(place: Place, out: BinaryIO, told: Callable[[int], None], *, metadata_only: bool = False) -> None:
    """Stream a backup without run-length encoding; it is consistent, whoever writes meanwhile. Names no path.

    Args:
        place: the database.
        out: where the backup goes.
        told: given the number of bytes so far.
        metadata_only: leave the rows out.

    Raises:
        SnapshotRefused: with the reason.
    """
    from firebird.driver import SrvBackupFlag as Flag  # noqa: PLC0415

    flags = Flag.EXPAND | Flag.NO_TRIGGERS | (Flag.METADATA_ONLY if metadata_only else Flag.NO_GARBAGE_COLLECT)
    stream = Neutral(_Counted(out, told).write)
    with refusing(place.address.dsn, embedded=place.embedded), service(place) as server:
        server.database.local_backup(database=place.address.path, backup_stream=stream, flags=flags)
        stream.close()


def restore(
    backup: BinaryIO,
    place: Place,
    told: Callable[[int], None],
    name: str,
    *,
    inactive: bool = False,
    metadata_only: bool = False,
) -> None:
    """Make a new database of a backup; what is half-made stays where it is, for the caller to remove.

    Args:
        backup: stream at its beginning.
        place: a database that does not exist.
        told: given the number of bytes so far.
        name: of the backup, for a refusal.
        inactive: leave every index inactive, those of constraints too.
        metadata_only: leave the rows out.

    Raises:
        SnapshotRefused: with the reason: truncated, damaged, foreign, of another version, no right to create.
    """
    from firebird.driver import SrvRestoreFlag as Flag  # noqa: PLC0415

    flags = Flag.CREATE
    if inactive:
        flags |= Flag.DEACTIVATE_IDX
    if metadata_only:
        flags |= Flag.METADATA_ONLY
    source: Any = _Counting(backup, told)
    with refusing(name, embedded=place.embedded), service(place) as server:
        server.database.local_restore(backup_stream=source, database=place.address.path, flags=flags)


@contextmanager
def service(place: Place) -> Iterator[Any]:
    """Attach to the service manager that serves a place, the embedded engine's own included."""
    prepare_client()
    place.knock()
    from firebird.driver import connect_server, driver_config  # noqa: PLC0415

    name = ""
    if not place.embedded:
        name = f"services of {place.address.host}/{place.address.port}"
        if driver_config.get_server(name) is None:
            entry = driver_config.register_server(name)
            entry.host.value = f"{place.address.host}/{place.address.port}"
            # The driver would append its default port to a host that has one.
            entry.port.value = None
            entry.config.value = _encryption(place.address)
    with connect_server(name, user=place.user, password=place.account.password or None) as server:
        yield server


def _registered(address: Address, connect_s: float) -> str:
    """Return the driver's name of this database; only a registered one can have options of its own."""
    from firebird.driver import driver_config  # noqa: PLC0415

    name = f"snapshots of {address.dsn}"
    if driver_config.get_database(name) is None:
        entry = driver_config.register_database(name)
        entry.dsn.value = address.dsn
        entry.timeout.value = max(1, math.ceil(connect_s))
        entry.config.value = _encryption(address)
    return name


def _encryption(address: Address) -> str:
    return f"WireCrypt = {'Enabled' if address.is_here else 'Required'}"


@dataclass(slots=True)
class _Counted:
    out: BinaryIO
    told: Callable[[int], None]
    done: int = 0

    def write(self, data: bytes) -> None:
        self.out.write(data)
        self.done += len(data)
        self.told(self.done)


@dataclass(slots=True)
class _Counting:
    source: BinaryIO
    told: Callable[[int], None]
    done: int = 0

    def read(self, size: int) -> bytes:
        data = self.source.read(size)
        self.done += len(data)
        self.told(self.done)
        return data
