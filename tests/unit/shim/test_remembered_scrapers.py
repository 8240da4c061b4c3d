"""Who scrapes on while the state cannot be read: the keys that have scraped last, and for nothing but a scrape."""

import pytest

from shim.admission import remembered
from shim.admission.client import METRICS, Client
from shim.admission.clients import KnownClient
from shim.admission.policy import Policy
from shim.admission.remembered import Scrapers

SCRAPE = Policy("metrics", (METRICS,))
OTHER = Policy("practice_find_patient", ("practice:find_patient",), "practice", "find_patient")


def known(*scopes: str) -> KnownClient:
    return KnownClient(Client("prometheus", frozenset(scopes)), "abcdefgh", 0)


def test_a_new_key_takes_the_place_of_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are rotated for as long as the process lives: the one in use is never the one that finds no room."""
    monkeypatch.setattr(remembered, "_MOST", 3)
    scrapers = Scrapers()
    for key in ("first", "second", "third", "first", "fourth"):
        scrapers.remember(SCRAPE, key, known(METRICS))
    remembers = [scrapers.recall(SCRAPE, key) is not None for key in ("first", "second", "third", "fourth")]
    assert remembers == [True, False, True, True]


def test_only_a_scrape_is_remembered_and_recalled() -> None:
    """A key that may scrape opens nothing else, and one that may not is not remembered by having asked."""
    scrapers = Scrapers()
    scrapers.remember(OTHER, "key", known(METRICS))
    scrapers.remember(SCRAPE, "key", known("practice:find_patient"))
    assert scrapers.recall(SCRAPE, "key") is None
    scrapers.remember(SCRAPE, "key", known(METRICS))
    assert scrapers.recall(SCRAPE, "key") is not None
    assert scrapers.recall(OTHER, "key") is None
