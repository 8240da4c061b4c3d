"""What the options of one Planon installation leave open on the wire."""

from contextlib import suppress

from adapters.planon.options import PlanonOptions
from adapters.sql.exposure import readable
from contracts.exposure import plain_http

_WHAT = "the password and people's reports"


def exposures(options: PlanonOptions) -> list[str]:
    """Return one line for each; certificates are always checked, so `https://` is enough."""
    return [
        *plain_http("soap_url", options.soap_url, _WHAT),
        *plain_http("appsuite_url", options.appsuite_url, _WHAT),
        *_replica(options),
    ]


def _replica(options: PlanonOptions) -> list[str]:
    with suppress(ValueError):  # it is refused with its own reason when the replica is opened
        if (remedy := readable(options.replica_url.get_secret_value())) is not None:
            return [f"replica_url leads to another machine without checked TLS, so tenants can be read; {remedy}"]
    return []
