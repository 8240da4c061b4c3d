"""Lets no identifier out in the free text of a reply or a problem: replaced, counted, and told to the audit."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any, Final, TypeVar

from prometheus_client import CollectorRegistry
from prometheus_client import Counter as Metric
from pydantic import JsonValue

from contracts.errors import LeakBlocked
from contracts.fields import Model
from shim.guard import Kind, mask, mask_json
from shim.marks import coded_fields, fields_of, token_fields

ModelT = TypeVar("ModelT", bound=Model)


@dataclass(frozen=True, slots=True)
class Leak:
    """An identifier that was found, without its value.

    Attributes:
        kind: which.
        field: path of the field, such as `appointments.0.name`.
    """

    kind: Kind
    field: str

    def as_json(self) -> dict[str, JsonValue]:
        """Return what a caller may see."""
        return {"kind": self.kind.value, "field": self.field}


@dataclass(frozen=True, slots=True)
class Guarded:
    """A reply without identifiers, and what was in it."""

    reply: Any
    leaks: tuple[Leak, ...]

    @property
    def counts(self) -> dict[str, JsonValue]:
        """How many of each kind."""
        return {**Counter(leak.kind.value for leak in self.leaks)}


def guard_reply(reply: ModelT) -> Guarded:
    """Replace every identifier in a reply's free text by a placeholder that tells its kind.

    Free text is every text that is neither a token nor a code that somebody issued, nor one of a few fixed words.
    """
    leaks: list[Leak] = []
    return Guarded(_guarded(reply, "", leaks), tuple(leaks))


def refuse(leaks: Iterable[Leak], **members: JsonValue) -> LeakBlocked:
    """Return the problem in place of a reply with identifiers, for a client that wants none at all."""
    found = [leak.as_json() for leak in leaks]
    return LeakBlocked("the reply has an identifier in it, and this client is strict", found, **members)


def _guarded(model: ModelT, path: str, leaks: list[Leak]) -> ModelT:
    changes: dict[str, Any] = {}
    for name in _free_fields(type(model)):
        value = getattr(model, name)
        guarded = _value(value, f"{path}{name}", leaks)
        if guarded is not value:
            changes[name] = guarded
    return model.model_copy(update=changes) if changes else model


@cache
def _free_fields(model: type[Model]) -> tuple[str, ...]:
    left_alone = coded_fields(model) | token_fields(model).keys()
    return tuple(name for name in fields_of(model) if name not in left_alone)


def _value(value: Any, path: str, leaks: list[Leak]) -> Any:
    if isinstance(value, Model):
        return _guarded(value, f"{path}.", leaks)
    if isinstance(value, list):
        guarded = [_value(each, f"{path}.{place}", leaks) for place, each in enumerate(value)]
        return guarded if any(new is not old for new, old in zip(guarded, value, strict=True)) else value
    if isinstance(value, str) and not isinstance(value, Enum):
        masked = mask(value)
        leaks += [Leak(finding.kind, path) for finding in masked.findings]
        return masked.text if masked.findings else value
    return value


@dataclass(frozen=True, slots=True)
class LeakCounter:
    """Counts what the guard has found, for `/metrics`."""

    found: Metric = field(
        default_factory=lambda: Metric(
            "legacy_shim_guard_findings",
            "Identifiers that the guard has kept in, in this process.",
            ("system", "contract", "kind"),
            registry=None,
        )
    )

    def count(self, system: str, contract: str, counts: Mapping[str, Any]) -> None:
        """Add what was found in one reply."""
        for kind, number in counts.items():
            self.found.labels(system, contract, kind).inc(number)

    def register(self, registry: CollectorRegistry) -> None:
        """Show the counts in a registry."""
        registry.register(self.found)


_OUR_WORDS: Final = frozenset({"delivery", "server_time"})
"""Members of a problem that hold no free text: a reply that was guarded already, and a time."""


def guard_members(members: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return a problem's members without identifiers, in names and numbers too: an adapter may have raised it."""
    guarded, _ = mask_json({**members}, skip=_OUR_WORDS)
    assert isinstance(guarded, dict)  # noqa: S101 - as what went in
    return guarded
