"""Connections as requests opens them here: a deadline knows each of them, and certificates are read once."""

import ssl
from typing import Any

from requests import PreparedRequest
from requests.adapters import DEFAULT_CA_BUNDLE_PATH, HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from adapters.soap.deadline import Deadline


def trusting(ca_file: str | None) -> ssl.SSLContext:
    """Return a context that demands a certificate which `ca_file`, or else the public bundle, vouches for.

    Reading the bundle takes longer than a whole exchange, and requests would read it anew for every connection.

    Raises:
        OSError: the file is missing or holds no certificates.
    """
    return ssl.create_default_context(cafile=ca_file or DEFAULT_CA_BUNDLE_PATH)


class WatchedAdapter(HTTPAdapter):
    """Tells a deadline of every connection that it opens."""

    def __init__(self, deadline: Deadline, context: ssl.SSLContext) -> None:
        self._deadline = deadline
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools that requests asks for, with connections that are watched."""
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)
        deadline = self._deadline

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                deadline.watch(self.sock)

        class Secure(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                deadline.watch(self.sock)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

    def build_connection_pool_key_attributes(self, request: PreparedRequest, verify: Any, cert: Any = None) -> Any:
        """Return where a pool connects to; what it trusts is in the context."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"cert_reqs": "CERT_REQUIRED"}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Do nothing: the context demands a certificate."""
