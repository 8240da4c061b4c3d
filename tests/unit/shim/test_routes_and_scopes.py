"""Who gets in where: every route of the application, walked as it is mounted, with every scope that there is."""

import asyncio
import re
from collections.abc import Iterator

import pytest
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

from contracts.catalogue import CATALOGUE, DeskKind
from tests.unit.shim.asgi import Answer, asked
from tests.unit.shim.standing import Standing, standing_in

PUBLIC = {
    *("GET /healthz", "GET /readyz", "GET /openapi.json", "GET /docs"),
    *("GET /static-offline-docs", "GET /problems", "GET /problems/{slug}"),
}
READS = {
    *("find_tenant", "get_incident", "list_at_risk", "check_outbound"),
    *("find_patient", "list_upcoming", "list_slots"),
}
WRITES = {"create_incident", "log_note", "hold_slot", "confirm", "cancel"}
DURABLE = {"planon:create_incident", "planon:log_note", "planon:write", "intramed:log_note", "intramed:write"}
CONTRACTS = {
    system: {row.name for row in CATALOGUE if row.desk is kind}
    for system, kind in (("planon", DeskKind.FACILITY), ("intramed", DeskKind.PRACTICE))
}
SCOPES = [
    *(f"{system}:{name}" for system, names in CONTRACTS.items() for name in sorted(names)),
    *(f"{system}:{bundle}" for system in CONTRACTS for bundle in ("read", "write", "staff")),
    *("shim:metrics", "shim:admin", "planon-2:read", "planon-2:write"),
]


def admitting(route: str) -> set[str]:
    """Say which scopes open a route, by its name alone."""
    path = route.partition(" ")[2]
    if path == "/metrics":
        return {"shim:metrics"}
    if path.startswith("/v1/deliveries"):
        return DURABLE
    _, _, system, name = path.split("/")
    return {f"{system}:{name}", f"{system}:{'read' if name in READS else 'write'}"}


def routes_of(standing: Standing) -> list[str]:
    found: list[str] = []
    for route in iter_route_contexts(standing.app.routes):
        methods = {"GET"} if isinstance(route.original_route, Mount) else {*(route.methods or ())} - {"HEAD"}
        found += [f"{method} {route.path}" for method in sorted(methods)]
    return found


async def send(standing: Standing, route: str, key: str | None) -> Answer:
    """Ask for a route with a body or a parameter that is refused as soon as somebody reads it."""
    method, _, path = route.partition(" ")
    path = re.sub(r"\{\w+\}", "none", path) + ("/x" if path.startswith("/static") else "?limit=none")
    return await asked(standing.app, method, path, ("content-type", "application/json"), key=key, body=b"{")


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    with standing_in(tmp_path_factory.mktemp("standing")) as made:
        yield made


def test_no_route_is_missing_and_the_public_ones_are_these(standing: Standing) -> None:
    """A contract of the catalogue for each desk, the deliveries, and what the service itself has."""
    routes = set(routes_of(standing))
    contracts = {f"POST /v1/{system}/{name}" for system, names in CONTRACTS.items() for name in names}
    deliveries = {route for route in routes if route.startswith("GET /v1/deliveries")}
    assert {name for names in CONTRACTS.values() for name in names} == READS | WRITES
    assert "GET /v1/deliveries/{delivery}" in deliveries
    assert routes == PUBLIC | contracts | deliveries | {"GET /metrics"}


def test_every_cell_of_the_table(standing: Standing) -> None:
    """401 without a key, 403 without the scope, and with it the request is read."""
    keys = {scope: standing.key(scope) for scope in SCOPES}
    table: dict[str, dict[str | None, int]] = {}

    async def fill() -> None:
        for route in routes_of(standing):
            table[route] = {None: (await send(standing, route, None)).status}
            for scope, key in keys.items():
                table[route][scope] = (await send(standing, route, key)).status

    asyncio.run(fill())
    _show(table)
    for route, cells in table.items():
        if route in PUBLIC:
            assert set(cells.values()) <= {200, 404}, route
            continue
        opened = {scope for scope, status in cells.items() if status not in {401, 403}}
        assert cells.pop(None) == 401, route
        assert opened == admitting(route), route
        assert {status for scope, status in cells.items() if scope not in opened} == {403}, route
        assert {cells[scope] for scope in opened} <= {200, 400}, route


def _show(table: dict[str, dict[str | None, int]]) -> None:
    """Print the table; a column is a scope, by the number that stands before it above."""
    width = max(map(len, table))
    lines = [f"{number:3} {scope}" for number, scope in enumerate(SCOPES, 1)]
    lines.append(f"\n{'':{width}} none" + "".join(f"{number:4}" for number in range(1, len(SCOPES) + 1)))
    lines += [
        f"{route:{width}} {cells[None]:4}" + "".join(f"{cells[scope]:4}" for scope in SCOPES)
        for route, cells in table.items()
    ]
    print("\n".join(lines))  # noqa: T201 - to be read with `pytest -s`
