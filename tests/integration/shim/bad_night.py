"""Renders docs/bad-night.md from a real run: `python -m tests.integration.shim.bad_night > docs/bad-night.md`.

The shim, its commands and Planon's stand-in run as processes; what the shim calls the time is the night's. Deliveries
are numbered, because their ids are drawn; nothing else is changed in what was printed.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from tempfile import TemporaryDirectory

from adapters.planon.mapping import PACKAGED
from contracts.delivery import DeliveryState
from outbox.overview import Group, Overview, groups, overviews
from shim.demo import planon_section, write_configuration
from shim.root import open_deployment_state, utc_now
from shim.settings import load
from simulators.launch import address_of, running_planon, start_shim
from simulators.planon.control import SimulatorControl
from tests.integration.shim.at import set_clock
from tests.integration.shim.site import FAST_PLANON, Site, add_client, until

PAGE = Path(__file__).parents[3] / "docs" / "bad-night.md"
WIDTH = 100
ZONE = "Europe/Amsterdam"
UNKNOWN, PARKED, WAITING = DeliveryState.UNKNOWN, DeliveryState.PARKED, DeliveryState.WAITING
EVENING, MORNING = "2026-11-19", "2026-11-20"
YEARS_S = 100 * 365 * 86_400
"""The report times of the page stay believable."""
PATIENT = {"threads": 1, "first_s": 1e9, "cap_s": 1e9}
"""One attempt is made when told; the next one would be years away."""

REPORTED = tuple(f"{minute}:03" for minute in ("21:58", "22:14", "22:41", "23:05", "23:44", "06:31"))
_BREAK = "\n========\n"
_NEXT = re.compile(r"(next attempt {2})\S+ \S+")
_TOOK = re.compile(r"\d+\.\d\d s\b")
_SECONDS = re.compile(r"(\d\d:\d\d):\d\d(?:\.\d+)?([+-]\d\d:\d\d)")
_TRACE = re.compile(r"^(trace {2,})[0-9a-f]{32}\b", re.MULTILINE)
_DELIVERY = re.compile(r"dl_([0-9a-f]{8})([0-9a-f]{24})?")


class Night:
    """A shim before Planon's stand-in, at whatever time it is."""

    def __init__(self, folder: Path, planon: SimulatorControl, configuration: Path, key: str) -> None:
        self.folder, self.planon, self.configuration, self.key = folder, planon, configuration, key
        self.clock = folder / "clock.json"
        self.screens: list[tuple[str, str]] = []
        self._terminal: Popen[str]

    def at(self, day: str, time: str, *, stands: bool = False) -> None:
        set_clock(self.clock, f"{day}T{time}+01:00", stands=stands)

    @contextmanager
    def serving(self) -> Iterator[Site]:
        """Run the service, which delivers."""
        program = start_shim(self.configuration, program=("tests.integration.shim.at", str(self.clock)))
        with program as service:
            yield Site(self.folder, address_of(service), {"agent": self.key}, self.planon)

    @contextmanager
    def terminal(self) -> Iterator[None]:
        """Sit down before a terminal of 100 columns in the Netherlands."""
        program = [sys.executable, "-m", "tests.integration.shim.at", str(self.clock), "-"]
        told = {**os.environ, "TZ": ZONE, "COLUMNS": str(WIDTH)}
        with Popen(program, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, text=True, env=told) as self._terminal:
            yield
            assert self._terminal.stdin is not None
            self._terminal.stdin.close()

    def run(self, *arguments: str) -> str:
        """Run a command; return what it prints."""
        assert self._terminal.stdin is not None
        assert self._terminal.stdout is not None
        self._terminal.stdin.write(json.dumps(["--config", str(self.configuration), *arguments]) + "\n")
        self._terminal.stdin.flush()
        code, printed = json.loads(self._terminal.stdout.readline())
        assert code in {0, 1}, printed
        return str(printed)

    def type(self, *arguments: str) -> str:
        """Run a command and show it with what it printed."""
        printed = self.run("outbox", *arguments)
        typed = " ".join(f'"{word}"' if " " in word else word for word in ("shim", "outbox", *arguments))
        self.screens.append((typed, printed))
        return printed

    def overview(self) -> Overview:
        with open_deployment_state(load(self.configuration)) as state:
            (found,) = overviews(state.database, utc_now)
        return found

    def failures(self) -> int:
        """How many attempts in a row have reached nobody."""
        with open_deployment_state(load(self.configuration)) as state:
            return sum(row["failures"] for row in state.database.read("SELECT failures FROM destination"))

    def group(self, state: DeliveryState) -> Group:
        with open_deployment_state(load(self.configuration)) as opened:
            (found,) = [group for group in groups(opened.database) if group.state is state]
        return found

    def wait(self, good: Callable[[Overview], bool]) -> None:
        until(self.overview, good)


def report(site: Site, key: str, minute: str, summary: str, tenant: str) -> str:
    body = site.report(tenant, reported_at=f"{minute}:03+01:00", summary=summary)
    answer = site.post("/v1/planon/create_incident", body, idempotency_key=key, Prefer="wait=0")
    assert answer.status_code in {201, 202}, answer.text
    return str(answer.json()["delivery"])


def evening(night: Night) -> None:
    """Planon goes down while it stores a report, so the reply is lost; it is down until the morning."""
    night.at(EVENING, "21:58:04")
    # What it would answer about that report, the stand-in cannot tell either when it is back.
    night.planon.apply(lose_reply=1, unknown_fault={"on": ["find"]})
    with night.serving() as site:
        tenant = site.tenant()
        report(site, "night-1", f"{EVENING}T21:58", "Verwarming blijft koud", tenant)
        night.wait(lambda seen: seen.counts == {UNKNOWN: 1} and night.failures() == 2)
        night.planon.apply(down=True)
        night.at(EVENING, "22:14:04")
        first = report(site, "night-2", f"{EVENING}T22:14", "Kraan in keuken lekt", tenant)
        report(site, "night-3", f"{EVENING}T22:41", "Lift staat stil", tenant)
        report(site, "night-4", f"{EVENING}T23:05", "Voordeur klemt", tenant)
        told = {
            "tenant": tenant,
            "delivery": first,
            "text": "het lekt nu harder",
            "reported_at": f"{EVENING}T23:44:03+01:00",
        }
        noted = site.post("/v1/planon/log_note", told, idempotency_key="night-5", Prefer="wait=0")
        assert noted.status_code == 202, noted.text
        night.wait(lambda seen: seen.open_since is not None)
        night.at(EVENING, "23:49:40")
        night.wait(lambda seen: seen.probe_at is not None and seen.probe_at.strftime("%H:%M") == "22:50")  # UTC
    night.at(EVENING, "23:50:50", stands=True)
    with night.terminal():
        night.type("status")
        night.type("list")
        night.type("groups")


def morning(night: Night, mapping: Path) -> None:
    """The mapping is mended and accepted, the service started anew; Planon answers and takes a report."""
    mapping.write_text(PACKAGED.read_text("utf-8"), "utf-8")
    soon = night.configuration.read_text("utf-8").replace("probe_s = 30", "probe_s = 0.2")
    night.configuration.write_text(soon, "utf-8")
    night.planon.apply(down=False)
    night.at(MORNING, "06:31:04")
    with night.terminal():
        night.run("systems", "accept", "planon", "--reason", "WhatsApp was mapped to WEBCHAT")
    with night.serving() as site:
        report(site, "night-6", f"{MORNING}T06:31", "Geen warm water", site.tenant())
        night.wait(lambda seen: seen.counts == {PARKED: 3, WAITING: 1, UNKNOWN: 1} and seen.open_since is None)
    night.at(MORNING, "07:30:04", stands=True)
    with night.terminal():
        night.type("status")
        night.type("groups")
        parked, unknown = (night.group(state) for state in (PARKED, UNKNOWN))
        why = ("--reason", "WhatsApp was mapped to WEBCHAT")
        night.type("supersede", "--group", parked.code, *why, "--dry-run")
        night.type("supersede", "--group", parked.code, *why)
        night.type("show", unknown.example[:11])
        (number,) = [row["incident_number"] for row in night.planon.incidents() if "koud" in row["description"]]
        found = ("--backend-id", number, "--reason", "looked it up in Planon by its reference")
        night.type("resolve", unknown.example[:11], *found)
        night.planon.apply(unknown_fault=False)
        night.at(MORNING, "07:34:04")
        night.type("drain")
        night.at(MORNING, "07:36:04", stands=True)
        night.type("status")


def settled(text: str) -> str:
    """Return the text as every run prints it.

    Deliveries are numbered; seconds of the clock are left out but for report times; what took time took 0.01 s; the
    next attempt, which is drawn, is made at eight; lines end without blanks.
    """
    numbers: dict[str, str] = {}
    for begins, _ in _DELIVERY.findall(text):
        numbers.setdefault(begins, f"{len(numbers) + 1:x}")
    text = _TRACE.sub(rf"\g<1>{'4bf92f3577b34da6' * 2}", text)
    text = _DELIVERY.sub(lambda found: f"dl_{numbers[found[1]] * (32 if found[2] else 8)}", text)
    text = _NEXT.sub(rf"\g<1>{MORNING} 08:00:00+01:00", text)
    text = _TOOK.sub("0.01 s", text)
    text = _SECONDS.sub(lambda found: found[0] if found[0].startswith(REPORTED) else f"{found[1]}:00{found[2]}", text)
    return "\n".join(line.rstrip() for line in text.splitlines())


def play() -> dict[str, list[str]]:
    """Return what was typed and printed, each screen with its command, by the time of the day."""
    with TemporaryDirectory(prefix="legacy-shim-night-") as name:
        folder = Path(name)
        with running_planon(folder) as (planon, address):
            mapping = folder / "mapping.toml"
            mistaken = PACKAGED.read_text("utf-8").replace('whatsapp = "WHATSAPP"', 'whatsapp = "WEBCHAT"')
            mapping.write_text(mistaken, "utf-8")
            systems = {"planon": planon_section(address, mapping=str(mapping), **FAST_PLANON)}
            believed = {"max_age_s": YEARS_S, "max_ahead_s": YEARS_S}
            configuration = write_configuration(
                folder, systems, outbox={**PATIENT, "probe_s": 30}, report_time=believed
            )
            night = Night(folder, planon, configuration, add_client(configuration, "agent", "planon:*"))
            evening(night)
            screens = len(night.screens)
            morning(night, mapping)
            _check(planon)
    whole = settled(_BREAK.join(f"$ {typed}\n{printed.strip(chr(10))}" for typed, printed in night.screens)).split(
        _BREAK
    )
    return {"23:50": whole[:screens], "07:30": whole[screens:]}


def _check(planon: SimulatorControl) -> None:
    """The page says so, and Planon's ledger says it too."""
    incidents = {row["description"].partition("\n")[0]: row for row in planon.incidents()}
    assert len(incidents) == len(planon.incidents()) == len({row["external_ref"] for row in incidents.values()}) == 5
    leak = incidents["Kraan in keuken lekt"]
    assert leak["reported_at"] == f"{EVENING}T22:14:03+01:00"
    assert [row["fields"]["BO_CHANNEL"] for row in incidents.values()].count("WHATSAPP") == 4
    (note,) = planon.notes()
    assert note["incident_number"] == leak["incident_number"]
    assert note["reported_at"] == f"{EVENING}T23:44:03+01:00"


def render() -> str:
    """Return the whole page."""
    played = play()
    at_night, at_day = ([f"```console\n{_shortened(screen)}\n```" for screen in played[time]] for time in played)
    status, listed, grouped = at_night
    back, causes, tried, superseded, shown, resolved, drained, clean = at_day
    return f"""\
# A bad night

Planon went down at 22:00. This is what an administrator types at 23:50 and at 07:30, and what it prints in a terminal
of 100 columns. It is rendered from a real run by `make docs`, with the shim, its commands and Planon's stand-in as
processes and the night's clock; a test compares the two. So that every run prints the same, deliveries are numbered
here, seconds are left out but for report times, what took time took 0.01 s, and an attempt whose time is drawn is made
at eight.

## 23:50

{status}

Reports are accepted, composed and stored, and their report times stay. One attempt in 30 s finds out when Planon is
back; it uses up nobody's attempts. `unknown` is a report that was being sent when Planon went down: it may be there.

{listed}

The note waits behind its incident. And what fails, by cause, with what to type if anything is to be done:

{grouped}

## 07:30

Planon is back, and the first report of the morning is delivered. Before that a colleague had found that the site's
mapping called WhatsApp web chat, mended it, accepted it (`shim systems accept planon`: until then nothing is written
with it), and started the service anew. What waited had been validated with the old mapping, so it was parked before it
was sent.

{back}

{causes}

Composed anew from what the client asked: the same reference, report time and turn. First what would change; the first
delivery is shown whole. The note comes with its incident: it was validated with the old mapping too.

{tried}

{superseded}

Planon's look-ups cannot tell whether it has the report of 21:58. Somebody looks its reference up in Planon itself.
(Where each element came from is left out here; [explain.md](explain.md) shows it.)

{shown}

{resolved}

What was composed anew goes by itself; `drain` is for who does not want to wait. The look-ups answer again, and the note
is filed under the incident that the new delivery brought.

{drained}

{clean}

## Other mornings

| what you see | what to type after `shim outbox` |
|---|---|
| the cause is mended, such as a right in Planon | `retry --group CODE --reason … --dry-run`, then without `--dry-run` |
| it was entered by hand meanwhile | `resolve ID --backend-id … --reason …` |
| it is to be given up; what waits behind it goes on | `discard ID --reason …` |
| unknown, and you have looked: it is not there | `retry ID --not-there --reason …` |
| unknown, and you give it up although it may be there | `discard ID --may-exist --reason …` |
| Planon is to be left alone for an hour | `pause planon --reason …`, then `resume planon --reason …` |
| a backlog is to go faster, or slower | `drain --until-empty --limit 8`, or `--rate 2` |
| delivered, and its SLA clock does not run | `list --attention`, then `check ID` or `seen ID --reason …` |

Every command takes `--json`. Exit codes: 0 when all is well; 1 when something is left, stuck, left out, not found or
ambiguous, or somebody must act; 2 when the command was typed wrongly, or the configuration or state cannot be used. Who
did what, when and why stays with the delivery: `shim outbox show ID`.
"""


def _shortened(screen: str) -> str:
    """Return a screen without the table of elements, and without the blank line above a table."""
    typed, _, printed = screen.partition("\nelement  ")[0].rstrip().partition("\n")
    return f"{typed}\n{printed.lstrip(chr(10))}"


if __name__ == "__main__":
    sys.stdout.write(render())
