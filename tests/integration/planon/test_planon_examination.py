"""What an examination of Planon asks and leaves alone, and how its descriptions are named."""

import shutil
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import schemas
from adapters.planon import adapter
from adapters.planon.mapping import PACKAGED
from adapters.planon.options import PlanonOptions
from adapters.sql.examination import About, judged
from contracts.desks import AdapterMisconfigured
from contracts.examination import Examination, Landed, Step
from simulators.planon.simulator import PlanonSimulator
from tests.integration.planon.answering import INCIDENT, LOG, SESSION, operation_of, soap, xml
from tests.integration.planon.planon_site import options_for
from tests.integration.soap.raw_server import Behaviour, RawServer, answer, choosing

PATIENCE_S = 60.0


@pytest.fixture
def planon(tmp_path: Path) -> Iterator[PlanonSimulator]:
    with PlanonSimulator(tmp_path / "replica.db") as running:
        yield running


def now() -> datetime:
    return datetime.now(UTC)


def steps(options: PlanonOptions, newest: Landed | None = None) -> dict[str, Step]:
    """Examine, and return the steps by name."""
    assert adapter.examine is not None
    examination = Examination("planon", now, time.monotonic() + PATIENCE_S, newest)
    return {step.name: step for step in adapter.examine(options, examination)}


def codes(found: dict[str, Step]) -> set[str]:
    return {finding.diagnosis.code for step in found.values() for finding in step.findings}


def answers(*syscodes: int) -> Callable[[bytes], Behaviour]:
    """Answer as Planon does; each search finds these."""

    def chosen(request: bytes) -> Behaviour:
        if not request.startswith(b"POST"):  # a GET, or a mere knock
            return answer(405, "text/plain", b"")
        said = {"login": soap("<r:loginResponse><r:return>s</r:return></r:loginResponse>", SESSION)}
        said |= {"logout": soap("<r:logoutResponse/>", SESSION)}
        found = "".join(f"<r:return>{syscode}</r:return>" for syscode in syscodes)
        found = f"<r:findResponse>{found}</r:findResponse>"
        said |= {"find": soap(found, LOG if b"/CommunicationLog" in request else INCIDENT)}
        return xml(said[operation_of(request)])

    return chosen


def test_looking_posts_no_document_and_leaves_no_session() -> None:
    """Log-in, searches for what nobody has, log-out; everything else is a GET."""
    with choosing(answers()) as server:
        found = steps(_options_at(server))
    posts = [request for request in server.requests if request.startswith(b"POST")]
    assert [operation_of(request) for request in posts] == ["login", "find", "find", "logout", "find"]
    assert codes(found) == {"database-missing"}  # there is no replica


def test_a_filter_that_is_ignored_is_named() -> None:
    """It would make every record ours."""
    with choosing(answers(7)) as server:
        assert "filter-ignored" in codes(steps(_options_at(server)))


def _options_at(server: RawServer) -> PlanonOptions:
    return PlanonOptions.model_validate(
        {
            "soap_url": f"{server.url}soap",
            "appsuite_url": f"{server.url}appsuite/incident",
            "user": "shim",
            "password": "geheim",
            "replica_url": "sqlite:////nowhere/replica.db",
        }
    )


@pytest.mark.parametrize(
    ("backend_id", "kind", "age", "lags"),
    [
        ("INC-1", "incident", timedelta(hours=1), True),
        ("INC-1", "incident", timedelta(seconds=20), False),
        ("1001", "note", timedelta(hours=1), False),
    ],
    ids=["long ago", "just now", "a note"],
)
def test_a_replica_lags_when_it_lacks_an_old_incident(
    planon: PlanonSimulator, backend_id: str, kind: str, age: timedelta, lags: bool
) -> None:
    """One of the last minutes may lack, and the key of a note is no incident's number."""
    landed = Landed(backend_id, now() - age, kind)
    assert ("replica-lagging" in codes(steps(options_for(planon), landed))) is lags


@pytest.mark.parametrize(("lag_s", "lags"), [(4.0, False), (400.0, True)])
def test_a_standby_says_itself_how_far_it_is_behind(lag_s: float, lags: bool) -> None:
    """Beyond five minutes somebody should look."""
    about = About("UTF8", "UTC", now(), recovering=True, lag_s=lag_s)
    found = {step.name: step for step in judged(about, Examination("planon", now, 0.0))}
    assert codes(found) == ({"replica-lagging"} if lags else set())


def test_odbc_that_pools_is_named(planon: PlanonSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the file that says so."""
    pytest.importorskip("pyodbc")
    (tmp_path / "odbcinst.ini").write_text("[ODBC]\nPooling = Yes\n", encoding="utf-8")
    monkeypatch.setenv("ODBCSYSINI", str(tmp_path))
    found = steps(options_for(planon, replica_url="mssql+pyodbc://reader@nowhere"))
    assert [finding.diagnosis.code for finding in found["files"].findings] == ["odbc-pooling"]
    assert str(tmp_path / "odbcinst.ini") in found["files"].findings[0].detail


def own(folder: Path) -> dict[str, str]:
    """Files of a site, and the options that name them."""
    shutil.copytree(schemas.path("xsd/PROVENANCE.md").parent, folder / "xsd")
    text = schemas.path("wsdl/planon.wsdl").read_text(encoding="utf-8")
    (folder / "planon.wsdl").write_text(text.replace("../xsd/", "xsd/"), encoding="utf-8")
    shutil.copy(PACKAGED, folder / "site.toml")
    return {"wsdl": str(folder / "planon.wsdl"), "xsd": str(folder / "xsd"), "mapping": str(folder / "site.toml")}


def described(planon: PlanonSimulator, **options: str) -> dict[str, str]:
    assert adapter.descriptions is not None
    return dict(adapter.descriptions(options_for(planon, **options)))


def test_descriptions_are_every_file_in_use_under_stable_names(planon: PlanonSimulator, tmp_path: Path) -> None:
    """What they import and redefine counts; a folder that moves changes nothing, a byte anywhere one name."""
    (tmp_path / "a").mkdir()
    options = own(tmp_path / "a")
    first = described(planon, **options)
    assert {
        "mapping site.toml",
        "wsdl planon.wsdl",
        "wsdl xsd/planon/communication-log.xsd",
        "xsd appsuite/incident.xsd",
        "xsd appsuite/types.xsd",
        "xsd appsuite/incident-sla.xsd",
        "xsd appsuite/reply.xsd",
    } <= first.keys()
    shutil.move(tmp_path / "a", tmp_path / "b")
    moved = {name: value.replace("/a/", "/b/") for name, value in options.items()}
    assert described(planon, **moved) == first
    with (tmp_path / "b" / "xsd" / "appsuite" / "types.xsd").open("a", encoding="utf-8") as file:
        file.write("\n")
    changed = described(planon, **moved)
    assert {name for name in first if first[name] != changed[name]} == {"xsd appsuite/types.xsd"}
    (tmp_path / "b" / "xsd" / "appsuite" / "types.xsd").unlink()
    with pytest.raises(AdapterMisconfigured, match=r"types\.xsd"):
        described(planon, **moved)


def test_what_is_served_is_fingerprinted_without_its_address_and_comments(planon: PlanonSimulator) -> None:
    """Each node of a cluster writes its own address into it; nothing is told of what is not served."""
    assert adapter.served is not None
    options, until = options_for(planon), time.monotonic() + PATIENCE_S
    assert adapter.served(options, until) == {}
    planon.apply({"wsdl": "served"})
    first = adapter.served(options, until)
    assert set(first) == {"served wsdl PlanonSession", "served wsdl Incident", "served wsdl CommunicationLog"}
    text = schemas.path("wsdl/planon.wsdl").read_text(encoding="utf-8")
    elsewhere = text.replace('location="http', 'location="https://node2/http').replace("<!--", "<!-- node 2 ")
    assert elsewhere != text
    with choosing(lambda _request: answer(200, "text/xml", elsewhere.encode())) as server:
        assert adapter.served(_options_at(server), until) == first
    planon.apply({"wsdl": "changed"})
    assert set(first.values()).isdisjoint(adapter.served(options, until).values())


def test_an_examination_ends_in_time() -> None:
    """Whoever trickles bytes is left like whoever says nothing."""
    assert adapter.examine is not None

    def trickle(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-")
        for _ in range(300):
            connection.sendall(b"X")
            time.sleep(0.2)

    with choosing(lambda _request: trickle) as server:
        begun = time.monotonic()
        found = list(adapter.examine(_options_at(server), Examination("planon", now, begun + 10.0)))
        assert time.monotonic() - begun < PATIENCE_S
    assert {finding.diagnosis.code for step in found for finding in step.findings} >= {"server-silent"}
