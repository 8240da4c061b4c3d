"""One POST on a connection of its own, with limits on time and size, whose failures say whether anything was sent.

A reused connection that the server has just closed fails like one that broke mid-work. Every request therefore opens
its own, and nothing below this module repeats a request.
"""

import threading
import time
from collections.abc import Mapping
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import Final

import requests
from urllib3.exceptions import HTTPError

from adapters.soap.about import About
from adapters.soap.alarms import Alarms
from adapters.soap.answer import Answer, Whole, usable
from adapters.soap.causes import TooLong, flaw_after, flaw_before, in_words, nothing_was_sent
from adapters.soap.connections import WatchedAdapter, trusting
from adapters.soap.deadline import Deadline
from adapters.soap.errors import Evidence, Flaw, NoAnswer, NotConnected
from adapters.soap.watched import Watched
from contracts.spans import Phase, past, traceparent
from contracts.wire import Wire

ANSWER_LIMIT_BYTES: Final = 1_048_576
"""The longest record has 12 kB; a megabyte is a mistake or an attack."""
_CHUNK_BYTES: Final = 65_536
_ALWAYS: Final = {"Connection": "close", "Accept-Encoding": "identity"}
TRACE: Final = "traceparent"
"""Header of W3C trace context. It is the transport's own: no document and no envelope holds anything of a trace."""


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return no target: requests would read and decompress a redirect's body, however long, without following."""
        del resp


class Http:
    """Posts bytes. Each thread has a session of its own; every request has a connection of its own."""

    def __init__(
        self,
        connect_timeout_s: float,
        timeout_s: float,
        ca_file: str | None = None,
        limit_bytes: int = ANSWER_LIMIT_BYTES,
        wire: Wire | None = None,
    ) -> None:
        """Prepare; opens nothing.

        Args:
            connect_timeout_s: for the connection.
            timeout_s: from the connection to the last byte of the answer.
            ca_file: certificates to trust instead of the public ones.
            limit_bytes: longest answer that is read.
            wire: what sees the exchanges, or takes their place.

        Raises:
            OSError: `ca_file` cannot be used.
        """
        self._connect_timeout_s = connect_timeout_s
        self._timeout_s = timeout_s
        self._trusted = trusting(ca_file)
        self._alarms = Alarms()
        self._limit_bytes = limit_bytes
        self._local = threading.local()
        self._watched = None if wire is None else Watched(wire)

    def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        timeout_s: float | None = None,
        about: About | None = None,
    ) -> Answer:
        """Post once and return the whole answer, whatever its status; a redirect is not followed.

        `about` is what an observer is told; without it he sees no body.

        Raises:
            NotConnected: nothing was sent.
            NoAnswer: the outcome is unknown.
            BadAnswer: a whole answer whose status or headers make its body unusable.
        """
        limit_s = min(self._timeout_s, timeout_s or self._timeout_s)
        send = partial(self._send, url, body, headers, limit_s)
        whole = send() if self._watched is None else self._watched.exchange(about, headers, body, send)
        return usable(whole.status, whole.headers, whole.body, whole.took_s)

    def _send(self, url: str, body: bytes, headers: Mapping[str, str], limit_s: float) -> Whole:
        session, deadline = self._session()
        traced = traceparent()
        headers = {**headers, **({TRACE: traced} if traced else {}), **_ALWAYS}
        begun = time.monotonic()
        head: requests.Response | None = None
        try:
            with (
                deadline.within(limit_s),
                session.post(
                    url,
                    data=body,
                    headers=headers,
                    timeout=(min(self._connect_timeout_s, limit_s), limit_s),
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                head = response
                whole = self._whole(response)
                if deadline.expired:
                    raise TimeoutError  # a cut body without a length looks like a whole one
        except (requests.RequestException, HTTPError, OSError) as error:
            evidence = Evidence(time.monotonic() - begun, None if head is None else head.status_code)
            if nothing_was_sent(error):
                raise NotConnected(flaw_before(error), evidence, in_words(error)) from error
            flaw = Flaw.TIMED_OUT if deadline.expired else flaw_after(error)
            if flaw is Flaw.TRUNCATED and head is not None and "chunked" in head.headers.get("Transfer-Encoding", ""):
                flaw = Flaw.CHUNKS
            raise NoAnswer(flaw, evidence) from error
        finally:
            _tell_phases(begun, deadline.connected_at, time.monotonic())
            session.close()  # drops what a server kept alive in spite of our header; the session stays usable
        return Whole(response.status_code, response.headers, whole, time.monotonic() - begun)

    def _session(self) -> tuple[requests.Session, Deadline]:
        made: tuple[requests.Session, Deadline] | None = getattr(self._local, "session", None)
        if made is None:
            session, deadline = _Session(), Deadline(self._alarms)
            session.trust_env = False  # no proxy and no .netrc password that the configuration does not name
            session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # an answer sets nothing for the next
            for scheme in ("http://", "https://"):
                session.mount(scheme, WatchedAdapter(deadline, self._trusted))
            made = self._local.session = (session, deadline)
        return made

    def _whole(self, response: requests.Response) -> bytes:
        body = bytearray()
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=False):
            body += chunk
            if len(body) > self._limit_bytes:
                raise TooLong
        return bytes(body)


def _tell_phases(begun: float, connected_at: float | None, ended: float) -> None:
    past("connect", begun, connected_at or ended, Phase.CONNECT)
    if connected_at is not None:
        past("exchange", connected_at, ended, Phase.BACKEND)
