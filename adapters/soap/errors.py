"""How an exchange over HTTP can fail, told apart by what is known about the other side's work.

The texts hold no part of a request or an answer, except a fault's own code and text in their fields.
"""


class ExchangeFailed(Exception):
    """Base of all failures of one exchange."""


class NotConnected(ExchangeFailed):
    """Raised when no connection came about, so not one byte of the request was sent."""


class NoAnswer(ExchangeFailed):
    """Raised when the connection ended or ran out of time before a whole answer: the outcome is unknown."""


class BadAnswer(ExchangeFailed):
    """Raised when an answer came that is not what the service's description promises.

    Attributes:
        status: its HTTP status.
        reason: what is wrong with it.
        retry_after_s: its Retry-After header in seconds, if it had a usable one.
    """

    def __init__(self, status: int, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"HTTP {status}: {reason}")
        self.status = status
        self.reason = reason
        self.retry_after_s = retry_after_s


class SoapFault(ExchangeFailed):
    """Raised when the service answered with a well-formed fault.

    Attributes:
        code: local name of the fault code, such as `Client`, `Server` or a service's own.
        text: the fault string; written by the service, so it may quote the request.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"SOAP fault {code}")
        self.code = code
        self.text = text
