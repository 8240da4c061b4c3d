"""The leak hunt: planted texts through every contract and every error, and then a look at whatever came out."""

import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from contracts.catalogue import Effect
from tests.reliability.identifiers import Planted, planted
from tests.reliability.leak_commands import look_at_commands
from tests.reliability.leak_oracle import Oracle
from tests.reliability.leak_requests import Ask, Requests
from tests.reliability.leak_sinks import Findings, Process, look_at_file, look_at_state, overheard
from tests.reliability.leak_site import Answered, Site, running_site
from tests.reliability.leak_texts import Supply

BATCH: Final = 2_000
"""Texts of one state file: few enough that a value is found in it by chance less than once in all batches."""
AT_A_TIME: Final = 6
_DRAINED_S: Final = 60.0


@dataclass
class Hunt:
    """What has been done and found."""

    findings: Findings = field(default_factory=Findings)
    texts: int = 0
    requests: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    log_lines: int = 0
    alerts: int = 0
    commands: int = 0
    seconds: float = 0.0

    def as_json(self) -> dict[str, object]:
        """Return the figures of the hunt."""
        return {
            "texts": self.texts,
            "requests": self.requests,
            "seconds": round(self.seconds, 1),
            "log_lines": self.log_lines,
            "alerts": self.alerts,
            "commands": self.commands,
            "statuses": dict(sorted(self.statuses.items())),
            "answered": dict(sorted(self.answered.items())),
            "outcomes": dict(self.outcomes.most_common()),
            "states": dict(self.states.most_common()),
            "leaks": dict(self.findings.by_sink),
            "places": dict(self.findings.by_place.most_common()),
        }


def hunt(texts: int, seed: int, folder: Path, told: Callable[[str], None] = lambda _: None) -> Hunt:
    """Hunt with this many texts, in batches with a state each."""
    hunted, began = Hunt(), time.monotonic()
    for number, batch in enumerate(batches(planted(texts, seed), BATCH)):
        with tempfile.TemporaryDirectory(dir=folder) as name:
            one_batch(hunted, batch, seed + number, Path(name))
        hunted.seconds = time.monotonic() - began
        told(f"{hunted.texts} texts, {hunted.seconds:.0f} s, leaks: {dict(hunted.findings.by_sink)}")
    return hunted


def batches(texts: Iterable[Planted], size: int) -> Iterator[list[Planted]]:
    """Yield them in lists of a size."""
    waiting = iter(texts)
    while batch := list(islice(waiting, size)):
        yield batch


def one_batch(hunted: Hunt, batch: list[Planted], seed: int, folder: Path) -> None:
    """Run one batch through a shim of its own and look at all that came out."""
    oracle, supply, findings = Oracle(batch), Supply(batch), hunted.findings
    with overheard() as heard:
        with running_site(folder, seed) as site:
            site.supply(supply)
            requests = Requests(supply, site.mint, seed)
            asyncio.run(_ask_all(hunted, oracle, site, requests))
            drain(site)
            metrics = asyncio.run(site.call(Ask("GET", "/metrics")))
            findings.look(oracle, "metrics", "/metrics", metrics.body)
            look_at_file(findings, oracle, site.state)  # with what is not in the main file yet
            look_at_state(findings, oracle, site.state)
            for told in site.told:
                findings.look(oracle, "webhook", "alert", told)
            _count(hunted, site)
        if hunted.commands == 0:
            hunted.commands = look_at_commands(findings, oracle, site, requests.deliveries, supply.take().text)
        look_at_state(findings, oracle, site.state)
        look_at_file(findings, oracle, site.state)
    look_at_process(hunted, oracle, heard)
    hunted.texts += supply.used
    hunted.alerts += len(site.told)


def look_at_process(hunted: Hunt, oracle: Oracle, heard: Process) -> None:
    """Look at log, streams and warnings."""
    log = heard.log.getvalue()
    hunted.log_lines += log.count("\n")
    for record in log.split("\n\n"):
        hunted.findings.look(oracle, "log", "rendered", record)
    hunted.findings.look(oracle, "stream", "stdout and stderr", heard.stream.getvalue())


async def _ask_all(hunted: Hunt, oracle: Oracle, site: Site, requests: Requests) -> None:
    """Send requests, a few at a time, until every text is used; look at each reply."""
    waiting = iter(requests)

    async def one_after_the_other() -> None:
        for ask in waiting:
            answer = await site.call(ask)
            if answer.delivery is not None and ask.client == "agent":
                requests.deliveries.append(answer.delivery)
            _look_at_reply(hunted, oracle, ask, answer)

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_A_TIME)))
    for delivery in requests.deliveries:
        ask = Ask("GET", f"/v1/deliveries/{delivery}")
        _look_at_reply(hunted, oracle, ask, await site.call(ask))


def _look_at_reply(hunted: Hunt, oracle: Oracle, ask: Ask, answer: Answered) -> None:
    hunted.requests += 1
    hunted.statuses[f"{answer.status} {_slug(answer)}".strip()] += 1
    if ask.contract is not None:
        hunted.answered[f"{ask.contract.operation} {answer.status // 100}xx"] += 1
    outbound = ask.contract is not None and ask.contract.effect is Effect.LOCAL
    place = ask.contract.operation if ask.contract else f"{ask.method} {ask.path[:24]}"
    hunted.findings.look(oracle, "reply", f"{place} {answer.status}", answer.body, may_name=outbound)
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers)
    hunted.findings.look(oracle, "header", f"{place} {answer.status}", headers)


def _slug(answer: Answered) -> str:
    try:
        kind = json.loads(answer.body)["type"]
    except (ValueError, TypeError, KeyError):
        return ""
    return str(kind).rpartition(":")[2]


def drain(site: Site) -> None:
    """Wait until nothing is due any more; hostile backends are never done with a few of them."""
    until = time.monotonic() + _DRAINED_S
    waiting = "SELECT count(*) FROM entry WHERE state IN ('ready', 'waiting', 'in_flight', 'unknown')"
    seen, still = -1, 0
    while time.monotonic() < until and still < 10:
        ((left,),) = site.shim.state.database.read(waiting)
        if left == 0:
            break
        still = still + 1 if left == seen else 0
        seen = left
        time.sleep(0.05)


def _count(hunted: Hunt, site: Site) -> None:
    rows = site.shim.state.database.read("SELECT outcome, count(*) AS n FROM attempt_outcome GROUP BY outcome")
    hunted.outcomes.update({row["outcome"]: row["n"] for row in rows})
    rows = site.shim.state.database.read("SELECT state, count(*) AS n FROM entry GROUP BY state")
    hunted.states.update({row["state"]: row["n"] for row in rows})


def main() -> None:
    """Hunt with as many texts as the first argument says; the last line is JSON."""
    texts = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)  # noqa: S311
    with tempfile.TemporaryDirectory() as name:
        hunted = hunt(texts, seed, Path(name), lambda line: print(line, flush=True))  # noqa: T201
    for place, quoted in hunted.findings.surroundings.items():
        print(place, *quoted, sep="\n    ")  # noqa: T201
    print(json.dumps({"seed": seed, **hunted.as_json()}))  # noqa: T201 - the last line


if __name__ == "__main__":
    main()
