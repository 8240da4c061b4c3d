"""The operations page in a real browser, as an administrator at 23:50 meets it: seen, read and used by keyboard."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys
from typer.testing import CliRunner

from shim.cli.commands import app
from shim.local_time import time_of_day
from shim.root import open_deployment_state
from shim.settings import load
from simulators.launch import address_of, start_shim
from tests.integration.shim.browser import Browser, running_browser
from tests.unit.shim.admin.night import BSN, FAILED, NUMBER, PARKED, REJECTED, TRACE, written

LINK = ("admin", "link", "--for", "maria", "--json")
DELIVERED = f"dl_{'f':0>32}"
WAITS = f"dl_{format(256 + FAILED, 'x'):0>32}"


@dataclass
class Desk:
    """Somebody who is signed in before a page."""

    configuration: Path
    address: str
    browser: Browser

    def see(self, path: str = "/admin") -> None:
        self.browser.open(f"{self.address}{path}")
        assert self.browser.path == path.partition("?")[0]

    def states(self) -> dict[str, int]:
        with open_deployment_state(load(self.configuration)) as state:
            rows = state.database.read("SELECT state, COUNT(*) AS entries FROM entry GROUP BY state")
            return {row["state"]: row["entries"] for row in rows}

    def did(self) -> list[tuple[str, str, str]]:
        with open_deployment_state(load(self.configuration)) as state:
            rows = state.database.read("SELECT DISTINCT actor, action, reason FROM admin_action ORDER BY action")
            return [(row["actor"], row["action"], row["reason"]) for row in rows]

    def audited(self) -> str:
        with open_deployment_state(load(self.configuration)) as state:
            return json.dumps([tuple(row) for row in state.database.read("SELECT * FROM audit_event")], default=str)

    def group(self, text: str) -> str:
        """Return the path of the group whose cause begins so."""
        self.see()
        script = """return [...document.querySelectorAll('.group')].filter((each) => each.innerText.startsWith(%s))
                           .map((each) => new URL(each.querySelector('a.button').href).pathname)[0]"""
        return str(self.browser.run(script % json.dumps(text)))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A shim that delivers nothing meanwhile, and one browser."""
    configuration = written(tmp_path_factory.mktemp("night"))
    with (
        running_browser(tmp_path_factory.mktemp("profile")) as browser,
        start_shim(configuration, "--no-worker") as service,
    ):
        address = address_of(service)
        made = CliRunner().invoke(app, ["--config", str(configuration), *LINK, "--address", address])
        assert made.exit_code == 0, made.output
        browser.look()
        browser.open(json.loads(made.stdout)["url"])
        browser.tab_to("Sign in")
        browser.enter()
        yield Desk(configuration, address, browser)


@pytest.fixture(autouse=True)
def as_ever(desk: Desk) -> Iterator[None]:
    """After each test: nothing was asked of anybody else, and the console has nothing to say."""
    desk.browser.look()
    yield
    elsewhere = [url for url in desk.browser.asked() if not url.startswith(f"{desk.address}/admin")]
    assert elsewhere == []
    assert desk.browser.complaints() == []


def pages(desk: Desk) -> list[str]:
    """Every kind of page."""
    groups = [desk.group("<script>")]
    return ["/admin", *groups, f"/admin/deliveries/{DELIVERED}", f"/admin/deliveries/{WAITS}", "/admin/search?q=planon"]


def test_what_must_be_known_comes_first(desk: Desk) -> None:
    """In one sentence on top: since when, how many wait and how old, and who must act."""
    desk.see()
    sentence, states = desk.browser.text("h1"), desk.states()
    assert sentence.startswith("Planon is out of reach since ")
    assert f"; {states['ready']} reports wait, the oldest from " in sentence
    assert f" {states['parked'] + states['rejected']} parked or rejected need you; " in sentence
    assert sentence.endswith("; 1 delivered wants a look (sla_missing).")
    assert desk.browser.text("main > :first-child") == sentence
    assert desk.browser.driver.title.endswith("need you · legacy-shim")
    assert desk.browser.run("return document.querySelector('meta[http-equiv=refresh]').content") == "30"
    told = desk.browser.run("return document.querySelector('svg').getAttribute('aria-label')")
    assert told.startswith(f"{states['ready']} wait")
    times = desk.browser.run("return [...document.querySelectorAll('time')].map((each) => each.dateTime)")
    assert times
    assert all("T" in each for each in times)


def test_a_group_is_retried_by_keyboard_alone(desk: Desk) -> None:
    """Tab and Enter lead there in the order in which it is read; afterwards the page says what was done."""
    before = desk.states()
    desk.see()
    desk.browser.press(Keys.TAB)
    assert desk.browser.focused() == "Skip to what matters"
    desk.browser.press(Keys.ENTER)
    met = desk.browser.tab_to("Retry or discard…")
    assert met[0] == "Load now"
    desk.browser.enter()
    assert desk.browser.text("h1").startswith("document refused")
    desk.browser.tab_to("reason")
    desk.browser.press("mended in Planon")
    assert desk.browser.tab_to("Retry") == [f"Retry {PARKED} entries"]
    desk.browser.enter()
    assert desk.browser.text("[role=status]") == f"{PARKED} were taken up again."
    assert desk.browser.text("h1") == "Nothing fails for this cause any more"
    assert desk.states() == {**before, "ready": before["ready"] + PARKED, "parked": before["parked"] - PARKED}
    assert ("maria", "retry", "mended in Planon") in desk.did()


def test_a_group_is_given_up_by_whoever_confirms_it(desk: Desk) -> None:
    """Without the tick nothing is sent; a reason that names somebody is refused, and not shown again."""
    desk.see(desk.group("no right"))
    desk.browser.tab_to("Retry")
    desk.browser.tab_to("reason")
    desk.browser.press(f"wanted by {BSN}")
    desk.browser.tab_to("sure")
    desk.browser.tab_to("Discard")
    desk.browser.press(Keys.ENTER)
    assert desk.browser.run("return document.querySelector('[name=sure]').matches(':invalid')")
    assert desk.states()["rejected"] == REJECTED
    desk.browser.press(Keys.SPACE)  # the browser has put the focus where something is missing
    desk.browser.tab_to("Discard")
    desk.browser.enter()
    assert desk.browser.text("[role=alert]").startswith("Not done: ")
    assert BSN not in desk.browser.driver.page_source
    assert desk.states()["rejected"] == REJECTED
    desk.browser.run("document.querySelector('#discard-reason').focus()")
    desk.browser.press("entered by hand")
    desk.browser.tab_to("sure")
    desk.browser.press(Keys.SPACE)
    desk.browser.tab_to("Discard")
    desk.browser.enter()
    assert desk.browser.text("[role=status]") == f"{REJECTED} were given up."
    assert "rejected" not in desk.states()
    assert ("maria", "discard", "entered by hand") in desk.did()


def test_one_delivery_is_found_and_explained(desk: Desk) -> None:
    """By its number, typed into the field that every page has; who searched is in the audit, and not for what."""
    desk.see()
    desk.browser.tab_to("q")
    desk.browser.press(NUMBER)
    desk.browser.enter()
    assert "a number in the backend" in desk.browser.text("[role=status]")
    desk.browser.tab_to(DELIVERED[:11])
    desk.browser.enter()
    assert desk.browser.path == f"/admin/deliveries/{DELIVERED}"
    text = desk.browser.text("main")
    for word in (DELIVERED, NUMBER, "sla_missing", TRACE, "BO_PRIORITY", "matrix", "answered", "agent", "LS-f"):
        assert word in text
    audited = desk.audited()
    assert "admin search" in audited
    assert "admin look" in audited
    for wanted in (TRACE, "LS-f", "delivered", "agent", BSN, "planon waiting"):
        desk.see(f"/admin/search?q={wanted}")
    assert "Nothing is like that" in desk.browser.text("[role=status]")
    assert BSN not in desk.audited()
    assert BSN not in (desk.configuration.with_name("shim.log")).read_text("utf-8")


def test_one_delivery_is_retried_and_given_up(desk: Desk) -> None:
    """With a reason, and for the second with a tick; then it offers neither any more."""
    path = f"/admin/deliveries/{WAITS}"
    desk.see(path)
    desk.browser.run("document.querySelector('#retry-reason').focus()")
    desk.browser.press("now, please")
    desk.browser.tab_to("Retry")
    desk.browser.enter()
    assert desk.browser.text("[role=status]") == "1 was taken up again."
    desk.browser.run("document.querySelector('#discard-reason').focus()")
    desk.browser.press("entered by hand")
    desk.browser.tab_to("sure")
    desk.browser.press(Keys.SPACE)
    desk.browser.tab_to("Discard")
    desk.browser.enter()
    assert desk.browser.text("[role=status]") == "1 was given up."
    assert desk.browser.run("return document.querySelectorAll('main form').length") == 0
    assert "entered by hand" in desk.browser.text("main")


def test_what_is_not_there_is_told_on_a_page(desk: Desk) -> None:
    """A cause, a delivery, a path and a file."""
    for path in ("/admin/groups/planon/000000", f"/admin/deliveries/dl_{'9' * 32}", "/admin/deliveries/x", "/admin/x"):
        desk.see(path)
        assert desk.browser.run("return document.querySelectorAll('h1').length") == 1, path
        assert "404" in desk.browser.text("main")


def test_no_page_is_wider_than_a_telephone(desk: Desk) -> None:
    """Nor than a desk; a reason of 300 characters without a blank is broken."""
    found = pages(desk)
    for width in (400, 720, 1200):
        desk.browser.look(width=width)
        for path in found:
            desk.see(path)
            assert desk.browser.overflow() <= 0, (width, path)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everything_can_be_read(desk: Desk, dark: bool) -> None:
    """Every text stands out from its ground, by day and by night; nothing foreign is markup or turns a line around."""
    desk.browser.look(dark=dark)
    for path in pages(desk):
        desk.see(path)
        ground = desk.browser.run("return getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(255, 255, 255)") is not dark
        assert desk.browser.faint() == [], path
        assert desk.browser.run("return document.querySelectorAll('script, [style], [onclick]').length") == 0
        assert not {"\u202e", "\u200b"} & set(desk.browser.driver.page_source)
        assert BSN not in desk.browser.driver.page_source


def test_the_times_are_those_of_the_commands(desk: Desk) -> None:
    """The same clock, to the minute."""
    with open_deployment_state(load(desk.configuration)) as state:
        entry = state.outbox.get(WAITS)
    assert entry is not None
    desk.see(f"/admin/search?q={WAITS}")
    assert time_of_day(entry.reported_at) in desk.browser.text("tbody")
