"""A shorter way to the endpoints that are asked most: those that take who asks and a body, and nothing else.

FastAPI solves dependencies anew for each request, which costs more than reading the body. What is as it should be is
read here with the same two steps, JSON and model; everything else is left to FastAPI, whose errors are the documented
ones.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute

from contracts.fields import Model
from shim.admission.caller import Caller

_JSON: Final = "application/json"


class Straight(APIRoute):
    """A route whose endpoint takes `caller` and `body`, and returns a response."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what serves a request."""
        by_fastapi = super().get_route_handler()
        endpoint = self.endpoint
        field = self.body_field
        if field is None:
            return by_fastapi
        model: type[Model] = field.field_info.annotation  # type: ignore[assignment]  # the catalogue's

        async def straight(request: Request) -> Response:
            caller = getattr(request.state, "caller", None)
            body = await _understood(request, model)
            if body is None or not isinstance(caller, Caller):
                return await by_fastapi(request)
            response: Response = await endpoint(caller, body)
            return response

        return straight


async def _understood(request: Request, model: type[Model]) -> Model | None:
    """Return the body; None for one that FastAPI has to judge: the request keeps what was read of it."""
    if request.headers.get("content-type") != _JSON:
        return None
    try:
        value = await request.json()
        return model.model_validate(value) if isinstance(value, dict) else None
    except (ValueError, RecursionError):
        return None
