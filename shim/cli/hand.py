"""The administrator's hand on the outbox: take up again, give up, tell what was found, hold, look, acknowledge."""

from typing import Annotated, Final

import typer

from contracts.delivery import DeliveryState
from outbox.looking import look_now
from outbox.selection import FAILING, OPEN, STUCK, Selection
from shim import handling
from shim.cli import many
from shim.cli.deployment import console, fail, one_line_errors, print_json, settings
from shim.cli.entries import (
    DryRun,
    EntryId,
    GroupOf,
    Json,
    MaybeEntryId,
    OlderThan,
    Reason,
    State,
    System,
    acted,
    checked,
    existing,
    known,
    public,
    selection,
)
from shim.root import State as Deployment
from shim.root import open_deployment_state, open_shim

Destination = Annotated[str, typer.Argument(metavar="DEST", help="The system.")]
_GIVEN_UP: Final = OPEN - {DeliveryState.IN_FLIGHT}


def retry(
    ctx: typer.Context,
    entry_id: MaybeEntryId = None,
    *,
    reason: Reason,
    system: System = None,
    state: State = None,
    older_than: OlderThan = None,
    group: GroupOf = None,
    not_there: Annotated[
        bool,
        typer.Option(
            "--not-there", help="You have looked: the backend does not have it. It is sent, and not asked for."
        ),
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Take up again one delivery, a group, or all that a filter selects; without --state those that are stuck.

    What may be in the backend is asked for first. What is put off is due now. Exit code 1 if something was left out.
    """
    checked(reason)
    if not_there and entry_id is None:
        raise fail("--not-there is about one delivery: name it")
    if state is not None and state not in FAILING:
        raise fail(f"retry: nothing that is {state} can be taken up again")
    with one_line_errors():
        configured = settings(ctx)
        known(system, configured)
        with open_deployment_state(configured) as opened:
            if entry_id is not None:
                many.refuse_filters(system, state, older_than, group)
                entry = existing(opened.outbox, entry_id)
                refusal = many.refused("retry", handling.cannot_retry(opened.outbox, entry))
                if dry_run:
                    many.show_one(entry, refusal, handling.would_retry(entry, not_there=not_there), as_json=as_json)
                    return
                retried = None if refusal else opened.hand.retry(entry.id, reason, not_there=not_there)
                acted(retried, refusal or handling.CHANGED, as_json=as_json)
                return
            states = frozenset({state}) if state else handling.RETRIED_OF_GROUP if group else STUCK
            many.refuse_everything(system, state, older_than, group)
            chosen = selection(opened.outbox, system, states, None, older_than, group)
            _many(opened, chosen, "retried", dry_run, as_json, _retrying(opened, chosen, reason))


def discard(
    ctx: typer.Context,
    entry_id: MaybeEntryId = None,
    *,
    reason: Reason,
    system: System = None,
    state: State = None,
    older_than: OlderThan = None,
    group: GroupOf = None,
    may_exist: Annotated[
        bool, typer.Option("--may-exist", help="Give up what is unknown as well, although the backend may have it.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Give up one delivery, a group, or all that a filter selects; without --state only those that are stuck.

    What waits behind it goes on. Never what is on its way. Exit code 1 if something was left out.
    """
    checked(reason)
    if state is not None and state not in _GIVEN_UP:
        raise fail(f"discard: nothing that is {state} can be given up")
    if state is DeliveryState.UNKNOWN and not may_exist:
        raise fail("discard: the backend may have what is unknown; if you mean it: --may-exist")
    with one_line_errors():
        configured = settings(ctx)
        known(system, configured)
        with open_deployment_state(configured) as opened:
            if entry_id is not None:
                many.refuse_filters(system, state, older_than, group)
                entry = existing(opened.outbox, entry_id)
                cannot = handling.cannot_discard(entry, may_exist=may_exist, consent="--may-exist")
                refusal = many.refused("discard", cannot)
                if dry_run:
                    many.show_one(entry, refusal, handling.would_discard(opened.outbox, entry), as_json=as_json)
                    return
                discarded = None if refusal else opened.hand.discard(entry.id, reason, may_exist=may_exist)
                acted(discarded, refusal or handling.CHANGED, as_json=as_json)
                return
            many.refuse_everything(system, state, older_than, group)
            states = frozenset({state}) if state else handling.DISCARDED_OF_GROUP if group else STUCK
            chosen = selection(opened.outbox, system, states, None, older_than, group)
            _many(
                opened, chosen, "discarded", dry_run, as_json, _discarding(opened, chosen, reason, may_exist=may_exist)
            )


def resolve(
    ctx: typer.Context,
    entry_id: EntryId,
    *,
    backend_id: Annotated[str, typer.Option(help="The number or key of the record that you have found.")],
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Record an unknown or stuck delivery as delivered: you have looked, and it is there under this number."""
    checked(reason)
    with one_line_errors(), open_deployment_state(settings(ctx)) as opened:
        entry = existing(opened.outbox, entry_id)
        other = opened.outbox.landed(entry.destination, entry.kind, backend_id)
        refusal = (
            f"resolve: {other.id} has brought {backend_id}"
            if other
            else many.refused("resolve", handling.cannot_resolve(entry))
        )
        resolved = None if refusal else opened.hand.resolve(entry.id, backend_id, reason)
        acted(resolved, refusal or handling.CHANGED, as_json=as_json)


def pause(ctx: typer.Context, destination: Destination, *, reason: Reason, as_json: Json = False) -> None:
    """Hold a system: nothing is sent to it or asked of it until it is resumed. Reports are accepted all the same."""
    checked(reason)
    with one_line_errors():
        configured = settings(ctx)
        known(destination, configured)
        with open_deployment_state(configured) as opened:
            opened.hand.pause(destination, reason)
    if as_json:
        print_json({"system": destination, "paused": True})
    else:
        console.print(f"{destination} is paused. To go on: shim outbox resume {destination} --reason …", soft_wrap=True)


def resume(ctx: typer.Context, destination: Destination, *, reason: Reason, as_json: Json = False) -> None:
    """Let a paused system go on. Exit code 1 if it was not paused."""
    checked(reason)
    with one_line_errors():
        configured = settings(ctx)
        known(destination, configured)
        with open_deployment_state(configured) as opened:
            resumed = opened.hand.resume(destination, reason)
    if not resumed:
        raise fail(f"{destination} is not paused", code=1)
    if as_json:
        print_json({"system": destination, "paused": False})
    else:
        console.print(f"{destination} goes on.")


def check(
    ctx: typer.Context,
    entry_id: MaybeEntryId = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All that want attention or are to be looked at again.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="Give up after this many seconds.")] = 300,
    as_json: Json = False,
) -> None:
    """Look at delivered records now, such as after an SLA was mended. Exit code 1 unless all of them are well."""
    if (entry_id is None) is not every:
        raise fail("name one delivery, or say --all")
    with one_line_errors(), open_shim(settings(ctx)) as shim:
        outbox, verifications = shim.state.outbox, shim.state.verifications
        if entry_id is None:
            due = [entry for name in shim.systems for entry in verifications.make_all_due(name)]
        else:
            entry = existing(outbox, entry_id)
            known(entry.destination, shim.settings)
            due = verifications.make_due(entry.id)
            if not due:
                raise fail(f"check: the entry is {entry.state}, not delivered", code=1)
        missed = look_now(outbox, shim.looking(), due, wait)
        looked = [entry for entry in map(outbox.get, [entry.id for entry in due]) if entry is not None]
        newest = {entry.id: outbox.verifications(entry)[-1:] for entry in looked}
    if as_json:
        print_json([public(entry) for entry in looked])
    else:
        for entry in looked:
            told = "  ".join(f"{look.outcome}  {look.evidence}" for look in newest[entry.id])
            console.print(f"{entry.id}  {entry.backend_id}  {told}", markup=False)
        console.print(f"{len(looked) - len(missed)} looked at, {len(missed)} not yet.")
    if missed or any(entry.attention is not None or entry.check_at is not None for entry in looked):
        raise typer.Exit(1)


def seen(ctx: typer.Context, entry_id: EntryId, *, reason: Reason, as_json: Json = False) -> None:
    """Acknowledge a delivered entry that wants attention: it is not counted, nor looked at, any more."""
    checked(reason)
    with one_line_errors(), open_deployment_state(settings(ctx)) as opened:
        entry = existing(opened.outbox, entry_id)
        audit = opened.hand.audit(reason)
        acted(opened.verifications.seen(entry.id, reason, audit), "seen: nothing asks for attention", as_json=as_json)


def _retrying(opened: Deployment, chosen: Selection, reason: str) -> many.Act:
    return lambda report: opened.hand.retry_all(opened.outbox, chosen, reason, report)


def _discarding(opened: Deployment, chosen: Selection, reason: str, *, may_exist: bool) -> many.Act:
    return lambda report: opened.hand.discard_all(opened.outbox, chosen, reason, report, may_exist=may_exist)


def _many(opened: Deployment, chosen: Selection, word: str, dry_run: bool, as_json: bool, act: many.Act) -> None:
    if dry_run:
        many.show_selected(opened.outbox, chosen, word, as_json=as_json)
    else:
        many.act_on(opened.outbox, chosen, word, act, as_json=as_json)
