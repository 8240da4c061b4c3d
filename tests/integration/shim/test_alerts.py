"""Who is told of an outage: whoever listens at the configured address, and whoever scrapes the service."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from standardwebhooks import Webhook as Verifying
from standardwebhooks.webhooks import WebhookVerificationError

from outbox.alerts import Alert, insert_alert
from outbox.database import open_database
from outbox.entry import to_ms
from outbox.store import PACKAGE
from outbox.telling import CannotTell, Teller
from shim.webhook import Webhook
from tests.integration.shim.site import Site, until

KEY = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw=="
ALERT = Alert("al_1", to_ms(datetime(2031, 3, 3, 21, 16, tzinfo=UTC)), "planon", "opened", "3 attempts in a row failed")


class Listening(ThreadingHTTPServer):
    """Takes posts, after it has refused as many as it was told to."""

    def __init__(self) -> None:
        self.refusals: list[int] = []
        self.posts: list[tuple[dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?token=secret-in-the-address"


class _Handler(BaseHTTPRequestHandler):
    server: Listening

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.posts.append((dict(self.headers.items()), body))
        self.send_response(self.server.refusals.pop(0) if self.server.refusals else 204)
        self.send_header("Location", self.server.url)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def listening() -> Iterator[Listening]:
    server = Listening()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def ear() -> Iterator[Listening]:
    with listening() as server:
        yield server


def test_an_alert_is_signed(ear: Listening) -> None:
    """The receiver can tell that it is ours and unchanged, and which one it is."""
    Webhook("night", ear.url, KEY).tell(ALERT)
    ((headers, body),) = ear.posts
    told = Verifying(KEY).verify(body, headers)
    assert told == {
        "type": "destination.opened",
        "timestamp": "2031-03-03T21:16:00.000+00:00",
        "data": {"deployment": "night", "system": "planon", "detail": "3 attempts in a row failed"},
    }
    assert headers["webhook-id"] == ALERT.id
    with pytest.raises(WebhookVerificationError):
        Verifying(KEY).verify(body.replace(b"planon", b"planet"), headers)


@pytest.mark.parametrize("status", [301, 400, 500])
def test_what_was_not_taken_was_not_told(ear: Listening, status: int) -> None:
    """Nor is it sent anywhere else."""
    ear.refusals = [status]
    with pytest.raises(CannotTell, match=str(status)):
        Webhook("night", ear.url, KEY).tell(ALERT)
    assert len(ear.posts) == 1


def test_an_address_where_nobody_listens_is_not_quoted(ear: Listening) -> None:
    """It may hold a token."""
    url = ear.url
    with listening() as gone:
        url = gone.url
    with pytest.raises(CannotTell) as failed:
        Webhook("night", url, KEY).tell(ALERT)
    assert "secret-in-the-address" not in repr(failed.value)


def test_a_thread_tells_what_happens(ear: Listening, tmp_path: Path) -> None:
    """It is told without anybody's asking, again after a refusal, and then no more."""
    ear.refusals = [503]
    database = open_database(tmp_path / "state.db", [PACKAGE])
    teller = Teller(database, lambda: datetime.now(UTC), Webhook("night", ear.url, KEY).tell)
    teller.start()
    now = to_ms(datetime.now(UTC))
    alert = database.write(lambda tx: insert_alert(tx, "planon", "opened", "nobody answers", now))
    until(lambda: database.read("SELECT sent_at FROM alert")[0]["sent_at"], lambda sent: sent is not None)
    teller.stop(30)
    database.close()
    assert [json.loads(body)["data"]["system"] for _, body in ear.posts] == ["planon", "planon"]
    assert {headers["webhook-id"] for headers, _ in ear.posts} == {alert.id}


def test_a_scrape_tells_what_waits_and_what_is_out_of_reach(site: Site) -> None:
    """By a client that may do nothing else, and without a person in it; both ends of an outage are counted."""
    tenant = site.tenant()
    before = samples(site)
    site.control.apply(down=True)
    answer = site.post("/v1/planon/create_incident", site.report(tenant), Prefer="wait=0")
    assert answer.status_code == 202
    until(lambda: samples(site), lambda now: now["legacy_shim_outbox_breaker_open", "planon"] == 1)
    waiting = samples(site)
    assert (
        sum(waiting["legacy_shim_outbox_entries", "planon", state] for state in ("ready", "in_flight", "unknown")) >= 1
    )
    site.control.apply(down=False)
    site.delivered(answer.json()["delivery"])
    # What was expensive to read is believed for a moment.
    after = until(lambda: samples(site), lambda now: now["legacy_shim_outbox_breaker_open", "planon"] == 0)
    for kind in ("opened", "closed"):
        name = ("legacy_shim_outbox_alerts_total", "planon", kind)
        assert after[name] == before.get(name, 0) + 1


def samples(site: Site) -> dict[tuple[str, ...], float]:
    scraped = site.get("/metrics", client="scraper")
    assert scraped.headers["content-type"].startswith("text/plain")
    families = text_string_to_metric_families(scraped.text)
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}
