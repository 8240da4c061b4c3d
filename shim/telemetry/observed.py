"""The outermost layer of the application: every request is one observation, told when it has been answered."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, Protocol

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.spans import observed_by
from shim.admission.caller import Incoming, incoming
from shim.admission.policy import Policies
from shim.telemetry.observation import UNMATCHED, Noted, Observation, observing, tell
from shim.telemetry.steps import Steps, Traced

CORRELATION: Final = "correlation"
"""Where the request's trace id is in `scope["state"]`."""
TRACEPARENT: Final = "traceparent"
"""Where the header that names the server's span is there; None when the request is not traced."""

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER: Final = "_OTHER"
"""Any other method, which the caller chose: it is not repeated."""
_BROKE_OFF: Final = "broke-off"
"""The outcome of a request that was not answered to its end."""


class Traces(Protocol):
    """What begins the trace of a request, if it is to be kept."""

    def request(self, observation: Observation, caller: Incoming) -> Traced | None:
        """Begin the span of the server, in the trace that the caller names."""
        ...


class Observed:
    """Wraps the application. The correlation id is in the scope's state from here on."""

    def __init__(
        self, app: ASGIApp, policies: Policies, noted: Sequence[Noted] = (), tracing: Traces | None = None
    ) -> None:
        """Wrap; each of `noted` is told of every observation, in the event loop."""
        self._app = app
        self._policies = policies
        self._noted = noted
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = incoming(Headers(scope=scope))
        observation = self._observation(scope, told.trace)
        traced = self._tracing.request(observation, told) if self._tracing else None
        scope.setdefault("state", {}).update(
            {CORRELATION: told.trace, TRACEPARENT: None if traced is None else traced.traceparent}
        )
        answered = False

        async def counted(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                observation.status = message["status"]
            elif message["type"] == "http.response.body" and not message.get("more_body"):
                answered = True
                observation.end()  # how fast a client reads is not our time
            await send(message)

        error: type[BaseException] | None = None
        try:
            with observing(observation), observed_by(Steps(observation, traced)):
                await self._app(scope, receive, counted)
        except BaseException as raised:
            error = type(raised)
            raise
        finally:
            if not answered:
                observation.outcome = _BROKE_OFF
                observation.end()
            if traced is not None:
                _finish(traced, observation, error)
            tell(self._noted, observation)

    def _observation(self, scope: Scope, correlation: str) -> Observation:
        method = scope["method"] if scope["method"] in _METHODS else _OTHER
        policy = self._policies.of(scope).policy
        if policy is None:
            return Observation("request", correlation, method, UNMATCHED)
        return Observation("request", correlation, method, policy.action, policy.system, policy.contract)


def _finish(traced: Traced, observation: Observation, error: type[BaseException] | None) -> None:
    # Only what is known: a request that nobody let in has no client, and one that went well no outcome.
    if observation.status is not None:
        traced.tell(status=observation.status)
        if observation.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            traced.fail(observation.outcome or "internal-error")
    if observation.outcome is not None:
        traced.tell(outcome=observation.outcome)
    if observation.delivery is not None:
        traced.tell(delivery=observation.delivery)
    traced.end(error)
