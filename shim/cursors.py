"""Cursors: where a client has read up to in its ended deliveries, as a text that tells it nothing.

A cursor needs no table. Its key never changes, so it survives a restart, a restored backup and a rotation of keys.
"""

import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import Final

from contracts.errors import MalformedRequest, Violation
from outbox.ended import Place
from shim.keys import Blind

PREFIX: Final = "DC_"
LENGTH: Final = len(PREFIX) + 32
_PLACE: Final = struct.Struct(">QQ")
_PROOF_BYTES: Final = 8
"""64 bits: a client that guesses could only read its own deliveries from another place."""


def cursor_of(place: Place, client: str, blind: Blind) -> str:
    """Return the cursor of a place, 35 characters; the same place gives the same cursor."""
    packed = _PLACE.pack(place.n, place.era)
    return PREFIX + urlsafe_b64encode(packed + _proof(packed, client, blind)).decode()


def place_of(cursor: str, client: str, blind: Blind) -> Place:
    """Return where a client has read up to.

    Raises:
        MalformedRequest: it is not a cursor as this client got it, to the letter.
    """
    try:
        packed = urlsafe_b64decode(cursor.removeprefix(PREFIX).encode("ascii"))[: _PLACE.size]
        place = Place(*_PLACE.unpack(packed))
    except (UnicodeEncodeError, Error, struct.error) as error:
        raise _refused() from error
    # Made again and compared whole: what decodes to the same place is not therefore the same text.
    if not hmac.compare_digest(cursor_of(place, client, blind), cursor):
        raise _refused()
    return place


def _proof(packed: bytes, client: str, blind: Blind) -> bytes:
    return bytes.fromhex(blind("cursor", client, packed.hex()))[:_PROOF_BYTES]


def _refused() -> MalformedRequest:
    violation = Violation("since", "must be a cursor as this client got it in `next`, or `now`")
    return MalformedRequest("not as the contract describes: since", [violation])
