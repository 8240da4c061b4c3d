"""A whole answer over HTTP, and which statuses and headers make its body unusable whatever it holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from adapters.soap.errors import BadAnswer, Evidence, Flaw

_RETRY_LIMIT_S: Final = 3600.0
"""A server that asks for more, such as a year, is asked again after an hour."""
_NOTHING: Final = frozenset({204, 205})
_INTERIM: Final = range(100, 200)
_ELSEWHERE: Final = range(300, 400)


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer as it came; `headers` find their names in any case, and it took so many seconds."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    took_s: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer.

    Attributes:
        status: of HTTP.
        media_type: lower case, without parameters.
        body: as it came.
        retry_after_s: from its Retry-After header, if that was usable.
        charset: parameter of its media type, lower case.
        took_s: seconds from before the connection.
    """

    status: int
    media_type: str
    body: bytes
    retry_after_s: float | None = None
    charset: str | None = None
    took_s: float = 0.0

    @property
    def evidence(self) -> Evidence:
        """What may be kept of it."""
        return Evidence(self.took_s, self.status, self.media_type, len(self.body))

    def bad(self, flaw: Flaw, detail: str = "") -> BadAnswer:
        """Return the failure that this answer is."""
        return BadAnswer(flaw, self.evidence, detail, self.retry_after_s)


def usable(status: int, headers: Mapping[str, str], body: bytes, took_s: float) -> Answer:
    """Return an answer; `headers` find their names in any case.

    Raises:
        BadAnswer: by its status or headers it is no document.
    """
    media_type, _, parameters = headers.get("Content-Type", "").partition(";")
    answer = Answer(
        status=status,
        media_type=media_type.strip().lower(),
        body=body,
        retry_after_s=_seconds(headers.get("Retry-After")),
        charset=_charset(parameters),
        took_s=took_s,
    )
    flaw = _flaw_of_head(answer, headers)
    if flaw is not None:
        raise answer.bad(flaw)
    return answer


def _flaw_of_head(answer: Answer, headers: Mapping[str, str]) -> Flaw | None:
    if answer.status in _INTERIM:
        return Flaw.INTERIM
    if answer.status in _NOTHING:
        return Flaw.EMPTY
    if answer.status in _ELSEWHERE:
        return Flaw.REDIRECT
    if headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        return Flaw.ENCODED
    if answer.media_type.startswith("multipart/"):
        return Flaw.MULTIPART
    return None


def _charset(parameters: str) -> str | None:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'").lower()
    return None


def _seconds(retry_after: str | None) -> float | None:
    if not retry_after or not retry_after.isascii() or not retry_after.isdigit():
        return None
    return min(float(retry_after), _RETRY_LIMIT_S)
