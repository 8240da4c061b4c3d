import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from contracts.facility import CreateIncidentRequest
from shim.http.problems import MEDIA_TYPE, install


def answered(body: dict[str, Any]) -> httpx.Response:
    """Post to an application that takes a report."""
    app = FastAPI()
    install(app)

    @app.post("/")
    def _take(report: CreateIncidentRequest) -> str:
        return report.severity

    async def post() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shim") as client:
            return await client.post("/", json=body)

    return asyncio.run(post())


@pytest.mark.parametrize("name", ["priority", "sla", "mandant", "location"])
def test_what_the_backends_rows_decide_is_a_clear_problem(name: str) -> None:
    """400, with the field and why; the value is not repeated."""
    answer = answered({"tenant": "TN_x", "severity": "high", name: "geheim"})
    assert (answer.status_code, answer.headers["content-type"]) == (400, MEDIA_TYPE)
    rule = "is decided by the backend's own rows, never by the caller"
    assert answer.json()["violations"] == [{"field": name, "rule": rule}]
    assert "geheim" not in answer.text
