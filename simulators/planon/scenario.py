"""How the stand-in misbehaves, as data: set by tests and the demo through the control port, read by every request."""

from collections import Counter
from collections.abc import Mapping
from math import isfinite
from threading import Lock
from typing import Any, Final

from simulators.planon.dice import Dice
from simulators.planon.faults import DECIDING, NATURES, Fault, ScenarioRefused, Stage
from simulators.planon.setting import Setting, is_number, operations, read_setting
from simulators.planon.strike import Strike

_WRITES: Final = ("incident", "note")
_CALM: Final[Mapping[str, Any]] = {"answer_after_s": 0.0, "on": _WRITES, "wsdl": "", "clock_ahead_s": 0.0}


class Scenario:
    """The current scenario. Safe for several threads.

    Keys of a change: every `Fault`, with the values of `read_setting`; `on` (operations that a fault strikes unless it
    or its nature says otherwise; writes at first); `answer_after_s` (latency of those operations); `lag_s` (of the
    replica); `wsdl` (what a GET of a service with `?wsdl` answers: "" for nothing, "served" for the packaged
    description, "changed" for one that has lost an operation); `clock_ahead_s` (of its Date headers, may be negative);
    `seed` (starts the chances anew); `calm` (true: first switch off every fault and the latency, and set `on`
    back).
    """

    def __init__(self, lag_s: float) -> None:
        self._lock = Lock()
        self._settings: dict[Fault, Setting] = {}
        self._plain: dict[str, Any] = {"lag_s": lag_s, **_CALM}
        self._dice = Dice(0)
        self._released: Counter[Fault] = Counter()
        self._struck: Counter[tuple[Fault, str]] = Counter()

    def change(self, changes: Mapping[str, Any]) -> None:
        """Apply all changes or none.

        Raises:
            ScenarioRefused: for an unknown key or a wrong value.
        """
        settings, plain = _read(changes)
        with self._lock:
            if plain.pop("calm", False):
                settings = dict.fromkeys(Fault) | settings
                plain = {**_CALM, **plain}
            if "seed" in plain:
                self._dice = Dice(plain.pop("seed"))
            self._plain |= plain
            for fault, setting in settings.items():
                self._set(fault, setting)

    def _set(self, fault: Fault, setting: Setting | None) -> None:
        if setting is None:
            self._released[fault] += 1
            self._settings.pop(fault, None)
        else:
            self._settings[fault] = setting

    def as_json(self) -> dict[str, Any]:
        """Return the scenario with what is left of its counts; a fault that is off, or used up, is false."""
        with self._lock:
            faults = {str(fault): self._settings.get(fault) for fault in Fault}
            shown = {name: False if setting is None else setting.as_json() for name, setting in faults.items()}
            return shown | self._plain | {"on": list(self._plain["on"]), "seed": self._dice.seed}

    def struck(self) -> dict[str, dict[str, int]]:
        """Return how many requests each fault has struck, by fault and operation."""
        told: dict[str, dict[str, int]] = {}
        with self._lock:
            for (fault, operation), count in self._struck.items():
                told.setdefault(str(fault), {})[operation] = count
        return told

    def switched_on(self, fault: Fault) -> bool:
        """Whether a fault is on, for those that strike no request."""
        with self._lock:
            return fault in self._settings

    def releases(self, fault: Fault) -> int:
        """Return how often a fault was switched off: what it holds is let go when this changes."""
        with self._lock:
            return self._released[fault]

    @property
    def lag_s(self) -> float:
        """Seconds by which the replica lags."""
        return float(self._plain["lag_s"])

    @property
    def wsdl(self) -> str:
        """What a GET of a WSDL answers."""
        return str(self._plain["wsdl"])

    @property
    def clock_ahead_s(self) -> float:
        """Seconds by which its Date headers are ahead."""
        return float(self._plain["clock_ahead_s"])

    def strike(self, operation: str) -> Strike:
        """Decide about one request, and use up the counts of what strikes it. An unreadable one has no operation."""
        with self._lock:
            struck = _combined([fault for fault in Fault if self._meets(fault, operation)])
            faults = {fault: self._settings[fault].amounts for fault in struck}
            for fault in struck:
                self._use(fault, operation)
            slow = faults.get(Fault.SLOW, {}).get("after_s") or 0.0
            plain = self._plain["answer_after_s"] if operation in self._plain["on"] else 0.0
            return Strike(faults, slow + plain)

    def _meets(self, fault: Fault, operation: str) -> bool:
        setting, nature = self._settings.get(fault), NATURES[fault]
        if setting is None or not nature.strikes_requests:
            return False
        if not setting.strikes(nature, operation, self._plain["on"]):
            return False
        # Rolled for every request that it could strike, so that the nth one's luck is its own and nobody else's.
        return setting.probability >= 1 or self._dice.roll(fault, operation) < setting.probability

    def _use(self, fault: Fault, operation: str) -> None:
        self._struck[fault, operation] += 1
        setting = self._settings[fault]
        if setting.times is None:
            return
        setting.times -= 1
        if setting.times == 0:
            del self._settings[fault]


def _combined(met: list[Fault]) -> list[Fault]:
    """Keep the first that decides the reply, and what combines with it."""
    first = next((fault for fault in met if NATURES[fault].stage in DECIDING), None)
    combining = {Stage.LATENCY}
    if first is None or NATURES[first].stage is not Stage.BEFORE:
        combining.add(Stage.WORK)
    kept = [fault for fault in met if fault is first or NATURES[fault].stage in combining]
    if Fault.SLA_SKIPPED in kept and Fault.SLA_LATE in kept:
        kept.remove(Fault.SLA_LATE)
    return kept


def _read(changes: Mapping[str, Any]) -> tuple[dict[Fault, Setting | None], dict[str, Any]]:
    settings: dict[Fault, Setting | None] = {}
    plain: dict[str, Any] = {}
    for name, value in changes.items():
        if name in set(Fault):
            settings[Fault(name)] = read_setting(Fault(name), value)
        else:
            plain[name] = _plain(name, value)
    return settings, plain


def _plain(name: str, value: Any) -> Any:
    match name:
        case "on":
            return operations(name, value)
        case "lag_s" | "answer_after_s" if is_number(value):
            return float(value)
        case "wsdl" if value in {"", "served", "changed"}:
            return value
        case "clock_ahead_s" if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
            return float(value)
        case "calm" if isinstance(value, bool):
            return value
        case "seed" if isinstance(value, int) and not isinstance(value, bool):
            return value
    raise ScenarioRefused(f"{name} cannot be {value!r}")
