"""Who was refused is in the audit: with what they asked for and from where, and never with a key."""

from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from contracts.errors import Forbidden, TooManyRequests, Unauthenticated
from shim.admission.caller import Caller
from shim.admission.client import Client, ClientLimits
from shim.admission.denials import ANONYMOUS_PER_MINUTE, CLIENT_PER_MINUTE, REMEMBERED, Denials
from tests.unit.shim.asgi import ask
from tests.unit.shim.standing import Standing, Written, standing_in

FIND = "/v1/planon/find_tenant"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACED = ("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01")


@pytest.fixture
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    with standing_in(tmp_path_factory.mktemp("standing")) as made:
        yield made


def test_a_client_without_the_scope(standing: Standing) -> None:
    """Who, for whom, what, why not, and what ties it to the client's own log."""
    key = standing.key("planon:log_note")
    acting = (("x-on-behalf-of", "ward 3, BSN 999911120"), ("x-purpose", "planning"))
    assert ask(standing.app, "POST", FIND, TRACED, *acting, key=key, address="10.9.8.7").status == 403
    (event,) = standing.audit.events
    assert (event.action, event.phase, event.outcome) == ("facility_find_tenant", "outcome", "forbidden")
    assert (event.status, event.client, event.system, event.contract) == (403, "client-1", "planon", "find_tenant")
    assert (event.on_behalf_of, event.purpose, event.correlation) == ("ward 3, BSN [BSN]", "planning", TRACE)
    assert event.detail == {"address": "10.9.8.7", "scope": "planon:find_tenant"}


def test_a_client_from_another_network(standing: Standing) -> None:
    """The row says from where, and the answer does not say from where it would have been let in."""
    key = standing.key("planon:read", networks=(ip_network("10.1.0.0/16"),))
    answer = ask(standing.app, "POST", FIND, key=key, address="10.2.0.1")
    assert (answer.status, answer.problem) == (403, "forbidden")
    (event,) = standing.audit.events
    assert (event.outcome, event.detail) == ("forbidden", {"address": "10.2.0.1"})


def test_nobody_with_a_wrong_key(standing: Standing) -> None:
    """Its prefix at most; what is no key leaves nothing, and a path of nobody's leaves only that."""
    key = f"ls_0badc0de_{'S' * 43}"
    asked = "/v1/planon/patient-Jansen"
    for authorization in (key, "hunter2-hunter2"):
        assert ask(standing.app, "POST", FIND, TRACED, key=authorization).status == 401
    assert ask(standing.app, "GET", asked).status == 401
    first, second, third = standing.audit.events
    assert (first.action, first.outcome, first.client) == ("facility_find_tenant", "unauthenticated", None)
    assert (first.correlation, first.detail) == (TRACE, {"address": "127.0.0.1", "key": "0badc0de"})
    assert second.detail == third.detail == {"address": "127.0.0.1"}
    assert (third.action, third.contract) == ("unlisted", None)
    written = str(standing.audit.events)
    assert not any(secret in written for secret in ("SSSS", "hunter2", "Jansen"))


def test_what_is_let_in_or_not_there_is_no_denial(standing: Standing) -> None:
    """The use of a route is its own affair; 404 and 405 refuse nobody."""
    key = standing.key("shim:metrics")
    for method, path in (("GET", "/metrics"), ("GET", "/nowhere"), ("PUT", "/metrics"), ("GET", "/healthz")):
        ask(standing.app, method, path, key=key)
    assert standing.audit.events == []


def test_nobody_fills_the_audit() -> None:
    """60 rows in a minute, and the next row says how many were left out."""
    audit, now = Written(), [0.0]
    denials = Denials(audit, lambda: now[0])

    def refuse(times: int) -> None:
        for _ in range(times):
            denials.anonymous(None, "0" * 32, "10.9.8.7", None, Unauthenticated("no"))

    refuse(1000)
    assert len(audit.events) == ANONYMOUS_PER_MINUTE
    assert "left_out" not in audit.events[-1].detail
    now[0] += 59.9
    refuse(1)
    assert len(audit.events) == ANONYMOUS_PER_MINUTE
    now[0] += 0.2
    refuse(2)
    assert [event.detail.get("left_out") for event in audit.events[ANONYMOUS_PER_MINUTE:]] == [941, None]


def test_a_client_fills_the_audit_as_little(standing: Standing) -> None:
    """20 rows in a minute of each client, whatever it asks for; the next row says how many were left out."""
    abroad = standing.key("planon:read", networks=(ip_network("10.1.0.0/16"),))
    narrow = standing.key("planon:log_note")
    for _ in range(50):
        assert ask(standing.app, "POST", FIND, key=abroad, address="10.2.0.1").status == 403
        assert ask(standing.app, "GET", "/v1/nowhere", key=abroad, address="10.2.0.1").status == 403
        assert ask(standing.app, "POST", FIND, key=narrow).status == 403
    by_client = [event.client for event in standing.audit.events]
    assert {name: by_client.count(name) for name in by_client} == dict.fromkeys(
        ("client-1", "client-2"), CLIENT_PER_MINUTE
    )
    standing.now += 60
    for _ in range(2):
        ask(standing.app, "POST", FIND, key=abroad, address="10.2.0.1")
    ask(standing.app, "POST", FIND, key=narrow)
    told = [(event.client, event.detail.get("left_out")) for event in standing.audit.events[2 * CLIENT_PER_MINUTE :]]
    assert told == [("client-1", 100 - CLIENT_PER_MINUTE), ("client-1", None), ("client-2", 50 - CLIENT_PER_MINUTE)]


def test_each_reason_is_counted_for_itself() -> None:
    """A client that is refused a scope too often still shows that it has reached its limit."""
    audit = Written()
    denials, caller = Denials(audit, lambda: 0.0), Caller(Client("one", frozenset(), ClientLimits()), "0" * 32)
    for _ in range(CLIENT_PER_MINUTE + 1):
        denials.of(caller, None, None, Forbidden("no"))
    denials.of(caller, None, None, TooManyRequests("no", 1, "requests", 1, 60))
    outcomes = [event.outcome for event in audit.events]
    assert outcomes == [Forbidden.slug] * CLIENT_PER_MINUTE + [TooManyRequests.slug]


def test_what_is_counted_of_clients_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """Whose minute is over and told goes first; what is forgotten untold is in the log."""
    audit, now = Written(), [0.0]
    denials = Denials(audit, lambda: now[0])

    def refuse(name: str, times: int = 1) -> None:
        client = Client(name, frozenset(), ClientLimits())
        for _ in range(times):
            denials.of(Caller(client, "0" * 32), None, None, Forbidden("no"))

    refuse("first", CLIENT_PER_MINUTE + 7)
    for number in range(REMEMBERED - 1):
        refuse(f"client {number}")
    now[0] += 60
    for number in range(REMEMBERED - 1):
        refuse(f"later {number}")
    assert caplog.messages == []
    refuse("first")
    assert audit.events[-1].detail["left_out"] == 7
    refuse("first", CLIENT_PER_MINUTE + 4)
    refuse("one more")
    assert caplog.messages == ["5 denials of a client are in no row of the audit"]
    before = len(audit.events)
    refuse("later 998", CLIENT_PER_MINUTE + 5)
    assert len(audit.events) == before + CLIENT_PER_MINUTE - 1


def test_what_cannot_be_written_is_denied_all_the_same(standing: Standing) -> None:
    """And it is counted until it can be written again."""
    key = standing.key("planon:log_note")
    standing.audit.broken = True
    for _ in range(2):
        assert ask(standing.app, "POST", FIND, key=key).status == 403
    for _ in range(3):
        assert ask(standing.app, "POST", FIND, key="wrong").status == 401
    standing.audit.broken = False
    assert ask(standing.app, "POST", FIND, key="wrong").status == 401
    assert ask(standing.app, "POST", FIND, key=key).status == 403
    assert [event.detail.get("left_out") for event in standing.audit.events] == [3, 2]
