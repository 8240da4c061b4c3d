"""Asks a running service whatever its OpenAPI document allows, and what it forbids, and checks every answer.

`python -m tests.reliability.http_fuzz ADDRESS --requests 2000`, with a client's key in SHIM_KEY, prints one JSON line.
A process of its own, because the library that makes the requests takes it for itself: its warnings, its threads.
"""

import argparse
import json
import os
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Final
from uuid import uuid4

import requests
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import CheckNode, ScenarioRecorder

from tests.reliability.http_tokens import with_real_tokens

KEY: Final = "Idempotency-Key"
EXAMPLES_KEPT: Final = 3
"""Of each kind of failure: the first ones tell enough."""
IN_WORDS: Final = (
    # What several fields make together: a schema could say it, but tools of language models take no `anyOf`.
    "at least one of telephone, address, tenant_code is needed",
    "exactly one of incident, delivery is needed",
    "starts_before must be after starts_from, by at most 62 days",
    # What no schema can say: the numbering plan of each country, and a cursor that the service has signed.
    "must be a valid telephone number",
    "must be a cursor as this client got it in `next`, or `now`",
    # `date-time` allows what the service's calendar has not: a leap second, an offset of a day, a year 0.
    "Input should be a valid datetime",
    # Every Unicode character may be in a JSON string; half of a surrogate pair is none.
    "Input should be a valid string, unable to parse raw data as a unicode string",
)
"""Rules that the document tells in words only: what breaks them alone may be refused."""


@dataclass
class Seen:
    """What a campaign has seen.

    `failures` are by check and operation, each with the first requests that showed it; `in_words` counts requests that
    the schemas allow and the words beside them do not; `problems` are those that each operation has answered.
    """

    requests: int = 0
    seconds: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    in_words: int = 0
    failures: dict[str, list[str]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    problems: dict[str, list[str]] = field(default_factory=dict)

    def take(self, recorder: ScenarioRecorder) -> None:
        """Count what a scenario has asked and been told."""
        for case_id, interaction in recorder.interactions.items():
            self.requests += 1
            response = interaction.response
            self.statuses["none" if response is None else str(response.status_code)] += 1
            if response is not None and response.status_code >= 400:
                self._problem(recorder.cases[case_id].value, response)
        for case_id, checks in recorder.checks.items():
            interaction = recorder.interactions[case_id]
            for check in checks:
                self.checks[check.name] += 1
                if check.failure_info is None:
                    continue
                if check.name == "positive_data_acceptance" and refused_in_words(interaction.response):
                    self.in_words += 1
                else:
                    self._failed(recorder.cases[case_id].value.operation.label, check, interaction.response)

    def _problem(self, case: Any, response: Any) -> None:
        asked = f"{case.method.upper()} {case.operation.path}"
        kinds = self.problems.setdefault(asked, [])
        if (told := f"{response.status_code} {kind_of(response)}") not in kinds:
            kinds.append(told)

    def _failed(self, label: str, check: CheckNode, response: Any) -> None:
        assert check.failure_info is not None
        self.failed += 1
        failure = check.failure_info.failure
        kept = self.failures.setdefault(f"{check.name}: {label}: {failure.title}", [])
        if len(kept) < EXAMPLES_KEPT:
            answer = "" if response is None else response.content[:300].decode(errors="replace")
            kept.append(f"{failure.message[:600]} | {check.failure_info.code_sample[:1200]} | {answer}")


def kind_of(response: Any) -> str:
    """Return the name of the problem that an answer is."""
    try:
        return str(response.json()["type"]).rpartition(":")[2]
    except (ValueError, KeyError, TypeError):
        return "no problem"


def refused_in_words(response: Any) -> bool:
    """Whether a request was refused by nothing but rules that the document tells in words."""
    kind = None if response is None else kind_of(response)
    if kind == "malformed-request":
        violations = response.json()["violations"]
        return bool(violations) and all(violation["rule"].startswith(IN_WORDS) for violation in violations)
    # The time is compared with the service's clock, a message with what its tokens stand for, a key with earlier ones.
    return kind in {"report-time-refused", "leak-blocked", "idempotency-key-reused"}


def take_a_new_key_for_each_write() -> None:
    """Send another Idempotency-Key in place of the document's own: that is an example, and names one write for good.

    On the wire: a request that is changed any earlier is not judged as what it was made to be.
    """
    send = requests.Session.send

    def sent(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        if request.headers.get(KEY) in {"wamid-7731", b"wamid-7731"}:
            request.headers[KEY] = str(uuid4())
        return send(session, request, **options)

    requests.Session.send = sent  # type: ignore[assignment,method-assign]


def configured(address: str, key: str, examples: int, seed: int) -> SchemathesisConfig:
    """Return how the service is asked: every check, every phase."""
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "base-url": address,
            "headers": {"Authorization": f"Bearer {key}"},
            "continue-on-failure": True,
            "request-timeout": 60.0,
            "workers": 1,
            "generation": {"max-examples": examples, "database": "none", "no-shrink": True},
            # 503 is declared, with the problem that it is: a backend that is late on a busy machine. No other 5xx is.
            "checks": {"enabled": True, "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "503"]}},
        }
    )


def campaign(address: str, key: str, *, wanted: int, seconds: float, examples: int, seed: int, stopped: Event) -> Seen:
    """Ask until so many requests were made, the time is up, or somebody has stopped it."""
    begun, seen, played = time.monotonic(), Seen(), 0
    document = with_real_tokens(requests.get(f"{address}/openapi.json", timeout=60).json(), address, key)

    def over() -> bool:
        return seen.requests >= wanted or time.monotonic() - begun > seconds or stopped.is_set()

    while not over():
        config = configured(address, key, examples, seed + played)
        stream = from_schema(schemathesis.openapi.from_dict(document, config=config)).execute()
        for event in stream:
            if isinstance(event, events.ScenarioFinished):
                seen.take(event.recorder)
            elif isinstance(event, events.NonFatalError):
                seen.errors.append(f"{event.label}: {event.value!r}"[:1000])
            elif isinstance(event, events.FatalError):
                seen.errors.append(repr(event.exception)[:1000])
            if over():
                stream.stop()
        played += 1
    seen.seconds = round(time.monotonic() - begun, 1)
    return seen


def main() -> int:
    """Return 1 when an answer was not as the document says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--examples", type=int, default=60, help="per operation and phase, before all begins again")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    take_a_new_key_for_each_write()
    stopped = Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())  # what was seen until then is told
    seen = campaign(
        asked.address,
        os.environ["SHIM_KEY"],
        wanted=asked.requests,
        seconds=asked.seconds,
        examples=asked.examples,
        seed=asked.seed,
        stopped=stopped,
    )
    sys.stdout.write(json.dumps(vars(seen)) + "\n")
    return 1 if seen.failed or seen.errors else 0


if __name__ == "__main__":
    sys.exit(main())
