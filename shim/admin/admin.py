"""The operations page of a deployment, put together: who is let in, and its routes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter

from shim.admin import routes, signing_in
from shim.admin.acting import Acting
from shim.admin.attempts import Attempts
from shim.admin.entrance import Entrance
from shim.admin.sessions import Sessions
from shim.admin.signing_in import SigningIn
from shim.admission.denials import Denials
from shim.root import Shim


@dataclass(frozen=True, slots=True)
class Admin:
    """What the application needs of the page."""

    entrance: Entrance
    routers: tuple[APIRouter, ...]


def admin_of(shim: Shim, denials: Denials, clock: Callable[[], datetime]) -> Admin | None:
    """Return the page; None if the configuration wants none."""
    section, state = shim.settings.admin, shim.state
    if not section.enabled:
        return None
    sessions = Sessions(state.database, state.audit, section)
    signing = SigningIn(sessions, state.audit, denials, section.session_s, Attempts())
    acting = Acting(state.outbox, state.audit, state.subjects, shim.systems, clock)
    routers = (signing_in.router(signing), routes.router(acting, state, tuple(shim.systems)))
    return Admin(Entrance(sessions, denials), routers)
