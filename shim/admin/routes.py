"""Routes of the operations page: what is seen, and what is done. They look, delegate and render."""

import re
from collections.abc import Collection
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import RedirectResponse, Response

from contracts.errors import NotFound
from contracts.fields import DeliveryId
from outbox.entry import Entry
from shim import root
from shim.admin.acting import Acting, Done
from shim.admin.csrf import checked_form
from shim.admin.errors import PageRoute
from shim.admin.first import first
from shim.admin.group import group_now
from shim.admin.one import one
from shim.admin.page import rendered, static
from shim.admin.sessions import Session
from shim.admin.signing_in import signed_in
from shim.admin.wanted import LONGEST, MOST, Wanted
from shim.handling import is_mismatch
from shim.root import State

SignedIn = Annotated[Session, Depends(signed_in)]
Form = Annotated[dict[str, str], Depends(checked_form)]
Code = Annotated[str, Path(pattern="^[0-9a-f]{6}$")]
Number = Annotated[int | None, Query(ge=0)]
_ACTS = {"retry": "taken up again", "discard": "given up"}
_NUMBER = re.compile(r"[0-9]{1,9}")
_ON = "on"
"""What a browser sends of a box that is ticked."""


def router(acting: Acting, state: State, systems: Collection[str]) -> APIRouter:
    """Return the routes of everything that somebody who is signed in may see and do.

    Args:
        acting: does what they ask, and writes down what they looked at.
        state: what is looked at.
        systems: the configured ones.
    """
    routes = APIRouter(route_class=PageRoute, include_in_schema=False)
    _add_screens(routes, acting, state, systems)
    _add_group(routes, acting, state)
    _add_delivery(routes, acting, state)
    return routes


def _add_screens(routes: APIRouter, acting: Acting, state: State, systems: Collection[str]) -> None:
    wanted = Wanted(state.outbox, state.clients, systems)

    @routes.get("/admin")
    def first_screen(session: SignedIn) -> Response:
        return rendered(
            "first.html", session=session, first=first(state, systems, root.utc_now), is_mismatch=is_mismatch
        )

    @routes.get("/admin/search")
    def search(session: SignedIn, q: Annotated[str, Query(max_length=LONGEST)] = "") -> Response:
        found = wanted.find(q)
        if found.entries:
            acting.searched(session, found.entries)
        return rendered("search.html", session=session, q=q, found=found, most=MOST)

    @routes.get("/admin/static/{name}")
    def file(name: str) -> Response:
        return static(name)


def _add_group(routes: APIRouter, acting: Acting, state: State) -> None:
    @routes.get("/admin/groups/{system}/{code}")
    def group(
        session: SignedIn, system: str, code: Code, done: str = "", changed: Number = None, left_out: Number = None
    ) -> Response:
        result = _result(done, changed, left_out)
        return _group_page(session, system, code, HTTPStatus.OK, result=result)

    @routes.post("/admin/groups/{system}/{code}/retry")
    def retry(session: SignedIn, form: Form, system: str, code: Code) -> Response:
        done = acting.retry_group(session, system, code, form.get("seen", ""), form.get("reason", ""))
        return _after(session, system, code, "retry", done)

    @routes.post("/admin/groups/{system}/{code}/discard")
    def discard(session: SignedIn, form: Form, system: str, code: Code) -> Response:
        if form.get("sure") != _ON:
            done = Done(0, 0, "tick the box to give them up")
        else:
            done = acting.discard_group(session, system, code, form.get("seen", ""), form.get("reason", ""))
        return _after(session, system, code, "discard", done)

    def _after(session: Session, system: str, code: str, act: str, done: Done) -> Response:
        if done.refusal is not None:
            return _group_page(session, system, code, HTTPStatus.CONFLICT, refusal=done.refusal)
        return _see(f"/admin/groups/{quote(system, safe='')}/{code}", act, done)

    def _group_page(
        session: Session, system: str, code: str, status: int, result: str | None = None, refusal: str | None = None
    ) -> Response:
        now = group_now(state, acting, system, code)
        if now is None and result is None and refusal is None:
            raise NotFound(f"nothing fails for a cause {code} any more, or ever did")
        shown = {"system": system, "code": code, "group": now, "result": result, "refusal": refusal}
        return rendered("group.html", status, session=session, **shown)


def _add_delivery(routes: APIRouter, acting: Acting, state: State) -> None:
    @routes.get("/admin/deliveries/{delivery}")
    def delivery(
        session: SignedIn, delivery: DeliveryId, done: str = "", changed: Number = None, left_out: Number = None
    ) -> Response:
        return _delivery_page(session, _entry(delivery), HTTPStatus.OK, result=_result(done, changed, left_out))

    @routes.post("/admin/deliveries/{delivery}/retry")
    def retry(session: SignedIn, form: Form, delivery: DeliveryId) -> Response:
        entry, not_there, sends = _entry(delivery), form.get("not_there") == _ON, _sends(form)
        done = acting.retry(session, entry.id, _reason(form), not_there=not_there, sends=sends)
        return _after(session, entry, "retry", done)

    @routes.post("/admin/deliveries/{delivery}/discard")
    def discard(session: SignedIn, form: Form, delivery: DeliveryId) -> Response:
        entry, may_exist = _entry(delivery), form.get("may_exist") == _ON
        if form.get("sure") != _ON:
            done = Done(0, 0, "tick the box to give it up")
        else:
            done = acting.discard(session, entry.id, _reason(form), may_exist=may_exist)
        return _after(session, entry, "discard", done)

    def _entry(delivery: str) -> Entry:
        found = state.outbox.get(delivery)
        if found is None:
            raise NotFound("there is no such delivery")
        return found

    def _after(session: Session, entry: Entry, act: str, done: Done) -> Response:
        if done.refusal is not None:
            return _delivery_page(session, _entry(entry.id), HTTPStatus.CONFLICT, refusal=done.refusal)
        return _see(f"/admin/deliveries/{entry.id}", act, done)

    def _delivery_page(
        session: Session, entry: Entry, status: int, result: str | None = None, refusal: str | None = None
    ) -> Response:
        acting.looked(session, entry)
        shown = one(state.outbox, entry)
        return rendered("delivery.html", status, session=session, one=shown, result=result, refusal=refusal)


def _reason(form: dict[str, str]) -> str:
    return form.get("reason", "")


def _sends(form: dict[str, str]) -> int | None:
    """Return how often it had been sent, as the page said; None if it did not."""
    told = form.get("sends", "")
    return int(told) if _NUMBER.fullmatch(told) else None


def _see(path: str, act: str, done: Done) -> Response:
    """Send somebody to the page that says what was done: to load that again does it not again."""
    told = urlencode({"done": act, "changed": done.changed, "left_out": done.left_out})
    return RedirectResponse(f"{path}?{told}", HTTPStatus.SEE_OTHER)


def _result(act: str, changed: int | None, left_out: int | None) -> str | None:
    """Say what was done; None if nothing was. The numbers come from an address, so nothing else is said by it."""
    if act not in _ACTS or changed is None:
        return None
    were = "1 was" if changed == 1 else f"{changed} were"
    rest = f"; {left_out} had changed meanwhile, or may not be touched, and stayed as they were" if left_out else ""
    return f"{were} {_ACTS[act]}{rest}."
