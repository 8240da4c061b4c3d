"""Opaque tokens in place of a backend's keys: no table, no guessing, and no use to another client or system."""

import base64
import struct
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, Final, TypeVar, get_args

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from contracts.errors import NotFound
from contracts.fields import Model, Token, TokenKind

KEY_BYTES: Final = 64
_DAY = struct.Struct(">H")
_SECONDS_OF_DAY: Final = 86_400
_VERSION: Final = b"1"

ModelT = TypeVar("ModelT", bound=Model)


class Tokens:
    """Mints and opens tokens of one deployment.

    A token is deterministic within a day, so a client that looks a person up twice gets the same token. It opens on its
    day of issue and the day after, in UTC.
    """

    def __init__(self, key: bytes, clock: Callable[[], datetime]) -> None:
        self._siv = AESSIV(key)
        self._clock = clock

    def mint(self, kind: TokenKind, client: str, system: str, key: str) -> str:
        """Return the token for a backend's key."""
        plain = _DAY.pack(self._today()) + key.encode()
        sealed = self._siv.encrypt(plain, _bound_to(kind, client, system))
        return f"{kind}_{_encode(sealed)}"

    def open(self, kind: TokenKind, client: str, system: str, token: str) -> str:
        """Return the backend's key.

        Raises:
            NotFound: the token is of another client, system or kind, expired, not canonical, or invented; which of
                these is not told.
        """
        prefix, _, text = token.partition("_")
        unknown = NotFound(f"the {kind.name.lower()} token is not known")
        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            plain = self._siv.decrypt(sealed, _bound_to(kind, client, system))
        except (ValueError, InvalidTag) as error:
            raise unknown from error
        (day,) = _DAY.unpack_from(plain)
        # The decoder skips junk, so one token would have many spellings: only the canonical one counts.
        if prefix != kind or _encode(sealed) != text or not 0 <= self._today() - day <= 1:
            raise unknown
        return plain[_DAY.size :].decode()

    def _today(self) -> int:
        return int(self._clock().timestamp()) // _SECONDS_OF_DAY

    def open_request(self, request: ModelT, client: str, system: str) -> ModelT:
        """Return the request with each token replaced by the backend's key."""
        return _replace(request, lambda kind, token: self.open(kind, client, system, token))

    def seal_reply(self, reply: ModelT, client: str, system: str) -> ModelT:
        """Return the reply with each backend's key replaced by a token."""
        return _replace(reply, lambda kind, key: self.mint(kind, client, system, key))


def _bound_to(kind: TokenKind, client: str, system: str) -> list[bytes]:
    return [_VERSION, kind.encode(), client.encode(), system.encode()]


def _encode(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _replace(model: ModelT, convert: Callable[[TokenKind, str], str]) -> ModelT:
    kinds = token_fields(type(model))
    changes: dict[str, Any] = {}
    for name in type(model).model_fields:
        value = getattr(model, name)
        if name in kinds and value is not None:
            changes[name] = convert(kinds[name], value)
        elif isinstance(value, Model):
            changes[name] = _replace(value, convert)
        elif isinstance(value, list) and value and isinstance(value[0], Model):
            changes[name] = [_replace(item, convert) for item in value]
    return model.model_copy(update=changes)


@cache
def token_fields(model: type[Model]) -> dict[str, TokenKind]:
    """Return the fields of a model, nested models aside, that are tokens outside and backend keys inside."""
    found: dict[str, TokenKind] = {}
    for name, field in model.model_fields.items():
        # In an optional field the mark sits inside the union's member.
        inner = [mark for member in get_args(field.annotation) for mark in getattr(member, "__metadata__", ())]
        for mark in (*field.metadata, *inner):
            if isinstance(mark, Token):
                found[name] = mark.kind
    return found
