"""What the command line prints of a hostile state. What `explain` shows of a document on purpose is left out."""

import json
from collections.abc import Iterator
from typing import Final

from typer.testing import CliRunner

from shim.cli.commands import app
from tests.reliability.leak_oracle import Oracle
from tests.reliability.leak_sinks import Findings
from tests.reliability.leak_site import Site, installed

LOOKS: Final = (
    ("outbox", "status", "--json"),
    ("outbox", "list", "--limit", "200"),
    ("outbox", "list", "--attention", "--json"),
    ("outbox", "groups", "--json"),
    ("clients", "list"),
    ("keys", "list"),
    ("audit", "search", "--limit", "1000", "--json"),
    ("audit", "export", "--fhir"),
    ("audit", "verify"),
    ("outbox", "verify"),
)


def look_at_commands(findings: Findings, oracle: Oracle, site: Site, deliveries: list[str], typed: str) -> int:
    """Run commands and look at both of their streams; return how many were run.

    Args:
        findings: where they are counted.
        oracle: knows what was planted.
        site: whose state is looked at; its worker is stopped.
        deliveries: some that are shown one by one.
        typed: a planted text that an administrator types where a reason or a name belongs.
    """
    runner, run = CliRunner(), 0
    with installed(site.desks):
        for arguments in (*LOOKS, *_of(deliveries), *_typed(typed, deliveries)):
            result = runner.invoke(app, ["--config", str(site.configuration), *arguments])
            place = " ".join(arguments[:2])
            findings.look(oracle, "command", place, _without_document(result.output, arguments))
            if result.exception is not None and not isinstance(result.exception, SystemExit):
                raise result.exception
            run += 1
    return run


def _of(deliveries: list[str]) -> Iterator[tuple[str, ...]]:
    for delivery in deliveries[:3]:
        yield "explain", delivery, "--json"


def _without_document(output: str, arguments: tuple[str, ...]) -> str:
    if arguments[0] != "explain" or not output.startswith("{"):
        return output
    told = json.loads(output)
    del told["sources"]  # the document's own text, element by element
    return json.dumps(told, ensure_ascii=False)


def _typed(text: str, deliveries: list[str]) -> Iterator[tuple[str, ...]]:
    """Yield what an administrator should not type, and does."""
    yield "outbox", "show", text
    yield "outbox", "list", "--system", text
    yield "outbox", "pause", "planon", "--reason", text
    yield "outbox", "retry", deliveries[0], "--reason", text
    yield "outbox", "discard", deliveries[0], "--reason", text
    yield "clients", "add", text, "--scope", text
    yield "clients", "revoke", text
    yield "audit", "search", "--client", text, "--on-behalf-of", text
