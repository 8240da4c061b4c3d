"""Who may use which route: every path and method has a policy, and what has none is denied."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount, Route
from starlette.types import Scope

from contracts.errors import Forbidden
from shim.admission.clients import Client

GET: Final = "GET"
HEAD: Final = "HEAD"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a client needs for one route.

    Attributes:
        action: what the audit calls the use of this route, such as an operation id.
        scopes: one of these is needed; with none, nobody is let in.
        system: of the contract behind it; None where it is no single one's.
        contract: likewise.
        public: nobody is asked who it is.
        session: of the operations page: somebody must be signed in, and no key opens it.
    """

    action: str
    scopes: tuple[str, ...] = ()
    system: str | None = None
    contract: str | None = None
    public: bool = False
    session: bool = False

    def admit(self, client: Client) -> None:
        """Let a client through, or raise Forbidden."""
        if not self.scopes:
            raise Forbidden("no scope admits to this")
        client.require(*self.scopes)


@dataclass(frozen=True, slots=True)
class Matched:
    """What a request's path and method lead to.

    Attributes:
        policy: of the route; None where there is no such path, or not with this method.
        allowed: the methods of this path; empty where there is no such path.
        public: whether nobody needs a key to be told so.
    """

    policy: Policy | None = None
    allowed: tuple[str, ...] = ()
    public: bool = False


class PolicyMissing(Exception):
    """Raised at start-up when a route has no policy, or a policy no route: a defect of the code."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A path as the router matches it."""

    pattern: re.Pattern[str]
    policies: Mapping[str, Policy]


@dataclass
class Policies:
    """The table of all policies. It admits to nothing before it was checked against the application's routes."""

    _table: dict[tuple[str, str], Policy] = field(default_factory=dict)
    _known: tuple[_Known, ...] = ()

    def add(self, path: str, method: str, policy: Policy) -> None:
        """Set the policy of a path, as its route is written, and method; of a mount: of all that is under it.

        Raises:
            PolicyMissing: it has one already, so one of the two would be without effect.
        """
        if (path, method) in self._table:
            raise PolicyMissing(f"{method} {path} has two policies")
        self._table[path, method] = policy

    def rows(self) -> dict[tuple[str, str], Policy]:
        """Return all policies by path and method."""
        return dict(self._table)

    def check(self, app: FastAPI) -> None:
        """Compare with the routes of an application, and enforce the table from now on.

        Raises:
            PolicyMissing: naming the route without a policy, or the policy without a route.
        """
        known: list[_Known] = []
        met: set[tuple[str, str]] = set()
        for route in iter_route_contexts(app.routes):
            path, methods = route.path, route.methods
            if isinstance(route.original_route, Mount):
                methods = {method for mounted, method in self._table if mounted == path}
            elif not isinstance(route.original_route, Route):
                raise PolicyMissing(f"{path} is a {type(route.original_route).__name__}, which can have no policy")
            if path is None or not methods:
                raise PolicyMissing(f"{path} has no policy")
            # A route for GET may serve HEAD as well: nothing more is told then.
            asked = {(path, method) for method in methods if method != HEAD or GET not in methods}
            if without := sorted(asked - self._table.keys()):
                raise PolicyMissing(f"{without[0][1]} {path} has no policy")
            policies = {
                method: self._table[path, GET if method == HEAD and GET in methods else method] for method in methods
            }
            known.append(_Known(route.path_regex, policies))
            met |= asked
        if stale := sorted(self._table.keys() - met):
            raise PolicyMissing(f"{stale[0][1]} {stale[0][0]} has a policy, but no route")
        self._known = tuple(known)

    def of(self, scope: Scope) -> Matched:
        """Return what the router will do with a request: the first route that has its path and method."""
        path, method = scope["path"], scope["method"]
        met: list[_Known] = []
        for known in self._known:
            if known.pattern.match(path):
                if (policy := known.policies.get(method)) is not None:
                    return Matched(policy, tuple(known.policies), policy.public)
                met.append(known)
        return _without_method(met)


def _without_method(met: Iterable[_Known]) -> Matched:
    policies = {method: policy for known in met for method, policy in known.policies.items()}
    return Matched(None, tuple(sorted(policies)), bool(policies) and all(p.public for p in policies.values()))
