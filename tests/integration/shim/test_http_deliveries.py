"""A client reads its own deliveries as they end: each once, in order, from where it was, and nobody else's."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from tests.integration.shim.site import Site, minutes_ago, until

LIST = "/v1/deliveries"
CREATE = "/v1/planon/create_incident"


def page(site: Site, since: str | None = None, limit: int = 50, client: str = "agent") -> dict[str, Any]:
    query = f"limit={limit}" + ("" if since is None else f"&since={since}")
    answer = site.get(f"{LIST}?{query}", client=client)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def read(site: Site, since: str, limit: int = 3) -> Iterator[dict[str, Any]]:
    """Follow `next` until there is nothing more."""
    more = True
    while more:
        found = page(site, since, limit)
        assert len(found["deliveries"]) == limit or not found["more"]
        yield from found["deliveries"]
        since, more = found["next"], found["more"]


def now(site: Site, client: str = "agent") -> str:
    found = page(site, "now", client=client)
    assert (found["deliveries"], found["more"]) == ([], False)
    return str(found["next"])


def note(site: Site, tenant: str, incident: str, text: str) -> dict[str, Any]:
    body = {"tenant": tenant, "incident": incident, "text": text, "reported_at": minutes_ago(5)}
    return dict(site.post("/v1/planon/log_note", body, Prefer="wait=0").json())


def test_what_ends_is_listed_as_its_own_contract_replies(site: Site) -> None:
    """The number and the failure reach an agent that did not wait for either."""
    since = now(site)
    tenant = site.tenant()
    created = site.post(CREATE, site.report(tenant)).json()
    lost = site.post("/v1/planon/log_note", {**NOTE, "tenant": tenant, "incident": "INC-999999"}).json()["delivery"]
    written = note(site, tenant, created["incident"], "de sleutel ligt bij de buren")
    site.delivered(written["delivery"])
    told = list(read(site, since))
    assert [one["delivery"] for one in told] == [created["delivery"], lost["delivery"], written["delivery"]]
    assert [one["state"] for one in told] == ["delivered", "discarded", "delivered"]
    assert told == [site.get(f"{LIST}/{one['delivery']}").json() for one in told]
    assert told[0]["incident"] == created["incident"]


NOTE = {"text": "x", "reported_at": minutes_ago(1)}


def test_following_the_cursor_gives_each_ending_once(site: Site) -> None:
    """While deliveries end all the time; a place that is asked for again gives the same again."""
    since = now(site)
    tenant = site.tenant()
    with ThreadPoolExecutor(4) as pool:
        sending = [pool.submit(site.post, CREATE, site.report(tenant, summary=f"melding {n}")) for n in range(12)]
        seen: list[str] = []
        while len(seen) < len(sending):
            found = until(partial(page, site, since, 5), lambda found: found["deliveries"])
            assert page(site, since, len(found["deliveries"]))["deliveries"] == found["deliveries"]
            seen += [one["delivery"] for one in found["deliveries"]]
            since = found["next"]
        sent = {answer.result().json()["delivery"] for answer in sending}
    assert (len(seen), set(seen)) == (12, sent)
    assert page(site, since) == {"deliveries": [], "next": since, "more": False}


def test_the_beginning_is_the_oldest(site: Site) -> None:
    """Without a cursor a client reads all that it ever sent."""
    created = site.post(CREATE, site.report(site.tenant())).json()
    first = page(site, limit=1)
    assert len(first["deliveries"]) == 1
    everything = [*first["deliveries"], *read(site, first["next"], 200)]
    assert everything[-1]["delivery"] == created["delivery"]
    assert len({one["delivery"] for one in everything}) == len(everything)


def test_nobody_reads_another_client_s(site: Site) -> None:
    """Neither by its cursor nor from the beginning."""
    mine = site.post(CREATE, site.report(site.tenant())).json()["delivery"]
    theirs = site.post(CREATE, site.report(site.tenant(client="other")), client="other").json()["delivery"]
    found = page(site, limit=200, client="other")["deliveries"]
    assert theirs in [one["delivery"] for one in found]
    assert mine not in [one["delivery"] for one in found]
    refused = site.get(f"{LIST}?since={now(site)}", client="other")
    assert (refused.status_code, refused.json()["violations"][0]["field"]) == (400, "since")


def test_a_cursor_is_taken_to_the_letter(site: Site) -> None:
    """A flipped letter, a missing one, one too many, another spelling of the same bytes: 400 that names the field."""
    cursor = now(site)
    flipped = cursor[:10] + ("B" if cursor[10] != "B" else "C") + cursor[11:]
    wrong = [flipped, cursor[:-1], f"{cursor}A", cursor[3:], cursor.lower(), f"{cursor[:5]}%0A{cursor[5:]}", "", "42"]
    wrong += [f"{cursor}=", "DC_" + "!" * 32, "%C3%A9" * 35, "NOW"]
    for since in wrong:
        answer = site.get(f"{LIST}?since={since}")
        assert answer.status_code == 400, since
        assert answer.json()["type"].endswith("malformed-request")
        assert [violation["field"] for violation in answer.json()["violations"]] == ["since"]


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "1.5"])
def test_a_limit_is_within_its_limits(site: Site, limit: str) -> None:
    """400 that names the field."""
    answer = site.get(f"{LIST}?limit={limit}")
    assert (answer.status_code, answer.json()["violations"][0]["field"]) == (400, "limit")


def test_who_may_not_write_has_no_deliveries(site: Site) -> None:
    """The scope of a durable contract is needed, and a key."""
    assert site.get(LIST, client="narrow").status_code == 403
    assert site.get(LIST, client=None).status_code == 401


def test_what_an_administrator_ends_is_listed(site: Site) -> None:
    """Given up by hand, while the agent was told nothing but that it waits."""
    tenant = site.tenant()
    site.control.apply(down=True)
    waiting = site.post(CREATE, site.report(tenant), Prefer="wait=0").json()["delivery"]
    since = now(site)
    given_up = site.command("outbox", "discard", waiting, "--reason", "ingevoerd in Planon")
    assert given_up.returncode == 0, given_up.stderr
    (told,) = page(site, since)["deliveries"]
    assert (told["delivery"], told["state"], told["reason"]) == (waiting, "discarded", "ingevoerd in Planon")


def test_the_documentation_says_how_to_read_and_how_long_a_key_is_kept(site: Site) -> None:
    """The expiry is published where an agent's developer looks for it."""
    document = site.get("/openapi.json", client=None).json()
    listing = document["paths"][LIST]["get"]
    assert listing["operationId"] == "list_deliveries"
    assert {"since", "limit"} <= {parameter["name"] for parameter in listing["parameters"]}
    assert listing["responses"]["200"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/EndedDeliveries"
    }
    (key,) = [
        parameter
        for parameter in document["paths"]["/v1/intramed/confirm"]["post"]["parameters"]
        if parameter["name"] == "Idempotency-Key"
    ]
    assert "for 30 days" in key["description"]
