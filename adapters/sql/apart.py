"""Looks at a database from a process of its own, because nothing but its end stops a call that a driver has blocked."""

import contextlib
import multiprocessing
import os
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Final, TypeVar

from adapters.sql.worker import keep_silent, outlive_nobody
from contracts.examination import CHECK_FAILED, Step

T = TypeVar("T")
Tell = Callable[[object], None]
Look = Callable[[T, Tell], None]
_GOODBYE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Begun:
    """The step of this name begins; what hangs from here on hangs in it."""

    name: str


@dataclass(frozen=True, slots=True)
class _Ended:
    """Nothing more comes."""


class Hung(Exception):
    """Raised when no word came in time; `step` is what had begun."""

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


def apart(look: Look[T], given: T, until: float, preload: tuple[str, ...] = ()) -> Generator[Any, None, None]:
    """Run `look(given, tell)` in a process of its own and yield what it tells; kill it in the end.

    Args:
        look: a function of a module; what it raises becomes a step that says so.
        given: what it is given; it crosses into another process.
        until: when to give up, by the monotonic clock.
        preload: modules that every such process has from the start, if this is the first one.

    Raises:
        Hung: it said nothing more until then, or died.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["adapters.sql.worker", look.__module__, *preload])
    ours, theirs = context.Pipe()
    child = context.Process(target=_serve, args=(theirs, look, given, dict(os.environ)), daemon=True)
    child.start()
    theirs.close()
    at = "start"
    try:
        while ours.poll(max(0.0, until - time.monotonic())):
            told = ours.recv()
            if isinstance(told, _Ended):
                return
            if isinstance(told, Begun):
                at = told.name
            else:
                yield told
        raise Hung(at)
    except (EOFError, OSError) as error:
        raise Hung(at) from error
    finally:
        child.kill()
        child.join(_GOODBYE_S)
        ours.close()


def _serve(pipe: Connection, look: Look[T], given: T, environment: Mapping[str, str]) -> None:
    outlive_nobody()
    keep_silent()
    os.environ.clear()
    os.environ.update(environment)  # a client library reads its variables when it is loaded
    at = ["start"]

    def tell(told: object) -> None:
        if isinstance(told, Begun):
            at[0] = told.name
        pipe.send(told)

    with contextlib.suppress(BrokenPipeError):
        try:
            look(given, tell)
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001 - a defect is told, and does not cost what came before
            pipe.send(Step(at[0], (CHECK_FAILED.found(type(error).__name__),)))
        pipe.send(_Ended())
    os._exit(0)  # a client library that unloads itself at exit may hang or crash
