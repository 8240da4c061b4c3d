"""A client that is limited to mandants, on a replica and services that are really there."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from contracts.delivery import Delivered
from contracts.desks import Call
from contracts.errors import BackendUnavailable, ContractError, NotFound, RuleMissing
from contracts.facility import (
    CreateIncidentRequest,
    FacilityNoteRequest,
    FindTenantRequest,
    GetIncidentRequest,
    ListAtRiskRequest,
)
from tests.integration.planon.planon_site import REPORTED_AT, Site, sending_of
from tests.integration.sql.places import await_that

HERE, ELSEWHERE, UNKNOWN = "TNT-10001", "TNT-10005", "TNT-99999"
"""Tenants of the housing association, of the schools, and of nobody."""
LIMITED = Call("LS-TAP", "agent", within=frozenset({"WBV"}))
NUMBER = "06-12345678"
TEXTS = ("het lekt nog steeds", "mijn bsn is 111222333")
"""A text that needs nothing of the replica, and one for which the tenant's numbers must be known."""


def change(site: Site, sql: str, *parameters: object) -> None:
    """Change the replica behind everybody's back."""
    with closing(sqlite3.connect(site.simulator.replica.path)) as database:
        database.execute(sql, parameters)
        database.commit()


def told(ask: Callable[[], object]) -> tuple[Any, ...]:
    """Return everything that a client is told of a refusal."""
    with pytest.raises(ContractError) as caught:
        ask()
    error = caught.value
    return type(error), error.slug, error.status, error.detail, error.members, getattr(error, "retry_after_s", None)


def create(site: Site, tenant: str, call: Call = LIMITED) -> object:
    return site.desk.create_incident(
        CreateIncidentRequest.model_validate(
            {"tenant": tenant, "severity": "high", "summary": "lek", "message": "lek", "reported_at": REPORTED_AT}
        ),
        call,
    )


def note(site: Site, tenant: str, text: str = TEXTS[0], call: Call = LIMITED, incident: str = "INC-000001") -> object:
    asked = {"tenant": tenant, "incident": incident, "text": text, "reported_at": REPORTED_AT}
    return site.desk.log_note(FacilityNoteRequest.model_validate(asked), call)


def get(site: Site, tenant: str, number: str, call: Call = LIMITED) -> object:
    return site.desk.get_incident(GetIncidentRequest(tenant=tenant, incident=number), call)


def found(site: Site, *codes: str, **facts: str) -> tuple[str, str | None, list[str]]:
    """Return what a client is told that is limited to these mandants."""
    reply = site.desk.find_tenant(FindTenantRequest.model_validate(facts), Call(within=frozenset(codes)))
    return reply.match, reply.tenant, list(reply.ask_for)


def everything(site: Site) -> list[Callable[[str], object]]:
    """Every contract that names a tenant."""
    return [
        lambda tenant: create(site, tenant),
        *(lambda tenant, text=text: note(site, tenant, text) for text in TEXTS),
        lambda tenant: get(site, tenant, "INC-000001"),
    ]


def delivered(site: Site, tenant: str) -> str:
    """Deliver an incident of a tenant; return its number."""
    document = site.incident(tenant, tenant=tenant)
    outcome = site.desk.destination.send(sending_of(document, tenant))
    assert isinstance(outcome, Delivered)
    return outcome.backend_id


def test_tenants_of_other_mandants_are_no_candidates(site: Site) -> None:
    """Neither certain nor counted: a number that two mandants' tenants share is certain to who knows of one."""
    change(site, "UPDATE tenant SET telephone_2 = ? WHERE tenant_id = ?", NUMBER, ELSEWHERE)
    assert found(site, "WBV", "SCH", telephone=NUMBER)[0] == "confirm"
    assert found(site, "WBV", telephone=NUMBER) == ("certain", HERE, [])
    assert found(site, " SCH  ", "NOWHERE", telephone=NUMBER) == ("certain", ELSEWHERE, [])
    for facts in (
        {"telephone": NUMBER},
        {"tenant_code": "4711"},
        {"address": "Wilgenlaan 14, 5017 AB Tilburg"},
        {"address": "Wilgelaan 14"},
        {"telephone": NUMBER, "tenant_code": "4711"},
        {"telephone": NUMBER, "address": "bij de kerk"},
    ):
        unknown = {"telephone": "0687654321"} if "telephone" in facts else {"tenant_code": "0001"}
        for codes in (("NOWHERE", "", "wbv", "WB"), ()):
            assert found(site, *codes, **facts) == found(site, "WBV", **unknown) == ("none", None, [])


def test_a_tenant_elsewhere_is_unknown_to_every_contract(site: Site) -> None:
    """The same answer; nothing is composed, nothing is kept, and no service is called."""
    assert delivered(site, ELSEWHERE) == "INC-000001"
    site.kept.rows.clear()
    site.simulator.apply({"down": True})
    for ask in everything(site):
        said = told(lambda: ask(ELSEWHERE))  # noqa: B023 - called here
        assert said == told(lambda: ask(UNKNOWN))  # noqa: B023 - likewise
        assert said[0] is NotFound
    assert site.kept.rows == {}


def test_what_is_wrong_with_a_tenant_elsewhere_is_not_told(site: Site) -> None:
    """A missing contract, a hole in the matrix and rows that contradict each other are answers about somebody."""
    for change_it in (
        "UPDATE tenant SET contract_id = 'NERGENS' WHERE tenant_id = ?",
        "CREATE VIEW doubled AS SELECT * FROM tenant_1 UNION ALL SELECT * FROM tenant_1 WHERE tenant_id = ?",
    ):
        if "VIEW" in change_it:
            change(site, "ALTER TABLE tenant RENAME TO tenant_1")
            change(site, change_it.replace("doubled", "tenant").replace("?", f"'{ELSEWHERE}'"))
        else:
            change(site, change_it, ELSEWHERE)
        assert told(lambda: create(site, ELSEWHERE, Call("LS-TAP")))[0] in {RuleMissing, BackendUnavailable}
        for ask in everything(site):
            said = told(lambda: ask(ELSEWHERE))  # noqa: B023 - called here
            assert said == told(lambda: ask(UNKNOWN))  # noqa: B023 - likewise
            assert said[0] is NotFound


def test_kept_rows_of_a_tenant_elsewhere_are_nobodys(site: Site) -> None:
    """With the replica down a tenant of another mandant is as unreachable as an unknown one; one's own is not."""
    for tenant in (HERE, ELSEWHERE):
        create(site, tenant, Call("LS-TAP"))
    site.simulator.apply({"replica_down": True})
    for ask in everything(site):
        said = told(lambda: ask(ELSEWHERE))  # noqa: B023 - called here
        assert said == told(lambda: ask(UNKNOWN))  # noqa: B023 - likewise
        assert said[0] is BackendUnavailable
    assert create(site, HERE).provenance == create(site, HERE, Call("LS-TAP")).provenance  # type: ignore[attr-defined]
    for text in TEXTS:
        assert note(site, HERE, text) == note(site, HERE, text, Call("LS-TAP"))
    site.kept.rows.clear()
    assert told(lambda: note(site, HERE))[0] is BackendUnavailable


def test_within_its_mandants_everything_is_as_without_a_limit(site: Site) -> None:
    """The same documents, and the incident as the services have it."""
    number, theirs = delivered(site, HERE), delivered(site, ELSEWHERE)
    assert create(site, HERE).body == create(site, HERE, Call("LS-TAP")).body  # type: ignore[attr-defined]
    for text in TEXTS:
        assert note(site, HERE, text) == note(site, HERE, text, Call("LS-TAP"))
    assert get(site, HERE, number) == get(site, HERE, number, Call())
    assert told(lambda: get(site, HERE, theirs)) == told(lambda: get(site, HERE, "INC-999999"))


def test_a_note_without_a_limit_reads_no_replica(site: Site) -> None:
    """Only who is limited depends on it."""
    site.simulator.apply({"replica_down": True})
    note(site, UNKNOWN, call=Call("LS-NOTE"))


def test_only_incidents_of_its_mandants_are_at_risk(site: Site) -> None:
    """The limit counts what the client may see; the nearest due first over all of its mandants."""
    site.simulator.apply({"lag_s": 0})
    numbers = {tenant: delivered(site, tenant) for tenant in (ELSEWHERE, HERE)}

    def listed(*codes: str, limit: int = 50) -> list[str]:
        call = Call(within=frozenset(codes))
        return [each.incident for each in site.desk.list_at_risk(ListAtRiskRequest(limit=limit), call).incidents]

    await_that(lambda: len(_stored(site)) == 2)
    due = "UPDATE incident SET sla_start = '2020-01-01T00:00:00+01:00', sla_due = ? WHERE incident_number = ?"
    change(site, due, "2020-01-02T00:00:00+01:00", numbers[ELSEWHERE])
    change(site, due, "2020-01-03T00:00:00+01:00", numbers[HERE])
    assert listed("WBV", limit=1) == [numbers[HERE]]
    assert listed(" SCH ") == [numbers[ELSEWHERE]]
    assert listed("SCH", "WBV", "NOWHERE") == [numbers[ELSEWHERE], numbers[HERE]]
    assert listed() == listed("NOWHERE", "", "sch", "W") == []
    change(site, "UPDATE incident SET mandant_code = NULL")
    assert listed("SCH", "WBV", "") == []
    assert len(site.desk.list_at_risk(ListAtRiskRequest(), Call()).incidents) == 2


def _stored(site: Site) -> list[Any]:
    with closing(sqlite3.connect(site.simulator.replica.path)) as database:
        return database.execute("SELECT 1 FROM incident").fetchall()
