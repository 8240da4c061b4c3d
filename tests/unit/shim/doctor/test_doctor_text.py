"""What somebody reads in a terminal, and what a program gets."""

import io

from rich.console import Console

from contracts.examination import Diagnosis, Level, Step
from shim.doctor.report import Report, Section
from shim.doctor.text import show

WRONG = Diagnosis("wrong", Level.BROKEN, "the port is closed", "Nothing can be sent.", "Open it. " * 20 + "Then look.")
ODD = Diagnosis("odd", Level.WARNING, "the certificate expires soon", "Clients will refuse it.", "Renew it.")
REPORT = Report(
    (
        Section("state", (Step("place", told="[red]/var/lib/shim[/red]"), Step("SQLite", (ODD.found("in 3 days"),)))),
        Section("systems.planon", (Step("port", (WRONG.found("host 9"),)), Step("log-in", skipped="no way to it"))),
    ),
    1.25,
)


def shown(width: int, *, terminal: bool = False, report: Report = REPORT) -> str:
    """Print a report to a console of this width."""
    stream = io.StringIO()
    show(
        report, Console(file=stream, width=width, force_terminal=terminal, color_system=None if not terminal else "256")
    )
    return stream.getvalue()


def test_each_finding_says_what_why_and_what_to_do() -> None:
    """After a summary, under its step, with its facts and its code; brackets are no markup."""
    lines = [line.rstrip() for line in shown(80).splitlines()]
    assert lines[0] == "1 broken, 1 to look at: 3 steps in 1.2 s."
    assert "  ✓ place: [red]/var/lib/shim[/red]" in lines
    at = lines.index("  ! SQLite")
    assert lines[at + 1 : at + 5] == [
        "    The certificate expires soon [odd]",
        "    in 3 days",
        "    Why: Clients will refuse it.",
        "    Do: Renew it.",
    ]
    assert lines[-1] == "  · log-in: left out: no way to it"


def test_it_can_be_read_at_80_columns_and_without_colour() -> None:
    """Folded between words and not cut; escapes only where there is a terminal."""
    text = shown(80)
    assert max(map(len, text.splitlines())) <= 80
    assert " ".join(text.split()).count("Open it.") == 20
    assert "Then look." in text
    assert "\x1b" not in text
    assert "\x1b" in shown(80, terminal=True)


def test_a_healthy_deployment_is_told_in_a_line() -> None:
    """And its steps after it."""
    report = Report((Section("disk", (Step("state", told="900 MB left"),)),), 0.5)
    assert shown(80, report=report).splitlines()[0] == "All is well: 1 step in 0.5 s."


def test_a_program_gets_codes_and_texts() -> None:
    """Steps in order, findings with everything that people read."""
    told = REPORT.as_json()
    assert (told["broken"], told["warnings"], told["seconds"]) == (1, 1, 1.25)
    assert told["sections"][1]["steps"][1] == {"name": "log-in", "skipped": "no way to it", "findings": []}
    (finding,) = told["sections"][1]["steps"][0]["findings"]
    assert finding == {
        "code": "wrong",
        "level": "broken",
        "what": WRONG.what,
        "detail": "host 9",
        "why": WRONG.why,
        "remedy": WRONG.remedy,
    }


def test_what_a_backend_says_is_masked() -> None:
    """In facts and in what is told beside a step."""
    guarded = REPORT.guarded(lambda text: text.replace("host", "…").replace("/var", "…"))
    assert "host 9" not in str(guarded)
    assert "/var" not in str(guarded)
