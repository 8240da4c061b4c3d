"""Bulkheads: who comes to his turn, who does not, and what becomes of a call that does not come back."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import pytest

from contracts.errors import BackendUnavailable, Overloaded
from contracts.spans import Attributes, Observer, Phase, Span, observed_by
from shim.admission.threads import Threads
from shim.admission.turns import QUEUED_TO_RUNNING, Bulkheads, Turns, backend_is_late
from shim.settings import Http

LONG_S = 30.0
SECRET = "mevrouw Jansen"


def turns(at_a_time: int = 1, queue_s: float = LONG_S, deadline_s: float = LONG_S) -> Turns:
    return Turns("planon", at_a_time, queue_s, deadline_s)


async def until(seen: Callable[[], bool]) -> None:
    """Let others work until something is so."""
    async with asyncio.timeout(LONG_S):
        while not seen():  # noqa: ASYNC110 - what is watched has no event
            await asyncio.sleep(0.001)


def test_so_many_at_a_time_and_the_others_in_their_order() -> None:
    """Nobody overtakes, and each comes to its turn."""
    under_way, most, order = 0, 0, []
    lock = threading.Lock()

    def call(number: int) -> int:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
            order.append(number)
        threading.Event().wait(0.002)
        with lock:
            under_way -= 1
        return number

    async def scene() -> list[int]:
        kept = turns(3)
        return await asyncio.gather(*(kept.run(lambda n=n: call(n), backend_is_late) for n in range(20)))  # type: ignore[misc]

    assert asyncio.run(scene()) == [*range(20)]
    assert most == 3
    assert sorted(order) == [*range(20)]
    assert all(abs(place - number) < 6 for place, number in enumerate(order))


def test_who_waits_too_long_is_refused_and_nothing_was_done() -> None:
    """The call is not made later, either."""
    made: list[str] = []

    async def scene() -> Turns:
        kept, held = turns(queue_s=0.02), threading.Event()
        first = asyncio.ensure_future(kept.run(held.wait, backend_is_late))
        await until(lambda: kept.under_way == 1)
        with pytest.raises(Overloaded) as refused:
            await kept.run(lambda: made.append("second"), backend_is_late)
        assert refused.value.retry_after_s
        held.set()
        assert await first
        await kept.run(lambda: made.append("third"), backend_is_late)
        return kept

    kept = asyncio.run(scene())
    assert made == ["third"]
    assert (kept.refused, kept.waiting, kept.under_way) == (1, 0, 0)


def test_only_so_many_wait() -> None:
    """One more is refused at once, however long it would wait."""

    async def scene() -> None:
        kept, held = turns(), threading.Event()
        calls = [asyncio.ensure_future(kept.run(held.wait, backend_is_late)) for _ in range(1 + QUEUED_TO_RUNNING)]
        await until(lambda: kept.waiting == QUEUED_TO_RUNNING)
        with pytest.raises(Overloaded):
            await asyncio.wait_for(kept.run(held.wait, backend_is_late), LONG_S / 2)
        held.set()
        assert all(await asyncio.gather(*calls))

    asyncio.run(scene())


def test_a_call_that_hangs_is_answered_and_keeps_its_place(caplog: pytest.LogCaptureFixture) -> None:
    """Until it comes back; what it raises then is told to nobody, and not to the log with its message."""

    async def scene() -> Turns:
        kept, held = turns(queue_s=0.02, deadline_s=0.05), threading.Event()

        def hang() -> None:
            held.wait(LONG_S)
            raise RuntimeError(SECRET)

        with pytest.raises(BackendUnavailable):
            await kept.run(hang, backend_is_late)
        assert (kept.under_way, kept.late) == (1, 1)
        with pytest.raises(Overloaded):
            await kept.run(bool, backend_is_late)
        held.set()
        await until(lambda: kept.under_way == 0)
        assert await kept.run(lambda: "again", backend_is_late) == "again"
        return kept

    with caplog.at_level(logging.DEBUG):
        kept = asyncio.run(scene())
    assert (kept.late, kept.refused) == (1, 1)
    assert SECRET not in caplog.text


def test_whoever_has_gone_leaves_his_turn_to_the_next() -> None:
    """While he waits, and in the moment in which his turn comes."""

    async def scene() -> Turns:
        kept, held = turns(), threading.Event()
        first = asyncio.ensure_future(kept.run(held.wait, backend_is_late))
        gone, comes, last = (asyncio.ensure_future(kept.run(lambda: "done", backend_is_late)) for _ in range(3))
        await until(lambda: kept.waiting == 3)
        gone.cancel()
        await until(lambda: gone.done() and kept.waiting == 2)
        pass_on = kept._pass_on

        def pass_on_and_cancel() -> None:
            pass_on()
            comes.cancel()

        kept._pass_on = pass_on_and_cancel  # type: ignore[method-assign]
        held.set()
        assert await first
        assert await last == "done"
        assert comes.cancelled()
        await until(lambda: kept.under_way == 0)
        return kept

    assert asyncio.run(scene()).waiting == 0


def test_at_the_end_everybody_is_answered_and_nothing_begins() -> None:
    """Who waits for a call is told that it is late, and who waits for a turn gets none."""
    made: list[str] = []

    async def scene() -> None:
        bulkheads, held = Bulkheads(["planon"], Http(calls_per_system=1, queue_s=LONG_S)), threading.Event()
        kept = bulkheads.asking["planon"]
        first = asyncio.ensure_future(kept.run(lambda: held.wait(LONG_S), backend_is_late))
        second = asyncio.ensure_future(kept.run(lambda: made.append("second"), backend_is_late))
        await until(lambda: kept.waiting == 1)
        bulkheads.give_up()
        answers = await asyncio.wait_for(asyncio.gather(first, second, return_exceptions=True), LONG_S / 2)
        assert [type(answer) for answer in answers] == [BackendUnavailable, Overloaded]
        with pytest.raises(Overloaded):
            await kept.run(lambda: made.append("third"), backend_is_late)
        held.set()
        await until(lambda: kept.under_way == 0)

    asyncio.run(scene())
    assert made == []


def test_one_system_keeps_nothing_from_another() -> None:
    """Nor reads from what is only accepted, nor either from admission and look-ups."""

    async def scene() -> list[str]:
        bulkheads, held = Bulkheads(["planon", "intramed"], Http(calls_per_system=1, queue_s=LONG_S)), threading.Event()
        slow = bulkheads.asking["planon"]
        hanging = [asyncio.ensure_future(slow.run(held.wait, backend_is_late)) for _ in range(5)]
        await until(lambda: slow.waiting == 4)
        others = [bulkheads.asking["intramed"], *bulkheads.accepting.values(), bulkheads.admission, bulkheads.look_ups]
        answers = [await each.run(lambda: "done", backend_is_late) for each in others]
        held.set()
        await asyncio.gather(*hanging)
        return answers

    assert asyncio.run(scene()) == ["done"] * 5


class Seen(Observer):
    """Keeps the names and phases of spans."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, Phase | None]] = []

    @contextmanager
    def span(self, name: str, phase: Phase | None, attributes: Attributes) -> Iterator[Span]:
        del attributes
        self.spans.append((name, phase))
        yield self  # type: ignore[misc]  # nobody tells it more

    def past(self, *_told: object, **_attributes: object) -> None:
        """Nothing here is told afterwards."""

    def traceparent(self) -> str | None:
        return None


def test_waiting_is_a_span_and_a_call_has_the_context_of_its_request() -> None:
    """Who does not wait has no such span."""
    asked: ContextVar[str] = ContextVar("asked")
    seen = Seen()

    async def one(kept: Turns, name: str, held: threading.Event) -> str:
        asked.set(name)
        return await kept.run(lambda: str(held.wait(LONG_S)) + asked.get(), backend_is_late)

    async def scene() -> list[str]:
        kept, held = turns(), threading.Event()
        first = asyncio.ensure_future(one(kept, "first", held))
        await until(lambda: kept.under_way == 1)
        assert seen.spans == []
        second = asyncio.ensure_future(one(kept, "second", held))
        await until(lambda: kept.waiting == 1)
        held.set()
        return [await first, await second]

    with observed_by(seen):
        assert asyncio.run(scene()) == ["Truefirst", "Truesecond"]
    assert seen.spans == [("queue", Phase.QUEUE)]


def test_a_call_without_a_thread_is_refused_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is not made, its place is free, and the next call gets a thread instead of waiting for one that never came."""
    made: list[str] = []

    def none_left(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def scene() -> Turns:
        kept = turns(deadline_s=5)
        with monkeypatch.context() as broken:
            broken.setattr(threading.Thread, "start", none_left)
            with pytest.raises(Overloaded):
                await kept.run(lambda: made.append("first"), backend_is_late)
        assert (kept.under_way, kept.refused) == (0, 1)
        await kept.run(lambda: made.append("second"), backend_is_late)
        return kept

    kept = asyncio.run(scene())
    assert (made, kept.under_way, kept.late) == (["second"], 0, 0)
    assert "can't start new thread" in caplog.text


def test_a_call_is_told_to_be_back_when_its_result_is_there() -> None:
    """Whoever waits needs no further round of the loop; what was raised counts as well."""
    told: list[tuple[bool, int]] = []

    async def scene() -> None:
        threads = Threads("desk")
        for call in (lambda: 7, lambda: int(SECRET)):
            future = threads.start(call, lambda: told.append((future.done(), threading.get_ident())))  # noqa: B023
            await asyncio.wait([future], timeout=LONG_S)
            future.exception()

    asyncio.run(scene())
    assert told == [(True, threading.get_ident())] * 2
