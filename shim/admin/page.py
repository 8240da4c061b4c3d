"""Templates of the operations page: everything in them is escaped, guarded and visible, whoever wrote it."""

from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from contracts.errors import NotFound
from shim import root
from shim.admin.shown import Code, as_told, clock, dated, number, shown
from shim.local_time import age, duration

STATIC: Final = {"admin.css": "text/css; charset=utf-8"}
"""Files that the pages load, all of them, with their media types."""


def rendered(template: str, status: int = HTTPStatus.OK, /, **values: Any) -> Response:
    """Return a page.

    Args:
        template: its file in the folder `templates`; a value that it needs and is not given is an error.
        status: of the answer.
        values: what the template shows. `session` is whose page it is; without one it is nobody's.
    """
    text = _environment().get_template(template).render({"session": None, "now": root.utc_now(), **values})
    return HTMLResponse(text, status)


def static(name: str) -> Response:
    """Return a file that the pages load.

    Raises:
        NotFound: there is none of that name.
    """
    if name not in STATIC:
        raise NotFound("there is no such file")
    content = (files("shim.admin") / "static" / name).read_bytes()
    return Response(content, media_type=STATIC[name], headers={"Cache-Control": "max-age=300"})


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("shim.admin"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"code": Code, "number": number, "clock": clock, "dated": dated, "as_told": as_told}
    made.globals |= {"age": age, "duration": duration}
    return made
