"""The shim is killed again and again; every accepted incident is in Planon once, with its own report time."""

import json
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from shim.demo import planon_section, write_configuration
from simulators.launch import running_planon
from tests.integration.shim.site import FAST_OUTBOX, FAST_PLANON, add_client, until
from tests.reliability.killed import Killed

SEED = 20261119


@pytest.mark.torture
def test_kill_nine_loses_and_doubles_nothing(
    tmp_path: Path, full_length: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """50 kills during 300 reports in full length, 6 during 36 in the quick form; some replies are lost on top."""
    reports, kills = (300, 50) if full_length else (36, 6)
    chance = random.Random(SEED)  # noqa: S311 - moments to kill at, no secret
    with running_planon(tmp_path) as (planon, address):
        configuration = write_configuration(
            tmp_path, {"planon": planon_section(address, **FAST_PLANON)}, outbox=FAST_OUTBOX
        )
        key = add_client(configuration, "agent", "planon:*")
        # Planon commits and answers a little later, so that most kills fall between the two.
        planon.apply(answer_after_s=0.15)
        with Killed(configuration) as service:
            headers = {"Authorization": f"Bearer {key}"}
            found = requests.post(
                f"{service.address}/v1/planon/find_tenant",
                json={"telephone": "06-12345678"},
                headers=headers,
                timeout=60,
            ).json()
            first_report = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
            reported = {f"melding {n:03}": first_report + timedelta(seconds=7 * n) for n in range(reports)}
            killing_done = threading.Event()
            taken = Counter[str]()

            def report(name: str) -> str:
                body = {
                    "tenant": found["tenant"],
                    "severity": "high",
                    "summary": name,
                    "message": "kraan lekt",
                    "reported_at": reported[name].isoformat(),
                }
                # Spread over the whole time of killing, however long the restarts take on this machine.
                while taken.total() * kills > reports * (killed + 1) and not killing_done.is_set():
                    time.sleep(0.01)
                taken[name] += 1
                sent = {**headers, "Idempotency-Key": f"key of {name}".replace(" ", "-"), "Prefer": "wait=1"}

                def post() -> requests.Response | None:
                    try:
                        return requests.post(
                            f"{service.address}/v1/planon/create_incident", json=body, headers=sent, timeout=10
                        )
                    except requests.RequestException:
                        return None

                answer = until(post, lambda a: a is not None and a.status_code in {201, 202})
                assert answer is not None
                return str(answer.json()["delivery"])

            killed = 0
            with ThreadPoolExecutor(4) as pool:
                accepting = [pool.submit(report, name) for name in reported]
                while killed < kills:
                    killed += 1
                    if chance.random() < 0.3:
                        planon.apply(lose_reply=1)
                    time.sleep(chance.uniform(0.0, 0.5))
                    service.kill_and_restart()
                killing_done.set()
                deliveries = [future.result() for future in accepting]

            def pending() -> int:
                states = (
                    requests.get(f"{service.address}/v1/deliveries/{name}", headers=headers, timeout=60).json()["state"]
                    for name in deliveries
                )
                return sum(state != "delivered" for state in states)

            until(pending, lambda left: left == 0)
            assert service.stop() == 0
            records = planon.incidents()

    counted = Counter(record["description"].partition("\n")[0] for record in records)
    changed = [
        r for r in records if datetime.fromisoformat(r["reported_at"]) != reported[r["description"].partition("\n")[0]]
    ]
    verdict = {
        "accepted": len(set(deliveries)),
        "kills": killed,
        "lost": len(reported.keys() - counted.keys()),
        "duplicates": sum(count - 1 for count in counted.values()),
        "report_time_changed": len(changed),
    }
    with capsys.disabled():
        print(f"\n{json.dumps(verdict)}")  # noqa: T201 - the campaign's verdict
    assert verdict == {"accepted": reports, "kills": kills, "lost": 0, "duplicates": 0, "report_time_changed": 0}
