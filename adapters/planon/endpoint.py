"""The AppSuite endpoint: takes incident documents as they are. Each post that it answers is a new incident."""

from base64 import b64encode
from typing import Final
from urllib.parse import urlsplit

from adapters.planon.outcomes import Accepted, AppSuiteReplies
from adapters.soap import About, Http
from contracts.spans import span

_OPERATION: Final = "AppSuite.incident"
_XML: Final = {"Content-Type": "application/xml; charset=utf-8"}


class AppSuiteEndpoint:
    """Posts incident documents. May be used by several threads at once."""

    def __init__(self, http: Http, url: str, account: tuple[str, str], replies: AppSuiteReplies) -> None:
        self._http = http
        self._url = url
        self._headers = {**_XML, "Authorization": f"Basic {b64encode(':'.join(account).encode()).decode()}"}
        self._replies = replies
        secrets = dict(zip(account, ("USER", "PASSWORD"), strict=True))
        self._about = About(_OPERATION, known=secrets, expects=lambda: replies.names)

    def post(self, frozen: bytes) -> Accepted:
        """Post the frozen bytes once and return the number under which they were stored.

        Raises:
            ExchangeFailed: see the table in `verdicts`.
        """
        with span(_OPERATION, technology="xml", server=urlsplit(self._url).netloc, operation=_OPERATION) as step:
            answer = self._http.post(self._url, frozen, self._headers, about=self._about)
            step.tell(status=answer.status)
            return self._replies.accepted(answer)
