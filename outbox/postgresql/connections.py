"""The connections of one process: few, used again, replaced when they have died, and never shared with a fork."""

import os
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import psycopg
from psycopg.abc import Buffer
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8BinaryDumper
from psycopg.types.string import StrDumperUnknown

from contracts.errors import StateUnavailable
from outbox.database import DurabilityError, Row
from outbox.postgresql.errors import Closed, first_line, unavailable
from outbox.postgresql.rows import by_name

Connection = psycopg.Connection[Row]
MOST: Final = 16
"""Connections of one process: a server has a hundred for all of them, and more would only wait for each other."""
WAIT_S: Final = 10.0
"""How long a thread waits for one of them."""
_PREPARED_MOST: Final = 500
_SESSION: Final = (
    *("-c lock_timeout=10s", "-c statement_timeout=60s", "-c timezone=UTC"),
    # A worker that is paused, or whose machine is gone, keeps nobody waiting for its locks.
    *("-c idle_in_transaction_session_timeout=30s", "-c tcp_keepalives_idle=10", "-c tcp_keepalives_interval=5"),
    *("-c tcp_keepalives_count=3", "-c tcp_user_timeout=30s"),
)
_ADDRESS: Final = {
    "connect_timeout": 5,
    "application_name": "legacy-shim",
    "target_session_attrs": "read-write",  # of several hosts the one that leads; a standby alone is none
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
# Whatever waits for the disk before it acknowledges is as good as `on`, and with a standby better; `off` is not.
_DURABILITY: Final = b"""\
SELECT current_setting('fsync'), current_setting('full_page_writes'),
       CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', FALSE)
       ELSE current_setting('synchronous_commit') END"""


class _Text(StrDumperUnknown):
    """PostgreSQL stores every character but one, which nobody types: it is kept as a replacement, as a mail would."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace("\0", "\ufffd"))


class Connections:
    """Lends connections, one thread at a time each. Thread-safe."""

    def __init__(self, url: str) -> None:
        try:
            given = conninfo_to_dict(url)
        except psycopg.ProgrammingError:  # it quotes what it could not read
            raise StateUnavailable("the state's URL is no URL of PostgreSQL") from None
        given["options"] = " ".join((*_SESSION, str(given.get("options") or ""))).strip()
        self.where = "postgresql://{}:{}/{}".format(*(given.get(part, "") for part in ("host", "port", "dbname")))
        parts: dict[str, Any] = {**_ADDRESS, **given}
        self._address = make_conninfo("", **parts)
        self._closed = threading.Event()
        self._forked: list[Connection] = []
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._idle: list[Connection] = []
        self._free = threading.BoundedSemaphore(MOST)
        self._lent = threading.local()

    @contextmanager
    def one(self) -> Iterator[Connection]:
        """Lend a connection, as alive as can be seen without asking it. A thread that has one already gets another.

        Raises:
            StateUnavailable: there is none to be had.
        """
        if os.getpid() != self._process:
            # The parent goes on with its connections. To close them here would end its sessions.
            self._forked += self._idle
            self._begin()
        counted = not getattr(self._lent, "now", False)  # one within another must not wait for itself
        if counted and not self._free.acquire(timeout=WAIT_S):
            raise unavailable(f"the state cannot be reached: all {MOST} connections are in use")
        try:
            self._lent.now = True
            connection = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)
        finally:
            if counted:
                self._lent.now = False
                self._free.release()

    def open(self) -> None:
        """Make the first connection.

        Raises:
            StateUnavailable: the server cannot be reached, or cannot store every character.
            DurabilityError: what it acknowledges would not survive a power cut.
        """
        connection = self._connect()
        encoding = connection.info.parameter_status("server_encoding")
        self._give_back(connection)
        if encoding != "UTF8":
            raise StateUnavailable(f"{self.where} has encoding {encoding}, need UTF8")

    def close(self) -> None:
        """Close every connection that is not lent; one that is lent is closed when it comes back."""
        self._closed.set()
        self.forget_idle()

    def forget_idle(self) -> None:
        """Close what nobody uses: when one has died, the others have as well."""
        if os.getpid() == self._process:
            while self._idle:
                with suppress(IndexError):
                    self._idle.pop().close()

    def _take(self) -> Connection:
        if self._closed.is_set():
            raise Closed("the state is closed")
        while True:
            try:
                connection = self._idle.pop()  # atomic, as append is
            except IndexError:
                break
            if _quiet(connection):
                return connection
            connection.close()
        try:
            return self._connect()
        except DurabilityError as error:
            raise unavailable(str(error)) from error

    def _give_back(self, connection: Connection) -> None:
        if os.getpid() != self._process:
            self._forked.append(connection)
        elif self._closed.is_set() or connection.info.transaction_status != TransactionStatus.IDLE:
            connection.close()
        else:
            self._idle.append(connection)

    def _connect(self) -> Connection:
        try:
            connection = Connection.connect(self._address, autocommit=True, row_factory=by_name)
        except psycopg.Error as error:
            raise unavailable(f"the state cannot be reached: {first_line(error)}") from error
        try:
            connection.prepared_max = _PREPARED_MOST
            # One type for every number, so that a statement is prepared once and not for each size.
            connection.adapters.register_dumper(int, Int8BinaryDumper)
            connection.adapters.register_dumper(str, _Text)
            self._check(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self, connection: Connection) -> None:
        try:
            found = dict(zip(("fsync", "full_page_writes", "synchronous_commit"), _one(connection), strict=True))
        except psycopg.Error as error:
            raise unavailable(f"the state cannot be reached: {first_line(error)}") from error
        wrong = [f"{name}=off" for name, value in found.items() if value == "off"]
        if wrong:
            raise DurabilityError(f"{self.where}: {', '.join(wrong)}: a power cut would lose reports")


def _one(connection: Connection) -> Row:
    (row,) = connection.execute(_DURABILITY).fetchall()
    return row


def _quiet(connection: Connection) -> bool:
    """Whether the server has said nothing since: one that was stopped has said that it ends."""
    if connection.closed:
        return False
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return not waiting.poll(0)
