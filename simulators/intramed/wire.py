"""The bench on a server of which nothing is reachable but its port: copies are restored through the services API."""

import io
import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from firebird.driver import SrvRestoreFlag, connect_server, driver_config

from simulators.intramed.bench import Kind
from simulators.intramed.sandbox import OWNER, SNAPSHOT, drop_sandbox, owner_connection, set_stage
from simulators.intramed.server import READER, WRITER, passwords_from

PORT: Final = 3050
_FOLDER: Final = "/tmp"  # noqa: S108 - of the server's machine: the one folder where any server may create files


@dataclass(frozen=True, slots=True)
class Address:
    """A server and the password of its SYSDBA; `folder`, of its machine, is where the copies go."""

    host: str
    port: int
    password: str = field(repr=False)
    folder: str = _FOLDER

    def database(self, path: str) -> str:
        """Return how a client names a file of that machine."""
        return f"{self.host}/{self.port}:{path}"

    def new_path(self, name: str) -> str:
        """Return the path of a file that does not exist yet."""
        return f"{self.folder}/{name}-{secrets.token_hex(4)}.fdb"


def read_address(url: str) -> Address:
    """Read `firebird://SYSDBA:password@host:port/folder`; port 3050 and the folder /tmp when it names none.

    Raises:
        ValueError: it reads otherwise, or its account is not SYSDBA, who owns everything in the snapshot. The message
            does not repeat the password.
    """
    parts = urlsplit(url)
    if parts.scheme != "firebird" or not parts.hostname or not parts.password:
        raise ValueError("FIREBIRD_URL must read firebird://SYSDBA:password@host:port[/folder]")
    if (parts.username or "").upper() != OWNER:
        raise ValueError(f"FIREBIRD_URL must name the account {OWNER}, not {parts.username}")
    return Address(parts.hostname, parts.port or PORT, unquote(parts.password), parts.path.rstrip("/") or _FOLDER)


def services(address: Address, user: str = OWNER, password: str | None = None) -> AbstractContextManager[Any]:
    """Open the services of a server, as its owner unless told otherwise.

    Raises:
        DatabaseError: nobody listens there, or the password is wrong.
    """
    # The driver ignores a server's name that it has no entry for, and would open the embedded services instead.
    name = f"{address.host}/{address.port}"
    entry = driver_config.get_server(name) or driver_config.register_server(name)
    entry.host.value, entry.port.value = address.host, str(address.port)
    opened: AbstractContextManager[Any] = connect_server(name, user=user, password=password or address.password)
    return opened


@dataclass(frozen=True, slots=True)
class WireBench:
    """Copies on another machine or in a container.

    Attributes:
        kind: where it runs.
        address: of the server.
        passwords: of SYSDBA, SHIM_READ and SHIM_WRITE.
        backup: of the practice with its stage set; every copy is restored from it.
        server: None; its process is not ours.
    """

    kind: Kind
    address: Address
    passwords: Mapping[str, str] = field(repr=False)
    backup: bytes = field(repr=False)
    server: None = None

    def place(self, name: str = "practice") -> str:
        """Restore the backup: 1 MB over the wire, 0.3 s."""
        return _restore(self.address, self.backup, name)

    def owner(self, database: str) -> AbstractContextManager[Any]:
        """Open a copy with every right; commits at the end."""
        return owner_connection(database, self.address.password)

    def drop(self, database: str) -> None:
        """Disconnect everybody and drop the database."""
        drop_sandbox(database, self.address.password)


def wire_bench(kind: Kind, address: Address, first_monday: date, snapshot: Path = SNAPSHOT) -> WireBench:
    """Prepare a bench on a server: the two accounts, and a backup of `snapshot` whose agenda begins on `first_monday`.

    The accounts stay, because another session may be using the same server; their passwords follow from the owner's, so
    that both sessions know them.

    Raises:
        DatabaseError: the server does not answer, refuses the password, or has one of the accounts with a password
            that is not ours: such an account is left alone.
        SnapshotUnfit: the snapshot is of another schema.
    """
    passwords = passwords_from(address.password)
    template = _restore(address, snapshot.read_bytes(), "template")
    try:
        with owner_connection(template, address.password) as connection:
            set_stage(connection, first_monday)
            _create_missing(connection, passwords)
        for user, password in passwords.items():
            with services(address, user, password):
                pass
        backup = _back_up(address, template)
    finally:
        drop_sandbox(template, address.password)
    return WireBench(kind, address, passwords, backup)


def _create_missing(connection: Any, passwords: Mapping[str, str]) -> None:
    cursor = connection.cursor()
    for user in (READER, WRITER):
        cursor.execute("select count(*) from sec$users where sec$user_name = ?", (user,))
        if not cursor.fetchone()[0]:
            cursor.execute(f"create user {user} password '{passwords[user]}' using plugin Srp")
    cursor.close()


def _restore(address: Address, backup: bytes, name: str) -> str:
    path = address.new_path(name)
    with services(address) as opened:
        opened.database.local_restore(backup_stream=io.BytesIO(backup), database=path, flags=SrvRestoreFlag.CREATE)
    return address.database(path)


def _back_up(address: Address, database: str) -> bytes:
    backup = io.BytesIO()
    with services(address) as opened:
        opened.database.local_backup(database=database.removeprefix(address.database("")), backup_stream=backup)
    return backup.getvalue()
