"""Decides who is let in: by key, network, number of requests and scope, in this order, before a body is read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import Headers

from contracts.errors import Forbidden, MalformedRequest, StateUnavailable, Unauthenticated
from shim.admission.caller import Caller, caller_as_told, caller_of
from shim.admission.clients import Clients, KnownClient, prefix_of
from shim.admission.denials import Denials
from shim.admission.limits import Quota, RequestLimits
from shim.admission.policy import Policy
from shim.admission.remembered import Scrapers

AUTHORIZATION: Final = "authorization"
_BEARER: Final = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([!-~]+)")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a request before its body.

    Attributes:
        policy: of its route; None where there is none.
        headers: as they were sent.
        correlation: its trace id.
        address: the network address that it came from.
    """

    policy: Policy | None
    headers: Headers
    correlation: str
    address: str | None


@dataclass(frozen=True, slots=True)
class Gate:
    """Thread-safe. What it refuses is in the audit, unless that cannot be written: it is refused all the same."""

    clients: Clients
    limits: RequestLimits
    denials: Denials
    scrapers: Scrapers = field(default_factory=Scrapers)

    def admit(self, asked: Asked) -> Caller:
        """Return who asks; without a policy, only who it is.

        Raises:
            Unauthenticated: there is not exactly one key, or it is nobody's.
            Forbidden: the client may not call from there, or has none of the scopes.
            TooManyRequests: it has sent more than it may.
            MalformedRequest: it is let in, and a header that the audit needs cannot be written down.
            StateUnavailable: it cannot be found out.
        """
        known = self._known(asked)
        caller = caller_as_told(known.client, asked.headers, asked.correlation)
        try:
            self._let_in(caller, known, asked)
        except Forbidden as error:
            self.denials.of(caller, asked.policy, asked.address, error)
            raise
        # Last: a 400 tells that the key is valid, and whoever may not call from there must not learn it uncounted.
        return caller_of(known.client, asked.headers, asked.correlation)

    def admit_now(self, asked: Asked) -> Caller | None:
        """Return who asks, if that is somebody who is let in, and nothing has to be written or waited for.

        None if `admit` has to decide; then nothing was counted. Quick enough for an event loop.
        """
        policy = asked.policy
        try:
            key = key_of(asked.headers.getlist(AUTHORIZATION))
            known = self.clients.authenticate_now(key)
            if known is None or not known.client.may_call_from(asked.address):
                return None
            if policy is not None:
                policy.admit(known.client)
            self.scrapers.remember(policy, key, known)
            caller = caller_of(known.client, asked.headers, asked.correlation)
        except (Unauthenticated, Forbidden, MalformedRequest):
            return None
        return caller if self.limits.count_now(known) else None

    def quota_of(self, caller: Caller) -> Quota | None:
        """Return what whoever was let in has left in this minute; None without a limit."""
        return self.limits.left(caller.client.name)

    def _let_in(self, caller: Caller, known: KnownClient, asked: Asked) -> None:
        if not caller.client.may_call_from(asked.address):
            raise Forbidden("the client may not call from here")
        if (refused := self.limits.count(known)) is not None:
            if refused.first:
                self.denials.of(caller, asked.policy, asked.address, refused.error)
            raise refused.error
        if asked.policy is not None:
            asked.policy.admit(caller.client)

    def _known(self, asked: Asked) -> KnownClient:
        key = None
        try:
            key = key_of(asked.headers.getlist(AUTHORIZATION))
            known = self.clients.authenticate(key)
            self.scrapers.remember(asked.policy, key, known)
        except Unauthenticated as error:
            prefix = None if key is None else prefix_of(key)
            self.denials.anonymous(asked.policy, asked.correlation, asked.address, prefix, error)
            raise
        except StateUnavailable:
            scraper = None if key is None else self.scrapers.recall(asked.policy, key)
            if scraper is None:
                raise
            return scraper
        return known


def key_of(authorizations: Sequence[str]) -> str:
    """Return the one bearer key of a request; raise Unauthenticated unless there is exactly one."""
    match = _BEARER.fullmatch(authorizations[0]) if len(authorizations) == 1 else None
    if match is None:
        raise Unauthenticated("send a valid API key as `Authorization: Bearer …`")
    return match[1]
