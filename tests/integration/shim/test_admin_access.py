"""Who gets to the operations page: every answer of the whole application, over its state."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from fastapi.routing import APIRoute
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from contracts.errors import StateUnavailable
from shim.admin.attempts import PER_MINUTE, WINDOW_S
from shim.admin.sessions import Sessions
from shim.admission.policies import PAGES
from shim.settings import AdminSection
from tests.integration.shim.admin_door import FORM, HOST, Browser, Door, door_in
from tests.unit.outbox.stand_ins import at_once
from tests.unit.shim.asgi import Answer, ask

WHY = {"reason": "mended in the mapping"}
EVERY = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with door_in(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One for the tables of tricks: each row brings an entry and sessions of its own."""
    with door_in(tmp_path_factory.mktemp("door")) as opened:
        yield opened


def location(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.headers.get("location")


TO_SIGN_IN = (303, "/admin/sign-in")


def test_a_link_signs_in_once(door: Door) -> None:
    """To look at the link uses nothing up; its button does, and then it is any other link that does not work."""
    token = door.sessions.invite("jan", "root")
    browser = door.browser()
    assert location(browser.get("/admin")) == TO_SIGN_IN
    for _ in range(3):
        shown = browser.get(f"/admin/sign-in?token={token}")
        assert (shown.status, token in shown.body.decode(), "set-cookie" in shown.headers) == (200, True, False)
    assert location(browser.sign_in(token)) == (303, "/admin")
    assert browser.get("/admin").status == 200
    assert [(row.actor, row.made_by) for row in door.sessions.rows()] == [("jan", "root")]
    other = door.browser()
    again = other.sign_in(token)
    assert (again.status, other.cookie) == (403, None)
    (row,) = [row for row in door.audit("admin sign-in") if row["outcome"] == "ok"]
    assert (row["actor"], row["phase"], row["status"]) == ("jan", "outcome", 303)
    told = json.loads(row["detail"])
    assert told == {"address": "127.0.0.1", "session": door.sessions.rows()[0].id, "link_by": "root"}


def test_two_hundred_press_the_button_at_once(door: Door) -> None:
    """One is signed in."""
    token = door.sessions.invite("jan")
    body = f"token={token}".encode()
    headers = (("host", HOST), ("origin", f"http://{HOST}"), ("content-type", FORM), ("content-length", str(len(body))))

    def press(number: int) -> int:
        address = f"10.0.0.{number}"
        return ask(door.app, "POST", "/admin/sign-in", *headers, body=body, address=address).status

    statuses = at_once(200, press)
    assert (statuses.count(303), len(door.sessions.rows())) == (1, 1)
    assert set(statuses) <= {303, 403, 503}  # somebody may have to wait longer than he is let wait


def test_nothing_is_learnt_of_a_link_that_does_not_work(door: Door) -> None:
    """Used, expired, never made, or no token at all: the same answer, and a denial in the audit without the token."""
    used, expired = door.sessions.invite("jan"), door.sessions.invite("jan")
    door.signed_in()
    assert door.browser().sign_in(used).status == 303
    with door.database.transaction() as tx:
        tx.execute("UPDATE admin_link SET expires_at = expires_at - 90000000 WHERE used_at IS NULL")
    tokens = [used, expired, "A" * 43, "", "A" * 9000, "ls_00000000_" + "A" * 43, "' OR 1=1 --", used + "\n"]
    answers = [door.browser().sign_in(token) for token in tokens]
    assert {answer.status for answer in answers} == {403}
    assert len({answer.body for answer in answers}) == 1
    assert len({tuple(sorted(set(answer.headers) - {"traceparent"})) for answer in answers}) == 1
    rows = [row for row in door.audit("admin sign-in") if row["outcome"] != "ok"]
    assert [(row["outcome"], row["status"], row["actor"]) for row in rows] == [("forbidden", 403, None)] * len(tokens)


def test_guessing_is_limited(door: Door) -> None:
    """After 20 a minute from one address not even a good one is looked at; whoever comes from elsewhere is."""
    guessing = door.browser(address="10.0.0.9")
    assert [guessing.sign_in("A" * 43).status for _ in range(PER_MINUTE)] == [403] * PER_MINUTE
    token = door.sessions.invite("jan")
    limited = guessing.sign_in(token)
    assert limited.status == 429
    assert 0 < int(limited.headers["retry-after"]) <= WINDOW_S
    assert door.browser(address="10.0.0.8").sign_in(token).status == 303


# --- sessions


def test_every_page_needs_a_session_and_every_form_its_token(door: Door) -> None:
    """Of each route there is, whoever has written it."""
    browser, nobody = door.signed_in(), door.browser()
    routes = {(route.path, method) for route in _routes(door) for method in route.methods or ()}
    public = {("/admin/sign-in", "GET"), ("/admin/sign-in", "POST"), ("/admin/static/{name}", "GET")}
    assert routes == {(path, method) for path, (method, _) in PAGES.items()} | public
    for path, method in sorted(routes - public):
        where = path.format(system="planon", code="012345", delivery="dl_" + "0" * 32)
        if method == "GET":
            assert location(nobody.get(where)) == TO_SIGN_IN
        else:
            assert (nobody.post(where, WHY).status, browser.post(where, WHY, csrf=[]).status) == (403, 403)
    assert browser.get("/admin").status == 200


def _routes(door: Door) -> list[APIRoute]:
    found = [route for route in _all(door.app.routes) if isinstance(route, APIRoute)]
    return [route for route in found if route.path.startswith("/admin")]


def _all(routes: Any) -> Iterator[Any]:
    from fastapi.routing import iter_route_contexts  # noqa: PLC0415

    for each in iter_route_contexts(routes):
        yield each.original_route


def test_a_cookie_opens_pages_and_a_key_contracts(door: Door) -> None:
    """Neither opens what the other does, and both together no more than each."""
    key = door.state.clients.add("agent", ["shim:admin", "shim:metrics", "planon:*", "planon:read"])
    bearer = ("authorization", f"Bearer {key}")
    entry, browser, nobody = door.parked(), door.signed_in(), door.browser()
    assert location(nobody.get("/admin", bearer)) == TO_SIGN_IN
    act = f"/admin/deliveries/{entry.id}/retry"
    assert (nobody.post(act, WHY, bearer).status, door.now(entry)) == (403, "parked")
    for path in ("/v1/deliveries", f"/v1/deliveries/{entry.id}", "/metrics"):
        assert (nobody.get(path).status, browser.get(path).status) == (401, 401), path
    assert browser.post("/v1/planon/find_tenant").status == 401
    assert nobody.get("/metrics", bearer).status == 200
    assert browser.get("/admin", bearer).status == 200


def test_a_session_ends(door: Door) -> None:
    """By signing out, by the database's clock, or by command: the cookie opens nothing any more."""
    out, late, told = door.signed_in(), door.signed_in(), door.signed_in("piet")
    assert out.post("/admin/sign-out", csrf=[]).status == 403
    answer = out.post("/admin/sign-out")
    assert (answer.status, "Max-Age=0" in answer.headers["set-cookie"]) == (200, True)
    assert location(out.get("/admin")) == TO_SIGN_IN
    assert out.post("/admin/sign-out").status == 403
    assert (late.get("/admin").status, door.sessions.end_all("piet")) == (200, (1, 0))
    assert location(told.get("/admin")) == TO_SIGN_IN
    with door.database.transaction() as tx:
        tx.execute("UPDATE admin_session SET expires_at = expires_at - 3600001")
    assert location(late.get("/admin")) == TO_SIGN_IN


def test_nobody_is_given_a_session_that_another_knows(door: Door) -> None:
    """A cookie that was there before is ended, not adopted; of two nobody is believed."""
    before = door.signed_in("mallory")
    victim = door.browser(cookie=before.cookie)
    victim.sign_in(door.sessions.invite("jan"))
    assert victim.cookie != before.cookie
    assert [row.actor for row in door.sessions.rows()] == ["jan"]
    for both in (f"{victim.cookie}; {before.cookie}", f"{before.cookie}; {victim.cookie}"):
        assert location(door.browser(cookie=both).get("/admin")) == TO_SIGN_IN
    chosen = f"shim-admin={'A' * 43}"
    assert location(door.browser(cookie=chosen).get("/admin")) == TO_SIGN_IN


def test_the_cookie_is_kept_from_everybody_else(door: Door) -> None:
    """Over HTTPS under a name that no other host can set; what was set without it is not believed there."""
    kept = {}
    for scheme in ("http", "https"):
        answer = door.browser(scheme=scheme).sign_in(door.sessions.invite("jan"))
        value, *attributes = answer.headers["set-cookie"].split("; ")
        kept[scheme] = (value.partition("=")[0], sorted(attributes))
        other = door.browser(scheme="https" if scheme == "http" else "http", cookie=value)
        assert location(other.get("/admin")) == TO_SIGN_IN
        renamed = value.replace("__Host-", "") if scheme == "https" else f"__Host-{value}"
        assert door.browser(scheme=other.scheme, cookie=renamed).get("/admin").status == 200  # it is the name alone
    usual = ["HttpOnly", "Max-Age=3600", "SameSite=strict"]
    assert kept == {
        "http": ("shim-admin", sorted([*usual, "Path=/admin"])),
        "https": ("__Host-shim-admin", sorted([*usual, "Path=/", "Secure"])),
    }


@pytest.mark.parametrize(("address", "name"), [("10.0.0.5", "__Host-shim-admin"), ("10.0.0.6", "shim-admin")])
def test_a_proxy_that_is_named_says_that_it_is_https(door: Door, address: str, name: str) -> None:
    """As the listener lets it; another one is not believed, and its browser keeps a cookie for plain HTTP."""
    behind = ProxyHeadersMiddleware(cast("Any", door.app), trusted_hosts=["10.0.0.5"])
    browser = Browser(cast("Any", behind), address=address)
    said = (("x-forwarded-proto", "https"), ("origin", f"https://{HOST}"))
    answer = browser.post("/admin/sign-in", {"token": door.sessions.invite("jan")}, *said, csrf=[])
    assert (answer.status, answer.headers["set-cookie"].partition("=")[0]) == (303, name)
    assert ("Secure" in answer.headers["set-cookie"]) is (name != "shim-admin")


# --- tricks


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", "Post", "GET"])
def test_only_the_methods_of_a_route(shared: Door, method: str) -> None:
    """None of the others does what a POST does, nor shows what a GET does; a header or field that names one is none."""
    entry, nobody, browser = shared.parked(), shared.browser(), shared.signed_in()
    act = f"/admin/deliveries/{entry.id}/retry"
    for one in (nobody, browser):
        assert one.ask(method, act).status == 405
    if method != "GET":
        for one in (nobody, browser):
            assert one.ask(method, "/admin").status == 405
        assert nobody.get("/admin", ("x-http-method-override", method)).status == 303
    override = ("x-http-method-override", "POST"), ("x-method-override", "POST")
    assert browser.get(f"{act}?_method=POST&csrf={browser.csrf}&reason=x", *override).status == 405
    assert shared.now(entry) == "parked"


@pytest.mark.parametrize(
    "path",
    [
        *("//admin", "/admin/", "/admin//", "/./admin", "/x/../admin", "/Admin", "/admin;x", "/admin%2f", "/admin%00"),
        *("/%61dmin", "/admin%3f", "/admin/../metrics", "/admin/..%2fmetrics", "/v1/../admin", "/admin/.", "/admin%20"),
        *("/admin/static/..%2f..%2fsessions.py", "/admin/static/../sessions.py", "/admin/static/%2e%2e/sessions.py"),
        *("/admin/static/", "/admin/static/admin.css%00", "/admin/static//etc/passwd", "/admin/sign-in/", "/admin?x"),
        *("/admin/deliveries/", "/admin/deliveries/..", "/admin/groups/planon/", "/admin/search/", "/admin#x"),
    ],
)
def test_no_other_way_to_write_a_path_gets_in(shared: Door, path: str) -> None:
    """Nobody sees a page; and what the style is served from serves nothing else."""
    shared.parked()
    answer = shared.browser().get(path)
    assert answer.status in {303, 401, 404}, (answer.status, answer.body)
    assert answer.status != 303 or location(answer) == TO_SIGN_IN
    for told in (b"parked", b"class Sessions", b"root:"):
        assert told not in answer.body


def test_what_is_public_tells_of_nobody(door: Door) -> None:
    """The style, and the page that says how to get a link."""
    nobody = door.browser()
    style = nobody.get("/admin/static/admin.css")
    assert (style.status, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    page = nobody.get("/admin/sign-in")
    assert (page.status, b"shim admin link" in page.body, b"token" in page.body) == (200, True, False)


# --- headers, logs and what is left


def test_every_answer_has_the_headers(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages, redirections, refusals of the door and of the routes, what is too long, and a state that is ill."""
    entry, browser, nobody = door.parked(), door.signed_in(), door.browser()
    answers = [
        nobody.get("/admin"),
        nobody.get("/admin/nowhere"),
        nobody.get("/admin/sign-in?token=x"),
        nobody.sign_in("x"),
        nobody.ask("PUT", "/admin"),
        nobody.get(f"/admin/{'x' * 5000}"),
        nobody.post(f"/admin/deliveries/{entry.id}/retry", WHY),
        browser.get("/admin"),
        browser.get(f"/admin/deliveries/{entry.id}"),
        browser.get(f"/admin/deliveries/dl_{'9' * 32}"),
        browser.get("/admin/search?q=x"),
        browser.post(f"/admin/deliveries/{entry.id}/retry", {"reason": ""}),
        browser.post(f"/admin/deliveries/{entry.id}/retry", {"reason": "x" * 200_000}),
        browser.post(f"/admin/deliveries/{entry.id}/retry", WHY),
        browser.post("/admin/sign-out", csrf=[]),
        browser.post("/admin/sign-out"),
    ]

    def ill(*_: object) -> None:
        raise StateUnavailable("the disk is full")

    monkeypatch.setattr(Sessions, "find", ill)
    answers.append(browser.get("/admin"))
    statuses = [303, 404, 200, 403, 405, 414, 403, 200, 200, 404, 200, 409, 413, 303, 403, 200, 503]
    assert [answer.status for answer in answers] == statuses
    for answer in answers:
        assert {name: answer.headers.get(name) for name in EVERY} == EVERY
        assert answer.headers["referrer-policy"] in {"same-origin", "strict-origin"}
    assert answers[2].headers["referrer-policy"] == "strict-origin"  # its address has a token in it
    assert answers[4].headers["allow"] == "GET"
    style = nobody.get("/admin/static/admin.css").headers
    assert style["content-security-policy"] == EVERY["content-security-policy"]
    assert "content-security-policy" not in nobody.get("/healthz").headers


def test_tokens_and_cookies_are_nowhere(door: Door, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """In no log line, no row, no file of the state, and no page but the link's own; of the session its forms alone."""
    caplog.set_level(logging.DEBUG)
    token, entry, browser = door.sessions.invite("jan"), door.parked(), door.browser()
    shown = browser.get(f"/admin/sign-in?token={token}")
    browser.sign_in(token)
    cookie = str(browser.cookie).partition("=")[2]
    door.browser().sign_in(token)
    browser.get("/admin", ("cookie", f"shim-admin={cookie}"))
    browser.get(f"/admin/deliveries/{entry.id}")
    browser.post(f"/admin/deliveries/{entry.id}/retry", WHY)
    browser.post("/admin/sign-out")
    browser.get("/admin")
    door.state.audit.close()
    lines = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    files = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.is_file())
    pages = b"".join(answer.body for answer in browser.answers if answer is not shown)
    for secret in (token, cookie, browser.csrf):
        assert secret not in lines
        assert secret.encode() not in files
    assert (token.encode() in pages, cookie.encode() in pages, browser.csrf.encode() in pages) == (False, False, True)


def test_without_a_page_there_is_nothing_at_its_paths(tmp_path: Path) -> None:
    """Nobody is asked who it is, and a session from before opens nothing."""
    with door_in(tmp_path) as door:
        token, before = door.sessions.invite("jan"), door.signed_in()
    with door_in(tmp_path, AdminSection(enabled=False)) as door:
        for path in [*PAGES, "/admin/sign-in", f"/admin/sign-in?token={token}", "/admin/static/admin.css", "/admin/x"]:
            for browser in (door.browser(), Browser(door.app, cookie=before.cookie)):
                assert (browser.get(path).status, browser.post(path, WHY).status) == (404, 404)
        assert "content-security-policy" in door.browser().get("/admin").headers


def test_who_is_turned_away_is_in_the_audit(door: Door) -> None:
    """A cookie that opens nothing, a form of nobody, and one that somebody was made to send; no mere visit."""
    nobody, stale = door.browser(), door.browser(cookie=f"shim-admin={'A' * 43}", address="10.0.0.7")
    nobody.get("/admin")
    stale.get("/admin/search?q=Jansen")
    stale.post("/admin/groups/planon/012345/discard", WHY)
    door.signed_in(address="10.0.0.7").post("/admin/groups/planon/012345/retry", WHY, csrf=[])
    rows = [row for row in door.audit() if row["outcome"] != "ok"]
    assert {json.loads(row["detail"])["address"] for row in rows} == {"10.0.0.7"}
    assert [(row["action"], row["outcome"], row["status"], row["actor"]) for row in rows] == [
        ("admin search", "unauthenticated", 401, None),
        ("admin discard", "forbidden", 403, None),
        ("admin retry", "forbidden", 403, "jan"),
    ]
