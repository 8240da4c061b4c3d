"""`shim outbox`: what waits, why, and what somebody must do."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Column, Table
from rich.text import Text

from contracts.delivery import DeliveryState
from outbox.overview import Group, Overview, groups, overviews
from outbox.selection import FAILING, LEFT, OPEN, STUCK
from shim import root
from shim.cli import carry, drain, explain, hand, supersede
from shim.cli.deployment import cells, console, fail, one_line_errors, print_json, settings
from shim.cli.entries import (
    ACT,
    NARROW,
    SHORT_ID,
    GroupOf,
    Json,
    Key,
    OlderThan,
    State,
    System,
    known,
    public,
    selection,
    table,
)
from shim.drift.comparing import Descriptions, Seen
from shim.exposures import Exposed, exposed
from shim.handling import is_mismatch
from shim.local_time import age, duration, time_of_day
from shim.root import open_deployment_state
from shim.settings import ConfigurationError, Settings

app = typer.Typer(name="outbox", help="What is on its way to a legacy system, and what is stuck.", no_args_is_help=True)

_NONE: Final = "·"
_SHOWN_STATES: Final = (DeliveryState.READY, DeliveryState.WAITING, DeliveryState.IN_FLIGHT, DeliveryState.UNKNOWN)


@app.command()
def status(ctx: typer.Context, *, as_json: Json = False) -> None:
    """Show what waits per system, what keeps it, and what to type next. Exit code 1 when somebody must act."""
    with one_line_errors():
        configured = settings(ctx)
        with open_deployment_state(configured) as state:
            found = overviews(state.database, root.utc_now, configured.systems)
            differing = Descriptions(state.database).seen()
    risks, unknown = _risks(configured)
    if as_json:
        told = {
            "systems": [_told(overview, differing) for overview in found],
            "accepted_risks": [_risk(risk) for risk in risks],
        }
        print_json(told)
    else:
        _show_status(found, root.utc_now())
        _show_read_only(differing)
        _show_risks(risks, unknown)
    if differing or any(overview.must_act or overview.attention for overview in found):
        raise typer.Exit(1)


def _risks(configured: Settings) -> tuple[list[Exposed], str | None]:
    """Return what is open, and what is wrong with a system's options: what waits is shown all the same."""
    try:
        return exposed(configured), None
    except ConfigurationError as error:
        return exposed(configured, ("state", "http", "outbox")), str(error)


def _risk(risk: Exposed) -> dict[str, Any]:
    return {"section": risk.section, "open": list(risk.open), "reason": risk.reason}


def _show_risks(risks: Sequence[Exposed], unknown: str | None) -> None:
    for risk in risks:
        for line in risk.open:
            console.print(Text(f"{risk.section} is open: {line}", ACT if risk.reason is None else ""), soft_wrap=True)
        if risk.reason is None:
            console.print(Text(f"  the service does not start with it, unless {risk.option} says why"), soft_wrap=True)
        elif risk.open:
            console.print(Text(f"  accepted: {risk.reason}"), soft_wrap=True)
        else:
            line = f"{risk.section}: nothing is open any more, so {risk.option} can go: {risk.reason}"
            console.print(Text(line), soft_wrap=True)
    if unknown is not None:
        console.print(Text(f"The systems' options cannot be used: {unknown}", ACT), soft_wrap=True)


def _show_read_only(differing: Sequence[Seen]) -> None:
    now = root.utc_now()
    for name in dict.fromkeys(seen.system for seen in differing):
        mine = [seen for seen in differing if seen.system == name]
        since = min(seen.since for seen in mine)
        files = ", ".join(dict.fromkeys(seen.name for seen in mine))
        line = (
            f"{name} is read-only since {time_of_day(since)} ({age(now, since)}), and what waits for it stays: {files}"
        )
        console.print(Text(line, ACT), soft_wrap=True)
        console.print(
            f"  why, and how to go on: shim systems list; shim systems accept {name} --reason …", soft_wrap=True
        )


def _read_only(overview: Overview, differing: Sequence[Seen]) -> dict[str, Any] | None:
    mine = [seen for seen in differing if seen.system == overview.destination]
    if not mine:
        return None
    return {"since": min(seen.since for seen in mine), "different": sorted({seen.name for seen in mine})}


def _told(overview: Overview, differing: Sequence[Seen]) -> dict[str, Any]:
    return {
        "system": overview.destination,
        **{state.value: overview.count(state) for state in sorted(OPEN)},
        "must_act": overview.must_act,
        "attention": dict(overview.attention),
        "oldest_reported_at": overview.oldest_reported_at,
        "breaker": {
            "state": "closed" if overview.open_since is None else "open",
            "since": overview.open_since,
            "next_attempt_at": overview.probe_at,
        },
        "paused": None
        if overview.paused_at is None
        else {"since": overview.paused_at, "reason": overview.paused_reason},
        "read_only": _read_only(overview, differing),
        "delivered": overview.delivered,
        "delivered_per_minute": round(overview.per_minute, 2),
        "drain_s": None if overview.drain_s is None else round(overview.drain_s),
    }


def _show_status(found: Sequence[Overview], now: datetime) -> None:
    numbers = ("ready", "waiting", "in flight", "unknown", "must act", "look at")
    shown = Table(
        Column("system", no_wrap=True),
        *(Column(name, justify="right", min_width=max(map(len, name.split()))) for name in numbers),
        Column("oldest report", no_wrap=True),
        Column("per min", justify="right", min_width=3),
        Column("to drain", justify="right", min_width=7, no_wrap=True),
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        width=NARROW if console.width < NARROW else None,
    )
    for overview in found:
        attention = sum(overview.attention.values())
        oldest = overview.oldest_reported_at
        shown.add_row(
            overview.destination,
            *(_number(overview.count(state)) for state in _SHOWN_STATES),
            _number(overview.must_act, ACT),
            _number(attention, ACT),
            "" if oldest is None else f"{time_of_day(oldest)} ({age(now, oldest)})",
            _number(round(overview.per_minute)),
            _drains(overview),
        )
    console.print(shown if found else "Nothing waits, and no system is configured.", crop=False)
    for overview in found:
        for line in _remarks(overview, now):
            console.print(line, soft_wrap=True)
    if found and not any(overview.must_act or overview.attention for overview in found):
        console.print("Nobody needs to act.")


def _number(count: int, style: str = "") -> Text:
    return Text(str(count), style) if count else Text(_NONE, "dim")


def _drains(overview: Overview) -> str:
    if not overview.moving:
        return ""
    return "?" if overview.drain_s is None else "< 1 min" if overview.drain_s < 60 else duration(overview.drain_s)  # noqa: PLR2004 - a minute


def _remarks(overview: Overview, now: datetime) -> Iterator[Text]:
    name = overview.destination
    if overview.paused_at is not None:
        since = f"{time_of_day(overview.paused_at)} ({age(now, overview.paused_at)})"
        yield Text(f"{name} is paused since {since}: {overview.paused_reason}")
        yield Text(f"  to go on: shim outbox resume {name} --reason …")
    elif overview.open_since is not None:
        since = f"{time_of_day(overview.open_since)} ({age(now, overview.open_since)})"
        yield Text(f"{name} has not answered since {since}; what waits is kept, and goes by itself.")
        if overview.probe_at is not None:
            yield Text(f"  next attempt: {time_of_day(overview.probe_at)}; now: shim outbox drain --system {name}")
    if overview.must_act:
        yield Text(f"{name}: somebody must act on {overview.must_act}", ACT)
        yield Text(f"  why: shim outbox groups --system {name}")
    for code, entries in overview.attention.items():
        yield Text(f"{name}: somebody should look at {entries} delivered: {code}", ACT)
        yield Text(f"  which: shim outbox list --attention --system {name}")


@app.command("list")
def list_entries(
    ctx: typer.Context,
    *,
    system: System = None,
    state: State = None,
    key: Key = None,
    older_than: OlderThan = None,
    group: GroupOf = None,
    attention: Annotated[
        bool, typer.Option("--attention", help="Only delivered ones whose record somebody should look at.")
    ] = False,
    newest: Annotated[bool, typer.Option("--newest", help="The newest first; delivered ones always are.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 50,
    as_json: Json = False,
) -> None:
    """List entries: without a state those that have not left, oldest first."""
    if attention and (state is not None or group is not None):
        raise fail("--attention is about delivered entries; leave --state and --group out")
    with one_line_errors():
        configured = settings(ctx)
        known(system, configured)
        with open_deployment_state(configured) as opened:
            states = frozenset({state}) if state else FAILING if group else OPEN
            wanted = selection(opened.outbox, system, states, key, older_than, group)
            if attention:
                entries = opened.outbox.wanting_attention(wanted, limit + 1, newest=newest)
            else:
                entries = opened.outbox.chosen(wanted, limit + 1, newest=newest)
    if as_json:
        print_json([public(entry) for entry in entries[:limit]])
        return
    if not entries:
        chosen = any((system, state, key, older_than, group, attention))
        console.print("Nothing is like that." if chosen else "Nothing waits.")
        return
    console.print(table(entries[:limit], systems=len(configured.systems)), crop=False)
    if len(entries) > limit:
        console.print(f"There are more than {limit}: --limit shows them, and shim outbox status counts them.")
    elif any(entry.state in LEFT for entry in entries):
        return
    elif any(entry.state in STUCK for entry in entries):
        console.print("One of them, whole: shim outbox show ID. By cause: shim outbox groups")


@app.command("groups")
def show_groups(ctx: typer.Context, *, system: System = None, as_json: Json = False) -> None:
    """Group what fails by its cause, with what to type next. Exit code 1 when somebody must act."""
    with one_line_errors():
        configured = settings(ctx)
        known(system, configured)
        with open_deployment_state(configured) as opened:
            found = groups(opened.database, system)
    if as_json:
        print_json([_group(group) for group in found])
    elif not found:
        console.print("Nothing fails.")
    else:
        _show_groups(found)
    if any(group.state in STUCK for group in found):
        raise typer.Exit(1)


def _group(group: Group) -> dict[str, Any]:
    return {
        "group": group.code,
        "system": group.destination,
        "state": group.state,
        "cause": group.cause,
        "entries": group.entries,
        "oldest_reported_at": group.oldest_reported_at,
        "example": group.example,
    }


def _show_groups(found: Sequence[Group]) -> None:
    shown = Table(
        *(Column(name, no_wrap=True) for name in ("group", "system", "state")),
        Column("entries", justify="right", no_wrap=True),
        Column("oldest", no_wrap=True),
        Column("example", no_wrap=True),
        Column("cause", overflow="fold", min_width=24),
        box=SIMPLE_HEAD,
        width=NARROW if console.width < NARROW else None,
    )
    for group in found:
        state = Text(group.state, ACT if group.state in STUCK else "")
        rest = cells(str(group.entries), time_of_day(group.oldest_reported_at), group.example[:SHORT_ID], group.cause)
        shown.add_row(group.code, group.destination, state, *rest)
    console.print(shown, crop=False)
    for line in dict.fromkeys(_next(group) for group in found):
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _next(group: Group) -> str:
    example = group.example[:SHORT_ID]
    if group.state is DeliveryState.READY:
        return (
            f"{group.code}: goes by itself at its next attempt; now: shim outbox retry --group {group.code} --reason …"
        )
    if group.state is DeliveryState.UNKNOWN:
        return (
            f"{group.code}: the backend is asked again by itself. If it never tells, look there for the reference in\n"
            f"  shim outbox show {example}; and when it is there:\n"
            f"  shim outbox resolve {example} --backend-id … --reason …"
        )
    if is_mismatch(group.cause):
        return (
            f"{group.code}: shim outbox show {example}; composed anew, as it would be sent:\n"
            f"  shim outbox supersede --group {group.code} --reason … --dry-run"
        )
    return (
        f"{group.code}: shim outbox show {example}; when its cause is mended:\n"
        f"  shim outbox retry --group {group.code} --reason … --dry-run"
    )


app.command("show")(explain.explain)
_ACTS: Final[tuple[Callable[..., None], ...]] = (
    *(hand.retry, hand.discard, hand.resolve, supersede.supersede, hand.pause, hand.resume),
    *(drain.drain, drain.work, hand.check, hand.seen),
)
for act in _ACTS:
    app.command()(act)
carry.register(app)
