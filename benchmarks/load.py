"""Two kinds of load over HTTP: arrivals that wait for nobody, and clients that wait for their answers."""

import json
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from http import HTTPStatus
from http.client import HTTPConnection
from urllib.parse import urlsplit

Call = Callable[[], None]


class Caller:
    """One connection that stays open and asks for one patient after another; the lean client of the standard library.

    Args:
        address: of the shim.
        key: of a client that may find patients.
        telephones: asked for in turn, over and over.
    """

    def __init__(self, address: str, key: str, telephones: Iterator[str]) -> None:
        self._http = HTTPConnection(urlsplit(address).netloc, timeout=60)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._telephones = telephones

    def reopen(self) -> None:
        """Connect anew, before a round: the shim closes a connection that was idle for 5 s."""
        self.close()
        self._http.connect()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def __call__(self) -> None:
        """Find a patient.

        Raises:
            RuntimeError: there was no certain answer.
        """
        if self.match(next(self._telephones)) != "certain":
            raise RuntimeError("the benchmark's own patient is not certain")

    def match(self, telephone: str) -> str:
        """Ask for one number and return how certain the answer is.

        Raises:
            RuntimeError: it was no 200.
        """
        self._http.request(
            "POST", "/v1/intramed/find_patient", json.dumps({"telephone": telephone}).encode(), self._headers
        )
        answer = self._http.getresponse()
        body = answer.read()
        if answer.status != HTTPStatus.OK:
            raise RuntimeError(f"find_patient was answered with {answer.status}: {body.decode()}")
        return str(json.loads(body)["match"])


def arrivals(per_s: float, count: int, seed: str) -> list[float]:
    """Return when requests arrive, in seconds from now: at random, as people do, and the same for the same seed."""
    chance, moment, moments = random.Random(seed), 0.0, []  # noqa: S311 - moments to ask at, no secret
    for _ in range(count):
        moment += chance.expovariate(per_s)
        moments.append(moment)
    return moments


def open_loop(callers: Sequence[Call], moments: Sequence[float]) -> list[float]:
    """Call at each of the moments, whoever is free; return milliseconds from the intended moment to the answer."""
    begin = time.perf_counter() + 0.05
    waiting, taken = iter(moments), list[float]()
    lock = threading.Lock()

    def serve(call: Call) -> None:
        while True:
            with lock:
                moment = next(waiting, None)
            if moment is None:
                return
            time.sleep(max(0.0, begin + moment - time.perf_counter()))
            call()
            taken.append((time.perf_counter() - begin - moment) * 1e3)

    _together(serve, callers)
    return taken


def closed_loop(
    callers: Sequence[Call], seconds: float = 3600.0, at_most: int | None = None
) -> tuple[float, list[float]]:
    """Let each caller ask again as soon as it has its answer, for some time or for so many requests.

    Returns:
        Requests per second of all callers together, and milliseconds of each.
    """
    begin = time.perf_counter()
    turns: Iterable[int] = iter(range(at_most)) if at_most is not None else iter(int, 1)
    taken = list[float]()

    def serve(call: Call) -> None:
        for _ in turns:
            sent = time.perf_counter()
            if sent - begin > seconds:
                return
            call()
            taken.append((time.perf_counter() - sent) * 1e3)

    _together(serve, callers)
    return len(taken) / (time.perf_counter() - begin), taken


def _together(serve: Callable[[Call], None], callers: Sequence[Call]) -> None:
    failed: list[BaseException] = []

    def run(call: Call) -> None:
        try:
            serve(call)
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that measures
            failed.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
