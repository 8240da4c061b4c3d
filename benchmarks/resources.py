"""What a service holds: open files and memory of its process and all below it, and connections to its database."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_PROC: Final = Path("/proc")
_COUNT: Final = """select count(*) from MON$ATTACHMENTS
where MON$SYSTEM_FLAG = 0 and MON$ATTACHMENT_ID <> current_connection"""


@dataclass(frozen=True, slots=True)
class Process:
    """What one process holds at one moment."""

    fds: int
    rss_kb: int


def of_process(pid: int) -> Process:
    """Count what a process holds, without its children."""
    return Process(sum(1 for _ in (_PROC / str(pid) / "fd").iterdir()), _rss_kb(pid))


@dataclass(frozen=True, slots=True)
class Held:
    """What a service holds at one moment: `rss_kb` counts what processes share for each of them."""

    attachments: int
    fds: int
    rss_kb: int


def held(pid: int, owner: Any) -> Held:
    """Count what a service and its processes hold; `owner` is a connection to its database that nobody else uses."""
    fds = rss_kb = 0
    for process in _family(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            fds += sum(1 for _ in (_PROC / str(process) / "fd").iterdir())
            rss_kb += _rss_kb(process)
    return Held(_attachments(owner), fds, rss_kb)


def _family(pid: int) -> Iterator[int]:
    yield pid
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in (_PROC / str(pid) / "task").iterdir():
            for child in (task / "children").read_text(encoding="ascii").split():
                yield from _family(int(child))


def _rss_kb(pid: int) -> int:
    for line in (_PROC / str(pid) / "status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def _attachments(owner: Any) -> int:
    with owner.cursor() as cursor:
        cursor.execute(_COUNT)
        (count,) = cursor.fetchone()
    owner.rollback()  # the monitoring tables stay as they were at the transaction's first look
    return int(count)
