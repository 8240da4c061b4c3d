"""How the stand-in misbehaves, as data: set by tests and the demo through the control port, read by every request."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from threading import Condition, Lock
from typing import Any, Final

OPERATIONS: Final = ("incident", "note", "login", "logout", "find", "read")
"""What a request can be; `incident` is the AppSuite endpoint, `note` is CommunicationLog.create."""


class ScenarioRefused(ValueError):
    """Raised when a change names something unknown or has a value of the wrong type."""


class Fate(Enum):
    """What happens to one request."""

    ANSWERED = auto()
    STALLED = auto()  # read, never executed, never answered
    HTML_502 = auto()  # never executed, answered by a proxy's page
    COMMITTED_LATE = auto()  # held, executed after a while, connection reset without an answer
    REPLY_LOST = auto()  # executed, connection reset without an answer


@dataclass(slots=True)
class _State:
    down: bool = False
    replica_down: bool = False
    drop_incidents: bool = False
    stall: bool = False
    lag_s: float = 2.0
    answer_after_s: float = 0.0
    lose_reply: int = 0
    html_502: int = 0
    commit_late_times: int = 0
    commit_late_after_s: float = 0.0
    on: tuple[str, ...] = ("incident", "note")


class Scenario:
    """The current scenario. Safe for several threads.

    Keys of a change: `down`, `replica_down`, `drop_incidents`, `stall` (true or false); `lag_s` (seconds);
    `answer_after_s` (seconds between executing a request and answering it); `lose_reply`, `html_502` (how many of the
    next requests); `commit_late` (an object with `times` and `after_s`); `on` (which operations the slow answer and the
    counted ones strike; writes unless told). `stall` strikes every request.
    """

    def __init__(self, lag_s: float) -> None:
        self._state = _State(lag_s=lag_s)
        self._lock = Lock()
        self._unstalled = Condition(self._lock)

    def change(self, changes: Mapping[str, Any]) -> None:
        """Apply all changes or none.

        Raises:
            ScenarioRefused: for an unknown key or a wrong value.
        """
        accepted = _accepted(changes)
        with self._lock:
            for name, value in accepted.items():
                setattr(self._state, name, value)
            self._unstalled.notify_all()

    def as_json(self) -> dict[str, Any]:
        """Return the scenario with what is left of its counts."""
        with self._lock:
            state = self._state
            return {
                "down": state.down,
                "replica_down": state.replica_down,
                "drop_incidents": state.drop_incidents,
                "stall": state.stall,
                "lag_s": state.lag_s,
                "answer_after_s": state.answer_after_s,
                "lose_reply": state.lose_reply,
                "html_502": state.html_502,
                "commit_late": {"times": state.commit_late_times, "after_s": state.commit_late_after_s},
                "on": list(state.on),
            }

    @property
    def drops_incidents(self) -> bool:
        """Whether an incident is answered with a number and then forgotten."""
        return self._state.drop_incidents

    def fate(self, operation: str) -> tuple[Fate, float]:
        """Decide about one request and use up its count; the second value delays its commit or answer, in seconds."""
        with self._lock:
            state = self._state
            if state.stall:
                return Fate.STALLED, 0.0
            if operation not in state.on:
                return Fate.ANSWERED, 0.0
            if state.html_502:
                state.html_502 -= 1
                return Fate.HTML_502, 0.0
            if state.commit_late_times:
                state.commit_late_times -= 1
                return Fate.COMMITTED_LATE, state.commit_late_after_s
            if state.lose_reply:
                state.lose_reply -= 1
                return Fate.REPLY_LOST, 0.0
            return Fate.ANSWERED, state.answer_after_s

    def wait_while_stalled(self) -> None:
        """Return when the stall ends."""
        with self._unstalled:
            self._unstalled.wait_for(lambda: not self._state.stall)


def _accepted(changes: Mapping[str, Any]) -> dict[str, Any]:
    accepted: dict[str, Any] = {}
    for name, value in changes.items():
        match name, value:
            case "down" | "replica_down" | "drop_incidents" | "stall", bool():
                accepted[name] = value
            case "lose_reply" | "html_502", int() if not isinstance(value, bool) and value >= 0:
                accepted[name] = value
            case "lag_s" | "answer_after_s", int() | float() if not isinstance(value, bool) and value >= 0:
                accepted[name] = float(value)
            case "commit_late", {"times": int() as times, "after_s": int() | float() as after_s} if (
                min(times, after_s) >= 0
            ):
                accepted |= {"commit_late_times": times, "commit_late_after_s": float(after_s)}
            case "on", list() | tuple() if set(value) <= set(OPERATIONS):
                accepted[name] = tuple(value)
            case _:
                raise ScenarioRefused(f"{name} cannot be {value!r}")
    return accepted
