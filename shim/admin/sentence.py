"""What an administrator must know first, in one sentence: what is out of reach, what waits, and what needs a person."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from outbox.overview import Group, Overview
from shim.local_time import time_of_day

Level = Literal["act", "held", "well"]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the sentence, with the sign that ends it; `needs_you` when it is what somebody must act on."""

    text: str
    needs_you: bool = False


@dataclass(frozen=True, slots=True)
class Sentence:
    """The sentence, and how the page stresses it.

    Attributes:
        parts: what is said, in order.
        level: `act` when somebody must; `held` when something is in the way and goes by itself; `well`.
        short: the same for the title of a window.
    """

    parts: tuple[Part, ...]
    level: Level
    short: str

    @property
    def text(self) -> str:
        """All of it."""
        return " ".join(part.text for part in self.parts)


def sentence(
    found: Sequence[Overview], stuck: Sequence[Group], oldest: datetime | None, read_only: Mapping[str, datetime]
) -> Sentence:
    """Say how things are.

    Args:
        found: the systems.
        stuck: groups of what is parked or rejected.
        oldest: the oldest report of what goes by itself.
        read_only: systems that are not written to, and since when.
    """
    held, needed = list(_held(found)), [*_read_only(read_only), *_needed(found, stuck)]
    said = [*held, *_waiting(found, oldest)]
    if not needed:
        said.append("nobody needs to act" if said else "nothing waits, and nobody needs to act")
    must_act = sum(overview.must_act + sum(overview.attention.values()) for overview in found)
    short = f"{must_act} need you" if must_act else (*held, *needed, "all is well")[0]
    return Sentence(_parts(said, needed), "act" if needed else "held" if held else "well", short)


def _parts(said: Sequence[str], needed: Sequence[str]) -> tuple[Part, ...]:
    texts = [*said, *needed]
    texts[0] = f"{texts[0][0].upper()}{texts[0][1:]}"
    signs = [";"] * (len(texts) - 1) + ["."]
    return tuple(
        Part(f"{text}{sign}", place >= len(said)) for place, (text, sign) in enumerate(zip(texts, signs, strict=True))
    )


def _held(found: Iterable[Overview]) -> Iterator[str]:
    for overview in found:
        if overview.paused_at is not None:
            yield f"{overview.destination} is paused since {time_of_day(overview.paused_at)}"
        elif overview.open_since is not None:
            yield f"{overview.destination} is out of reach since {time_of_day(overview.open_since)}"


def _read_only(systems: Mapping[str, datetime]) -> Iterator[str]:
    for name, since in systems.items():
        yield f"{name} is read-only since {time_of_day(since)}"


def _waiting(found: Iterable[Overview], oldest: datetime | None) -> Iterator[str]:
    waiting = sum(overview.moving for overview in found)
    if waiting:
        since = "" if oldest is None else f"from {time_of_day(oldest)}"
        yield f"1 report waits, {since}" if waiting == 1 else f"{waiting} reports wait, the oldest {since}"


def _needed(found: Sequence[Overview], stuck: Sequence[Group]) -> Iterator[str]:
    must_act = sum(overview.must_act for overview in found)
    if len(stuck) == 1:
        yield f"1 group of {stuck[0].entries} {stuck[0].state} needs you"
    elif must_act:
        grouped = f"{len(stuck)} groups with " if stuck else ""
        yield f"{grouped}{must_act} parked or rejected {'needs' if must_act == 1 else 'need'} you"
    codes: dict[str, int] = {}
    for overview in found:
        for code, entries in overview.attention.items():
            codes[code] = codes.get(code, 0) + entries
    for code, entries in codes.items():
        yield f"{entries} delivered {'wants' if entries == 1 else 'want'} a look ({code})"
