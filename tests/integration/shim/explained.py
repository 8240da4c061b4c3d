"""Renders docs/explain.md from real runs: `python -m tests.integration.shim.explained > docs/explain.md`.

The shim and Planon's stand-in run as processes; the report times and keys are fixed, so documents, hashes and
references are the same each time. What cannot be is shown by one rule, `settled`.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests

from outbox.entry import Entry
from outbox.stored import StoredEntries
from shim.demo import planon_section, write_configuration
from shim.explanation import named
from shim.root import open_deployment_state
from shim.settings import load
from simulators.launch import PlanonAddress, address_of, running_planon, start_shim
from simulators.planon.simulator import DEFAULT_ACCOUNT
from tests.integration.shim.site import FAST_PLANON, Site, add_client

PAGE = Path(__file__).parents[3] / "docs" / "explain.md"
WIDTH = 100
ZONE = "Europe/Amsterdam"
REPORTED_AT = "2026-11-19T22:14:03+01:00"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
YEARS_S = 100 * 365 * 86_400
"""The report times of the page stay believable."""

_DELIVERY = re.compile(r"dl_[0-9a-f]{32}")
_NUMBER = re.compile(r"INC-\d+")
_TIME = re.compile(r"\d{4}-\d\d-\d\d([ T])\d\d:\d\d:\d\d(?:\.\d+)?([+-]\d\d:\d\d)")
_TOOK = re.compile(r"\d+\.\d\d(\s+s\b)")
_NOT_YET = re.compile(r"\S+ \S+ +check +pending ")
_BREAK = "\n========\n"
_FIXED = frozenset({"2026-11-19 22:14:03+01:00", "2026-11-19T22:14:03+01:00"})


def settled(text: str) -> str:
    """Return the text as every run prints it.

    Deliveries are numbered; one time stands for all that are not fixed; how often the clock was looked at before it ran
    depends on the machine, so those looks are left out; what took time took 0.01 s; lines end without blanks.
    """
    ids = {delivery: str(number) * 32 for number, delivery in enumerate(dict.fromkeys(_DELIVERY.findall(text)), 1)}
    text = _DELIVERY.sub(lambda match: f"dl_{ids[match[0]]}", text)
    text = "\n".join(line.rstrip() for line in text.splitlines() if not _NOT_YET.match(line))
    text = _TOOK.sub(r"0.01\1", text)
    return _TIME.sub(lambda m: m[0] if m[0] in _FIXED else f"2026-11-19{m[1]}22:15:00+01:00", text)


class Stage:
    """A shim whose worker only works when told, before Planon's stand-in."""

    def __init__(self, folder: Path, address: PlanonAddress, site: Site) -> None:
        self.folder, self.address, self.site = folder, address, site

    def report(self, key: str, **changes: Any) -> str:
        """Report a leaking tap; return the delivery."""
        body = self.site.report(self.site.tenant(), reported_at=REPORTED_AT, **changes)
        answer = self.site.post(
            "/v1/planon/create_incident", body, idempotency_key=key, Prefer="wait=0", traceparent=TRACE
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["delivery"])

    def drain(self) -> None:
        shim(self.folder, "outbox", "drain", "--wait", "60", "--json")

    def post_frozen(self, delivery: str) -> None:
        """Send the very same document once more, as somebody else might."""
        with open_deployment_state(load(self.folder / "shim.toml")) as state:
            body = state.outbox.payload(_entry(state.outbox, delivery)).body
        account = (DEFAULT_ACCOUNT.user, DEFAULT_ACCOUNT.password)
        headers = {"Content-Type": "application/xml; charset=utf-8"}
        url = f"{self.address.url}/appsuite/incident"
        requests.post(url, body, auth=account, headers=headers, timeout=60).raise_for_status()


def _entry(entries: StoredEntries, delivery: str) -> Entry:
    (entry,) = named(entries, delivery, None)
    return entry


def shim(folder: Path, *arguments: str) -> str:
    """Run the command in a terminal of 100 columns in the Netherlands; return what it prints."""
    environment = {**os.environ, "TZ": ZONE, "COLUMNS": str(WIDTH)}
    program = [sys.executable, "-m", "shim", "--config", str(folder / "shim.toml"), *arguments]
    run = subprocess.run(program, capture_output=True, text=True, check=False, timeout=120, env=environment)
    assert not run.stderr or arguments[0] != "explain", run.stderr
    return run.stdout


def delivered(stage: Stage) -> str:
    """The reply is lost after Planon's commit, so it is found by its reference; the clock runs five seconds later."""
    stage.site.control.apply(lose_reply=1, sla_late={"times": 1, "after_s": 5})
    delivery = stage.report("explain-delivered")
    stage.drain()
    while True:
        told = json.loads(shim(stage.folder, "explain", delivery, "--json"))
        if told["check_at"] is None:
            return str(told["backend_id"])
        shim(stage.folder, "outbox", "check", delivery)


def queued(stage: Stage) -> str:
    """Planon refuses connections."""
    stage.site.control.apply(down=True)
    delivery = stage.report("explain-queued", severity="normal", summary="Deurbel doet het niet")
    stage.drain()
    stage.site.control.apply(down=False)
    return delivery


def parked(stage: Stage) -> str:
    """Somebody else has filed an incident under the same reference, and our own reply is lost."""
    delivery = stage.report("explain-parked", severity="low", summary="Kozijn klemt")
    stage.post_frozen(delivery)
    stage.site.control.apply(lose_reply=1)
    stage.drain()
    return delivery


def render() -> str:
    """Return the whole page."""
    with TemporaryDirectory(prefix="legacy-shim-explained-") as name:
        folder = Path(name)
        with running_planon(folder) as (planon, address):
            systems = {"planon": planon_section(address, **FAST_PLANON)}
            believed = {"max_age_s": YEARS_S, "max_ahead_s": YEARS_S}
            # One attempt is made when told; the next one would be hours away.
            slow = {"first_s": 86_400, "cap_s": 86_400}
            configuration = write_configuration(folder, systems, outbox=slow, report_time=believed)
            key = add_client(configuration, "agent", "planon:*")
            with start_shim(configuration, "--no-worker") as service:
                stage = Stage(folder, address, Site(folder, address_of(service), {"agent": key}, planon))
                deliveries = [make(stage) for make in (delivered, parked, queued)]
        # By now neither Planon nor the service runs.
        screens = settled(_BREAK.join(shim(folder, "explain", delivery) for delivery in deliveries)).split(_BREAK)
        members = json.loads(shim(folder, "explain", deliveries[0], "--json"))
    return _page(screens, members)


MEMBERS = {
    "delivery": "id of the delivery",
    "system": "its system's name, as it was configured",
    "contract": "the contract that was called",
    "kind": "what the document is, such as `incident` or `note`",
    "client": "who called",
    "trace": "trace id of the request, which is in its log lines and spans, too; null if an earlier release took it",
    "reference": "the external reference under which the backend knows it",
    "state": "as in [outbox.md](outbox.md)",
    "attention": "why somebody should look at the delivered record; null when nobody needs to",
    "reason": "why it was rejected or parked, or what the last attempt met",
    "reported_at": "the time of the message, with its own offset",
    "accepted_at": "when the shim made it durable",
    "ended_at": "when it was delivered, rejected, parked or discarded",
    "next_attempt_at": "when it is tried again; null if it is not",
    "check_at": "when the delivered record is looked at again; null if it is not",
    "sends": "times it was sent",
    "backend_id": "the record's number in the backend",
    "sla": "`state`, `started_at` and `due_at` in the backend's own words, newest; null without any",
    "payload": "`sha256` of the bytes that were validated, `bytes` stored, `intact` whether they match, `damage`, "
    "and `pruned_at` when they were let go; what is lost is null",
    "attempts": "list of `step`, `action` (send, find), `started_at`, `outcome`, `evidence`, `ended_at`",
    "verifications": "list of `n`, `started_at`, `ended_at`, `outcome`, `evidence`; the outcome is `ok`, `pending`, "
    "`failed`, `seen` or the attention code",
    "follows": "the delivery whose number fills the document's slot",
    "continues": "the delivery whose document could not hold this part",
    "supersedes": "the delivery in whose place it was composed anew",
    "superseded_by": "the delivery that was composed anew in its place",
    "behind": "the delivery that must leave first, while this one waits",
    "follow_ons": "the deliveries of what the document could not hold, each with `delivery`, `contract`, `reference`, "
    "`state`, `attention`, `reason`, `backend_id`",
    "actions": "what administrators did: list of `at`, `actor`, `action`, `detail`, `reason`",
    "sources": "list of `element`, `value`, `rule`, `origin`; a value with a person's words is null",
}


def _page(screens: list[str], members: dict[str, Any]) -> str:
    delivered_one, parked_one, queued_one = screens
    if set(members) != set(MEMBERS):
        raise ValueError(f"described and printed differ: {set(members) ^ set(MEMBERS)}")
    rows = "\n".join(f"| `{name}` | {MEMBERS[name]} |" for name in members)
    return f"""\
# Why a record says what it says

`shim explain DELIVERY` or `shim explain INCIDENT` shows one delivery on one screen: where each element of the
document came from, everything that was done, what the backend itself says of the SLA clock, and whether the stored
bytes are still those that were validated. It reads the shim's state and its key, and nothing else: it works while the
backend is down, and a year later when the system is not even configured any more. No word of a tenant is in it.
`shim outbox show` is the same command, for whoever works through the outbox.

Made from real runs by `make docs`; a test compares the two. So that every run prints the same, deliveries are numbered
here, every time but the report time is shown as 22:15:00, what took time took 0.01 s, and looks that came before the
clock ran are left out.

## Delivered

Planon stored the incident and its reply was lost. The shim asked by the external reference and found it. The SLA clock
did not run yet, so the incident was looked at again until it did.

```console
$ shim explain {_NUMBER.findall(delivered_one)[0]}
{delivered_one.rstrip()}
```

## Parked

Somebody else filed an incident under the same reference. Which of the two counts is a person's decision.

```console
$ shim explain {_first_id(parked_one)}
{parked_one.rstrip()}
```

## Queued

Planon refuses connections. The document is composed, validated and stored; it is sent as it is when Planon is back.

```console
$ shim explain {_first_id(queued_one)}
{queued_one.rstrip()}
```

## For programs

`--json` prints one object. Times are RFC 3339 with an offset.

| member | what it is |
|---|---|
{rows}

## Exit codes

0 when one delivery was shown; 1 with one line when none or more than one is meant (`--system` narrows); 2 when the
configuration or the state cannot be used.
"""


def _first_id(screen: str) -> str:
    return str(_DELIVERY.findall(screen)[0])[:11]


if __name__ == "__main__":
    sys.stdout.write(render())
