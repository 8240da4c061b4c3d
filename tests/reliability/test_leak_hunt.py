"""Planted identifiers through every contract and every error: none of them comes out anywhere."""

import asyncio
import json
import logging
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest

from contracts.catalogue import CATALOGUE
from shim.admission.caller import Incoming
from tests.reliability.identifiers import Planted
from tests.reliability.leak_campaign import Hunt, hunt, look_at_process
from tests.reliability.leak_engines import hunt_engines, quotes
from tests.reliability.leak_oracle import Oracle
from tests.reliability.leak_planon import ANSWERS
from tests.reliability.leak_requests import Ask
from tests.reliability.leak_sinks import Findings, look_at_file, look_at_state, overheard
from tests.reliability.leak_site import running_site
from tests.reliability.leak_texts import Supply

SEED = 20261121
BSN = Planted("bsn 999990019", "bsn", "999990019", "999990019")
TRACE = f"{BSN.value:0>32}"
OUTCOMES = {"unknown", "not sent", "not answered", "delivered", "rejected", "not found", "parked", "absent"}


@pytest.mark.torture
def test_nothing_planted_comes_out(tmp_path: Path, full_length: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """2,000 texts in the quick form, 100,000 in full length, through every contract, with errors at each layer."""
    hunted = hunt(100_000 if full_length else 2_000, SEED, tmp_path)
    with capsys.disabled():
        print(f"\n{json.dumps({'seed': SEED, **hunted.as_json()})}")  # noqa: T201 - the figures
    assert hunted.findings.surroundings == {}
    assert hunted.texts == (100_000 if full_length else 2_000)
    for row in CATALOGUE:
        seen = {each for each in ("2xx", "4xx", "5xx") if hunted.answered[f"{row.operation} {each}"]}
        assert seen, row
        assert not full_length or seen >= {"2xx", "4xx"}, row
    assert hunted.outcomes.keys() >= (OUTCOMES if full_length else {"delivered", "unknown"})
    assert hunted.commands
    assert hunted.log_lines


@pytest.mark.torture
def test_nothing_that_an_engine_quotes_comes_out(
    tmp_path: Path, restored_practice: Path, full_length: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """A Firebird that quotes what it refuses, numbers in people's names, Planon that repeats what it was told."""
    hunted, answered = hunt_engines(tmp_path, restored_practice, 1_000 if full_length else 80, SEED)
    with capsys.disabled():
        print(f"\n{json.dumps({'parrot': answered, **hunted.as_json()})}")  # noqa: T201 - the figures
    assert hunted.findings.surroundings == {}
    assert answered.keys() >= ANSWERS.keys() or not full_length
    assert len(answered) > 1
    for text in (BSN.text, f"{BSN.text}."):  # of an even and an odd length, which are refused in two ways
        assert BSN.value in quotes(tmp_path / "refusing.fdb", text)


def test_without_the_guard_the_hunt_is_red(tmp_path: Path) -> None:
    """The hunt finds leaks wherever texts flow when the guard finds nothing; the other sinks have canaries below."""
    with patch("shim.guard.masking.find", lambda *_, **__: []), patch("shim.outbound.find", lambda *_, **__: []):
        hunted = hunt(1_000, SEED, tmp_path)
    places = {place.partition(" ")[2] for place in hunted.findings.by_place}
    assert hunted.findings.by_sink.keys() >= {"reply", "table", "file", "command"}
    assert places >= {"attempt_outcome.evidence", "audit_event.on_behalf_of", "audit_event.purpose"}
    assert places & {"facility_check_outbound 200", "practice_check_outbound 200"}


SPELLINGS = [
    "999990019",
    "9999 90.019",
    "9-9-9-9-9-0-0-1-9",
    "999990019".translate({48 + n: 0xFF10 + n for n in range(10)}),
    "\u200b".join("999990019"),
    "999\n990\n019",
    "https://x.example/?q=999%20990%20019",
    "https://x.example/?q=%39%39%39990019",
    '{"id": "999\\u00a0990\\u00a0019"}',
    "&#57;99990019",
    "x999990019y",
    "00000000000000000000000999990019",
]
OTHERS = ["1999990019", "9999900191", "999990018", "9999900", "2f999990019a3b4c5d6e"]


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_the_oracle_reads_every_spelling(spelled: str) -> None:
    """In text, in a reply's JSON, and in a file's bytes."""
    oracle = Oracle([BSN])
    assert oracle.found(f"mevrouw {spelled} belt") == [BSN]
    assert oracle.found(json.dumps({"name": f"mevrouw {spelled}"})) == [BSN]
    assert oracle.found_in_bytes(b"\x00\xff" + f"mevrouw {spelled} ".encode() + b"\x00\xff\x07") == [BSN]


@pytest.mark.parametrize("text", OTHERS)
def test_the_oracle_takes_no_other_number_for_it(text: str) -> None:
    """Nor digits within a longer number or a hash."""
    assert Oracle([BSN]).found(text) == []


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("iban", "NL91TEST0417164300", "nl91 test 0417.1643.00"),
        ("email", "jan.jansen1@example.nl", "<JAN.JANSEN1@example.nl>."),
        ("telephone", "612345678", "+31 (0)6-1234 5678"),
        ("agb", "01234567", "agb 01-234567"),
        ("insurance", "0101", "UZOVI: 0101"),
    ],
)
def test_the_oracle_knows_every_kind(kind: str, value: str, text: str) -> None:
    """Each in a spelling that is not the bare one."""
    planted = Planted(text, kind, value, text)
    assert Oracle([planted]).found(text) == [planted]


WRITES: list[Callable[[], None]] = [
    lambda: logging.getLogger("canary").info("it is %s", BSN.text),
    lambda: warnings.warn(BSN.text, UserWarning, stacklevel=1),
    lambda: print(BSN.text),  # noqa: T201 - a canary
    lambda: print(BSN.text, file=sys.stderr),  # noqa: T201 - a canary
]


def test_each_sink_of_the_process_is_read() -> None:
    """A canary in the log, one in a warning, one on standard output and one on standard error."""
    hunted, oracle = Hunt(), Oracle([BSN])
    for write in WRITES:
        with overheard(logging.Formatter) as process:
            write()
        look_at_process(hunted, oracle, process)
    assert hunted.findings.by_sink == {"log": 2, "stream": 2}


def test_each_sink_of_a_site_is_read(tmp_path: Path) -> None:
    """A canary in a table, in the file's bytes, in the metrics, in a header: each is found, and none before."""
    oracle, findings = Oracle([BSN]), Findings()
    with running_site(tmp_path, SEED) as site:
        site.supply(Supply([BSN]))

        def look() -> None:
            look_at_state(findings, oracle, site.state)
            look_at_file(findings, oracle, site.state)
            metrics = asyncio.run(site.call(Ask("GET", "/metrics")))
            findings.look(oracle, "metrics", "labels", metrics.body)
            found = asyncio.run(site.call(Ask("GET", "/healthz", headers={"traceparent": f"00-{TRACE}-{'1' * 16}-01"})))
            findings.look(oracle, "header", "traceparent", str(found.headers))

        look()
        assert not findings.by_sink
        values = {"name": BSN.text, "now": 1}
        with site.shim.state.database.transaction() as tx:
            tx.execute("INSERT INTO destination (name, open_since, probe_at) VALUES (:name, :now, :now)", values)
        with patch("shim.telemetry.observed.incoming", lambda _: Incoming(TRACE)):
            look()
    places = {"table: destination.name", "file: .db-wal", "metrics: labels", "header: traceparent"}
    assert set(findings.by_place) == places
