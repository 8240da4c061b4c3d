"""What the facility desk costs beside what it replaces: composing, the dry run, and a whole report over HTTP.

The dry run is compared with xmlschema doing the same alone; the whole report with bare code that makes the same calls
to the same stand-in, which takes 20 ms for each. Everything that is compared alternates, to meet the same machine.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import xmlschema

from benchmarks.bare import BareCode
from benchmarks.composed import Composing
from benchmarks.incidents import Reporter, reporting
from benchmarks.measure import Figure, Report, Sample, timed
from simulators.planon.control import SimulatorControl
from simulators.planon.faults import OPERATIONS

LATENCY_S: Final = 0.02
_US: Final = 1e6
_MS: Final = 1e3
_IN_A_ROW: Final = 10
_CALLS: Final = {
    "incident": "the delivery itself: the frozen document, posted to AppSuite",
    "find": "the answer is a number and `read` wants a syscode: the only way from one to the other",
    "read": "Planon skips an SLA without a word: the clock is only believed when it was read",
    "login": "none: one session is shared, and was had before",
    "logout": "none before the shutdown",
    "note": "none: the text fits the incident",
}
"""Why each call is made, or not."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many rounds: of what takes microseconds, ten times each, and of whole reports."""

    parts: int
    whole: int


QUICK: Final = Plan(parts=50, whole=40)
FULL: Final = Plan(parts=500, whole=400)


def run(*, quick: bool) -> Report:
    """Measure everything; about 15 s when quick."""
    return measure(QUICK if quick else FULL)


def measure(plan: Plan) -> Report:
    """Measure as many rounds as planned."""
    composing = Composing()
    with (
        TemporaryDirectory(prefix="legacy-shim-bench-") as name,
        reporting(Path(name)) as (reporter, planon, address),
        closing(BareCode(address)) as bare,
    ):
        parts = _parts(plan, composing, bare)
        whole, calls = _whole(plan, composing, reporter, bare, planon)
    medians: dict[str, Figure] = {sample.name: round(sample.median, 2) for sample in [*parts, *whole]}
    ratios: dict[str, Figure] = {
        "dry_run_ratio": round(parts[1].median / parts[2].median, 3),
        "end_to_end_ratio": round(whole[0].median / whole[1].median, 3),
        "backend_calls": int(sum(call.median for call in calls)),
    }
    return Report([*parts, *whole, *calls], medians | ratios)


def _parts(plan: Plan, composing: Composing, bare: BareCode) -> list[Sample]:
    document = composing.document()
    if composing.dry_run(document):
        raise RuntimeError("the benchmark's own document is refused")
    alone = [xmlschema.XMLSchema(str(step)) for step in composing.steps]

    def by_xmlschema_alone() -> None:
        parsed = xmlschema.XMLResource(document, defuse="always", allow="none")
        for schema in alone:
            schema.validate(parsed)

    note = {
        "INCIDENT_NUMBER": "INC-000001",
        "TENANT_ID": "TNT-10001",
        "REPORTED_AT": "2026-11-19T22:14:03+01:00",
        "TEXT": "kraan in keuken lekt, water staat al op de vloer " * 4,
        "EXTERNAL_REF": "BENCH",
        "LOG_TYPE": "TENANT_MESSAGE",
    }
    calls: list[tuple[str, str, Callable[[], object]]] = [
        ("compose_us", "request and rows to bytes, with provenance", composing.document),
        ("dry_run_us", "strict parse, vendor's schema, profile of the mandant", lambda: composing.dry_run(document)),
        ("xmlschema_us", "the same by xmlschema alone", by_xmlschema_alone),
        ("create_message_us", "zeep's create_message, for a note of the same text", lambda: bare.note_message(note)),
    ]
    rounds = [[_each(call) for _, _, call in calls] for _ in range(plan.parts)]
    return [Sample(name, what, took) for (name, what, _), took in zip(calls, zip(*rounds, strict=True), strict=True)]


def _each(call: Callable[[], object]) -> float:
    """Return microseconds of one call of ten in a row, for which the caches are warm."""

    def ten_times() -> None:
        for _ in range(_IN_A_ROW):
            call()

    return timed(ten_times, _US) / _IN_A_ROW


def _whole(
    plan: Plan, composing: Composing, reporter: Reporter, bare: BareCode, planon: SimulatorControl
) -> tuple[list[Sample], list[Sample]]:
    document = composing.document()

    def bare_report() -> None:
        if bare.create_incident(document).slaDue is None:
            raise RuntimeError("the benchmark's own incident has no clock")

    for warming_up in (reporter.create_incident, bare_report):
        warming_up()
    # What strikes every request also counts it.
    planon.apply(slow={"after_s": LATENCY_S, "on": OPERATIONS})
    calls = _counted(planon, reporter.create_incident)
    ours, theirs = [], []
    for _ in range(plan.whole):
        ours.append(timed(reporter.create_incident, _MS))
        theirs.append(timed(bare_report, _MS))
    whole = [
        Sample("end_to_end_ms", "create_incident over HTTP: delivered, clock seen to run", tuple(ours)),
        Sample("bare_ms", "the same calls by requests and zeep, connections kept", tuple(theirs)),
    ]
    return whole, calls


def _counted(planon: SimulatorControl, report: Callable[[], None]) -> list[Sample]:
    before = _struck(planon)
    report()
    after = _struck(planon)
    return [Sample(f"{name}_calls", _CALLS[name], (after[name] - before[name],)) for name in OPERATIONS]


def _struck(planon: SimulatorControl) -> Mapping[str, int]:
    struck: dict[str, int] = planon.tally()["struck"].get("slow", {})
    return dict.fromkeys(OPERATIONS, 0) | struck
