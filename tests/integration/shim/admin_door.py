"""The door of the operations page: an application with its state, and browsers that come to it, without a socket."""

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlencode

from fastapi import FastAPI

from outbox.database import Database
from outbox.entry import Entry
from shim.admin.sessions import Sessions
from shim.root import Shim, State, open_deployment_state
from shim.settings import AdminSection, Settings
from shim.writing.landings import Landings
from tests.unit.outbox.stand_ins import accept
from tests.unit.shim.asgi import Answer, ask
from tests.unit.shim.standing import SYSTEMS

HOST: Final = "shim.example.org"
NO_ORIGIN: Final = "x-without-origin"
NO_FIELDS: Final[Mapping[str, str]] = {}
Fields = Sequence[tuple[str, str]]
FORM: Final = "application/x-www-form-urlencoded"
PARKED: Final = "UPDATE entry SET state = 'parked', reason = 'x', error_group = 'x', ended_at = 1 WHERE id = :id"


class Undisturbed:
    """Nothing has drifted."""

    def read_only(self, _system: str) -> None:
        return None


@dataclass
class Door:
    """An application, and what is behind it."""

    state: State
    app: FastAPI
    sessions: Sessions

    @property
    def database(self) -> Database:
        return self.state.database

    def browser(self, **options: Any) -> "Browser":
        return Browser(self.app, **options)

    def signed_in(self, actor: str = "jan", **options: Any) -> "Browser":
        """Return a browser that has used a link."""
        browser = self.browser(**options)
        answer = browser.sign_in(self.sessions.invite(actor))
        assert answer.status == 303, answer.body
        return browser

    def parked(self) -> Entry:
        """Add an entry that somebody must act on."""
        entry = accept(self.state.outbox, secrets.token_hex(16))
        self.database.write(lambda tx: tx.execute(PARKED, {"id": entry.id}))
        return entry

    def now(self, entry: Entry) -> str:
        found = self.state.outbox.get(entry.id)
        assert found
        return str(found.state)

    def audit(self, action: str = "%") -> list[dict[str, Any]]:
        rows = self.database.read("SELECT * FROM audit_event WHERE action LIKE :action ORDER BY at, n", action=action)
        return [dict(row) for row in rows]


@dataclass
class Browser:
    """Keeps one cookie, and says of a form where it came from."""

    app: FastAPI
    scheme: str = "http"
    address: str = "127.0.0.1"
    cookie: str | None = None
    csrf: str = ""
    answers: list[Answer] = field(default_factory=list)

    def get(self, path: str, *headers: tuple[str, str]) -> Answer:
        return self.ask("GET", path, *headers)

    def post(
        self, path: str, form: Mapping[str, str] = NO_FIELDS, *headers: tuple[str, str], csrf: Fields | None = None
    ) -> Answer:
        """Post a form with the token of the session, or with these fields before the form's."""
        fields = [*([("csrf", self.csrf)] if csrf is None else csrf), *form.items()]
        named = {name for name, _ in headers}
        usual = {"origin": f"{self.scheme}://{HOST}", "content-type": FORM}
        if named & {"sec-fetch-site", NO_ORIGIN}:
            del usual["origin"]
        sent = [*headers, *((name, value) for name, value in usual.items() if name not in named)]
        return self.ask("POST", path, *sent, body=urlencode(fields).encode())

    def ask(self, method: str, path: str, *headers: tuple[str, str], **options: Any) -> Answer:
        """Send a request with the cookie, if there is one."""
        kept = [("cookie", self.cookie)] if self.cookie else []
        sent = [("host", HOST), *kept, *headers]
        if body := options.get("body"):
            sent.append(("content-length", str(len(body))))
        answer = ask(self.app, method, path, *sent, scheme=self.scheme, address=self.address, **options)
        self.answers.append(answer)
        return answer

    def sign_in(self, token: str, *headers: tuple[str, str]) -> Answer:
        """Press the button of a link's page, and keep the cookie."""
        answer = self.post("/admin/sign-in", {"token": token}, *headers, csrf=[])
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].partition(";")[0]
            found = re.search(r'name="csrf" value="([0-9a-f]{64})"', self.get("/admin").body.decode())
            assert found
            self.csrf = found[1]
        return answer


@contextmanager
def door_in(folder: Path, admin: AdminSection | None = None) -> Iterator[Door]:
    """Open a deployment's state and the application before it."""
    settings = Settings(
        deployment="tilburg",
        state=str(folder / "shim.db"),
        master_key=folder / "master.key",
        admin=admin or AdminSection(),
    )
    with open_deployment_state(settings) as state:
        shim = Shim(settings, state, SYSTEMS, cast("Any", Undisturbed()))
        app = shim.app(lambda: None, Landings(), demo=False)
        yield Door(state, app, Sessions(state.database, state.audit, settings.admin))
