"""The pages as they are sent: what is foreign stays text, what fails is told, and no history is scanned."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from fastapi import FastAPI, Request

from contracts.delivery import Delivered, Source
from contracts.errors import NotFound, StateUnavailable
from outbox.hand import Hand
from outbox.overview import groups
from outbox.statements import Statement
from shim.admin.acting import Acting
from shim.admin.csrf import checked_form
from shim.admin.errors import error_page
from shim.admin.routes import router
from shim.admin.sessions import Session
from shim.admin.signing_in import signed_in
from shim.root import State, open_deployment_state, utc_now
from shim.settings import load
from shim.telemetry.observation import Observation, observing
from tests.unit.outbox.stand_ins import new_entry
from tests.unit.shim.admin.night import BSN, NUMBER, PARKED, STRANGE, TRACE, written
from tests.unit.shim.asgi import Answer, ask

SESSION = Session("0a1b2c3d", "maria", "c" * 64, datetime(2026, 11, 20, tzinfo=UTC))
SYSTEMS = ("intramed", "planon")
SOMEBODY = f"dl_{'5' * 32}"
FRAME = {"html", "head", "meta", "title", "link", "body", "header", "nav", "main", "section", "article", "footer"}
TEXT = {"h1", "h2", "h3", "p", "a", "span", "strong", "code", "bdi", "time", "br", "ul", "li", "dl", "div", "dt", "dd"}
TABLES = {"table", "caption", "thead", "tbody", "tr", "th", "td", "figure", "svg", "rect", "figcaption"}
OUR_TAGS = FRAME | TEXT | TABLES | {"form", "label", "input", "button"}
SEARCHES = (*SYSTEMS, NUMBER, TRACE, "LS-f", "agent", "dl_0", "planon parked", "in flight", "delivered", "nobody", "")


class Parsed(HTMLParser):
    """Which elements and attributes a page has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}


@dataclass
class Pages:
    """The routes of the page over a state, for somebody who is signed in."""

    state: State
    app: FastAPI

    def see(self, path: str, status: int = 200) -> str:
        return self._text(ask(self.app, "GET", path), status)

    def post(self, path: str, status: int, **fields: str) -> str:
        return self._text(ask(self.app, "POST", path, body=urlencode(fields).encode()), status)

    def sent_on(self, path: str, **fields: str) -> str:
        answer = ask(self.app, "POST", path, body=urlencode(fields).encode())
        assert answer.status == 303, answer.body
        return answer.headers["location"]

    def _text(self, answer: Answer, status: int) -> str:
        assert answer.status == status, answer.body.decode()
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        return answer.body.decode()

    def groups(self) -> list[str]:
        found = groups(self.state.database)
        return [f"/admin/groups/{group.destination}/{group.code}" for group in found]

    def all(self) -> list[str]:
        entries = [row["id"] for row in self.state.database.read("SELECT id FROM entry ORDER BY seq DESC LIMIT 3")]
        searches = [f"/admin/search?q={quote(text)}" for text in SEARCHES]
        return ["/admin", *self.groups(), *(f"/admin/deliveries/{each}" for each in entries), *searches]


async def form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode()))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    with open_deployment_state(load(written(tmp_path_factory.mktemp("night")))) as state:
        acting = Acting(state.outbox, state.audit, state.subjects, {}, utc_now)
        app = FastAPI()
        app.include_router(router(acting, state, SYSTEMS))
        app.dependency_overrides |= {signed_in: lambda: SESSION, checked_form: form}
        estranged(state)
        yield Pages(state, app)


def estranged(state: State) -> None:
    """Whatever somebody else can say of a delivery is strange."""
    new = new_entry("0")
    sources = (Source(STRANGE, STRANGE, STRANGE, STRANGE), Source("TEXT", None, "words", "request"))
    told = replace(new.document, kind=STRANGE, provenance=sources)
    odd = replace(new, id=SOMEBODY, client=STRANGE, contract=STRANGE, document=told)
    with state.database.transaction() as tx:
        tx.execute("UPDATE entry SET next_attempt_at = next_attempt_at + 3600000 WHERE state = 'ready'")
        tx.execute("UPDATE destination SET open_since = NULL, probe_at = NULL")
    entry = state.outbox.database.write(lambda tx: state.outbox.enqueue(tx, odd))
    claim = state.outbox.claim("planon", "somebody", "send")
    assert claim is not None
    assert claim.entry.id == entry.id
    answer = Delivered(STRANGE[:200], {"sla": {"state": STRANGE, "due_at": STRANGE}}, attention=STRANGE)
    state.outbox.write(state.outbox.endings.delivered(claim, answer, STRANGE))
    as_strange = Hand(state.database, utc_now, lambda: STRANGE)
    as_strange.pause("planon", STRANGE)
    (waits, *_) = state.database.read("SELECT id FROM entry WHERE state = 'ready' ORDER BY seq DESC")
    assert as_strange.discard(waits["id"], STRANGE) is not None
    with state.database.transaction() as tx:
        values = {"system": "planon", "name": STRANGE, "fingerprint": ""}
        tx.execute(
            "INSERT INTO description_differs (system, name, fingerprint, since, seen_at)"
            " SELECT :system, :name, :fingerprint, ms, ms FROM clock",
            values,
        )


def test_what_is_foreign_is_text(pages: Pages) -> None:
    """On every page: no element or attribute but ours, nothing that hides or turns a line, and no person's number."""
    strange, paths = 0, pages.all()
    for path in paths:
        page = pages.see(path)
        parsed = Parsed(page)
        assert parsed.tags <= OUR_TAGS, (path, parsed.tags - OUR_TAGS)
        assert not {name for name in parsed.names if name.startswith("on")} | (parsed.names & {"style"})
        assert not {"\u202e", "\u200b"} & set(page), path
        assert BSN not in page, path
        strange += page.count("&lt;script&gt;")
    assert len(paths) > len(SEARCHES) + 4
    assert strange > 30
    explained = pages.see(f"/admin/deliveries/{SOMEBODY}")
    assert explained.count("&lt;script&gt;") >= 10


def test_a_search_tells_as_what_it_was_taken(pages: Pages) -> None:
    """A word that is nothing finds nothing, and a person's number is not shown again."""
    for text, understood in (
        (NUMBER, "a number in the backend"),
        (TRACE, "a trace id"),
        (f"00-{TRACE}-00f067aa0ba902b7-01", "a trace id"),
        ("LS-f", "an external reference"),
        ("agent", "a client: all that has ended"),
        ("PLANON parked", "parked"),
        ("in flight", "in_flight"),
        ("planon", "what has not left"),
        ("delivered", "delivered, among the newest 10,000"),
        ("dl_0", "the beginning of a delivery"),
    ):
        assert understood in pages.see(f"/admin/search?q={quote(text)}"), text
    assert "there are more" in pages.see("/admin/search?q=planon")
    page = pages.see(f"/admin/search?q={BSN}")
    assert "Nothing is like that" in page
    assert BSN not in page
    pages.see(f"/admin/search?q={'x' * 201}", 404)


def test_a_group_is_acted_on_as_it_was_shown(pages: Pages) -> None:
    """Not without a reason, nor when another was seen, nor given up without the tick; then it is told what was done."""
    (path,) = [each for each in pages.groups() if f"All {PARKED}" in pages.see(each)]
    seen = re.search(r'name="seen" value="(\w+)"', pages.see(path))
    assert seen is not None
    assert "Not done" in pages.post(f"{path}/retry", 409, seen=seen[1], reason=" ")
    assert "has changed since" in pages.post(f"{path}/retry", 409, seen="another", reason="mended")
    assert "tick the box" in pages.post(f"{path}/discard", 409, seen=seen[1], reason="not wanted")
    assert f"All {PARKED}" in pages.see(path)
    told = pages.sent_on(f"{path}/discard", seen=seen[1], reason="not wanted", sure="on")
    assert f"{PARKED} were given up." in pages.see(told)
    pages.see(path, 404)
    assert "has changed since" in pages.post(f"{path}/retry", 409, seen=seen[1], reason="mended")


@pytest.mark.parametrize("state", ["unknown", "parked", "rejected"])
def test_a_look_at_the_backend_counts_for_what_the_page_showed(pages: Pages, state: str) -> None:
    """Who ticks that it is not there is refused when it has been sent since his page was made.

    One that was given up by the worker after a send that nobody answered may be in the backend as well.
    """
    database = pages.state.database
    (row,) = database.read("SELECT id FROM entry WHERE state = 'ready' ORDER BY seq DESC LIMIT 1")
    path = f"/admin/deliveries/{row['id']}"

    def change(columns: str) -> None:
        database.write(lambda tx: tx.execute(f"UPDATE entry SET {columns} WHERE id = '{row['id']}'"))  # noqa: S608

    change(f"state = '{state}', unknown_since = 1, unknown_boot = 'b', unknown_uptime = 1")
    page = pages.see(path)
    assert "The backend is asked for it first" in page
    assert 'name="not_there"' in page
    assert "The backend may have it all the same." in page
    (shown,) = re.findall(r'name="sends" value="(\d+)"', page)
    change("sends = sends + 1")
    ticked = {"reason": "looked", "not_there": "on"}
    for sends in (shown, "", "-1", "1e3", "٣", "9" * 5000):
        assert "sent since it was shown" in pages.post(f"{path}/retry", 409, **ticked, sends=sends)
    (now,) = re.findall(r'name="sends" value="(\d+)"', pages.see(path))
    assert pages.sent_on(f"{path}/retry", **ticked, sends=now) == f"{path}?done=retry&changed=1&left_out=0"


def test_an_address_makes_the_page_say_nothing_else(pages: Pages) -> None:
    """What was done comes from the address, so it is two numbers and one of our words."""
    path = f"/admin/deliveries/{SOMEBODY}"
    assert "2 were taken up again; 1 had changed" in pages.see(f"{path}?done=retry&changed=2&left_out=1")
    for query in ("done=you+won&changed=1", "done=retry", "changed=3"):
        assert 'role="status"' not in pages.see(f"{path}?{query}")
    pages.see(f"{path}?done=retry&changed=many", 404)


def test_what_cannot_be_read_is_said_plainly(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a page, with the words that the commands have for it."""

    def broken(*_: object, **__: object) -> object:
        raise StateUnavailable("the disk is full")

    monkeypatch.setattr(pages.state.database, "read", broken)
    for path in pages_without_a_state():
        page = pages.see(path, 503)
        assert "<h1>The state cannot be read</h1>" in page
        assert "The disk is full." in page


def pages_without_a_state() -> list[str]:
    return ["/admin", "/admin/groups/planon/abcdef", f"/admin/deliveries/{SOMEBODY}", "/admin/search?q=planon"]


def test_a_defect_tells_nothing_of_itself(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver's message may hold a person's words."""

    def broken(*_: object, **__: object) -> object:
        raise RuntimeError(f"of {BSN}")

    monkeypatch.setattr(pages.state.database, "read", broken)
    page = pages.see("/admin", 500)
    assert "A defect in the shim" in page
    assert BSN not in page


def test_only_the_page_s_own_files_are_sent(pages: Pages) -> None:
    """No path leads out of their folder."""
    answer = ask(pages.app, "GET", "/admin/static/admin.css")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert b"url(" not in answer.body
    assert b"@import" not in answer.body
    for name in ("..%2Froutes.py", "first.html", "admin.css.map"):
        assert ask(pages.app, "GET", f"/admin/static/{name}").status == 404


SCANNED = re.compile(r"SCAN (?!CONSTANT)(\w+)(?: USING (?:COVERING )?INDEX (\w+))?")
SMALL = {"destination", "description_differs", "client", "client_key", "k", "c", "clock"}
OURS = {"whose", "late", "g"}
"""What a statement makes itself, of few rows."""
OF_WHAT_HAS_NOT_LEFT = {"entry_of_key", "entry_attention"}


def test_no_page_scans_the_history(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it asks goes by an index, or through what has not left: a million delivered ones cost it nothing."""
    read = pages.state.database.read
    asked: dict[str, tuple[str, dict[str, Any]]] = {}

    def recording(statement: Statement | str, **values: Any) -> list[Any]:
        text = statement if isinstance(statement, str) else statement.sqlite
        asked[text] = (text, values)
        return read(statement, **values)

    paths = pages.all()
    monkeypatch.setattr(pages.state.database, "read", recording)
    for path in paths:
        pages.see(path)
    assert len(asked) > 20
    for text, values in asked.values():
        steps = [row["detail"] for row in read(f"EXPLAIN QUERY PLAN {text}", **values)]
        for step in steps:
            scanned = SCANNED.match(step)
            allowed = scanned is None or scanned[1] in SMALL | OURS or scanned[2] in OF_WHAT_HAS_NOT_LEFT
            assert allowed, f"{step}\n{text}"


@pytest.mark.parametrize(
    ("error", "outcome"), [(NotFound("there is no such delivery"), "not-found"), (KeyError("Jansen"), "internal-error")]
)
def test_what_went_wrong_is_counted_as_what_it_is(error: Exception, outcome: str) -> None:
    """In the metrics and the log a page that failed is no page that was shown."""
    observation = Observation("request", "a" * 32, "GET", "admin status")
    with observing(observation):
        error_page(error)
    assert observation.outcome == outcome
