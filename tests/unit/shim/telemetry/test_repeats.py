"""An outage of hours must not fill a disk with lines that say the same, and must not hide how often it was."""

import logging
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from shim.telemetry.logs import log_observation
from shim.telemetry.observation import Observation
from shim.telemetry.repeats import KINDS_MAX, Repeats

MORE = re.compile(r"… and (\d+) more like it: (.+)")
SAME = 10
MINUTES = 4


class Written(logging.Handler):
    """A handler that keeps what it wrote, and in which minute."""

    def __init__(self, repeats: Repeats, now: Callable[[], float]) -> None:
        super().__init__()
        self.addFilter(repeats)
        self.lines: list[tuple[int, str]] = []
        self._clock = now

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((int(self._clock() // 60), record.getMessage()))

    @property
    def more(self) -> Counter[str]:
        """What the summaries tell, by kind."""
        told: Counter[str] = Counter()
        for match in (MORE.fullmatch(line) for _, line in self.lines):
            if match:
                told[match[2]] += int(match[1])
        return told

    @property
    def itself(self) -> int:
        """How many lines are no summary."""
        return sum(not MORE.fullmatch(line) for _, line in self.lines)


class Scene:
    """Whoever logs, and the clock."""

    def __init__(self) -> None:
        self.now = 6000.0
        self.repeats = Repeats(SAME, ["planon", "intramed"], lambda: self.now)
        self.written = Written(self.repeats, lambda: self.now)


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    made = Scene()
    root = logging.getLogger()
    level = root.level
    monkeypatch.setattr(root, "handlers", [made.written])
    root.setLevel(logging.INFO)
    yield made
    root.setLevel(level)


def test_an_outage_is_bounded_and_counted(scene: Scene) -> None:
    """Thousands of attempts and requests fail: some lines a minute, and the sums are right."""
    logger = logging.getLogger("outbox.test")
    logged: Counter[str] = Counter()
    for minute in range(MINUTES):
        for second in range(60):
            scene.now = 6000.0 + 60 * minute + second
            for number in range(10):
                system = ("planon", "intramed")[number % 2]
                logger.warning("%s: no connection: %s", system, f"refused {number} of {second}")
                status, outcome = (503, "backend-unavailable") if system == "planon" else (200, None)
                log_observation(Observation("request", "t", "POST", "a", system, "c", status=status, outcome=outcome))
                log_observation(Observation("delivery", "t", "send", "a", system, "c", outcome="not sent"))
                logged.update([f"message {system}", f"request {system}", f"delivery {system}"])
    scene.repeats.close()
    per_minute = Counter(minute for minute, _ in scene.written.lines)
    assert max(per_minute.values()) <= 6 * (SAME + 2)
    assert scene.written.itself == MINUTES * 6 * SAME
    assert scene.written.itself + scene.written.more.total() == logged.total() == MINUTES * 60 * 10 * 3
    assert scene.written.more == {
        **{f"%s: no connection: %s {name}": MINUTES * (300 - SAME) for name in ("planon", "intramed")},
        "request planon 503 backend-unavailable": MINUTES * (300 - SAME),
        "request intramed 200 ok": MINUTES * (300 - SAME),
        **{f"delivery {name} not sent": MINUTES * (300 - SAME) for name in ("planon", "intramed")},
    }


def test_kinds_without_end_are_bounded(scene: Scene) -> None:
    """A template that somebody's text is in is a kind for each text: then they are one."""
    for number in range(5_000):
        logging.getLogger("x").warning(f"refused {number}")  # noqa: G004 - that is the fault that is met here
    logging.getLogger("x").error("a graver one is still written")
    scene.now += 60
    scene.repeats.tell()
    assert scene.written.itself == KINDS_MAX + SAME + 1
    assert scene.written.more == {"of other kinds": 5_000 - KINDS_MAX - SAME}


def test_another_cause_is_not_hidden(scene: Scene) -> None:
    """By system, by level, by the class of an exception, and by that of a defect that is only named."""
    logger = logging.getLogger("x")
    for _ in range(50):
        logger.error("%s failed", "planon")
        logger.error("%s in %s", "ValueError", "here")
        logger.error("failed", exc_info=ValueError("a"))
    logger.error("%s failed", "intramed")
    logger.error("%s in %s", "KeyError", "there")
    logger.error("failed", exc_info=KeyError("a"))
    logger.warning("%s failed", "planon")
    assert scene.written.itself == 3 * SAME + 4


def test_a_summary_comes_without_another_message(scene: Scene) -> None:
    """When the minute is over, once; a quiet minute is told nothing of."""
    for _ in range(25):
        logging.getLogger("x").info("the same")
    scene.repeats.tell()
    assert len(scene.written.lines) == SAME
    for _ in range(3):
        scene.now += 60
        scene.repeats.tell()
    assert [line for _, line in scene.written.lines[SAME:]] == ["… and 15 more like it: the same"]
    logging.getLogger("x").info("the same")
    assert scene.written.lines[-1][1] == "the same"


def test_threads_and_several_handlers_count_once(scene: Scene) -> None:
    """A record that two handlers write is one."""
    second = Written(scene.repeats, lambda: scene.now)
    logging.getLogger().addHandler(second)

    def shout() -> None:
        for _ in range(500):
            logging.getLogger("x").warning("the same")

    threads = [threading.Thread(target=shout) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    scene.repeats.close()
    for written in (scene.written, second):
        assert (written.itself, written.more) == (SAME, {"the same": 4000 - SAME})
