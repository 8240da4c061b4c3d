"""The value forms that every fault takes: `true`, a count, or an object with counts, chances and numbers of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulators.planon.faults import NATURES, OPERATIONS, Fault, Nature, ScenarioRefused


@dataclass(slots=True)
class Setting:
    """One fault that is switched on.

    Attributes:
        times: how many requests it will still strike; None until it is switched off.
        probability: chance that it strikes a request that it could, 0 to 1.
        on: operations that it strikes; None for those under the scenario's key `on`.
        amounts: its own numbers, complete.
    """

    times: int | None
    probability: float
    on: tuple[str, ...] | None
    amounts: Mapping[str, float | None]

    def strikes(self, nature: Nature, operation: str, usual: tuple[str, ...]) -> bool:
        """Whether it could strike this operation, when it is told nothing else than `usual` outside of itself."""
        if self.on is not None:
            return operation in self.on
        if nature.everywhere:
            return True  # also a request that cannot be read
        here = tuple(name for name in usual if name in nature.operations)
        return operation in (here or nature.operations)

    def as_json(self) -> Any:
        """Return the shortest value that means this setting."""
        parts: dict[str, Any] = {} if self.times is None else {"times": self.times}
        if self.probability < 1:
            parts["probability"] = self.probability
        if self.on is not None:
            parts["on"] = list(self.on)
        parts |= {name: amount for name, amount in self.amounts.items() if amount is not None}
        if not parts:
            return True
        return self.times if parts.keys() == {"times"} else parts


def read_setting(fault: Fault, value: Any) -> Setting | None:
    """Return the setting that a value of a change means; None when it means off.

    Raises:
        ScenarioRefused: if the fault cannot have this value.
    """
    nature = NATURES[fault]
    if value is False:
        return None
    if value is True:
        return Setting(None, 1.0, None, nature.amounts)
    if not nature.strikes_requests or not isinstance(value, int | dict):
        raise ScenarioRefused(f"{fault} cannot be {value!r}")
    parts = {"times": value} if isinstance(value, int) else dict(value)
    setting = Setting(
        times=_times(fault, parts.pop("times", None)),
        probability=_probability(fault, parts.pop("probability", 1)),
        on=_on(fault, parts.pop("on", None)),
        amounts={name: _amount(fault, name, parts.pop(name, usual)) for name, usual in nature.amounts.items()},
    )
    if parts:
        raise ScenarioRefused(f"{fault} has no {', '.join(map(str, parts))}")
    return None if setting.times == 0 else setting


def operations(name: str, value: Any) -> tuple[str, ...]:
    """Return a list of operations.

    Raises:
        ScenarioRefused: if it is none.
    """
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ScenarioRefused(f"{name} cannot be {value!r}")
    if not set(value) <= set(OPERATIONS):
        raise ScenarioRefused(f"{name} knows {', '.join(OPERATIONS)}, not {value!r}")
    return tuple(value)


def is_number(value: Any) -> bool:
    """Whether this is a number from zero up; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


def _times(fault: Fault, value: Any) -> int | None:
    if value is None or (isinstance(value, int) and is_number(value)):
        return value
    raise ScenarioRefused(f"times of {fault} cannot be {value!r}")


def _probability(fault: Fault, value: Any) -> float:
    if is_number(value) and value <= 1:
        return float(value)
    raise ScenarioRefused(f"probability of {fault} cannot be {value!r}")


def _on(fault: Fault, value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    named = operations(f"on of {fault}", value)
    possible = NATURES[fault].operations
    if not named or not set(named) <= set(possible):
        raise ScenarioRefused(f"{fault} can strike {', '.join(possible)}, not {value!r}")
    return named


def _amount(fault: Fault, name: str, value: Any) -> float | None:
    usual = NATURES[fault].amounts[name]
    if value is None and usual is None:
        return None
    whole = name == "characters"
    if is_number(value) and (not whole or isinstance(value, int)):
        return float(value) if not whole else int(value)
    raise ScenarioRefused(f"{name} of {fault} cannot be {value!r}")
