"""Renders docs/reference.md from the code: `python -m tests.unit.house.reference > docs/reference.md`."""

import sys
from collections.abc import Iterator
from typing import Any

import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from adapters.intramed.options import IntramedOptions
from adapters.planon.options import PlanonOptions
from adapters.planon.verdicts import TABLE
from contracts import errors
from contracts.errors import ContractError, FixRequest, PersonMustAct, RepeatLater
from shim.cli.commands import app
from shim.http.problem_types import TYPE_PREFIX
from shim.settings import AuditSection, Http, Identity, OutboxSection, ReportTime, Settings, SystemSection

GROUPS = {
    FixRequest: "the request must change",
    RepeatLater: "the same request, with the same key, may succeed later",
    PersonMustAct: "an administrator has to look",
}
SECTIONS: dict[str, tuple[type[BaseModel], str]] = {
    "top level": (Settings, ""),
    "[http]": (Http, ""),
    "[outbox]": (OutboxSection, ""),
    "[report_time]": (ReportTime, ""),
    "[identity]": (Identity, ""),
    "[audit]": (AuditSection, ""),
    "[systems.NAME]": (SystemSection, "and the options of its adapter:"),
    '[systems.NAME], adapter = "planon"': (PlanonOptions, ""),
    '[systems.NAME], adapter = "intramed"': (IntramedOptions, ""),
}


def render() -> str:
    """Return the whole page."""
    return "\n".join([*_head(), *_settings(), *_problems(), *_verdicts(), *_commands()]) + "\n"


def _head() -> Iterator[str]:
    yield "# Reference"
    yield ""
    yield "Made from the code by `make docs`; a test compares the two."


def _settings() -> Iterator[str]:
    yield ""
    yield "## Settings"
    yield ""
    yield "Every value can come from the environment instead: `SHIM_`, then the section and the name, joined by two"
    yield "underscores, such as `SHIM_OUTBOX__CAP_S=60` or `SHIM_SYSTEMS__PLANON__PASSWORD=…`."
    for title, (model, more) in SECTIONS.items():
        yield ""
        yield f"### {title}"
        yield ""
        yield "| name | default | what it is |"
        yield "|---|---|---|"
        for name, field in model.model_fields.items():
            if field.description:
                yield f"| `{name}` | {_default(field.get_default(call_default_factory=True))} | {field.description} |"
        if more:
            yield ""
            yield more


def _verdicts() -> Iterator[str]:
    yield ""
    yield "## What a failed exchange with Planon proves"
    yield ""
    yield "The first row that fits decides. Not sent, transient: sent again later. Rejected: somebody must act. Outcome"
    yield "unknown: Planon is asked, by the external reference, before anything is sent again."
    yield ""
    yield "| failure | what is seen | what it proves |"
    yield "|---|---|---|"
    for row in TABLE:
        yield f"| {row.name} | {row.seen} | {row.verdict} |"


def _commands() -> Iterator[str]:
    yield ""
    yield "## Commands"
    yield ""
    yield "Exit codes: 0 when all is well; 1 when something is left, stuck, left out, not found or ambiguous, or"
    yield "somebody must act; 2 when the command was typed wrongly, or the configuration or the state cannot be used."
    yield "`--json` prints for a program. `shim COMMAND --help` tells each option; [bad-night.md](bad-night.md) shows"
    yield "the commands at work."
    yield ""
    yield "| command | what it does |"
    yield "|---|---|"
    yield from _of_group("shim", typer.main.get_command(app))


def _of_group(path: str, command: Any) -> Iterator[str]:
    """Describe a command, or each one of a group."""
    for name, inner in getattr(command, "commands", {}).items():
        yield from _of_group(f"{path} {name}", inner)
    if hasattr(command, "commands"):
        return
    words = [path]
    for param in command.params:
        is_option = param.param_type_name == "option"
        words.append(param.opts[0] if is_option else (param.metavar or param.name.upper()).replace("|", "\\|"))
    yield f"| `{' '.join(words)}` | {' '.join((command.help or '').split())} |"


def _default(value: Any) -> str:
    if value is PydanticUndefined:
        return "required"
    if value is None or "SecretStr" in repr(value) or "/" in str(value).replace("Europe/", ""):
        return ""
    return f"`{value}`"


def _problems() -> Iterator[str]:
    yield ""
    yield "## Problem types"
    yield ""
    yield f"Errors are `application/problem+json`; `type` is `{TYPE_PREFIX}` and the name."
    yield ""
    yield "| status | type | when | what helps |"
    yield "|---|---|---|---|"
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ContractError)]
    for kind in sorted((kind for kind in kinds if hasattr(kind, "slug")), key=lambda kind: (kind.status, kind.slug)):
        when = (kind.__doc__ or "").removeprefix("Raised ").split("\n", maxsplit=1)[0]
        help_ = next(text for group, text in GROUPS.items() if issubclass(kind, group))
        yield f"| {kind.status} | `{kind.slug}` | {when} | {help_} |"
    yield "| 500 | `internal-error` | when the shim has a defect | repeat with the same key |"


if __name__ == "__main__":
    sys.stdout.write(render())
