"""One POST on a connection of its own, with limits on time and size, whose failures say whether anything was sent.

A reused connection that the server has just closed fails like one that broke mid-work. Every request therefore opens
its own, and nothing below this module repeats a request.
"""

import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import requests
from urllib3.exceptions import HTTPError, NewConnectionError

from adapters.soap.deadline import Deadline, WatchedAdapter
from adapters.soap.errors import NoAnswer, NotConnected

ANSWER_LIMIT_BYTES: Final = 1_048_576
"""The longest record has 12 kB; a megabyte is a mistake or an attack."""
_CHUNK_BYTES: Final = 65_536
_RETRY_LIMIT_S: Final = 3600.0
"""A server that asks for more, such as a year, is asked again after an hour."""


_NOT_SENT: Final = (
    requests.ConnectTimeout,
    requests.exceptions.InvalidURL,
    NewConnectionError,  # refused, unreachable, and names that do not resolve
    ssl.SSLCertVerificationError,  # the handshake comes before the request
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: HTTP status, lower-case media type without parameters, body, Retry-After in seconds."""

    status: int
    media_type: str
    body: bytes
    retry_after_s: float | None = None


class Http:
    """Posts bytes. Each thread has a session of its own; every request has a connection of its own."""

    def __init__(
        self,
        connect_timeout_s: float,
        timeout_s: float,
        ca_file: str | None = None,
        limit_bytes: int = ANSWER_LIMIT_BYTES,
    ) -> None:
        """Prepare; opens nothing.

        Args:
            connect_timeout_s: for the connection.
            timeout_s: from the connection to the last byte of the answer.
            ca_file: certificates to trust instead of the public ones.
            limit_bytes: longest answer that is read.
        """
        self._connect_timeout_s = connect_timeout_s
        self._timeout_s = timeout_s
        self._ca_file = ca_file
        self._limit_bytes = limit_bytes
        self._local = threading.local()

    def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        timeout_s: float | None = None,
    ) -> Answer:
        """Post once and return the whole answer, whatever its status; redirects are answers.

        Raises:
            NotConnected: nothing was sent.
            NoAnswer: the outcome is unknown.
        """
        limit_s = min(self._timeout_s, timeout_s or self._timeout_s)
        session, deadline = self._session()
        try:
            with (
                deadline.within(limit_s),
                session.post(
                    url,
                    data=body,
                    headers={**headers, "Connection": "close", "Accept-Encoding": "identity"},
                    timeout=(min(self._connect_timeout_s, limit_s), limit_s),
                    verify=self._ca_file or True,
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                answer = self._whole(response)
                if deadline.expired:
                    # A cut body without a length looks like a whole one.
                    raise NoAnswer("no whole answer: time-out")
                return answer
        except (requests.RequestException, HTTPError, OSError) as error:
            if nothing_was_sent(error):
                raise NotConnected(_in_words(error)) from error
            raise NoAnswer(f"no whole answer: {'time-out' if deadline.expired else _in_words(error)}") from error
        finally:
            session.close()  # drops what a server kept alive in spite of our header; the session stays usable

    def _session(self) -> tuple[requests.Session, Deadline]:
        made: tuple[requests.Session, Deadline] | None = getattr(self._local, "session", None)
        if made is None:
            session, deadline = requests.Session(), Deadline()
            session.trust_env = False  # no proxy and no .netrc password that the configuration does not name
            for scheme in ("http://", "https://"):
                session.mount(scheme, WatchedAdapter(deadline))
            made = self._local.session = (session, deadline)
        return made

    def _whole(self, response: requests.Response) -> Answer:
        body = bytearray()
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=False):
            body += chunk
            if len(body) > self._limit_bytes:
                raise NoAnswer(f"the answer is longer than {self._limit_bytes} bytes")
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Answer(response.status_code, media_type, bytes(body), _seconds(response.headers.get("Retry-After")))


def nothing_was_sent(error: BaseException) -> bool:
    """Return whether this failure of a POST proves that no byte of the request left: no guess, only known causes."""
    return any(isinstance(cause, _NOT_SENT) for cause in _causes(error))


def _in_words(error: BaseException) -> str:
    """Say what the operating system said, as an administrator knows it; no part of a request is in it."""
    causes = list(_causes(error))
    if any(isinstance(cause, requests.Timeout | TimeoutError) for cause in causes):
        return "time-out"
    told = [cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror]
    return told[-1].lower() if told else type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it wraps: requests and urllib3 keep causes in args and in `reason`, not in __cause__."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        current = waiting.pop()
        if isinstance(current, BaseException) and id(current) not in seen:
            seen.add(id(current))
            yield current
            waiting += [*current.args, getattr(current, "reason", None), current.__cause__]


def _seconds(retry_after: str | None) -> float | None:
    if not retry_after or not retry_after.isascii() or not retry_after.isdigit():
        return None
    return min(float(retry_after), _RETRY_LIMIT_S)
