"""Where spans go: OTLP over HTTP, with nothing from the environment, and never in anybody's way."""

import http.client
import logging
import ssl
import time
from base64 import b64encode
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote, urlsplit

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

TIMEOUT_S: Final = 5.0
_TELL_AGAIN_S: Final = 600.0
_ANSWER_BYTES: Final = 65_536
_OK: Final = range(200, 300)

_log = logging.getLogger(__name__)


class OtlpExporter(SpanExporter):
    """Posts spans as protobuf. What cannot be posted is lost, and told in the log at first and then now and then.

    Not the SDK's own exporter: that one takes headers, proxies, certificates and passwords from the environment.
    """

    def __init__(self, endpoint: str, timeout_s: float = TIMEOUT_S) -> None:
        """Prepare; `endpoint` is the whole URL, with an account in it if the collector wants one."""
        parts = urlsplit(endpoint)
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self.timeout_s = timeout_s
        self._headers = {"Content-Type": "application/x-protobuf"}
        if parts.username is not None:
            account = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = f"Basic {b64encode(account.encode()).decode()}"
        self._lost = 0
        self._told_at: float | None = None

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Post spans once."""
        try:
            status = self._post(encode_spans(spans).SerializeToString())
        except (OSError, http.client.HTTPException, ValueError) as error:
            return self._failed(len(spans), type(error).__name__)
        if status not in _OK:
            return self._failed(len(spans), f"HTTP status {status}")
        if self._lost:
            _log.warning("traces are exported again; %d spans were lost", self._lost)
        self._lost, self._told_at = 0, None
        return SpanExportResult.SUCCESS

    def _post(self, body: bytes) -> int:
        connection = self._connection()
        try:
            connection.request("POST", self._path, body, self._headers)
            answer = connection.getresponse()
            answer.read(_ANSWER_BYTES)
            return answer.status
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self._secure:
            trusted = ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=self.timeout_s, context=trusted)
        return http.client.HTTPConnection(self._host, self._port, timeout=self.timeout_s)

    def _failed(self, spans: int, why: str) -> SpanExportResult:
        self._lost += spans
        now = time.monotonic()
        if self._told_at is None or now - self._told_at >= _TELL_AGAIN_S:
            self._told_at = now
            _log.warning("traces cannot be exported: %s; %d spans are lost so far", why, self._lost)
        return SpanExportResult.FAILURE
