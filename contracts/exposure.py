"""What of an address can be read along on its way: whatever leaves this machine without TLS or the like.

Names are not resolved. What a name means is somebody else's to say, and may be another address tomorrow; so only the
literal names of this machine count as this machine.
"""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, literally: 127.0.0.0/8, ::1, localhost, or a folder of sockets."""
    bare = host.removeprefix("[").removesuffix("]")
    if bare.startswith(("/", "@")) or bare.lower() in {"localhost", "localhost."}:
        return True
    try:
        address = ip_address(bare)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def is_private(url: str) -> bool:
    """Whether nobody can read along what is sent to a URL: by HTTPS, or within this machine."""
    scheme, host = _scheme_and_host(url)
    return bool(host) and (scheme == "https" or (scheme == "http" and is_loopback(host)))


def plain_http(option: str, url: str, what: str) -> list[str]:
    """Return the line about a URL that can be read along, or none.

    Args:
        option: the option that holds the URL.
        url: only its host is told: a password or a token may stand in the rest.
        what: what travels, such as "reports and the password".
    """
    if is_private(url):
        return []
    scheme, host = _scheme_and_host(url)
    return [f"{option} is plain {scheme.upper() or 'text'} to {host or 'nowhere'}, so {what} can be read; use https://"]


def postgresql_hosts(parameters: Mapping[str, str], environment: Mapping[str, str]) -> Iterator[str]:
    """Yield what libpq would connect to, `/` for its own socket; nothing when a service file decides.

    Args:
        parameters: libpq's `host`, `hostaddr` and `service`; a list is separated by commas.
        environment: where it looks for what is not among them.
    """
    if parameters.get("service") or environment.get("PGSERVICE"):
        return
    for host in (parameters.get("host") or environment.get("PGHOST", "")).split(","):
        yield host.rpartition(":")[0] if host.count(":") == 1 else host or "/"
    yield from filter(None, (parameters.get("hostaddr") or environment.get("PGHOSTADDR", "")).split(","))


def _scheme_and_host(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.scheme, parts.hostname or ""
