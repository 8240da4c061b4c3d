"""A process around a driver, because nothing but its end stops a call that the driver has blocked."""

import contextlib
import ctypes
import fcntl
import logging
import os
import pickle
import signal
import sys
from collections.abc import Mapping
from functools import partial
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import Final

from adapters.sql.faults import Fault
from adapters.sql.messages import Closed, Failed, Open, Rehearse, Run, Sent
from adapters.sql.session import Session
from adapters.sql.source import Source
from adapters.sql.statements import Statement

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4


def serve(
    pipe: Connection,
    source: Source,
    statements: Mapping[str, Statement],
    charsets: Mapping[str, str],
    environment: Mapping[str, str],
) -> None:
    """Answer requests until the other end of the pipe is closed. The reply goes out first, the connection closes then.

    Args:
        pipe: requests in, replies out.
        source: how to open the database.
        statements: what may be run, by name.
        charsets: codec of a column that differs from the connection's, by `statement.column`.
        environment: variables as the service has them now; a client library reads its own when it is loaded.
    """
    outlive_nobody()
    keep_silent()
    os.environ.clear()
    os.environ.update(environment)
    session = Session(source, statements, charsets)
    with contextlib.suppress(EOFError, OSError):  # the service is gone, or wants no more of this worker
        while True:
            _answer(pipe, session)
    session.close()
    os._exit(0)  # a client library that unloads itself at exit may hang or crash


def _answer(pipe: Connection, session: Session) -> None:
    match pipe.recv():
        case Open(warm):
            pipe.send(session.open_ahead(warm=warm))
        case Rehearse():
            pipe.send(session.rehearse())
            session.close()
            pipe.send(Closed())
        case Run(job, fresh):
            reply = session.run(job, fresh, partial(pipe.send, Sent()))
            try:
                pipe.send(reply)
            except (TypeError, AttributeError, pickle.PicklingError) as error:
                # A value that no other process can have, such as a large text's reader; whatever was done is done.
                pipe.send(Failed(Fault.OTHER, f"a value cannot be passed on: {type(error).__name__}", sent=True))
            session.close()
            pipe.send(Closed())


def outlive_nobody() -> None:
    """End this process when the service does, and not at a signal that is meant for it."""
    # A stop signal reaches the whole process group: the service finishes what it is doing, so its workers must too.
    # They end when their pipe does, and by the kernel's hand when a driver holds them while the service is killed.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # with the server that forked them
    service = parent_process()
    if service is None:
        return
    # That server lives as long as any worker; the service itself holds the other end of this pipe and writes nothing
    # into it. When it closes, the kernel sends SIGIO, whose default is to end the process.
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(service.sentinel, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(service.sentinel, fcntl.F_SETFL, fcntl.fcntl(service.sentinel, fcntl.F_GETFL) | os.O_ASYNC)
    if wait([service.sentinel], 0):
        os._exit(1)


def keep_silent() -> None:
    """Let nothing that a library writes out of this process."""
    # What goes wrong is in the replies. A library's log, and what a driver says when it drops a dead connection, quotes
    # the engine's text; a core dump would hold patients, and keep the service waiting while it is written.
    logging.disable()
    sys.unraisablehook = lambda _: None
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # a client library in C prints what it likes, and a defect's traceback has its message
        os.dup2(nowhere, stream)
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
