"""What a client may do, as an administrator types it: scopes, and options that narrow it."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Final

import typer

from contracts.catalogue import CATALOGUE, STAFF
from shim.admission.client import READ_BUNDLE, SERVICE_SCOPES, WRITE_BUNDLE, ClientLimits, bundles_of
from shim.cli.deployment import fail
from shim.settings import SERVICE, Settings
from shim.systems import find_adapter

ANY: Final = "any"
ALL: Final = "*"

_SCOPE: Final = typer.Option(
    "--scope",
    "-s",
    help="system:contract; system:read or system:write for all that read or write, system:* for both; system:staff for "
    "a client that only staff use: it sees links into the system; shim:metrics, shim:admin. Repeatable.",
)
Scopes = Annotated[list[str], _SCOPE]
MaybeScopes = Annotated[list[str] | None, _SCOPE]
Only = Annotated[
    list[str] | None,
    typer.Option(help="SYSTEM=PART: the only mandant or clinic that exists for it, repeatable; SYSTEM=* for all."),
]
Network = Annotated[
    list[str] | None, typer.Option(help="Where it may call from, such as 10.1.0.0/16, repeatable; any for anywhere.")
]
PerMinute = Annotated[
    int | None, typer.Option(min=0, help="Requests in a minute, over all processes; 0 for the deployment's number.")
]
Attempts = Annotated[
    int | None, typer.Option(min=0, help="Facts about one person that may fail; 0 for the deployment's number.")
]
PeoplePerHour = Annotated[
    int | None, typer.Option(min=0, help="Different people that it may identify; 0 for the deployment's number.")
]
Strict = Annotated[
    bool | None,
    typer.Option("--strict/--no-strict", help="Refuse a reply with an identifier in it, instead of replacing that."),
]


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The options that narrow a client, None where one was not given."""

    only: Sequence[str] | None
    networks: Sequence[str] | None
    per_minute: int | None
    attempts: int | None
    people_per_hour: int | None
    strict: bool | None

    def applied_to(self, limits: ClientLimits, configured: Settings) -> ClientLimits:
        """Return limits with what was given in place of what was there; raise in one line what cannot be."""
        return ClientLimits(
            within=limits.within if self.only is None else _within(limits, self.only, configured),
            networks=limits.networks if self.networks is None else _networks(self.networks),
            requests_per_minute=_number(self.per_minute, limits.requests_per_minute),
            attempts=_number(self.attempts, limits.attempts),
            people_per_hour=_number(self.people_per_hour, limits.people_per_hour),
            strict=limits.strict if self.strict is None else self.strict,
        )


def expand(wanted: Sequence[str], configured: Settings) -> frozenset[str]:
    """Return the scopes that these stand for; raise in one line what is none."""
    return frozenset(scope for each in wanted for scope in _expand(each, configured))


def _expand(wanted: str, configured: Settings) -> list[str]:
    system, _, contract = wanted.partition(":")
    if system == SERVICE:
        if wanted not in SERVICE_SCOPES:
            raise fail(f"no scope {wanted!r}; there are: {', '.join(SERVICE_SCOPES)}")
        return [wanted]
    _check_system(system, configured)
    kind = find_adapter(configured.systems[system].adapter).kind
    known = [READ_BUNDLE, WRITE_BUNDLE, *(row.name for row in CATALOGUE if row.desk is kind), STAFF]
    if contract == ALL:
        return [*bundles_of(system)]
    if contract not in known:
        raise fail(f"no scope {contract!r} for {system}; there are: {', '.join(known)}")
    return [wanted]


def _check_system(system: str, configured: Settings) -> None:
    if system not in configured.systems:
        raise fail(f"no system {system!r} is configured; there are: {', '.join(configured.systems)}")


def _within(limits: ClientLimits, only: Sequence[str], configured: Settings) -> dict[str, frozenset[str]]:
    """Replace the parts of the systems that are named; the others keep theirs."""
    named: dict[str, set[str]] = {}
    for each in only:
        system, _, part = each.partition("=")
        _check_system(system, configured)
        if not part:
            raise fail(f"{each!r} names no mandant or clinic; write --only SYSTEM=PART")
        named.setdefault(system, set()).add(part)
    if mixed := [system for system, parts in named.items() if ALL in parts and len(parts) > 1]:
        raise fail(f"--only {mixed[0]}={ALL} and one part of it contradict each other")
    kept = {system: parts for system, parts in limits.within.items() if system not in named}
    return kept | {system: frozenset(parts) for system, parts in named.items() if ALL not in parts}


def _networks(given: Sequence[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    if list(given) == [ANY]:
        return ()
    try:
        return tuple(ip_network(network) for network in given)
    except ValueError as error:
        raise fail(f"no network: {error}") from error


def _number(given: int | None, kept: int | None) -> int | None:
    return kept if given is None else given or None
