"""A waiting request is woken by the worker, and only for its own delivery."""

import asyncio
from threading import Thread, Timer

import pytest

from contracts.delivery import Delivered, NotSent
from outbox.worker import Step
from shim.writing import durable
from shim.writing.landings import Landings
from tests.unit.shim.accepting import Accepting, document


def step(entry_id: str) -> Step:
    """An attempt that has finished."""
    return Step(entry_id, "planon", "send", NotSent("refused"))


def test_who_waits_is_woken_from_another_thread() -> None:
    """Both requests that wait for one delivery are; the one that waits for another delivery is not."""

    async def scene() -> tuple[bool, bool, bool]:
        landings = Landings()
        with landings.of("dl_1") as first, landings.of("dl_1") as second, landings.of("dl_2") as other:
            Thread(target=landings.tell, args=(step("dl_1"),)).start()
            async with asyncio.timeout(5):
                await first.wait()
                await second.wait()
            return first.is_set(), second.is_set(), other.is_set()

    assert asyncio.run(scene()) == (True, True, False)


def test_nobody_is_kept_who_has_gone() -> None:
    """Who has stopped waiting is forgotten, and telling a stopped server does nothing."""
    landings = Landings()

    async def scene() -> None:
        with landings.of("dl_1"):
            pass

    asyncio.run(scene())
    landings.tell(step("dl_1"))
    assert not landings._waiting


def test_a_delivery_ends_the_wait_at_once(accepting: Accepting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the request would look by itself only in an hour."""
    monkeypatch.setattr(durable, "_FIRST_LOOK_S", 3600.0)
    accepting.receiver.answers = [Delivered("INC-000482")]
    entry = accepting.accept(document())
    timer = Timer(0.1, accepting.deliver)
    timer.start()
    found = asyncio.run(asyncio.wait_for(accepting.durable.wait(entry, 3600), 10))
    timer.join()
    assert found.backend_id == "INC-000482"


def test_at_the_end_nobody_waits_any_more(accepting: Accepting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither who waits already and would look only in an hour, nor who comes later; the delivery is told as it is."""
    monkeypatch.setattr(durable, "_FIRST_LOOK_S", 3600.0)
    entry = accepting.accept(document())

    async def scene() -> list[str]:
        waits = asyncio.ensure_future(accepting.durable.wait(entry, 3600))
        async with asyncio.timeout(30):
            while not accepting.landings.waiting:  # noqa: ASYNC110 - what is watched has no event
                await asyncio.sleep(0.001)
            accepting.landings.end()
            return [(await waits).state, (await accepting.durable.wait(entry, 3600)).state]

    assert asyncio.run(scene()) == ["ready", "ready"]
    assert accepting.landings.waiting == 0
