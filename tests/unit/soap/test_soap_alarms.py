"""One thread rings every alarm, in time and in order, and does not stay when there is none."""

import threading
import time
from functools import partial
from unittest.mock import Mock

import pytest

from adapters.soap.alarms import Alarms

LIMIT_S = 10


def alarm_threads() -> int:
    return sum(thread.name == "alarms" for thread in threading.enumerate())


def test_alarms_ring_in_the_order_of_their_times() -> None:
    """Also one that is set later for an earlier time."""
    alarms, rung, done = Alarms(), list[str](), threading.Event()
    now = time.monotonic()
    alarms.ring_at(now + 0.3, lambda: rung.append("last"))
    alarms.ring_at(now + 0.3, done.set)
    alarms.ring_at(now + 0.2, lambda: rung.append("second"))
    alarms.ring_at(now + 0.1, lambda: rung.append("first"))
    assert done.wait(LIMIT_S)
    assert rung == ["first", "second", "last"]
    assert time.monotonic() >= now + 0.3


def test_many_alarms_have_one_thread_and_it_ends() -> None:
    """A thousand requests a minute do not start a thousand threads; a quiet desk has none."""
    before = alarm_threads()
    alarms, rung, done = Alarms(), list[int](), threading.Event()
    now = time.monotonic()
    for number in range(1000):
        alarms.ring_at(now + 0.2, partial(rung.append, number))
    alarms.ring_at(now + 0.2, done.set)
    assert alarm_threads() == before + 1
    assert done.wait(LIMIT_S)
    assert rung == list(range(1000))
    until = time.monotonic() + LIMIT_S
    while alarm_threads() > before and time.monotonic() < until:
        time.sleep(0.01)
    assert alarm_threads() == before


def test_an_alarm_after_a_pause_rings() -> None:
    """The thread that ended is started again."""
    alarms = Alarms()
    for _ in range(3):
        rung = threading.Event()
        alarms.ring_at(time.monotonic(), rung.set)
        assert rung.wait(LIMIT_S)


def test_a_thread_that_cannot_start_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """One moment without memory for a thread must not switch every later time limit off."""
    alarms, lost, rung = Alarms(), threading.Event(), threading.Event()
    with monkeypatch.context() as short:
        short.setattr(threading.Thread, "start", Mock(side_effect=RuntimeError("can't start new thread")))
        with pytest.raises(RuntimeError):
            alarms.ring_at(time.monotonic(), lost.set)
    alarms.ring_at(time.monotonic(), rung.set)
    assert rung.wait(LIMIT_S)
    assert not lost.is_set()
