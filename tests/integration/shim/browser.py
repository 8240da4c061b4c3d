"""A real browser without a screen, driven from the keyboard; it loads nothing that a test did not ask for."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from tests.services import unavailable

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
"""As Debian's packages have them."""
QUIET = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--force-color-profile=srgb"),
)
PATIENCE_S = 60
MOST_TABS = 80
TOO_WIDE = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
REFUSED = re.compile(r"/admin/(?!static/)\S+ - Failed to load resource: the server responded with a status of 4\d\d ")
FOCUSED = """
const at = document.activeElement;
if (at === document.body) return null;
const style = getComputedStyle(at);
return [(at.innerText || at.name || at.id || '').trim(), at.getBoundingClientRect().width > 1,
        style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2];
"""
FAINT = """
const parsed = (colour) => colour.match(/[\\d.]+/g).map(Number);
const bright = ([r, g, b]) => [r, g, b].map((each) => each / 255)
    .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    .reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0);
const ground = (at) => {
    for (; at; at = at.parentElement) {
        const found = parsed(getComputedStyle(at).backgroundColor);
        if (found.length < 4 || found[3] === 1) return found;
        if (found[3] > 0) throw new Error('a ground that is seen through');
    }
    throw new Error('no ground');
};
const told = [];
for (const at of document.querySelectorAll('body *')) {
    const text = [...at.childNodes].filter((each) => each.nodeType === 3 && each.data.trim());
    if (!text.length && at.tagName !== 'INPUT') continue;
    const [a, b] = [bright(parsed(getComputedStyle(at).color)), bright(ground(at))].sort((x, y) => y - x);
    told.push([(a + 0.05) / (b + 0.05), at.tagName, at.className, at.innerText]);
}
return told;
"""


class Browser:
    """One window."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, url: str) -> None:
        self.driver.get(url)

    def look(self, *, width: int = 1200, dark: bool = False) -> None:
        """Be so wide, and prefer a scheme, for every page from now on."""
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def run(self, script: str) -> Any:
        return self.driver.execute_script(script)

    def text(self, selector: str) -> str:
        """Return what is read in the first element, without what is only there to be heard."""
        return str(self.run(f"return document.querySelector({json.dumps(selector)}).innerText"))

    @property
    def path(self) -> str:
        return str(self.run("return location.pathname"))

    # --- the keyboard

    def press(self, *keys: str) -> None:
        ActionChains(self.driver).send_keys(*keys).perform()

    def focused(self) -> str:
        """Return what has the focus; it is seen, and it is seen to have it."""
        told = self.run(FOCUSED)
        assert told is not None, "nothing has the focus"
        text, is_seen, is_marked = told
        assert is_seen, f"{text!r} has the focus and is not seen"
        assert is_marked, f"{text!r} is not seen to have the focus"
        return str(text)

    def tab_to(self, beginning: str) -> list[str]:
        """Press Tab until what begins so has the focus; return what had it on the way."""
        met: list[str] = []
        for _ in range(MOST_TABS):
            self.press(Keys.TAB)
            met.append(self.focused())
            if met[-1].startswith(beginning):
                return met
        raise AssertionError(f"{beginning!r} is not reached by Tab: {met}")

    def enter(self) -> None:
        """Press Enter, and wait for the page that it leads to."""
        before = self.driver.find_element("tag name", "html").id
        self.press(Keys.ENTER)
        self._wait(before)

    def _wait(self, before: str) -> None:

        wait = WebDriverWait(self.driver, PATIENCE_S, ignored_exceptions=[WebDriverException])
        wait.until(lambda driver: driver.find_element("tag name", "html").id != before)
        wait.until(lambda _driver: self.run("return document.readyState") == "complete")

    # --- what is looked at

    def overflow(self) -> int:
        """Return by how much the page is wider than the window."""
        whole, seen = self.run(TOO_WIDE)
        return int(whole) - int(seen)

    def faint(self, least: float = 4.5) -> list[Any]:
        """Return the texts that have less contrast to their ground."""
        told = self.run(FAINT)
        assert len(told) > 3
        return [text for text in told if text[0] < least]

    def asked(self) -> list[str]:
        """Return every address that was asked for since this was called last; the browser's own pages are in itself."""
        logged = [json.loads(row["message"])["message"] for row in self.driver.get_log("performance")]  # type: ignore[no-untyped-call]
        urls = [row["params"]["request"]["url"] for row in logged if row["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith(("chrome:", "chrome-untrusted:", "data:"))]

    def complaints(self) -> list[str]:
        """Return what the console says since this was called last, but for pages that say themselves that they fail."""
        told = [str(row["message"]) for row in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]
        return [line for line in told if not REFUSED.search(line)]


@contextmanager
def running_browser(profile: Path) -> Iterator[Browser]:
    """Run one; skip where there is none."""
    for program in (CHROMIUM, DRIVER):
        if not program.exists():
            unavailable(FileNotFoundError(f"{program} is not installed; deploy/setup.sh dev does"))
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in (*QUIET, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with pytest.MonkeyPatch.context() as patch:
        # It looks for no driver, and tells nobody that it runs.
        patch.setenv("SE_AVOID_STATS", "true")
        patch.setenv("SE_OFFLINE", "true")
        patch.setenv("NO_PROXY", "127.0.0.1,localhost")
        service = Service(str(DRIVER), env={**os.environ, "HOME": str(profile)})
        driver = webdriver.Chrome(options=options, service=service)
    try:
        driver.set_page_load_timeout(PATIENCE_S)
        yield Browser(driver)
    finally:
        driver.quit()
