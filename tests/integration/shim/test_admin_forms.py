"""What a form of the operations page must have: the token of its session, and where it comes from."""

from collections.abc import Iterator

import pytest

from tests.integration.shim.admin_door import FORM, HOST, NO_ORIGIN, Door, door_in

WHY = {"reason": "mended in the mapping"}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One for all: each test brings an entry and sessions of its own."""
    with door_in(tmp_path_factory.mktemp("door")) as opened:
        yield opened


def test_a_form_of_this_session_is_done(door: Door) -> None:
    """The same as the refused ones below, but for what is wrong with those."""
    entry = door.parked()
    answer = door.signed_in().post(f"/admin/deliveries/{entry.id}/retry", WHY)
    assert (answer.status, door.now(entry)) == (303, "ready")
    rows = [row for row in door.audit("admin retry") if entry.id in row["detail"]]
    assert [(row["phase"], row["outcome"], row["actor"]) for row in rows] == [
        ("intent", None, "jan"),
        ("outcome", "ok", "jan"),
    ]


@pytest.mark.parametrize(
    "csrf",
    [
        [],
        [("csrf", "")],
        [("csrf", "0" * 64)],
        [("csrf", "of another")],
        [("csrf", "cookie")],
        [("csrf", "é")],
        [("csrf", "own"), ("csrf", "own")],
        [("csrf", "0" * 64), ("csrf", "own")],
        [("CSRF", "own")],
        [("csrf ", "own")],
        [("csrf", "own\n")],
        [("csrf", "OWN")],
    ],
)
def test_a_form_without_this_sessions_token_is_refused(door: Door, csrf: list[tuple[str, str]]) -> None:
    """Missing, wrong, twice, or of another session of the same person: nothing is done."""
    entry = door.parked()
    browser, other = door.signed_in(), door.signed_in()
    own = {"own": browser.csrf, "OWN": browser.csrf.upper(), "own\n": browser.csrf + "\n"}
    known = {**own, "of another": other.csrf, "cookie": str(browser.cookie).partition("=")[2]}
    sent = [(name, known.get(value, value)) for name, value in csrf]
    answer = browser.post(f"/admin/deliveries/{entry.id}/retry", WHY, csrf=sent)
    assert (answer.status, door.now(entry)) == (403, "parked")
    assert other.post(f"/admin/deliveries/{entry.id}/retry", WHY).status == 303


FOREIGN = [
    ((NO_ORIGIN, "1"),),
    (("origin", "null"),),
    (("origin", "https://evil.example.org"),),
    (("origin", f"http://{HOST}.evil.example"),),
    (("origin", f"http://evil.example@{HOST}"),),
    (("origin", f"http://{HOST}:8080"),),
    (("origin", f"https://{HOST}:80"),),
    (("origin", f"ftp://{HOST}"),),
    (("origin", HOST),),
    (("origin", ""),),
    (("origin", "http://["),),
    (("origin", f"http://{HOST}"), ("origin", "http://evil.example")),
    *(
        (("sec-fetch-site", site), ("origin", f"http://{HOST}"), ("content-type", FORM))
        for site in ("cross-site", "same-site", "none", "", "Same-Origin", "same-origin, cross-site")
    ),
    (("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin"), ("content-type", FORM)),
    (("content-type", "application/json"),),
    (("content-type", "multipart/form-data; boundary=x"),),
    (("content-type", "text/plain"),),
    (("content-type", ""),),
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_form_from_elsewhere_is_refused(door: Door, headers: tuple[tuple[str, str], ...]) -> None:
    """With cookie and token of the session, and with a link that works: neither is enough."""
    entry, token = door.parked(), door.sessions.invite("piet")
    browser = door.signed_in()
    answer = browser.post(f"/admin/deliveries/{entry.id}/retry", WHY, *headers)
    assert (answer.status, door.now(entry)) == (403, "parked")
    assert door.browser().sign_in(token, *headers).status == 403
    assert door.browser().sign_in(token).status == 303


@pytest.mark.parametrize(
    ("scheme", "headers"),
    [
        ("http", (("sec-fetch-site", "same-origin"), ("origin", "https://behind.a.proxy"), ("content-type", FORM))),
        ("http", (("sec-fetch-site", "same-origin"), ("content-type", FORM))),
        ("http", (("origin", f"http://{HOST.upper()}:80"),)),
        ("https", (("origin", f"https://{HOST}:443"),)),
        ("http", (("content-type", f"{FORM}; charset=utf-8"),)),
    ],
)
def test_a_form_from_here_is_known_as_such(door: Door, scheme: str, headers: tuple[tuple[str, str], ...]) -> None:
    """What a browser says of it; behind a proxy our own name may be another one."""
    entry = door.parked()
    answer = door.signed_in(scheme=scheme).post(f"/admin/deliveries/{entry.id}/retry", WHY, *headers)
    assert (answer.status, door.now(entry)) == (303, "ready")


@pytest.mark.parametrize(
    "body", [b"csrf", b"&&", b"a=%ff&csrf=CSRF", b"csrf=CSRF&" + b"&".join([b"a=1"] * 30), b"\xff"]
)
def test_a_form_that_cannot_be_read(door: Door, body: bytes) -> None:
    """It is refused, and no defect."""
    entry, browser = door.parked(), door.signed_in()
    headers = (("origin", f"http://{HOST}"), ("content-type", FORM))
    sent = body.replace(b"CSRF", browser.csrf.encode())
    answer = browser.ask("POST", f"/admin/deliveries/{entry.id}/retry", *headers, body=sent)
    assert (answer.status, door.now(entry)) == (403, "parked")
